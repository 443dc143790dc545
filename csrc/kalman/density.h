/* ln p(y | h) of one observation where the model's output is known to be h: the weight of a particle. */
#ifndef PT_KALMAN_DENSITY_H
#define PT_KALMAN_DENSITY_H

#include "pytwin.h"

/* h (n) on the natural scale; adds to log_weight (n). The error is that of pt_noise with h itself in place of
 * the predicted mean, its variance R(h) + extra, extra >= 0 (pt_observe_robust).
 *   student 0    Gaussian: -1/2 (ln 2 pi R + (y - h)^2 / R); censored ln P(Y on its side)
 *   student nu   Student's t with nu degrees of freedom and squared scale R; a censored value keeps its
 *                Gaussian error
 *   POISSON      y ln mu - mu - ln y!, mu = a h (in Loader's form, 2000)
 *   LOG_ADDITIVE on ln y and ln h
 * -inf where such an observation is impossible: h <= 0 of a log-normal one, mu < 0, h not finite. */
void pt_observe_density(const pt_observation *obs, double student, double extra, int64_t n, const double *h,
                        double *log_weight);

#endif
