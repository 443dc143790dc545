/* log, log1p, pow. Included by vmath.h.
 *
 * x = 2^k m, sqrt(1/2) <= m < sqrt(2), s = (m-1)/(m+1):  log m = 2 s + s z R(z), z = s^2.
 */
#ifndef PT_LANES_VMATH_LOG_H
#define PT_LANES_VMATH_LOG_H

#define PT_SQRT_HALF_BITS 0x3fe6a09e667f3bcd
#define PT_MANTISSA       0x000fffffffffffff

/* m and k of a positive normal x */
PT_LANE vec v_log_split(vec x, vec *k)
{
    vbits u = (vbits)x + (vbits)m_set(PT_ONE_BITS - PT_SQRT_HALF_BITS);
    *k = (vec)((u >> 52) | (vbits)v_set(0x1p52)) - v_set(0x1p52 + 1023.0);
    return (vec)((u & (vbits)m_set(PT_MANTISSA)) + (vbits)m_set(PT_SQRT_HALF_BITS));
}

/* log(1 + f) + k ln 2 + c, where sqrt(1/2) <= 1 + f < sqrt(2) and c is tiny */
PT_LANE vec v_log_kernel(vec f, vec k, vec c)
{
    vec s = f / (f + v_set(2.0));
    vec z = s * s, z2 = z * z;
    vec a = v_fma(v_set(0x1.9999999999a38p-2), z, v_set(0x1.5555555555555p-1));
    vec b = v_fma(v_set(0x1.c71c720160b47p-3), z, v_set(0x1.2492492476c87p-2));
    vec d = v_fma(v_set(0x1.3b1c360763b8ap-3), z, v_set(0x1.745cf901605f7p-3));
    vec e = v_fma(v_set(0x1.0c04595972ab8p-3), z, v_set(0x1.0fbe83c2cbcf3p-3));
    vec R = z * v_fma(v_fma(v_fma(e, z2, d), z2, b), z2, a);
    /* log(1 + f) = f - (f^2/2 - s (f^2/2 + R)) */
    vec half = v_set(0.5) * f * f;
    vec lo;
    vec hi = v_fast_two_sum(k * v_set(PT_LN2_HI), f, &lo);
    vec rest = v_fma(s, half + R, v_fma(k, v_set(PT_LN2_LO), c));
    return hi - ((half - rest) - lo);
}

PT_LANE vec v_log_normal(vec x, double shift)
{
    vec k;
    vec m = v_log_split(x, &k);
    return v_log_kernel(m - v_set(1.0), k + v_set(shift), v_set(0.0));
}

/* subnormal, zero, negative, infinite or NaN */
PT_COLD vec v_log_odd(vec x)
{
    vec y = v_log_normal(x * v_set(0x1p54), -54.0);
    y = v_if(v_eq(x, v_set(0.0)), v_set(-PT_INF), y);
    y = v_if(v_eq(x, v_set(PT_INF)), x, y);
    return v_if(v_lt(x, v_set(0.0)) | v_isnan(x), v_set(PT_NAN), y);
}

PT_LANE vmask v_is_positive_normal(vec x)
{
    return v_ge(x, v_set(PT_MIN_NORMAL)) & v_le(x, v_set(PT_MAX_FINITE));
}

PT_LANE vec v_log(vec x)
{
    vec y = v_log_normal(x, 0.0);
    vmask good = v_is_positive_normal(x);
    if (!m_all(good)) y = v_if(good, y, v_log_odd(x));
    return y;
}

/* what log1p gives where 1 + x is not a positive normal number, or x is as small as its own logarithm */
PT_COLD vec v_log1p_odd(vec x)
{
    vec y = v_if(v_eq(x, v_set(-1.0)), v_set(-PT_INF), v_set(PT_NAN));
    return v_if(v_lt(v_abs(x), v_set(0.5)) | v_eq(x, v_set(PT_INF)), x, y);
}

PT_LANE vec v_log1p(vec x)
{
    vec k, lost;
    vec u = v_two_sum(v_set(1.0), x, &lost);
    vec m = v_log_split(u, &k);
    vmask near = v_eq(k, v_set(0.0));
    vec f = v_if(near, x, m - v_set(1.0));
    vec c = v_if(near, v_set(0.0), lost / u);
    vec y = v_log_kernel(f, k, c);
    vmask good = v_is_positive_normal(u) & v_ge(v_abs(x), v_set(0x1p-54));
    if (!m_all(good)) y = v_if(good, y, v_log1p_odd(x));
    return y;
}

