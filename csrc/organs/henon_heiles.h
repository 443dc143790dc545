/* Motion of a star in the meridian plane of a galaxy: two coupled oscillators. A test problem with four
 * states for filters; its outputs are one that is not linear and one that is.
 *
 *   dx/dt = u               dy/dt = v
 *   du/dt = -x - 2 lambda x y
 *   dv/dt = -y - lambda (x^2 - y^2)
 *
 * Henon M, Heiles C. The applicability of the third integral of motion: some numerical experiments. Astron J
 * 1964;69:73-79, where lambda is 1 and motions of an energy (u^2 + v^2 + x^2 + y^2)/2 + x^2 y - y^3/3 below
 * 1/6 are bounded. The initial state, of energy 0.125, is our choice.
 */
#ifndef PT_HENON_HEILES_H
#define PT_HENON_HEILES_H

#include <math.h>

#include "organs/organ.h"

#define HENON_HEILES_STATES(X)                                                                               \
    X(x, "1", 0, -INFINITY, INFINITY, "first coordinate")                                                    \
    X(y, "1", 0.1, -INFINITY, INFINITY, "second coordinate")                                                 \
    X(u, "1", 0.49, -INFINITY, INFINITY, "velocity of x")                                                    \
    X(v, "1", 0, -INFINITY, INFINITY, "velocity of y")

#define HENON_HEILES_PARAMS(X) X(lambda, "1", 1, -INFINITY, INFINITY, "strength of the coupling")

#define HENON_HEILES_INPUTS(X)

#define HENON_HEILES_OUTPUTS(OUT)                                                                            \
    OUT(r, "1", 0, 0, INFINITY, "distance from the centre")                                                  \
    OUT(y, "1", 0, -INFINITY, INFINITY, "second coordinate")

#endif
