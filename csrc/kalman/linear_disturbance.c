/* What the smoother knows beside the states: noises, and covariances from step to step.
 *
 *   Cov(x_{t+1}, x_t | y) = P_s' J'
 *   W = Q G' p^-,  E(w | y) = W (a_s' - a'),  Cov(w | y) = (I - W G) Q (I - W G)' + W (F P F' + P_s') W'
 *   e = y - d - H a_s and H P_s H' for the elements of v_t that are seen; those that are not follow by the
 * regression B = R_uo R_oo^- of the noises: B e, and R_uu - B R_ou + B H_o P_s H_o' B'
 *
 * in the notation of linear_smooth.h.
 */
#define PT_LARGE
#define PT_ANY
#include <math.h>

#include "kalman/linear_smooth.h"

/* ---- from t + 1 to t ---- */

static void write_lag_one(pt_lane_block *b, int64_t t, vmask inside, const k_smoother *w)
{
    const int n = b->call->in->n;
    k_product(n, n, n, (k_operands){w->P, n, 1, w->X, n, NULL, b->S, n});
    for (int k = 0; k < n * n; k++) b->S[k] = v_if(inside, b->S[k], v_set(NAN));
    pt_lane_store(b, b->call->out->lag_one_cov, b->call->in->n_time, t, n * n, b->S);
}

/* b->T (n, g) = W' */
static void noise_gain(pt_lane_block *b, const k_smoother *w)
{
    const int n = b->call->in->n, g = b->call->in->g;
    if (b->call->in->G.data)
        k_product(n, g, g, (k_operands){b->G, g, 1, b->Q0, g, NULL, b->T, g});
    else
        memcpy(b->T, b->Q, (size_t)n * n * sizeof(vec));
    k_solve_state(n, g, w->L, w->inverse, b->T);
}

static const vec *noise_cov(const pt_lane_block *b) { return b->call->in->G.data ? b->Q0 : b->Q; }

/* b->S (g, g) = Cov(w | y) */
static void noise_given_all(pt_lane_block *b, pt_lane_step now, const k_smoother *w)
{
    const int n = b->call->in->n, g = b->call->in->g;
    vec *A = b->S1, *half = b->S2;
    memset(A, 0, (size_t)g * g * sizeof(vec));
    for (int i = 0; i < g; i++) A[i * g + i] = v_set(-1.0);
    if (b->call->in->G.data)
        k_product(g, g, n, (k_operands){b->T, 1, g, b->G, g, A, A, g});
    else
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) A[i * n + j] += b->T[j * n + i];
    k_product(g, g, g, (k_operands){A, g, 1, noise_cov(b), g, NULL, half, g});
    k_multiply_symmetric(g, half, A, b->zero_noise, b->S);
    k_spread(n, b->F, now.cov, b->U);
    k_multiply_symmetric(n, b->U, b->F, w->P, b->P);
    k_product(n, g, n, (k_operands){b->P, n, 1, b->T, g, NULL, half, g});
    k_product_symmetric(g, n, (k_operands){b->T, 1, g, half, g, b->S, b->S, g});
}

static void write_noise(pt_lane_block *b, int64_t t, vmask inside, pt_lane_step now, const k_smoother *w)
{
    const pt_linear_output *out = b->call->out;
    const int n = b->call->in->n, g = b->call->in->g;
    noise_gain(b, w);
    k_product(g, 1, n, (k_operands){b->T, 1, g, w->d, 1, NULL, b->S, 1});
    for (int i = 0; i < g; i++) b->S[i] = v_if(inside, b->S[i], v_set(0.0));
    pt_lane_store(b, out->state_disturbance, b->call->in->n_time, t, g, b->S);
    if (!out->state_disturbance_cov) return;
    noise_given_all(b, now, w);
    for (int k = 0; k < g * g; k++) b->S[k] = v_if(inside, b->S[k], noise_cov(b)[k]);
    pt_lane_store_cov(b, out->state_disturbance_cov, t, g, b->S);
}

void pt_lane_write_transition(pt_lane_block *b, int64_t t, pt_lane_step now, const k_smoother *w)
{
    const pt_linear_output *out = b->call->out;
    const vmask inside = v_lt(v_set((double)t), b->live_until - v_set(1.0));
    if (out->lag_one_cov) write_lag_one(b, t, inside, w);
    if (out->state_disturbance || out->state_disturbance_cov) write_noise(b, t, inside, now, w);
}

