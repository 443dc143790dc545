/* One compartment with first-order absorption, for any drug.
 *
 *   dA1/dt = -KA A1                    A1 depot (dose port oral), A2 central (dose port intravenous)
 *   dA2/dt =  KA A1 - (CL/V) A2
 *   C      =  A2/V
 *
 * Each port has a bioavailability F, a lag ALAG, and for dose records that ask for them the duration D and
 * the rate R of an infusion.
 *
 * These are ADVAN2 and TRANS2 of NONMEM's PREDPP, names of parameters included: Beal SL, Sheiner LB,
 * Boeckmann AJ, Bauer RJ (eds). NONMEM 7 Users Guides, part VI, PREDPP. ICON Development Solutions,
 * Gaithersburg. The defaults of CL, V and KA are those of the public comparison of mrgsolve with NONMEM
 * (github.com/mrgsolve/nmtests); they belong to no drug.
 */
#ifndef PT_PK_1CPT_ORAL_H
#define PT_PK_1CPT_ORAL_H

#include <math.h>

#include "organs/organ.h"

#define PK_1CPT_ORAL_STATES(X)                                                                               \
    X(A1, "mg", 0, 0, INFINITY, "drug in the depot")                                                         \
    X(A2, "mg", 0, 0, INFINITY, "drug in the central compartment")

#define PK_1CPT_ORAL_PARAMS(X)                                                                               \
    X(KA, "/h", 1.5, 0, INFINITY, "absorption rate constant")                                                \
    X(CL, "L/h", 1.1, 0, INFINITY, "clearance")                                                              \
    X(V, "L", 20, 1e-9, INFINITY, "volume of distribution")                                                  \
    X(F1, "1", 1, 0, INFINITY, "bioavailability of doses into the depot")                                    \
    X(ALAG1, "h", 0, 0, INFINITY, "lag of doses into the depot")                                             \
    X(D1, "h", 0, 0, INFINITY, "duration of infusions into the depot that ask for it")                       \
    X(R1, "mg/h", 0, 0, INFINITY, "rate of infusions into the depot that ask for it")                        \
    X(F2, "1", 1, 0, INFINITY, "bioavailability of doses into the central compartment")                      \
    X(ALAG2, "h", 0, 0, INFINITY, "lag of doses into the central compartment")                               \
    X(D2, "h", 0, 0, INFINITY, "duration of infusions into the central compartment that ask for it")         \
    X(R2, "mg/h", 0, 0, INFINITY, "rate of infusions into the central compartment that ask for it")

#define PK_1CPT_ORAL_INPUTS(X)

#define PK_1CPT_ORAL_OUTPUTS(X) X(C, "mg/L", 0, 0, INFINITY, "concentration in the central compartment")

#endif
