#include "ode/linear.h"

#include "model/model_internal.h"
#include "ode/tableau.h"

enum { STRIDE = PT_WIDE, M = PT_MAX_LINEAR };

/* A contiguous copy of n elements that stand STRIDE apart. */
PT_LANE void gather(const int n, const vec *from, vec *to)
{
    for (int i = 0; i < n; i++) to[i] = from[i * STRIDE];
}

/* C = A B */
PT_LANE void times(const int n, const vec *A, const vec *B, vec *C)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            vec sum = A[i * n] * B[j];
            for (int k = 1; k < n; k++) sum = v_fma(A[i * n + k], B[k * n + j], sum);
            C[i * n + j] = sum;
        }
}

/* y = A x + g; g may be null; y is not x */
PT_LANE void apply(const int n, const vec *A, const vec *g, const vec *x, vec *y)
{
    for (int i = 0; i < n; i++) {
        vec sum = A[i * n] * x[0];
        for (int k = 1; k < n; k++) sum = v_fma(A[i * n + k], x[k], sum);
        y[i] = g ? sum + g[i] : sum;
    }
}

vec pt_linear_prepare(int n, const vec *K, vec *coefficient)
{
    vec power[M * M], next[M * M], own[M * M], by_row = v_set(0), by_column = v_set(0);
    gather(n * n, K, own);
    for (int i = 0; i < n; i++) {
        vec row = v_set(0), column = v_set(0);
        for (int j = 0; j < n; j++) {
            row += v_abs(own[i * n + j]);
            column += v_abs(own[j * n + i]);
        }
        by_row = v_max(by_row, row);
        by_column = v_max(by_column, column);
    }
    for (int i = 0; i < n * n; i++) coefficient[i * STRIDE] = power[i] = own[i];
    for (int m = 1; m < PT_TAYLOR; m++) {
        times(n, power, own, next);
        for (int i = 0; i < n * n; i++) {
            power[i] = next[i] * v_set(1.0 / (m + 1));
            coefficient[(m * n * n + i) * STRIDE] = power[i];
        }
    }
    return v_min(by_row, by_column);
}

void pt_linear_flow(int n, const vec *coefficient, const vec *r, vec *flow)
{
    vec own[M], power[M * M], next[M];
    gather(n, r, own);
    for (int i = 0; i < n; i++) flow[i * STRIDE] = own[i];
    for (int m = 1; m < PT_TAYLOR; m++) {
        gather(n * n, coefficient + (m - 1) * n * n * STRIDE, power);
        apply(n, power, 0, own, next);
        for (int i = 0; i < n; i++) flow[(m * n + i) * STRIDE] = next[i] * v_set(1.0 / (m + 1));
    }
}

/* tau halved until the series holds; count = number of halvings of each lane. Returns the largest. */
PT_LANE int halve(vec norm, vec *tau, vec *count)
{
    enum { MOST = 60 };
    *count = v_set(0);
    for (int s = 0; s < MOST; s++) {
        const vmask large = v_gt(norm * *tau, v_set(0.25));
        if (!m_any(large)) return s;
        *tau = v_if(large, v_set(0.5) * *tau, *tau);
        *count = v_if(large, *count + v_set(1), *count);
    }
    return MOST;
}

/* The map after the map (E, g): (E2, g2) = (E E, E g + g) */
PT_LANE void twice(const int n, const vec *E, const vec *g, vec *E2, vec *g2)
{
    times(n, E, E, E2);
    if (g) apply(n, E, g, g, g2);
}

/* (E, g) <- twice (E, g) in the lanes of mask */
PT_LANE void twice_where(const int n, vmask mask, vec *E, vec *g)
{
    vec E2[M * M], g2[M];
    twice(n, E, g, E2, g2);
    for (int i = 0; i < n * n; i++) E[i] = v_if(mask, E2[i], E[i]);
    for (int i = 0; g && i < n; i++) g[i] = v_if(mask, g2[i], g[i]);
}

/* c[m] + c[m+1] t + c[m+2] t2 + c[m+3] t2 t, coefficients of one element, `row` vecs apart. No v_fma where a
 * coefficient is loaded: GCC 12 would take it apart into single numbers. */
PT_LANE vec cubic(const vec *c, const int row, vec t, vec t2)
{
    const vec low = c[0] + c[row] * t, high = c[2 * row] + c[3 * row] * t;
    return v_fma(high, t2, low);
}

/* sum over m of c[m, i] tau^(m+1), n elements a row: three cubics, so that no step waits for eleven others */
PT_LANE void series(const int n, const vec *c, vec tau, vec *sum)
{
    _Static_assert(PT_TAYLOR == 12, "three cubics");
    const int row = n * STRIDE;
    const vec t2 = tau * tau, t4 = t2 * t2;
    for (int i = 0; i < n; i++) {
        const vec *ci = c + i * STRIDE;
        const vec low = cubic(ci, row, tau, t2), middle = cubic(ci + 4 * row, row, tau, t2);
        const vec high = cubic(ci + 8 * row, row, tau, t2);
        sum[i] = v_fma(v_fma(high, t4, middle), t4, low) * tau;
    }
}

