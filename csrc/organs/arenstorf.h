/* Arenstorf orbit: a closed path of a satellite in the field of earth and moon, in their rotating frame.
 *
 *   d2x/dt2 = x + 2 dy/dt - (1 - mu) (x + mu) / D1 - mu (x - (1 - mu)) / D2
 *   d2y/dt2 = y - 2 dx/dt - (1 - mu) y / D1 - mu y / D2
 *   D1 = ((x + mu)^2 + y^2)^(3/2),  D2 = ((x - (1 - mu))^2 + y^2)^(3/2)
 *
 * The initial values are those of the orbit with four loops, period 17.0652165601579625588917206249.
 *
 * Arenstorf RF. Periodic solutions of the restricted three body problem representing analytic continuations
 * of Keplerian elliptic motions. Am J Math 1963;85:27-35. Hairer E, Norsett SP, Wanner G. Solving Ordinary
 * Differential Equations I, 2nd ed., Springer 1993, II.0 (0.1).
 */
#ifndef PT_ARENSTORF_H
#define PT_ARENSTORF_H

#include "organs/problem.h"

#define ARENSTORF_STATES(X)                                                                                  \
    X(x, "1", 0.994, -INFINITY, INFINITY, "position along the line of earth and moon")                       \
    X(y, "1", 0, -INFINITY, INFINITY, "position across it")                                                  \
    X(vx, "1", 0, -INFINITY, INFINITY, "dx/dt")                                                              \
    X(vy, "1", -2.00158510637908252240537862224, -INFINITY, INFINITY, "dy/dt")

#define ARENSTORF_PARAMS(X) X(mu, "1", 0.012277471, 0, 1, "share of the moon in the mass")

#endif
