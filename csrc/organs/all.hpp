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
PT_ORGAN_BEGIN(glucose_dallaman2007)
#include "organs/glucose_dallaman2007.c"
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
PT_ORGAN_BEGIN(pk_1cpt_mm)
#include "organs/pk_1cpt_mm.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(pk_1cpt_oral)
#include "organs/pk_1cpt_oral.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(bouncing_ball)
#include "organs/bouncing_ball.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(mackey_glass)
#include "organs/mackey_glass.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(linear_delay)
#include "organs/linear_delay.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(henon_heiles)
#include "organs/henon_heiles.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(lorenz)
#include "organs/lorenz.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(lorenz96)
#include "organs/lorenz96.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(ornstein_uhlenbeck)
#include "organs/ornstein_uhlenbeck.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(pendulum)
#include "organs/pendulum.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(geometric_brownian)
#include "organs/geometric_brownian.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(robertson)
#include "organs/robertson.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(robertson_dae)
#include "organs/robertson_dae.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(hires)
#include "organs/hires.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(oregonator)
#include "organs/oregonator.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(pollution)
#include "organs/pollution.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(pleiades)
#include "organs/pleiades.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(brusselator)
#include "organs/brusselator.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(brusselator_1d)
#include "organs/brusselator_1d.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(vanderpol)
#include "organs/vanderpol.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(arenstorf)
#include "organs/arenstorf.c"
PT_ORGAN_END
PT_ORGAN_BEGIN(akzo_nobel)
#include "organs/akzo_nobel.c"
PT_ORGAN_END

#define PT_ORGAN_ROW(name) &name::PT_ORGAN(name),
static const pt_organ_functions *const wired_organs[] = {PT_ORGAN_LIST(PT_ORGAN_ROW)};
#undef PT_ORGAN_ROW
#undef PT_ORGAN_BEGIN
#undef PT_ORGAN_END

#include "model/wired_body.h"
