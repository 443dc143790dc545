/* Choice of the path of a linear filter, and what both share: checks, failures, blanks. */
#include "kalman/linear.h"
#include "kalman/linear_robust.h"

#include <math.h>
#include <string.h>

#include "kalman/scalar.h"
#include "kalman/sigma.h"

/* States from which on BLAS is used: between where it overtakes full lanes in the smoother (28) and in the
 * filter (40). Decided by n alone, so that a series' bits do not depend on its batch. Processor time in
 * microseconds a series-step, 8 series, m = 1, one thread, AVX2 (4 lanes), GCC 12, OpenBLAS 0.3.34:
 *
 *    n            16     24     28     32     40     48     64
 *    filter   lanes  0.9    3.2    4.9    8.6   16.8   30.9  126.6
 *             BLAS   3.6    6.1    8.4   10.4   16.5   22.4   42.1
 *    smoother lanes  6.3   19.9   31.5   51.9  101    183    681
 *             BLAS  11.1   22.7   32.5   41.1   68.3  101    195     */
#define CROSSOVER 32

int pt_linear_crossover(void) { return CROSSOVER; }

/* ---- checks ---- */

typedef struct {
    pt_linear_part part;
    const pt_linear_array *array;
    int rows, columns, covariance;
} linear_part;

#define N_PART 10

static void list_parts(const pt_linear_input *in, linear_part parts[N_PART])
{
    int n = in->n, m = in->m, g = in->g;
    linear_part list[N_PART] = {
        {PT_LINEAR_F, &in->F, n, n, 0},   {PT_LINEAR_H, &in->H, m, n, 0},
        {PT_LINEAR_Q, &in->Q, g, g, 1},   {PT_LINEAR_R, &in->R, m, m, 1},
        {PT_LINEAR_G, &in->G, n, g, 0},   {PT_LINEAR_C, &in->c, n, 1, 0},
        {PT_LINEAR_D, &in->d, m, 1, 0},   {PT_LINEAR_X0, &in->x0, n, 1, 0},
        {PT_LINEAR_P0, &in->P0, n, n, 1}, {PT_LINEAR_DIFFUSE, &in->diffuse, n, n, 1},
    };
    memcpy(parts, list, sizeof list);
}

static pt_status check_block(const linear_part *part, const double *a, double *scratch, int *pivot)
{
    if (part->covariance) {
        pt_status status = pt_sigma_check(part->rows, a);
        if (status != PT_OK) return status;
        int rank = pt_sigma_factor(part->rows, 0, a, 0.0, a, PT_PIVOT_FILTER, scratch, pivot);
        return rank < 0 ? PT_NOT_POSITIVE_DEFINITE : PT_OK;
    }
    for (int64_t k = 0; k < (int64_t)part->rows * part->columns; k++)
        if (!s_finite(a[k])) return PT_NOT_FINITE;
    return PT_OK;
}

static pt_status check_part(const linear_part *part, int64_t s, int64_t n_time, double *scratch, int *pivot,
                            int64_t *at)
{
    int64_t n = part->array->by_time ? n_time : 1;
    for (*at = 0; *at < n; ++*at) {
        pt_status status = check_block(part, pt_linear_at(part->array, s, *at), scratch, pivot);
        if (status != PT_OK) return status;
    }
    return PT_OK;
}

void pt_linear_check_shared(pt_linear_call *call, double *scratch, int *pivot)
{
    linear_part parts[N_PART];
    list_parts(call->in, parts);
    for (int k = 0; k < N_PART && call->shared == PT_OK; k++) {
        if (!parts[k].array->data || parts[k].array->by_series) continue;
        call->shared = check_part(parts + k, 0, call->in->n_time, scratch, pivot, &call->shared_at);
        call->part = parts[k].part;
    }
}

int pt_linear_check_series(const pt_linear_call *call, int64_t s, double *scratch, int *pivot)
{
    if (call->out->status[s] != PT_OK) return 0;
    call->out->failed_at[s] = -1;
    call->out->failed_in[s] = PT_LINEAR_NONE;
    pt_status status = call->shared;
    pt_linear_part part = call->part;
    int64_t at = call->shared_at;
    linear_part parts[N_PART];
    list_parts(call->in, parts);
    for (int k = 0; k < N_PART && status == PT_OK; k++) {
        if (!parts[k].array->data || !parts[k].array->by_series) continue;
        status = check_part(parts + k, s, pt_linear_length(call->in, s), scratch, pivot, &at);
        part = parts[k].part;
    }
    if (status != PT_OK) pt_linear_fail(call, s, status, part, at);
    return status == PT_OK;
}

void pt_linear_fail(const pt_linear_call *call, int64_t s, pt_status status, pt_linear_part part, int64_t at)
{
    call->out->status[s] = status;
    call->out->failed_at[s] = at;
    call->out->failed_in[s] = part;
}

/* ---- blanks ---- */

/* rows [from, T) of a (S, T, width) */
static void blank_rows(double *a, int64_t s, int64_t from, int64_t n_time, int64_t width)
{
    if (!a) return;
    for (int64_t k = (s * n_time + from) * width; k < (s + 1) * n_time * width; k++) a[k] = NAN;
}

