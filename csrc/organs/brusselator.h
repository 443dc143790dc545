/* Brusselator: an autocatalytic reaction with a limit cycle, as two ordinary differential equations; not
 * stiff.
 *
 *   du/dt = a + u^2 v - (b + 1) u
 *   dv/dt = b u - u^2 v
 *
 * Lefever R, Nicolis G. Chemical instabilities and sustained oscillations. J Theor Biol 1971;30:267-84.
 * Hairer E, Norsett SP, Wanner G. Solving Ordinary Differential Equations I, 2nd ed., Springer 1993, I.16 and
 * II.4 (4.15).
 */
#ifndef PT_BRUSSELATOR_H
#define PT_BRUSSELATOR_H

#include "organs/problem.h"

#define BRUSSELATOR_STATES(X)                                                                                \
    X(u, "1", 1.5, -INFINITY, INFINITY, "first species")                                                     \
    X(v, "1", 3, -INFINITY, INFINITY, "second species")

#define BRUSSELATOR_PARAMS(X)                                                                                \
    X(a, "1", 1, 0, INFINITY, "inflow of u")                                                                 \
    X(b, "1", 3, 0, INFINITY, "conversion of u")

#endif
