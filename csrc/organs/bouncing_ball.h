/* Bouncing ball: free fall onto a floor that gives back a part of the speed.
 *
 *   dh/dt = v, dv/dt = -g          in the air
 *   h <- 0, v <- -e v              event "bounce", where the height falls through 0
 *   v <- v + value                 event "kick"
 *
 * From rest at H the ball bounces at t_1 = sqrt(2 H / g), and then each time 2 e^k t_1 later, k = 1, 2, ...;
 * the bounces pile up at t_1 (1 + e) / (1 - e).
 *
 * A test problem of events that the state triggers: van der Schaft A, Schumacher H. An Introduction to Hybrid
 * Dynamical Systems. Springer 2000. The values are ours.
 */
#ifndef PT_BOUNCING_BALL_H
#define PT_BOUNCING_BALL_H

#include <math.h>

#include "organs/organ.h"

#define BOUNCING_BALL_STATES(X)                                                                              \
    X(h, "m", 1, 0, INFINITY, "height")                                                                      \
    X(v, "m/s", 0, -INFINITY, INFINITY, "speed, upwards")

#define BOUNCING_BALL_PARAMS(X)                                                                              \
    X(g, "m/s2", 9.81, 0, INFINITY, "acceleration of gravity")                                               \
    X(e, "1", 0.9, 0, 1, "restitution: part of the speed that a bounce gives back")

#define BOUNCING_BALL_INPUTS(X)

#define BOUNCING_BALL_OUTPUTS(X)                                                                             \
    X(height, "m", 0, 0, INFINITY, "height")                                                                 \
    X(speed, "m/s", 0, -INFINITY, INFINITY, "speed, upwards")

#endif
