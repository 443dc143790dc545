/* See sigma.h. Plain loops in a fixed order: the same bits in every build. */
#include "kalman/sigma.h"

#include <math.h>
#include <string.h>

#include "kalman/outer.h"
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

/* v (n) = row j of P less what the k rows of U so far explain: P[j, i] - sum_q U[q, j] U[q, i] */
static void rest_of_row(int n, const double *P, int j, int k, const double *U, double *v)
{
    enum { SPAN = 4 * PT_W };
    int i = 0;
    for (; i + SPAN <= n; i += SPAN) {
        vec sum[4];
        for (int s = 0; s < 4; s++) sum[s] = v_load(P + (size_t)j * n + i + s * PT_W);
        for (int q = 0; q < k; q++) {
            const double *row = U + (size_t)q * n;
            const vec u = v_set(row[j]);
            for (int s = 0; s < 4; s++) sum[s] -= u * v_load(row + i + s * PT_W);
        }
        for (int s = 0; s < 4; s++) v_store(v + i + s * PT_W, sum[s]);
    }
    for (; i < n; i++) {
        double sum = P[(size_t)j * n + i];
        for (int q = 0; q < k; q++) sum -= U[(size_t)q * n + j] * U[(size_t)q * n + i];
        v[i] = sum;
    }
}

/* Zeros where the variables first, first + 1, .. stand that were taken before. */
static void clear_taken(int n, int first, int taken, double *row)
{
    const int wrapped = first + taken > n ? first + taken - n : 0;
    memset(row + first, 0, (size_t)(taken - wrapped) * sizeof *row);
    memset(row, 0, (size_t)wrapped * sizeof *row);
}

/* The variable that is next in PT_PIVOT_LARGEST, or -1 where nothing counts any more, or -2 where P is
 * indefinite. left (n): what the columns so far leave of the variances; of one that is done -inf. */
static int largest(int n, const double *m, double known, const double *P, double tol, const double *left)
{
    int best = -1;
    double most = tol;
    for (int j = 0; j < n; j++) {
        const double scale = P[(size_t)j * n + j], exact = known * m[j];
        if (left[j] == -INFINITY || (scale >= 0.0 && scale < VANISHED)) continue;
        if (!s_finite(left[j]) || scale < 0.0 || left[j] < -INDEFINITE * scale) return -2;
        if (left[j] <= most * scale || left[j] <= exact * exact) continue;
        most = left[j] / scale;
        best = j;
    }
    return best;
}

static int root_by_largest(int n, const double *m, double known, const double *P, double tol, double *U,
                           int *pivot)
{
    double left[n], v[n];
    for (int j = 0; j < n; j++) left[j] = P[(size_t)j * n + j];
    for (int rank = 0;; rank++) {
        const int j = largest(n, m, known, P, tol, left);
        if (j < 0) return j == -1 ? rank : -1;
        const double root = __builtin_sqrt(left[j]);
        double *row = U + (size_t)rank * n;
        rest_of_row(n, P, j, rank, U, v);
        left[j] = -INFINITY;
        for (int i = 0; i < n; i++) {
            row[i] = i == j ? root : left[i] == -INFINITY ? 0.0 : v[i] / root;
            left[i] -= row[i] * row[i];
        }
        pivot[rank] = j;
    }
}

int pt_sigma_root(int n, int first, const double *m, double known, const double *P, double tol, double *U,
                  int *pivot)
{
    if (first == PT_PIVOT_LARGEST) return root_by_largest(n, m, known, P, tol, U, pivot);
    int rank = 0;
    double v[n];
    for (int s = 0; s < n; s++) {
        const int j = first + s < n ? first + s : first + s - n;
        const double scale = P[(size_t)j * n + j], exact = known * m[j];
        if (scale >= 0.0 && scale < VANISHED) continue;
        rest_of_row(n, P, j, rank, U, v);
        const double d = v[j], root = __builtin_sqrt(d);
        if (!s_finite(d) || scale < 0.0 || d < -INDEFINITE * scale) return -1;
        if (d <= tol * scale || d <= exact * exact) continue;
        double *row = U + (size_t)rank * n;
        for (int i = 0; i < n; i++) row[i] = v[i] / root;
        clear_taken(n, first, s, row);
        row[j] = root;
        pivot[rank++] = j;
    }
    return rank;
}