void pt_lane_write_end(pt_lane_block *b, int64_t t)
{
    const pt_linear_output *out = b->call->out;
    const int n = b->call->in->n, g = b->call->in->g;
    const int64_t n_time = b->call->in->n_time;
    for (int k = 0; k < n * n; k++) b->U[k] = v_set(NAN);
    pt_lane_store(b, out->lag_one_cov, n_time, t, n * n, b->U);
    pt_lane_load_transition(b, t);
    pt_lane_store(b, out->state_disturbance, n_time, t, g, b->zero_noise);
    pt_lane_store_cov(b, out->state_disturbance_cov, t, g, noise_cov(b));
}

/* ---- at t ---- */

/* b->S1 (m, m) = B, whose rows of elements that are seen are those of the identity */
static void noise_regression(pt_lane_block *b)
{
    const int m = b->call->in->m;
    k_factor(m, b->R, b->seen, b->decorrelation, b->D);
    for (int i = 0; i < m; i++) {
        vec *row = b->S1 + (size_t)i * m;
        const vec *L = b->decorrelation;
        for (int j = 0; j < m; j++) {
            row[j] = v_if(b->seen[j], b->R[(size_t)i * m + j], v_set(0.0));
            for (int k = 0; k < j; k++) row[j] = v_fma(-L[(size_t)j * m + k], row[k], row[j]);
        }
        for (int j = m - 1; j >= 0; j--) {
            const vmask good = v_gt(b->D[j], v_set(0.0));
            row[j] = v_if(good, row[j] / v_if(good, b->D[j], v_set(1.0)), v_set(0.0));
            for (int k = j + 1; k < m; k++) row[j] = v_fma(-L[(size_t)k * m + j], row[k], row[j]);
        }
        for (int j = 0; j < m; j++) row[j] = v_if(b->seen[i], v_set(i == j ? 1.0 : 0.0), row[j]);
    }
}

/* b->S (m, m) = B E B' + what the noises that are not seen have of their own; E = H P H' of those that are,
 * S2: work */
static void observation_noise_cov(pt_lane_block *b, const vec *P)
{
    const int n = b->call->in->n, m = b->call->in->m;
    const vec *B = b->S1;
    vec *HP = b->forecast, *E = b->S, *BE = b->S2;
    for (int i = 0; i < m; i++)
        for (int k = 0; k < n; k++)
            HP[(size_t)i * n + k] = k_dot(n, b->H + (size_t)i * n, P + (size_t)k * n, v_set(0.0));
    for (int i = 0; i < m; i++)
        for (int j = 0; j <= i; j++) {
            const vec e = k_dot(n, HP + (size_t)i * n, b->H + (size_t)j * n, v_set(0.0));
            E[(size_t)i * m + j] = E[(size_t)j * m + i] = v_if(b->seen[i] & b->seen[j], e, v_set(0.0));
        }
    k_product(m, m, m, (k_operands){B, m, 1, E, m, NULL, BE, m});
    for (int i = 0; i < m; i++)
        for (int j = 0; j <= i; j++) {
            vec own = b->R[(size_t)i * m + j];
            for (int k = 0; k < m; k++)
                own =
                    v_fma(-B[(size_t)i * m + k], v_if(b->seen[k], b->R[(size_t)k * m + j], v_set(0.0)), own);
            own = v_if(b->seen[i] | b->seen[j], v_set(0.0), own);
            E[(size_t)i * m + j] = E[(size_t)j * m + i] =
                k_dot(m, BE + (size_t)i * m, B + (size_t)j * m, own);
        }
}

void pt_lane_write_observation(pt_lane_block *b, int64_t t, const vec *a, const vec *P)
{
    const pt_linear_output *out = b->call->out;
    const int n = b->call->in->n, m = b->call->in->m;
    if (!out->obs_disturbance && !out->obs_disturbance_cov) return;
    pt_lane_load_observation(b, t);
    pt_lane_fetch(b, b->call->in->y, b->call->in->n_time, t, m, b->y);
    for (int i = 0; i < m; i++) {
        b->seen[i] = v_isfinite(b->y[i]);
        const vec e = b->y[i] - b->d[i] - k_dot(n, b->H + (size_t)i * n, a, v_set(0.0));
        b->y[i] = v_if(b->seen[i], e, v_set(0.0));
    }
    noise_regression(b);
    k_product(m, 1, m, (k_operands){b->S1, m, 1, b->y, 1, NULL, b->S, 1});
    pt_lane_store(b, out->obs_disturbance, b->call->in->n_time, t, m, b->S);
    if (!out->obs_disturbance_cov) return;
    observation_noise_cov(b, P);
    pt_lane_store_cov(b, out->obs_disturbance_cov, t, m, b->S);
}
