/* See rows.h. */
#include "linalg/rows.h"

#include <string.h>

#include "lanes/vmath.h"

enum {
    PER_ROW = PT_ROW / PT_W,    /* vecs that a multiple of PT_ROW has at least */
    N_LINE = PT_W == 8 ? 8 : 4, /* rows of C that are summed at once: enough sums to hide the latency */
    MAX_ITERATION = 60          /* 26 halve a condition number of 1e16 down to where it is quadratic */
};

/* Statement for r = 0 .. N_LINE - 1 and v = 0 .. PER_ROW - 1; all constant. */
#define EACH_LINE for (int r = 0; r < n_line; r++)
#define EACH_VEC  for (int v = 0; v < PER_ROW; v++)

/* n_line rows of C and PT_ROW columns */
PT_LANE void tile(const int n_line, int64_t k, const double *A, int64_t by_row, int64_t by_column,
                  const double *B, int64_t ldb, int add, double *C, int64_t ldc)
{
    vec sum[N_LINE][PER_ROW];
    EACH_LINE EACH_VEC sum[r][v] = add ? v_load(C + r * ldc + v * PT_W) : v_set(0);
    for (int64_t l = 0; l < k; l++) {
        vec b[PER_ROW];
        EACH_VEC b[v] = v_load(B + l * ldb + v * PT_W);
        EACH_LINE
        {
            const vec a = v_set(A[r * by_row + l * by_column]);
            EACH_VEC sum[r][v] = v_fma(a, b[v], sum[r][v]);
        }
    }
    EACH_LINE EACH_VEC v_store(C + r * ldc + v * PT_W, sum[r][v]);
}

void pt_rows_multiply(int64_t m, int64_t n, int64_t k, const double *A, int64_t by_row, int64_t by_column,
                      const double *B, int64_t ldb, int add, double *C, int64_t ldc)
{
    for (int64_t c = 0; c < n; c += PT_ROW) {
        int64_t i = 0;
        for (; i + N_LINE <= m; i += N_LINE)
            tile(N_LINE, k, A + i * by_row, by_row, by_column, B + c, ldb, add, C + i * ldc + c, ldc);
        for (; i < m; i++)
            tile(1, k, A + i * by_row, by_row, by_column, B + c, ldb, add, C + i * ldc + c, ldc);
    }
}

/* The sum of PT_ROW numbers in an order that no vector width changes. */
PT_LANE double row_sum(const vec *part)
{
    double a[PT_ROW];
    EACH_VEC v_store(a + v * PT_W, part[v]);
    return ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
}

/* c[j] = a . B[j] for n_line rows of B */
PT_LANE void products(const int n_line, int64_t n, const double *a, const double *B, int64_t ldb, double *c)
{
    vec sum[N_LINE][PER_ROW];
    EACH_LINE EACH_VEC sum[r][v] = v_set(0);
    for (int64_t l = 0; l < n; l += PT_ROW) {
        vec x[PER_ROW];
        EACH_VEC x[v] = v_load(a + l + v * PT_W);
        EACH_LINE EACH_VEC sum[r][v] = v_fma(x[v], v_load(B + r * ldb + l + v * PT_W), sum[r][v]);
    }
    EACH_LINE c[r] = row_sum(sum[r]);
}

void pt_rows_outer(int64_t m, int64_t k, int64_t n, const double *A, int64_t lda, const double *B,
                   int64_t ldb, double *C, int64_t ldc)
{
    for (int64_t i = 0; i < m; i++) {
        int64_t j = 0;
        for (; j + N_LINE <= k; j += N_LINE)
            products(N_LINE, n, A + i * lda, B + j * ldb, ldb, C + i * ldc + j);
        for (; j < k; j++) products(1, n, A + i * lda, B + j * ldb, ldb, C + i * ldc + j);
    }
}

/* Row of A less its element k times the row of the pivot; that element becomes -itself / pivot. It is written
 * last: a vector loaded right behind a single number stored into it waits. */
