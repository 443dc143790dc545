#include "kalman/linear_steady.h"

#include <math.h>

#include "kalman/scalar.h"
#include "linalg/blas.h"

/* What rounding alone moves, relative to the standard deviations. */
#define ROUNDING 1e-15
#define NOISE    2e-14
enum { QUIET = 3 };

double pt_distance(int n, const double *P, const double *before, double *scratch)
{
    double largest = 0.0;
    for (int i = 0; i < n; i++) {
        const double p = P[(size_t)i * n + i];
        scratch[i] = p > 0.0 ? 1.0 / sqrt(p) : 1e150;
    }
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            const double moved = fabs(P[(size_t)i * n + j] - before[(size_t)i * n + j]);
            const double share = moved * scratch[i] * scratch[j];
            if (share > largest) largest = share;
        }
    return largest;
}

int pt_has_settled(pt_settling *settling, double moved)
{
    const double before = settling->moved;
    settling->moved = moved;
    settling->quiet = moved <= NOISE && moved >= settling->least ? settling->quiet + 1 : 0;
    if (moved < settling->least) settling->least = moved;
    if (before < 0.0 || moved > 1e-6) return 0;
    const double shrinks = before > 0.0 ? moved / before : 0.0;
    return settling->quiet >= QUIET || (shrinks < 0.9 && moved * shrinks <= ROUNDING * (1.0 - shrinks));
}

int64_t pt_resting_size(int n, int k) { return (int64_t)k * k + 2 * (int64_t)n * k + k; }

void pt_resting_place(int n, int k, double *block, pt_resting *steady)
{
    steady->L = block;
    steady->K = steady->L + (size_t)k * k;
    steady->M = steady->K + (size_t)n * k;
    steady->v = steady->M + (size_t)n * k;
}

void pt_resting_take(int n, const pt_dense *w, const double *F, const double *G, pt_resting *steady)
{
    const int k = steady->k = w->seen;
    pt_copy(steady->L, w->S, (int64_t)k * k);
    pt_copy(steady->K, w->K, (int64_t)n * k);
    if (G) pt_copy(steady->M, G, (int64_t)n * k);
    pt_blas_gemm(0, 0, n, k, n, 1.0, F, n, w->K, k, G ? 1.0 : 0.0, steady->M, k);
    steady->log_det = 0.0;
    for (int i = 0; i < k; i++) steady->log_det += 2.0 * s_log(steady->L[(size_t)i * k + i]);
}

int pt_resting_innovate(int n, const double *H, const double *y, const double *a, pt_resting *steady)
{
    const int k = steady->k;
    double sum = 0.0;
    pt_copy(steady->v, y, k);
    pt_blas_gemv(k, n, -1.0, H, a, 1.0, steady->v);
    for (int i = 0; i < k; i++) sum += steady->v[i];
    return s_finite(sum);
}

void pt_resting_move(int n, const double *F, const double *f, const double *a, double *next,
                     pt_resting *steady)
{
    if (f)
        pt_copy(next, f, n);
    else
        memset(next, 0, (size_t)n * sizeof *next);
    pt_blas_gemv(n, n, 1.0, F, a, 1.0, next);
    pt_blas_gemv(n, steady->k, 1.0, steady->M, steady->v, 1.0, next);
}

void pt_resting_correct(int n, double *a, const pt_resting *steady)
{
    pt_blas_gemv(n, steady->k, 1.0, steady->K, steady->v, 1.0, a);
}

double pt_resting_gain(pt_resting *steady)
{
    const int k = steady->k;
    double square = 0.0;
    pt_blas_solve_lower(k, steady->L, steady->v);
    for (int i = 0; i < k; i++) square += steady->v[i] * steady->v[i];
    return -0.5 * (k * PT_LN_2PI + steady->log_det + square);
}
