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
 * and by the expected count a h for POISSON. gain (n): Cov(z, h) / var. SINGULAR when var is 0 (but a count
 * whose mean is known to be 0 is fine), NOT_FINITE when a point's h is not usable. */
pt_status pt_observe_forecast(const pt_sigma_rule *rule, int n, int n_point, const double *X,
                              const pt_observation *obs, double *h, pt_forecast *forecast, double *gain);

/* How an update takes an observation; 0: off. The first two in predicted standard deviations. */
typedef struct {
    double gate;    /* beyond it an observation is not used */
    double robust;  /* beyond it the variance of its error grows, see pt_observe_robust; not of counts */
    double student; /* degrees of freedom of errors with heavy tails, whose squared scale is noise_var; not of
                       counts and censored values */
} pt_trust;

/* An innovation v = y - mean with v^2 > k^2 var, k = robust, gets an error so large that it is just k
 * predicted standard deviations off: var' = var max(1, v^2 / (k^2 var)),  noise_var' = noise_var + var' -
 * var, so that what it moves falls as 1/|v| (Chang G, J Geod 2014;88:391-401: the variance of an outlying
 * observation by its Mahalanobis distance; the tail is that of Student's t in Roth M, Ozkan E, Gustafsson F,
 * ICASSP 2013:5770-5774). Returns by how much the variance grew, 0 where it did not. */
double pt_observe_robust(double robust, double innovation, double var);

/* What one observation says of its output: with g = scale Cov(z, h) / forecast.var,
 *   m += g innovation,   P = Cov(z - g h) + g extra g'
 * A value: innovation v = y - mean, extra = noise_var. Censored: E y - mean and noise_var + Var y of the
 * truncated y. Counts and Student errors: E h - mean and Var h of h given y (kalman/match.h), scale =
 * forecast.var / latent_var. An observation that is not used has scale 0. */
typedef struct {
    double loglike; /* ln p(y); with pt_observe_robust under the larger variance */
    double scale, innovation, extra;
    int8_t use; /* pt_obs_use; a Student error counts as DOWN_WEIGHTED below half its precision */
} pt_learned;

/* mean (0 latent variance: h is known) and variances in `forecast`, on the noise scale */
pt_learned pt_observe_learn(const pt_observation *obs, const pt_forecast *forecast, const pt_trust *trust);

/* z | y through the points, P in the form that stays semidefinite,
 *   P = w sum (D_i - gain e_i)(..)' + bend (..)(..)' + gain extra gain',
 * D_i, e_i: points and their h about the centre. gain (n) becomes pt_learned's. Adds to *loglike; *use tells
 * what was done. */
void pt_observe_update(const pt_sigma_rule *rule, int n, int n_point, const double *X, const double *h,
                       const pt_observation *obs, const pt_forecast *forecast, double *gain,
                       const pt_trust *trust, double *m, double *P, double *loglike, int8_t *use);

/* m (n), P (n, n) given lower <= z <= upper (n), -inf and inf where there is no bound: pt_truncate, and
 * nothing to the bit where every bound is 9 standard deviations off. */
pt_status pt_observe_bound(int n, const double *lower, const double *upper, double *m, double *P);

#endif
