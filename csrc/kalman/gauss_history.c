/* What the smoothers of sigma points keep of a filter's run, and the way back. See gauss.h, smooth.h. */
#include <math.h>
#include <string.h>

#include "kalman/gauss.h"

static void copy(double *to, const double *from, int64_t n) { memcpy(to, from, (size_t)n * sizeof *to); }

pt_status pt_gauss_record_begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                                pt_nonlinear_work *w)
{
    pt_gauss_own *g = w->own;
    pt_history *h = &g->history;
    if (pt_gauss_iterates(call)) return pt_gauss_path_begin(call, patient, w);
    h->count = 0;
    h->rule = g->rule;
    h->known = fmax(PT_KNOWN_EXACTLY, call->options->ode.rtol);
    h->tolerance = pt_smooth_tolerance(call->options->ode.rtol);
    h->noise_rank =
        pt_sigma_factor(call->nz, 0, g->m, 0.0, patient->Q, PT_PIVOT_FILTER, h->noise_root, g->pivot);
    return h->noise_rank < 0 ? PT_NOT_POSITIVE_DEFINITE : PT_OK;
}

int64_t pt_gauss_record_count(const pt_nonlinear_call *call, const pt_nonlinear_work *w)
{
    const pt_gauss_own *g = w->own;
    return pt_gauss_iterates(call) ? g->path.linear.history.count : g->history.count;
}

double *pt_gauss_record_room(const pt_nonlinear_call *call, pt_nonlinear_work *w)
{
    pt_gauss_own *g = w->own;
    if (pt_gauss_iterates(call)) return NULL;
    return g->history.before + g->history.count * g->history.max_point * call->nz;
}

/* The node where a step begins, or the run ends. */
static void record_node(pt_gauss_own *g, int64_t nz)
{
    copy(g->history.mean + g->history.count * nz, g->m, nz);
    copy(g->history.cov + g->history.count * nz * nz, g->P, nz * nz);
}

void pt_gauss_record_points(const pt_nonlinear_call *call, pt_nonlinear_work *w, double t1, int n_point,
                            double share)
{
    pt_gauss_own *g = w->own;
    pt_history *h = &g->history;
    const int64_t nz = call->nz;
    if (pt_gauss_iterates(call)) {
        pt_gauss_path_record(call, w, t1);
        return;
    }
    record_node(g, nz);
    copy(h->after + h->count * h->max_point * nz, g->X, n_point * nz);
    h->n_point[h->count] = n_point;
    h->share[h->count] = share;
}

void pt_gauss_record_prediction(const pt_nonlinear_call *call, pt_nonlinear_work *w, double span)
{
    pt_gauss_own *g = w->own;
    if (pt_gauss_iterates(call)) return;
    const int64_t nz = call->nz, k = g->history.count++;
    copy(g->history.predicted_mean + k * nz, g->m, nz);
    copy(g->history.predicted_cov + k * nz * nz, g->P, nz * nz);
    g->history.span[k] = span;
}

pt_status pt_gauss_smooth(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                          pt_nonlinear_work *w)
{
    pt_gauss_own *g = w->own;
    const int64_t nz = call->nz;
    const int iterates = pt_gauss_iterates(call);
    if (!iterates) record_node(g, nz);
    const pt_status status = iterates ? pt_gauss_path_run(call, patient, w)
                                      : pt_smooth(&g->history, call->nx % call->nz, g->solve, g->pivot);
    if (status != PT_OK) return status;
    const double *mean = iterates ? g->path.best : g->history.mean;
    const double *cov = iterates ? g->path.best_cov : g->history.cov;
    for (int64_t k = 0; k < patient->n_obs; k++) {
        const int64_t row = patient->first_obs + k, node = g->node[k];
        if (call->out->smoothed_mean) copy(call->out->smoothed_mean + row * nz, mean + node * nz, nz);
        if (call->out->smoothed_cov)
            copy(call->out->smoothed_cov + row * nz * nz, cov + node * nz * nz, nz * nz);
    }
    return PT_OK;
}
