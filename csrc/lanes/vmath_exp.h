/* exp, expm1, tanh, ldexp. Included by vmath.h.
 *
 * x = k ln 2 + r, |r| <= ln(2)/2; e^r = 1 + r + r^2 (1/2 + r P(r)). P is the polynomial of degree 9 through
 * the Chebyshev nodes (tests/lanes/coefficients.py), its error 2^-60 of e^r.
 */
#ifndef PT_LANES_VMATH_EXP_H
#define PT_LANES_VMATH_EXP_H

#define PT_LOG2E  0x1.71547652b82fep+0
#define PT_LN2_HI 0x1.62e42feep-1 /* 32 bits, so that k * PT_LN2_HI is exact */
#define PT_LN2_LO 0x1.a39ef35793c76p-33

/* r^2 (1/2 + r P(r)) = e^r - 1 - r */
PT_LANE vec v_exp_tail(vec r)
{
    vec r2 = r * r, r4 = r2 * r2;
    vec a = v_fma(v_set(0x1.5555555555555p-5), r, v_set(0x1.5555555555556p-3));
    vec b = v_fma(v_set(0x1.6c16c16c167e1p-10), r, v_set(0x1.11111111109b3p-7));
    vec c = v_fma(v_set(0x1.a01a01a47b054p-16), r, v_set(0x1.a01a01a7c41d5p-13));
    vec d = v_fma(v_set(0x1.27e4e1f48534fp-22), r, v_set(0x1.71de0dae63bb3p-19));
    vec e = v_fma(v_set(0x1.1f66df7fca49fp-29), r, v_set(0x1.af38a9b0ec855p-26));
    vec p = v_fma(v_fma(v_fma(e, r2, d), r2, c), r4, v_fma(b, r2, a));
    return r2 * v_fma(p, r, v_set(0.5));
}

/* k = round(x / ln 2); returns x - k PT_LN2_HI, exact for |x| <= 750 */
PT_LANE vec v_exp_reduce(vec x, vec *k)
{
    *k = v_fma(x, v_set(PT_LOG2E), v_set(PT_MAGIC)) - v_set(PT_MAGIC);
    return v_fma(-*k, v_set(PT_LN2_HI), x);
}

/* x, or the bound that it passes; NaN stays */
PT_LANE vec v_clamp(vec x, double lower, double upper) { return v_max(v_set(lower), v_min(v_set(upper), x)); }

PT_LANE vec v_exp(vec x)
{
    vec k;
    vec h = v_exp_reduce(v_clamp(x, -746.0, 710.0), &k);
    vec r = v_fma(-k, v_set(PT_LN2_LO), h);
    return v_scale((r + v_exp_tail(r)) + v_set(1.0), k);
}

/* The bits of v_exp for |x| <= 700, where no bound is near: a third less work. */
PT_LANE vec v_exp_bounded(vec x)
{
    vec k;
    vec h = v_exp_reduce(x, &k);
    vec r = v_fma(-k, v_set(PT_LN2_LO), h);
    return ((r + v_exp_tail(r)) + v_set(1.0)) * v_pow2(k);
}

/* e^(h + l) = 2^*k (y + *e) for |h| <= 746 and |l| <= ulp(h) */
PT_LANE vec v_exp_dd(vec h, vec l, vec *k, vec *e)
{
    vec hi = v_exp_reduce(h, k);
    vec c = *k * v_set(PT_LN2_LO) - l;
    vec r_lo, q_lo, y_lo;
    vec r = v_fast_two_sum(hi, -c, &r_lo);
    vec q = v_fast_two_sum(r, v_exp_tail(r), &q_lo);
    vec y = v_fast_two_sum(v_set(1.0), q, &y_lo);
    *e = y_lo + (q_lo + r_lo);
    return y;
}

PT_LANE vec v_expm1(vec x)
{
    vec k, r_lo, q_lo, s_lo;
    vec h = v_exp_reduce(v_clamp(x, -40.0, 710.0), &k);
    vec r = v_fast_two_sum(h, k * v_set(-PT_LN2_LO), &r_lo);
    vec q = v_fast_two_sum(r, v_exp_tail(r), &q_lo);
    /* 2^k (1 + q) - 1, halved so that k = 1024 passes */
    vec f = v_pow2(k - v_set(1.0));
    vec s = v_two_sum(f - v_set(0.5), f * q, &s_lo);
    vec y = v_fma(f, q_lo + r_lo, s_lo) + s;
    return v_if(v_lt(v_abs(x), v_set(0x1p-54)), x, y + y);
}

PT_LANE vec v_tanh(vec x)
{
    vec a = v_abs(x);
    vec t = v_expm1(v_min(v_set(50.0), a + a));
    vmask far = v_ge(a, v_set(0.5));
    vec q = v_if(far, v_set(2.0), t) / (t + v_set(2.0));
    vec y = v_copysign(v_if(far, v_set(1.0) - q, q), x);
    return v_if(v_lt(a, v_set(0x1p-28)), x, y);
}

/* x 2^k for integral k, rounded once */
PT_LANE vec v_ldexp(vec x, vec k)
{
    vmask tiny = v_lt(v_abs(x), v_set(PT_MIN_NORMAL));
    vec a = v_if(tiny, x * v_set(0x1p54), x);
    vbits exponent = ((vbits)a >> 52) & (vbits)m_set(0x7ff);
    vec e = v_from_int((vmask)exponent) - v_set(1023.0);
    vec one = (vec)(((vbits)a & (vbits)m_set(~(0x7ffLL << 52))) | (vbits)m_set(PT_ONE_BITS));
    vec total = v_clamp(k, -2200.0, 2200.0) + e - (vec)((vmask)v_set(54.0) & tiny);
    vec y = v_scale(one, v_clamp(total, -1100.0, 1030.0));
    return v_if(v_isfinite(x) & v_ne(x, v_set(0.0)), y, x + x);
}

#endif
