/* The sheets of all organs, one line each. They stand at global scope before the equations are included in a
 * namespace (organs/all.hpp), so that their guards hold there. */
#include "model/wiring.h"
#include "organs/bouncing_ball.h"
#include "organs/coagulation_hamberg2007.h"
#include "organs/coagulation_hamberg2010.h"
#include "organs/glucose_hovorka2004.h"
#include "organs/glucose_uvapadova2008.h"
#include "organs/liver_swarfarin_1cpt.h"
#include "organs/liver_swarfarin_2cpt.h"
#include "organs/organ_list.h"
#include "organs/sensor_interstitial.h"
