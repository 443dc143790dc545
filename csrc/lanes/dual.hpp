/* Derivatives and sparsity by a second meaning of `vec`. The only C++ of the project.
 *
 * An organ's .c file is compiled a second time with `vec` a dual number (value and derivative along one
 * direction, forward mode) and, if wanted, a third time with `vec` a set of indices (on which variables does
 * this value depend). Everything that vec.h and vmath.h give to organs exists here under the same name. The
 * value of a dual has the bits of the plain lane function. Derivatives are exact; at a kink (v_max, v_abs,
 * v_if) that of the branch taken; at a step (v_floor, v_round) 0.
 *
 * How to use it (organs/dual.cpp):
 *
 *     #define PT_DUAL
 *     #include "lanes/dual.hpp"
 *     #include "organs/liver.h"         // sheets and system headers: at global scope, so that their guards
 * hold namespace pt_dual {               // `vec` and v_* now mean dual numbers #include "organs/functions.h"
 * // its typedef is over vec, so it belongs in here namespace liver {                 // one namespace an
 * organ: file-scope names of two organs may be alike #include "organs/liver.c"
 *     }
 *     }
 *     // seed x[i].d = xd[i], p[j].d = pd[j]; after liver::rate(...) dx[i].d is (df/dx) xd + (df/dp) pd
 *
 *     namespace pt_pattern { ... the same files ... }
 *     // seed x[i] = v_index(i): then dx[k].has(i) tells whether dx[k] depends on x[i]; 128 indices
 */
#ifndef PT_LANES_DUAL_HPP
#define PT_LANES_DUAL_HPP

#include <math.h> /* so that its guard holds when an organ includes it inside a namespace */
#include <stdint.h>

#include "lanes/vmath.h"

#define PT_DUAL_INLINE static inline __attribute__((always_inline, unused))

namespace pt_dual
{
using lane = ::vec;

struct dual {
    lane v, d;
};
typedef dual vec;

PT_DUAL_INLINE dual v_set(double a) { return {::v_set(a), ::v_set(0.0)}; }
PT_DUAL_INLINE dual make(lane v, lane slope, dual a) { return {v, slope * a.d}; }
/* slope d where d is not 0, so that an infinite slope does not turn a constant into NaN */
PT_DUAL_INLINE lane along(lane slope, lane d)
{
    return ::v_if(::v_eq(d, ::v_set(0.0)), ::v_set(0.0), slope * d);
}

PT_DUAL_INLINE dual operator+(dual a) { return a; }
PT_DUAL_INLINE dual operator-(dual a) { return {-a.v, -a.d}; }
PT_DUAL_INLINE dual operator+(dual a, dual b) { return {a.v + b.v, a.d + b.d}; }
PT_DUAL_INLINE dual operator-(dual a, dual b) { return {a.v - b.v, a.d - b.d}; }
PT_DUAL_INLINE dual operator*(dual a, dual b) { return {a.v * b.v, ::v_fma(a.v, b.d, a.d * b.v)}; }
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

PT_DUAL_INLINE dual v_if(vmask m, dual a, dual b) { return {::v_if(m, a.v, b.v), ::v_if(m, a.d, b.d)}; }
PT_DUAL_INLINE dual v_max(dual a, dual b) { return v_if(v_gt(a, b), a, b); }
PT_DUAL_INLINE dual v_min(dual a, dual b) { return v_if(v_lt(a, b), a, b); }
PT_DUAL_INLINE dual v_clamp(dual x, double lower, double upper)
{
    return v_max(v_set(lower), v_min(v_set(upper), x));
}
PT_DUAL_INLINE dual v_copysign(dual a, dual s)
{
    lane v = ::v_copysign(a.v, s.v);
    return {v, ::v_if((vmask)v ^ (vmask)a.v, -a.d, a.d)};
}
PT_DUAL_INLINE dual v_abs(dual a) { return v_copysign(a, v_set(1.0)); }

PT_DUAL_INLINE dual v_fma(dual a, dual b, dual c)
{
    return {::v_fma(a.v, b.v, c.v), ::v_fma(a.v, b.d, ::v_fma(a.d, b.v, c.d))};
}
PT_DUAL_INLINE dual v_round(dual a) { return {::v_round(a.v), ::v_set(0.0)}; }
PT_DUAL_INLINE dual v_floor(dual a) { return {::v_floor(a.v), ::v_set(0.0)}; }
PT_DUAL_INLINE dual v_ceil(dual a) { return {::v_ceil(a.v), ::v_set(0.0)}; }
PT_DUAL_INLINE dual v_ldexp(dual a, dual k) { return {::v_ldexp(a.v, k.v), ::v_ldexp(a.d, k.v)}; }

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
    lane by_x = along(y.v * ::v_pow(x.v, y.v - ::v_set(1.0)), x.d);
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
} // namespace pt_dual

