/* Sigma points of the scaled unscented transform, in the form that keeps covariances semidefinite.
 *
 * With D_i = X_i - X_0, c = alpha^2 (n + kappa), w = 1/(2c) and weights that sum to one,
 *
 *   mean   m = X_0 + w sum_i D_i
 *   cov    P = w sum_i D_i D_i' + (beta - alpha^2) (m - X_0)(m - X_0)'
 *
 * which equals the usual sum over all points, centre included (van der Merwe 2004, eq. 3.15), without the
 * cancellation of a large negative centre weight; it is positive semidefinite whenever beta >= alpha^2.
 */
#ifndef PT_KALMAN_SIGMA_H
#define PT_KALMAN_SIGMA_H

#include <stdint.h>

#include "pytwin.h"

/* Most abscissae of a Gauss-Hermite rule. */
#define PT_HERMITE_MAX 32

/* Other rules have positive weights w_i of sum one, with m = sum w_i X_i, P = sum w_i (X_i - m)(X_i - m)':
 *   cubature      m +- sqrt(n) L_k, 1/(2n) each (Arasaratnam & Haykin 2009); what columns that vanish leave
 *                 lies on the centre
 *   Gauss-Hermite products of n_node abscissae in each column (Ito & Xiong 2000)
 * Both forms are one here: differences from a base (X_0, or the mean), weights, and `bend`. */
typedef struct {
    double root;    /* sqrt(c): spread of the points */
    double w;       /* 1/(2c): weight of every point but the centre */
    double bend;    /* beta - alpha^2: weight of the outer product of the shift m - base */
    double *weight; /* [most points] of the other rules, see pt_sigma_weights; null: unscented */
    int n_node;     /* of a Gauss-Hermite rule, else 0 */
    double node[PT_HERMITE_MAX], node_weight[PT_HERMITE_MAX];
} pt_sigma_rule;

/* BAD_ARGUMENT unless c is positive and all are finite. */
pt_status pt_sigma_rule_make(int n, double alpha, double beta, double kappa, pt_sigma_rule *rule);

/* weight: room for 2 n + 1 numbers */
void pt_sigma_rule_cubature(int n, double *weight, pt_sigma_rule *rule);
/* weight: room for n_node^n numbers; 2 <= n_node <= PT_HERMITE_MAX */
void pt_sigma_rule_hermite(int n_node, double *weight, pt_sigma_rule *rule);
/* n_node^n, or -1 beyond PT_MOST_POINTS */
int64_t pt_sigma_hermite_points(int n_node, int n);

/* The rule for a step whose points failed: unscented, `share` of the spread. With 1 it is the rule itself. */
pt_sigma_rule pt_sigma_shrunk(const pt_sigma_rule *rule, double share);

/* rule->weight of n_point points, as pt_sigma_draw has made them. */
void pt_sigma_weights(const pt_sigma_rule *rule, int n, int n_point);
/* base (n): X_0, or the weighted mean */
void pt_sigma_base(const pt_sigma_rule *rule, int n, int n_point, const double *X, double *base);
static inline double pt_sigma_weight(const pt_sigma_rule *rule, int i)
{
    return rule->weight ? rule->weight[i] : rule->w;
}

/* Finite, symmetric, and no correlation beyond one? (pt_sigma_factor finds the rest.) */
pt_status pt_sigma_check(int n, const double *P);

/* Limit on relative pivots: below, a direction counts as known exactly. */
#define PT_PIVOT_FILTER 1e-14

/* A standard deviation below this share of the mean is rounding of a value known exactly; where a model is
 * integrated, the larger of this and the relative tolerance counts. */
#define PT_KNOWN_EXACTLY 1e-12

/* Instead of the first pivot: each time the variable of which the largest share is left. */
#define PT_PIVOT_LARGEST (-1)

/* P = L L' for a positive semidefinite P (n, n). Pivots run over first, first+1, .., n-1, 0, .., first-1; a
 * pivot at most tol P_jj or (known m_j)^2, m (n) the mean, gives no column.
 *   L      (n, n)  column k in L[.., k]; only the first `rank` columns are set
 *   pivot  (n)     variable that column k belongs to
 * Returns the rank, or -1 when P is indefinite beyond rounding or not finite. */
int pt_sigma_factor(int n, int first, const double *m, double known, const double *P, double tol, double *L,
                    int *pivot);

/* The same; U (n, n): column k of L in row k. */
int pt_sigma_root(int n, int first, const double *m, double known, const double *P, double tol, double *U,
                  int *pivot);

/* X (2 rank + 1, n): m, then m + root U_k, m - root U_k for each row; of a Gauss-Hermite rule (n_node^rank,
 * n) the products; clamped to [lower, upper] (n_bound leading elements), and whether any was. Returns the
 * number of points. */
int pt_sigma_draw(const pt_sigma_rule *rule, int n, int rank, const double *U, int n_bound,
                  const double *lower, const double *upper, const double *m, double *X, int *clamped);

/* m (n), P (n, n) of points X (n_point, n); shift (n): m - base */
void pt_sigma_moments(const pt_sigma_rule *rule, int n, int n_point, const double *X, double *m, double *P,
                      double *shift);

/* C (n, n) = cov of the points before (row) with the points after (column) */
void pt_sigma_cross(const pt_sigma_rule *rule, int n, int n_point, const double *before, const double *after,
                    double *C);

#endif
