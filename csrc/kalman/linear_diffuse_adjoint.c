/* The gradient's pass back through the diffuse steps.
 *
 * With P = kappa Pinf + P*, every quantity of linear_adjoint.h is a series x0 + x1 / kappa + .. (Koopman &
 * Durbin 2000, Journal of Time Series Analysis 21, 281), and the derivatives of the likelihood, whose limit
 * leaves out the constant -1/2 ln kappa of each diffuse dimension, are those of order 0. x1 has a part in
 * them where a covariance multiplies it:
 *
 *   dl/dF = .. + r0 (r1' F Pinf) - N1 F Pinf
 *   dl/dH = .. + z0 (Pinf r1)' + (K' M)_1 Pinf
 *
 * so that r1 and N1 matter up to what Pinf takes to zero. Gains and inverses come from the elements of y_t
 * one after the other, as the filter uses them: with e_i = U_i v the innovation of element i given those
 * before,
 *
 *   U_i = E_i - h_i' K,  S^- += U_i' U_i / f_i,  K += k_i U_i,  E = L^-1, R = L D L'
 *
 * where 1 / f and k begin with 1 / (finf kappa) and Pinf h / finf in a diffuse element. No difference of
 * large numbers is taken.
 */
#define PT_LARGE
#define PT_ANY
#include <string.h>

#include "kalman/linear_adjoint_work.h"
#include "kalman/linear_diffuse_kernels.h"
#include "kalman/linear_panels.h"
#include "kalman/linear_update.h"

/* ---- gains and inverses ---- */

/* to (m, n): to += row' k' */
static void add_gain(int m, int n, const vec *row, const vec *k, vec *to)
{
    for (int q = 0; q < m; q++)
        for (int i = 0; i < n; i++) to[q * n + i] = v_fma(row[q], k[i], to[q * n + i]);
}

/* to (m, m) += scale x y' */
static void add_outer(int m, vec scale, const vec *x, const vec *y, vec *to)
{
    for (int p = 0; p < m; p++)
        for (int q = 0; q < m; q++) to[p * m + q] = v_fma(scale * x[p], y[q], to[p * m + q]);
}

/* A diffuse element: k0 in b->K, its variance finf kappa + f */
static void use_diffuse(pt_lane_block *b, vmask diffuse, vec finf, vec f)
{
    const pt_adjoint_vague *d = &b->adjoint->vague;
    const int n = b->call->in->n, m = b->call->in->m;
    const vec inverse = v_if(diffuse, v_set(1.0) / v_if(diffuse, finf, v_set(1.0)), v_set(0.0));
    for (int i = 0; i < n; i++) d->k[i] = v_if(diffuse, (b->M[i] - b->K[i] * f) * inverse, v_set(0.0));
    add_gain(m, n, d->row0, b->K, d->K0);
    add_gain(m, n, d->row0, d->k, d->K);
    add_gain(m, n, d->row, b->K, d->K);
    add_outer(m, inverse, d->row0, d->row0, d->S);
}

/* Another one that is seen: its gain in b->K */
static void use_known(pt_lane_block *b, vec inverse)
{
    const pt_adjoint_vague *d = &b->adjoint->vague;
    const int n = b->call->in->n, m = b->call->in->m;
    add_gain(m, n, d->row0, b->K, d->K0);
    add_gain(m, n, d->row, b->K, d->K);
    add_outer(m, inverse, d->row0, d->row0, d->S0);
    add_outer(m, inverse, d->row0, d->row, d->S);
    add_outer(m, inverse, d->row, d->row0, d->S);
}