namespace pt_pattern
{
/* the variables on which a value depends: indices 0 to 127 */
struct pattern {
    uint64_t low, high;
    bool has(int i) const { return ((i < 64 ? low : high) >> (i & 63)) & 1; }
};
typedef pattern vec;
struct vmask {};

PT_DUAL_INLINE pattern v_set(double) { return {0, 0}; }
PT_DUAL_INLINE pattern v_index(int i)
{
    return {i < 64 ? (uint64_t)1 << i : 0, i < 64 ? 0 : (uint64_t)1 << (i & 63)};
}
PT_DUAL_INLINE pattern join(pattern a, pattern b) { return {a.low | b.low, a.high | b.high}; }

#define PT_PATTERN_OPERATOR(op)                                                                              \
    PT_DUAL_INLINE pattern operator op(pattern a, pattern b) { return join(a, b); }                          \
    PT_DUAL_INLINE pattern operator op(pattern a, double) { return a; }                                      \
    PT_DUAL_INLINE pattern operator op(double, pattern b) { return b; }                                      \
    PT_DUAL_INLINE pattern &operator op## = (pattern & a, pattern b) { return a = join(a, b); }              \
    PT_DUAL_INLINE pattern &operator op## = (pattern & a, double) { return a; }
PT_PATTERN_OPERATOR(+)
PT_PATTERN_OPERATOR(-)
PT_PATTERN_OPERATOR(*)
PT_PATTERN_OPERATOR(/)
#undef PT_PATTERN_OPERATOR
PT_DUAL_INLINE pattern operator+(pattern a) { return a; }
PT_DUAL_INLINE pattern operator-(pattern a) { return a; }

#define PT_PATTERN_UNARY(name)                                                                               \
    PT_DUAL_INLINE pattern name(pattern a) { return a; }
PT_PATTERN_UNARY(v_abs)
PT_PATTERN_UNARY(v_sqrt)
PT_PATTERN_UNARY(v_exp)
PT_PATTERN_UNARY(v_expm1)
PT_PATTERN_UNARY(v_log)
PT_PATTERN_UNARY(v_log1p)
PT_PATTERN_UNARY(v_sin)
PT_PATTERN_UNARY(v_cos)
PT_PATTERN_UNARY(v_tanh)
PT_PATTERN_UNARY(v_erf)
PT_PATTERN_UNARY(v_erfc)
PT_PATTERN_UNARY(v_normcdf)
PT_PATTERN_UNARY(v_norminv)
PT_PATTERN_UNARY(v_round)
PT_PATTERN_UNARY(v_floor)
PT_PATTERN_UNARY(v_ceil)
#undef PT_PATTERN_UNARY

#define PT_PATTERN_BINARY(name)                                                                              \
    PT_DUAL_INLINE pattern name(pattern a, pattern b) { return join(a, b); }
PT_PATTERN_BINARY(v_max)
PT_PATTERN_BINARY(v_min)
PT_PATTERN_BINARY(v_pow)
PT_PATTERN_BINARY(v_ldexp)
PT_PATTERN_BINARY(v_copysign)
#undef PT_PATTERN_BINARY

/* a mask keeps no set: the derivative of v_if is that of the branch taken, either of the two */
#define PT_PATTERN_COMPARE(name)                                                                             \
    PT_DUAL_INLINE vmask name(pattern, pattern) { return {}; }
PT_PATTERN_COMPARE(v_lt)
PT_PATTERN_COMPARE(v_le)
PT_PATTERN_COMPARE(v_gt)
PT_PATTERN_COMPARE(v_ge)
PT_PATTERN_COMPARE(v_eq)
PT_PATTERN_COMPARE(v_ne)
#undef PT_PATTERN_COMPARE
PT_DUAL_INLINE vmask v_isnan(pattern) { return {}; }
PT_DUAL_INLINE vmask v_isfinite(pattern) { return {}; }
PT_DUAL_INLINE vmask operator&(vmask, vmask) { return {}; }
PT_DUAL_INLINE vmask operator|(vmask, vmask) { return {}; }
PT_DUAL_INLINE vmask operator~(vmask) { return {}; }
PT_DUAL_INLINE pattern v_if(vmask, pattern a, pattern b) { return join(a, b); }
PT_DUAL_INLINE pattern v_clamp(pattern x, double, double) { return x; }
PT_DUAL_INLINE pattern v_fma(pattern a, pattern b, pattern c) { return join(join(a, b), c); }
} // namespace pt_pattern

#endif
