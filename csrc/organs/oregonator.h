/* OREGO: the Oregonator, a limit cycle of the Belousov-Zhabotinskii reaction with jumps over five decades.
 *
 *   dy1/dt = s (y2 + y1 (1 - q y1 - y2))
 *   dy2/dt = (y3 - (1 + y1) y2) / s
 *   dy3/dt = w (y1 - y3)
 *
 * Field RJ, Noyes RM. Oscillations in chemical systems IV. Limit cycle behavior in a model of a real chemical
 * reaction. J Chem Phys 1974;60:1877-84. Hairer E, Wanner G. Solving Ordinary Differential Equations II, 2nd
 * ed., Springer 1996, IV.10 (10.3).
 */
#ifndef PT_OREGONATOR_H
#define PT_OREGONATOR_H

#include "organs/problem.h"

#define OREGONATOR_STATES(X)                                                                                 \
    X(y1, "1", 1, -INFINITY, INFINITY, "HBrO2")                                                              \
    X(y2, "1", 2, -INFINITY, INFINITY, "Br-")                                                                \
    X(y3, "1", 3, -INFINITY, INFINITY, "Ce(IV)")

#define OREGONATOR_PARAMS(X)                                                                                 \
    X(s, "1", 77.27, 1e-9, INFINITY, "ratio of rates")                                                       \
    X(q, "1", 8.375e-6, 0, INFINITY, "inverse of the largest y1")                                            \
    X(w, "1", 0.161, 0, INFINITY, "rate of y3")

#endif
