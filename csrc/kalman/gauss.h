/* Filters that carry a mean and a covariance through sigma points, one observation after another. */
#ifndef PT_KALMAN_GAUSS_H
#define PT_KALMAN_GAUSS_H

#include <math.h>

#include "kalman/extended.h"
#include "kalman/nonlinear.h"
#include "kalman/observe.h"
#include "kalman/scalar.h"
#include "kalman/smooth.h"

/* How the points lie; ITERATED: posterior linearisation (gauss_iterated.c). */
typedef enum { PT_GAUSS_UNSCENTED, PT_GAUSS_CUBATURE, PT_GAUSS_HERMITE, PT_GAUSS_ITERATED } pt_gauss_variant;

extern const pt_nonlinear_method pt_gauss;

static inline int pt_gauss_iterates(const pt_nonlinear_call *call)
{
    return call->variant == PT_GAUSS_ITERATED;
}

/* What the iterated posterior linearisation smoother works in (gauss_path.c). */
typedef struct {
    pt_extended_work linear;   /* the linear model that is fitted, with the history of a pass over it */
    double *noise;             /* [nz, nz] root of Q */
    int noise_rank;            /* its columns */
    double *before;            /* [max_lane, nz] points where a step begins */
    double *at, *at_cov;       /* [max_step + 1, nz], [.., nz, nz] moments that the last pass was fitted to */
    double *found, *found_cov; /* likewise: what it found */
    double *best, *best_cov;   /* likewise: what the one found that was nearest to what it was fitted to */
    double *trial, *trial_cov; /* likewise: moments to fit to next */
    double *fit;               /* [3 nz^2 + max_lane nz] */
    double *kept;              /* [nz + nz^2] the filter at the end */
} pt_gauss_path;

typedef struct {
    pt_sigma_rule rule;
    double *block;     /* the arrays below lie in it */
    double *m, *P;     /* [nz], [nz, nz] */
    double *L, *shift; /* [nz, nz], [nz] */
    double *U;         /* [nz, nz] of the square-root form, P = U' U (upper.h) */
    double *noise;     /* [nz, nz] root of the patient's Q by rows; and how many */
    int noise_rank;
    double *row;      /* [3 nz] */
    double *X;        /* [max_lane, nz] points */
    double *weight;   /* [max_lane] of the rule */
    double *h, *gain; /* [max_lane], [nz] */
    double *old;      /* [nz] and 2 [nz, nz] moments and a root from before an update */
    double *turns;    /* 4 of [nz] and [nz, nz]: moments of an iterated update */
    double *solve;    /* [4, nz, nz] and [max_lane, nz] */
    int *pivot;       /* [2 nz] */
    int64_t *node;    /* [max_obs] the history's node of each observation */
    pt_history history;
    pt_gauss_path path;
} pt_gauss_own;

/* Where the factor of P begins: with the parameters; what is remembered hangs together so closely that only
 * the largest pivots are safe. */
static inline int pt_gauss_first(const pt_nonlinear_call *call)
{
    return call->n_memory ? PT_PIVOT_LARGEST : call->nx % call->nz;
}

/* The rule of the call. weight: room for the weights of its points; null: is the rule in its domain? */
pt_status pt_gauss_rule(const pt_nonlinear_call *call, double *weight, pt_sigma_rule *rule);

/* Points of N(m, P) by `rule` into g->X; their number, or 0 when P is not a covariance. Where points had to
 * be clamped m and P are theirs afterwards. */
int pt_gauss_draw(const pt_nonlinear_call *call, const pt_nonlinear_work *w, const pt_sigma_rule *rule);

/* The square-root form (gauss_root.c): van der Merwe R, Wan EA, ICASSP 2001:3461-3464. Covariances come as
 * roots and go as roots: weighted points, noise and gain are rows that rotations gather into a triangle,
 *   U' U = sum_i w_i D_i D_i' + span Q,     then     sum_i w_i (D_i - g e_i)(..)' + extra g g'
 * and a negative weight of the shift (sigma.h) is taken out of it again. P stands beside for who reads it. */
int pt_gauss_is_rooted(const pt_nonlinear_call *call);
/* U from P, or from `state`; the root of Q */
pt_status pt_gauss_root_begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                              pt_gauss_own *g, const double *state);
/* m and U of the points in g->X, plus span Q */
pt_status pt_gauss_root_moments(const pt_nonlinear_call *call, pt_gauss_own *g, const pt_sigma_rule *rule,
                                int n_point, double span);
/* What pt_observe_update is for the plain form. */
pt_status pt_gauss_root_update(const pt_nonlinear_call *call, pt_gauss_own *g, const pt_sigma_rule *rule,
                               int n_point, const pt_observation *obs, const pt_forecast *forecast,
                               const pt_trust *trust, double *loglike, int8_t *use);
