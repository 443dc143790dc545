/* One compartment with first-order absorption and an elimination that saturates (Michaelis and Menten).
 *
 *   dA1/dt = -KA A1                         A1 depot (dose port oral), A2 central (dose port intravenous)
 *   C      =  A2/V
 *   dA2/dt =  KA A1 - VM C/(KM + C)
 *
 * VM is the largest rate of elimination, KM the concentration at which half of it is reached; far below KM
 * the clearance is VM/KM. After a bolus dose into A2 alone, C(t) = KM W(c exp(c - VM t/(V KM))) with c =
 * C(0)/KM and Lambert's W (Schnell S, Mendoza C, J Theor Biol 1997;187:207-12).
 *
 * NONMEM's ADVAN10 with KM as a concentration: Beal SL, Sheiner LB, Boeckmann AJ, Bauer RJ (eds). NONMEM 7
 * Users Guides, part VI, PREDPP. ICON Development Solutions, Gaithersburg. Defaults are phenytoin's in a
 * European of 70 kg: VM (415 mg a day) and KM of Grasela TH, Sheiner LB, Rambeck B, et al. Clin Pharmacokinet
 * 1983;8:355-64; V and KA (oral, fast release) as in Table 2 of Ther Drug Monit 2016;38:728-37, V its
 * estimate, KA the published value that it lists.
 */
#ifndef PT_PK_1CPT_MM_H
#define PT_PK_1CPT_MM_H

#include <math.h>

#include "organs/organ.h"

#define PK_1CPT_MM_STATES(X)                                                                                 \
    X(A1, "mg", 0, 0, INFINITY, "drug in the depot")                                                         \
    X(A2, "mg", 0, 0, INFINITY, "drug in the central compartment")

#define PK_1CPT_MM_PARAMS(X)                                                                                 \
    X(KA, "/h", 0.513, 0, INFINITY, "absorption rate constant")                                              \
    X(VM, "mg/h", 415.0 / 24, 0, INFINITY, "largest rate of elimination")                                    \
    X(KM, "mg/L", 5.7, 1e-9, INFINITY, "concentration at half the largest rate")                             \
    X(V, "L", 78.6, 1e-9, INFINITY, "volume of distribution")                                                \
    X(F1, "1", 1, 0, INFINITY, "bioavailability of doses into the depot")                                    \
    X(ALAG1, "h", 0, 0, INFINITY, "lag of doses into the depot")                                             \
    X(D1, "h", 0, 0, INFINITY, "duration of infusions into the depot that ask for it")                       \
    X(R1, "mg/h", 0, 0, INFINITY, "rate of infusions into the depot that ask for it")                        \
    X(F2, "1", 1, 0, INFINITY, "bioavailability of doses into the central compartment")                      \
    X(ALAG2, "h", 0, 0, INFINITY, "lag of doses into the central compartment")                               \
    X(D2, "h", 0, 0, INFINITY, "duration of infusions into the central compartment that ask for it")         \
    X(R2, "mg/h", 0, 0, INFINITY, "rate of infusions into the central compartment that ask for it")

#define PK_1CPT_MM_INPUTS(X)

#define PK_1CPT_MM_OUTPUTS(X) X(C, "mg/L", 0, 0, INFINITY, "concentration in the central compartment")

#endif
