/* The exact gradient of the log-likelihood, in lanes: one pass backwards over the history.
 *
 * With r and N such that dl/da = r and dl/dP = (r r' - N) / 2 for the predicted moments a, P of t + 1, which
 * are 0 behind the last step, the step back over the transition and the update of t is (filtered moments m,
 * p)
 *
 *   dl/dF = r m' + (r r' - N) F p,   dl/dc = r,   dl/d(G Q G') = (r r' - N) / 2
 *   mu = F' r,  M = F' N F
 *   S = H P H' + R,  K = P H' S^-,  u = S^- v,  z = u - K' mu
 *   r = mu + H' z,   N = (I - K H)' M (I - K H) + H' S^- H
 *   dl/dd = z,   dl/dR = (z z' - S^- - K' M K) / 2,   dl/dH = z (a + P r)' - K' (I - M p)
 *
 * over the elements of y_t that are seen; no noise is inverted. Koopman & Shephard 1992 (Biometrika
 * 79:823-826) for the noises, Segal & Weinstein 1989 (IEEE Trans Inf Theory 35:682-687) for the matrices; de
 * Jong 1988 (Biometrika 75:594-600) for the recursion. With a diffuse start these are limits, see
 * linear_diffuse_adjoint.c.
 */
#ifndef PT_KALMAN_LINEAR_ADJOINT_H
#define PT_KALMAN_LINEAR_ADJOINT_H

#include "kalman/linear_lanes.h"

/* Nothing is allocated where no derivative is wanted. */
pt_status pt_lane_adjoint_create(pt_lane_block *b);
void pt_lane_adjoint_free(pt_lane_block *b);
/* After the forward pass over a block. */
void pt_lane_adjoint_run(pt_lane_block *b);

#endif
