/* vmath: elementary functions over lanes.
 *
 * Bounds of the error in units in the last place, in every build, with the largest error that was found
 * against mpmath (tests/lanes/test_accuracy.py; some 30,000 points each) with and without a fused
 * multiply-add:
 *
 *   exp    1   0.90 0.90      sin, cos  1    0.79 0.77   for every finite argument
 *   expm1  1   0.95 0.96      tanh      2    1.93 1.93
 *   log    1   0.75 0.78      erf       1.5  1.03 1.19
 *   log1p  1   0.79 0.79      erfc      1.5  1.29 1.36
 *   pow    1   0.63 0.67      normcdf   2.5  1.97 2.01
 *   sqrt, + - * /  0.5        norminv   5    4.64 4.62
 *
 * Zeros, infinities, subnormals, negative and missing values give what C17 Annex F asks for; only the sign
 * and payload of a NaN are left open. Nothing depends on the C library: only + - * /, v_fma and bit
 * operations are used, so that all builds with a fused multiply-add give the same bits. Rare cases (subnormal
 * or negative arguments of log, say) are computed for all lanes when one lane needs them and chosen by mask:
 * a lane's result never depends on its neighbours.
 *
 * This file holds conversions and exact arithmetic; the functions are in the headers included at its end.
 */
#ifndef PT_LANES_VMATH_H
#define PT_LANES_VMATH_H

#include "lanes/vec.h"

/* Rare cases: kept out of line so that loops stay small. */
#define PT_COLD static __attribute__((noinline, unused))

/* 1.5 * 2^52: adding it rounds to an integer (half to even) that then stands in the low bits */
#define PT_MAGIC      0x1.8p52
#define PT_MAGIC_BITS 0x4338000000000000
#define PT_ONE_BITS   0x3ff0000000000000
#define PT_INF        __builtin_inf()
#define PT_NAN        __builtin_nan("")
#define PT_MIN_NORMAL 0x1p-1022
#define PT_MAX_FINITE 0x1.fffffffffffffp1023

/* (double)n for |n| <= 2^51 */
PT_LANE vec v_from_int(vmask n) { return (vec)(n + m_set(PT_MAGIC_BITS)) - v_set(PT_MAGIC); }
/* a rounded to the nearest integer, half to even, for |a| <= 2^51 */
PT_LANE vmask v_to_int(vec a) { return (vmask)(a + v_set(PT_MAGIC)) - m_set(PT_MAGIC_BITS); }

/* nearest integer, half to even */
PT_LANE vec v_round(vec a)
{
    vec big = v_copysign(v_set(0x1p52), a);
    vec r = (a + big) - big;
    return v_if(v_lt(v_abs(a), v_set(0x1p52)), v_copysign(r, a), a);
}

/* largest integer <= a */
PT_LANE vec v_floor(vec a)
{
    vec r = v_round(a);
    vec down = (vec)((vmask)v_set(1.0) & v_gt(r, a));
    return v_copysign(r - down, a);
}

/* smallest integer >= a */
PT_LANE vec v_ceil(vec a) { return -v_floor(-a); }

/* 2^k for integral k in [-1022, 1023] */
PT_LANE vec v_pow2(vec k) { return (vec)(((vbits)(k + v_set(PT_MAGIC)) << 52) + (vbits)m_set(PT_ONE_BITS)); }

/* a * 2^k rounded once, for 1/2 <= |a| < 4 and integral k in [-2040, 2040] */
PT_LANE vec v_scale(vec a, vec k)
{
    vec half = v_fma(k, v_set(0.5), v_set(PT_MAGIC)) - v_set(PT_MAGIC);
    return a * v_pow2(half) * v_pow2(k - half);
}

/* a + b = s + *e exactly; |a| >= |b| or a = 0 */
PT_LANE vec v_fast_two_sum(vec a, vec b, vec *e)
{
    vec s = a + b;
    *e = b - (s - a);
    return s;
}

/* a + b = s + *e exactly */
PT_LANE vec v_two_sum(vec a, vec b, vec *e)
{
    vec s = a + b;
    vec t = s - a;
    *e = (a - (s - t)) + (b - t);
    return s;
}

/* a * b = p + *e exactly; without FMA by Veltkamp's splitting (Dekker 1971), |a|, |b| < 2^990 */
PT_LANE vec v_two_prod(vec a, vec b, vec *e)
{
    vec p = a * b;
#if PT_HAS_FMA
    *e = v_fma(a, b, -p);
#else
    vec ca = a * v_set(0x1.0000002p27), cb = b * v_set(0x1.0000002p27);
    vec ah = ca - (ca - a), bh = cb - (cb - b);
    vec al = a - ah, bl = b - bh;
    *e = ((ah * bh - p) + ah * bl + al * bh) + al * bl;
#endif
    return p;
}

/* a + b x + c x^2 + d x^3; longer polynomials are made of these, so that their parts run side by side */
PT_LANE vec v_poly4(vec x, vec x2, double a, double b, double c, double d)
{
    return v_fma(v_fma(v_set(d), x, v_set(c)), x2, v_fma(v_set(b), x, v_set(a)));
}

#include "lanes/vmath_exp.h"
#include "lanes/vmath_log.h"
#include "lanes/vmath_trig.h"
#include "lanes/vmath_erf.h"

#endif
