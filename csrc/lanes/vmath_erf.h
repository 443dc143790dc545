/* erf, erfc, normal distribution and its inverse. Included by vmath.h.
 *
 * |x| < 1:  erf(x) = x + x Q(x^2).  x > 1/4:  erfc(x) = exp(-x^2) P(t) / (1 + 2x), t = (x - K)/(x + K), K =
 * 15/4 (Shepherd and Laframboise 1981), with own coefficients (tests/lanes/coefficients.py).
 */
#ifndef PT_LANES_VMATH_ERF_H
#define PT_LANES_VMATH_ERF_H

#define PT_SQRT_HALF 0x1.6a09e667f3bcdp-1

/* erf(x), |x| <= 1 */
PT_LANE vec v_erf_small(vec x)
{
    vec z = x * x, z2 = z * z, z4 = z2 * z2;
    vec a = v_poly4(z, z2, 0x1.06eba8214db69p-3, -0x1.812746b0379e6p-2, 0x1.ce2f21a042b30p-4,
                    -0x1.b82ce31284e00p-6);
    vec b = v_poly4(z, z2, 0x1.565bcd0dbaa38p-8, -0x1.c02db3dac435fp-11, 0x1.f9a321d5b8e1ep-14,
                    -0x1.f4d1e3183f7aep-17);
    vec c = v_poly4(z, z2, 0x1.b9df224ca4b97p-20, -0x1.5f1ecb6f0764cp-23, 0x1.f7b4bf3b13964p-27,
                    -0x1.389d4f2641625p-30);
    c = v_fma(z4, v_set(0x1.05ffd737fb32ep-34), c);
    return v_fma(x, v_fma(v_fma(c, z4, b), z4, a), x);
}

/* (P(t) - P(0)) / t */
PT_LANE vec v_erfc_series(vec t)
{
    vec t2 = t * t, t4 = t2 * t2;
    vec a = v_poly4(t, t2, -0x1.1f367683f89a7p-3, 0x1.d5f294815a0e2p-9, 0x1.510169d0967c9p-4,
                    -0x1.bda9309a2901dp-4);
    vec b = v_poly4(t, t2, 0x1.7a14188a9a7a2p-4, -0x1.e0d0fa6de8f94p-5, 0x1.d0b0037d85917p-6,
                    -0x1.3f603c38a1122p-7);
    vec c = v_poly4(t, t2, 0x1.cc3a0e5726ca6p-10, 0x1.33fb295620176p-12, -0x1.303fa36920b04p-12,
                    0x1.b1437db89c930p-15);
    vec d = v_poly4(t, t2, 0x1.778bc871994f6p-16, -0x1.7ffdb26875b78p-17, -0x1.05704adfc0999p-20,
                    0x1.d5eb6960c0f0ap-20);
    vec e = v_poly4(t, t2, -0x1.e2fcd05c432ccp-25, -0x1.13922d9d65c51p-22, 0x1.77eb1da6ba467p-26,
                    0x1.381558d237b1dp-25);
    vec f = v_fma(v_set(-0x1.f64b27e21f6c0p-29), t, v_set(-0x1.76fcd2020d407p-29));
    vec high = v_fma(v_fma(v_fma(f, t4, e), t4, d), t4, c);
    return v_fma(v_fma(high, t4, b), t4, a);
}

/* exp(-(h + l)) P(t) / (1 + 2x) for x >= 1/4: erfc(x) when h + l = x^2 */
PT_LANE vec v_erfc_tail(vec x, vec h, vec l)
{
    vec k, y_lo, p_lo, n_lo, d_lo, q_lo;
    vec far = v_min(x, v_set(30.0));
    vec t = (far - v_set(3.75)) / (far + v_set(3.75));
    vec p = v_fast_two_sum(v_set(0x1.3ccda0b5d5dc2p+0), t * v_erfc_series(t), &p_lo);
    p_lo = p_lo + v_set(0x1.e14832585935dp-54);
    vec y = v_exp_dd(v_max(-h, v_set(-746.0)), -l, &k, &y_lo);
    vec n = v_two_prod(y, p, &n_lo);
    n_lo = v_fma(y, p_lo, v_fma(y_lo, p, n_lo));
    vec d = v_two_sum(v_set(1.0), far + far, &d_lo);
    vec q = n / d;
    vec r = v_two_prod(q, d, &q_lo);
    q = q + (((n - r) - q_lo) + (n_lo - q * d_lo)) / d;
    return v_scale(q, k);
}

/* erfc(a) for a >= 1/4 */
PT_LANE vec v_erfc_far(vec a)
{
    vec l;
    vec x = v_min(a, v_set(30.0));
    vec h = v_two_prod(x, x, &l);
    return v_erfc_tail(x, h, l);
}

