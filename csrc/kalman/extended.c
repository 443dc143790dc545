/* The extended filters' place in the table of methods: memory, steps, groups of observations. See extended.h.
 */
#include "kalman/extended.h"

#include <math.h>
#include <string.h>

#include "kalman/observe.h"
#include "kalman/root.h"
#include "kalman/scalar.h"
#include "kalman/sigma.h"
#include "parts.h"

static void copy(double *to, const double *from, int64_t n) { memcpy(to, from, (size_t)n * sizeof *to); }

/* A mean from which the equations fail is brought back by halves, at most so often. */
#define MOST_RETREATS 12

static int iterates(const pt_nonlinear_call *call) { return call->variant == PT_EXTENDED_ITERATED; }

/* ---- memory ---- */

static pt_status check(const pt_nonlinear_call *call)
{
    const pt_nonlinear_iteration *o = &call->options->iteration;
    if (call->n_memory) return PT_UNSUPPORTED; /* the integrator has no derivatives of what a delay sees */
    if (!iterates(call)) return PT_OK;
    const int good = o->max_iter > 0 && o->damping >= 0.0 && o->tolerance >= 0.0 && s_finite(o->damping);
    return good ? PT_OK : PT_BAD_ARGUMENT;
}

static int64_t lanes(const pt_nonlinear_call *call) { return call->nz; }

static int is_damped(const pt_nonlinear_call *call)
{
    return iterates(call) && call->options->iteration.damping > 0.0;
}

static int64_t state_size(const pt_nonlinear_call *call) { return (2 + (int64_t)call->nz) * call->nz; }

static int64_t place_history(const pt_nonlinear_call *call, pt_extended_work *e, double *block, int64_t used)
{
    const int64_t nz = call->nz, square = nz * nz, steps = call->max_step, nodes = steps + 1;
    pt_extended_history *h = &e->history;
    const pt_part parts[] = {
        {&h->mean, nodes * nz},
        {&h->root, nodes * square},
        {&h->predicted, steps * nz},
        {&h->end, steps * nz},
        {&h->F, steps * square},
        {&h->ahead, steps * square},
        {&h->cross, steps * square},
        {&h->rest, steps * square},
        {&h->course, steps * pt_course_size(call)},
        {&h->t1, steps},
        {&h->error, call->max_obs},
    };
    used = pt_parts_place(parts, sizeof parts / sizeof *parts, block, used, 1);
    const int64_t own = iterates(call) ? nodes * nz : 0;
    const pt_part paths[] = {{&e->path, own},
                             {&e->trial, own},
                             {&e->shock, own},
                             {&e->shock_next, own},
                             {&e->saved, pt_course_size(call)}};
    return pt_parts_place(paths, sizeof paths / sizeof *paths, block, used, 1);
}

static int64_t place(const pt_nonlinear_call *call, pt_extended_work *e, double *block)
{
    const int64_t nz = call->nz, nx = call->nx, np = call->np, ny = call->ny, square = nz * nz;
    const pt_part parts[] = {
        {&e->m, nz},
        {&e->L, square},
        {&e->m0, nz},
        {&e->L0, square},
        {&e->F, square},
        {&e->G, square},
        {&e->y, ny},
        {&e->H, ny * nz},
        {&e->wide, 4 * square},
        {&e->dx, nz * nx},
        {&e->per_z, nz},
        {&e->tangent, 2 * nx + np + ny},
        {&e->A, call->max_obs * nz},
        {&e->M, square},
        {&e->u, nz},
        {&e->next, nz},
        {&e->z, nz},
        {&e->a, nz},
        {&e->retreat, nz},
        {&e->start, nz},
        {&e->error, call->max_obs},
    };
    const int64_t used = pt_parts_place(parts, sizeof parts / sizeof *parts, block, 0, 1);
    return call->options->smooth ? place_history(call, e, block, used) : used;
}

static void destroy(pt_nonlinear_work *w)
{
    pt_extended_work *e = w->own;
    pt_free(e->block);
    pt_free(e->scores);
    pt_free(e->direction);
    pt_free(e->pivot);
    pt_free(e->history.pivot);
    pt_free(e->history.node);
    pt_free(e);
}

static pt_status allocate(const pt_nonlinear_call *call, pt_extended_work *e)
{
    const size_t nz = (size_t)call->nz, steps = call->options->smooth ? (size_t)call->max_step : 0;
    e->block = pt_alloc((size_t)place(call, e, NULL) * sizeof(double));
    e->scores = pt_alloc(2 * (size_t)call->max_obs * sizeof *e->scores);
    e->direction = pt_alloc(nz * sizeof *e->direction);
    e->pivot = pt_alloc(3 * nz * sizeof *e->pivot);
    e->history.pivot = pt_alloc((nz + 1) * steps * sizeof *e->history.pivot);
    e->history.node = pt_alloc((size_t)call->max_obs * sizeof *e->history.node);
    if (!e->block || !e->scores || !e->direction || !e->pivot) return PT_NO_MEMORY;
    return e->history.pivot && e->history.node ? PT_OK : PT_NO_MEMORY;
}

