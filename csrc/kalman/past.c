/* Filters of models with delays: what a lane remembers is a part of z.
 *
 * Behind the states and parameters z has, for each delay, the delayed state at shares 1/n, 2/n, .., 1 of the
 * lane's longest delay before now (n = options.past). So the past is drawn, updated, resampled, saved and
 * loaded with the rest: an observation that moves the state moves what is remembered by as much as their
 * covariance says, as it would in the state of the discretised equation; a particle's copy has its ancestor's
 * past. Where a delay is estimated, each lane stretches the shares over its own, so none looks back beyond
 * what it remembers. At the start a state was what it is. Memory is n numbers a delay, however dense the
 * observations; a value is lost when it is older than the longest delay.
 *
 * Between the n values lies a cubic (ode/history.c): on a smooth past its error falls as n^-4, at a kink, as
 * there is one at the start, as n^-2. The caller sees the states and parameters alone, nv of nz elements.
 */
#include <string.h>

#include "kalman/nonlinear.h"
#include "kalman/scalar.h"

enum { USUAL = 32 };

pt_status pt_past_measure(pt_nonlinear_call *call)
{
    const int n_delay = pt_model_n_delay(call->model), asked = call->options->past;
    call->nv = call->nz = call->nx + call->nt;
    if (asked && (asked < PT_PAST_LEAST || asked > PT_PAST_MOST)) return PT_BAD_ARGUMENT;
    if (!n_delay) return PT_OK;
    if (call->options->smooth) return PT_UNSUPPORTED;
    call->n_past = asked ? asked : USUAL;
    call->n_memory = n_delay * call->n_past;
    call->nz = call->nv + call->n_memory;
    return PT_OK;
}

/* The element of z that element i is, or was. */
static int now_of(const pt_nonlinear_call *call, int i)
{
    return i < call->nv ? i : pt_model_delays(call->model)[(i - call->nv) / call->n_past].state;
}

/* to (nz + more) from a (nv + more) */
static void widen(const pt_nonlinear_call *call, int more, const double *a, double *to)
{
    for (int i = 0; i < call->nz; i++) to[i] = a[now_of(call, i)];
    for (int i = 0; i < more; i++) to[call->nz + i] = a[call->nv + i];
}

pt_status pt_past_widen_input(pt_nonlinear_call *call, pt_nonlinear_input *in, pt_nonlinear_options *options,
                              double **block)
{
    const int nz = call->nz, bounded = in->lower && in->upper;
    *block = NULL;
    if (!call->n_memory) return PT_OK;
    double *a = *block = pt_alloc((size_t)(3 * nz + call->ny) * sizeof *a);
    if (!a) return PT_NO_MEMORY;
    if (bounded) {
        for (int i = 0; i < nz; i++) {
            a[i] = i < call->nv ? in->lower[i] : -PT_INF; /* they hold what is, not what was */
            a[nz + i] = i < call->nv ? in->upper[i] : PT_INF;
        }
        in->lower = a;
        in->upper = a + nz;
    }
    if (options->ensemble.positions) {
        widen(call, call->ny, options->ensemble.positions, a + 2 * nz);
        options->ensemble.positions = a + 2 * nz;
    }
    call->in = in;
    call->options = options;
    return PT_OK;
}

void pt_past_widen_patient(const pt_nonlinear_call *call, pt_nonlinear_work *w, pt_nonlinear_patient *patient)
{
    const int64_t nz = call->nz, nv = call->nv;
    double *mean = w->wide, *cov = mean + nz, *Q = cov + nz * nz;
    if (!call->n_memory) return;
    memset(Q, 0, (size_t)(nz * nz) * sizeof *Q);
    for (int i = 0; i < nv; i++) memcpy(Q + i * nz, patient->Q + i * nv, (size_t)nv * sizeof *Q);
    patient->Q = Q;
    if (patient->mean && patient->cov) {
        widen(call, 0, patient->mean, mean);
        for (int i = 0; i < nz; i++) widen(call, 0, patient->cov + now_of(call, i) * nv, cov + i * nz);
        patient->mean = mean;
        patient->cov = cov;
    }
    patient->n = call->nz;
}