/* Element i = h'x + e, Var e = r */
static void use_element_back(pt_lane_block *b, int i, const vec *h, vec r)
{
    const pt_adjoint_vague *d = &b->adjoint->vague;
    const int n = b->call->in->n, m = b->call->in->m;
    for (int q = 0; q < m; q++) {
        d->row0[q] = d->E[i * m + q] - k_dot(n, d->K0 + q * n, h, v_set(0.0));
        d->row[q] = -k_dot(n, d->K + q * n, h, v_set(0.0));
    }
    vec finf, inverse;
    const vmask diffuse =
        d_gain(n, h, r, b->seen[i], b->diffuse.B, b->P, b->K, b->g, b->M, b->diffuse.work, &finf);
    if (m_any(diffuse)) use_diffuse(b, diffuse, finf, k_dot(n, h, b->M, r));
    k_gain(n, h, r, b->seen[i] & ~diffuse, b->P, b->K, b->g, b->M, &inverse);
    use_known(b, inverse);
}

void pt_diffuse_adjoint_gains(pt_lane_block *b, pt_lane_step now)
{
    const pt_lane_adjoint *w = b->adjoint;
    pt_adjoint_vague *d = &b->adjoint->vague;
    const int n = b->call->in->n, m = b->call->in->m;
    d->lanes = v_gt(d_columns(n, now.predicted_root), v_set(0.0));
    memcpy(b->diffuse.B, now.predicted_root, (size_t)n * n * sizeof(vec));
    memcpy(b->P, now.predicted_cov, (size_t)n * n * sizeof(vec));
    const vec *H = decorrelated(b, n, m);
    for (int k = 0; k < m * m; k++) d->E[k] = v_set(k % (m + 1) ? 0.0 : 1.0);
    if (H != b->H) k_decorrelate(m, m, b->decorrelation, d->E);
    memset(d->K0, 0, (size_t)m * n * sizeof(vec));
    memset(d->K, 0, (size_t)m * n * sizeof(vec));
    memset(d->S0, 0, (size_t)m * m * sizeof(vec));
    memset(d->S, 0, (size_t)m * m * sizeof(vec));
    for (int i = 0; i < m; i++) use_element_back(b, i, H + (size_t)i * n, noise_of(b, m, i));
    k_product(m, 1, m, (k_operands){d->S0, m, 1, w->u, 1, NULL, d->u0, 1});
    k_product(m, 1, m, (k_operands){d->S, m, 1, w->u, 1, NULL, d->u, 1});
}

static void choose(vmask lanes, int count, const vec *from, vec *to)
{
    for (int k = 0; k < count; k++) to[k] = v_if(lanes, from[k], to[k]);
}

void pt_diffuse_adjoint_replace(pt_lane_block *b)
{
    const pt_lane_adjoint *w = b->adjoint;
    const pt_adjoint_vague *d = &w->vague;
    const int n = b->call->in->n, m = b->call->in->m;
    choose(d->lanes, m * n, d->K0, w->K);
    choose(d->lanes, m * m, d->S0, w->SI);
    choose(d->lanes, m, d->u0, w->u);
    k_product(m, n, m, (k_operands){d->S0, m, 1, w->H, n, NULL, d->MK, n});
    choose(d->lanes, m * n, d->MK, w->Z);
}

/* ---- the recursion ---- */

void pt_diffuse_adjoint_begin(pt_lane_block *b, vmask inside)
{
    const pt_adjoint_vague *d = &b->adjoint->vague;
    const int n = b->call->in->n;
    for (int i = 0; i < n; i++) d->r[i] = v_if(inside, d->r[i], v_set(0.0));
    for (int i = 0; i < n * n; i++) d->N[i] = v_if(inside, d->N[i], v_set(0.0));
}

void pt_diffuse_adjoint_move(pt_lane_block *b)
{
    const pt_adjoint_vague *d = &b->adjoint->vague;
    const int n = b->call->in->n;
    k_product(n, 1, n, (k_operands){b->F, 1, n, d->r, 1, NULL, d->mu, 1});
    k_product(n, n, n, (k_operands){d->N, n, 1, b->F, n, NULL, d->X, n});
    k_product_symmetric(n, n, (k_operands){b->F, 1, n, d->X, n, NULL, d->M, n});
}

