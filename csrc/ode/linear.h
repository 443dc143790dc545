/* The linear part of a model, d x/dt = K x + r with constant K and r, solved exactly.
 *
 *   x(tau) = E x(0) + g,  E = exp(K tau),  g = tau phi_1(K tau) r
 *
 * E and g come from the Taylor series of degree PT_TAYLOR at tau / 2^s, where |K| tau / 2^s <= 1/4 (remainder
 * below 3e-18), and s doublings: E <- E E, g <- E g + g. s is each lane's own. The coefficients of the series
 * depend on K and r only, so a step costs a Horner scheme and no product of matrices but the doublings.
 *
 * Every function works on one vec; element i of an array stands at [i * PT_WIDE].
 */
#ifndef PT_ODE_LINEAR_H
#define PT_ODE_LINEAR_H

#include "lanes/wide.h"

enum { PT_TAYLOR = 12 };

/* coefficient[m, i, j] = (K^(m+1))[i, j] / (m+1)!, m in [0, PT_TAYLOR); K (n, n). Returns the smaller of
 * |K|_1 and |K|_inf. */
vec pt_linear_prepare(int n, const vec *K, vec *coefficient);
/* flow[m, i] = (K^m r)[i] / (m+1)! */
void pt_linear_flow(int n, const vec *coefficient, const vec *r, vec *flow);
/* x1 = x(tau); flow may be null where r = 0 */
void pt_linear_advance(int n, const vec *coefficient, const vec *flow, vec norm, vec tau, const vec *x,
                       vec *x1);
/* node[q * n + i] = x[i] at share q of the step h: 1/5, 3/10, 4/5, 8/9, 1 */
void pt_linear_nodes(int n, const vec *coefficient, const vec *flow, vec norm, vec h, const vec *x,
                     vec *node);

#endif
