/* wide: PT_WIDE vecs side by side, for code in which one vec would wait for itself.
 *
 * A Runge-Kutta stage is a long chain of dependent operations; with several independent vecs in flight the
 * machine overlaps them. Compilers cut arithmetic on a wide type into native vectors; comparisons, which GCC
 * 12 would cut into single numbers, and functions are applied to each vec by hand. A lane has the same bits
 * as under the functions of vec.h and vmath.h.
 */
#ifndef PT_LANES_WIDE_H
#define PT_LANES_WIDE_H

#include "lanes/vmath.h"

enum { PT_WIDE = 4, PT_WIDE_LANES = PT_WIDE * PT_W };

typedef double wide __attribute__((vector_size(8 * PT_W * 4), aligned(8 * PT_W)));
typedef int64_t wmask __attribute__((vector_size(8 * PT_W * 4), aligned(8 * PT_W)));

typedef union {
    wide w;
    wmask m;
    vec v[PT_WIDE];
    vmask vm[PT_WIDE];
} pt_wide_parts;

/* The statement for i_ = 0, 1, 2, 3. Written out: GCC 12 keeps what a loop indexes in memory, and copies it
 * by way of general registers. */
#define PT_VEC_I(i, ...)                                                                                     \
    {                                                                                                        \
        enum { i_ = i };                                                                                     \
        __VA_ARGS__;                                                                                         \
    }
#define PT_EACH_VEC(...)                                                                                     \
    PT_VEC_I(0, __VA_ARGS__)                                                                                 \
    PT_VEC_I(1, __VA_ARGS__)                                                                                 \
    PT_VEC_I(2, __VA_ARGS__)                                                                                 \
    PT_VEC_I(3, __VA_ARGS__)

PT_LANE wide w_set(double a)
{
    pt_wide_parts r;
    PT_EACH_VEC(r.v[i_] = v_set(a))
    return r.w;
}

PT_LANE wmask w_mask(int64_t a)
{
    pt_wide_parts r;
    PT_EACH_VEC(r.vm[i_] = m_set(a))
    return r.m;
}

#define PT_WIDE_UNARY(f)                                                                                     \
    PT_LANE wide w_##f(wide a)                                                                               \
    {                                                                                                        \
        pt_wide_parts x = {.w = a};                                                                          \
        PT_EACH_VEC(x.v[i_] = v_##f(x.v[i_]))                                                                \
        return x.w;                                                                                          \
    }
PT_WIDE_UNARY(abs)
PT_WIDE_UNARY(sqrt)
PT_WIDE_UNARY(exp)
PT_WIDE_UNARY(exp_bounded)
PT_WIDE_UNARY(expm1)
PT_WIDE_UNARY(log)
PT_WIDE_UNARY(log1p)
PT_WIDE_UNARY(sin)
PT_WIDE_UNARY(cos)
PT_WIDE_UNARY(tanh)
PT_WIDE_UNARY(erf)
PT_WIDE_UNARY(erfc)
PT_WIDE_UNARY(normcdf)
PT_WIDE_UNARY(norminv)
PT_WIDE_UNARY(round)
PT_WIDE_UNARY(floor)
PT_WIDE_UNARY(ceil)
#undef PT_WIDE_UNARY

#define PT_WIDE_BINARY(f)                                                                                    \
    PT_LANE wide w_##f(wide a, wide b)                                                                       \
    {                                                                                                        \
        pt_wide_parts x = {.w = a}, y = {.w = b};                                                            \
        PT_EACH_VEC(x.v[i_] = v_##f(x.v[i_], y.v[i_]))                                                       \
        return x.w;                                                                                          \
    }
PT_WIDE_BINARY(max)
PT_WIDE_BINARY(min)
PT_WIDE_BINARY(pow)
PT_WIDE_BINARY(copysign)
#undef PT_WIDE_BINARY

#define PT_WIDE_COMPARE(f)                                                                                   \
    PT_LANE wmask w_##f(wide a, wide b)                                                                      \
    {                                                                                                        \
        pt_wide_parts x = {.w = a}, y = {.w = b};                                                            \
        PT_EACH_VEC(x.vm[i_] = v_##f(x.v[i_], y.v[i_]))                                                      \
        return x.m;                                                                                          \
    }
PT_WIDE_COMPARE(lt)
PT_WIDE_COMPARE(le)
PT_WIDE_COMPARE(gt)
PT_WIDE_COMPARE(ge)
PT_WIDE_COMPARE(eq)
PT_WIDE_COMPARE(ne)
#undef PT_WIDE_COMPARE

PT_LANE wide w_fma(wide a, wide b, wide c)
{
    pt_wide_parts x = {.w = a}, y = {.w = b}, z = {.w = c};
    PT_EACH_VEC(x.v[i_] = v_fma(x.v[i_], y.v[i_], z.v[i_]))
    return x.w;
}

/* a*b + c with the same a in every lane */
PT_LANE wide w_fma_all(double a, wide b, wide c) { return w_fma(w_set(a), b, c); }

PT_LANE wide w_if(wmask m, wide a, wide b)
{
    pt_wide_parts x = {.w = a}, y = {.w = b}, z = {.m = m};
    PT_EACH_VEC(x.v[i_] = v_if(z.vm[i_], x.v[i_], y.v[i_]))
    return x.w;
}

PT_LANE wide w_clamp(wide x, double lower, double upper)
{
    return w_max(w_set(lower), w_min(w_set(upper), x));
}

PT_LANE int w_any(wmask m)
{
    pt_wide_parts x = {.m = m};
    vmask any = x.vm[0];
    for (int i = 1; i < PT_WIDE; i++) any |= x.vm[i];
    return m_any(any);
}

#undef PT_EACH_VEC
#undef PT_VEC_I

#endif
