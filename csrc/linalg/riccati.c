#include <math.h>
#include <string.h>

#include "lanes/fenv_guard.h"
#include "linalg/blas.h"
#include "linalg/openblas.h"
#include "pytwin.h"

enum { NEWTON = 12, DOUBLINGS = 64 };

typedef struct {
    int n, m;
    const double *F, *H, *Q, *R, *S;
} problem;

/* ---- the pencil ---- */

/* M - lambda N of 2n + m rows by columns, without the last m columns, which go to L:
 *   M = [F' 0; Q -I; S' 0], L = [H'; S; R], N = [I 0; 0 -F; 0 -H] */
static void fill(const problem *p, double *M, double *N, double *L)
{
    const size_t n = (size_t)p->n, m = (size_t)p->m, rows = 2 * n + m;
    for (size_t j = 0; j < n; j++) {
        double *left = M + j * rows, *right = N + (n + j) * rows;
        memcpy(left, p->F + j * n, n * sizeof *left);
        memcpy(left + n, p->Q + j * n, n * sizeof *left);
        if (p->S) memcpy(left + 2 * n, p->S + j * m, m * sizeof *left);
        M[(n + j) * rows + n + j] = -1.0;
        N[j * rows + j] = 1.0;
        for (size_t i = 0; i < n; i++) right[n + i] = -p->F[i * n + j];
        for (size_t i = 0; i < m; i++) right[2 * n + i] = -p->H[i * n + j];
    }
    for (size_t k = 0; k < m; k++) {
        double *column = L + k * rows;
        memcpy(column, p->H + k * n, n * sizeof *column);
        for (size_t i = 0; p->S && i < n; i++) column[n + i] = p->S[i * m + k];
        memcpy(column + 2 * n, p->R + k * m, m * sizeof *column);
    }
}

static lapack_logical is_inside(const double *real, const double *imaginary, const double *beta)
{
    return hypot(*real, *imaginary) < fabs(*beta);
}

/* P' = (U10 U00^-1)' from the leading columns of Z (2n, 2n), by columns; W (2n, n) work */
static pt_status ratio_of(int n, const double *Z, double *W, lapack_int *pivot, double *P)
{
    double *U00 = W, *U10 = W + (size_t)n * n;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            U00[(size_t)i * n + j] = Z[(size_t)j * 2 * n + i];
            U10[(size_t)i * n + j] = Z[(size_t)j * 2 * n + n + i];
        }
    if (PT_BLAS(LAPACKE_dgesv_work)(LAPACK_COL_MAJOR, n, n, U00, n, pivot, U10, n)) return PT_NOT_CONVERGED;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            P[(size_t)i * n + j] = 0.5 * (U10[(size_t)i * n + j] + U10[(size_t)j * n + i]);
    return PT_OK;
}

static pt_status by_schur(const problem *p, double *P)
{
    const int n = p->n, m = p->m, rows = 2 * n + m, twice = 2 * n;
    const lapack_int n_work = 64 * (lapack_int)rows;
    const size_t square = (size_t)rows * twice, small = (size_t)rows * m;
    double *block =
        pt_alloc((2 * square + small + 4 * (size_t)n * n + 7 * (size_t)rows + n_work) * sizeof(double));
    lapack_int *whole = pt_alloc(2 * (size_t)rows * sizeof *whole);
    pt_status status = block && whole ? PT_OK : PT_NO_MEMORY;
    if (status == PT_OK) {
        double *M = block, *N = M + square, *L = N + square, *Z = L + small, *tau = Z + 4 * (size_t)n * n;
        double *alpha = tau + rows, *work = tau + 7 * (size_t)rows;
        lapack_int found = 0;
        fill(p, M, N, L);
        int bad = PT_BLAS(LAPACKE_dgeqrf_work)(LAPACK_COL_MAJOR, rows, m, L, rows, tau, work, n_work) ||
                  PT_BLAS(LAPACKE_dormqr_work)(LAPACK_COL_MAJOR, 'L', 'T', rows, twice, m, L, rows, tau, M,
                                               rows, work, n_work) ||
                  PT_BLAS(LAPACKE_dormqr_work)(LAPACK_COL_MAJOR, 'L', 'T', rows, twice, m, L, rows, tau, N,
                                               rows, work, n_work) ||
                  PT_BLAS(LAPACKE_dgges_work)(LAPACK_COL_MAJOR, 'N', 'V', 'S', is_inside, twice, M + m, rows,
                                              N + m, rows, &found, alpha, alpha + twice, alpha + 2 * twice,
                                              NULL, 1, Z, twice, work, n_work, whole);
        status = bad || found != n ? PT_NOT_CONVERGED : ratio_of(n, Z, M, whole, P);
    }
    pt_free(block);
    pt_free(whole);
    return status;
}

/* ---- Newton's steps ---- */

typedef struct {
    double *block;
    double *V, *M, *K, *KR;   /* (m, m), (n, m) .. */
    double *A, *T, *U, *next; /* (n, n) */
} newton_work;

static pt_status newton_create(int n, int m, newton_work *w)
{
    const size_t square = (size_t)n * n, narrow = (size_t)n * m;
    w->block = pt_alloc(((size_t)m * m + 3 * narrow + 4 * square) * sizeof(double));
    if (!w->block) return PT_NO_MEMORY;
    w->V = w->block;
    w->M = w->V + (size_t)m * m;
    w->K = w->M + narrow;
    w->KR = w->K + narrow;
    w->A = w->KR + narrow;
    w->T = w->A + square;
    w->U = w->T + square;
    w->next = w->U + square;
    return PT_OK;
}

