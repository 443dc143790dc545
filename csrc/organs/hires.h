/* HIRES: high irradiance response of photomorphogenesis by phytochrome, eight species, stiff.
 *
 *   dy1/dt = -k1 y1 + k2 y2 + k6 y3 + oks
 *   dy2/dt =  k1 y1 - (k2 + k3) y2
 *   dy3/dt = -(k6 + k1) y3 + k2 y4 + k5 y5
 *   dy4/dt =  k3 y2 + k1 y3 - (k4 + k2) y4
 *   dy5/dt = -(k5 + k1) y5 + k2 (y6 + y7)
 *   dy6/dt = -k7 y6 y8 + k4 y4 + k1 y5 - k2 y6 + k8 y7
 *   dy7/dt =  k7 y6 y8 - (k2 + k8 + k9) y7
 *   dy8/dt = -dy7/dt
 *
 * Schaefer E. A new approach to explain the "high irradiance responses" of photomorphogenesis on the basis of
 * phytochrome. J Math Biol 1975;2:41-56. Mazzia F, Magherini C. Test Set for Initial Value Problem Solvers,
 * release 2.4, University of Bari 2008, problem HIRES.
 */
#ifndef PT_HIRES_H
#define PT_HIRES_H

#include "organs/problem.h"

#define HIRES_STATES(X)                                                                                      \
    X(y1, "1", 1, -INFINITY, INFINITY, "species 1")                                                          \
    X(y2, "1", 0, -INFINITY, INFINITY, "species 2")                                                          \
    X(y3, "1", 0, -INFINITY, INFINITY, "species 3")                                                          \
    X(y4, "1", 0, -INFINITY, INFINITY, "species 4")                                                          \
    X(y5, "1", 0, -INFINITY, INFINITY, "species 5")                                                          \
    X(y6, "1", 0, -INFINITY, INFINITY, "species 6")                                                          \
    X(y7, "1", 0, -INFINITY, INFINITY, "species 7")                                                          \
    X(y8, "1", 0.0057, -INFINITY, INFINITY, "species 8")

#define HIRES_PARAMS(X)                                                                                      \
    X(k1, "1", 1.71, 0, INFINITY, "rate")                                                                    \
    X(k2, "1", 0.43, 0, INFINITY, "rate")                                                                    \
    X(k3, "1", 8.32, 0, INFINITY, "rate")                                                                    \
    X(k4, "1", 0.69, 0, INFINITY, "rate")                                                                    \
    X(k5, "1", 0.035, 0, INFINITY, "rate")                                                                   \
    X(k6, "1", 8.32, 0, INFINITY, "rate")                                                                    \
    X(k7, "1", 280, 0, INFINITY, "rate of y6 + y8 -> y7")                                                    \
    X(k8, "1", 0.69, 0, INFINITY, "rate")                                                                    \
    X(k9, "1", 0.69, 0, INFINITY, "rate")                                                                    \
    X(oks, "1", 0.0007, 0, INFINITY, "inflow of y1")

#endif
