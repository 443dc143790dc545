/* Lorenz's equations: convection that is chaotic.
 *
 *   dx/dt = sigma (y - x)
 *   dy/dt = x (rho - z) - y
 *   dz/dt = x y - beta z
 *
 * Lorenz EN. Deterministic nonperiodic flow. J Atmos Sci 1963;20:130-141; the parameters are those of its
 * section 7, the initial state (0, 1, 0) too.
 */
#ifndef PT_LORENZ_H
#define PT_LORENZ_H

#include <math.h>

#include "organs/organ.h"

#define LORENZ_STATES(X)                                                                                     \
    X(x, "1", 0, -INFINITY, INFINITY, "intensity of the convection")                                         \
    X(y, "1", 1, -INFINITY, INFINITY, "difference of temperature between currents")                          \
    X(z, "1", 0, -INFINITY, INFINITY, "distortion of the vertical temperature profile")

#define LORENZ_PARAMS(X)                                                                                     \
    X(sigma, "1", 10, 0, INFINITY, "Prandtl number")                                                         \
    X(rho, "1", 28, 0, INFINITY, "Rayleigh number over its critical value")                                  \
    X(beta, "1", 8.0 / 3, 0, INFINITY, "4 / (1 + a^2), a the wave number")

#define LORENZ_INPUTS(X)

#define LORENZ_OUTPUTS(OUT)                                                                                  \
    OUT(X, "1", 0, -INFINITY, INFINITY, "x")                                                                 \
    OUT(Y, "1", 0, -INFINITY, INFINITY, "y")                                                                 \
    OUT(Z, "1", 0, -INFINITY, INFINITY, "z")

#endif
