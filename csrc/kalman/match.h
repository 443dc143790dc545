/* Moments of an output h ~ N(mean, var) given one observation that is not Gaussian.
 *
 * A Gaussian filter sees z through the line from h to z, so that one observation of h asks for ln p(y) and
 * the first two moments of h given y alone: moment matching (assumed density filtering: Maybeck 1982, ch. 12;
 * Minka 2001, ch. 3). They are found by the trapezoidal rule on a line where the integrand is analytic and
 * falls off on both sides, which converges as exp(-c / step) (Trefethen & Weideman 2014, SIAM Review 56:385).
 */
#ifndef PT_KALMAN_MATCH_H
#define PT_KALMAN_MATCH_H

typedef struct {
    double log_density; /* ln p(y) */
    double mean, var;   /* of h given y */
    double weight;      /* Student: E(lambda | y), the share of its precision that the error has; else 1 */
} pt_matched;

/* y = 0, 1, .. ~ Poisson(h), h ~ N(mean, var) given h > 0: the moments by u = ln h, where ln p is concave
 * with its mode at the root of h^2 + (var - mean) h = var (y + 1). */
pt_matched pt_match_poisson(double mean, double var, double y);

/* (y - h) / sqrt(r) ~ t with nu degrees of freedom: given lambda ~ Gamma(nu/2, nu/2) the error is N(0, r /
 * lambda) and h is Gaussian (Andrews & Mallows 1974; West 1987, Biometrika 74:646); what remains is one
 * integral over ln lambda. */
pt_matched pt_match_student(double mean, double var, double y, double r, double nu);

#endif
