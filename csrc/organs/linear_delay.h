/* A linear equation with a delay and a closed form by steps.
 *
 *   dx/dt = -b x(t - tau), x = 1 before the start
 *   x(t) = sum over k >= 0 with t >= (k - 1) tau of (-b)^k (t - (k - 1) tau)^k / k!
 *
 *   event "kick": x <- x + value, to which the answer is the same sum with t - k tau and k tau <= t
 *
 * Bellman R, Cooke KL. Differential-Difference Equations. Academic Press 1963, 3.2 (the method of steps).
 */
#ifndef PT_LINEAR_DELAY_H
#define PT_LINEAR_DELAY_H

#include <math.h>

#include "organs/organ.h"

#define LINEAR_DELAY_STATES(X) X(x, "1", 1, -INFINITY, INFINITY, "state")

#define LINEAR_DELAY_PARAMS(X)                                                                               \
    X(b, "1", 1, -INFINITY, INFINITY, "rate constant")                                                       \
    X(tau, "1", 1, 1e-9, INFINITY, "delay")

#define LINEAR_DELAY_INPUTS(X)

#define LINEAR_DELAY_OUTPUTS(OUT) OUT(value, "1", 0, -INFINITY, INFINITY, "state")

#endif
