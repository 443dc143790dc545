/* Glucose and insulin in type 1 diabetes: the model of Hovorka and colleagues (10 states).
 *
 *   G      = Q1/VG                                                      plasma glucose, mmol/L
 *   F01c   = F01 min(1, G/GF)                                           uptake that needs no insulin
 *   FR     = kR max(0, G - GR) VG                                       loss in urine
 *   dQ1/dt = D2/tmaxG + EGP0 max(0, 1 - x3) + k12 Q2 - x1 Q1 - F01c - FR
 *   dQ2/dt = x1 Q1 - (k12 + x2) Q2
 *   dS1/dt = u - S1/tmaxI, dS2/dt = (S1 - S2)/tmaxI                     insulin under the skin; u mU/min
 *   dI/dt  = S2/(tmaxI VI) - ke I                                       plasma insulin, mU/L
 *   dx1/dt = ka1 (SIT I - x1)                                           transport of glucose
 *   dx2/dt = ka2 (SID I - x2)                                           its disposal
 *   dx3/dt = ka3 (SIE I - x3)                                           hold on endogenous production
 *   dD1/dt = AG Dg - D1/tmaxG, dD2/dt = (D1 - D2)/tmaxG                 gut; Dg = g/min 1000/180.16 mmol/min
 *
 * VG, VI, F01 and EGP0 are per kg here and times BW in the equations. The start is the steady state at the
 * glucose G0 with no food: F = F01c + FR - EGP0, x_i = SI_i I and
 *   (SIT SID Q1 + EGP0 SIE SID) I^2 + (F SID + EGP0 SIE k12) I + F k12 = 0,
 * whose one root above 0 exists where F < 0. The basal insulin that holds it is S1/tmaxI.
 *
 * Hovorka R, Canonico V, Chassin LJ, et al. Nonlinear model predictive control of glucose concentration in
 * subjects with type 1 diabetes. Physiol Meas 2004;25:905-20. Values: its Table 1 and text.
 */
#ifndef PT_GLUCOSE_HOVORKA2004_H
#define PT_GLUCOSE_HOVORKA2004_H

#include <math.h>

#include "organs/organ.h"

#define GLUCOSE_HOVORKA2004_STATES(X)                                                                        \
    X(Q1, "mmol", 56, 0, INFINITY, "glucose in plasma and what exchanges quickly with it")                   \
    X(Q2, "mmol", 23.3574875, 0, INFINITY, "glucose that is not accessible")                                 \
    X(S1, "m[IU]", 367.332030, 0, INFINITY, "insulin under the skin, first compartment")                     \
    X(S2, "m[IU]", 367.332030, 0, INFINITY, "insulin under the skin, second compartment")                    \
    X(I, "m[IU]/L", 5.76152880, 0, INFINITY, "plasma insulin")                                               \
    X(x1, "/min", 0.0294990275, 0, INFINITY, "insulin's effect on transport of glucose")                     \
    X(x2, "/min", 0.00472445362, 0, INFINITY, "insulin's effect on disposal of glucose")                     \
    X(x3, "1", 0.299599498, 0, INFINITY, "insulin's effect on endogenous production")                        \
    X(D1, "mmol", 0, 0, INFINITY, "glucose of meals in the gut, first compartment")                          \
    X(D2, "mmol", 0, 0, INFINITY, "glucose of meals in the gut, second compartment")

#define GLUCOSE_HOVORKA2004_PARAMS(X)                                                                        \
    X(BW, "kg", 70, 1e-3, INFINITY, "body weight")                                                           \
    X(VG, "L/kg", 0.16, 1e-9, INFINITY, "volume of distribution of glucose")                                 \
    X(VI, "L/kg", 0.12, 1e-9, INFINITY, "volume of distribution of insulin")                                 \
    X(F01, "mmol/kg/min", 0.0097, 0, INFINITY, "uptake of glucose that needs no insulin")                    \
    X(EGP0, "mmol/kg/min", 0.0161, 0, INFINITY, "endogenous production of glucose without insulin")          \
    X(k12, "/min", 0.066, 1e-9, INFINITY, "transfer from the inaccessible to the accessible compartment")    \
    X(ka1, "/min", 0.006, 0, INFINITY, "deactivation of the effect on transport")                            \
    X(ka2, "/min", 0.06, 0, INFINITY, "deactivation of the effect on disposal")                              \
    X(ka3, "/min", 0.03, 0, INFINITY, "deactivation of the effect on endogenous production")                 \
    X(SIT, "L/min/m[IU]", 51.2e-4, 0, INFINITY, "insulin sensitivity of transport")                          \
    X(SID, "L/min/m[IU]", 8.2e-4, 0, INFINITY, "insulin sensitivity of disposal")                            \
    X(SIE, "L/m[IU]", 520e-4, 0, INFINITY, "insulin sensitivity of endogenous production")                   \
    X(tmaxG, "min", 40, 1e-9, INFINITY, "time to the peak of absorption of carbohydrate")                    \
    X(AG, "1", 0.8, 0, 1, "share of the carbohydrate that is absorbed")                                      \
    X(tmaxI, "min", 55, 1e-9, INFINITY, "time to the peak of absorption of insulin")                         \
    X(ke, "/min", 0.138, 1e-9, INFINITY, "elimination of plasma insulin")                                    \
    X(GF, "mmol/L", 4.5, 1e-9, INFINITY, "glucose below which the uptake without insulin falls")             \
    X(GR, "mmol/L", 9, 0, INFINITY, "renal threshold of glucose")                                            \
    X(kR, "/min", 0.003, 0, INFINITY, "loss in urine above the renal threshold")                             \
    X(G0, "mmol/L", 5, 0, INFINITY, "glucose at the start, held by basal insulin")

#define GLUCOSE_HOVORKA2004_INPUTS(X)

#define GLUCOSE_HOVORKA2004_OUTPUTS(X)                                                                       \
    X(G, "mmol/L", 0, 0, INFINITY, "plasma glucose")                                                         \
    X(I, "m[IU]/L", 0, 0, INFINITY, "plasma insulin")

#endif
