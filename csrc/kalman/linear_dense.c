#include "kalman/linear_dense.h"

#include <math.h>

#include "kalman/scalar.h"
#include "kalman/sigma.h"
#include "linalg/blas.h"
#include "parts.h"

/* ---- work space ---- */

static int64_t place(const pt_linear_input *in, int64_t rows, pt_dense *w, double *block)
{
    int64_t n = in->n, m = in->m > rows ? in->m : rows, g = in->g;
    int64_t n_max = n > m ? n : m;
    if (g > n_max) n_max = g;
    const pt_part parts[] = {
        {&w->a, n},        {&w->next, n},
        {&w->P, n * n},    {&w->T, n * n},
        {&w->U, n * n},    {&w->J, n * n},
        {&w->Q, n * n},    {&w->GQ, n * g},
        {&w->a_smooth, n}, {&w->P_smooth, n * n},
        {&w->y, m},        {&w->H, m * n},
        {&w->R, m * m},    {&w->S, m * m},
        {&w->M, n * m},    {&w->K, n * m},
        {&w->B, n * m},    {&w->scratch, n_max * n_max + 2 * n_max},
    };
    /* every array on a cache line of its own: the same bits anywhere */
    return pt_parts_place(parts, sizeof parts / sizeof *parts, block, 0, PT_CACHE_LINE);
}

pt_status pt_dense_create(const pt_linear_input *in, int rows, pt_dense *w)
{
    int n_max = in->n > in->m ? in->n : in->m;
    if (in->g > n_max) n_max = in->g;
    if (rows > n_max) n_max = rows;
    w->block = pt_alloc((size_t)place(in, rows, w, NULL) * sizeof(double));
    w->pivot = pt_alloc((size_t)n_max * sizeof *w->pivot);
    if (!w->block || !w->pivot) return PT_NO_MEMORY;
    place(in, rows, w, w->block);
    return PT_OK;
}

void pt_dense_free(pt_dense *w)
{
    pt_free(w->block);
    pt_free(w->pivot);
}

/* The upper triangle from the lower one, in tiles: both sides of a tile stay in the cache. */
void pt_dense_mirror(int n, double *P)
{
    enum { TILE = 16 };
    for (int row = 0; row < n; row += TILE)
        for (int column = 0; column <= row; column += TILE)
            for (int i = row; i < row + TILE && i < n; i++)
                for (int j = column; j < column + TILE && j < i; j++)
                    P[(size_t)j * n + i] = P[(size_t)i * n + j];
}

void pt_dense_symmetrise(int n, double *P)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            P[(size_t)j * n + i] = P[(size_t)i * n + j] = 0.5 * (P[(size_t)i * n + j] + P[(size_t)j * n + i]);
}

/* ---- update ---- */

pt_status pt_dense_select(const pt_linear_input *in, int64_t s, int64_t t, pt_dense *w)
{
    const double *y = in->y + (s * in->n_time + t) * in->m, *H = pt_linear_at(&in->H, s, t);
    const double *R = pt_linear_at(&in->R, s, t), *d = in->d.data ? pt_linear_at(&in->d, s, t) : NULL;
    int m = in->m, n = in->n, k = 0;
    for (int i = 0; i < m; i++) {
        if (y[i] != y[i]) continue;
        if (!s_finite(y[i])) return PT_NOT_FINITE;
        w->y[k] = y[i] - (d ? d[i] : 0.0);
        pt_copy(w->H + (size_t)k * n, H + (size_t)i * n, n);
        w->pivot[k++] = i;
    }
    for (int i = 0; i < k; i++)
        for (int j = 0; j < k; j++) w->R[i * k + j] = R[(size_t)w->pivot[i] * m + w->pivot[j]];
    w->seen = k;
    return PT_OK;
}

double pt_dense_log_density(int k, const double *L, double *v)
{
    double square = 0.0, log_det = 0.0;
    for (int i = 0; i < k; i++) {
        for (int j = 0; j < i; j++) v[i] -= L[(size_t)i * k + j] * v[j];
        v[i] /= L[(size_t)i * k + i];
        square += v[i] * v[i];
        log_det += 2.0 * s_log(L[(size_t)i * k + i]);
    }
    return -0.5 * (k * PT_LN_2PI + log_det + square);
}

