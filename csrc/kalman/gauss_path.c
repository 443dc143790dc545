/* The iterated posterior linearisation smoother (Garcia-Fernandez AF, Svensson L, Sarkka S, IEEE Trans Signal
 * Process 2017;65:4056-4070): a pass fits a linear model of the whole series to moments of every node,
 *
 *   z(t1) = F z + b + e,   F = Cov(f, z) P^-,  b = E f - F m,  Var e = Cov(f - F z) + Q (t1 - t)
 *   y     = a' z + b + e   as in the filter's update (gauss_iterated.c), one observation after another
 *
 * with expectations under those moments, and smooths it exactly, in roots (extended_smooth.c). The first pass
 * is fitted to the filter's moments, each other one to what the last one found. What the passes settle at
 * are moments that agree with the model fitted to them.
 *
 * A pass may lead away from there. With damping the next model is fitted to a mixture
 *
 *   m <- m + s (m' - m),   P <- P + s (P' - P)
 *
 * of the moments of the nearest pass so far and what that found, s = 1 at first, and it counts only where
 * what it finds is nearer to what it was fitted to; else s is multiplied by the damping. The answer is the
 * nearest pass, so further passes never make it worse. */
#include <math.h>
#include <string.h>

#include "kalman/gauss.h"
#include "kalman/root.h"
#include "kalman/scalar.h"
#include "parts.h"

#define LEAST_SHARE 1e-3 /* s below which no more is tried */

typedef struct {
    const pt_nonlinear_call *call;
    const pt_nonlinear_patient *patient;
    pt_nonlinear_work *w;
    pt_gauss_own *g;
    pt_gauss_path *p;
    pt_extended_work *e;
    pt_extended_history *h;
    int nz;
    int64_t n_mean, n_cov; /* doubles of the means and of the covariances of all nodes */
} passes;

static void copy(double *to, const double *from, int64_t n) { memcpy(to, from, (size_t)n * sizeof *to); }

/* ---- memory ---- */

int64_t pt_gauss_path_place(const pt_nonlinear_call *call, pt_gauss_path *path, double *block, int64_t used)
{
    const int64_t nz = call->nz, square = nz * nz, steps = call->max_step, nodes = steps + 1;
    const int64_t course = pt_course_size(call), lanes = call->max_lane;
    pt_extended_work *e = &path->linear;
    pt_extended_history *h = &e->history;
    const pt_part parts[] = {
        {&e->m, nz},
        {&e->L, square},
        {&e->m0, nz},
        {&e->L0, square},
        {&e->F, square},
        {&e->G, square},
        {&e->wide, 4 * square},
        {&e->M, square},
        {&e->z, nz},
        {&e->a, nz},
        {&e->saved, course},
        {&h->mean, nodes * nz},
        {&h->root, nodes * square},
        {&h->predicted, steps * nz},
        {&h->F, steps * square},
        {&h->ahead, steps * square},
        {&h->cross, steps * square},
        {&h->rest, steps * square},
        {&h->course, steps * course},
        {&h->t1, steps},
        {&path->noise, square},
        {&path->before, lanes * nz},
        {&path->at, nodes * nz},
        {&path->at_cov, nodes * square},
        {&path->found, nodes * nz},
        {&path->found_cov, nodes * square},
        {&path->best, nodes * nz},
        {&path->best_cov, nodes * square},
        {&path->trial, nodes * nz},
        {&path->trial_cov, nodes * square},
        {&path->fit, 3 * square + lanes * nz},
        {&path->kept, nz + square},
    };
    return pt_parts_place(parts, sizeof parts / sizeof *parts, block, used, 1);
}

pt_status pt_gauss_path_create(const pt_nonlinear_call *call, pt_gauss_path *path)
{
    const int64_t nz = call->nz;
    pt_extended_work *e = &path->linear;
    e->pivot = pt_alloc((size_t)nz * sizeof *e->pivot);
    e->history.pivot = pt_alloc((size_t)((nz + 1) * call->max_step) * sizeof *e->history.pivot);
    if (!e->pivot || !e->history.pivot) return PT_NO_MEMORY;
    e->history.rank = e->history.pivot + nz * call->max_step;
    return PT_OK;
}