PT_LANE vec v_erf(vec x)
{
    vec a = v_abs(x);
    vec far = v_copysign(v_set(1.0) - v_erfc_far(v_max(a, v_set(0.25))), x);
    return v_if(v_isnan(x), x, v_if(v_lt(a, v_set(1.0)), v_erf_small(x), far));
}

PT_LANE vec v_erfc(vec x)
{
    vec a = v_abs(x);
    vec far = v_erfc_far(v_max(a, v_set(0.25)));
    vec y = v_if(v_gt(x, v_set(0.0)), far, v_set(2.0) - far);
    y = v_if(v_lt(a, v_set(0.25)), v_set(1.0) - v_erf_small(x), y);
    return v_if(v_isnan(x), x, y);
}

/* P(Z <= x) of a standard normal Z */
PT_LANE vec v_normcdf(vec x)
{
    vec l;
    vec a = v_min(v_set(40.0), v_max(v_abs(x), v_set(0.36)));
    vec h = v_two_prod(a, a, &l);
    vec far = v_set(0.5) * v_erfc_tail(a * v_set(PT_SQRT_HALF), v_set(0.5) * h, v_set(0.5) * l);
    vec y = v_if(v_gt(x, v_set(0.0)), v_set(1.0) - far, far);
    vec near = v_fma(v_set(0.5), v_erf_small(x * v_set(PT_SQRT_HALF)), v_set(0.5));
    return v_if(v_isnan(x), x, v_if(v_lt(v_abs(x), v_set(0.36)), near, y));
}

/* N(r) and D(r) of the rational functions of Wichura 1988 (AS 241, PPND16). Centre: z = q N(r)/D(r) */
PT_LANE vec v_norminv_centre(vec q)
{
    vec r = v_set(0.180625) - q * q, r2 = r * r, r4 = r2 * r2;
    vec n = v_poly4(r, r2, 3.3871328727963666080e0, 1.3314166789178437745e2, 1.9715909503065514427e3,
                    1.3731693765509461125e4);
    vec n4 = v_poly4(r, r2, 4.5921953931549871457e4, 6.7265770927008700853e4, 3.3430575583588128105e4,
                     2.5090809287301226727e3);
    vec d = v_poly4(r, r2, 1.0, 4.2313330701600911252e1, 6.8718700749205790830e2, 5.3941960214247511077e3);
    vec d4 = v_poly4(r, r2, 2.1213794301586595867e4, 3.9307895800092710610e4, 2.8729085735721942674e4,
                     5.2264952788528545610e3);
    return q * v_fma(n4, r4, n) / v_fma(d4, r4, d);
}

/* |z| where the smaller of p and 1 - p is `tail`, r = sqrt(-log tail) <= 5 */
PT_LANE vec v_norminv_tail(vec sqrt_log)
{
    vec r = sqrt_log - v_set(1.6), r2 = r * r, r4 = r2 * r2;
    vec n = v_poly4(r, r2, 1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
                    3.64784832476320460504e0);
    vec n4 = v_poly4(r, r2, 1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2,
                     7.74545014278341407640e-4);
    vec d =
        v_poly4(r, r2, 1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1);
    vec d4 = v_poly4(r, r2, 1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
                     1.05075007164441684324e-9);
    return v_fma(n4, r4, n) / v_fma(d4, r4, d);
}

/* as v_norminv_tail for r > 5 */
PT_COLD vec v_norminv_far(vec sqrt_log)
{
    vec r = sqrt_log - v_set(5.0), r2 = r * r, r4 = r2 * r2;
    vec n = v_poly4(r, r2, 6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
                    2.96560571828504891230e-1);
    vec n4 = v_poly4(r, r2, 2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5,
                     2.01033439929228813265e-7);
    vec d =
        v_poly4(r, r2, 1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2);
    vec d4 = v_poly4(r, r2, 7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
                     2.04426310338993978564e-15);
    return v_fma(n4, r4, n) / v_fma(d4, r4, d);
}

/* z with P(Z <= z) = p; -inf at 0, inf at 1, NaN outside */
PT_LANE vec v_norminv(vec p)
{
    vec q = p - v_set(0.5);
    vmask centre = v_le(v_abs(q), v_set(0.425));
    vec z = v_norminv_centre(q);
    if (!m_all(centre)) {
        vec tail = v_min(p, v_set(1.0) - p);
        vec r = v_sqrt(-v_log(tail));
        vmask far = v_gt(r, v_set(5.0));
        vec a = v_norminv_tail(r);
        if (m_any(far)) a = v_if(far, v_norminv_far(r), a);
        a = v_if(v_eq(tail, v_set(0.0)), v_set(PT_INF), a);
        z = v_if(centre, z, v_copysign(a, q));
    }
    return v_if(v_isnan(p), p, z);
}

#endif
