/* See linear_smooth.h. */
#define PT_LARGE
#define PT_ANY
#include "kalman/linear_smooth.h"

void pt_lane_smooth_joseph(pt_lane_block *b, pt_lane_step now, const k_smoother *w, vmask bad, vec *P)
{
    const int n = b->call->in->n;
    vec *A = b->T, *half = b->P, *sum = b->joseph;
    memset(A, 0, (size_t)n * n * sizeof *A);
    for (int i = 0; i < n; i++) A[i * n + i] = v_set(-1.0);
    k_product(n, n, n, (k_operands){w->X, 1, n, b->F, n, A, A, n});
    k_multiply(n, A, now.cov, half);
    k_multiply_symmetric(n, half, A, b->zero, sum);
    for (int k = 0; k < n * n; k++) half[k] = b->Q[k] + w->P[k];
    k_product(n, n, n, (k_operands){half, n, 1, w->X, n, NULL, A, n});
    k_product_symmetric(n, n, (k_operands){w->X, 1, n, A, n, sum, sum, n});
    for (int k = 0; k < n * n; k++) P[k] = v_if(bad, sum[k], P[k]);
}

void pt_lane_block_smooth(pt_lane_block *b)
{
    backward(b, b->call->in->n, (k_smoother){b->a_smooth, b->P_smooth, b->J, b->U, b->L, b->g, b->M});
}
