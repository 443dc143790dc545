/* Small dense algebra: products and factors against their definitions, the matrix exponential against closed
 * forms and against itself over half the time, semi-definite matrices. */
#include "check.h"

#include "linalg/small.h"

/* deterministic numbers in (-1, 1), different in every lane */
static vec noise(int *seed)
{
    vec a = v_set(0.0);
    for (int i = 0; i < PT_W; i++) {
        *seed = (int)((*seed * 1103515245LL + 12345) & 0x7fffffff);
        a[i] = *seed / (double)0x40000000 - 1.0;
    }
    return a;
}

static void fill(int n, vec *A, int *seed)
{
    for (int i = 0; i < n; i++) A[i] = noise(seed);
}

static void test_products(int n, int *seed)
{
    vec A[64], B[64], C[64], D[64], S[64];
    fill(n * n, A, seed);
    fill(n * n, B, seed);
    v_matmul(n, n, n, A, B, C);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) D[j * n + i] = B[i * n + j];
    v_matmul_nt(n, n, n, A, D, S);
    for (int i = 0; i < n * n; i++) CHECK_BITS(S[i][0], C[i][0]);
    double sum = 0;
    for (int k = 0; k < n; k++) sum += A[k][PT_W - 1] * B[k * n + n - 1][PT_W - 1];
    CHECK_NEAR(C[n - 1][PT_W - 1], sum, 1e-15);
    for (int i = 0; i < n * n; i++) S[i] = v_set(0.0);
    v_syrk_add(n, n, v_set(2.0), A, S);
    v_matmul_nt(n, n, n, A, A, C);
    for (int i = 0; i < n * n; i++) CHECK_NEAR(S[i][0], 2.0 * C[i][0], 1e-15);
}

/* rank r: A = X X' with X (n x r) */
static void test_cholesky(int n, int r, int *seed)
{
    vec X[64], A[64], L[64], B[64], R[64];
    fill(n * r, X, seed);
    v_matmul_nt(n, r, n, X, X, A);
    CHECK(m_all(v_cholesky(n, A, L)));
    v_matmul_nt(n, n, n, L, L, R);
    for (int i = 0; i < n * n; i++)
        for (int l = 0; l < PT_W; l++) CHECK_NEAR(R[i][l], A[i][l], r < n ? 1e-7 : 1e-13);
    for (int i = 0; i < n; i++)
        for (int j = i + 1; j < n; j++) CHECK_BITS(L[i * n + j][0], 0.0);
    if (r < n) return;
    fill(n, X, seed);
    v_matmul(n, n, 1, A, X, B);
    v_solve_lower(n, 1, L, B);
    v_solve_lower_t(n, 1, L, B);
    double condition = 1e-10;
    for (int i = 0; i < n; i++) CHECK_NEAR(B[i][0], X[i][0], condition);
}

static vec diagonal(double d, int i, int n) { return v_set(i % (n + 1) ? 0.0 : d); }

static void test_semi_definite(void)
{
    vec A[9], L[9];
    for (int i = 0; i < 9; i++) A[i] = v_set(0.0);
    CHECK(m_all(v_cholesky(3, A, L)));
    A[0] = v_set(4.0), A[8] = v_set(9.0);
    CHECK(m_all(v_cholesky(3, A, L)));
    CHECK(L[0][0] == 2.0 && L[4][0] == 0.0 && L[8][0] == 3.0);
    A[3] = A[1] = v_set(1.0); /* a covariance with a variance that is zero */
    CHECK(!m_any(v_cholesky(3, A, L)));
    for (int i = 0; i < 9; i++) A[i] = diagonal(-1.0, i, 3);
    CHECK(!m_any(v_cholesky(3, A, L)));
    A[0] = v_set(NAN);
    CHECK(!m_any(v_cholesky(3, A, L)));
    vec B[3] = {v_set(2.0), v_set(5.0), v_set(3.0)};
    for (int i = 0; i < 9; i++) A[i] = v_set(0.0);
    A[0] = A[8] = v_set(2.0);
    v_solve_lower(3, 1, A, B);
    CHECK(B[0][0] == 1.0 && B[1][0] == 0.0 && B[2][0] == 1.5);
}

/* absorption and elimination: the closed form of Bateman */
static void test_bateman(void)
{
    const double ka = 1.7, ke = 0.03, r = 5.0;
    for (double t = 1e-3; t < 2000; t *= 1.7) {
        vec K[4] = {v_set(-ka), v_set(0.0), v_set(ka), v_set(-ke)}, flow[2] = {v_set(0.0), v_set(r)};
        vec none[2] = {v_set(0.0), v_set(0.0)}, F[4], w[2], F0[4], w0[2];
        v_expm1_input(2, K, flow, v_set(t), F, w);
        v_expm1_input(2, K, none, v_set(t), F0, w0);
        CHECK_NEAR(F[0][0], expm1(-ka * t), 1e-15);
        CHECK_NEAR(F[2][0], ka / (ka - ke) * (exp(-ke * t) - exp(-ka * t)), 3e-15);
        CHECK_NEAR(w[1][0], -r / ke * expm1(-ke * t), 3e-15 * r / ke);
        for (int i = 0; i < 4; i++) CHECK_BITS(F[i][0], F0[i][0]);
        CHECK(w0[0][0] == 0.0 && w0[1][0] == 0.0);
    }
}

/* e^A e^A = e^(2A) for matrices without structure, and lanes that need different numbers of doublings */
static void test_doubling(int n, int *seed)
{
    vec A[64], B[64], E[64], E2[64], P[64], alone[64], one[64];
    fill(n * n, A, seed);
    for (int i = 0; i < n * n; i++)
        for (int l = 0; l < PT_W; l++) A[i][l] *= l + 0.01;
    for (int i = 0; i < n * n; i++) B[i] = A[i] + A[i], one[i] = v_set(A[i][0]);
    pt_expm(n, A, E);
    pt_expm(n, B, E2);
    pt_expm(n, one, alone);
    v_matmul(n, n, n, E, E, P);
    for (int i = 0; i < n * n; i++) {
        CHECK_BITS(alone[i][PT_W - 1], E[i][0]);
        for (int l = 0; l < PT_W; l++) {
            double scale = 0;
            for (int k = 0; k < n * n; k++) scale = fmax(scale, fabs(E2[k][l]));
            CHECK_NEAR(P[i][l], E2[i][l], 2e-13 * scale);
        }
    }
}

int main(void)
{
    int seed = 1;
    for (int n = 1; n <= 8; n++) {
        test_products(n, &seed);
        for (int r = 1; r <= n; r++) test_cholesky(n, r, &seed);
        test_doubling(n, &seed);
    }
    test_semi_definite();
    test_bateman();
    return check_report();
}
