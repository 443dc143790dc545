/* Many lanes over one interval in which nothing happens, by a method with fixed steps: ensemble members and
 * particles between two observations. No lane is followed for itself, so that a step costs the equations and
 * little else; the bits are those of pt_propagate.
 */
#ifndef PT_ODE_FLOW_H
#define PT_ODE_FLOW_H

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

/* y (n_output, stride) at t */
void pt_flow_output(pt_flow *flow, int64_t n_lane, int64_t stride, double t, const double *x, const double *p,
                    const double *factor, double *y);

#endif
