/* Chemical Akzo Nobel problem: two species react under a flow of carbon dioxide, index 1 with one algebraic
 * state.
 *
 *   r1 = k1 y1^4 sqrt(y2)   r2 = k2 y3 y4   r3 = (k2 / K) y1 y5   r4 = k3 y1 y4^2   r5 = k4 y6^2 sqrt(y2)
 *   F = klA (pCO2 / H - y2)
 *   dy1/dt = -2 r1 + r2 - r3 - r4
 *   dy2/dt = -r1 / 2 - r4 - r5 / 2 + F
 *   dy3/dt = r1 - r2 + r3
 *   dy4/dt = -r2 + r3 - 2 r4
 *   dy5/dt = r2 - r3 + r5
 *   0      = Ks y1 y4 - y6
 *
 * Time in minutes. Mazzia F, Magherini C. Test Set for Initial Value Problem Solvers, release 2.4, University
 * of Bari 2008, problem Chemical Akzo Nobel (of Akzo Nobel Central Research; in the test set by Stortelder
 * WJH, 1998).
 */
#ifndef PT_AKZO_NOBEL_H
#define PT_AKZO_NOBEL_H

#include "organs/problem.h"

#define AKZO_NOBEL_STATES(X)                                                                                 \
    X(y1, "mol/L", 0.444, 0, INFINITY, "FLB")                                                                \
    X(y2, "mol/L", 0.00123, 0, INFINITY, "CO2")                                                              \
    X(y3, "mol/L", 0, 0, INFINITY, "FLBT")                                                                   \
    X(y4, "mol/L", 0.007, 0, INFINITY, "ZHU")                                                                \
    X(y5, "mol/L", 0, 0, INFINITY, "ZLA")                                                                    \
    X(y6, "mol/L", 0.35999964, 0, INFINITY, "FLB.ZHU, algebraic")

#define AKZO_NOBEL_PARAMS(X)                                                                                 \
    X(k1, "1", 18.7, 0, INFINITY, "rate of reaction 1")                                                      \
    X(k2, "1", 0.58, 0, INFINITY, "rate of reactions 2 and 3")                                               \
    X(k3, "1", 0.09, 0, INFINITY, "rate of reaction 4")                                                      \
    X(k4, "1", 0.42, 0, INFINITY, "rate of reaction 5")                                                      \
    X(K, "1", 34.4, 1e-9, INFINITY, "equilibrium of reactions 2 and 3")                                      \
    X(klA, "1", 3.3, 0, INFINITY, "transfer of CO2")                                                         \
    X(Ks, "1", 115.83, 0, INFINITY, "equilibrium of FLB.ZHU")                                                \
    X(pCO2, "1", 0.9, 0, INFINITY, "partial pressure of CO2")                                                \
    X(H, "1", 737, 1e-9, INFINITY, "Henry constant of CO2")

#endif
