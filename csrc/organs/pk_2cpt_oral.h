/* Two compartments with first-order absorption, for any drug.
 *
 *   dA1/dt = -KA A1                    A1 depot (dose port oral), A2 central (dose port intravenous),
 *   dA2/dt =  KA A1 - (CL/V2) A2 - (Q/V2) A2 + (Q/V3) A3           A3 peripheral
 *   dA3/dt =  (Q/V2) A2 - (Q/V3) A3
 *   C      =  A2/V2
 *
 * Each port has a bioavailability F, a lag ALAG, and for dose records that ask for them the duration D and
 * the rate R of an infusion.
 *
 * These are ADVAN4 and TRANS4 of NONMEM's PREDPP, where V2 is the central and V3 the peripheral volume: Beal
 * SL, Sheiner LB, Boeckmann AJ, Bauer RJ (eds). NONMEM 7 Users Guides, part VI, PREDPP. ICON Development
 * Solutions, Gaithersburg. The defaults belong to no drug: KA, CL and V2 as in pk_1cpt_oral.h, Q and V3
 * untraced.
 */
#ifndef PT_PK_2CPT_ORAL_H
#define PT_PK_2CPT_ORAL_H

#include <math.h>

#include "organs/organ.h"

#define PK_2CPT_ORAL_STATES(X)                                                                               \
    X(A1, "mg", 0, 0, INFINITY, "drug in the depot")                                                         \
    X(A2, "mg", 0, 0, INFINITY, "drug in the central compartment")                                           \
    X(A3, "mg", 0, 0, INFINITY, "drug in the peripheral compartment")

#define PK_2CPT_ORAL_PARAMS(X)                                                                               \
    X(KA, "/h", 1.5, 0, INFINITY, "absorption rate constant")                                                \
    X(CL, "L/h", 1.1, 0, INFINITY, "clearance")                                                              \
    X(V2, "L", 20, 1e-9, INFINITY, "central volume")                                                         \
    X(Q, "L/h", 2, 0, INFINITY, "clearance between the compartments")                                        \
    X(V3, "L", 40, 1e-9, INFINITY, "peripheral volume")                                                      \
    X(F1, "1", 1, 0, INFINITY, "bioavailability of doses into the depot")                                    \
    X(ALAG1, "h", 0, 0, INFINITY, "lag of doses into the depot")                                             \
    X(D1, "h", 0, 0, INFINITY, "duration of infusions into the depot that ask for it")                       \
    X(R1, "mg/h", 0, 0, INFINITY, "rate of infusions into the depot that ask for it")                        \
    X(F2, "1", 1, 0, INFINITY, "bioavailability of doses into the central compartment")                      \
    X(ALAG2, "h", 0, 0, INFINITY, "lag of doses into the central compartment")                               \
    X(D2, "h", 0, 0, INFINITY, "duration of infusions into the central compartment that ask for it")         \
    X(R2, "mg/h", 0, 0, INFINITY, "rate of infusions into the central compartment that ask for it")

#define PK_2CPT_ORAL_INPUTS(X)

#define PK_2CPT_ORAL_OUTPUTS(X) X(C, "mg/L", 0, 0, INFINITY, "concentration in the central compartment")

#endif
