/* Extended filters: a mean and a root of the covariance, moved by the exact derivative of the flow.
 *
 *   step      m <- f(m),  P <- F P F' + Q (t1 - t),  F = df/dz at m: that of the integrator's own solution
 *   observe   "ekf": linearised at m. "iekf": at the largest posterior density given the instant's
 *             observations, which damped Gauss-Newton steps find (extended_update.c)
 *   smooth    "ekf": back over the filter's linearisations (extended_smooth.c). "iekf": at the largest
 *             posterior density of the whole series (extended_path.c)
 *
 * P = L L' is kept as L throughout (Bierman GJ. Factorization Methods for Discrete Sequential Estimation.
 * Academic Press 1977), so a precise observation of a vague state loses nothing to cancellation.
 * Sarkka S, Svensson L. Bayesian Filtering and Smoothing, 2nd ed., Cambridge 2023, chapters 7 and 13.
 */
#ifndef PT_KALMAN_EXTENDED_H
#define PT_KALMAN_EXTENDED_H

#include "kalman/nonlinear.h"
#include "kalman/score.h"

typedef enum { PT_EXTENDED_PLAIN, PT_EXTENDED_ITERATED } pt_extended_variant;

extern const pt_nonlinear_method pt_extended;

/* ---- what its files share ---- */

/* A run up to its last observation, for the smoothers; step k goes from node k to node k + 1. */
typedef struct {
    int64_t count;     /* steps */
    double *mean;      /* [max_step + 1, nz] filtered at node k; smoothed afterwards */
    double *root;      /* [max_step + 1, nz, nz] root of its covariance, likewise */
    double *predicted; /* [max_step, nz] of node k + 1 */
    double *end;       /* [max_step, nz] where the step leads from the point of its linearisation */
    double *F;         /* [max_step, nz, nz] */
    double *ahead;     /* [max_step, nz, nz] A: P of node k + 1 before its observations is A A' */
    double *cross;     /* [max_step, nz, nz] B: Cov(z_k, z_{k+1}) = B A' */
    double *rest;      /* [max_step, nz, nz] C: P_k = B B' + C C' */
    double *course;    /* [max_step, course size] where the step begins */
    double *t1;        /* [max_step] where it ends */
    int *pivot, *rank; /* [max_step, nz], [max_step] of A */
    int64_t *node;     /* [max_obs] of each observation */
    double *error;     /* [max_obs] factor of its error's standard deviation; 0: not used */
} pt_extended_history;

typedef struct {
    double *block;                /* the arrays below lie in it */
    double *m, *L;                /* [nz], [nz, nz] now */
    double *m0, *L0;              /* [nz], [nz, nz] at the start; L0 an echelon form */
    double *F;                    /* [nz, nz] */
    double *G;                    /* [nz, nz] root of Q */
    double *y, *H;                /* [ny], [ny, nz] outputs at a point, and their derivatives */
    double *wide;                 /* [2 nz, 2 nz] */
    double *dx;                   /* [nz, nx] */
    double *per_z;                /* [nz] of each element of z: the derivative of what the model sees of it */
    double *tangent;              /* [2 nx + np + ny] of one direction */
    double *A, *M;                /* [max_obs, nz], [nz, nz] of an iterated update */
    double *u, *next;             /* [nz] */
    double *z, *a;                /* [nz] */
    double *retreat;              /* [nz] mean before the last update, see flow in extended.c */
    double *start;                /* [nz] u where an iterated update begins */
    double *error;                /* [max_obs] of the group at work, see the history's */
    pt_score *scores;             /* [2 max_obs] */
    pt_score *score, *score_next; /* [max_obs] of the group at work, at a point and at the next */
    int32_t *direction;           /* [nz] of z in pt_propagate_tangents */
    int *pivot, *pivot0, *pivot_noise; /* [nz] */
    int rank0, rank_noise;
    double student;                            /* options.student */
    int rough;                                 /* errors are those of pt_score_rough */
    double *path, *trial, *shock, *shock_next; /* [max_step + 1, nz] of extended_path.c */
    double *saved;                             /* [course size] */
    pt_extended_history history;
} pt_extended_work;

/* Directions whose standard deviation, given those before, is below this share follow from them. */
#define PT_EXTENDED_TOLERANCE 1e-10

/* z (nz) from course.t to t1, F (nz, nz) = dz(t1)/dz(t); F null: not wanted. The course moves on, but stays
 * where the equations fail. */
pt_status pt_extended_flow(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                           pt_nonlinear_work *w, double t1, double *z, double *F);
/* e->y: outputs at z; with `slopes` e->H, their derivatives to z. */
void pt_extended_outputs(const pt_nonlinear_call *call, pt_nonlinear_work *w, const double *z, int slopes);

/* N(m, L L') given the linearised observation of l(h), h about a point: slope l', information i,
 *   m += L a g,  g = (l' + i H (about - m)) / (1 + i a'a),  a = L'H'
 * L is shrunk along a. H, about, m (n), L (n, n), a (n): work. Returns 1 + i a'a. */
double pt_extended_absorb(int n, const double *H, const pt_score *score, const double *about, double *a,
                          double *m, double *L);
/* -sum of ln p(y | z) of n observations, from the outputs in e->y, and their scores (n). INFINITY where they
 * can't be. error (n): see the history. */
double pt_extended_misfit(const pt_extended_work *e, const pt_observation *obs, const double *error,
                          int64_t n, pt_score *score);

/* e->L of F L L'F' + Q span, from e->F; k >= 0: step k of the history, too. */
void pt_extended_step_root(pt_extended_work *e, int nz, double span, int64_t k);

/* e->start: the nearest of points on the axes of u where the outputs have a place on the scale of their
 * errors; 0 where none of them does. */
int pt_extended_reach(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                      int64_t n);
/* z = m + L u */
void pt_extended_at(const pt_extended_work *e, int nz, const double *u, double *z);

/* Updates of one instant: fill the rows' outputs (but the trace), add to *loglike. */
pt_status pt_extended_linear(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                             int64_t n, int64_t row, double *loglike);
pt_status pt_extended_iterate(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                              int64_t n, double *loglike);

/* Back over all steps, from the last node's mean and root; nodes hold smoothed moments then. */
pt_status pt_extended_back(pt_extended_work *e, int nz);
/* Node by node the largest posterior density of the whole series. */
pt_status pt_extended_path(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                           pt_nonlinear_work *w);

/* e->m, e->L given the bounds that z has; e->wide is work space. */
pt_status pt_extended_hold_within(const pt_nonlinear_call *call, pt_extended_work *e);

/* P (n, n) = L L' */
void pt_extended_square(int n, const double *L, double *P);

#endif
