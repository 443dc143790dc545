/* Mackey and Glass's equation: production of blood cells that answers late.
 *
 *   dx/dt = beta x(t - tau) / (1 + x(t - tau)^n) - gamma x
 *
 * Mackey MC, Glass L. Oscillation and chaos in physiological control systems. Science 1977;197:287-289. The
 * parameters are those of its figure 2 with tau 17, where the solution is chaotic; x was 1.2 before the
 * start, which is ours.
 */
#ifndef PT_MACKEY_GLASS_H
#define PT_MACKEY_GLASS_H

#include <math.h>

#include "organs/organ.h"

#define MACKEY_GLASS_STATES(X) X(x, "1", 1.2, 0, INFINITY, "density of circulating cells")

#define MACKEY_GLASS_PARAMS(X)                                                                               \
    X(beta, "1", 0.2, 0, INFINITY, "largest production")                                                     \
    X(gamma, "1", 0.1, 0, INFINITY, "rate constant of destruction")                                          \
    X(n, "1", 10, 0, INFINITY, "steepness")                                                                  \
    X(tau, "1", 17, 1e-9, INFINITY, "time from the beginning of production to release")

#define MACKEY_GLASS_INPUTS(X)

#define MACKEY_GLASS_OUTPUTS(OUT) OUT(cells, "1", 0, 0, INFINITY, "density of circulating cells")

#endif
