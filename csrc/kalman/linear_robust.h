/* Updates that outliers and wrong noise hurt less. Off: every option 0.
 *
 *   gate     An element whose innovation is more than `gate` of its predicted standard deviations off,
 *            |y_i - h_i a| > gate sqrt(h_i P h_i' + R_ii), is not used (Bar-Shalom, Li & Kirubarajan 2001,
 *            Estimation with Applications to Tracking and Navigation). Each element is judged by
 *            itself, before any of its step is used, so that their order does not matter.
 *   student  Errors e_i = v_i / sqrt(l_i) with v_i ~ N(0, r_i), l_i ~ Gamma(nu/2, nu/2), Student's t of nu
 *            degrees of freedom. The posterior of (x_t, l) is taken as a product and found by turns,
 *              x_t | l: the update with r_i / l_i;   l_i = (nu + 1) / (nu + E (y_i - h_i x_t)^2 / r_i),
 *            from l = 1 to a fixed point (Piche, Sarkka & Hartikainen 2012, IEEE MLSP, doi 10.1109/
 *            MLSP.2012.6349794, for independent elements). The log-likelihood is its lower bound,
 *              ln N(y; H a, H P H' + diag(r/l)) + sum_i [nu/2 (ln l_i - l_i + 1) + const(nu)],
 *            which is ln p(y_t | ..) as nu grows. Elements that R correlates are decorrelated first.
 *   adapt_R, adapt_Q: linear_adapt.h
 */
#ifndef PT_KALMAN_LINEAR_ROBUST_H
#define PT_KALMAN_LINEAR_ROBUST_H

#include "kalman/linear_kernels.h"
#include "kalman/linear_lanes.h"

static inline int pt_linear_is_robust(const pt_linear_robust *r)
{
    return r->gate > 0.0 || r->student > 0.0 || r->adapt_R > 0.0 || r->adapt_Q > 0.0;
}

/* Vecs of the work space, b->robust */
int64_t pt_lane_robust_size(const pt_linear_input *in);

/* As pt_lane_special_update and pt_lane_special_transition. */
void pt_lane_robust_update(pt_lane_block *b, int64_t t, k_loglike *total, k_loglike *step,
                           pt_lane_trouble *bad);
void pt_lane_robust_transition(pt_lane_block *b, int64_t t);

#endif
