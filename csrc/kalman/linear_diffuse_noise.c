/* Noises and covariances from step to step in the diffuse steps, see linear_diffuse_smooth.c; these go to the
 * outputs of the lanes that are diffuse, beside what linear_disturbance.c writes for the others. */
#define PT_LARGE
#define PT_ANY
#include <math.h>

#include "kalman/linear_diffuse_kernels.h"
#include "kalman/linear_diffuse_smooth.h"
#include "kalman/linear_panels.h"

static void store_some(const pt_lane_block *b, vmask lanes, double *dst, int64_t t, int count, const vec *src)
{
    for (int lane = 0; dst && lane < b->used; lane++) {
        double *row = dst + ((b->first + lane) * b->call->in->n_time + t) * count;
        for (int k = 0; lanes[lane] && k < count; k++) row[k] = src[k][lane];
    }
}

static void store_some_cov(pt_lane_block *b, vmask lanes, double *dst, int64_t t, int k, const vec *src)
{
    if (!b->call->out->packed) {
        store_some(b, lanes, dst, t, k * k, src);
        return;
    }
    int at = 0;
    for (int i = 0; i < k; i++)
        for (int j = 0; j <= i; j++) b->triangle[at++] = src[(size_t)i * k + j];
    store_some(b, lanes, dst, t, at, b->triangle);
}

/* P_zs J', infinite where kappa S (J S)' grows; moved (n, 2n) holds J S */
static void write_lag_one(pt_lane_block *b, const pt_diffuse_way *w, vmask lanes, int64_t t)
{
    const int n = b->call->in->n;
    const pt_lane_vague *d = &b->diffuse;
    if (!b->call->out->lag_one_cov) return;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            const vec grows = d_dot(n, d->smoothed + i * n, 1, d->moved + j * 2 * n, 1);
            const vec cov = k_dot(n, d->next_cov + i * n, w->J + j * n, v_set(0.0));
            w->T[i * n + j] = v_if(v_ne(grows, v_set(0.0)), v_copysign(v_set(INFINITY), grows), cov);
        }
    store_some(b, lanes, b->call->out->lag_one_cov, t, n * n, w->T);
}

/* w->E (n, n) = Cov(G w | y), w->T and w->L: work */
static void noise_moved(const pt_lane_block *b, const pt_diffuse_way *w)
{
    const int n = b->call->in->n;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            vec v = v_set(i == j ? 1.0 : 0.0);
            for (int k = 0; k < n; k++) v = v_fma(-b->F[i * n + k], w->J[k * n + j], v);
            w->T[i * n + j] = v;
        }
    k_multiply(n, w->T, b->diffuse.next_cov, w->L);
    k_multiply_symmetric(n, w->L, w->T, b->zero, w->E);
    k_spread(n, b->F, w->C, w->T);
    k_multiply_symmetric(n, w->T, b->F, w->E, w->L);
    memcpy(w->E, w->L, (size_t)n * n * sizeof(vec));
}

/* E(w | G w) = A G w, A' = Q^- G Q0 in b->T (n, g), and what G does not show of w: its covariance in
 * diffuse.noise (g, g) */
static void noise_regression(pt_lane_block *b, const pt_diffuse_way *w)
{
    const int n = b->call->in->n, g = b->call->in->g;
    k_product(n, g, g, (k_operands){b->G, g, 1, b->Q0, g, NULL, b->T, g});
    k_factor_state(n, b->Q, w->L, w->D);
    k_solve_state(n, g, w->L, w->D, b->T);
    for (int i = 0; i < g; i++)
        for (int j = 0; j < g; j++) {
            vec v = v_set(i == j ? 1.0 : 0.0);
            for (int k = 0; k < n; k++) v = v_fma(-b->T[k * g + i], b->G[k * g + j], v);
            b->S1[i * g + j] = v;
        }
    k_product(g, g, g, (k_operands){b->S1, g, 1, b->Q0, g, NULL, b->S2, g});
    k_multiply_symmetric(g, b->S2, b->S1, b->zero_noise, b->diffuse.noise);
}

/* mean: of x_t given all of y */
static void write_noise(pt_lane_block *b, const pt_diffuse_way *w, vmask lanes, int64_t t, const vec *mean)
{
    const pt_linear_output *out = b->call->out;
    const int n = b->call->in->n, g = b->call->in->g;
    if (!out->state_disturbance && !out->state_disturbance_cov) return;
    noise_moved(b, w);
    k_move(n, b->F, mean, b->c, b->M);
    for (int i = 0; i < n; i++) b->M[i] = b->diffuse.next_mean[i] - b->M[i];
    if (!b->call->in->G.data) {
        store_some(b, lanes, out->state_disturbance, t, n, b->M);
        if (out->state_disturbance_cov) store_some_cov(b, lanes, out->state_disturbance_cov, t, n, w->E);
        return;
    }
    noise_regression(b, w);
    k_product(g, 1, n, (k_operands){b->T, 1, g, b->M, 1, NULL, b->S2, 1});
    store_some(b, lanes, out->state_disturbance, t, g, b->S2);
    if (!out->state_disturbance_cov) return;
    k_product(n, g, n, (k_operands){w->E, n, 1, b->T, g, NULL, b->S2, g});
    k_product_symmetric(g, n, (k_operands){b->T, 1, g, b->S2, g, b->diffuse.noise, b->S1, g});
    store_some_cov(b, lanes, out->state_disturbance_cov, t, g, b->S1);
}

void pt_diffuse_write(pt_lane_block *b, const pt_diffuse_way *w, vmask lanes, int64_t t, const vec *mean)
{
    if (!b->call->disturbances) return;
    write_lag_one(b, w, lanes, t);
    write_noise(b, w, lanes, t, mean);
}
