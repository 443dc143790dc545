/* Models made of built-in organs, as an implementation of pt_model_functions. */
#ifndef PT_MODEL_WIRED_H
#define PT_MODEL_WIRED_H

#include "model/model_internal.h"

extern const pt_model_functions pt_wired_functions; /* self is a const pt_wiring * */

/* Sheet of organ i of PT_ORGAN_LIST, null behind the last. */
const pt_organ_sheet *pt_organ_sheet_at(int i);

#endif