/* The root after P was changed. */
pt_status pt_gauss_root_renew(const pt_nonlinear_call *call, pt_gauss_own *g);

/* Points drawn, and what they say of an observation: *forecast, g->h, g->gain and the rule that they were
 * drawn by. Points whose output can't be used are drawn again nearer to the mean and counted. */
pt_status pt_gauss_forecast(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                            pt_sigma_rule *rule, int *n_point, pt_forecast *forecast);

/* Points of g->m, g->P now in `before` (null: not wanted) and where the equations bring them at t1 in g->X;
 * drawn again with half the spread, *share, where some can't. */
pt_status pt_gauss_carry(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                         pt_nonlinear_work *w, double t1, double *before, pt_sigma_rule *rule, int *n_point,
                         double *share);

/* The update by one observation through a line that is fitted again to the posterior,
 * options.iteration.max_iter times (Garcia-Fernandez AF, Svensson L, Morelande MR, Sarkka S, IEEE Trans
 * Signal Process 2015;63:5561-5573):
 *   A = P_j^- Cov(z, h),  b = E h - A' m_j,  O = Var h - A' P_j A    moments under the last N(m_j, P_j)
 *   y = A' z + b + e,  Var e = O + R                                 updates N(m, P) to N(m_{j+1}, P_{j+1})
 */
pt_status pt_gauss_iterate(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                           const pt_trust *trust, pt_forecast *predicted, double *loglike, int8_t *use);

/* ---- damping of what is fitted again and again ----
 *
 * Fitted to moments m, P, a model says m', P'. The next one is fitted to a mixture of share s,
 *
 *   m + s (m' - m),   P + s (P' - P)
 *
 * s = 1 at first, times `damping` after a fit that ends further from where it was fitted than the one
 * before, or fails, and over its root, up to 1 again, after a nearer one. The answer is what the nearest
 * said, so that a fit that leads away costs time and no more. damping 0: s = 1, the last is the answer. */

#define PT_GAUSS_LEAST_SHARE 1e-3 /* s below which nothing more is tried */

/* One element's part in the squared distance: the move of the mean in standard deviations found, and the
 * logarithm of the ratio of standard deviations. */
static inline double pt_gauss_change(double move, double was, double var)
{
    if (!(var > 0.0 && was > 0.0)) return 0.0;
    const double wider = 0.5 * s_log(var / was);
    return move * move / var + wider * wider;
}

static inline double pt_gauss_share(double share, double damping, int nearer)
{
    if (damping == 0.0) return 1.0;
    return nearer ? fmin(1.0, share / sqrt(damping)) : share * damping;
}

/* a (n) = P^- c for P = L L' over its pivots (pt_sigma_factor), the rest of a is 0; returns a' P a. */
double pt_gauss_slope(int n, int rank, const double *L, const int *pivot, const double *c, double *a);

/* N(m, R R'), R (nz, nz), given an observation of the line fitted to g->m, g->P. wide (nz, nz + 1) */
pt_status pt_gauss_absorb(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                          const pt_trust *trust, double *m, double *R, double *wide);

/* ---- what smoothing keeps of the filter (gauss_history.c) ---- */

pt_status pt_gauss_record_begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                                pt_nonlinear_work *w);
/* Steps so far: the number of the node now. */
int64_t pt_gauss_record_count(const pt_nonlinear_call *call, const pt_nonlinear_work *w);
/* Where the points that begin the next step go. */
double *pt_gauss_record_room(const pt_nonlinear_call *call, pt_nonlinear_work *w);
/* The node where a step begins and the points in g->X where it ends, at t1; the course is there already. */
void pt_gauss_record_points(const pt_nonlinear_call *call, pt_nonlinear_work *w, double t1, int n_point,
                            double share);
void pt_gauss_record_prediction(const pt_nonlinear_call *call, pt_nonlinear_work *w, double span);
/* pt_nonlinear_method.smooth */
pt_status pt_gauss_smooth(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                          pt_nonlinear_work *w);

/* ---- the iterated smoother (gauss_path.c) ---- */

/* Its arrays in `block` from `used` on, and how many doubles are used then. */
int64_t pt_gauss_path_place(const pt_nonlinear_call *call, pt_gauss_path *path, double *block, int64_t used);
pt_status pt_gauss_path_create(const pt_nonlinear_call *call, pt_gauss_path *path);
void pt_gauss_path_free(pt_gauss_path *path);
pt_status pt_gauss_path_begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                              pt_nonlinear_work *w);
/* A step from g->m, g->P to t1; w->mark holds the course where it begins. */
void pt_gauss_path_record(const pt_nonlinear_call *call, pt_nonlinear_work *w, double t1);
/* Smoothed moments of the nodes into best, best_cov. */
pt_status pt_gauss_path_run(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                            pt_nonlinear_work *w);

#endif