void pt_linear_list_rows(const pt_linear_call *call, pt_linear_rows rows[PT_N_LINEAR_ROWS])
{
    const pt_linear_output *out = call->out;
    const int64_t n = call->in->n, m = call->in->m, g = call->in->g;
    const int64_t nn = pt_linear_square(out, n), mm = pt_linear_square(out, m), gg = pt_linear_square(out, g);
    const pt_linear_rows list[PT_N_LINEAR_ROWS] = {
        {out->loglike_t, 1},
        {out->mean, n},
        {out->cov, nn},
        {out->predicted_mean, n},
        {out->predicted_cov, nn},
        {out->innovation, m},
        {out->innovation_cov, mm},
        {out->smoothed_mean, n},
        {out->smoothed_cov, nn},
        {out->lag_one_cov, n * n},
        {out->state_disturbance, g},
        {out->state_disturbance_cov, gg},
        {out->obs_disturbance, m},
        {out->obs_disturbance_cov, mm},
        {out->weight, m},
        {out->noise_scale, 2},
    };
    memcpy(rows, list, sizeof list);
}

/* Derivatives: those by step like other rows, the others where the series failed. */
static void blank_gradient(const pt_linear_call *call, int64_t s, int64_t from, int failed)
{
    const pt_linear_gradient *to = &call->out->gradient;
    double *const arrays[N_PART] = {to->F, to->H, to->Q, to->R, to->G, to->c, to->d, to->x0, to->P0};
    linear_part parts[N_PART];
    list_parts(call->in, parts);
    for (int k = 0; k < N_PART; k++) {
        const int64_t width = (int64_t)parts[k].rows * parts[k].columns;
        if (parts[k].array->by_time)
            blank_rows(arrays[k], s, from, call->in->n_time, width);
        else if (failed)
            blank_rows(arrays[k], s, 0, 1, width);
    }
}

void pt_linear_blank(const pt_linear_call *call, int64_t s)
{
    pt_linear_output *out = call->out;
    int64_t n = call->in->n, n_time = call->in->n_time, square = pt_linear_square(out, n);
    int failed = out->status[s] != PT_OK;
    int64_t from = failed ? 0 : pt_linear_length(call->in, s);
    pt_linear_rows rows[PT_N_LINEAR_ROWS];
    pt_linear_list_rows(call, rows);
    for (int k = 0; k < PT_N_LINEAR_ROWS; k++) blank_rows(rows[k].array, s, from, n_time, rows[k].width);
    blank_gradient(call, s, from, failed);
    if (!failed) return;
    blank_rows(out->loglike, s, 0, 1, 1);
    blank_rows(out->last_mean, s, 0, 1, n);
    blank_rows(out->last_cov, s, 0, 1, square);
}

/* ---- the call ---- */

/* What the smoother knows beside the states */
static int has_disturbances(const pt_linear_output *o)
{
    return o->lag_one_cov || o->state_disturbance || o->state_disturbance_cov || o->obs_disturbance ||
           o->obs_disturbance_cov;
}

static int has_gradient(const pt_linear_output *o)
{
    const pt_linear_gradient *g = &o->gradient;
    return g->F || g->H || g->Q || g->R || g->G || g->c || g->d || g->x0 || g->P0;
}

/* Outputs that the paths beside the lanes do not have */
static int asks_for_more(const pt_linear_output *o, int path)
{
    const int noises =
        o->state_disturbance || o->state_disturbance_cov || o->obs_disturbance || o->obs_disturbance_cov;
    return noises || has_gradient(o) || (path != 2 && (o->lag_one_cov || o->innovation || o->innovation_cov));
}

static void read_wishes(pt_linear_call *call)
{
    const pt_linear_output *o = call->out;
    call->disturbances = has_disturbances(o);
    call->smooth_cov =
        o->smoothed_cov || o->lag_one_cov || o->state_disturbance_cov || o->obs_disturbance_cov;
    call->smooth = call->smooth_cov || o->smoothed_mean || call->disturbances;
    call->adjoint = has_gradient(o);
    call->backward = call->smooth || call->adjoint;
}

int pt_linear_path(const pt_linear_input *input, const pt_linear_output *output, int path)
{
    if (path != 0) return path;
    const int in_lanes =
        asks_for_more(output, 2) || pt_linear_is_robust(&input->robust) || input->diffuse.data;
    return input->n < CROSSOVER || in_lanes ? 1 : 2;
}

pt_status pt_linear(const pt_linear_input *input, pt_linear_output *output, int path,
                    const pt_control *control)
{
    int n_max = input->n > input->m ? input->n : input->m;
    if (input->g > n_max) n_max = input->g;
    if (input->n < 1 || input->m < 1 || input->g < 1) return PT_BAD_SHAPE;
    pt_linear_call call = {.in = input, .out = output};
    read_wishes(&call);
    path = pt_linear_path(input, output, path);
    const int robust = pt_linear_is_robust(&input->robust);
    call.special = path == 3 || robust || input->diffuse.data;
    call.spreads = path == 1 && !call.special && call.smooth && input->n > PT_SPREAD_FROM;
    if (robust && (path == 2 || path == 4)) return PT_UNSUPPORTED;
    if (input->diffuse.data && (path == 2 || path == 4 || robust)) return PT_UNSUPPORTED;
    double *scratch = pt_alloc((size_t)n_max * n_max * sizeof *scratch);
    int *pivot = pt_alloc((size_t)n_max * sizeof *pivot);
    pt_status status = scratch && pivot ? PT_OK : PT_NO_MEMORY;
    if (status == PT_OK) pt_linear_check_shared(&call, scratch, pivot);
    pt_free(scratch);
    pt_free(pivot);
    if (status != PT_OK) return status;
    if (path != 1 && path != 3 && asks_for_more(output, path)) return PT_BAD_ARGUMENT;
    if (path == 4) return pt_linear_root(&call, control);
    return path == 2 ? pt_linear_blas(&call, control) : pt_linear_lanes(&call, control);
}
