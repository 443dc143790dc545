/* Filters that carry a mean and a covariance through sigma points, one observation after another. */
#ifndef PT_KALMAN_GAUSS_H
#define PT_KALMAN_GAUSS_H

#include "kalman/nonlinear.h"
#include "kalman/observe.h"
#include "kalman/smooth.h"

/* How the points lie; ITERATED: posterior linearisation (gauss_iterated.c). */
typedef enum { PT_GAUSS_UNSCENTED, PT_GAUSS_CUBATURE, PT_GAUSS_HERMITE, PT_GAUSS_ITERATED } pt_gauss_variant;

extern const pt_nonlinear_method pt_gauss;

typedef struct {
    pt_sigma_rule rule;
    double *block;     /* the arrays below lie in it */
    double *m, *P;     /* [nz], [nz, nz] */
    double *L, *shift; /* [nz, nz], [nz] */
    double *X;         /* [max_lane, nz] points */
    double *weight;    /* [max_lane] of the rule */
    double *h, *gain;  /* [max_lane], [nz] */
    double *old;       /* [nz] and 2 [nz, nz] moments and a root from before an update */
    double *solve;     /* [4, nz, nz] and [max_lane, nz] */
    int *pivot;        /* [2 nz] */
    int64_t *node;     /* [max_obs] the history's node of each observation */
    pt_history history;
} pt_gauss_own;

/* Points of N(m, P) by `rule` into g->X; their number, or 0 when P is not a covariance. Where points had to
 * be clamped m and P are theirs afterwards. */
int pt_gauss_draw(const pt_nonlinear_call *call, const pt_nonlinear_work *w, const pt_sigma_rule *rule);

/* Points drawn, and what they say of an observation: *forecast, g->h, g->gain and the rule that they were
 * drawn by. Points whose output can't be used are drawn again nearer to the mean and counted. */
pt_status pt_gauss_forecast(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                            pt_sigma_rule *rule, int *n_point, pt_forecast *forecast);

/* The update by one observation through a line that is fitted again to the posterior,
 * options.iteration.max_iter times (Garcia-Fernandez AF, Svensson L, Morelande MR, Sarkka S, IEEE Trans
 * Signal Process 2015;63:5561-5573): A = P_j^- Cov(z, h),  b = E h - A' m_j,  O = Var h - A' P_j A    moments
 * under the last N(m_j, P_j) y = A' z + b + e,  Var e = O + R                                 updates N(m, P)
 * to N(m_{j+1}, P_{j+1}) */
pt_status pt_gauss_iterate(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                           const pt_trust *trust, pt_forecast *predicted, double *loglike, int8_t *use);

#endif
