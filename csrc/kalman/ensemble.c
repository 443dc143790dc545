/* Ensemble methods as the driver sees them: memory, the way of the members through time, observations. */
#include "kalman/ensemble.h"

#include <math.h>
#include <string.h>

#include "kalman/scalar.h"
#include "kalman/sigma.h"
#include "parts.h"

/* ---- memory ---- */

static pt_status check(const pt_nonlinear_call *call)
{
    const pt_nonlinear_ensemble *o = &call->options->ensemble;
    if (o->n_member < 2 || o->n_member > 1 << 20) return PT_BAD_ARGUMENT;
    if (!(o->inflation > 0) || !s_finite(o->inflation)) return PT_BAD_ARGUMENT;
    if (!(o->radius >= 0) || !(o->period >= 0)) return PT_BAD_ARGUMENT;
    if (o->radius > 0 && !o->positions) return PT_BAD_ARGUMENT;
    /* Smoothing would need the correlations through time that the localisation leaves. */
    return call->options->smooth && call->variant == PT_ENSEMBLE_LOCAL ? PT_UNSUPPORTED : PT_OK;
}

static int64_t lanes(const pt_nonlinear_call *call) { return call->options->ensemble.n_member; }

static int64_t state_size(const pt_nonlinear_call *call)
{
    return call->options->ensemble.n_member * call->nz;
}

/* Most observations of one instant, of any patient. */
static int64_t largest_group(const pt_nonlinear_call *call)
{
    int64_t most = 1;
    for (int64_t i = 0; i < call->in->n_patient; i++) {
        const pt_observation *obs = call->in->observations;
        int64_t first = call->in->obs_offsets[i];
        for (int64_t k = first; k < call->in->obs_offsets[i + 1]; k++) {
            if (obs[k].time != obs[first].time) first = k;
            if (k - first + 1 > most) most = k - first + 1;
        }
    }
    return most;
}

static int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

static int64_t place(const pt_nonlinear_call *call, pt_ensemble *e, double *block)
{
    const int local = e->variant == PT_ENSEMBLE_LOCAL;
    const int64_t nz = e->nz, row = e->row, N = e->N, m = e->m, few = m < N ? m : N;
    const int64_t length = pt_row_length(few), square = few * larger(length, few == N ? row : length);
    const pt_part parts[] = {
        {&e->E, nz * row},
        {&e->A, nz * row},
        {&e->mean, nz},
        {&e->one, row},
        {&e->members, N * nz},
        {&e->p, call->np * row},
        {&e->y, call->ny * row},
        {&e->Q_root, nz * nz},
        {&e->S, m * row},
        {&e->D, (m + 1) * row},
        {&e->v, m},
        {&e->X, few * row},
        {&e->M, 2 * square},
        {&e->work, 5 * square},
        {&e->turn, e->turns ? N * row : 0},
        {&e->normals, (larger(nz, N) + 1) * row},
        {&e->G, nz * few},
        {&e->weight, local ? call->ny * e->nz_row : 0},
        {&e->turned, local ? (2 * N + 1) * e->nz_row : 0},
        {&e->lanes, local ? pt_ensemble_lanes_size(N) : 0},
    };
    const int64_t used = pt_parts_place(parts, sizeof parts / sizeof *parts, block, 0, PT_CACHE_LINE);
    return call->options->smooth ? pt_ensemble_history_place(call, e, block, used) : used;
}

static void destroy(pt_nonlinear_work *w)
{
    pt_ensemble *e = w->own;
    pt_flow_free(e->flow);
    pt_free(e->block);
    pt_free(e->output);
    pt_ensemble_history_free(e);
    pt_free(e);
    w->own = NULL;
}

static pt_status create(const pt_nonlinear_call *call, pt_nonlinear_work *w)
{
    const pt_nonlinear_ensemble *o = &call->options->ensemble;
    pt_ensemble *e = w->own = pt_alloc(sizeof *e);
    if (!e) return PT_NO_MEMORY;
    e->variant = call->variant;
    e->N = o->n_member;
    e->row = pt_row_length(e->N);
    e->nz = call->nz;
    e->nz_row = pt_row_length(e->nz);
    e->m = largest_group(call);
    e->inflation = o->inflation;
    e->turns = o->rotate != 0;
    const int64_t numbers = larger(e->turns ? e->N : 0, larger(e->nz, e->m));
    if ((numbers / 2 + 1) * e->N + e->row >= 1LL << 24) return PT_BAD_ARGUMENT; /* steps of a stream */
    e->block = pt_alloc((size_t)place(call, e, NULL) * sizeof(double));
    e->output = pt_alloc((size_t)e->m * sizeof *e->output);
    if (!e->block || !e->output) return PT_NO_MEMORY;
    place(call, e, e->block);
    if (call->options->smooth && pt_ensemble_history_create(call, e) != PT_OK) return PT_NO_MEMORY;
    for (int64_t i = 0; i < e->N; i++) e->one[i] = 1;
    if (e->variant == PT_ENSEMBLE_LOCAL) pt_ensemble_tapers(e, call->ny, o->positions, o->radius, o->period);
    return pt_flow_create(call->model, &call->options->ode, &e->flow);
}

