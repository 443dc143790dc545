/* Robertson's chemical reaction, stiff over eleven decades of time.
 *
 *   dy1/dt = -k1 y1 + k3 y2 y3
 *   dy2/dt =  k1 y1 - k3 y2 y3 - k2 y2^2
 *   dy3/dt =                     k2 y2^2
 *
 * Robertson HH. The solution of a set of reaction rate equations. In: Walsh J (ed). Numerical Analysis, an
 * Introduction. Academic Press 1966:178-182. Hairer E, Wanner G. Solving Ordinary Differential Equations II,
 * 2nd ed., Springer 1996, IV.1 (1.4).
 */
#ifndef PT_ROBERTSON_H
#define PT_ROBERTSON_H

#include "organs/problem.h"

#define ROBERTSON_STATES(X)                                                                                  \
    X(y1, "1", 1, -INFINITY, INFINITY, "slow species")                                                       \
    X(y2, "1", 0, -INFINITY, INFINITY, "fast species")                                                       \
    X(y3, "1", 0, -INFINITY, INFINITY, "product")

#define ROBERTSON_PARAMS(X)                                                                                  \
    X(k1, "1", 0.04, 0, INFINITY, "rate of y1 -> y2")                                                        \
    X(k2, "1", 3e7, 0, INFINITY, "rate of 2 y2 -> y2 + y3")                                                  \
    X(k3, "1", 1e4, 0, INFINITY, "rate of y2 + y3 -> y1 + y3")

#endif
