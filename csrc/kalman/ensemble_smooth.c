/* The Rauch-Tung-Striebel smoother of an ensemble (Raanes PN, Q J R Meteorol Soc 2016;142:1259-1264, where it
 * is shown to be the ensemble smoother of Evensen G, van Leeuwen PJ, Mon Weather Rev 2000;128:1852-1867).
 * Each member moves with what was learned of it where the step ended,
 *
 *   E_k <- E_k + J (E_{k+1} - Ef_{k+1}),   J = A_k Af' (Af Af')^-
 *
 * A_k anomalies where the step begins, Ef, Af members and their anomalies where it ends, before the
 * observations there; E_{k+1} smoothed. The inverse is over the pivots that smooth.h trusts: with fewer
 * members than states these are N - 1. Inflated and turned anomalies are taken as they are. Members that
 * were drawn again on the way say nothing of J. */
#include <string.h>

#include "kalman/ensemble.h"
#include "kalman/scalar.h"
#include "kalman/sigma.h"
#include "kalman/smooth.h"
#include "parts.h"

static void copy(double *to, const double *from, int64_t n) { memcpy(to, from, (size_t)n * sizeof *to); }

/* ---- memory ---- */

int64_t pt_ensemble_history_place(const pt_nonlinear_call *call, pt_ensemble *e, double *block, int64_t used)
{
    pt_ensemble_history *h = &e->history;
    const int64_t cloud = e->nz * e->row, square = e->nz * e->nz;
    const pt_part parts[] = {
        {&h->start, call->max_step * cloud},
        {&h->end, call->max_step * cloud},
        {&h->last, cloud},
        {&h->mask, e->row},
        {&h->A, cloud},
        {&h->B, cloud},
        {&h->mean, e->nz},
        {&h->S, square},
        {&h->C, square},
        {&h->L, square},
        {&h->J, square},
    };
    return pt_parts_place(parts, sizeof parts / sizeof *parts, block, used, PT_CACHE_LINE);
}

pt_status pt_ensemble_history_create(const pt_nonlinear_call *call, pt_ensemble *e)
{
    pt_ensemble_history *h = &e->history;
    h->node = pt_alloc((size_t)call->max_obs * sizeof *h->node);
    h->drawn = pt_alloc((size_t)(call->max_step * e->N) * sizeof *h->drawn);
    h->pivot = pt_alloc((size_t)e->nz * sizeof *h->pivot);
    return h->node && h->drawn && h->pivot ? PT_OK : PT_NO_MEMORY;
}

void pt_ensemble_history_free(pt_ensemble *e)
{
    pt_free(e->history.node);
    pt_free(e->history.drawn);
    pt_free(e->history.pivot);
}

/* ---- the filter's run ---- */

void pt_ensemble_record_start(pt_ensemble *e)
{
    const int64_t cloud = e->nz * e->row;
    copy(e->history.start + e->history.count * cloud, e->E, cloud);
}

void pt_ensemble_record_end(pt_ensemble *e, const int32_t *lane_status)
{
    pt_ensemble_history *h = &e->history;
    const int64_t cloud = e->nz * e->row;
    copy(h->end + h->count * cloud, e->E, cloud);
    for (int64_t c = 0; c < e->N; c++) h->drawn[h->count * e->N + c] = lane_status[c] != PT_OK;
    h->count++;
}

/* ---- the way back ---- */

/* A (nz, row) of E about its mean over the members in h->mask; mean may be null */
static void anomalies(const pt_ensemble *e, const double *E, double n, double *A, double *mean)
{
    for (int64_t i = 0; i < e->nz; i++) {
        double sum;
        pt_rows_outer(1, 1, e->row, E + i * e->row, e->row, e->history.mask, e->row, &sum, 1);
        const double centre = sum / n;
        if (mean) mean[i] = centre;
        for (int64_t c = 0; c < e->row; c++)
            A[i * e->row + c] = (E[i * e->row + c] - centre) * e->history.mask[c];
    }
}

