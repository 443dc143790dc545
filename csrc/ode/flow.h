/* Many lanes over one interval in which nothing happens, by a method with fixed steps: ensemble members and
 * particles between two observations. No lane is followed for itself, so that a step costs the equations and
 * little else; the bits are those of pt_propagate.
 */
#ifndef PT_ODE_FLOW_H
#define PT_ODE_FLOW_H

#include "lanes/wide.h"
#include "pytwin.h"

typedef struct pt_flow pt_flow;

/* *flow is null (and the answer OK) where the method has no fixed steps, or the model delays, triggers or
 * algebraic states. */
pt_status pt_flow_create(const pt_model *model, const pt_ode_options *options, pt_flow **flow);
void pt_flow_free(pt_flow *flow);

/* Does nothing of a schedule act from its action `next` to t1, and nothing run on? rate (n_dose) */
int pt_flow_is_free(const pt_flow *flow, const pt_schedule *schedule, int64_t next, double t1,
                    const double *rate);

/* x(t0) -> x(t1). Lanes lie side by side, `stride` a multiple of 8 numbers and at least n_lane to a row:
 *   x       (n_state, stride)  in and out; NaN in a lane that failed; what stands behind n_lane must be
 * finite p       (n_param, stride)  times factor (n_param) status  (n_lane)           NOT_FINITE, STEP_LIMIT
 */
void pt_flow_run(pt_flow *flow, int64_t n_lane, int64_t stride, double t0, double t1, double *x,
                 const double *p, const double *factor, int32_t *status);

/* The same for one wide of lanes, each with times and parameters of its own. Element i of vec j of an array
 * lies at i * PT_WIDE + j. p (n_param) natural, factors included; what follows from them holds until they are
 * set again x (n_point, n_state), `gap` vecs from point to point, in and out, from t0 to t0 + length; where
 * length is 0 it stays. Lanes in which a state is not finite at some step are added to bad. No length may be
 * longer than max_steps steps. */
void pt_flow_set(pt_flow *flow, const vec *p);
void pt_flow_carry(pt_flow *flow, const vec *t0, const vec *length, int n_point, int64_t gap, vec *x,
                   vmask *bad);
/* y (n_output) at t */
void pt_flow_look(pt_flow *flow, const vec *t, const vec *x, vec *y);

/* y (n_output, stride) at t */
void pt_flow_output(pt_flow *flow, int64_t n_lane, int64_t stride, double t, const double *x, const double *p,
                    const double *factor, double *y);

#endif
