/* Noise that adapts: R_t = s_R R, Q_t = s_Q Q, with factors that follow the likelihood of the innovations
 * (recursive maximum likelihood, the recursive prediction error method of Ljung & Soderstrom 1983, Theory and
 * Practice of Recursive Identification, ch. 3). With v the innovation, S its covariance, u = S^-1 v, and dots
 * for derivatives by ln s,
 *
 *   score  g = 1/2 (u'S. u - tr S^-1 S.) + (H a.)'u,     S. = H P. H' + R.
 *   size   I = memory I + (1 - memory) + 1/2 tr(S^-1 S. S^-1 S.) + (H a.)'S^-1 (H a.),    I_0 = 1
 *   step   ln s += g / I, at most by ln 2
 *   update      a. = (I - K H) a. + P. H'u - K S. u,    P. = (I - K H) P. (I - K H)' + K R. K'
 *   transition  a. = F a.,    P. = F P. F' + Q.
 *
 * where R. = s_R R for s_R and 0 for s_Q, Q. = s_Q Q for s_Q and 0 for s_R. Where both adapt, g is a vector
 * and I a matrix. The 1 in I is what a factor e of doubt weighs: without it a factor that the data say
 * nothing about would wander off.
 */
#ifndef PT_KALMAN_LINEAR_ADAPT_H
#define PT_KALMAN_LINEAR_ADAPT_H

#include "kalman/linear_kernels.h"
#include "kalman/linear_lanes.h"

static inline int pt_linear_adapts(const pt_linear_input *in)
{
    return in->robust.adapt_R > 0.0 || in->robust.adapt_Q > 0.0;
}

/* Vecs of the work space b->adapting, and of what is carried, b->adapted. */
int64_t pt_lane_adapt_size(const pt_linear_input *in);
int64_t pt_lane_adapt_carried(const pt_linear_input *in);

void pt_lane_adapt_start(pt_lane_block *b);
/* s_R and s_Q, 1 where one does not adapt */
void pt_lane_adapt_scales(const pt_lane_block *b, vec scale[2]);
/* From y, seen and the predicted moments, before they are updated with them; R (m, m) is s_R R. */
void pt_lane_adapt_learn(pt_lane_block *b, const vec *R);
/* Q (n, n) is s_Q Q. */
void pt_lane_adapt_move(pt_lane_block *b, const vec *Q);

#endif
