/* Square-root form of the linear filter and smoother: factors L with P = L L' are carried in place of P, so
 * that a covariance is semidefinite by construction and keeps its small directions down to a ratio of 1e-16
 * in standard deviation, where a stored P stops at 1e-16 in variance.
 *
 *   update    [sqrt r  h'L; 0  L] Theta = [sqrt f  0; K sqrt f  L+], one decorrelated element
 *             after the other (Carlson 1973, AIAA Journal 11, 1259)
 *   predict   [F L  G Q^1/2] Theta = [L  0] (Morf & Kailath 1975, IEEE TAC 20, 487)
 *   smooth    [F L  G Q^1/2; L  0] Theta = [X  0; Y  Z], J = Y X^-1, a += J (a_next - F a - c),
 *             P = Z Z' + J P_next J' by factors again (Park & Kailath 1996, IEEE TAC 41, 727)
 *
 * with Theta orthogonal: QR factors of the transposed arrays.
 */
#ifndef PT_KALMAN_LINEAR_ROOT_H
#define PT_KALMAN_LINEAR_ROOT_H

#include "kalman/linear_history.h"

/* A block of lanes, whose history holds L in the place of P, and the work space beside it. */
typedef struct {
    pt_lane_block b;
    vec *memory;
    vec *a, *L;       /* mean (n) and factor (n, n) */
    vec *noise;       /* (n, g) G Q^1/2 */
    vec *A;           /* the array that is made triangular */
    vec *small, *inv; /* max(n, m, g)^2, max(n, m, g) */
    vec *J, *next_a, *next_L;
} pt_root_work;

/* The way back over a block whose forward pass is done. */
void pt_root_backward(pt_root_work *w);

/* noise (n, g) = G Q^1/2 of step t, where it differs from that of step t-1, and F, c */
void pt_root_load_transition(pt_root_work *w, int64_t t);

/* row t of dst (S, T, n, n) = L L'; dst may be null */
void pt_root_store_cov(pt_root_work *w, double *dst, int64_t t, const vec *L);

#endif