/* z1, (K' M)_1 and (S^- + K' M K)_1 */
static void first_order(pt_lane_block *b)
{
    const pt_lane_adjoint *w = b->adjoint;
    const pt_adjoint_vague *d = &w->vague;
    const int n = b->call->in->n, m = b->call->in->m;
    k_product(m, n, n, (k_operands){w->K, n, 1, d->M, n, NULL, d->MK, n});
    k_product(m, n, n, (k_operands){d->K, n, 1, w->M, n, d->MK, d->MK, n});
    for (int i = 0; i < m; i++) {
        d->z[i] =
            d->u[i] - k_dot(n, w->K + i * n, d->mu, v_set(0.0)) - k_dot(n, d->K + i * n, w->mu, v_set(0.0));
        for (int j = 0; j < m; j++) {
            const vec sum = k_dot(n, d->MK + i * n, w->K + j * n, d->S[i * m + j]);
            d->C[i * m + j] = k_dot(n, w->MK + i * n, d->K + j * n, sum);
        }
    }
}

/* r1 = mu1 + H' z1; N1 = M1 - H' (K' M)_1 - (K' M)_1' H + H' (S^- + K' M K)_1 H */
void pt_diffuse_adjoint_recur(pt_lane_block *b)
{
    const pt_lane_adjoint *w = b->adjoint;
    const pt_adjoint_vague *d = &w->vague;
    const int n = b->call->in->n, m = b->call->in->m;
    first_order(b);
    k_product(n, 1, m, (k_operands){w->H, 1, n, d->z, 1, d->mu, d->r, 1});
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            vec sum = d->M[i * n + j];
            for (int k = 0; k < m; k++) {
                vec row = -d->MK[k * n + j];
                for (int q = 0; q < m; q++) row = v_fma(d->C[k * m + q], w->H[q * n + j], row);
                sum = v_fma(w->H[k * n + i], row, sum);
                sum = v_fma(-d->MK[k * n + i], w->H[k * n + j], sum);
            }
            d->N[i * n + j] = d->N[j * n + i] = sum;
        }
}

/* ---- derivatives ---- */

/* y (n) = B B' x */
static void spread(int n, const vec *B, const vec *x, vec *work, vec *y)
{
    k_product(n, 1, n, (k_operands){B, 1, n, x, 1, NULL, work, 1});
    k_product(n, 1, n, (k_operands){B, n, 1, work, 1, NULL, y, 1});
}

/* step += r0 (r1' F Pinf) - N1 F Pinf */
void pt_diffuse_adjoint_of_F(pt_lane_block *b, pt_lane_step now)
{
    const pt_lane_adjoint *w = b->adjoint;
    const pt_adjoint_vague *d = &w->vague;
    const int n = b->call->in->n;
    k_product(n, 1, n, (k_operands){b->F, 1, n, d->r, 1, NULL, b->M, 1});
    spread(n, now.root, b->M, b->g, d->k);
    k_product(n, n, n, (k_operands){d->N, n, 1, b->F, n, NULL, d->X, n});
    k_product(n, n, n, (k_operands){d->X, n, 1, now.root, n, NULL, b->diffuse.work, n});
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            const vec less = k_dot(n, b->diffuse.work + i * n, now.root + j * n, v_set(0.0));
            w->step[i * n + j] += v_fma(w->r[i], d->k[j], -less);
        }
}

/* step += z0 (Pinf r1)' + (K' M)_1 p, Pinf and p before and after y_t */
void pt_diffuse_adjoint_of_H(pt_lane_block *b, pt_lane_step now)
{
    const pt_lane_adjoint *w = b->adjoint;
    const pt_adjoint_vague *d = &w->vague;
    const int n = b->call->in->n, m = b->call->in->m;
    spread(n, now.predicted_root, d->r, b->g, d->k);
    for (int i = 0; i < m; i++) {
        spread(n, now.root, d->MK + i * n, b->g, b->M);
        for (int k = 0; k < n; k++) w->step[i * n + k] += v_fma(w->z[i], d->k[k], b->M[k]);
    }
}
