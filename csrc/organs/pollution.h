/* POLLU: the chemical part of an air pollution model, 25 reactions of 20 species, stiff.
 *
 *   r1 = k1 y1        r2 = k2 y2 y4     r3 = k3 y5 y2     r4 = k4 y7        r5 = k5 y7
 *   r6 = k6 y7 y6     r7 = k7 y9        r8 = k8 y9 y6     r9 = k9 y11 y2    r10 = k10 y11 y1
 *   r11 = k11 y13     r12 = k12 y10 y2  r13 = k13 y14     r14 = k14 y1 y6   r15 = k15 y3
 *   r16 = k16 y4      r17 = k17 y4      r18 = k18 y16     r19 = k19 y16     r20 = k20 y17 y6
 *   r21 = k21 y19     r22 = k22 y19     r23 = k23 y1 y4   r24 = k24 y19 y1  r25 = k25 y20
 *
 *   dy1/dt = r2 + r3 + r9 + r11 + r12 + r22 + r25 - r1 - r10 - r14 - r23 - r24
 *   dy2/dt = r1 + r21 - r2 - r3 - r9 - r12
 *   dy3/dt = r1 + r17 + r19 + r22 - r15
 *   dy4/dt = r15 - r2 - r16 - r17 - r23
 *   dy5/dt = 2 r4 + r6 + r7 + r13 + r20 - r3
 *   dy6/dt = r3 + 2 r18 - r6 - r8 - r14 - r20
 *   dy7/dt = r13 - r4 - r5 - r6
 *   dy8/dt = r4 + r5 + r6 + r7
 *   dy9/dt = -r7 - r8
 *   dy10/dt = r7 + r9 - r12
 *   dy11/dt = r8 + r11 - r9 - r10
 *   dy12/dt = r9
 *   dy13/dt = r10 - r11
 *   dy14/dt = r12 - r13
 *   dy15/dt = r14
 *   dy16/dt = r16 - r18 - r19
 *   dy17/dt = -r20
 *   dy18/dt = r20
 *   dy19/dt = r23 + r25 - r21 - r22 - r24
 *   dy20/dt = r24 - r25
 *
 * Concentrations in ppm, time in minutes.
 *
 * Verwer JG. Gauss-Seidel iteration for stiff ODEs from chemical kinetics. SIAM J Sci Comput 1994;15:1243-50.
 * Mazzia F, Magherini C. Test Set for Initial Value Problem Solvers, release 2.4, University of Bari 2008,
 * problem POLLU.
 */
#ifndef PT_POLLUTION_H
#define PT_POLLUTION_H

#include "organs/problem.h"

#define POLLUTION_STATES(X)                                                                                  \
    X(y1, "[ppm]", 0, -INFINITY, INFINITY, "NO2")                                                            \
    X(y2, "[ppm]", 0.2, -INFINITY, INFINITY, "NO")                                                           \
    X(y3, "[ppm]", 0, -INFINITY, INFINITY, "O3P")                                                            \
    X(y4, "[ppm]", 0.04, -INFINITY, INFINITY, "O3")                                                          \
    X(y5, "[ppm]", 0, -INFINITY, INFINITY, "HO2")                                                            \
    X(y6, "[ppm]", 0, -INFINITY, INFINITY, "OH")                                                             \
    X(y7, "[ppm]", 0.1, -INFINITY, INFINITY, "HCHO")                                                         \
    X(y8, "[ppm]", 0.3, -INFINITY, INFINITY, "CO")                                                           \
    X(y9, "[ppm]", 0.01, -INFINITY, INFINITY, "ALD")                                                         \
    X(y10, "[ppm]", 0, -INFINITY, INFINITY, "MEO2")                                                          \
    X(y11, "[ppm]", 0, -INFINITY, INFINITY, "C2O3")                                                          \
    X(y12, "[ppm]", 0, -INFINITY, INFINITY, "CO2")                                                           \
    X(y13, "[ppm]", 0, -INFINITY, INFINITY, "PAN")                                                           \
    X(y14, "[ppm]", 0, -INFINITY, INFINITY, "CH3O")                                                          \
    X(y15, "[ppm]", 0, -INFINITY, INFINITY, "HNO3")                                                          \
    X(y16, "[ppm]", 0, -INFINITY, INFINITY, "O1D")                                                           \
    X(y17, "[ppm]", 0.007, -INFINITY, INFINITY, "SO2")                                                       \
    X(y18, "[ppm]", 0, -INFINITY, INFINITY, "SO4")                                                           \
    X(y19, "[ppm]", 0, -INFINITY, INFINITY, "NO3")                                                           \
    X(y20, "[ppm]", 0, -INFINITY, INFINITY, "N2O5")

#define POLLUTION_PARAMS(X)                                                                                  \
    X(k1, "1", 0.35, 0, INFINITY, "rate of reaction 1")                                                      \
    X(k2, "1", 26.6, 0, INFINITY, "rate of reaction 2")                                                      \
    X(k3, "1", 12300, 0, INFINITY, "rate of reaction 3")                                                     \
    X(k4, "1", 0.00086, 0, INFINITY, "rate of reaction 4")                                                   \
    X(k5, "1", 0.00082, 0, INFINITY, "rate of reaction 5")                                                   \
    X(k6, "1", 15000, 0, INFINITY, "rate of reaction 6")                                                     \
    X(k7, "1", 0.00013, 0, INFINITY, "rate of reaction 7")                                                   \
    X(k8, "1", 24000, 0, INFINITY, "rate of reaction 8")                                                     \
    X(k9, "1", 16500, 0, INFINITY, "rate of reaction 9")                                                     \
    X(k10, "1", 9000, 0, INFINITY, "rate of reaction 10")                                                    \
    X(k11, "1", 0.022, 0, INFINITY, "rate of reaction 11")                                                   \
    X(k12, "1", 12000, 0, INFINITY, "rate of reaction 12")                                                   \
    X(k13, "1", 1.88, 0, INFINITY, "rate of reaction 13")                                                    \
    X(k14, "1", 16300, 0, INFINITY, "rate of reaction 14")                                                   \
    X(k15, "1", 4.8e6, 0, INFINITY, "rate of reaction 15")                                                   \
    X(k16, "1", 0.00035, 0, INFINITY, "rate of reaction 16")                                                 \
    X(k17, "1", 0.0175, 0, INFINITY, "rate of reaction 17")                                                  \
    X(k18, "1", 1e8, 0, INFINITY, "rate of reaction 18")                                                     \
    X(k19, "1", 4.44e11, 0, INFINITY, "rate of reaction 19")                                                 \
    X(k20, "1", 1240, 0, INFINITY, "rate of reaction 20")                                                    \
    X(k21, "1", 2.1, 0, INFINITY, "rate of reaction 21")                                                     \
    X(k22, "1", 5.78, 0, INFINITY, "rate of reaction 22")                                                    \
    X(k23, "1", 0.0474, 0, INFINITY, "rate of reaction 23")                                                  \
    X(k24, "1", 1780, 0, INFINITY, "rate of reaction 24")                                                    \
    X(k25, "1", 3.12, 0, INFINITY, "rate of reaction 25")

#endif
