/* S-warfarin: absorption and hepatic clearance, one compartment.
 *
 *   dA1/dt = -ka A1                    depot; a dose adds F * dose / 2 (the S half of racemic warfarin)
 *   dA2/dt =  ka A1 - (CL/V) A2        body
 *   Cs     =  A2 / V                   plasma concentration of S-warfarin
 *
 * Values: a person of 71 years with two CYP2C9 *1 alleles. CL = (cl_a1 + cl_a2) (1 - 0.00571 (age - 71))
 * with, for each allele, *1 0.174, *2 0.0879, *3 0.0422 L/h, belongs to the Population.
 *
 * Hamberg AK, Wadelius M, Lindh JD, et al. A pharmacometric model describing the relationship between
 * warfarin dose and INR response with respect to variations in CYP2C9, VKORC1, and age. Clin Pharmacol Ther
 * 2010;87:727-34.
 */
#ifndef PT_LIVER_SWARFARIN_1CPT_H
#define PT_LIVER_SWARFARIN_1CPT_H

#include <math.h>

#include "organs/organ.h"

#define LIVER_SWARFARIN_1CPT_STATES(X)                                                                       \
    X(A1, "mg", 0, 0, INFINITY, "S-warfarin at the site of absorption")                                      \
    X(A2, "mg", 0, 0, INFINITY, "S-warfarin in the body")

#define LIVER_SWARFARIN_1CPT_PARAMS(X)                                                                       \
    X(ka, "/h", 2, 0, INFINITY, "absorption rate constant (fixed in the paper)")                             \
    X(CL, "L/h", 0.348, 0, INFINITY, "clearance of S-warfarin")                                              \
    X(V, "L", 14.3, 1e-9, INFINITY, "volume of distribution of S-warfarin")                                  \
    X(F, "1", 1, 0, 1, "bioavailability")

#define LIVER_SWARFARIN_1CPT_INPUTS(X)

#define LIVER_SWARFARIN_1CPT_OUTPUTS(X) X(Cs, "mg/L", 0, 0, INFINITY, "plasma concentration of S-warfarin")

#endif