int pt_sigma_factor(int n, int first, const double *m, double known, const double *P, double tol, double *L,
                    int *pivot)
{
    const int rank = pt_sigma_root(n, first, m, known, P, tol, L, pivot);
    for (int64_t k = (int64_t)(rank < 0 ? n : rank) * n; k < (int64_t)n * n; k++) L[k] = 0.0;
    for (int i = 0; rank > 0 && i < n; i++)
        for (int j = 0; j < i; j++) {
            const double kept = L[(size_t)i * n + j];
            L[(size_t)i * n + j] = L[(size_t)j * n + i];
            L[(size_t)j * n + i] = kept;
        }
    return rank;
}

static int is_inside(int n, const double *lower, const double *upper, const double *x)
{
    int j = 0, outside = 0;
    vmask any = m_set(0);
    for (; j + PT_W <= n; j += PT_W) {
        const vec v = v_load(x + j);
        any |= v_lt(v, v_load(lower + j)) | v_gt(v, v_load(upper + j));
    }
    for (; j < n; j++) outside |= x[j] < lower[j] || x[j] > upper[j];
    return !outside && !m_any(any);
}

static int clamp_points(int n, int n_point, int n_bound, const double *lower, const double *upper, double *X)
{
    int clamped = 0;
    for (int i = 0; i < n_point; i++) {
        double *x = X + (size_t)i * n;
        if (is_inside(n_bound, lower, upper, x)) continue;
        clamped = 1;
        for (int j = 0; j < n_bound; j++) {
            if (x[j] < lower[j]) x[j] = lower[j];
            if (x[j] > upper[j]) x[j] = upper[j];
        }
    }
    return clamped;
}

/* m +- root U_k */
static int draw_axes(const pt_sigma_rule *rule, int n, int rank, const double *U, const double *m, double *X)
{
    memcpy(X, m, (size_t)n * sizeof *X);
    for (int k = 0; k < rank; k++) {
        double *restrict plus = X + (size_t)(2 * k + 1) * n, *restrict minus = plus + n;
        const double *row = U + (size_t)k * n;
        for (int j = 0; j < n; j++) {
            const double step = rule->root * row[j];
            plus[j] = m[j] + step;
            minus[j] = m[j] - step;
        }
    }
    return 2 * rank + 1;
}

/* The products: one column after another, each point of the columns before at every abscissa. */
static int draw_product(const pt_sigma_rule *rule, int n, int rank, const double *U, const double *m,
                        double *X)
{
    int n_point = 1;
    memcpy(X, m, (size_t)n * sizeof *X);
    for (int k = 0; k < rank; k++) {
        for (int q = rule->n_node - 1; q >= 0; q--)
            for (int i = 0; i < n_point; i++) {
                const double *from = X + (size_t)i * n;
                double *to = X + ((size_t)q * n_point + i) * n;
                for (int j = 0; j < n; j++) to[j] = from[j] + rule->node[q] * U[(size_t)k * n + j];
            }
        n_point *= rule->n_node;
    }
    return n_point;
}

int pt_sigma_draw(const pt_sigma_rule *rule, int n, int rank, const double *U, int n_bound,
                  const double *lower, const double *upper, const double *m, double *X, int *clamped)
{
    int n_point = rule->n_node ? draw_product(rule, n, rank, U, m, X) : draw_axes(rule, n, rank, U, m, X);
    pt_sigma_weights(rule, n, n_point);
    *clamped = clamp_points(n, n_point, n_bound, lower, upper, X);
    return n_point;
}

void pt_sigma_moments(const pt_sigma_rule *rule, int n, int n_point, const double *X, double *m, double *P,
                      double *shift)
{
    double base[n], work[PT_OUTER_SIZE(n)];
    pt_outer sum = pt_outer_begin(n, work, P);
    pt_sigma_base(rule, n, n_point, X, base);
    memset(shift, 0, (size_t)n * sizeof *shift);
    for (int i = 0; i < n_point; i++) {
        const double w = pt_sigma_weight(rule, i), *x = X + (size_t)i * n;
        double *restrict D = pt_outer_row(&sum);
        for (int j = 0; j < n; j++) {
            D[j] = x[j] - base[j];
            shift[j] += w * D[j];
        }
        pt_outer_push(&sum, w);
    }
    memcpy(pt_outer_row(&sum), shift, (size_t)n * sizeof *shift);
    pt_outer_push(&sum, rule->bend);
    pt_outer_end(&sum);
    for (int j = 0; j < n; j++) m[j] = base[j] + shift[j];
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
