/* Pendulum without friction, length 1.
 *
 *   dangle/dt = rate
 *   drate/dt  = -g sin(angle)
 *
 * A step dt of Euler's method is the discrete model of Sarkka S, Svensson L. Bayesian Filtering and
 * Smoothing. Cambridge University Press 2023, example 5.7, whose measurement is the horizontal position
 * sin(angle).
 */
#ifndef PT_PENDULUM_H
#define PT_PENDULUM_H

#include <math.h>

#include "organs/organ.h"

#define PENDULUM_STATES(X)                                                                                   \
    X(angle, "1", 1.5, -INFINITY, INFINITY, "angle from the vertical, rad")                                  \
    X(rate, "1/s", 0, -INFINITY, INFINITY, "angular velocity")

#define PENDULUM_PARAMS(X) X(g, "m/s2", 9.81, 0, INFINITY, "gravity; the length of the pendulum is 1 m")

#define PENDULUM_INPUTS(X)

#define PENDULUM_OUTPUTS(X)                                                                                  \
    X(position, "1", 0, -1, 1, "horizontal position, as a share of the length")                              \
    X(angle, "1", 0, -INFINITY, INFINITY, "angle from the vertical, rad")

#endif
