/* What the forward pass over a block leaves for passes that go backwards, in lanes: the moments of every
 * step.
 *
 * Long series keep the steps of one segment only, and a check-point where each segment begins: to go back
 * into an earlier segment is to run it again, with the bits of the first time. A segment has as many steps as
 * fit PT_HISTORY_BYTES, or sqrt(2 T) where that is more, so that memory grows with the root of the length.
 */
#ifndef PT_KALMAN_LINEAR_HISTORY_H
#define PT_KALMAN_LINEAR_HISTORY_H

#include "kalman/linear_lanes.h"

#ifndef PT_HISTORY_BYTES /* tests: so few that every series has several segments */
#define PT_HISTORY_BYTES (16 << 20)
#endif

/* Moments of one step, in the block's memory; cov (n, n) */
typedef struct {
    vec *predicted_mean, *predicted_cov; /* given y_0 .. y_{t-1} */
    vec *mean, *cov;                     /* given y_0 .. y_t */
    vec *spread;                         /* (n, n) F cov, null unless the call spreads */
    vec *root;                           /* (n, n) of what is diffuse given y_0 .. y_t, where anything is */
    vec *predicted_root;                 /* and given y_0 .. y_{t-1} */
} pt_lane_step;

/* Nothing is allocated where no pass goes backwards. */
pt_status pt_lane_history_create(pt_lane_block *b);
void pt_lane_history_free(pt_lane_block *b);

/* Where step t lies; t is one of those that are held. */
static inline pt_lane_step pt_lane_record(const pt_lane_block *b, int64_t t)
{
    const int64_t n = b->call->in->n;
    vec *record = b->history.records + (t - b->history.from) * b->history.size;
    vec *cov = record + 2 * n, *spread = b->call->spreads ? cov + 2 * n * n : 0;
    return (pt_lane_step){record, cov, record + n, cov + n * n, spread, cov + 2 * n * n, cov + 3 * n * n};
}

/* Is step t of the forward pass the first of a segment? */
static inline int pt_lane_history_turns(const pt_lane_block *b, int64_t t)
{
    return !b->history.again && t % b->history.span == 0;
}
/* Step t becomes the first of those that are held. */
static inline void pt_lane_history_turn(pt_lane_block *b, int64_t t) { b->history.from = t; }
/* The check-point of step t, the first of a segment, from its predicted moments in the record. */
void pt_lane_history_mark(pt_lane_block *b, int64_t t);
/* a, P and what else is carried from step to step, as they were before step t. */
void pt_lane_history_restore(pt_lane_block *b, int64_t t, vec *a, vec *P);

/* The segment of step t, run once more. */
void pt_lane_history_return(pt_lane_block *b, int64_t t);

/* Step t after the forward pass, in a pass from the end to the beginning. Both t and t + 1 are at hand when t
 * has been asked for before t + 1. */
static inline pt_lane_step pt_lane_history(pt_lane_block *b, int64_t t)
{
    if (t < b->history.from || t >= b->history.to) pt_lane_history_return(b, t);
    return pt_lane_record(b, t);
}

#endif