/* Members of step k that went through it, in h->mask; their number. */
static int64_t choose(pt_ensemble *e, int64_t k)
{
    int64_t n = 0;
    memset(e->history.mask, 0, (size_t)e->row * sizeof *e->history.mask);
    for (int64_t c = 0; c < e->N; c++) {
        const int through = !e->history.drawn[k * e->N + c];
        e->history.mask[c] = through;
        n += through;
    }
    return n;
}

/* A (nz, row) <- rows `pivot` of next - end, r of them */
static void learned(const pt_ensemble *e, const double *next, const double *end, int r, double *A)
{
    for (int q = 0; q < r; q++) {
        const int64_t at = e->history.pivot[q] * e->row;
        for (int64_t c = 0; c < e->row; c++) A[q * e->row + c] = next[at + c] - end[at + c];
    }
}

static pt_status step_back(const pt_nonlinear_call *call, pt_ensemble *e, int64_t k)
{
    pt_ensemble_history *h = &e->history;
    const int nz = call->nz;
    const int64_t row = e->row, cloud = nz * row;
    double *start = h->start + k * cloud, *end = h->end + k * cloud;
    const double *next = k + 1 < h->count ? start + cloud : h->last;
    const int64_t n = choose(e, k);
    const double share = 1.0 / (double)(n - 1);
    anomalies(e, end, (double)n, h->A, h->mean);
    anomalies(e, start, (double)n, h->B, NULL);
    pt_rows_outer(nz, nz, row, h->A, row, h->A, row, h->S, nz);
    pt_rows_outer(nz, nz, row, h->B, row, h->A, row, h->C, nz);
    for (int i = 0; i < nz * nz; i++) {
        h->S[i] *= share;
        h->C[i] *= share;
    }
    const double known =
        call->options->ode.rtol > PT_KNOWN_EXACTLY ? call->options->ode.rtol : PT_KNOWN_EXACTLY;
    const int r = pt_sigma_factor(nz, call->nx % nz, h->mean, known, h->S,
                                  pt_smooth_tolerance(call->options->ode.rtol), h->L, h->pivot);
    if (r < 0) return PT_NOT_POSITIVE_DEFINITE;
    pt_smooth_gain(nz, r, h->C, h->L, h->pivot, h->J);
    learned(e, next, end, r, h->A);
    pt_rows_multiply(nz, row, r, h->J, nz, 1, h->A, row, 1, start, row);
    double sum = 0.0;
    for (int64_t i = 0; i < cloud; i++) sum += 0.0 * start[i];
    return sum == 0.0 ? PT_OK : PT_NOT_FINITE;
}

/* Moments of the members at a node into a row of the outputs. */
static void report(const pt_nonlinear_call *call, pt_nonlinear_work *w, int64_t node, int64_t row)
{
    pt_ensemble *e = w->own;
    const pt_ensemble_history *h = &e->history;
    const int64_t nz = e->nz, cloud = nz * e->row;
    copy(e->E, node < h->count ? h->start + node * cloud : h->last, cloud);
    pt_ensemble_moments(call, w, w->m, w->P);
    if (call->out->smoothed_mean) copy(call->out->smoothed_mean + row * nz, w->m, nz);
    if (call->out->smoothed_cov) copy(call->out->smoothed_cov + row * nz * nz, w->P, nz * nz);
}

pt_status pt_ensemble_smooth(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                             pt_nonlinear_work *w)
{
    pt_ensemble *e = w->own;
    pt_ensemble_history *h = &e->history;
    pt_status status = PT_OK;
    copy(h->last, e->E, e->nz * e->row);
    for (int64_t k = h->count - 1; status == PT_OK && k >= 0; k--) status = step_back(call, e, k);
    for (int64_t k = 0; status == PT_OK && k < patient->n_obs; k++)
        report(call, w, h->node[k], patient->first_obs + k);
    copy(e->E, h->last, e->nz * e->row);
    return status;
}
