/* The gradient's pass over an update, see linear_adjoint.h. */
#define PT_LARGE
#include <string.h>

#include "kalman/linear_adjoint_work.h"
#include "kalman/linear_panels.h"

/* v into u, the rows of H that are seen, H P, S and its factors */
static void innovate(pt_lane_block *b, int64_t t, pt_lane_step now)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int n = b->call->in->n, m = b->call->in->m;
    const vmask alive = v_lt(v_set((double)t), b->live_until);
    pt_lane_load_observation(b, t);
    pt_lane_fetch(b, b->call->in->y, b->call->in->n_time, t, m, b->y);
    for (int i = 0; i < m; i++) {
        b->seen[i] = alive & v_isfinite(b->y[i]);
        const vec v = b->y[i] - b->d[i] - k_dot(n, b->H + (size_t)i * n, now.predicted_mean, v_set(0.0));
        w->u[i] = v_if(b->seen[i], v, v_set(0.0));
        for (int k = 0; k < n; k++) w->H[i * n + k] = v_if(b->seen[i], b->H[i * n + k], v_set(0.0));
    }
    k_product(m, n, n, (k_operands){w->H, n, 1, now.predicted_cov, n, NULL, w->HP, n});
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++)
            w->S[i * m + j] = k_dot(n, w->HP + (size_t)i * n, w->H + (size_t)j * n, b->R[i * m + j]);
    k_factor(m, w->S, b->seen, w->L, w->inverse);
    for (int i = 0; i < m; i++) {
        const vmask good = b->seen[i] & v_gt(w->inverse[i], v_set(0.0));
        w->inverse[i] = v_if(good, v_set(1.0) / v_if(good, w->inverse[i], v_set(1.0)), v_set(0.0));
    }
}

/* a (m, width) = S^- a, whose rows that are not seen are 0 */
static void solve(const pt_lane_block *b, int width, vec *a)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int m = b->call->in->m;
    k_decorrelate(m, width, w->L, a);
    for (int i = 0; i < m; i++)
        for (int k = 0; k < width; k++) a[i * width + k] *= w->inverse[i];
    for (int i = m - 1; i >= 0; i--)
        for (int j = i + 1; j < m; j++)
            for (int k = 0; k < width; k++)
                a[i * width + k] = v_fma(-w->L[j * m + i], a[j * width + k], a[i * width + k]);
}

/* u, K', S^- H and S^- */
static void solve_all(pt_lane_block *b)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int n = b->call->in->n, m = b->call->in->m;
    solve(b, 1, w->u);
    memcpy(w->K, w->HP, (size_t)m * n * sizeof(vec));
    solve(b, n, w->K);
    memcpy(w->Z, w->H, (size_t)m * n * sizeof(vec));
    solve(b, n, w->Z);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++)
            w->SI[i * m + j] = v_if(b->seen[i], v_set(i == j ? 1.0 : 0.0), v_set(0.0));
    solve(b, m, w->SI);
}

/* z, K' M and K' M K */
static void gains(pt_lane_block *b)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int n = b->call->in->n, m = b->call->in->m;
    k_product(m, n, n, (k_operands){w->K, n, 1, w->M, n, NULL, w->MK, n});
    for (int i = 0; i < m; i++) {
        w->z[i] = w->u[i] - k_dot(n, w->K + (size_t)i * n, w->mu, v_set(0.0));
        for (int j = 0; j < m; j++)
            w->KMK[i * m + j] = k_dot(n, w->MK + (size_t)i * n, w->K + (size_t)j * n, v_set(0.0));
    }
}

/* r = mu + H' z; N = M - H' K' M - M K H + H' (K' M K + S^-) H */
static void recur(pt_lane_block *b)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int n = b->call->in->n, m = b->call->in->m;
    for (int i = 0; i < n; i++) {
        w->r[i] = w->mu[i];
        for (int k = 0; k < m; k++) w->r[i] = v_fma(w->H[k * n + i], w->z[k], w->r[i]);
    }
    for (int k = 0; k < m; k++) /* Z = S^- H + K' M K H - K' M */
        for (int i = 0; i < n; i++) {
            vec sum = w->Z[k * n + i] - w->MK[k * n + i];
            for (int q = 0; q < m; q++) sum = v_fma(w->KMK[k * m + q], w->H[q * n + i], sum);
            w->Z[k * n + i] = sum;
        }
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            vec sum = w->M[i * n + j];
            for (int k = 0; k < m; k++) {
                sum = v_fma(w->H[k * n + i], w->Z[k * n + j], sum);
                sum = v_fma(-w->MK[k * n + i], w->H[k * n + j], sum);
            }
            w->N[i * n + j] = w->N[j * n + i] = sum;
        }
}

/* dl/dH = z (a + P r)' - K' + K' M p */
static void of_H(pt_lane_block *b, const pt_derivative *d, int64_t t, pt_lane_step now)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int n = b->call->in->n, m = b->call->in->m;
    k_product(n, 1, n, (k_operands){now.predicted_cov, n, 1, w->r, 1, now.predicted_mean, w->mean, 1});
    k_product(m, n, n, (k_operands){w->MK, n, 1, now.cov, n, NULL, w->step, n});
    for (int i = 0; i < m; i++)
        for (int k = 0; k < n; k++)
            w->step[i * n + k] = v_fma(w->z[i], w->mean[k], w->step[i * n + k] - w->K[i * n + k]);
    if (w->vague.on) pt_diffuse_adjoint_of_H(b, now);
    pt_adjoint_give(b, d, OF_H, t);
}

static void of_R(pt_lane_block *b, const pt_derivative *d, int64_t t)
{
    const pt_lane_adjoint *w = b->adjoint;
    const int m = b->call->in->m;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < m; j++)
            w->step[i * m + j] =
                v_set(0.5) * (v_fma(w->z[i], w->z[j], -w->SI[i * m + j]) - w->KMK[i * m + j]);
    pt_adjoint_give(b, d, OF_R, t);
}

void pt_adjoint_update(pt_lane_block *b, const pt_derivative *d, int64_t t, pt_lane_step now)
{
    const int diffuse = b->adjoint->vague.on;
    innovate(b, t, now);
    if (diffuse) pt_diffuse_adjoint_gains(b, now);
    solve_all(b);
    if (diffuse) pt_diffuse_adjoint_replace(b);
    gains(b);
    recur(b);
    if (diffuse) pt_diffuse_adjoint_recur(b);
    if (d[OF_H].to) of_H(b, d, t, now);
    if (d[OF_R].to) of_R(b, d, t);
    if (d[OF_D].to) pt_adjoint_give_copy(b, d, OF_D, t, b->adjoint->z);
}
