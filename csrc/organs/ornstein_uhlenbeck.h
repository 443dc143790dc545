/* Ornstein-Uhlenbeck process: noise with a memory of 1/theta.
 *
 *   dx = theta (mu - x) dt + sigma dW          (Ito)
 *
 * From x(0) the mean is mu + (x(0) - mu) exp(-theta t), the variance sigma^2 (1 - exp(-2 theta t)) / (2
 * theta), and cov(x(s), x(t)) = exp(-theta (t - s)) var x(s) for s <= t.
 *
 * Uhlenbeck GE, Ornstein LS. On the theory of the Brownian motion. Phys Rev 1930;36:823-841. The values are
 * ours.
 */
#ifndef PT_ORNSTEIN_UHLENBECK_H
#define PT_ORNSTEIN_UHLENBECK_H

#include <math.h>

#include "organs/organ.h"

#define ORNSTEIN_UHLENBECK_STATES(X) X(x, "1", 0, -INFINITY, INFINITY, "state")

#define ORNSTEIN_UHLENBECK_PARAMS(X)                                                                         \
    X(theta, "1", 1, 0, INFINITY, "speed of return")                                                         \
    X(mu, "1", 0, -INFINITY, INFINITY, "mean at rest")                                                       \
    X(sigma, "1", 1, 0, INFINITY, "diffusion coefficient")

#define ORNSTEIN_UHLENBECK_INPUTS(X)

#define ORNSTEIN_UHLENBECK_OUTPUTS(X) X(value, "1", 0, -INFINITY, INFINITY, "the state")

#endif
