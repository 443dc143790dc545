/* Many steps of a constant model as one. Over k steps from x = x_t,
 *
 *   y_t .. y_{t+k-1} = O x + o + e,      x_{t+k} = A x + f + u,      A = F^k, rows of O: H F^i
 *
 * with the covariances E of e, U of u and C of u with e, all by doubling. Without the part of u that e tells,
 *   x_{t+k} = (A - G O) x + G (y - o) + f + u*,   G = C E^-1,   Var u* = U - G C',
 * this is one step of an ordinary model with k m observations, and missing ones are missing rows. The
 * covariance, which is what a step costs, then moves once in k steps; innovations and likelihood come out
 * step by step, because S = L L' orders the elements in time. Its use: outputs that ask for no moments
 * between. */
#ifndef PT_KALMAN_LINEAR_STRIDE_H
#define PT_KALMAN_LINEAR_STRIDE_H

#include "kalman/linear_steady.h"

enum { PT_STRIDES = 3 };      /* 4, 16 and 64 steps */
enum { PT_STRIDE_FROM = 64 }; /* series longer than this pay for what strides need */

typedef struct {
    int steps;
    double *A, *U, *C, *f; /* (n, n), (n, n), (n, steps m), (n) */
    double *F, *Q, *G;     /* A - G O, Var u*, G of a stride without a gap */
} pt_stride_size;

typedef struct {
    double *block;
    int built, usable;                     /* sizes[0 .. usable - 1] lose no digits that matter */
    int now;                               /* the size that went well last, -1: none */
    int in_steady;                         /* the steady state is reached, and `steady` holds it */
    int64_t series;                        /* whose model it is; -1: that of all */
    double *O, *o, *E;                     /* (k m, n), (k m), (k m, k m) for the longest stride */
    double *F, *Q, *G, *before, *work, *z; /* of a stride with gaps; P before it; work (k m, n); y - o */
    pt_stride_size sizes[PT_STRIDES];
    pt_settling settling;
    pt_resting steady;
} pt_stride;

/* Elements of the longest stride, 0: strides are of no use to this call. */
int pt_stride_rows(const pt_linear_call *call);
pt_status pt_stride_create(const pt_linear_input *in, pt_stride *stride);
void pt_stride_free(pt_stride *stride);
/* Before series s: the strides of its model, unless they are there. w: work */
void pt_stride_begin(const pt_linear_input *in, int64_t s, pt_dense *w, pt_stride *stride);
/* From the predicted moments of t in w to those of t + taken, with at least one step left over. taken = 0:
 * the next has to be done on its own, in the steady state too where less than a stride is left. gained: ln p
 * of what was seen; loglike_t: may be null, that of each step. */
void pt_stride_step(const pt_linear_input *in, int64_t s, int64_t t, int64_t n_step, pt_dense *w,
                    pt_stride *stride, int *taken, double *gained, double *loglike_t);

#endif