void pt_gauss_path_free(pt_gauss_path *path)
{
    pt_free(path->linear.pivot);
    pt_free(path->linear.history.pivot);
}

/* ---- the filter's run ---- */

/* L (nz, nz) with L L' = P, zeros behind the columns that count; their number, or -1. */
static int root_of(int nz, const double *m, const double *P, double *L, int *pivot)
{
    memset(L, 0, (size_t)nz * (size_t)nz * sizeof *L);
    return pt_sigma_factor(nz, 0, m, 0.0, P, PT_PIVOT_FILTER, L, pivot);
}

pt_status pt_gauss_path_begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                              pt_nonlinear_work *w)
{
    pt_gauss_own *g = w->own;
    pt_extended_work *e = &g->path.linear;
    e->history.count = 0;
    copy(e->m0, g->m, call->nz);
    if (root_of(call->nz, g->m, g->P, e->L0, g->pivot) < 0) return PT_NOT_POSITIVE_DEFINITE;
    g->path.noise_rank = root_of(call->nz, g->m, patient->Q, g->path.noise, g->pivot);
    return g->path.noise_rank < 0 ? PT_NOT_POSITIVE_DEFINITE : PT_OK;
}

static void record_node(pt_gauss_own *g, int64_t nz, int64_t k)
{
    copy(g->path.at + k * nz, g->m, nz);
    copy(g->path.at_cov + k * nz * nz, g->P, nz * nz);
}

void pt_gauss_path_record(const pt_nonlinear_call *call, pt_nonlinear_work *w, double t1)
{
    pt_gauss_own *g = w->own;
    pt_extended_history *h = &g->path.linear.history;
    const int64_t size = pt_course_size(call);
    record_node(g, call->nz, h->count);
    copy(h->course + h->count * size, w->mark, size);
    h->t1[h->count++] = t1;
}

/* ---- a pass ---- */

/* The course at node k, and the moments to fit to. */
static void go_to(passes *s, int64_t k)
{
    const int64_t size = pt_course_size(s->call), nz = s->nz;
    pt_course_load(s->call, k < s->h->count ? s->h->course + k * size : s->e->saved, &s->w->course);
    copy(s->g->m, s->p->trial + k * nz, nz);
    copy(s->g->P, s->p->trial_cov + k * nz * nz, nz * nz);
}

/* Observations that the filter used, from the ith on and at node k; *n: how many rows there are. */
static pt_status absorb_group(passes *s, int64_t i, int64_t k, int64_t *n)
{
    const pt_nonlinear_options *o = s->call->options;
    const pt_trust trust = {.robust = o->robust, .student = o->student};
    for (*n = 0; i + *n < s->patient->n_obs && s->g->node[i + *n] == k; ++*n) {
        const int8_t use = s->call->out->use[s->patient->first_obs + i + *n];
        if (use == PT_OBS_MISSING || use == PT_OBS_GATED) continue;
        go_to(s, k);
        pt_status status = pt_gauss_absorb(s->call, s->w, s->patient->observations + i + *n, &trust, s->e->m,
                                           s->e->L, s->e->wide);
        if (status == PT_OK) status = pt_extended_hold_within(s->call, s->e);
        if (status != PT_OK) return status;
    }
    return PT_OK;
}

/* e->F from the points before and after a step: parameters stay, so that their rows are those of I. */
static pt_status fit_slopes(passes *s, const pt_sigma_rule *rule, int n_point)
{
    const int nz = s->nz;
    pt_gauss_own *g = s->g;
    double *C = s->p->fit, *column = g->shift;
    const double known = fmax(PT_KNOWN_EXACTLY, s->call->options->ode.rtol);
    const int rank =
        pt_sigma_factor(nz, s->call->nx % nz, g->m, known, g->P, PT_PIVOT_FILTER, g->L, g->pivot);
    if (rank < 0) return PT_NOT_POSITIVE_DEFINITE;
    pt_sigma_cross(rule, nz, n_point, s->p->before, g->X, C);
    for (int i = 0; i < nz; i++) {
        double *F = s->e->F + i * nz;
        for (int j = 0; j < nz; j++) column[j] = C[j * nz + i];
        if (i < s->call->nx)
            pt_gauss_slope(nz, rank, g->L, g->pivot, column, F);
        else
            for (int j = 0; j < nz; j++) F[j] = i == j;
    }
    return PT_OK;
}