/* ---- members ---- */

/* What stands behind the members follows the first of them. */
void pt_ensemble_fill(pt_ensemble *e)
{
    for (int64_t i = 0; i < e->nz; i++)
        for (int64_t c = e->N; c < e->row; c++) e->E[i * e->row + c] = e->E[i * e->row];
}

static void from_members(pt_ensemble *e, const double *members)
{
    for (int64_t i = 0; i < e->nz; i++)
        for (int64_t c = 0; c < e->N; c++) e->E[i * e->row + c] = members[c * e->nz + i];
    pt_ensemble_fill(e);
}

void pt_ensemble_to_members(const pt_ensemble *e, double *members)
{
    for (int64_t c = 0; c < e->N; c++)
        for (int64_t i = 0; i < e->nz; i++) members[c * e->nz + i] = e->E[i * e->row + c];
}

static void clamp_row(double *x, int64_t n, double low, double high)
{
    if (low == -INFINITY && high == INFINITY) return;
    for (int64_t c = 0; c < n; c++) x[c] = x[c] < low ? low : x[c] > high ? high : x[c];
}

void pt_ensemble_clamp(const pt_nonlinear_call *call, const pt_nonlinear_work *w, int asked)
{
    pt_ensemble *e = w->own;
    for (int64_t i = 0; i < call->nx; i++) clamp_row(e->E + i * e->row, e->row, w->lower[i], w->upper[i]);
    if (!asked || !call->in->lower) return;
    for (int64_t i = 0; i < e->nz; i++)
        clamp_row(e->E + i * e->row, e->row, call->in->lower[i], call->in->upper[i]);
}

/* E += size L z, L (nz, nz) by its first `rank` columns */
static void add_noise(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                      pt_nonlinear_work *w, int purpose, const double *L, int rank, double size)
{
    pt_ensemble *e = w->own;
    pt_ensemble_normals(e, call->options->seed, purpose, patient->number, w->course.count, rank, e->normals);
    for (int64_t i = 0; i < rank * e->row; i++) e->normals[i] *= size;
    pt_rows_multiply(e->nz, e->row, rank, L, e->nz, 1, e->normals, e->row, 1, e->E, e->row);
}

/* L with P = L L'; its rank, or -1 */
static int factor(const pt_nonlinear_call *call, pt_nonlinear_work *w, const double *mean, double known,
                  const double *P, double *L)
{
    memset(L, 0, (size_t)call->nz * (size_t)call->nz * sizeof *L);
    return pt_sigma_factor(call->nz, 0, mean, known, P, PT_PIVOT_FILTER, L, w->pivot);
}

static pt_status begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                       pt_nonlinear_work *w, const double *state)
{
    pt_ensemble *e = w->own;
    e->history.count = 0;
    e->noise_rank = 0;
    if (pt_nonlinear_has_noise(call, patient))
        e->noise_rank = factor(call, w, e->mean, 0, patient->Q, e->Q_root);
    if (e->noise_rank < 0) return PT_NOT_POSITIVE_DEFINITE;
    if (state) {
        from_members(e, state);
        return PT_OK;
    }
    const int rank = factor(call, w, patient->mean, PT_KNOWN_EXACTLY, patient->cov, w->root);
    if (rank < 0) return PT_NOT_POSITIVE_DEFINITE;
    for (int64_t i = 0; i < e->nz; i++)
        for (int64_t c = 0; c < e->row; c++) e->E[i * e->row + c] = patient->mean[i];
    add_noise(call, patient, w, PT_PURPOSE_ENSEMBLE, w->root, rank, 1.0);
    pt_ensemble_fill(e);
    pt_ensemble_clamp(call, w, 0);
    return PT_OK;
}

static void save(const pt_nonlinear_call *call, const pt_nonlinear_work *w, double *state)
{
    (void)call;
    pt_ensemble_to_members(w->own, state);
}

void pt_ensemble_moments(const pt_nonlinear_call *call, pt_nonlinear_work *w, double *m, double *P)
{
    pt_ensemble *e = w->own;
    const double share = 1.0 / (double)(e->N - 1);
    pt_ensemble_spread(e);
    memcpy(m, e->mean, (size_t)e->nz * sizeof *m);
    pt_rows_outer(e->nz, e->nz, e->row, e->A, e->row, e->A, e->row, P, call->nz);
    for (int64_t i = 0; i < e->nz * e->nz; i++) P[i] *= share;
}

