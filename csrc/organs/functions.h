/* The functions of an organ. Included with `vec` as a block of lanes (C) or as a dual number or a set of
 * indices (organs/dual.cpp).
 *
 * x: states, p: parameters, c: constants, u: inputs and behind them the delayed states, t: time; lengths are
 * those of the organ's own tables. A null pointer stands for a function that the organ does not need.
 */
#ifndef PT_ORGANS_FUNCTIONS_H
#define PT_ORGANS_FUNCTIONS_H

#include "organs/organ.h"

#ifndef PT_DUAL
#include "lanes/wide.h"
#define vec           wide
#define vmask         wmask
#define v_set         w_set
#define v_fma         w_fma
#define v_if          w_if
#define v_abs         w_abs
#define v_max         w_max
#define v_min         w_min
#define v_clamp       w_clamp
#define v_copysign    w_copysign
#define v_lt          w_lt
#define v_le          w_le
#define v_gt          w_gt
#define v_ge          w_ge
#define v_eq          w_eq
#define v_ne          w_ne
#define v_sqrt        w_sqrt
#define v_exp         w_exp
#define v_exp_bounded w_exp_bounded
#define v_expm1       w_expm1
#define v_log         w_log
#define v_log1p       w_log1p
#define v_pow         w_pow
#define v_sin         w_sin
#define v_cos         w_cos
#define v_tanh        w_tanh
#define v_erf         w_erf
#define v_erfc        w_erfc
#define v_normcdf     w_normcdf
#define v_norminv     w_norminv
#define v_round       w_round
#define v_floor       w_floor
#define v_ceil        w_ceil
#endif

typedef struct {
    /* c[i]: what the functions below need of p alone, worked out once for each set of parameters */
    void (*constants)(const vec *p, vec *c);
    /* x[i] = initial state given p; null: the values of the table */
    void (*initial)(const vec *p, vec *x);
    /* K (n_linear x n_linear, row-major): d x_lin/dt = K x_lin + infusion rates */
    void (*linear)(const vec *p, vec *K);
    /* y[j] = output j; u are outputs of organs that come before */
    void (*output)(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y);
    /* dx[i - n_linear] = derivative of state i, for i in [n_linear, n_state) */
    void (*rate)(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx);
    /* x[i] <- states after the organ's event `event`, a row of its table, with a value of the schedule */
    void (*event)(int event, const vec *value, const vec *t, vec *x, const vec *p, const vec *c);
    /* g[i - n_linear] = diffusion coefficient of state i, each with a Wiener process of its own (Ito) */
    void (*noise)(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *g);
} pt_organ_functions;

#ifdef PT_DUAL
#define PT_ORGAN(name) pt_dual_organ_##name
#else
#define PT_ORGAN(name) pt_organ_##name
#endif

#endif
