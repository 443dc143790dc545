/* The square-root form of the filters by sigma points. See gauss.h. */
#include <math.h>
#include <string.h>

#include "kalman/gauss.h"
#include "kalman/outer.h"
#include "kalman/upper.h"

int pt_gauss_is_rooted(const pt_nonlinear_call *call) { return call->options->points.form == PT_FORM_ROOT; }

static int first_of(const pt_nonlinear_call *call) { return call->nx % call->nz; }

static void square(const pt_nonlinear_call *call, pt_gauss_own *g)
{
    double work[PT_OUTER_SIZE(call->nz)];
    pt_upper_square(call->nz, g->U, work, g->P);
}

pt_status pt_gauss_root_renew(const pt_nonlinear_call *call, pt_gauss_own *g)
{
    const int rank =
        pt_sigma_root(call->nz, first_of(call), g->m, 0.0, g->P, PT_PIVOT_FILTER, g->L, g->pivot);
    if (rank < 0) return PT_NOT_POSITIVE_DEFINITE;
    pt_upper_spread(call->nz, first_of(call), rank, g->L, g->pivot, g->U);
    square(call, g);
    return PT_OK;
}

pt_status pt_gauss_root_begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                              pt_gauss_own *g, const double *state)
{
    const size_t n = (size_t)call->nz;
    g->noise_rank = pt_sigma_root(call->nz, 0, g->m, 0.0, patient->Q, PT_PIVOT_FILTER, g->noise, g->pivot);
    if (g->noise_rank < 0) return PT_NOT_POSITIVE_DEFINITE;
    if (!state) return pt_gauss_root_renew(call, g);
    memcpy(g->U, state + n, n * n * sizeof *g->U);
    square(call, g);
    return PT_OK;
}

/* U' U += a row row'; 0 where that is not positive definite */
static int gather(const pt_nonlinear_call *call, pt_gauss_own *g, double a, const double *row)
{
    const double root = sqrt(fabs(a));
    if (a == 0.0) return 1;
    for (int j = 0; j < call->nz; j++) g->row[j] = root * row[j];
    if (a < 0.0) return pt_upper_remove(call->nz, first_of(call), g->row, g->U, g->row + call->nz);
    pt_upper_add(call->nz, first_of(call), g->row, g->U);
    return 1;
}

pt_status pt_gauss_root_moments(const pt_nonlinear_call *call, pt_gauss_own *g, const pt_sigma_rule *rule,
                                int n_point, double span)
{
    const int n = call->nz;
    double base[n], D[n];
    pt_sigma_base(rule, n, n_point, g->X, base);
    memset(g->U, 0, (size_t)n * n * sizeof *g->U);
    memset(g->shift, 0, (size_t)n * sizeof *g->shift);
    for (int i = 0; i < n_point; i++) {
        const double w = pt_sigma_weight(rule, i);
        for (int j = 0; j < n; j++) {
            D[j] = g->X[(size_t)i * n + j] - base[j];
            g->shift[j] += w * D[j];
        }
        gather(call, g, w, D);
    }
    for (int j = 0; j < n; j++) g->m[j] = base[j] + g->shift[j];
    for (int k = 0; k < g->noise_rank; k++) gather(call, g, span, g->noise + (size_t)k * n);
    if (!gather(call, g, rule->bend, g->shift)) return PT_NOT_POSITIVE_DEFINITE;
    square(call, g);
    return PT_OK;
}

/* U of P = Cov(z - gain h) + gain extra gain' by the points */
static int joseph(const pt_nonlinear_call *call, pt_gauss_own *g, const pt_sigma_rule *rule, int n_point,
                  double extra)
{
    const int n = call->nz;
    double base[n], E[n], h_base;
    pt_sigma_base(rule, n, n_point, g->X, base);
    pt_sigma_base(rule, 1, n_point, g->h, &h_base);
    memset(g->U, 0, (size_t)n * n * sizeof *g->U);
    memset(g->shift, 0, (size_t)n * sizeof *g->shift);
    for (int i = 0; i < n_point; i++) {
        const double w = pt_sigma_weight(rule, i), e = g->h[i] - h_base;
        for (int j = 0; j < n; j++) {
            E[j] = g->X[(size_t)i * n + j] - base[j] - g->gain[j] * e;
            g->shift[j] += w * E[j];
        }
        gather(call, g, w, E);
    }
    gather(call, g, extra, g->gain);
    return gather(call, g, rule->bend, g->shift);
}

pt_status pt_gauss_root_update(const pt_nonlinear_call *call, pt_gauss_own *g, const pt_sigma_rule *rule,
                               int n_point, const pt_observation *obs, const pt_forecast *forecast,
                               const pt_trust *trust, double *loglike, int8_t *use)
{
    const pt_learned l = pt_observe_learn(obs, forecast, trust);
    *use = l.use;
    if (l.use == PT_OBS_MISSING || l.use == PT_OBS_GATED) return PT_OK;
    for (int j = 0; j < call->nz; j++) {
        g->gain[j] *= l.scale;
        g->m[j] += g->gain[j] * l.innovation;
    }
    if (!joseph(call, g, rule, n_point, l.extra)) return PT_NOT_POSITIVE_DEFINITE;
    square(call, g);
    *loglike += l.loglike;
    return PT_OK;
}