static pt_status create(const pt_nonlinear_call *call, pt_nonlinear_work *w)
{
    pt_extended_work *e = w->own = pt_alloc(sizeof *e);
    if (!e || allocate(call, e) != PT_OK) return PT_NO_MEMORY;
    place(call, e, e->block);
    e->score = e->scores;
    e->score_next = e->scores + call->max_obs;
    e->pivot0 = e->pivot + call->nz;
    e->pivot_noise = e->pivot0 + call->nz;
    e->history.rank = e->history.pivot + (int64_t)call->nz * (call->options->smooth ? call->max_step : 0);
    for (int j = 0; j < call->nx; j++) e->direction[j] = call->np + j;
    for (int k = 0; k < call->nt; k++) e->direction[call->nx + k] = call->in->theta[k];
    return PT_OK;
}

/* ---- a patient ---- */

/* L (nz, nz) with L L' = P, columns of zeros behind those that count; their number, or -1. */
static int root_of(int nz, const double *m, const double *P, double *L, int *pivot)
{
    const int rank = pt_sigma_factor(nz, 0, m, 0.0, P, PT_PIVOT_FILTER, L, pivot);
    for (int i = 0; i < nz; i++)
        for (int k = rank < 0 ? 0 : rank; k < nz; k++) L[i * nz + k] = 0.0;
    return rank;
}

static pt_status begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                       pt_nonlinear_work *w, const double *state)
{
    pt_extended_work *e = w->own;
    const int64_t nz = call->nz;
    e->history.count = 0;
    e->student = call->options->student;
    copy(e->m, state ? state : patient->mean, nz);
    if (state)
        copy(e->L, state + nz, nz * nz);
    else if (root_of(call->nz, e->m, patient->cov, e->L, e->pivot) < 0)
        return PT_NOT_POSITIVE_DEFINITE;
    copy(e->retreat, state ? state + nz + nz * nz : e->m, nz);
    copy(e->m0, e->m, nz);
    copy(e->L0, e->L, nz * nz);
    e->rank0 = pt_root_reduce(call->nz, call->nz, call->nz, PT_EXTENDED_TOLERANCE, e->L0, e->pivot0);
    e->rank_noise = root_of(call->nz, e->m, patient->Q, e->G, e->pivot_noise);
    return e->rank_noise < 0 ? PT_NOT_POSITIVE_DEFINITE : PT_OK;
}

static void save(const pt_nonlinear_call *call, const pt_nonlinear_work *w, double *state)
{
    const pt_extended_work *e = w->own;
    copy(state, e->m, call->nz);
    copy(state + call->nz, e->L, (int64_t)call->nz * call->nz);
    copy(state + call->nz + (int64_t)call->nz * call->nz, e->retreat, call->nz);
}

static void moments(const pt_nonlinear_call *call, pt_nonlinear_work *w, double *m, double *P)
{
    const pt_extended_work *e = w->own;
    copy(m, e->m, call->nz);
    pt_extended_square(call->nz, e->L, P);
}

static pt_status check_finite(const pt_nonlinear_call *call, const pt_extended_work *e)
{
    double sum = 0.0;
    for (int j = 0; j < call->nz; j++) sum += 0.0 * e->m[j];
    for (int j = 0; j < call->nz * call->nz; j++) sum += 0.0 * e->L[j];
    return sum == 0.0 ? PT_OK : PT_NOT_FINITE;
}

static void record_node(pt_extended_work *e, int64_t nz)
{
    copy(e->history.mean + e->history.count * nz, e->m, nz);
    copy(e->history.root + e->history.count * nz * nz, e->L, nz * nz);
}

/* m and F to t1. Precise observations of a wide prior can lead a damped search to where the equations fail:
 * then the move of the last update is shortened, and that is counted. */
static pt_status flow(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                      pt_nonlinear_work *w, double t1)
{
    pt_extended_work *e = w->own;
    pt_status status = pt_extended_flow(call, patient, w, t1, e->m, e->F);
    for (int k = 0; status != PT_OK && is_damped(call) && k < MOST_RETREATS; k++) {
        const double share = k < MOST_RETREATS - 1 ? 0.5 : 0.0;
        for (int j = 0; j < call->nz; j++) e->m[j] = share * e->m[j] + (1.0 - share) * e->retreat[j];
        if (w->recording) record_node(e, call->nz);
        w->rejected++;
        status = pt_extended_flow(call, patient, w, t1, e->m, e->F);
    }
    copy(e->retreat, e->m, call->nz);
    return status;
}

