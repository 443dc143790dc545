/* Tumour growth inhibition: exponential growth, and a drug effect that fades as resistance appears.
 *
 *   dY/dt = KL Y - KD exp(-lambda t) E Y,    Y(0) = Y0
 *
 * Y is the sum of tumour diameters, E the exposure (daily dose, AUC; a covariate, set by the plan), t the
 * time since treatment began. With constant E: Y = Y0 exp(KL t - (KD E/lambda) (1 - exp(-lambda t))),
 * smallest at ln(KD E/KL)/lambda.
 *
 * Claret L, Girard P, Hoff PM, et al. Model-based prediction of phase III overall survival in colorectal
 * cancer on the basis of phase II tumor dynamics. J Clin Oncol 2009;27:4103-8. Defaults: fluorouracil as in a
 * public exercise on this model, 0.015, 0.058 and 0.042 a week, E in g a week, here a day; not checked
 * against the paper.
 */
#ifndef PT_TGI_CLARET_H
#define PT_TGI_CLARET_H

#include <math.h>

#include "organs/organ.h"

#define TGI_CLARET_STATES(X) X(Y, "mm", 100, 0, INFINITY, "sum of tumour diameters")

#define TGI_CLARET_PARAMS(X)                                                                                 \
    X(KL, "/d", 0.015 / 7, 0, INFINITY, "growth rate")                                                       \
    X(KD, "/d", 0.058 / 7, 0, INFINITY, "kill rate at the start for an exposure of 1")                       \
    X(lambda, "/d", 0.042 / 7, 0, INFINITY, "rate at which the effect fades")                                \
    X(E, "1", 1, 0, INFINITY, "exposure, in the unit that KD is for")                                        \
    X(Y0, "mm", 100, 0, INFINITY, "sum of tumour diameters when treatment begins")

#define TGI_CLARET_INPUTS(X)

#define TGI_CLARET_OUTPUTS(X) X(SLD, "mm", 0, 0, INFINITY, "sum of tumour diameters")

#endif
