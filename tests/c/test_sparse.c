/* Sparse elimination over lanes against products with the matrix itself. */
#include "check.h"
#include "linalg/sparse.h"

enum { N = 12 };

static uint64_t state = 88172645463325252u;
static double uniform(void)
{
    state ^= state << 13, state ^= state >> 7, state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

typedef struct {
    int n, begin[N + 1], column[N * N];
    double typical[N * N];
    double lane[PT_WIDE_LANES][N * N]; /* entries in each lane */
} matrix;

/* A random pattern with the diagonal, and entries that differ between lanes. */
static void make(matrix *A, int n, double share, double diagonal)
{
    int k = 0;
    A->n = n;
    for (int i = 0; i < n; i++) {
        A->begin[i] = k;
        for (int j = 0; j < n; j++) {
            if (i != j && uniform() > share) continue;
            A->column[k] = j;
            for (int l = 0; l < PT_WIDE_LANES; l++)
                A->lane[l][k] = (i == j ? diagonal : 0) + 2 * uniform() - 1;
            A->typical[k] = A->lane[0][k];
            k++;
        }
    }
    A->begin[n] = k;
}

static void factor(const matrix *A, const pt_sparse *p, vec *value, vec *inverse)
{
    for (int i = 0; i < p->n_fill * PT_WIDE; i++)
        value[p->fill[i / PT_WIDE] * PT_WIDE + i % PT_WIDE] = v_set(0);
    for (int k = 0; k < p->n_entry; k++)
        for (int l = 0; l < PT_WIDE_LANES; l++)
            ((double *)value)[p->place[k] * PT_WIDE_LANES + l] = A->lane[l][k];
    pt_sparse_factor(p, value, inverse);
}

static double residual(const matrix *A, int l, const vec *x, const double *b)
{
    double worst = 0;
    for (int i = 0; i < A->n; i++) {
        double sum = -b[i];
        for (int k = A->begin[i]; k < A->begin[i + 1]; k++)
            sum += A->lane[l][k] * ((const double *)x)[A->column[k] * PT_WIDE_LANES + l];
        worst = fabs(sum) > worst || sum != sum ? fabs(sum) : worst;
    }
    return worst;
}

static void solve_and_check(const matrix *A, const pt_sparse *p, double tolerance, int skip)
{
    vec value[N * N * PT_WIDE], inverse[N * PT_WIDE], x[N * PT_WIDE], work[N * PT_WIDE];
    double b[PT_WIDE_LANES][N];
    for (int l = 0; l < PT_WIDE_LANES; l++)
        for (int i = 0; i < A->n; i++) ((double *)x)[i * PT_WIDE_LANES + l] = b[l][i] = 2 * uniform() - 1;
    factor(A, p, value, inverse);
    pt_sparse_solve(p, value, inverse, x, work);
    for (int l = 0; l < PT_WIDE_LANES; l++)
        if (l != skip) CHECK_NEAR(residual(A, l, x, b[l]), 0, tolerance);
    if (skip < 0) return;
    int finite = 1;
    for (int i = 0; i < A->n; i++) finite &= isfinite(((double *)x)[i * PT_WIDE_LANES + skip]) != 0;
    CHECK(!finite);
}

static void test_random(void)
{
    matrix A;
    const int8_t fixed[N] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    for (int round = 0; round < 40; round++) {
        make(&A, 1 + round % N, 0.3, 4);
        pt_sparse *p;
        CHECK(pt_sparse_create(A.n, A.begin, A.column, A.typical, fixed, &p) == PT_OK);
        CHECK(p->n_value >= p->n_entry);
        solve_and_check(&A, p, 1e-11, -1);
        pt_sparse_free(p);
    }
}

/* An arrow that points the wrong way fills up in natural order and not at all in a good one. */
static void test_fill(void)
{
    matrix A = {.n = N};
    const int8_t fixed[N] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    int k = 0;
    for (int i = 0; i < N; i++) {
        A.begin[i] = k;
        for (int j = 0; j < N; j++)
            if (i == 0 || j == 0 || i == j) {
                A.column[k] = j;
                A.typical[k] = i == j ? 4 + i : 0.5;
                for (int l = 0; l < PT_WIDE_LANES; l++) A.lane[l][k] = A.typical[k] * (1 + 0.01 * l);
                k++;
            }
    }
    A.begin[N] = k;
    pt_sparse *p;
    CHECK(pt_sparse_create(N, A.begin, A.column, A.typical, fixed, &p) == PT_OK);
    CHECK(p->n_fill == 0);
    CHECK(p->row[N - 1] == 0 || p->row[N - 2] == 0);
    solve_and_check(&A, p, 1e-12, -1);
    pt_sparse_free(p);
}

/* Two algebraic rows without a diagonal: [2 0 1; 0 0 3; 1 5 0] */
static void test_off_diagonal(void)
{
    matrix A = {.n = 3, .begin = {0, 2, 3, 5}, .column = {0, 2, 2, 0, 1}, .typical = {2, 1, 3, 1, 5}};
    const int8_t fixed[3] = {1, 0, 0};
    for (int l = 0; l < PT_WIDE_LANES; l++)
        for (int k = 0; k < 5; k++) A.lane[l][k] = A.typical[k] + 0.1 * l;
    pt_sparse *p;
    CHECK(pt_sparse_create(3, A.begin, A.column, A.typical, fixed, &p) == PT_OK);
    solve_and_check(&A, p, 1e-13, -1);
    pt_sparse_free(p);
}

static void test_singular(void)
{
    matrix A;
    const int8_t fixed[N] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, none[2] = {0, 0};
    make(&A, 6, 0.4, 4);
    for (int k = A.begin[2]; k < A.begin[3]; k++) A.lane[5][k] = 0; /* a row of zeros in lane 5 */
    pt_sparse *p;
    CHECK(pt_sparse_create(6, A.begin, A.column, A.typical, fixed, &p) == PT_OK);
    solve_and_check(&A, p, 1e-11, 5);
    pt_sparse_free(p);
    /* a column without an entry: no order */
    const int begin[3] = {0, 1, 2}, column[2] = {0, 0};
    const double value[2] = {1, 1};
    CHECK(pt_sparse_create(2, begin, column, value, none, &p) == PT_SINGULAR && !p);
    CHECK(pt_sparse_create(65, begin, column, value, none, &p) == PT_BAD_SHAPE);
}

/* A lane has the same bits whatever stands in the others. */
static void test_lanes_apart(void)
{
    matrix A;
    const int8_t fixed[N] = {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
    vec value[N * N * PT_WIDE], inverse[N * PT_WIDE], x[2][N * PT_WIDE], work[N * PT_WIDE];
    make(&A, N, 0.3, 3);
    pt_sparse *p;
    CHECK(pt_sparse_create(N, A.begin, A.column, A.typical, fixed, &p) == PT_OK);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < N * PT_WIDE; i++) x[round][i] = v_set(i / PT_WIDE + 0.5);
        factor(&A, p, value, inverse);
        pt_sparse_solve(p, value, inverse, x[round], work);
        for (int l = 1; l < PT_WIDE_LANES; l++)
            for (int k = 0; k < A.begin[N]; k++) A.lane[l][k] *= 1e3 * uniform();
    }
    for (int i = 0; i < N; i++)
        CHECK_BITS(((double *)x[0])[i * PT_WIDE_LANES], ((double *)x[1])[i * PT_WIDE_LANES]);
    pt_sparse_free(p);
}

int main(void)
{
    test_random();
    test_fill();
    test_off_diagonal();
    test_singular();
    test_lanes_apart();
    return check_report();
}
