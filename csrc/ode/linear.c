#include "ode/linear.h"

#include "model/model_internal.h"
#include "ode/tableau.h"

enum { MAX_DOUBLINGS = 60 };

void pt_linear_prepare(int n, const vec *K, vec *coefficient, vec *norm)
{
    *norm = v_set(0);
    for (int j = 0; j < n; j++) {
        vec column = v_set(0);
        for (int i = 0; i < n; i++) column += v_abs(K[i * n + j]);
        *norm = v_max(*norm, column);
    }
    for (int i = 0; i < n * n; i++) coefficient[i] = K[i];
    for (int m = 1; m < PT_TAYLOR; m++) {
        const vec *last = coefficient + (m - 1) * n * n;
        vec *next = coefficient + m * n * n;
        const vec share = v_set(1.0 / (m + 1));
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                vec sum = last[i * n] * K[j];
                for (int k = 1; k < n; k++) sum = v_fma(last[i * n + k], K[k * n + j], sum);
                next[i * n + j] = sum * share;
            }
    }
}

void pt_linear_flow(int n, const vec *coefficient, const vec *r, vec *flow)
{
    for (int i = 0; i < n; i++) flow[i] = r[i];
    for (int m = 1; m < PT_TAYLOR; m++) {
        const vec *power = coefficient + (m - 1) * n * n;
        const vec share = v_set(1.0 / (m + 1));
        for (int i = 0; i < n; i++) {
            vec sum = power[i * n] * r[0];
            for (int k = 1; k < n; k++) sum = v_fma(power[i * n + k], r[k], sum);
            flow[m * n + i] = sum * share;
        }
    }
}

/* tau halved until the series holds; count = number of halvings. Returns the largest count. */
PT_LANE int halve(vec norm, vec *tau, vec *count)
{
    *count = v_set(0);
    for (int s = 0; s < MAX_DOUBLINGS; s++) {
        const vmask large = v_gt(norm * *tau, v_set(0.25));
        if (!m_any(large)) return s;
        *tau = v_if(large, v_set(0.5) * *tau, *tau);
        *count = v_if(large, *count + v_set(1), *count);
    }
    return MAX_DOUBLINGS;
}

/* y = M x */
PT_LANE void times_vector(const int n, const vec *M, const vec *x, vec *y)
{
    for (int i = 0; i < n; i++) {
        vec sum = M[i * n] * x[0];
        for (int k = 1; k < n; k++) sum = v_fma(M[i * n + k], x[k], sum);
        y[i] = sum;
    }
}

/* y = E x + g; y is not x */
PT_LANE void apply(const int n, const vec *E, const vec *g, const vec *x, vec *y)
{
    times_vector(n, E, x, y);
    for (int i = 0; g && i < n; i++) y[i] += g[i];
}

/* (E, g) <- (E E, E g + g) in the lanes of mask */
PT_LANE void twice(const int n, vmask mask, vec *E, vec *g)
{
    vec product[PT_MAX_LINEAR * PT_MAX_LINEAR], next[PT_MAX_LINEAR];
    if (g) apply(n, E, g, g, next);
    for (int i = 0; g && i < n; i++) g[i] = v_if(mask, next[i], g[i]);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            vec sum = E[i * n] * E[j];
            for (int k = 1; k < n; k++) sum = v_fma(E[i * n + k], E[k * n + j], sum);
            product[i * n + j] = sum;
        }
    for (int i = 0; i < n * n; i++) E[i] = v_if(mask, product[i], E[i]);
}

PT_LANE void map_over(const int n, const vec *coefficient, const vec *flow, vec norm, vec tau, vec *E, vec *g)
{
    vec count;
    const int doublings = halve(norm, &tau, &count);
    for (int i = 0; i < n * n; i++) {
        vec sum = coefficient[(PT_TAYLOR - 1) * n * n + i];
        for (int m = PT_TAYLOR - 2; m >= 0; m--) sum = v_fma(sum, tau, coefficient[m * n * n + i]);
        E[i] = i % (n + 1) == 0 ? v_fma(sum, tau, v_set(1)) : sum * tau;
    }
    for (int i = 0; flow && i < n; i++) {
        vec sum = flow[(PT_TAYLOR - 1) * n + i];
        for (int m = PT_TAYLOR - 2; m >= 0; m--) sum = v_fma(sum, tau, flow[m * n + i]);
        g[i] = sum * tau;
    }
    for (int s = 0; s < doublings; s++) twice(n, v_gt(count, v_set(s)), E, flow ? g : 0);
}

