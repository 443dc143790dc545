/* vec: W doubles side by side, one patient, sigma point, draw or plan in each.
 *
 * W is the machine's native width and never more. All arithmetic is the
 * compiler's own on GCC and Clang vector types; nothing here is an intrinsic.
 * The results of every function are the same bits in every build that has a
 * fused multiply-add, whatever W is.
 *
 * C has no ?: on vectors: use v_if(mask, a, b). A mask is all ones or all zeros
 * in each lane. Organ files use only what is declared here and in vmath.h, so
 * that lanes/dual.hpp can give the same names a second meaning.
 */
#ifndef PT_LANES_VEC_H
#define PT_LANES_VEC_H

#include <stdint.h>

#if defined(PT_W_OVERRIDE) /* tests/c only: the same bits at another width */
#define PT_W PT_W_OVERRIDE
#elif defined(__AVX512F__)
#define PT_W 8
#elif defined(__AVX__)
#define PT_W 4
#else
#define PT_W 2
#endif

#if defined(__FMA__) || defined(__ARM_FEATURE_FMA) || defined(__aarch64__)
#define PT_HAS_FMA 1
#else
#define PT_HAS_FMA 0
#endif

typedef double vec __attribute__((vector_size(8 * PT_W)));
typedef int64_t vmask __attribute__((vector_size(8 * PT_W)));
typedef uint64_t vbits __attribute__((vector_size(8 * PT_W)));

#define PT_LANE static inline __attribute__((always_inline, unused))

/* A mask goes through GCC's and Clang's own blend: (a & m) | (b & ~m) compiles to vpblendvb on AVX2 and to a
 * k-mask blend on AVX-512. Loops with ?: on lanes look simpler and fall apart into branches in long
 * functions. */

/* A vector of f(0), f(1), ... Written out and not as a loop over r[i]: GCC turns a whole initialiser into one
 * vector instruction wherever it stands, a loop only where no operand was hoisted out of a loop around it. */
#if PT_W == 2
#define PT_EACH(f) {f(0), f(1)}
#elif PT_W == 4
#define PT_EACH(f) {f(0), f(1), f(2), f(3)}
#else
#define PT_EACH(f) {f(0), f(1), f(2), f(3), f(4), f(5), f(6), f(7)}
#endif

/* a in every lane */
PT_LANE vec v_set(double a)
{
#define PT_SAME(i) a
    vec r = PT_EACH(PT_SAME);
    return r;
}

PT_LANE vmask m_set(int64_t a)
{
    vmask r = PT_EACH(PT_SAME);
#undef PT_SAME
    return r;
}

PT_LANE vec v_load(const double *p)
{
    vec r = {0};
    __builtin_memcpy(&r, p, sizeof r);
    return r;
}

PT_LANE void v_store(double *p, vec a) { __builtin_memcpy(p, &a, sizeof a); }

/* a*b + c, rounded once where the machine can */
PT_LANE vec v_fma(vec a, vec b, vec c)
{
#if PT_HAS_FMA
#define PT_FMA_LANE(i) __builtin_fma(a[i], b[i], c[i])
    vec r = PT_EACH(PT_FMA_LANE);
#undef PT_FMA_LANE
    return r;
#else
    return a * b + c;
#endif
}

PT_LANE vec v_sqrt(vec a)
{
#define PT_SQRT_LANE(i) __builtin_sqrt(a[i])
    vec r = PT_EACH(PT_SQRT_LANE);
#undef PT_SQRT_LANE
    return r;
}

/* Comparisons; false where an operand is NaN (v_ne: true). */
PT_LANE vmask v_lt(vec a, vec b) { return (vmask)(a < b); }
PT_LANE vmask v_le(vec a, vec b) { return (vmask)(a <= b); }
PT_LANE vmask v_gt(vec a, vec b) { return (vmask)(a > b); }
PT_LANE vmask v_ge(vec a, vec b) { return (vmask)(a >= b); }
PT_LANE vmask v_eq(vec a, vec b) { return (vmask)(a == b); }
PT_LANE vmask v_ne(vec a, vec b) { return (vmask)(a != b); }

