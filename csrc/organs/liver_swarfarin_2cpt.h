/* S-warfarin: absorption, distribution and hepatic clearance, two compartments.
 *
 *   dA1/dt = -ka A1                                       depot; a dose adds F * dose / 2
 *   dA2/dt =  ka A1 - (CL/V1) A2 - (Q/V1) A2 + (Q/V2) A3  central
 *   dA3/dt =  (Q/V1) A2 - (Q/V2) A3                       peripheral
 *   Cs     =  A2 / V1                                     plasma concentration of S-warfarin
 *
 * Values: a person of 71 years with two CYP2C9 *1 alleles. CL = 0.314 (1 - 0.0091 (age - 71)) (1 -
 * reduction), with the reduction by diplotype *1*2 0.315, *1*3 0.453, *2*2 0.722, *2*3 0.690, *3*3 0.852,
 * belongs to the Population. F = 0.9 is the value of the public implementation that reproduces the paper's
 * figure 3.
 *
 * Hamberg AK, Dahl ML, Barban M, et al. A PK-PD model for predicting the impact of age, CYP2C9, and VKORC1
 * genotype on individualization of warfarin therapy. Clin Pharmacol Ther 2007;81:529-38.
 */
#ifndef PT_LIVER_SWARFARIN_2CPT_H
#define PT_LIVER_SWARFARIN_2CPT_H

#include <math.h>

#include "organs/organ.h"

#define LIVER_SWARFARIN_2CPT_STATES(X)                                                                       \
    X(A1, "mg", 0, 0, INFINITY, "S-warfarin at the site of absorption")                                      \
    X(A2, "mg", 0, 0, INFINITY, "S-warfarin in the central compartment")                                     \
    X(A3, "mg", 0, 0, INFINITY, "S-warfarin in the peripheral compartment")

#define LIVER_SWARFARIN_2CPT_PARAMS(X)                                                                       \
    X(ka, "/h", 2, 0, INFINITY, "absorption rate constant (fixed in the paper)")                             \
    X(CL, "L/h", 0.314, 0, INFINITY, "clearance of S-warfarin")                                              \
    X(V1, "L", 13.8, 1e-9, INFINITY, "central volume of S-warfarin")                                         \
    X(Q, "L/h", 0.131, 0, INFINITY, "clearance between the compartments")                                    \
    X(V2, "L", 6.59, 1e-9, INFINITY, "peripheral volume of S-warfarin")                                      \
    X(F, "1", 0.9, 0, 1, "bioavailability")

#define LIVER_SWARFARIN_2CPT_INPUTS(X)

#define LIVER_SWARFARIN_2CPT_OUTPUTS(X) X(Cs, "mg/L", 0, 0, INFINITY, "plasma concentration of S-warfarin")

#endif
