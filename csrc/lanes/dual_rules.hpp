/* The rules of differentiation, for any number of directions at once: included by lanes/dual.hpp in a
 * namespace that defines `lane`, `slope` (the derivatives of one value) and what there is to do with them. */

struct dual {
    lane v;
    slope d;
};
typedef dual vec;

PT_DUAL_INLINE dual v_set(double a) { return {::v_set(a), no_slope()}; }
PT_DUAL_INLINE dual make(lane v, lane by, dual a) { return {v, by * a.d}; }

PT_DUAL_INLINE dual operator+(dual a) { return a; }
PT_DUAL_INLINE dual operator-(dual a) { return {-a.v, -a.d}; }
PT_DUAL_INLINE dual operator+(dual a, dual b) { return {a.v + b.v, a.d + b.d}; }
PT_DUAL_INLINE dual operator-(dual a, dual b) { return {a.v - b.v, a.d - b.d}; }
PT_DUAL_INLINE dual operator*(dual a, dual b) { return {a.v * b.v, add_product(a.v, b.d, a.d * b.v)}; }
PT_DUAL_INLINE dual operator/(dual a, dual b)
{
    lane q = a.v / b.v;
    return {q, (a.d - q * b.d) / b.v};
}
#define PT_DUAL_MIXED(op)                                                                                    \
    PT_DUAL_INLINE dual operator op(dual a, double b) { return a op v_set(b); }                              \
    PT_DUAL_INLINE dual operator op(double a, dual b) { return v_set(a) op b; }                              \
    PT_DUAL_INLINE dual &operator op## = (dual & a, dual b) { return a = a op b; }                           \
    PT_DUAL_INLINE dual &operator op## = (dual & a, double b) { return a = a op v_set(b); }
PT_DUAL_MIXED(+)
PT_DUAL_MIXED(-)
PT_DUAL_MIXED(*)
PT_DUAL_MIXED(/)
#undef PT_DUAL_MIXED

#define PT_DUAL_COMPARE(name)                                                                                \
    PT_DUAL_INLINE vmask name(dual a, dual b) { return ::name(a.v, b.v); }
PT_DUAL_COMPARE(v_lt)
PT_DUAL_COMPARE(v_le)
PT_DUAL_COMPARE(v_gt)
PT_DUAL_COMPARE(v_ge)
PT_DUAL_COMPARE(v_eq)
PT_DUAL_COMPARE(v_ne)
#undef PT_DUAL_COMPARE
PT_DUAL_INLINE vmask v_isnan(dual a) { return ::v_isnan(a.v); }
PT_DUAL_INLINE vmask v_isfinite(dual a) { return ::v_isfinite(a.v); }

PT_DUAL_INLINE dual v_if(vmask m, dual a, dual b) { return {::v_if(m, a.v, b.v), choose(m, a.d, b.d)}; }
PT_DUAL_INLINE dual v_max(dual a, dual b) { return v_if(v_gt(a, b), a, b); }
PT_DUAL_INLINE dual v_min(dual a, dual b) { return v_if(v_lt(a, b), a, b); }
PT_DUAL_INLINE dual v_clamp(dual x, double lower, double upper)
{
    return v_max(v_set(lower), v_min(v_set(upper), x));
}
PT_DUAL_INLINE dual v_copysign(dual a, dual s)
{
    lane v = ::v_copysign(a.v, s.v);
    return {v, choose((vmask)v ^ (vmask)a.v, -a.d, a.d)};
}
PT_DUAL_INLINE dual v_abs(dual a) { return v_copysign(a, v_set(1.0)); }

PT_DUAL_INLINE dual v_fma(dual a, dual b, dual c)
{
    return {::v_fma(a.v, b.v, c.v), add_product(a.v, b.d, add_product(b.v, a.d, c.d))};
}
PT_DUAL_INLINE dual v_round(dual a) { return {::v_round(a.v), no_slope()}; }
PT_DUAL_INLINE dual v_floor(dual a) { return {::v_floor(a.v), no_slope()}; }
PT_DUAL_INLINE dual v_ceil(dual a) { return {::v_ceil(a.v), no_slope()}; }
PT_DUAL_INLINE dual v_ldexp(dual a, dual k) { return {::v_ldexp(a.v, k.v), power_of_two(a.d, k.v)}; }

PT_DUAL_INLINE dual v_sqrt(dual a)
{
    lane s = ::v_sqrt(a.v);
    return {s, along(::v_set(0.5) / s, a.d)};
}
PT_DUAL_INLINE dual v_exp(dual a)
{
    lane e = ::v_exp(a.v);
    return {e, e * a.d};
}
PT_DUAL_INLINE dual v_exp_bounded(dual a)
{
    lane e = ::v_exp_bounded(a.v);
    return {e, e * a.d};
}
PT_DUAL_INLINE dual v_expm1(dual a) { return make(::v_expm1(a.v), ::v_exp(a.v), a); }
PT_DUAL_INLINE dual v_log(dual a) { return {::v_log(a.v), along(::v_set(1.0) / a.v, a.d)}; }
PT_DUAL_INLINE dual v_log1p(dual a)
{
    return {::v_log1p(a.v), along(::v_set(1.0) / (::v_set(1.0) + a.v), a.d)};
}
PT_DUAL_INLINE dual v_sin(dual a) { return make(::v_sin(a.v), ::v_cos(a.v), a); }
PT_DUAL_INLINE dual v_cos(dual a) { return make(::v_cos(a.v), -::v_sin(a.v), a); }
/* 1 - tanh^2, as a product that keeps its digits where tanh is near 1 */
PT_DUAL_INLINE dual v_tanh(dual a)
{
    lane e = ::v_exp(::v_set(-2.0) * ::v_abs(a.v)), s = ::v_set(1.0) + e;
    return make(::v_tanh(a.v), ::v_set(4.0) * e / (s * s), a);
}
/* x^y: y x^(y-1) dx + x^y log(x) dy */
PT_DUAL_INLINE dual v_pow(dual x, dual y)
{
    lane r = ::v_pow(x.v, y.v);
    slope by_x = along(y.v * ::v_pow(x.v, y.v - ::v_set(1.0)), x.d);
    lane log_x = ::v_if(::v_gt(x.v, ::v_set(0.0)), ::v_log(x.v), ::v_set(0.0));
    return {r, by_x + along(r * log_x, y.d)};
}
PT_DUAL_INLINE lane normal_density(lane z)
{
    return ::v_set(0x1.9884533d43651p-2) * ::v_exp(::v_set(-0.5) * z * z);
}
PT_DUAL_INLINE lane erf_slope(lane x) { return ::v_set(0x1.20dd750429b6dp+0) * ::v_exp(-(x * x)); }
PT_DUAL_INLINE dual v_erf(dual a) { return make(::v_erf(a.v), erf_slope(a.v), a); }
PT_DUAL_INLINE dual v_erfc(dual a) { return make(::v_erfc(a.v), -erf_slope(a.v), a); }
PT_DUAL_INLINE dual v_normcdf(dual a) { return make(::v_normcdf(a.v), normal_density(a.v), a); }
PT_DUAL_INLINE dual v_norminv(dual a)
{
    lane z = ::v_norminv(a.v);
    return {z, along(::v_set(1.0) / normal_density(z), a.d)};
}
