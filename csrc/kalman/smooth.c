/* See smooth.h. */
#include "kalman/smooth.h"

#include <string.h>

#include "kalman/scalar.h"

int64_t pt_history_size(int n, int max_point, int64_t capacity)
{
    int64_t square = (int64_t)n * n, points = (int64_t)max_point * n;
    return (capacity + 1) * (n + square) + capacity * (n + square + 2 * points + 3) + square;
}

void pt_history_place(pt_history *history, int n, int max_point, int64_t capacity, double *block)
{
    int64_t square = (int64_t)n * n, points = (int64_t)max_point * n;
    history->n = n;
    history->max_point = max_point;
    history->count = 0;
    history->mean = block;
    history->cov = history->mean + (capacity + 1) * n;
    history->predicted_mean = history->cov + (capacity + 1) * square;
    history->predicted_cov = history->predicted_mean + capacity * n;
    history->span = history->predicted_cov + capacity * square;
    history->noise_root = history->span + capacity;
    history->before = history->noise_root + square;
    history->after = history->before + capacity * points;
    history->n_point = history->after + capacity * points;
    history->share = history->n_point + capacity;
}

/* Smoothing trusts pivots above the larger of these: rounding, and the integrator's error in a variance. */
#define FINEST 1e-9
#define MARGIN 100.0

double pt_smooth_tolerance(double rtol) { return FINEST > MARGIN * rtol ? FINEST : MARGIN * rtol; }

void pt_smooth_gain(int n, int r, const double *C, const double *L, const int *pivot, double *J)
{
    for (int i = 0; i < n; i++) {
        double *g = J + (size_t)i * n;
        for (int k = 0; k < r; k++) {
            const double *row = L + (size_t)pivot[k] * n;
            double v = C[(size_t)i * n + pivot[k]];
            for (int q = 0; q < k; q++) v -= g[q] * row[q];
            g[k] = v / row[k];
        }
        for (int k = r - 1; k >= 0; k--) {
            double v = g[k];
            for (int q = k + 1; q < r; q++) v -= g[q] * L[(size_t)pivot[q] * n + k];
            g[k] = v / L[(size_t)pivot[k] * n + k];
        }
    }
}

/* E (n_point, n) = before - J after at the pivots, each about its centre */
static void residuals(int n, int n_point, int r, const double *before, const double *after, const double *J,
                      const int *pivot, double *E)
{
    for (int i = 0; i < n_point; i++) {
        const double *b = before + (size_t)i * n, *a = after + (size_t)i * n;
        for (int j = 0; j < n; j++) {
            double v = b[j] - before[j];
            for (int k = 0; k < r; k++) v -= J[(size_t)j * n + k] * (a[pivot[k]] - after[pivot[k]]);
            E[(size_t)i * n + j] = v;
        }
    }
}

/* P (n, n) += A A', A (n, k) with row length n */
static void add_square(int n, int k, const double *A, double *P)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double v = P[(size_t)i * n + j];
            for (int q = 0; q < k; q++) v += A[(size_t)i * n + q] * A[(size_t)j * n + q];
            P[(size_t)i * n + j] = P[(size_t)j * n + i] = v;
        }
}

/* P += J M M' J' at the r pivots, M (n, k) with row length n. The products J M lose far less to cancellation
 * than J (M M') J'. T: work (n, n) */
static void add_learnt(int n, int r, int k, const double *J, const double *M, double size, const int *pivot,
                       double *T, double *P)
{
    for (int i = 0; i < n; i++)
        for (int c = 0; c < k; c++) {
            double v = 0.0;
            for (int q = 0; q < r; q++) v += J[(size_t)i * n + q] * M[(size_t)pivot[q] * n + c];
            T[(size_t)i * n + c] = v * size;
        }
    add_square(n, k, T, P);
}

static pt_status smooth_step(pt_history *history, int64_t k, int first, double *work, int *pivot)
{
    int n = history->n, n_point = (int)history->n_point[k];
    size_t square = (size_t)n * n, points = (size_t)history->max_point * n;
    double *L = work, *C = L + square, *J = C + square, *T = J + square, *E = T + square;
    const double *before = history->before + k * points, *after = history->after + k * points;
    const double *predicted = history->predicted_mean + k * n;
    int r = pt_sigma_factor(n, first, predicted, history->known, history->predicted_cov + k * square,
                            history->tolerance, L, pivot);
    if (r < 0) return PT_NOT_POSITIVE_DEFINITE;
    const pt_sigma_rule rule = pt_sigma_shrunk(&history->rule, history->share[k]);
    pt_sigma_weights(&rule, n, n_point);
    pt_sigma_cross(&rule, n, n_point, before, after, C);
    pt_smooth_gain(n, r, C, L, pivot, J);
    double *m = history->mean + k * n, *P = history->cov + k * square, *next = m + n;
    for (int i = 0; i < n; i++) {
        for (int q = 0; q < r; q++) m[i] += J[(size_t)i * n + q] * (next[pivot[q]] - predicted[pivot[q]]);
        if (!s_finite(m[i])) return PT_NOT_FINITE;
    }
    residuals(n, n_point, r, before, after, J, pivot, E);
    pt_sigma_moments(&rule, n, n_point, E, L, P, C);
    int rank = pt_sigma_factor(n, first, next, 0.0, P + square, PT_PIVOT_FILTER, L, pivot + n);
    if (rank < 0) return PT_NOT_POSITIVE_DEFINITE;
    add_learnt(n, r, rank, J, L, 1.0, pivot, T, P);
    add_learnt(n, r, history->noise_rank, J, history->noise_root, __builtin_sqrt(history->span[k]), pivot, T,
               P);
    return PT_OK;
}

pt_status pt_smooth(pt_history *history, int first, double *work, int *pivot)
{
    for (int64_t k = history->count - 1; k >= 0; k--) {
        pt_status status = smooth_step(history, k, first, work, pivot);
        if (status != PT_OK) return status;
    }
    return PT_OK;
}
