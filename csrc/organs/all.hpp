/* Every organ's equations once more, for the meaning that `vec` has where this is included (organs/dual.cpp).
 * File-scope names of two organs may be alike, so each has a namespace. */
#undef PT_ORGANS_FUNCTIONS_H
#include "organs/functions.h"

#define PT_ORGAN_BEGIN(name)                                                                                 \
    namespace name                                                                                           \
    {
#define PT_ORGAN_END }

PT_ORGAN_BEGIN(liver_swarfarin_1cpt)
#include "organs/liver_swarfarin_1cpt.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(liver_swarfarin_2cpt)
#include "organs/liver_swarfarin_2cpt.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(coagulation_hamberg2010)
#include "organs/coagulation_hamberg2010.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(coagulation_hamberg2007)
#include "organs/coagulation_hamberg2007.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(glucose_hovorka2004)
#include "organs/glucose_hovorka2004.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(glucose_uvapadova2008)
#include "organs/glucose_uvapadova2008.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(sensor_interstitial)
#include "organs/sensor_interstitial.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(tgi_claret)
#include "organs/tgi_claret.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(pk_2cpt_oral)
#include "organs/pk_2cpt_oral.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(pk_1cpt_oral)
#include "organs/pk_1cpt_oral.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(bouncing_ball)
#include "organs/bouncing_ball.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(lorenz)
#include "organs/lorenz.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(ornstein_uhlenbeck)
#include "organs/ornstein_uhlenbeck.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(geometric_brownian)
#include "organs/geometric_brownian.c"
PT_ORGAN_END

#define PT_ORGAN_ROW(name) &name::PT_ORGAN(name),
static const pt_organ_functions *const wired_organs[] = {PT_ORGAN_LIST(PT_ORGAN_ROW)};
#undef PT_ORGAN_ROW
#undef PT_ORGAN_BEGIN
#undef PT_ORGAN_END

#include "model/wired_body.h"
