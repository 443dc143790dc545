/* The organs that are built in: one line each. */
#ifndef PT_ORGANS_ORGANS_H
#define PT_ORGANS_ORGANS_H

#include "organs/functions.h"

#define PT_ORGAN_LIST(X)                                                                                     \
    X(liver_swarfarin_1cpt)                                                                                  \
    X(liver_swarfarin_2cpt)                                                                                  \
    X(coagulation_hamberg2010)                                                                               \
    X(coagulation_hamberg2007)

#define PT_ORGAN_NUMBER(name) PT_ORGAN_##name,
enum { PT_ORGAN_LIST(PT_ORGAN_NUMBER) PT_N_ORGAN };

#ifndef PT_DUAL
#define PT_ORGAN_DECLARE(name)                                                                               \
    extern const pt_organ_functions pt_organ_##name;                                                         \
    extern const pt_organ_sheet pt_sheet_##name;
PT_ORGAN_LIST(PT_ORGAN_DECLARE)
#endif

#endif
