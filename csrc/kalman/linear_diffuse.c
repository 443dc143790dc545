/* See linear_diffuse.h. */
#define PT_LARGE
#include "kalman/linear_diffuse.h"

#include <string.h>

#include "kalman/linear_diffuse_kernels.h"
#include "kalman/linear_history.h"
#include "kalman/linear_update.h"

static int some(const pt_lane_block *b) { return m_any(v_gt(*b->diffuse.left, v_set(0.0))); }

void pt_lane_diffuse_forget(pt_lane_block *b, vec *P)
{
    const int n = b->call->in->n;
    const vec *Pinf = b->diffuse.work;
    pt_lane_load(b, &b->call->in->diffuse, 0, n * n, b->diffuse.work);
    vmask diagonal = m_set(-1);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++) diagonal &= v_eq(Pinf[i * n + j], v_set(0.0));
    for (int i = 0; i < n; i++) {
        const vmask known = ~diagonal | v_eq(Pinf[i * n + i], v_set(0.0));
        for (int j = 0; j < n; j++) {
            P[i * n + j] = v_if(known, P[i * n + j], v_set(0.0));
            P[j * n + i] = v_if(known, P[j * n + i], v_set(0.0));
        }
    }
}

void pt_lane_diffuse_start(pt_lane_block *b)
{
    const int n = b->call->in->n;
    pt_lane_vague *d = &b->diffuse;
    pt_lane_load(b, &b->call->in->diffuse, 0, n * n, d->work);
    memset(d->B, 0, (size_t)n * n * sizeof *d->B);
    k_cholesky(n, d->work, d->B, b->M);
    pt_lane_diffuse_forget(b, b->P);
    *d->left = d_columns(n, d->B);
    *d->count = *d->steps = *d->ended = v_set(0.0);
    if (!b->history.again) d->until = 0;
}

static void use_elements(pt_lane_block *b, k_loglike *total, k_loglike *step, pt_lane_trouble *bad)
{
    const int n = b->call->in->n, m = b->call->in->m;
    const vec *H = decorrelated(b, n, m), zero = v_set(0.0);
    pt_lane_vague *d = &b->diffuse;
    for (int i = 0; i < m; i++) {
        const vec *h = H + (size_t)i * n;
        vec f;
        const vmask diffuse =
            d_gain(n, h, noise_of(b, m, i), b->seen[i], d->B, b->P, b->K, b->g, b->M, d->work, &f);
        if (m_any(diffuse)) {
            k_correct(n, h, b->y[i], b->K, diffuse, b->a);
            k_loglike_add(total, f, zero, diffuse);
            if (step) k_loglike_add(step, f, zero, diffuse);
            *d->count += v_if(diffuse, v_set(1.0), zero);
        }
        use_element(b, n, m, i, h, b->seen[i] & ~diffuse, b->a, b->P, b->K, b->g, b->M, total, step, bad);
    }
    *d->left = d_columns(n, d->B);
}

/* Row t of a covariance output */
static void show(pt_lane_block *b, double *dst, int64_t t)
{
    const int n = b->call->in->n;
    if (!dst || b->history.again) return;
    d_limit(n, n, b->diffuse.B, b->P, b->diffuse.work);
    pt_lane_store_cov(b, dst, t, n, b->diffuse.work);
}

/* The forecast of y_t: H B as long as it is not zero outgrows b->S, the finite part. */
static void show_innovation(pt_lane_block *b, int64_t t)
{
    const int n = b->call->in->n, m = b->call->in->m;
    if (!b->call->out->innovation_cov || b->history.again) return;
    vec *HB = b->forecast;
    for (int i = 0; i < m; i++)
        for (int j = 0; j < n; j++) HB[i * n + j] = d_dot(n, b->H + i * n, 1, b->diffuse.B + j, n);
    d_limit(m, n, HB, b->S, b->S);
    pt_lane_store_cov(b, b->call->out->innovation_cov, t, m, b->S);
}

void pt_lane_diffuse_update(pt_lane_block *b, int64_t t, k_loglike *total, k_loglike *step,
                            pt_lane_trouble *bad)
{
    const int n = b->call->in->n, m = b->call->in->m;
    pt_lane_vague *d = &b->diffuse;
    const size_t size = (size_t)n * n * sizeof(vec);
    if (!some(b)) {
        if (b->history.records && t <= d->until) {
            memset(pt_lane_record(b, t).root, 0, size);
            memset(pt_lane_record(b, t).predicted_root, 0, size);
        }
        update(b, n, m, b->a, b->P, b->K, b->g, b->M, total, step, bad);
        return;
    }
    const vec now = v_set((double)t), one = v_set(1.0), zero = v_set(0.0);
    *d->steps += v_if(v_lt(now, b->live_until) & v_gt(*d->left, zero), one, zero);
    show(b, b->call->out->predicted_cov, t);
    show_innovation(b, t);
    if (b->history.records) memcpy(pt_lane_record(b, t).predicted_root, d->B, size);
    use_elements(b, total, step, bad);
    if (b->history.records) memcpy(pt_lane_record(b, t).root, d->B, size);
    *d->ended = v_if(v_eq(now + one, b->live_until), *d->left, *d->ended);
    bad->overflow |= k_not_finite(n * n, 1, d->B);
    if (some(b) && d->until <= t) d->until = t + 1;
}

void pt_lane_diffuse_transition(pt_lane_block *b)
{
    const int n = b->call->in->n;
    if (!some(b)) return;
    d_multiply(n, b->F, b->diffuse.B, b->diffuse.work);
    memcpy(b->diffuse.B, b->diffuse.work, (size_t)n * n * sizeof(vec));
    *b->diffuse.left = d_columns(n, b->diffuse.B);
}

/* The same for the lanes that end at t */
static void show_last(pt_lane_block *b, double *dst, int64_t t)
{
    const int n = b->call->in->n;
    if (!dst || b->history.again) return;
    d_limit(n, n, b->diffuse.B, b->P, b->diffuse.work);
    for (int lane = 0; lane < b->used; lane++) {
        if (b->length[lane] != t + 1) continue;
        double *row = dst + (b->first + lane) * pt_linear_square(b->call->out, n);
        for (int i = 0; i < n; i++)
            for (int j = 0; j < (b->call->out->packed ? i + 1 : n); j++)
                *row++ = b->diffuse.work[i * n + j][lane];
    }
}

void pt_lane_diffuse_stored(pt_lane_block *b, int64_t t)
{
    if (!some(b)) return;
    show(b, b->call->out->cov, t);
    show_last(b, b->call->out->last_cov, t);
}

void pt_lane_diffuse_end(pt_lane_block *b)
{
    const pt_linear_output *out = b->call->out;
    const pt_lane_vague *d = &b->diffuse;
    for (int lane = 0; lane < b->used; lane++) {
        const int64_t s = b->first + lane;
        out->diffuse_count[s] = (int64_t)(*d->count)[lane];
        out->diffuse_steps[s] = (int64_t)(*d->steps)[lane];
        out->diffuse_left[s] = (int64_t)(*d->ended)[lane];
    }
}
