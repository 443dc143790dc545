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

/* The lower triangle by tiles; the upper one is its mirror. */
void pt_rows_square(int64_t n, int64_t k, const double *A, double *C, int64_t ld)
{
    for (int64_t c = 0; c < n; c += PT_ROW) {
        int64_t i = c;
        for (; i + N_LINE <= n; i += N_LINE) tile(N_LINE, k, A + i, 1, ld, A + c, ld, 0, C + i * ld + c, ld);
        for (; i < n; i++) tile(1, k, A + i, 1, ld, A + c, ld, 0, C + i * ld + c, ld);
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = i / PT_ROW * PT_ROW + PT_ROW; j < ld; j++)
            C[i * ld + j] = j < n ? C[j * ld + i] : 0.0;
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

/* A pivot and its row, divided by it. */
typedef struct {
    int64_t k;
    double *row, inverse;
} pivot;

/* The row's pivot goes into *det, whose logarithm is taken before it leaves the range. */
static int normalise(double *A, int64_t ld, int64_t k, pivot *p, double *det, double *log_det)
{
    const double value = A[k * ld + k];
    if (!(value > 0.0) || value - value != 0.0) return 0;
    *p = (pivot){.k = k, .row = A + k * ld, .inverse = 1.0 / value};
    for (int64_t c = 0; c < ld; c += PT_W) v_store(p->row + c, v_load(p->row + c) * v_set(p->inverse));
    *det *= value;
    if (!log_det || (*det > 1e-100 && *det < 1e100)) return 1;
    *log_det += v_log(v_set(*det))[0];
    *det = 1.0;
    return 1;
}

/* Row less its element k times the pivot's row; that element becomes -itself / pivot. It is written last: a
 * vector loaded right behind a single number stored into it waits. */
PT_LANE void eliminate(double *row, const pivot *p, int64_t ld)
{
    const double factor = row[p->k];
    const vec f = v_set(-factor);
    for (int64_t c = 0; c < ld; c += PT_W) v_store(row + c, v_fma(f, v_load(p->row + c), v_load(row + c)));
    row[p->k] = -factor * p->inverse;
}

/* The same by p and then by q, its neighbour below, in one pass; q's row was eliminated by p, p's not by q.
 */
PT_LANE void eliminate_two(double *row, const pivot *p, const pivot *q, int64_t ld)
{
    const double first = row[p->k], second = __builtin_fma(-first, p->row[q->k], row[q->k]);
    const vec f = v_set(-first), g = v_set(-second);
    for (int64_t c = 0; c < ld; c += PT_W) {
        const vec once = v_fma(f, v_load(p->row + c), v_load(row + c));
        v_store(row + c, v_fma(g, v_load(q->row + c), once));
    }
    row[p->k] = __builtin_fma(-second, q->row[p->k], -first * p->inverse);
    row[q->k] = -second * q->inverse;
}

pt_status pt_rows_invert(int64_t n, double *A, int64_t ld, double *log_det)
{
    double det = 1.0;
    pivot p, q;
    if (log_det) *log_det = 0.0;
    for (int64_t k = 0; k < n; k += 2) {
        const int pair = k + 1 < n;
        if (!normalise(A, ld, k, &p, &det, log_det)) return PT_NOT_POSITIVE_DEFINITE;
        if (pair) {
            eliminate(A + (k + 1) * ld, &p, ld);
            if (!normalise(A, ld, k + 1, &q, &det, log_det)) return PT_NOT_POSITIVE_DEFINITE;
        }
        for (int64_t i = 0; i < n; i++) {
            if (i == k || (pair && i == k + 1)) continue;
            if (pair)
                eliminate_two(A + i * ld, &p, &q, ld);
            else
                eliminate(A + i * ld, &p, ld);
        }
        p.row[k] = p.inverse;
        if (!pair) continue;
        eliminate(p.row, &q, ld);
        q.row[k + 1] = q.inverse;
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

pt_status pt_rows_inverse_root(int64_t n, double *M, int64_t ld, double *R, double *log_det, double *work)
{
    const size_t bytes = (size_t)(n * ld) * sizeof(double);
    double *inverse = work, *factor = work + n * ld, *product = factor + n * ld;
    clear_padding(n, M, ld);
    for (int k = 0; k < MAX_ITERATION; k++) {
        const double distance = distance_from_one(n, M, ld);
        if (!(distance < 1e300)) return PT_NOT_POSITIVE_DEFINITE;
        const int last = distance < 1e-8 && k; /* then M^-1 = 2 I - M to rounding */
        if (!last) {
            memcpy(inverse, M, bytes);
            pt_status status = pt_rows_invert(n, inverse, ld, k ? NULL : log_det);
            if (status != PT_OK) return status;
            combine(n, ld, 0.5, 0.5, inverse, 0, NULL, k ? factor : R);
        } else
            combine(n, ld, 1.5, -0.5, M, 0, NULL, factor);
        if (k) {
            pt_rows_multiply(n, ld, n, R, ld, 1, factor, ld, 0, product, ld);
            memcpy(R, product, bytes);
        }
        if (last) return PT_OK;
        combine(n, ld, 0.5, 0.25, M, 0.25, inverse, M);
    }
    return PT_NOT_CONVERGED;
}