/* ---- time ---- */

/* p (np, row): natural parameters of the members */
void pt_ensemble_parameters(const pt_nonlinear_call *call, const pt_nonlinear_work *w, pt_ensemble *e)
{
    for (int64_t i = 0; i < call->np; i++)
        for (int64_t c = 0; c < e->row; c++) e->p[i * e->row + c] = w->course.params[i];
    for (int k = 0; k < call->nt; k++)
        pt_scale_natural(call->in->scale[k], e->row, e->E + (call->nx + k) * e->row, 1,
                         e->p + call->in->theta[k] * e->row, 1);
}

static pt_status propagate(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                           pt_nonlinear_work *w, double t1)
{
    pt_ensemble *e = w->own;
    pt_course *c = &w->course;
    if (e->flow && pt_flow_is_free(e->flow, &patient->schedule, c->next, t1, c->rate)) {
        pt_ensemble_parameters(call, w, e);
        pt_flow_run(e->flow, e->N, e->row, c->t, t1, e->E, e->p, c->factor, w->lane_status);
        c->t = c->given = t1;
        return PT_OK;
    }
    pt_ensemble_to_members(e, e->members);
    const pt_status status = pt_nonlinear_propagate(call, patient, w, e->N, e->members, t1);
    from_members(e, e->members);
    return status;
}

/* A member becomes a draw from the Gaussian of the `left` that did not fail: their mean and a combination of
 * their anomalies, which stand in A. */
static void draw_again(pt_ensemble *e, int64_t member, int64_t left)
{
    const double share = 1 / sqrt((double)(left - 1));
    for (int64_t i = 0; i < e->nz; i++) {
        double sum = 0;
        for (int64_t c = 0; c < e->N; c++) sum += e->normals[c * e->row + member] * e->A[i * e->row + c];
        e->E[i * e->row + member] = e->mean[i] + share * sum;
    }
}

/* mean and A of the members that did not fail; their number */
static int64_t spread_of_rest(const pt_nonlinear_work *w, pt_ensemble *e)
{
    int64_t left = 0;
    for (int64_t c = 0; c < e->N; c++) left += w->lane_status[c] == PT_OK;
    for (int64_t i = 0; i < e->nz; i++) {
        double sum = 0;
        const double *x = e->E + i * e->row;
        for (int64_t c = 0; c < e->N; c++) sum += w->lane_status[c] == PT_OK ? x[c] : 0;
        e->mean[i] = sum / (double)left;
        for (int64_t c = 0; c < e->N; c++)
            e->A[i * e->row + c] = w->lane_status[c] == PT_OK ? x[c] - e->mean[i] : 0;
    }
    return left;
}

/* Members whose equations failed are drawn again, as long as they are the smaller part. */
static pt_status replace_failed(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                                pt_nonlinear_work *w)
{
    pt_ensemble *e = w->own;
    const pt_status status = pt_nonlinear_lane_status(w, e->N);
    if (status == PT_OK) return PT_OK;
    const int64_t left = spread_of_rest(w, e);
    if (left < 2 || 2 * left < e->N) return status;
    pt_ensemble_normals(e, call->options->seed, PT_PURPOSE_RESAMPLING, patient->number, w->course.count, e->N,
                        e->normals);
    for (int64_t c = 0; c < e->N; c++)
        if (w->lane_status[c] != PT_OK) draw_again(e, c, left);
    w->rejected += e->N - left;
    return PT_OK;
}

static pt_status step(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                      pt_nonlinear_work *w, double t1)
{
    pt_ensemble *e = w->own;
    const double span = t1 - w->course.t;
    if (w->recording) pt_ensemble_record_start(e);
    pt_status status = propagate(call, patient, w, t1);
    if (status == PT_OK) status = replace_failed(call, patient, w);
    if (status != PT_OK) return status;
    if (e->noise_rank && span > 0)
        add_noise(call, patient, w, PT_PURPOSE_PROCESS, e->Q_root, e->noise_rank, sqrt(span));
    pt_ensemble_clamp(call, w, 0);
    if (e->row > e->N) pt_ensemble_fill(e);
    if (w->recording) pt_ensemble_record_end(e, w->lane_status);
    return PT_OK;
}

const pt_nonlinear_method pt_ensemble_method = {
    .check = check,
    .lanes = lanes,
    .state_size = state_size,
    .create = create,
    .free = destroy,
    .begin = begin,
    .save = save,
    .step = step,
    .observe = pt_ensemble_observe,
    .moments = pt_ensemble_moments,
    .smooth = pt_ensemble_smooth,
};
