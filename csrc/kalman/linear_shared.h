/* Series that share a model and the gaps in their data: the covariances, which do not depend on the data, are
 * worked out once and each series costs no more than its means. A block with other gaps goes its own way. */
#ifndef PT_KALMAN_LINEAR_SHARED_H
#define PT_KALMAN_LINEAR_SHARED_H

#include "kalman/linear_lanes.h"

/* Is this call worked out so? No smoothing, at least two blocks of series, no array that tells the series'
 * covariances apart, and in the first two blocks the gaps of the longest series, up to each one's length. */
int pt_linear_is_shared(const pt_linear_call *call);

/* The bits are those that each series has alone. blocks: one a thread */
pt_status pt_linear_shared(pt_linear_call *call, pt_lane_block *blocks, const pt_control *control);

#endif
