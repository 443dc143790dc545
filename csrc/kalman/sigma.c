/* See sigma.h. Plain loops in a fixed order: the same bits in every build. */
#include "kalman/sigma.h"

#include <math.h>
#include <string.h>

#include "kalman/scalar.h"

/* Relative to the variances: beyond, a covariance is not symmetric. */
#define ASYMMETRY 1e-8

pt_status pt_sigma_check(int n, const double *P)
{
    for (int64_t k = 0; k < (int64_t)n * n; k++)
        if (!s_finite(P[k])) return PT_NOT_FINITE;
    for (int i = 0; i < n; i++) {
        if (P[(size_t)i * n + i] < 0.0) return PT_NOT_POSITIVE_DEFINITE;
        for (int j = 0; j < i; j++) {
            double a = P[(size_t)i * n + j], b = P[(size_t)j * n + i];
            double bound = sqrt(P[(size_t)i * n + i]) * sqrt(P[(size_t)j * n + j]);
            if (fabs(a - b) > ASYMMETRY * bound || fabs(a) > bound * (1.0 + ASYMMETRY))
                return PT_NOT_POSITIVE_DEFINITE;
        }
    }
    return PT_OK;
}

/* Smallest relative pivot that rounding alone explains. */
#define INDEFINITE 1e-7

/* A variance below this is a state that has decayed to nothing: its products underflow, so that its pivot
 * would be rounding of subnormal numbers. */
#define VANISHED 1e-280

/* L[i, k] = (P[i, j] - sum_q L[i, q] L[j, q]) / sqrt(d) for the variables not yet eliminated */
static void factor_column(int n, const double *P, double *L, const int *order, int step, int k, double d)
{
    int j = order[step];
    double root = __builtin_sqrt(d);
    for (int i = 0; i < n; i++) L[i * n + k] = 0.0;
    L[j * n + k] = root;
    for (int s = step + 1; s < n; s++) {
        int i = order[s];
        double v = P[i * n + j];
        for (int q = 0; q < k; q++) v -= L[i * n + q] * L[j * n + q];
        L[i * n + k] = v / root;
    }
}

int pt_sigma_factor(int n, int first, const double *m, double known, const double *P, double tol, double *L,
                    int *pivot)
{
    int rank = 0;
    int order[n];
    for (int s = 0; s < n; s++) order[s] = (first + s) % n;
    for (int s = 0; s < n; s++) {
        int j = order[s];
        double scale = P[j * n + j], d = scale;
        if (scale >= 0.0 && scale < VANISHED) continue;
        for (int q = 0; q < rank; q++) d -= L[j * n + q] * L[j * n + q];
        if (!s_finite(d) || scale < 0.0 || d < -INDEFINITE * scale) return -1;
        double exact = known * m[j];
        if (d <= tol * scale || d <= exact * exact) continue;
        factor_column(n, P, L, order, s, rank, d);
        pivot[rank++] = j;
    }
    return rank;
}

static int clamp_points(int n, int n_point, int n_bound, const double *lower, const double *upper, double *X)
{
    int clamped = 0;
    for (int i = 0; i < n_point; i++)
        for (int j = 0; j < n_bound; j++) {
            double *x = X + (size_t)i * n + j;
            if (*x < lower[j]) *x = lower[j], clamped = 1;
            if (*x > upper[j]) *x = upper[j], clamped = 1;
        }
    return clamped;
}

/* m +- root L_k */
static int draw_axes(const pt_sigma_rule *rule, int n, int rank, const double *L, const double *m, double *X)
{
    memcpy(X, m, (size_t)n * sizeof *X);
    for (int k = 0; k < rank; k++) {
        double *plus = X + (size_t)(2 * k + 1) * n, *minus = plus + n;
        for (int j = 0; j < n; j++) {
            double step = rule->root * L[j * n + k];
            plus[j] = m[j] + step;
            minus[j] = m[j] - step;
        }
    }
    return 2 * rank + 1;
}