static pt_status step(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                      pt_nonlinear_work *w, double t1)
{
    pt_extended_work *e = w->own;
    pt_extended_history *h = &e->history;
    const int nz = call->nz;
    const double span = t1 - w->course.t;
    if (w->recording) {
        record_node(e, nz);
        pt_course_save(call, &w->course, h->course + h->count * pt_course_size(call));
    }
    pt_status status = flow(call, patient, w, t1);
    if (status != PT_OK) return status;
    pt_extended_step_root(e, nz, span, w->recording ? h->count : -1);
    if (w->recording) {
        copy(h->predicted + h->count * nz, e->m, nz);
        h->t1[h->count++] = t1;
    }
    return check_finite(call, e);
}

/* The plain update on a copy fills the rows and says which observations are used. */
static pt_status iterate(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                         int64_t n, int64_t row, double *loglike)
{
    pt_extended_work *e = w->own;
    const int64_t nz = call->nz;
    double unused = 0.0, *kept = e->wide;
    copy(kept, e->m, nz);
    copy(kept + nz, e->L, nz * nz);
    memset(e->start, 0, (size_t)nz * sizeof *e->start);
    copy(e->retreat, e->m, nz);
    pt_status status = pt_extended_linear(call, w, obs, n, row, &unused);
    if (status == PT_NOT_FINITE && is_damped(call)) {
        copy(e->m, kept, nz);
        copy(e->L, kept + nz, nz * nz);
        if (!pt_extended_reach(call, w, obs, n)) return status;
        /* the forecast is that of the nearest point that has one */
        w->rejected++;
        pt_extended_at(e, call->nz, e->start, e->z);
        copy(e->m, e->z, nz);
        unused = 0.0;
        status = pt_extended_linear(call, w, obs, n, row, &unused);
    }
    copy(e->m, kept, nz);
    copy(e->L, kept + nz, nz * nz);
    return status == PT_OK ? pt_extended_iterate(call, w, obs, n, loglike) : status;
}

pt_status pt_extended_hold_within(const pt_nonlinear_call *call, pt_extended_work *e)
{
    const int nz = call->nz;
    if (!call->in->lower) return PT_OK;
    pt_extended_square(nz, e->L, e->wide);
    const pt_status status = pt_observe_bound(nz, call->in->lower, call->in->upper, e->m, e->wide);
    if (status != PT_OK) return status;
    return root_of(nz, e->m, e->wide, e->L, e->pivot) < 0 ? PT_NOT_POSITIVE_DEFINITE : PT_OK;
}

static pt_status observe(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                         pt_nonlinear_work *w, const pt_observation *obs, int64_t n, int64_t row,
                         double *loglike)
{
    pt_extended_work *e = w->own;
    pt_status status = iterates(call) ? iterate(call, w, obs, n, row, loglike)
                                      : pt_extended_linear(call, w, obs, n, row, loglike);
    if (status == PT_OK) status = pt_extended_hold_within(call, e);
    if (status == PT_OK) status = check_finite(call, e);
    if (status == PT_OK && !s_finite(*loglike)) status = PT_NOT_FINITE;
    if (status != PT_OK) return status;
    moments(call, w, w->m, w->P);
    for (int64_t k = 0; k < n; k++) {
        pt_nonlinear_trace(call, row + k, w->m, w->P);
        if (!w->recording) continue;
        e->history.node[row + k - patient->first_obs] = e->history.count;
        e->history.error[row + k - patient->first_obs] = e->error[k];
    }
    return PT_OK;
}

static pt_status smooth(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                        pt_nonlinear_work *w)
{
    pt_extended_work *e = w->own;
    const int64_t nz = call->nz;
    record_node(e, nz);
    copy(w->m, e->m, nz);
    copy(w->P, e->L, nz * nz);
    const pt_status status =
        iterates(call) ? pt_extended_path(call, patient, w) : pt_extended_back(e, call->nz);
    copy(e->m, w->m, nz);
    copy(e->L, w->P, nz * nz);
    if (status != PT_OK) return status;
    for (int64_t k = 0; k < patient->n_obs; k++) {
        const int64_t row = patient->first_obs + k, node = e->history.node[k];
        if (call->out->smoothed_mean)
            copy(call->out->smoothed_mean + row * nz, e->history.mean + node * nz, nz);
        if (call->out->smoothed_cov)
            pt_extended_square(call->nz, e->history.root + node * nz * nz,
                               call->out->smoothed_cov + row * nz * nz);
    }
    return PT_OK;
}

const pt_nonlinear_method pt_extended = {check, lanes, state_size, create,  destroy, begin,
                                         save,  step,  observe,    moments, smooth};
