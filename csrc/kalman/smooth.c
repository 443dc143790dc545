/* See smooth.h. */
#include "kalman/smooth.h"

#include <string.h>

#include "kalman/scalar.h"

int64_t pt_history_size(int n, int64_t capacity)
{
    int64_t square = (int64_t)n * n;
    return (capacity + 1) * (n + square) + capacity * (n + 2 * square);
}

void pt_history_place(pt_history *history, int n, int64_t capacity, double *block)
{
    int64_t square = (int64_t)n * n;
    history->n = n;
    history->count = 0;
    history->mean = block;
    history->cov = history->mean + (capacity + 1) * n;
    history->predicted_mean = history->cov + (capacity + 1) * square;
    history->predicted_cov = history->predicted_mean + capacity * n;
    history->cross = history->predicted_cov + capacity * square;
}

/* A (n, r) with A A' = C P^- C', and the gain J (n, r) over the pivots; L, pivot: factor of P. */
static void smoother_gain(int n, int r, const double *C, const double *L, const int *pivot, double *A,
                          double *J)
{
    for (int i = 0; i < n; i++) {
        double *a = A + (size_t)i * n, *g = J + (size_t)i * n;
        for (int k = 0; k < r; k++) {
            const double *row = L + (size_t)pivot[k] * n;
            double v = C[(size_t)i * n + pivot[k]];
            for (int q = 0; q < k; q++) v -= a[q] * row[q];
            a[k] = v / row[k];
        }
        for (int k = r - 1; k >= 0; k--) {
            double v = a[k];
            for (int q = k + 1; q < r; q++) v -= g[q] * L[(size_t)pivot[q] * n + k];
            g[k] = v / L[(size_t)pivot[k] * n + k];
        }
    }
}

/* P -= A A' - J Q J' with Q = next (n, n) at the pivots; T: work (n, n) */
static void smooth_cov(int n, int r, const double *A, const double *J, const double *next, const int *pivot,
                       double *T, double *P)
{
    for (int i = 0; i < n; i++)
        for (int k = 0; k < r; k++) {
            double v = 0.0;
            for (int q = 0; q < r; q++) v += J[(size_t)i * n + q] * next[(size_t)pivot[q] * n + pivot[k]];
            T[(size_t)i * n + k] = v;
        }
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            double known = 0.0, learnt = 0.0;
            for (int k = 0; k < r; k++) {
                known += A[(size_t)i * n + k] * A[(size_t)j * n + k];
                learnt += T[(size_t)i * n + k] * J[(size_t)j * n + k];
            }
            double v = P[(size_t)i * n + j] - known + learnt;
            if (i == j && v < 0.0) v = 0.0; /* rounding of a variance that vanishes */
            P[(size_t)i * n + j] = P[(size_t)j * n + i] = v;
        }
}

static pt_status smooth_step(pt_history *history, int64_t k, int first, double *work, int *pivot)
{
    int n = history->n;
    size_t square = (size_t)n * n;
    double *L = work, *A = L + square, *J = A + square, *T = J + square;
    int r = pt_sigma_factor(n, first, history->predicted_cov + k * square, PT_PIVOT_SMOOTH, L, pivot);
    if (r < 0) return PT_NOT_POSITIVE_DEFINITE;
    smoother_gain(n, r, history->cross + k * square, L, pivot, A, J);
    double *m = history->mean + k * n;
    const double *next = m + n, *predicted = history->predicted_mean + k * n;
    for (int i = 0; i < n; i++) {
        for (int q = 0; q < r; q++) m[i] += J[(size_t)i * n + q] * (next[pivot[q]] - predicted[pivot[q]]);
        if (!s_finite(m[i])) return PT_NOT_FINITE;
    }
    smooth_cov(n, r, A, J, history->cov + (k + 1) * square, pivot, T, history->cov + k * square);
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