/* The products: one column after another, each point of the columns before at every abscissa. */
static int draw_product(const pt_sigma_rule *rule, int n, int rank, const double *L, const double *m,
                        double *X)
{
    int n_point = 1;
    memcpy(X, m, (size_t)n * sizeof *X);
    for (int k = 0; k < rank; k++) {
        for (int q = rule->n_node - 1; q >= 0; q--)
            for (int i = 0; i < n_point; i++) {
                const double *from = X + (size_t)i * n;
                double *to = X + ((size_t)q * n_point + i) * n;
                for (int j = 0; j < n; j++) to[j] = from[j] + rule->node[q] * L[j * n + k];
            }
        n_point *= rule->n_node;
    }
    return n_point;
}

int pt_sigma_draw(const pt_sigma_rule *rule, int n, int rank, const double *L, int n_bound,
                  const double *lower, const double *upper, double *m, double *P, double *X)
{
    int n_point = rule->n_node ? draw_product(rule, n, rank, L, m, X) : draw_axes(rule, n, rank, L, m, X);
    pt_sigma_weights(rule, n, n_point);
    double shift[n];
    if (clamp_points(n, n_point, n_bound, lower, upper, X))
        pt_sigma_moments(rule, n, n_point, X, m, P, shift);
    return n_point;
}

void pt_sigma_add_outer(int n, double a, const double *D, double *P)
{
    for (int r = 0; r < n; r++) {
        const double d = a * D[r];
        for (int c = 0; c <= r; c++) P[r * n + c] += d * D[c];
    }
}

void pt_sigma_mirror(int n, double *P)
{
    for (int r = 0; r < n; r++)
        for (int c = 0; c < r; c++) P[c * n + r] = P[r * n + c];
}

void pt_sigma_moments(const pt_sigma_rule *rule, int n, int n_point, const double *X, double *m, double *P,
                      double *shift)
{
    double D[n], base[n];
    pt_sigma_base(rule, n, n_point, X, base);
    memset(shift, 0, (size_t)n * sizeof *shift);
    memset(P, 0, (size_t)n * n * sizeof *P);
    for (int i = 0; i < n_point; i++) {
        const double w = pt_sigma_weight(rule, i);
        for (int j = 0; j < n; j++) {
            D[j] = X[(size_t)i * n + j] - base[j];
            shift[j] += w * D[j];
        }
        pt_sigma_add_outer(n, w, D, P);
    }
    pt_sigma_add_outer(n, rule->bend, shift, P);
    for (int j = 0; j < n; j++) m[j] = base[j] + shift[j];
    pt_sigma_mirror(n, P);
}

void pt_sigma_cross(const pt_sigma_rule *rule, int n, int n_point, const double *before, const double *after,
                    double *C)
{
    double shift[n], shift_after[n], base[n], base_after[n], D[n];
    pt_sigma_base(rule, n, n_point, before, base);
    pt_sigma_base(rule, n, n_point, after, base_after);
    memset(shift, 0, (size_t)n * sizeof *shift);
    memset(shift_after, 0, (size_t)n * sizeof *shift_after);
    memset(C, 0, (size_t)n * n * sizeof *C);
    for (int i = 0; i < n_point; i++) {
        const double *b = before + (size_t)i * n, *a = after + (size_t)i * n;
        const double w = pt_sigma_weight(rule, i);
        for (int c = 0; c < n; c++) {
            D[c] = a[c] - base_after[c];
            shift_after[c] += w * D[c];
        }
        for (int r = 0; r < n; r++) {
            const double d = w * (b[r] - base[r]);
            shift[r] += d;
            for (int c = 0; c < n; c++) C[r * n + c] += d * D[c];
        }
    }
    for (int r = 0; r < n; r++)
        for (int c = 0; c < n; c++) C[r * n + c] += rule->bend * shift[r] * shift_after[c];
}
