/* ln p(y | h) of one observation as a function of the model's output h, with what Newton's method by scoring
 * needs of it. */
#ifndef PT_KALMAN_SCORE_H
#define PT_KALMAN_SCORE_H

#include "pytwin.h"

typedef struct {
    double log_density; /* l(h) = ln p(y | h) */
    double slope;       /* dl/dh */
    double information; /* E(dl/dh)^2 over y, >= 0; of a censored value that of what is seen */
} pt_score;

/* An observation whose error grows with h as one of ln y with the error that it has at y itself: the start of
 * a search. Far above y the density of such an error is nearly flat in ln h, so that no slope leads back to
 * it. Others stay as they are. */
pt_observation pt_score_rough(const pt_observation *obs);

/* The error's variance R is taken at h itself (pt_noise):
 *   a value    l = -1/2 (ln 2 pi R + e^2 / R),  e = y - h
 *              l' = e / R + 1/2 R'/R (e^2 / R - 1),  information 1 / R + 1/2 (R' / R)^2
 *   censored   l = ln Phi(-x),  x = side (limit - h) / sqrt(R)
 * both of ln y and ln h for LOG_ADDITIVE;
 *   Student    nu = student > 0 degrees of freedom and squared scale R:
 *              l' = (nu + 1) e / (nu R + e^2) + 1/2 R'/R ((nu + 1) e^2 / (nu R + e^2) - 1),
 *              information (nu + 1) / (nu + 3) / R + 1/2 (R' / R)^2 nu / (nu + 3)
 *   POISSON    l' = y / h - a, information a / h
 * l is that of kalman/density.h. Returns whether h can be: else l = -inf. */
int pt_score_at(const pt_observation *obs, double student, double h, pt_score *score);

#endif