/* So that a zero has the same sign with and without a flow that is zero in this lane. */
PT_LANE void unsign_zeros(const int n, vec *x)
{
    for (int i = 0; i < n; i++) x[i] += v_set(0);
}

PT_LANE void advance_n(const int n, const vec *coefficient, const vec *flow, vec norm, vec tau, const vec *x,
                       vec *x1)
{
    vec E[PT_MAX_LINEAR * PT_MAX_LINEAR], g[PT_MAX_LINEAR];
    map_over(n, coefficient, flow, norm, tau, E, g);
    apply(n, E, flow ? g : 0, x, x1);
    unsign_zeros(n, x1);
}

/* In ninetieths of the step: 0 -> 18 -> 27 -> 72 -> 90 by steps of 9 and 18, and 72 -> 80. */
PT_LANE void nodes_n(const int n, const vec *coefficient, const vec *flow, vec norm, vec h, const vec *x,
                     vec *const *node)
{
    vec E9[PT_MAX_LINEAR * PT_MAX_LINEAR], g9[PT_MAX_LINEAR], E8[PT_MAX_LINEAR * PT_MAX_LINEAR];
    vec g8[PT_MAX_LINEAR], E18[PT_MAX_LINEAR * PT_MAX_LINEAR], g18[PT_MAX_LINEAR];
    vec a[PT_MAX_LINEAR], b[PT_MAX_LINEAR];
    map_over(n, coefficient, flow, norm, v_set(9.0 / 90) * h, E9, g9);
    map_over(n, coefficient, flow, norm, v_set(8.0 / 90) * h, E8, g8);
    for (int i = 0; i < n * n; i++) E18[i] = E9[i];
    for (int i = 0; flow && i < n; i++) g18[i] = g9[i];
    twice(n, m_set(-1), E18, flow ? g18 : 0);
    const vec *f8 = flow ? g8 : 0, *f9 = flow ? g9 : 0, *f18 = flow ? g18 : 0;
    apply(n, E18, f18, x, node[PT_NODE_1_5]);
    apply(n, E9, f9, node[PT_NODE_1_5], node[PT_NODE_3_10]);
    apply(n, E9, f9, node[PT_NODE_3_10], a);
    apply(n, E18, f18, a, b);
    apply(n, E18, f18, b, node[PT_NODE_4_5]);
    apply(n, E8, f8, node[PT_NODE_4_5], node[PT_NODE_8_9]);
    apply(n, E18, f18, node[PT_NODE_4_5], node[PT_NODE_1]);
    for (int q = 0; q < PT_N_NODE; q++) unsign_zeros(n, node[q]);
}

/* The usual sizes are compiled with a constant n. */
void pt_linear_advance(int n, const vec *coefficient, const vec *flow, vec norm, vec tau, const vec *x, vec *x1)
{
    switch (n) {
    case 1: advance_n(1, coefficient, flow, norm, tau, x, x1); break;
    case 2: advance_n(2, coefficient, flow, norm, tau, x, x1); break;
    case 3: advance_n(3, coefficient, flow, norm, tau, x, x1); break;
    default: advance_n(n, coefficient, flow, norm, tau, x, x1);
    }
}

void pt_linear_nodes(int n, const vec *coefficient, const vec *flow, vec norm, vec h, const vec *x,
                     vec *const *node)
{
    switch (n) {
    case 1: nodes_n(1, coefficient, flow, norm, h, x, node); break;
    case 2: nodes_n(2, coefficient, flow, norm, h, x, node); break;
    case 3: nodes_n(3, coefficient, flow, norm, h, x, node); break;
    default: nodes_n(n, coefficient, flow, norm, h, x, node);
    }
}
