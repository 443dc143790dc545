/* The matrix exponential over lanes. Included by small.h. */
#ifndef PT_LINALG_SMALL_EXPM_H
#define PT_LINALG_SMALL_EXPM_H

#define PT_SMALL_CELLS (PT_SMALL_MAX * PT_SMALL_MAX)

/* largest row sum of |A| */
PT_LANE vec v_norm_inf(int n, const vec *A)
{
    vec norm = v_set(0.0);
    for (int i = 0; i < n; i++) {
        vec s = v_abs(A[i * n]);
        for (int j = 1; j < n; j++) s = s + v_abs(A[i * n + j]);
        norm = v_if(v_le(s, norm), norm, s);
    }
    return norm;
}

/* smallest integer s >= 0 with norm / 2^s <= 0.3 (or half of it at a boundary); NaN above 2^40 */
PT_LANE vec v_expm_doublings(vec norm)
{
    vec ratio = v_max(norm * v_set(1.0 / 0.3), v_set(1.0));
    vec k = (vec)(((vbits)ratio >> 52) | (vbits)v_set(0x1p52)) - v_set(0x1p52 + 1023.0);
    vec s = v_if(v_gt(ratio, v_set(1.0)), k + v_set(1.0), v_set(0.0));
    return v_if(v_le(norm, v_set(0x1p40)), s, v_set(PT_NAN));
}

/* P = sum over k < 12 of A^k / (k+1)! = (e^A - 1) / A, in blocks of four powers (Paterson and Stockmeyer
 * 1973) */
PT_LANE void v_phi1(int n, const vec *A, vec *P)
{
    static const double c[] = {1.0,          1.0 / 2,       1.0 / 6,        1.0 / 24,
                               1.0 / 120,    1.0 / 720,     1.0 / 5040,     1.0 / 40320,
                               1.0 / 362880, 1.0 / 3628800, 1.0 / 39916800, 1.0 / 479001600};
    vec A2[PT_SMALL_CELLS], A3[PT_SMALL_CELLS], A4[PT_SMALL_CELLS], T[PT_SMALL_CELLS];
    v_matmul(n, n, n, A, A, A2);
    v_matmul(n, n, n, A2, A, A3);
    v_matmul(n, n, n, A2, A2, A4);
    for (int b = 8; b >= 0; b -= 4) {
        if (b < 8) v_matmul(n, n, n, A4, P, T);
        for (int i = 0; i < n * n; i++) {
            vec s = i % (n + 1) ? v_set(0.0) : v_set(c[b]);
            s = b < 8 ? s + T[i] : s;
            s = v_fma(v_set(c[b + 3]), A3[i], s);
            s = v_fma(v_set(c[b + 2]), A2[i], s);
            P[i] = v_fma(v_set(c[b + 1]), A[i], s);
        }
    }
}

/* Two steps F, w and G, v after one another: H = F + G + F G, u = w + v + F v. H, u may not be F, w. */
PT_LANE void v_join_steps(int n, const vec *F, const vec *w, const vec *G, const vec *v, vec *H, vec *u)
{
    v_matmul(n, n, n, F, G, H);
    for (int i = 0; i < n * n; i++) H[i] = H[i] + (F[i] + G[i]);
    for (int i = 0; i < n; i++) u[i] = w[i] + v[i];
    v_matvec_add(n, n, F, v, u, u);
}

/* F, w <- the step of twice the length, in lanes of the mask */
PT_LANE void v_double_step(int n, vmask m, vec *F, vec *w)
{
    vec H[PT_SMALL_CELLS], u[PT_SMALL_MAX];
    v_join_steps(n, F, w, F, w, H, u);
    for (int i = 0; i < n * n; i++) F[i] = v_if(m, H[i], F[i]);
    for (int i = 0; i < n; i++) w[i] = v_if(m, u[i], w[i]);
}

PT_LANE void v_expm1_input(int n, const vec *K, const vec *r, vec t, vec *F, vec *w)
{
    vec A[PT_SMALL_CELLS], P[PT_SMALL_CELLS], b[PT_SMALL_MAX];
    vec zero[PT_SMALL_MAX];
    vec s = v_expm_doublings(v_norm_inf(n, K) * v_abs(t));
    vec scaled = t * v_pow2(-v_if(v_isnan(s), v_set(0.0), s)) + (s - s);
    for (int i = 0; i < n * n; i++) A[i] = K[i] * scaled;
    for (int i = 0; i < n; i++) b[i] = r[i] * scaled, zero[i] = v_set(0.0);
    v_phi1(n, A, P);
    v_matmul(n, n, n, A, P, F);
    v_matvec_add(n, n, P, b, zero, w);
    for (vmask m = v_gt(s, v_set(0.0)); m_any(m); m = v_gt(s, v_set(0.0))) {
        v_double_step(n, m, F, w);
        s = s - v_set(1.0);
    }
}

#endif