/* b (nz), and e->G a root of Cov(f - F z) + Q span: e->rank_noise columns */
static pt_status fit_rest(passes *s, const pt_sigma_rule *rule, int n_point, double span, double *b)
{
    const int nz = s->nz;
    pt_gauss_own *g = s->g;
    pt_extended_work *e = s->e;
    double *left = s->p->fit, *L = left + nz * nz, *E = L + 2 * nz * nz;
    for (int i = 0; i < n_point; i++)
        for (int j = 0; j < nz; j++) {
            double v = g->X[i * nz + j];
            for (int k = 0; k < nz; k++) v -= e->F[j * nz + k] * s->p->before[i * nz + k];
            E[i * nz + j] = v;
        }
    pt_sigma_moments(rule, nz, n_point, E, b, left, g->shift);
    const int rank = root_of(nz, b, left, L, g->pivot);
    if (rank < 0) return PT_NOT_POSITIVE_DEFINITE;
    const int width = s->p->noise_rank + rank;
    for (int i = 0; i < nz; i++) {
        double *row = e->wide + i * width;
        for (int k = 0; k < s->p->noise_rank; k++) row[k] = sqrt(span) * s->p->noise[i * nz + k];
        for (int k = 0; k < rank; k++) row[s->p->noise_rank + k] = L[i * nz + k];
    }
    e->rank_noise = width ? pt_root_reduce(nz, nz, width, 0.0, e->wide, g->pivot) : 0;
    for (int i = 0; i < nz; i++) copy(e->G + i * nz, e->wide + i * width, e->rank_noise);
    return PT_OK;
}

static pt_status step_fitted(passes *s, int64_t k)
{
    const int nz = s->nz;
    pt_extended_work *e = s->e;
    pt_sigma_rule rule;
    int n_point;
    double share, b[nz], *predicted = s->h->predicted + k * nz;
    go_to(s, k);
    const double t1 = s->h->t1[k], span = t1 - s->w->course.t;
    pt_status status = pt_gauss_carry(s->call, s->patient, s->w, t1, s->p->before, &rule, &n_point, &share);
    if (status != PT_OK) return status;
    pt_sigma_weights(&rule, nz, n_point);
    status = fit_slopes(s, &rule, n_point);
    if (status == PT_OK) status = fit_rest(s, &rule, n_point, span, b);
    if (status != PT_OK) return status;
    for (int i = 0; i < nz; i++) {
        predicted[i] = b[i];
        for (int j = 0; j < nz; j++) predicted[i] += e->F[i * nz + j] * e->m[j];
    }
    copy(e->m, predicted, nz);
    pt_extended_step_root(e, nz, 1.0, k);
    return PT_OK;
}

/* Smoothed moments of the model fitted to p->trial into the history's nodes. */
static pt_status pass(passes *s)
{
    const int64_t nz = s->nz;
    copy(s->e->m, s->e->m0, nz);
    copy(s->e->L, s->e->L0, nz * nz);
    for (int64_t k = 0, i = 0, n; k <= s->h->count; k++, i += n) {
        pt_status status = PT_OK;
        go_to(s, k);
        status = absorb_group(s, i, k, &n);
        copy(s->h->mean + k * nz, s->e->m, nz);
        copy(s->h->root + k * nz * nz, s->e->L, nz * nz);
        if (status == PT_OK && k < s->h->count) status = step_fitted(s, k);
        if (status != PT_OK) return status;
    }
    return pt_extended_back(s->e, s->nz);
}

