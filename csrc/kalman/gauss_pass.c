/* One pass of the iterated posterior linearisation smoother: a linear model fitted and smoothed. See
 * gauss_path.c. */
#include <math.h>
#include <string.h>

#include "kalman/gauss_path.h"
#include "kalman/root.h"

static void copy(double *to, const double *from, int64_t n) { memcpy(to, from, (size_t)n * sizeof *to); }

int pt_gauss_root(int nz, const double *m, const double *P, double *L, int *pivot)
{
    memset(L, 0, (size_t)nz * (size_t)nz * sizeof *L);
    return pt_sigma_factor(nz, 0, m, 0.0, P, PT_PIVOT_FILTER, L, pivot);
}

/* The course at node k, and the moments to fit to. */
static void go_to(pt_gauss_passes *s, int64_t k)
{
    const int64_t size = pt_course_size(s->call), nz = s->nz;
    pt_course_load(s->call, k < s->h->count ? s->h->course + k * size : s->e->saved, &s->w->course);
    copy(s->g->m, s->p->trial + k * nz, nz);
    copy(s->g->P, s->p->trial_cov + k * nz * nz, nz * nz);
}

/* One observation, through the line fitted to the moments of node k; where the output can't be used there
 * (the logarithm of a mean below 0, say), to what the pass knows so far. */
static pt_status absorb(pt_gauss_passes *s, int64_t k, const pt_observation *obs, const pt_trust *trust)
{
    pt_extended_work *e = s->e;
    go_to(s, k);
    const pt_status status = pt_gauss_absorb(s->call, s->w, obs, trust, e->m, e->L, e->wide);
    if (status != PT_NOT_FINITE) return status;
    copy(s->g->m, e->m, s->nz);
    pt_extended_square(s->nz, e->L, s->g->P);
    return pt_gauss_absorb(s->call, s->w, obs, trust, e->m, e->L, e->wide);
}

/* Observations that the filter used, from the ith on and at node k; *n: how many rows there are. */
static pt_status absorb_group(pt_gauss_passes *s, int64_t i, int64_t k, int64_t *n)
{
    const pt_nonlinear_options *o = s->call->options;
    const pt_trust trust = {.robust = o->robust, .student = o->student};
    for (*n = 0; i + *n < s->patient->n_obs && s->g->node[i + *n] == k; ++*n) {
        const int8_t use = s->call->out->use[s->patient->first_obs + i + *n];
        if (use == PT_OBS_MISSING || use == PT_OBS_GATED) continue;
        pt_status status = absorb(s, k, s->patient->observations + i + *n, &trust);
        if (status == PT_OK) status = pt_extended_hold_within(s->call, s->e);
        if (status != PT_OK) return status;
    }
    return PT_OK;
}

/* e->F from the points before and after a step: parameters stay, so that their rows are those of I. */
static pt_status fit_slopes(pt_gauss_passes *s, const pt_sigma_rule *rule, int n_point)
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
static pt_status fit_rest(pt_gauss_passes *s, const pt_sigma_rule *rule, int n_point, double span, double *b)
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
    const int rank = pt_gauss_root(nz, b, left, L, g->pivot);
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

static pt_status step_fitted(pt_gauss_passes *s, int64_t k)
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

pt_status pt_gauss_pass(pt_gauss_passes *s)
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