/* T(z) = (R(z) - 2/3) / z */
PT_LANE vec v_log_rest(vec z)
{
    vec z2 = z * z;
    vec a = v_fma(v_set(0x1.2492492492521p-2), z, v_set(0x1.999999999999ap-2));
    vec b = v_fma(v_set(0x1.745d177a96056p-3), z, v_set(0x1.c71c71c6eaa10p-3));
    vec c = v_fma(v_set(0x1.1118c7e4b0917p-3), z, v_set(0x1.3b1395d2190c1p-3));
    vec d = v_fma(v_set(0x1.e02e6fff27908p-4), z, v_set(0x1.df7cc8e5fa539p-4));
    return v_fma(v_fma(d, z2, c), z2 * z2, v_fma(b, z2, a));
}

/* log(x) = h + *l to 2^-65, x positive and normal. R(z) = 2/3 + z T(z): s, z and R are carried in two
 * doubles. */
PT_LANE vec v_log_dd(vec x, double shift, vec *l)
{
    vec k, e, d_lo, zl, tl, ql, wl, vl, h_lo, a_lo;
    vec f = v_log_split(x, &k) - v_set(1.0);
    k = k + v_set(shift);
    vec d = v_fast_two_sum(v_set(2.0), f, &d_lo);
    vec inverse = v_set(1.0) / d;
    vec s = f * inverse;
    vec p = v_two_prod(s, d, &e);
    vec sl = (((f - p) - e) - s * d_lo) * inverse;
    vec z = v_two_prod(s, s, &zl);
    zl = v_fma(s + s, sl, zl);
    vec t = v_two_prod(z, v_log_rest(z), &tl);
    vec q = v_fast_two_sum(v_set(0x1.5555555555555p-1), t, &ql);
    ql = ql + v_fma(zl, v_set(0.4), tl + v_set(0x1.5555555555555p-55));
    vec w = v_two_prod(z, q, &wl);
    wl = v_fma(z, ql, v_fma(zl, q, wl));
    vec v = v_two_prod(s, w, &vl);
    vl = v_fma(s, wl, v_fma(sl, w, vl));
    vec h = v_fast_two_sum(s + s, v, &h_lo);
    vec a = v_fast_two_sum(k * v_set(PT_LN2_HI), h, &a_lo);
    *l = a_lo + (h_lo + v_fma(k, v_set(PT_LN2_LO), vl + (sl + sl)));
    return a;
}

/* x^y for positive normal x and |y| <= 2^70 */
PT_LANE vec v_pow_normal(vec x, vec y, double shift)
{
    vec l, e, k, y_lo;
    vec h = v_log_dd(x, shift, &l);
    vec p = v_two_prod(y, h, &e);
    e = v_fma(y, l, e);
    vec c = v_clamp(p, -746.0, 710.0);
    e = (vec)((vmask)e & v_eq(c, p));
    vec r = v_exp_dd(c, e, &k, &y_lo);
    return v_scale(r + y_lo, k);
}

/* x zero, subnormal, negative, infinite or NaN, or y huge or NaN: C17 F.10.4.4 */
PT_COLD vec v_pow_odd(vec x, vec y)
{
    vec zero = v_set(0.0), one = v_set(1.0), inf = v_set(PT_INF);
    vec a = v_abs(x);
    vec exponent = v_clamp(y, -0x1p70, 0x1p70);
    vmask tiny = v_lt(a, v_set(PT_MIN_NORMAL));
    vec r = v_if(tiny, v_pow_normal(a * v_set(0x1p54), exponent, -54.0), v_pow_normal(a, exponent, 0.0));
    r = v_if(v_eq(a, zero), v_if(v_gt(y, zero), zero, inf), r);
    r = v_if(v_eq(a, inf), v_if(v_gt(y, zero), inf, zero), r);
    vec half = v_set(0.5) * y;
    vmask whole = v_eq(v_round(y), y);
    vmask is_odd = whole & v_ne(v_round(half), half) & v_isfinite(y);
    r = (vec)((vmask)r | ((vmask)x & is_odd & m_set(INT64_MIN)));
    r = v_if(v_lt(x, zero) & v_isfinite(x) & ~whole, v_set(PT_NAN), r);
    r = v_if(v_isnan(x) | v_isnan(y), v_set(PT_NAN), r);
    return v_if(v_eq(x, one) | v_eq(y, zero), one, r);
}

PT_LANE vec v_pow(vec x, vec y)
{
    vec r = v_pow_normal(x, y, 0.0);
    vmask good = v_is_positive_normal(x) & v_le(v_abs(y), v_set(0x1p70));
    if (!m_all(good)) r = v_if(good, r, v_pow_odd(x, y));
    return r;
}

#endif
