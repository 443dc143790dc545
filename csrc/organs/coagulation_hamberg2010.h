/* Coagulation: INR response to S-warfarin, two parallel chains of three transit compartments.
 *
 *   E      = Emax Cs^gamma / (EC50^gamma + Cs^gamma)        inhibition of VKORC1
 *   dC1/dt = k1 (1 - E - C1), dC2/dt = k1 (C1 - C2), dC3/dt = k1 (C2 - C3),   k1 = 3/MTT1
 *   dC4/dt = k2 (1 - E - C4), dC5/dt = k2 (C4 - C5), dC6/dt = k2 (C5 - C6),   k2 = 3/MTT2
 *   INR    = BASE + INRmax (1 - (C3 + C6)/2)
 *
 * C: coagulation activity relative to the untreated one, 1 at the start. Cs: mg/L. EC50 = ec_a1 + ec_a2 with
 * VKORC1 -1639 G 2.05, A 0.96 mg/L belongs to the Population; the value here is GG.
 *
 * Hamberg AK, Wadelius M, Lindh JD, et al. Clin Pharmacol Ther 2010;87:727-34.
 */
#ifndef PT_COAGULATION_HAMBERG2010_H
#define PT_COAGULATION_HAMBERG2010_H

#include <math.h>

#include "organs/organ.h"

#define COAGULATION_HAMBERG2010_STATES(X)                                                                    \
    X(C1, "1", 1, 0, 1, "fast chain, first compartment")                                                     \
    X(C2, "1", 1, 0, 1, "fast chain, second compartment")                                                    \
    X(C3, "1", 1, 0, 1, "fast chain, last compartment")                                                      \
    X(C4, "1", 1, 0, 1, "slow chain, first compartment")                                                     \
    X(C5, "1", 1, 0, 1, "slow chain, second compartment")                                                    \
    X(C6, "1", 1, 0, 1, "slow chain, last compartment")

#define COAGULATION_HAMBERG2010_PARAMS(X)                                                                    \
    X(EC50, "mg/L", 4.1, 1e-9, INFINITY, "S-warfarin concentration of half the effect")                      \
    X(gamma, "1", 1.15, 0, INFINITY, "sigmoidicity")                                                         \
    X(Emax, "1", 1, 0, 1, "largest inhibition")                                                              \
    X(MTT1, "h", 28.6, 1e-9, INFINITY, "mean transit time of the fast chain")                                \
    X(MTT2, "h", 118.3, 1e-9, INFINITY, "mean transit time of the slow chain")                               \
    X(INRmax, "1", 20, 0, INFINITY, "largest rise of INR")                                                   \
    X(BASE, "1", 1, 0, INFINITY, "INR without warfarin")

#define COAGULATION_HAMBERG2010_INPUTS(X) X(Cs, "mg/L", 0, 0, INFINITY, "plasma concentration of S-warfarin")

#define COAGULATION_HAMBERG2010_OUTPUTS(X)                                                                   \
    X(INR, "{INR}", 0, 0, INFINITY, "international normalised ratio of prothrombin time")

#endif
