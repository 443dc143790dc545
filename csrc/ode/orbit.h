/* States that come back: the periodic orbit of a schedule, and the state at rest under constant infusions.
 *
 * A periodic orbit solves P(x) = x, P the state one period on. P is followed by a block of its own, whose
 * lanes are x and x moved along each state, so that one run gives P and its Jacobian. In a fully linear model
 * P(x) = A x + w and one solution is exact. Otherwise Newton's method, and where that does not come nearer,
 * plain periods.
 */
#ifndef PT_ODE_ORBIT_H
#define PT_ODE_ORBIT_H

#include "model/model_internal.h"

typedef struct pt_orbit pt_orbit; /* work space, one a thread */

/* For models with delays or triggers, which no block follows here, periodic orbits are PT_UNSUPPORTED and
 * states at rest are Newton's alone. The memory of a block and of (n_state + 1) states; no run allocates. */
pt_status pt_orbit_create(const pt_model *model, const pt_ode_options *options, pt_orbit **orbit);
void pt_orbit_free(pt_orbit *orbit);

/* x (n_state): in a guess, out the state at t0 of the orbit under p (n_param) of a schedule whose actions lie
 * in [t0, t0 + period) and that was followed ever before; its doses, infusions and lags may reach over the
 * end of the period, rate (n_dose, may be null) are the INFUSION_ON that run at t0. *residual: the largest
 * |P(x)_i - x_i| / (atol + rtol |x_i|). NOT_CONVERGED and SINGULAR leave the best x. */
pt_status pt_orbit_periodic(pt_orbit *orbit, const double *p, const double *rate, const pt_schedule *schedule,
                            double t0, double period, double *x, double *residual);

/* x (n_state): in a guess, out f(t, x, p) + inflow = 0 with the rates (n_dose, before the ports' factors;
 * null: 0); a state with fixed[i] != 0 (null: none) keeps its value and its equation is left out. Delayed
 * states are those of now. *residual: the largest |dx_i| / (atol + rtol |x_i|) of Newton's last step dx. */
pt_status pt_orbit_rest(pt_orbit *orbit, const double *p, const double *rate, double t, const int8_t *fixed,
                        double *x, double *residual);

/* Room for at most `limit` directions of the block that the orbit serves. */
pt_status pt_orbit_add_tangents(pt_orbit *orbit, int limit);

struct pt_block;
/* A dose record with a steady state in slot s: its states, and what of the past still runs. */
void pt_slot_steady(struct pt_block *b, int s, const pt_dose *dose);

#endif
