/* Calls that ask for more than the plain filter. They run one instance of the forward loop, for any number of
 * states and always in lanes, whose two steps are the functions below; the plain calls never see them.
 *
 * The moments are b->a and b->P. What else is carried from step to step lies behind b->carried
 * (linear_block.c), so that check-points keep it; the model's arrays b->F, b->H, ... are read and never
 * written, because those that are constant are loaded once.
 */
#ifndef PT_KALMAN_LINEAR_SPECIAL_H
#define PT_KALMAN_LINEAR_SPECIAL_H

#include "kalman/linear_kernels.h"
#include "kalman/linear_lanes.h"

/* All passes over a block that has begun. */
void pt_lane_block_run_special(pt_lane_block *b);

/* b->a and b->P are x0 and P0. */
void pt_lane_special_start(pt_lane_block *b);
/* The moments given y_0 .. y_{t-1} become those given y_t too. b->y (m) is y_t less d, b->seen says which
 * elements count. ln p(y_t | ..) is added to total, and to step where that is not null. */
void pt_lane_special_update(pt_lane_block *b, int64_t t, k_loglike *total, k_loglike *step,
                            pt_lane_trouble *bad);
/* The filtered moments of t become the predicted ones of t + 1; b->F, b->c, b->Q are those of t. */
void pt_lane_special_transition(pt_lane_block *b, int64_t t);
/* The outputs of step t have been written. */
void pt_lane_special_stored(pt_lane_block *b, int64_t t);

#endif
