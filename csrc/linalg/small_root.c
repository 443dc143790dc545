/* See small_root.h. Symmetric matrices are their lower triangles here, row by row in full rows. */
#include "linalg/small_root.h"

enum { MAX_ITERATION = 60 };

/* Lower triangle of A becomes that of A^-1 by sweeps, which keep it symmetric (Beaton AE, ETS Research
 * Bulletin RB-64-51, 1964); column, scaled (n) */
static void invert(int64_t n, vec *A, vec *column, vec *scaled)
{
    for (int64_t k = 0; k < n; k++) {
        const vec inverse = v_set(1) / A[k * n + k];
        for (int64_t i = 0; i < n; i++) {
            column[i] = i < k ? A[k * n + i] : A[i * n + k];
            scaled[i] = column[i] * inverse;
        }
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j <= i; j++) A[i * n + j] = v_fma(-column[i], scaled[j], A[i * n + j]);
        for (int64_t i = 0; i < n; i++) A[i < k ? k * n + i : i * n + k] = scaled[i];
        A[k * n + k] = -inverse;
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) A[i * n + j] = -A[i * n + j];
}

/* C = A B in both triangles; A, B, C symmetric, A and B given by both triangles */
static void multiply(int64_t n, const vec *A, const vec *B, vec *C)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            vec sum = v_set(0);
            for (int64_t l = 0; l < n; l++) sum = v_fma(A[i * n + l], B[j * n + l], sum);
            C[i * n + j] = C[j * n + i] = sum;
        }
}

static vec distance_from_one(int64_t n, const vec *M)
{
    vec worst = v_set(0);
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) worst = v_larger(worst, v_abs(M[i * n + j] - v_set(i == j)));
    return worst;
}

/* F, both triangles: (I + M^-1)/2, and (3 I - M)/2 where M is I but for rounding; V holds M^-1 */
static void factors(int64_t n, const vec *M, const vec *V, vmask near, vec *F)
{
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j <= i; j++) {
            const vec one = v_set(i == j), at = v_if(near, v_set(3) * one - M[i * n + j], one + V[i * n + j]);
            F[i * n + j] = F[j * n + i] = v_set(0.5) * at;
        }
}

vmask pt_small_inverse_root(int64_t n, vec *M, vec *R, vec *work)
{
    vec *V = work, *F = V + n * n, *column = F + n * n;
    vmask done = m_set(0), good = m_set(-1);
    for (int64_t i = 0; i < n * n; i++) R[i] = v_set(i % (n + 1) == 0);
    for (int k = 0; k < MAX_ITERATION && !m_all(done | ~good); k++) {
        const vec distance = distance_from_one(n, M);
        const vmask near = v_lt(distance, v_set(1e-8));
        good &= v_lt(distance, v_set(1e300));
        for (int64_t i = 0; i < n * n; i++) V[i] = M[i];
        invert(n, V, column, column + n);
        factors(n, M, V, near, F);
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j <= i; j++) {
                const vec next = v_fma(v_set(0.25), M[i * n + j] + V[i * n + j], v_set(i == j ? 0.5 : 0));
                M[i * n + j] = v_if(near, M[i * n + j], next);
            }
        multiply(n, R, F, V);
        for (int64_t i = 0; i < n * n; i++) R[i] = v_if(done, R[i], V[i]);
        done |= near;
    }
    return good & done;
}