/* The gain K = (F P H' + S) V^-1 and A = F - K H */
static pt_status gain_of(const problem *p, const double *P, newton_work *w)
{
    const int n = p->n, m = p->m;
    pt_blas_gemm(0, 1, n, m, n, 1.0, P, n, p->H, n, 0.0, w->M, m);
    memcpy(w->V, p->R, (size_t)m * m * sizeof(double));
    pt_blas_gemm(0, 0, m, m, n, 1.0, p->H, n, w->M, m, 1.0, w->V, m);
    if (pt_blas_cholesky(m, w->V) != PT_OK) return PT_SINGULAR;
    if (p->S) memcpy(w->K, p->S, (size_t)n * m * sizeof(double));
    pt_blas_gemm(0, 0, n, m, n, 1.0, p->F, n, w->M, m, p->S ? 1.0 : 0.0, w->K, m);
    pt_blas_solve_right(1, n, m, w->V, m, w->K, m);
    pt_blas_solve_right(0, n, m, w->V, m, w->K, m);
    memcpy(w->A, p->F, (size_t)n * n * sizeof(double));
    pt_blas_gemm(0, 0, n, n, m, -1.0, w->K, m, p->H, n, 1.0, w->A, n);
    return PT_OK;
}

/* next = Q + K R K' - K S' - S K', the noise that drives A */
static void driven(const problem *p, newton_work *w)
{
    const int n = p->n, m = p->m;
    memcpy(w->next, p->Q, (size_t)n * n * sizeof(double));
    pt_blas_gemm(0, 0, n, m, m, 1.0, w->K, m, p->R, m, 0.0, w->KR, m);
    for (size_t i = 0; p->S && i < (size_t)n * m; i++) w->KR[i] -= p->S[i];
    pt_blas_gemm(0, 1, n, n, m, 1.0, w->KR, m, w->K, m, 1.0, w->next, n);
    if (p->S) pt_blas_gemm(0, 1, n, n, m, -1.0, w->K, m, p->S, m, 1.0, w->next, n);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++)
            w->next[(size_t)i * n + j] = w->next[(size_t)j * n + i] =
                0.5 * (w->next[(size_t)i * n + j] + w->next[(size_t)j * n + i]);
}

/* next = sum over i of A^i next A'^i, by doubling; A is spent. NOT_CONVERGED where A does not decay. */
static pt_status sum_up(int n, newton_work *w)
{
    const size_t square = (size_t)n * n;
    for (int k = 0; k < DOUBLINGS; k++) {
        double added = 0.0, all = 0.0;
        pt_blas_gemm(0, 0, n, n, n, 1.0, w->A, n, w->next, n, 0.0, w->T, n);
        pt_blas_gemm(0, 1, n, n, n, 1.0, w->T, n, w->A, n, 0.0, w->U, n);
        for (int i = 0; i < n; i++)
            for (int j = 0; j <= i; j++) {
                const double more = 0.5 * (w->U[(size_t)i * n + j] + w->U[(size_t)j * n + i]);
                w->next[(size_t)i * n + j] = w->next[(size_t)j * n + i] = w->next[(size_t)i * n + j] + more;
                if (i == j && w->next[(size_t)i * n + j] > 0.0)
                    added = fmax(added, more / w->next[(size_t)i * n + j]);
                all += more;
            }
        if (!isfinite(all)) return PT_NOT_CONVERGED;
        if (added < 1e-18) return PT_OK;
        pt_blas_gemm(0, 0, n, n, n, 1.0, w->A, n, w->A, n, 0.0, w->T, n);
        memcpy(w->A, w->T, square * sizeof(double));
    }
    return PT_NOT_CONVERGED;
}

/* The largest change relative to the standard deviations; P = next */
static double accept(int n, const newton_work *w, double *P)
{
    double largest = 0.0;
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            const double scale = w->next[(size_t)i * n + i] * w->next[(size_t)j * n + j];
            const double change = fabs(w->next[(size_t)i * n + j] - P[(size_t)i * n + j]);
            if (scale > 0.0) largest = fmax(largest, change / sqrt(scale));
        }
    memcpy(P, w->next, (size_t)n * n * sizeof(double));
    return largest;
}

/* Until nothing changes any more, or rounding stops it from getting better. */
static pt_status refine(const problem *p, newton_work *w, double *P)
{
    double before = INFINITY;
    for (int k = 0; k < NEWTON; k++) {
        pt_status status = gain_of(p, P, w);
        if (status != PT_OK) return status;
        driven(p, w);
        status = sum_up(p->n, w);
        if (status != PT_OK) return status;
        const double change = accept(p->n, w, P);
        if (change < 1e-14 || (change < 1e-9 && change > 0.5 * before)) return PT_OK;
        before = change;
    }
    return PT_NOT_CONVERGED;
}

pt_status pt_riccati(int n, int m, const double *F, const double *H, const double *Q, const double *R,
                     const double *S, double *P)
{
    if (n < 1 || m < 1) return PT_BAD_ARGUMENT;
    const problem p = {n, m, F, H, Q, R, S};
    newton_work w = {0};
    fenv_t saved = pt_fenv_enter();
    pt_status status = newton_create(n, m, &w);
    if (status == PT_OK) status = by_schur(&p, P);
    if (status == PT_OK) status = refine(&p, &w, P);
    pt_free(w.block);
    pt_fenv_leave(saved);
    return status;
}
