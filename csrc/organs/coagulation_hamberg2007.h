/* Coagulation: INR response to S-warfarin, a chain of six transit compartments beside a single one.
 *
 *   E      = Emax Cs^gamma / (EC50^gamma + Cs^gamma)            inhibition of VKORC1
 *   dC1/dt = k1 (1 - E - C1), dCi/dt = k1 (C(i-1) - Ci), i = 2..6,   k1 = 6/MTT1
 *   dC7/dt = k2 (1 - E - C7),                                        k2 = 1/MTT2
 *   INR    = BASE + INRmax (1 - C6 C7)^lambda
 *
 * C: coagulation activity relative to the untreated one, 1 at the start. Cs: mg/L. EC50 by VKORC1 -1639:
 * GG 4.61, GA 3.02, AA 2.20 mg/L; the value here is GG.
 *
 * Hamberg AK, Dahl ML, Barban M, et al. Clin Pharmacol Ther 2007;81:529-38.
 */
#ifndef PT_COAGULATION_HAMBERG2007_H
#define PT_COAGULATION_HAMBERG2007_H

#include <math.h>

#include "organs/organ.h"

#define COAGULATION_HAMBERG2007_STATES(X)                                                                    \
    X(C1, "1", 1, 0, 1, "long chain, first compartment")                                                     \
    X(C2, "1", 1, 0, 1, "long chain, second compartment")                                                    \
    X(C3, "1", 1, 0, 1, "long chain, third compartment")                                                     \
    X(C4, "1", 1, 0, 1, "long chain, fourth compartment")                                                    \
    X(C5, "1", 1, 0, 1, "long chain, fifth compartment")                                                     \
    X(C6, "1", 1, 0, 1, "long chain, last compartment")                                                      \
    X(C7, "1", 1, 0, 1, "single compartment")

#define COAGULATION_HAMBERG2007_PARAMS(X)                                                                    \
    X(EC50, "mg/L", 4.61, 1e-9, INFINITY, "S-warfarin concentration of half the effect")                     \
    X(gamma, "1", 0.424, 0, INFINITY, "sigmoidicity")                                                        \
    X(Emax, "1", 1, 0, 1, "largest inhibition")                                                              \
    X(MTT1, "h", 11.6, 1e-9, INFINITY, "mean transit time of the long chain")                                \
    X(MTT2, "h", 120, 1e-9, INFINITY, "mean transit time of the single compartment")                         \
    X(INRmax, "1", 20, 0, INFINITY, "largest rise of INR")                                                   \
    X(lambda, "1", 3.61, 0, INFINITY, "exponent of INR on lost activity")                                    \
    X(BASE, "1", 1, 0, INFINITY, "INR without warfarin")

#define COAGULATION_HAMBERG2007_INPUTS(X) X(Cs, "mg/L", 0, 0, INFINITY, "plasma concentration of S-warfarin")

#define COAGULATION_HAMBERG2007_OUTPUTS(X)                                                                   \
    X(INR, "{INR}", 0, 0, INFINITY, "international normalised ratio of prothrombin time")

#endif