PT_LANE void map_over(const int n, const vec *coefficient, const vec *flow, vec norm, vec tau, vec *E, vec *g)
{
    vec count;
    const int doublings = halve(norm, &tau, &count);
    series(n * n, coefficient, tau, E);
    for (int i = 0; i < n; i++) E[i * n + i] += v_set(1);
    if (flow) series(n, flow, tau, g);
    for (int s = 0; s < doublings; s++) twice_where(n, v_gt(count, v_set(s)), E, flow ? g : 0);
}

/* Written out with zeros of one sign, with and without a flow that is zero in this lane. */
PT_LANE void put(const int n, const vec *x, vec *to)
{
    for (int i = 0; i < n; i++) to[i * STRIDE] = x[i] + v_set(0);
}

PT_LANE void advance_n(const int n, const vec *coefficient, const vec *flow, vec norm, vec tau, const vec *x,
                       vec *x1)
{
    vec E[M * M], g[M], own[M], next[M];
    gather(n, x, own);
    map_over(n, coefficient, flow, norm, tau, E, g);
    apply(n, E, flow ? g : 0, own, next);
    put(n, next, x1);
}

/* In ninetieths of the step, from the map over one: E8 by three doublings, E9 = E8 E1, E18 by one more. Then
 * 0 -> 18 -> 27 -> 36 -> 54 -> 72 -> 90, and 72 -> 80. */
PT_LANE void nodes_n(const int n, const vec *coefficient, const vec *flow, vec norm, vec h, const vec *x,
                     vec *node)
{
    vec E1[M * M], E2[M * M], E4[M * M], E8[M * M], E9[M * M], E18[M * M], g[6][M];
    vec x0[M], x18[M], x27[M], x36[M], x54[M], x72[M], x80[M], x90[M];
    map_over(n, coefficient, flow, norm, v_set(1.0 / 90) * h, E1, g[0]);
    twice(n, E1, flow ? g[0] : 0, E2, g[1]);
    twice(n, E2, flow ? g[1] : 0, E4, g[2]);
    twice(n, E4, flow ? g[2] : 0, E8, g[3]);
    times(n, E8, E1, E9);
    if (flow) apply(n, E8, g[3], g[0], g[4]);
    twice(n, E9, flow ? g[4] : 0, E18, g[5]);
    const vec *g8 = flow ? g[3] : 0, *g9 = flow ? g[4] : 0, *g18 = flow ? g[5] : 0;
    gather(n, x, x0);
    apply(n, E18, g18, x0, x18);
    apply(n, E9, g9, x18, x27);
    apply(n, E9, g9, x27, x36);
    apply(n, E18, g18, x36, x54);
    apply(n, E18, g18, x54, x72);
    apply(n, E8, g8, x72, x80);
    apply(n, E18, g18, x72, x90);
    put(n, x18, node + PT_NODE_1_5 * n * STRIDE);
    put(n, x27, node + PT_NODE_3_10 * n * STRIDE);
    put(n, x72, node + PT_NODE_4_5 * n * STRIDE);
    put(n, x80, node + PT_NODE_8_9 * n * STRIDE);
    put(n, x90, node + PT_NODE_1 * n * STRIDE);
}

/* The usual sizes are compiled with a constant n, and without a flow with a constant null, so that loops
 * unroll and branches vanish. */
#define BY_SIZE(function, ...)                                                                               \
    switch (n) {                                                                                             \
    case 1:                                                                                                  \
        flow ? function(1, coefficient, flow, __VA_ARGS__) : function(1, coefficient, 0, __VA_ARGS__);       \
        break;                                                                                               \
    case 2:                                                                                                  \
        flow ? function(2, coefficient, flow, __VA_ARGS__) : function(2, coefficient, 0, __VA_ARGS__);       \
        break;                                                                                               \
    case 3:                                                                                                  \
        flow ? function(3, coefficient, flow, __VA_ARGS__) : function(3, coefficient, 0, __VA_ARGS__);       \
        break;                                                                                               \
    default:                                                                                                 \
        function(n, coefficient, flow, __VA_ARGS__);                                                         \
    }

void pt_linear_advance(int n, const vec *coefficient, const vec *flow, vec norm, vec tau, const vec *x,
                       vec *x1)
{
    BY_SIZE(advance_n, norm, tau, x, x1)
}

void pt_linear_nodes(int n, const vec *coefficient, const vec *flow, vec norm, vec h, const vec *x, vec *node)
{
    BY_SIZE(nodes_n, norm, h, x, node)
}
