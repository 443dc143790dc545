/* sin, cos. Included by vmath.h.
 *
 * x = k pi/2 + r + l, |r| <= pi/4 (Cody and Waite 1980 with pi/2 in four parts; Payne and Hanek 1983 beyond
 * 2^20), then one of the two polynomials of degree 13 and 14.
 */
#ifndef PT_LANES_VMATH_TRIG_H
#define PT_LANES_VMATH_TRIG_H

#define PT_TWO_OVER_PI 0x1.45f306dc9c883p-1

/* r + *l = x - *k pi/2 for |x| <= 2^20; the first three parts of pi/2 have 33 bits, k at most 20 */
PT_LANE vec v_trig_reduce(vec x, vec *k, vec *l)
{
    *k = v_fma(x, v_set(PT_TWO_OVER_PI), v_set(PT_MAGIC)) - v_set(PT_MAGIC);
    vec a_lo, b_lo;
    vec r = v_fma(-*k, v_set(0x1.921fb544p+0), x);
    vec a = v_two_sum(r, *k * v_set(-0x1.0b4611a6p-34), &a_lo);
    vec b = v_two_sum(a, *k * v_set(-0x1.3198a2ep-69), &b_lo);
    vec c = (a_lo + b_lo) - *k * v_set(0x1.b839a252049c1p-104);
    return v_fast_two_sum(b, c, l);
}

/* x 2/pi modulo 4 for |x| >= 2^20: returns the nearest integer and the rest as *h + *l, exact to 2^-130.
 * Bits of 2/pi whose weight times the unit of x is a multiple of 4 are left out. */
PT_COLD int pt_trig_quadrant(double x, double *h, double *l)
{
    static const uint64_t two_over_pi[] = {0x0,
                                           0xa2f9836e4e441529,
                                           0xfc2757d1f534ddc0,
                                           0xdb6295993c439041,
                                           0xfe5163abdebbc561,
                                           0xb7246e3a424dd2e0,
                                           0x06492eea09d1921c,
                                           0xfe1deb1cb129a73e,
                                           0xe88235f52ebb4484,
                                           0xe99c7026b45f7e41,
                                           0x3991d639835339f4,
                                           0x9c845f8bbdf9283b,
                                           0x1ff897ffde05980f,
                                           0xef2f118b5a0a6d1f,
                                           0x6d367ecf27cb09b7,
                                           0x4f463f669e5fea2d,
                                           0x7527bac7ebe5f17b,
                                           0x3d0739f78a5292ea,
                                           0x6bfb5fb11f8d5d08,
                                           0x56033046fc7b6bab,
                                           0xf0cfbc209af4361d};
    __extension__ typedef unsigned __int128 u128;
    uint64_t bits, w[3];
    __builtin_memcpy(&bits, &x, sizeof bits);
    uint64_t mantissa = (bits & PT_MANTISSA) | (PT_MANTISSA + 1);
    int first = (int)(bits >> 52 & 0x7ff) - 1075 + 62;
    for (int i = 0; i < 3; i++) {
        const uint64_t *t = two_over_pi + first / 64 + i;
        w[i] = first % 64 ? t[0] << first % 64 | t[1] >> (64 - first % 64) : t[0];
    }
    u128 low = (u128)mantissa * w[2];
    u128 middle = (u128)mantissa * w[1] + (uint64_t)(low >> 64);
    uint64_t top = mantissa * w[0] + (uint64_t)(middle >> 64);
    /* top two bits: quadrant; the rest, as a signed fraction in [-1/2, 1/2) */
    int quadrant = (int)(((top >> 61) + 1) >> 1);
    u128 fraction = ((u128)top << 64 | (uint64_t)middle) << 2 | (uint64_t)low >> 62;
    uint64_t sign = (uint64_t)(fraction >> 127);
    if (sign) fraction = -fraction;
    double scale = 0x1p-128;
    for (; fraction && !(fraction >> 127); scale *= 0.5) fraction <<= 1;
    uint64_t head = (uint64_t)(fraction >> 75), tail = (uint64_t)(fraction >> 22) & 0x1fffffffffffff;
    *h = (double)head * 0x1p75 * scale * (sign ? -1.0 : 1.0);
    *l = (double)tail * 0x1p22 * scale * (sign ? -1.0 : 1.0);
    return quadrant & 3;
}