PT_LANE void eliminate(double *row, const double *pivot_row, int64_t ld, int64_t k, double inverse)
{
    const double factor = row[k];
    const vec f = v_set(-factor);
    for (int64_t c = 0; c < ld; c += PT_W) v_store(row + c, v_fma(f, v_load(pivot_row + c), v_load(row + c)));
    row[k] = -factor * inverse;
}

pt_status pt_rows_invert(int64_t n, double *A, int64_t ld, double *log_det)
{
    double det = 1.0;
    if (log_det) *log_det = 0.0;
    for (int64_t k = 0; k < n; k++) {
        double *row = A + k * ld;
        const double pivot = row[k];
        if (!(pivot > 0.0) || pivot - pivot != 0.0) return PT_NOT_POSITIVE_DEFINITE;
        const double inverse = 1.0 / pivot;
        for (int64_t c = 0; c < ld; c += PT_W) v_store(row + c, v_load(row + c) * v_set(inverse));
        for (int64_t i = 0; i < n; i++)
            if (i != k) eliminate(A + i * ld, row, ld, k, inverse);
        row[k] = inverse;
        if (!log_det) continue;
        det *= pivot;
        if (det > 1e-100 && det < 1e100) continue;
        *log_det += v_log(v_set(det))[0];
        det = 1.0;
    }
    if (log_det) *log_det += v_log(v_set(det))[0];
    return PT_OK;
}

/* The largest |M - I|; NaN where there is one. */
static double distance_from_one(int64_t n, const double *M, int64_t ld)
{
    vec worst = v_set(0);
    for (int64_t i = 0; i < n; i++)
        for (int64_t c = 0; c < ld; c += PT_W) {
            vec d = v_load(M + i * ld + c);
            if (i >= c && i < c + PT_W) d[i - c] -= 1.0;
            worst = v_larger(worst, v_abs(d));
        }
    double most = 0.0;
    for (int j = 0; j < PT_W; j++) most = worst[j] > most || worst[j] != worst[j] ? worst[j] : most;
    return most;
}

/* to = a I + b M (+ c N), in whole rows */
static void combine(int64_t n, int64_t ld, double a, double b, const double *M, double c, const double *N,
                    double *to)
{
    for (int64_t i = 0; i < n; i++) {
        for (int64_t l = 0; l < ld; l += PT_W) {
            vec x = v_set(b) * v_load(M + i * ld + l);
            if (N) x = v_fma(v_set(c), v_load(N + i * ld + l), x);
            v_store(to + i * ld + l, x);
        }
        to[i * ld + i] += a;
    }
}

static void clear_padding(int64_t n, double *A, int64_t ld)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t c = n; c < ld; c++) A[i * ld + c] = 0.0;
}

pt_status pt_rows_inverse_root(int64_t n, double *M, int64_t ld, double *R, double *work)
{
    const size_t bytes = (size_t)(n * ld) * sizeof(double);
    double *inverse = work, *factor = work + n * ld, *product = factor + n * ld;
    clear_padding(n, M, ld);
    for (int k = 0; k < MAX_ITERATION; k++) {
        const double distance = distance_from_one(n, M, ld);
        if (!(distance < 1e300)) return PT_NOT_POSITIVE_DEFINITE;
        const int last = distance < 1e-8; /* then M^-1 = 2 I - M to rounding */
        if (!last) {
            memcpy(inverse, M, bytes);
            pt_status status = pt_rows_invert(n, inverse, ld, NULL);
            if (status != PT_OK) return status;
            combine(n, ld, 0.5, 0.5, inverse, 0, NULL, k ? factor : R);
        } else
            combine(n, ld, 1.5, -0.5, M, 0, NULL, k ? factor : R);
        if (k) {
            pt_rows_multiply(n, ld, n, R, ld, 1, factor, ld, 0, product, ld);
            memcpy(R, product, bytes);
        }
        if (last) return PT_OK;
        combine(n, ld, 0.5, 0.25, M, 0.25, inverse, M);
    }
    return PT_NOT_CONVERGED;
}
