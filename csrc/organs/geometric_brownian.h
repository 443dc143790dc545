/* Geometric Brownian motion: growth with multiplicative noise.
 *
 *   dx = mu x dt + sigma x dW          (Ito)
 *
 * x(t) = x(0) exp((mu - sigma^2 / 2) t + sigma W(t)), mean x(0) exp(mu t).
 *
 * Kloeden PE, Platen E. Numerical Solution of Stochastic Differential Equations. Springer 1992, 4.4. The
 * values are ours.
 */
#ifndef PT_GEOMETRIC_BROWNIAN_H
#define PT_GEOMETRIC_BROWNIAN_H

#include <math.h>

#include "organs/organ.h"

#define GEOMETRIC_BROWNIAN_STATES(X) X(x, "1", 1, 0, INFINITY, "state")

#define GEOMETRIC_BROWNIAN_PARAMS(X)                                                                         \
    X(mu, "1", 0.1, -INFINITY, INFINITY, "mean growth")                                                      \
    X(sigma, "1", 0.2, 0, INFINITY, "relative diffusion coefficient")

#define GEOMETRIC_BROWNIAN_INPUTS(X)

#define GEOMETRIC_BROWNIAN_OUTPUTS(X) X(value, "1", 0, -INFINITY, INFINITY, "the state")

#endif