/* a where the mask is set, b elsewhere */
PT_LANE vec v_if(vmask m, vec a, vec b) { return (vec)(((vmask)a & m) | ((vmask)b & ~m)); }

PT_LANE vec v_max(vec a, vec b) { return v_if(v_gt(a, b), a, b); }
PT_LANE vec v_min(vec a, vec b) { return v_if(v_lt(a, b), a, b); }
PT_LANE vec v_abs(vec a) { return (vec)((vmask)a & m_set(INT64_MAX)); }

/* |a| with the sign of s */
PT_LANE vec v_copysign(vec a, vec s)
{
    return (vec)(((vmask)a & m_set(INT64_MAX)) | ((vmask)s & m_set(INT64_MIN)));
}

PT_LANE vmask v_isnan(vec a) { return (vmask)(a != a); }
/* The larger of two errors; a NaN in either stays. */
PT_LANE vec v_larger(vec a, vec b) { return v_if(v_gt(a, b) | v_isnan(a), a, b); }
/* neither infinite nor NaN */
PT_LANE vmask v_isfinite(vec a) { return (vmask)(a - a == a - a); }

/* The lanes of a mask folded to two, pair by pair: fewer moves to scalar registers than lane by lane. */
typedef int64_t pt_mask_pair __attribute__((vector_size(16)));

PT_LANE int m_any(vmask m)
{
    pt_mask_pair pair[PT_W / 2];
    __builtin_memcpy(pair, &m, sizeof m);
    pt_mask_pair r = pair[0];
    for (int i = 1; i < PT_W / 2; i++) r |= pair[i];
    return (r[0] | r[1]) != 0;
}

PT_LANE int m_all(vmask m) { return !m_any(~m); }

/* a[i][l] <-> a[l][i], W vecs */
PT_LANE void v_transpose(vec a[PT_W])
{
#if PT_W == 2
    const vec low = __builtin_shufflevector(a[0], a[1], 0, 2);
    a[1] = __builtin_shufflevector(a[0], a[1], 1, 3);
    a[0] = low;
#elif PT_W == 4
    const vec p = __builtin_shufflevector(a[0], a[1], 0, 4, 2, 6);
    const vec q = __builtin_shufflevector(a[0], a[1], 1, 5, 3, 7);
    const vec r = __builtin_shufflevector(a[2], a[3], 0, 4, 2, 6);
    const vec s = __builtin_shufflevector(a[2], a[3], 1, 5, 3, 7);
    a[0] = __builtin_shufflevector(p, r, 0, 1, 4, 5);
    a[1] = __builtin_shufflevector(q, s, 0, 1, 4, 5);
    a[2] = __builtin_shufflevector(p, r, 2, 3, 6, 7);
    a[3] = __builtin_shufflevector(q, s, 2, 3, 6, 7);
#else
    vec p[8], q[8];
    for (int i = 0; i < 8; i += 2) {
        p[i] = __builtin_shufflevector(a[i], a[i + 1], 0, 8, 2, 10, 4, 12, 6, 14);
        p[i + 1] = __builtin_shufflevector(a[i], a[i + 1], 1, 9, 3, 11, 5, 13, 7, 15);
    }
    for (int i = 0; i < 8; i += 4)
        for (int k = 0; k < 2; k++) {
            q[i + k] = __builtin_shufflevector(p[i + k], p[i + k + 2], 0, 1, 8, 9, 4, 5, 12, 13);
            q[i + k + 2] = __builtin_shufflevector(p[i + k], p[i + k + 2], 2, 3, 10, 11, 6, 7, 14, 15);
        }
    for (int k = 0; k < 4; k++) {
        a[k] = __builtin_shufflevector(q[k], q[k + 4], 0, 1, 2, 3, 8, 9, 10, 11);
        a[k + 4] = __builtin_shufflevector(q[k], q[k + 4], 4, 5, 6, 7, 12, 13, 14, 15);
    }
#endif
}

#endif
