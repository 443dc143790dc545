/* Arithmetic of the control of steps: a step needs no digits, so a few operations that are the same in every
 * build stand for division, log and exp.
 *
 * Included by files that work on vec.
 */
#ifndef PT_ODE_CONTROL_H
#define PT_ODE_CONTROL_H

#include "lanes/vmath.h"

/* log2 1e-4: what the controller takes for the error before an interval, and no smaller one later, because it
 * would say nothing about the next */
#define PT_LOG_ERROR_AT_START (-13.287712379549449)

/* 1/a to 0.3 % for positive normal a below 2^1021: the bits of a from a constant (5 % off), then one step of
 * Newton. Anything else than a number stays one. */
PT_LANE vec pt_rough_inverse(vec a)
{
    const vec r = (vec)(m_set(0x7fde623822fc16e6) - (vmask)a);
    return r * v_fma(-a, r, v_set(2));
}

/* log2 a to 0.01 for positive normal a: exponent, and a parabola through the mantissa's ends */
PT_LANE vec pt_rough_log2(vec a)
{
    const vbits u = (vbits)a;
    const vec exponent = (vec)((u >> 52) | (vbits)v_set(0x1p52)) - v_set(0x1p52 + 1023);
    const vec f = (vec)((u & (vbits)m_set(PT_MANTISSA)) | (vbits)m_set(PT_ONE_BITS)) - v_set(1);
    return v_fma(f, v_fma(v_set(-0.3465), f, v_set(1.3465)), exponent);
}

/* 2^a to 0.2 % for |a| <= 1000 */
PT_LANE vec pt_rough_exp2(vec a)
{
    const vec k = (a + v_set(PT_MAGIC)) - v_set(PT_MAGIC), f = a - k;
    const vec m = v_fma(v_fma(v_fma(v_set(0.0555), f, v_set(0.2402)), f, v_set(0.6931)), f, v_set(1));
    return m * v_pow2(k);
}

#endif
