/* Noise models, censoring and the update of a Gaussian by one scalar observation through sigma points. */
#ifndef PT_KALMAN_OBSERVE_H
#define PT_KALMAN_OBSERVE_H

#include "kalman/sigma.h"

/* Var of the error of an output whose predicted mean is h (see pt_noise); on the log scale for LOG_ADDITIVE.
 * The predicted mean stands for the unknown true value, as in the first-order approximation (FO). */
double pt_noise_variance(int noise, double a, double b, double h);

/* Y ~ N(mean, var) known to lie below (side -1) or above (side +1) `limit`:
 * ln P(side), mean and variance of the truncated Y (Johnson, Kotz & Balakrishnan 1994, sec. 10.1). */
typedef struct {
    double log_prob, mean, var;
} pt_truncated;
pt_truncated pt_truncated_moments(double mean, double var, double limit, int side);

/* What the points say of the next measurement: y = h(X) + e on the noise scale. */
typedef struct {
    double mean;       /* of h */
    double latent_var; /* of h */
    double noise_var;  /* of e */
    double var;        /* latent_var + noise_var */
} pt_forecast;

/* h (n_point): output at each point on the natural scale; replaced by its logarithm for LOG_ADDITIVE.
 * gain (n): Cov(z, h) / var. SINGULAR when var is 0, NOT_FINITE when a point's h is not usable. */
pt_status pt_observe_forecast(const pt_sigma_rule *rule, int n, int n_point, const double *X,
                              const pt_observation *obs, double *h, pt_forecast *forecast, double *gain);

/* How far an update trusts an observation; both in predicted standard deviations, 0: no bound. */
typedef struct {
    double gate;   /* beyond it an observation is not used */
    double robust; /* beyond it the variance of its error grows, see pt_observe_robust */
} pt_trust;

/* An innovation v = y - mean with v^2 > k^2 var, k = robust, gets an error so large that it is just k
 * predicted standard deviations off: var' = var max(1, v^2 / (k^2 var)),  noise_var' = noise_var + var' -
 * var,  gain' = gain var / var' so that what it moves falls as 1/|v| (Chang G, J Geod 2014;88:391-401: the
 * variance of an outlying observation by its Mahalanobis distance; the tail is that of Student's t in Roth M,
 * Ozkan E, Gustafsson F, ICASSP 2013:5770-5774). Returns whether it grew. */
int pt_observe_robust(double robust, double innovation, int n, pt_forecast *forecast, double *gain);

/* z | y: m += gain (E y - mean), and P in the form that stays semidefinite,
 *   P = w sum (D_i - gain e_i)(..)' + bend (..)(..)' + gain (noise_var + Var y) gain',
 * D_i, e_i: points and their h about the centre; Var y = 0 for a value, that of the truncated y if censored.
 * Adds to *loglike, after pt_observe_robust the density with var'; *use tells what was done. gain (n) is
 * changed where the error grew. */
void pt_observe_update(const pt_sigma_rule *rule, int n, int n_point, const double *X, const double *h,
                       const pt_observation *obs, const pt_forecast *forecast, double *gain,
                       const pt_trust *trust, double *m, double *P, double *loglike, int8_t *use);

#endif
