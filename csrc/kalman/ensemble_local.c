/* The square root for each state alone, with the observations near it: states side by side. */
#include "kalman/ensemble.h"
#include "linalg/small_root.h"

#define LEAST 1e-3 /* a taper below counts as none */

/* ---- tapers ---- */

/* Gaspari and Cohn 1999, eq. 4.10, r in units of half the support */
static double taper(double r)
{
    if (r <= 1) return 1 - r * r * (5.0 / 3 - r * (5.0 / 8 + r * (0.5 - r / 4)));
    if (r >= 2) return 0;
    return 4 - r * (5 - r * (5.0 / 3 + r * (5.0 / 8 - r * (0.5 - r / 12)))) - 2 / (3 * r);
}

static double distance(double a, double b, double period)
{
    const double d = __builtin_fabs(a - b);
    if (!(period > 0)) return d;
    const double rest = __builtin_fmod(d, period);
    return rest < period - rest ? rest : period - rest;
}

void pt_ensemble_tapers(pt_ensemble *e, int n_output, const double *positions, double radius, double period)
{
    for (int k = 0; k < n_output; k++)
        for (int64_t i = 0; i < e->nz_row; i++) {
            double weight = i < e->nz;
            if (i < e->nz && radius > 0) {
                const double d = distance(positions[i], positions[e->nz + k], period);
                if (d == d) weight = taper(d / (1.82 * radius)); /* NaN: it lies everywhere */
            }
            e->weight[k * e->nz_row + i] = weight > LEAST ? weight : 0;
        }
}

/* ---- update ---- */

int64_t pt_ensemble_lanes_size(int64_t N) { return (4 * N * N + 5 * N) * PT_W; }

/* M = I + S S' in its lower triangle and b = S v, each with a lane's own weights, from states `at` on */
static void gather(const pt_ensemble *e, int64_t at, vec *M, vec *b)
{
    const int64_t N = e->N;
    for (int64_t k = 0; k < N; k++) {
        b[k] = v_set(0);
        for (int64_t l = 0; l <= k; l++) M[k * N + l] = v_set(k == l);
    }
    for (int64_t j = 0; j < e->group; j++) {
        const vec weight = v_load(e->weight + e->output[j] * e->nz_row + at);
        const double *S = e->S + j * e->row;
        if (!m_any(v_gt(weight, v_set(0)))) continue;
        for (int64_t k = 0; k < N; k++) {
            const vec s = weight * v_set(S[k]);
            b[k] = v_fma(s, v_set(e->v[j]), b[k]);
            for (int64_t l = 0; l <= k; l++) M[k * N + l] = v_fma(s, v_set(S[l]), M[k * N + l]);
        }
    }
}

/* y = R x, R (N, N) */
static void apply(int64_t N, const vec *R, const vec *x, vec *y)
{
    for (int64_t k = 0; k < N; k++) {
        vec sum = v_set(0);
        for (int64_t l = 0; l < N; l++) sum = v_fma(R[k * N + l], x[l], sum);
        y[k] = sum;
    }
}

/* The members of W states from `at` on, into the lower half of e->turned. */
static vmask update_states(const pt_ensemble *e, int64_t at)
{
    const int64_t N = e->N;
    vec *M = (vec *)e->lanes, *R = M + N * N, *work = R + N * N, *b = work + 2 * N * N + 2 * N, *w = b + N,
        *half = w + N;
    const vec root = v_set(1 / __builtin_sqrt((double)(N - 1)));
    gather(e, at, M, b);
    const vmask good = pt_small_inverse_root(N, M, R, work);
    apply(N, R, b, half);
    apply(N, R, half, w);
    vec shift = v_load(e->turned + 2 * N * e->nz_row + at);
    for (int64_t k = 0; k < N; k++) shift = v_fma(w[k] * root, v_load(e->turned + k * e->nz_row + at), shift);
    for (int64_t i = 0; i < N; i++) {
        vec sum = shift;
        for (int64_t k = 0; k < N; k++)
            sum = v_fma(R[i * N + k], v_load(e->turned + k * e->nz_row + at), sum);
        v_store(e->turned + (N + i) * e->nz_row + at, sum);
    }
    return good;
}

pt_status pt_ensemble_local(pt_ensemble *e)
{
    const int64_t N = e->N;
    vmask good = m_set(-1);
    for (int64_t i = 0; i < e->nz; i++) {
        for (int64_t k = 0; k < N; k++) e->turned[k * e->nz_row + i] = e->A[i * e->row + k];
        e->turned[2 * N * e->nz_row + i] = e->mean[i];
    }
    for (int64_t at = 0; at < e->nz; at += PT_W) good &= update_states(e, at);
    for (int64_t i = 0; i < e->nz; i++)
        for (int64_t k = 0; k < N; k++) e->E[i * e->row + k] = e->turned[(N + k) * e->nz_row + i];
    return m_all(good) ? PT_OK : PT_NOT_POSITIVE_DEFINITE;
}