pt_status pt_dense_innovate(int n, pt_dense *w)
{
    const int k = w->seen;
    if (k == 1)
        pt_blas_symm(n, 1, 1.0, w->P, w->H, 0.0, w->M);
    else
        pt_blas_gemm(0, 1, n, k, n, 1.0, w->P, n, w->H, n, 0.0, w->M, k);
    pt_copy(w->S, w->R, (int64_t)k * k);
    pt_blas_gemm(0, 0, k, k, n, 1.0, w->H, n, w->M, k, 1.0, w->S, k);
    pt_blas_gemv(k, n, -1.0, w->H, w->a, 1.0, w->y);
    for (int i = 0; i < k; i++)
        if (!s_finite(w->S[(size_t)i * k + i] + w->y[i])) return PT_NOT_FINITE;
    return pt_blas_cholesky(k, w->S) == PT_OK ? PT_OK : PT_SINGULAR;
}

double pt_dense_correct(int n, pt_dense *w)
{
    const int k = w->seen;
    const double gained = pt_dense_log_density(k, w->S, w->y);
    pt_copy(w->K, w->M, (int64_t)n * k);
    pt_blas_solve_right(1, n, k, w->S, k, w->K, k);
    pt_blas_gemv(n, k, 1.0, w->K, w->y, 1.0, w->a);
    pt_blas_syrk(n, k, -1.0, w->K, k, 1.0, w->P);
    pt_blas_solve_right(0, n, k, w->S, k, w->K, k);
    pt_dense_mirror(n, w->P);
    pt_blas_gemm(0, 0, n, k, k, 1.0, w->K, k, w->R, k, 0.0, w->B, k);
    if (k == 1)
        pt_blas_symm(n, 1, -1.0, w->P, w->H, 1.0, w->B);
    else
        pt_blas_gemm(0, 1, n, k, n, -1.0, w->P, n, w->H, n, 1.0, w->B, k);
    pt_blas_syr2k(n, k, 0.5, w->B, w->K, k, w->P);
    pt_dense_mirror(n, w->P);
    return gained;
}

/* ---- predict ---- */

void pt_dense_noise(const pt_linear_input *in, int64_t s, int64_t t, pt_dense *w)
{
    int n = in->n, g = in->g;
    const double *Q = pt_linear_at(&in->Q, s, t);
    if (!in->G.data) {
        pt_copy(w->Q, Q, (int64_t)n * n);
        return;
    }
    const double *G = pt_linear_at(&in->G, s, t);
    pt_blas_gemm(0, 0, n, g, g, 1.0, G, g, Q, g, 0.0, w->GQ, g);
    pt_blas_gemm(0, 1, n, n, g, 1.0, w->GQ, g, G, g, 0.0, w->Q, n);
    pt_dense_symmetrise(n, w->Q);
}

void pt_dense_spread(int n, const double *F, const double *Q, const double *P, double *T, double *out)
{
    pt_copy(out, P, (int64_t)n * n);
    if (pt_blas_cholesky(n, out) == PT_OK) {
        pt_copy(T, F, (int64_t)n * n);
        pt_blas_times_lower(n, n, out, T);
        pt_copy(out, Q, (int64_t)n * n);
        pt_blas_syrk(n, n, 1.0, T, n, 1.0, out);
        pt_dense_mirror(n, out);
    } else {
        pt_blas_gemm(0, 0, n, n, n, 1.0, F, n, P, n, 0.0, T, n);
        pt_copy(out, Q, (int64_t)n * n);
        pt_blas_gemm(0, 1, n, n, n, 1.0, T, n, F, n, 1.0, out, n);
        pt_dense_symmetrise(n, out);
    }
}

void pt_dense_predict(int n, const double *F, const double *c, const double *Q, pt_dense *w, double *out)
{
    if (c)
        pt_copy(w->next, c, n);
    else
        memset(w->next, 0, (size_t)n * sizeof(double));
    pt_blas_gemv(n, n, 1.0, F, w->a, 1.0, w->next);
    pt_dense_spread(n, F, Q, w->P, w->T, out);
}
