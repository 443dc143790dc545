/* The linear filter with an exact diffuse start: P0 = kappa Pinf + Pstar in the limit kappa -> infinity
 * (Koopman & Durbin 2000, Journal of Time Series Analysis 21, 281; 2003, ibid. 24, 85), element after
 * element.
 *
 * Pinf = B B' is carried as its root B (n, n). An element y = h'x + e with h'B = b' != 0 is diffuse: B is
 * rotated so that b' = (f^1/2, 0, .., 0), its first column gives the gain and leaves B,
 *
 *   f = b'b,  K = B b / f,  a += K (y - h'a),  Pstar = (I - K h') Pstar (I - K h')' + r K K',
 *   ln p(y | the past) = -1/2 ln (2 pi f)
 *
 * so that the number of diffuse dimensions is counted by columns and not judged by the size of what is left.
 * Where B is zero a step is that of the plain filter, to the bit. Numbers count as zero where they are what
 * rounding leaves of a sum, compared with its terms: no unit and no scale of the data matters.
 */
#ifndef PT_KALMAN_LINEAR_DIFFUSE_H
#define PT_KALMAN_LINEAR_DIFFUSE_H

#include "kalman/linear_kernels.h"
#include "kalman/linear_lanes.h"

/* B from Pinf, in b->P the part of P0 that is not diffuse */
void pt_lane_diffuse_start(pt_lane_block *b);
/* Where Pinf is diagonal, what P0 says of diffuse states has no part in the limit: taken away from P (n, n),
 * it cannot round either. */
void pt_lane_diffuse_forget(pt_lane_block *b, vec *P);
/* As pt_lane_special_update */
void pt_lane_diffuse_update(pt_lane_block *b, int64_t t, k_loglike *total, k_loglike *step,
                            pt_lane_trouble *bad);
/* B = F B */
void pt_lane_diffuse_transition(pt_lane_block *b);
/* Covariances among the outputs of step t that grow with kappa become infinite. */
void pt_lane_diffuse_stored(pt_lane_block *b, int64_t t);
/* Diffuse elements, steps and dimensions of each series, after the forward pass */
void pt_lane_diffuse_end(pt_lane_block *b);

#endif
