/* Sensor: glucose of the interstitial fluid follows that of plasma.
 *
 *   dC/dt = ka (G - C)
 *
 * The unit is that of the organ which gives G.
 *
 * Hovorka R, Canonico V, Chassin LJ, et al. Physiol Meas 2004;25:905-20; ka = 0.073 /min as restated in
 * public implementations of the model.
 */
#ifndef PT_SENSOR_INTERSTITIAL_H
#define PT_SENSOR_INTERSTITIAL_H

#include <math.h>

#include "organs/organ.h"

#define SENSOR_INTERSTITIAL_STATES(X) X(C, "mmol/L", 5, 0, INFINITY, "interstitial glucose")

#define SENSOR_INTERSTITIAL_PARAMS(X)                                                                        \
    X(ka, "/min", 0.073, 0, INFINITY, "exchange between plasma and interstitial fluid")                      \
    X(C0, "mmol/L", 5, 0, INFINITY, "interstitial glucose at the start")

#define SENSOR_INTERSTITIAL_INPUTS(X) X(G, "mmol/L", 0, 0, INFINITY, "plasma glucose")

#define SENSOR_INTERSTITIAL_OUTPUTS(X) X(C, "mmol/L", 0, 0, INFINITY, "interstitial glucose")

#endif