/* ---- passes ---- */

/* Root mean square, over the elements of all nodes, of what a pass changed: the mean in standard deviations
 * that it found, and the logarithm of the standard deviation. */
static double distance(const passes *s)
{
    const int nz = s->nz;
    double sum = 0.0;
    for (int64_t k = 0; k <= s->h->count; k++)
        for (int j = 0; j < nz; j++) {
            const double *root = s->h->root + (k * nz + j) * nz;
            const double move = s->h->mean[k * nz + j] - s->p->trial[k * nz + j];
            const double was = s->p->trial_cov[(k * nz + j) * nz + j];
            double var = 0.0;
            for (int q = 0; q < nz; q++) var += root[q] * root[q];
            if (!(var > 0.0 && was > 0.0)) continue;
            const double wider = 0.5 * s_log(var / was);
            sum += move * move / var + wider * wider;
        }
    return sqrt(sum / (double)s->n_mean);
}

/* The last pass: what it was fitted to, and what it found. */
static void keep_last(passes *s)
{
    copy(s->p->at, s->p->trial, s->n_mean);
    copy(s->p->at_cov, s->p->trial_cov, s->n_cov);
    copy(s->p->found, s->h->mean, s->n_mean);
    for (int64_t k = 0; k <= s->h->count; k++)
        pt_extended_square(s->nz, s->h->root + k * s->nz * s->nz, s->p->found_cov + k * s->nz * s->nz);
}

static void keep_best(passes *s)
{
    copy(s->p->best, s->p->found, s->n_mean);
    copy(s->p->best_cov, s->p->found_cov, s->n_cov);
}

/* trial = (1 - share) at + share found */
static void mix(passes *s, double share)
{
    for (int64_t i = 0; i < s->n_mean; i++)
        s->p->trial[i] = (1.0 - share) * s->p->at[i] + share * s->p->found[i];
    for (int64_t i = 0; i < s->n_cov; i++)
        s->p->trial_cov[i] = (1.0 - share) * s->p->at_cov[i] + share * s->p->found_cov[i];
}

static pt_status settle(passes *s)
{
    const pt_nonlinear_iteration *o = &s->call->options->iteration;
    const double damping = o->damping;
    pt_status status = pass(s);
    if (status != PT_OK) return status;
    double off = distance(s), nearest = off, share = 1.0;
    keep_last(s);
    keep_best(s);
    for (int64_t k = 1; k < o->max_iter && off > o->tolerance && share > LEAST_SHARE; k++) {
        mix(s, share);
        status = pass(s);
        if (status != PT_OK && damping == 0.0) return status;
        const double now = status == PT_OK ? distance(s) : INFINITY;
        if (damping > 0.0) share = now < off ? fmin(1.0, share / sqrt(damping)) : share * damping;
        if (status != PT_OK) continue;
        off = now;
        keep_last(s);
        if (damping > 0.0 && off > nearest) continue;
        nearest = off;
        keep_best(s);
    }
    return PT_OK;
}

pt_status pt_gauss_path_run(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                            pt_nonlinear_work *w)
{
    pt_gauss_own *g = w->own;
    const int64_t nz = call->nz;
    passes s = {.call = call, .patient = patient, .w = w, .g = g, .p = &g->path, .nz = call->nz};
    s.e = &g->path.linear;
    s.h = &s.e->history;
    s.n_mean = (s.h->count + 1) * nz;
    s.n_cov = s.n_mean * nz;
    record_node(g, nz, s.h->count);
    copy(g->path.trial, g->path.at, s.n_mean);
    copy(g->path.trial_cov, g->path.at_cov, s.n_cov);
    copy(g->path.kept, g->m, nz);
    copy(g->path.kept + nz, g->P, nz * nz);
    pt_course_save(call, &w->course, s.e->saved);
    const pt_status status = settle(&s);
    pt_course_load(call, s.e->saved, &w->course);
    copy(g->m, g->path.kept, nz);
    copy(g->P, g->path.kept + nz, nz * nz);
    return status;
}
