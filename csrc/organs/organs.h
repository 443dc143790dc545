/* The organs that are built in, over lanes. */
#ifndef PT_ORGANS_ORGANS_H
#define PT_ORGANS_ORGANS_H

#include "organs/functions.h"
#include "organs/organ_list.h"

#define PT_ORGAN_DECLARE(name)                                                                               \
    extern const pt_organ_functions pt_organ_##name;                                                         \
    extern const pt_organ_sheet pt_sheet_##name;
PT_ORGAN_LIST(PT_ORGAN_DECLARE)

#endif
