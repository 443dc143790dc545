/* Derivatives and sparsity by a second meaning of `vec`. The only C++ of the project.
 *
 * An organ's .c file is compiled a second time with `vec` a dual number (value and derivative along one
 * direction, forward mode) and, if wanted, a third time with `vec` a set of indices (on which variables does
 * this value depend). Everything that vec.h and vmath.h give to organs exists here under the same name. The
 * value of a dual has the bits of the plain lane function. Derivatives are exact; at a kink (v_max, v_abs,
 * v_if) that of the branch taken; at a step (v_floor, v_round) 0.
 *
 * pt_duals is the same along four directions at once, for Jacobians (organs/jacobian.cpp).
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
using slope = lane; /* along one direction */

PT_DUAL_INLINE slope no_slope() { return ::v_set(0.0); }
/* by d where d is not 0, so that an infinite factor does not turn a constant into NaN */
PT_DUAL_INLINE slope along(lane by, slope d) { return ::v_if(::v_eq(d, ::v_set(0.0)), ::v_set(0.0), by * d); }
PT_DUAL_INLINE slope add_product(lane a, slope b, slope c) { return ::v_fma(a, b, c); }
PT_DUAL_INLINE slope choose(vmask m, slope a, slope b) { return ::v_if(m, a, b); }
PT_DUAL_INLINE slope power_of_two(slope a, lane k) { return ::v_ldexp(a, k); }

#include "lanes/dual_rules.hpp"
} // namespace pt_dual

namespace pt_duals
{
using lane = ::vec;

/* Along four directions at once. Members and not an array: compilers keep them in registers. */
struct slope {
    lane a, b, c, d;
};
enum { DIRECTIONS = 4 };

PT_DUAL_INLINE slope no_slope()
{
    const lane zero = ::v_set(0.0);
    return {zero, zero, zero, zero};
}
PT_DUAL_INLINE slope operator-(slope x) { return {-x.a, -x.b, -x.c, -x.d}; }
PT_DUAL_INLINE slope operator+(slope x, slope y) { return {x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d}; }
PT_DUAL_INLINE slope operator-(slope x, slope y) { return {x.a - y.a, x.b - y.b, x.c - y.c, x.d - y.d}; }
PT_DUAL_INLINE slope operator*(lane k, slope x) { return {k * x.a, k * x.b, k * x.c, k * x.d}; }
PT_DUAL_INLINE slope operator*(slope x, lane k) { return k * x; }
PT_DUAL_INLINE slope operator/(slope x, lane k) { return ::v_set(1.0) / k * x; }
PT_DUAL_INLINE slope along(lane by, slope x)
{
    return {pt_dual::along(by, x.a), pt_dual::along(by, x.b), pt_dual::along(by, x.c),
            pt_dual::along(by, x.d)};
}
PT_DUAL_INLINE slope add_product(lane k, slope x, slope y)
{
    return {::v_fma(k, x.a, y.a), ::v_fma(k, x.b, y.b), ::v_fma(k, x.c, y.c), ::v_fma(k, x.d, y.d)};
}
PT_DUAL_INLINE slope choose(vmask m, slope x, slope y)
{
    return {::v_if(m, x.a, y.a), ::v_if(m, x.b, y.b), ::v_if(m, x.c, y.c), ::v_if(m, x.d, y.d)};
}
PT_DUAL_INLINE slope power_of_two(slope x, lane k)
{
    return {::v_ldexp(x.a, k), ::v_ldexp(x.b, k), ::v_ldexp(x.c, k), ::v_ldexp(x.d, k)};
}

#include "lanes/dual_rules.hpp"
} // namespace pt_duals

namespace pt_pattern
{
/* A set of variables, indices 0 to 127. */
struct indices {
    uint64_t low, high;
    bool has(int i) const { return ((i < 64 ? low : high) >> (i & 63)) & 1; }
};
PT_DUAL_INLINE indices join(indices a, indices b) { return {a.low | b.low, a.high | b.high}; }

/* The variables through which a value has a derivative, and those on which it depends: the same, and what it
 * was compared with. A number that is not 0 depends on none, but is not nothing. */
struct pattern {
    indices slope, all;
    bool number;
    bool has(int i) const { return slope.has(i); }
    bool is_zero() const { return !(all.low | all.high) && !number; }
};
typedef pattern vec;
typedef indices vmask; /* on which a comparison depends */

PT_DUAL_INLINE pattern v_set(double a) { return {{0, 0}, {0, 0}, a != 0.0}; }
PT_DUAL_INLINE pattern v_index(int i)
{
    const uint64_t bit = (uint64_t)1 << (i & 63);
    const indices own = {i < 64 ? bit : 0, i < 64 ? 0 : bit};
    return {own, own, true};
}
PT_DUAL_INLINE pattern join(pattern a, pattern b)
{
    return {join(a.slope, b.slope), join(a.all, b.all), a.number || b.number};
}

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
PT_PATTERN_UNARY(v_exp_bounded)
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

/* the derivative of v_if is that of the branch taken, either of the two */
#define PT_PATTERN_COMPARE(name)                                                                             \
    PT_DUAL_INLINE vmask name(pattern a, pattern b) { return join(a.all, b.all); }
PT_PATTERN_COMPARE(v_lt)
PT_PATTERN_COMPARE(v_le)
PT_PATTERN_COMPARE(v_gt)
PT_PATTERN_COMPARE(v_ge)
PT_PATTERN_COMPARE(v_eq)
PT_PATTERN_COMPARE(v_ne)
#undef PT_PATTERN_COMPARE
PT_DUAL_INLINE vmask v_isnan(pattern a) { return a.all; }
PT_DUAL_INLINE vmask v_isfinite(pattern a) { return a.all; }
PT_DUAL_INLINE vmask operator&(vmask a, vmask b) { return join(a, b); }
PT_DUAL_INLINE vmask operator|(vmask a, vmask b) { return join(a, b); }
PT_DUAL_INLINE vmask operator~(vmask a) { return a; }
PT_DUAL_INLINE pattern v_if(vmask m, pattern a, pattern b)
{
    pattern r = join(a, b);
    r.all = join(r.all, m);
    return r;
}
PT_DUAL_INLINE pattern v_clamp(pattern x, double, double) { return x; }
PT_DUAL_INLINE pattern v_fma(pattern a, pattern b, pattern c) { return join(join(a, b), c); }
} // namespace pt_pattern

#endif
