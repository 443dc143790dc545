/* Lorenz's ring: forty points of a latitude circle, each carried along by its neighbours, damped and driven.
 * Chaotic at F = 8; the touchstone of methods that bring observations into a forecast.
 *
 *   dx_i/dt = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + F,  indices modulo 40
 *
 * Lorenz EN. Predictability: a problem partly solved. Proc ECMWF Seminar on Predictability 1996;1:1-18. Forty
 * points and F = 8 are those of Lorenz EN, Emanuel KA. Optimal sites for supplementary weather observations.
 * J Atmos Sci 1998;55:399-414, who take one unit of time for five days. The initial state is that of Sakov P,
 * Oke PR. A deterministic formulation of the ensemble Kalman filter. Tellus A 2008;60:361-371, as the
 * reference tables of the ensemble methods use it: (1, 0, ..., 0).
 */
#ifndef PT_LORENZ96_H
#define PT_LORENZ96_H

#include "organs/problem.h"

#define LORENZ96_STATES(X)                                                                                   \
    X(x1, "1", 1, -INFINITY, INFINITY, "a quantity at point 1 of the circle")                                \
    X(x2, "1", 0, -INFINITY, INFINITY, "a quantity at point 2 of the circle")                                \
    X(x3, "1", 0, -INFINITY, INFINITY, "a quantity at point 3 of the circle")                                \
    X(x4, "1", 0, -INFINITY, INFINITY, "a quantity at point 4 of the circle")                                \
    X(x5, "1", 0, -INFINITY, INFINITY, "a quantity at point 5 of the circle")                                \
    X(x6, "1", 0, -INFINITY, INFINITY, "a quantity at point 6 of the circle")                                \
    X(x7, "1", 0, -INFINITY, INFINITY, "a quantity at point 7 of the circle")                                \
    X(x8, "1", 0, -INFINITY, INFINITY, "a quantity at point 8 of the circle")                                \
    X(x9, "1", 0, -INFINITY, INFINITY, "a quantity at point 9 of the circle")                                \
    X(x10, "1", 0, -INFINITY, INFINITY, "a quantity at point 10 of the circle")                              \
    X(x11, "1", 0, -INFINITY, INFINITY, "a quantity at point 11 of the circle")                              \
    X(x12, "1", 0, -INFINITY, INFINITY, "a quantity at point 12 of the circle")                              \
    X(x13, "1", 0, -INFINITY, INFINITY, "a quantity at point 13 of the circle")                              \
    X(x14, "1", 0, -INFINITY, INFINITY, "a quantity at point 14 of the circle")                              \
    X(x15, "1", 0, -INFINITY, INFINITY, "a quantity at point 15 of the circle")                              \
    X(x16, "1", 0, -INFINITY, INFINITY, "a quantity at point 16 of the circle")                              \
    X(x17, "1", 0, -INFINITY, INFINITY, "a quantity at point 17 of the circle")                              \
    X(x18, "1", 0, -INFINITY, INFINITY, "a quantity at point 18 of the circle")                              \
    X(x19, "1", 0, -INFINITY, INFINITY, "a quantity at point 19 of the circle")                              \
    X(x20, "1", 0, -INFINITY, INFINITY, "a quantity at point 20 of the circle")                              \
    X(x21, "1", 0, -INFINITY, INFINITY, "a quantity at point 21 of the circle")                              \
    X(x22, "1", 0, -INFINITY, INFINITY, "a quantity at point 22 of the circle")                              \
    X(x23, "1", 0, -INFINITY, INFINITY, "a quantity at point 23 of the circle")                              \
    X(x24, "1", 0, -INFINITY, INFINITY, "a quantity at point 24 of the circle")                              \
    X(x25, "1", 0, -INFINITY, INFINITY, "a quantity at point 25 of the circle")                              \
    X(x26, "1", 0, -INFINITY, INFINITY, "a quantity at point 26 of the circle")                              \
    X(x27, "1", 0, -INFINITY, INFINITY, "a quantity at point 27 of the circle")                              \
    X(x28, "1", 0, -INFINITY, INFINITY, "a quantity at point 28 of the circle")                              \
    X(x29, "1", 0, -INFINITY, INFINITY, "a quantity at point 29 of the circle")                              \
    X(x30, "1", 0, -INFINITY, INFINITY, "a quantity at point 30 of the circle")                              \
    X(x31, "1", 0, -INFINITY, INFINITY, "a quantity at point 31 of the circle")                              \
    X(x32, "1", 0, -INFINITY, INFINITY, "a quantity at point 32 of the circle")                              \
    X(x33, "1", 0, -INFINITY, INFINITY, "a quantity at point 33 of the circle")                              \
    X(x34, "1", 0, -INFINITY, INFINITY, "a quantity at point 34 of the circle")                              \
    X(x35, "1", 0, -INFINITY, INFINITY, "a quantity at point 35 of the circle")                              \
    X(x36, "1", 0, -INFINITY, INFINITY, "a quantity at point 36 of the circle")                              \
    X(x37, "1", 0, -INFINITY, INFINITY, "a quantity at point 37 of the circle")                              \
    X(x38, "1", 0, -INFINITY, INFINITY, "a quantity at point 38 of the circle")                              \
    X(x39, "1", 0, -INFINITY, INFINITY, "a quantity at point 39 of the circle")                              \
    X(x40, "1", 0, -INFINITY, INFINITY, "a quantity at point 40 of the circle")

#define LORENZ96_PARAMS(X) X(F, "1", 8, -INFINITY, INFINITY, "force")

#endif
