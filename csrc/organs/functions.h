/* The functions of an organ over one vec of lanes. Included with `vec` as the lane
 * type (C) or as a dual number (organs/dual.cpp).
 *
 * x: states, p: parameters, u: inputs, t: time; lengths are those of the organ's
 * own tables. A null pointer stands for a function that the organ does not need.
 */
#ifndef PT_ORGANS_FUNCTIONS_H
#define PT_ORGANS_FUNCTIONS_H

#include "organs/organ.h"

#ifndef PT_DUAL
#include "lanes/vmath.h"
#endif

typedef struct {
    /* x[i] = initial state given p; null: the values of the table */
    void (*initial)(const vec *p, vec *x);
    /* K (n_linear x n_linear, row-major): d x_lin/dt = K x_lin + infusion rates */
    void (*linear)(const vec *p, vec *K);
    /* y[j] = output j; u are outputs of organs that come before */
    void (*output)(vec t, const vec *x, const vec *p, const vec *u, vec *y);
    /* dx[i - n_linear] = derivative of state i, for i in [n_linear, n_state) */
    void (*rate)(vec t, const vec *x, const vec *p, const vec *u, vec *dx);
} pt_organ_functions;

#ifdef PT_DUAL
#define PT_ORGAN(name) pt_dual_organ_##name
#else
#define PT_ORGAN(name) pt_organ_##name
#endif

#endif
