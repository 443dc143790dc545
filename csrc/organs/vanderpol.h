/* Van der Pol's oscillator, stiff: relaxation with jumps whose width is eps.
 *
 *   dy1/dt = y2
 *   dy2/dt = ((1 - y1^2) y2 - y1) / eps
 *
 * van der Pol B. On relaxation oscillations. Phil Mag 1926;2:978-92. Hairer E, Wanner G. Solving Ordinary
 * Differential Equations II, 2nd ed., Springer 1996, IV.10 (10.1).
 */
#ifndef PT_VANDERPOL_H
#define PT_VANDERPOL_H

#include "organs/problem.h"

#define VANDERPOL_STATES(X)                                                                                  \
    X(y1, "1", 2, -INFINITY, INFINITY, "displacement")                                                       \
    X(y2, "1", 0, -INFINITY, INFINITY, "speed")

#define VANDERPOL_PARAMS(X) X(eps, "1", 1e-6, 1e-12, INFINITY, "stiffness: the smaller, the stiffer")

#endif