/* v_trig_reduce for any finite x */
PT_COLD vec v_trig_reduce_far(vec x, vec *k, vec *l)
{
    vec h, rest, p_lo;
    for (int i = 0; i < PT_W; i++) {
        double a = __builtin_fabs(x[i]), hi = 0.0, lo = 0.0, n = 0.0;
        if (a >= 0x1p20 && a <= PT_MAX_FINITE) n = pt_trig_quadrant(a, &hi, &lo);
        double sign = x[i] < 0.0 ? -1.0 : 1.0;
        h[i] = sign * hi, rest[i] = sign * lo, (*k)[i] = sign * n;
    }
    vec p = v_two_prod(h, v_set(0x1.921fb54442d18p+0), &p_lo);
    p_lo = p_lo + v_fma(h, v_set(0x1.1a62633145c07p-54), rest * v_set(0x1.921fb54442d18p+0));
    return v_fast_two_sum(p, p_lo, l);
}

/* sin(r + l), |r| <= pi/4 */
PT_LANE vec v_sin_kernel(vec r, vec l)
{
    vec z = r * r, v = z * r, z2 = z * z;
    vec p = v_poly4(z, z2, 0x1.1111111110ba5p-7, -0x1.a01a019e80693p-13, 0x1.71de379252004p-19,
                    -0x1.ae60069e53ef1p-26);
    p = v_fma(z2 * z2, v_set(0x1.5e098556d302ep-33), p);
    vec low = v_fma(z, v_set(-0.5) * l, l); /* l cos r */
    return r + v_fma(v, v_fma(z, p, v_set(-0x1.5555555555555p-3)), low);
}

/* cos(r + l), |r| <= pi/4 */
PT_LANE vec v_cos_kernel(vec r, vec l)
{
    vec z = r * r, z2 = z * z;
    vec half = v_set(0.5) * z;
    vec w = v_set(1.0) - half;
    vec p = v_poly4(z, z2, 0x1.5555555555555p-5, -0x1.6c16c16c16960p-10, 0x1.a01a019f4d0edp-16,
                    -0x1.27e4fa15bd814p-22);
    vec q = v_fma(v_set(-0x1.907c0e63adbb6p-37), z, v_set(0x1.1eeb66b683028p-29));
    p = v_fma(z2 * z2, q, p);
    return w + (((v_set(1.0) - w) - half) + v_fma(z2, p, -(r * l)));
}

/* sin(x + shift pi/2) */
PT_LANE vec v_trig(vec x, int64_t shift)
{
    vec k, l;
    vec r = v_trig_reduce(x, &k, &l);
    vmask near = v_lt(v_abs(x), v_set(0x1p20));
    if (!m_all(near)) {
        vec far_k, far_l;
        vec far_r = v_trig_reduce_far(x, &far_k, &far_l);
        r = v_if(near, r, far_r), k = v_if(near, k, far_k), l = v_if(near, l, far_l);
    }
    vbits n = (vbits)(k + v_set(PT_MAGIC)) + (vbits)m_set(shift);
    vmask use_cos = (vmask)((n & 1) != 0);
    vec y = v_if(use_cos, v_cos_kernel(r, l), v_sin_kernel(r, l));
    return (vec)((vbits)y ^ ((n & 2) << 62));
}

PT_LANE vec v_sin(vec x)
{
    vec y = v_if(v_lt(v_abs(x), v_set(0x1p-27)), x, v_trig(x, 0));
    return v_if(v_isfinite(x), y, v_set(PT_NAN));
}

PT_LANE vec v_cos(vec x) { return v_if(v_isfinite(x), v_trig(x, 1), v_set(PT_NAN)); }

#endif
