/* The steady state of a constant model: when the predicted covariance no longer changes, a row costs no more
 * than its mean. With gain K and S = L L' of the steady state, v = y - h - H a,  ln p from L^-1 v,  filtered
 * a + K v,  next a = F a + f + M v,  M = F K (+ G, see linear_stride.h)
 */
#ifndef PT_KALMAN_LINEAR_STEADY_H
#define PT_KALMAN_LINEAR_STEADY_H

#include "kalman/linear_dense.h"

/* How far covariances still move, step after step. */
typedef struct {
    double moved; /* in the last step; a negative number: not known */
    double least; /* the shortest step so far */
    int quiet;    /* steps since the shortest one; steps that only rounding lengthens no longer shrink */
} pt_settling;

static inline pt_settling pt_settling_begin(void) { return (pt_settling){.moved = -1.0, .least = 1.0}; }

/* The largest |P_ij - before_ij| / sqrt(P_ii P_jj); scratch (n) */
double pt_distance(int n, const double *P, const double *before, double *scratch);
/* Is what P still has to go, seen from how far it moved and how fast that shrinks, below rounding? */
int pt_has_settled(pt_settling *settling, double moved);

/* Everything about a row of k elements in the steady state, for H, F, h and f that the caller keeps. */
typedef struct {
    int k;
    double *L, *K, *M, *v; /* (k, k), (n, k), (n, k), (k) */
    double log_det;        /* of S */
} pt_resting;

int64_t pt_resting_size(int n, int k);
void pt_resting_place(int n, int k, double *block, pt_resting *steady);
/* From the update in w, whose S and K still stand there; M = F K + G (G may be null). */
void pt_resting_take(int n, const pt_dense *w, const double *F, const double *G, pt_resting *steady);
/* v = y - H a, y (k) without the offset. 0: not finite */
int pt_resting_innovate(int n, const double *H, const double *y, const double *a, pt_resting *steady);
/* next = F a + f + M v; next may not be a */
void pt_resting_move(int n, const double *F, const double *f, const double *a, double *next,
                     pt_resting *steady);
/* a += K v */
void pt_resting_correct(int n, double *a, const pt_resting *steady);
/* ln p(y | the past); v becomes L^-1 v: the last of these to be called */
double pt_resting_gain(pt_resting *steady);

#endif
