/* From lanes to the outputs: see linear_lanes.h. */
#include <math.h>
#include <string.h>

#include "kalman/linear_kernels.h"
#include "kalman/linear_lanes.h"

/* ---- rows ---- */

/* `count` elements a row, a constant of at most W; the row of the next lane is `stride` behind */
PT_LANE void store_block(double *row, int64_t stride, const int count, const vec *src)
{
    vec a[PT_W];
    PT_UNROLL for (int i = 0; i < PT_W; i++) a[i] = i < count ? src[i] : v_set(0.0);
    v_transpose(a);
    PT_UNROLL for (int lane = 0; lane < PT_W; lane++)
        memcpy(row + lane * stride, &a[lane], (size_t)(count < PT_W ? count : PT_W) * sizeof(double));
}

/* rows shorter than W */
static void store_narrow(double *row, int64_t stride, int count, const vec *src)
{
    switch (count) {
    case 1:
        store_block(row, stride, 1, src);
        break;
    case 2:
        store_block(row, stride, 2, src);
        break;
    case 3:
        store_block(row, stride, 3, src);
        break;
    default:
        for (int k = 0; k < count; k++) store_block(row + k, stride, 1, src + k);
    }
}

/* All W lanes hold a series. What does not fill a whole block is written with the block that ends there. */
static void store_whole(double *row, int64_t stride, int count, const vec *src)
{
    if (count < PT_W) {
        store_narrow(row, stride, count, src);
        return;
    }
    int k = 0;
    for (; k + PT_W <= count; k += PT_W) store_block(row + k, stride, PT_W, src + k);
    if (k < count) store_block(row + count - PT_W, stride, PT_W, src + count - PT_W);
}

void pt_lane_store(const pt_lane_block *b, double *dst, int64_t n_time, int64_t t, int count, const vec *src)
{
    if (!dst) return;
    double *row = dst + (b->first * n_time + t) * count;
    const int64_t stride = n_time * count;
    if (t < b->whole_until) {
        store_whole(row, stride, count, src);
        return;
    }
    for (int lane = 0; lane < b->used; lane++)
        for (int k = 0; t < b->length[lane] && k < count; k++) row[lane * stride + k] = src[k][lane];
}

void pt_lane_store_cov(const pt_lane_block *b, double *dst, int64_t t, int k, const vec *src)
{
    if (!dst) return;
    const pt_linear_output *out = b->call->out;
    const int64_t n_time = b->call->in->n_time;
    if (!out->packed) {
        pt_lane_store(b, dst, n_time, t, k * k, src);
        return;
    }
    int at = 0;
    for (int i = 0; i < k; i++)
        for (int j = 0; j <= i; j++) b->triangle[at++] = src[(size_t)i * k + j];
    pt_lane_store(b, dst, n_time, t, at, b->triangle);
}

/* ---- steps ---- */

/* y - H mean - d and H cov H' + R */
static void write_innovation(pt_lane_block *b, int64_t t, const vec *mean, const vec *cov)
{
    const pt_linear_output *out = b->call->out;
    const int n = b->call->in->n, m = b->call->in->m;
    vec *HP = b->forecast, *v = HP + (size_t)m * n;
    for (int i = 0; i < m; i++) {
        const vec *h = b->H + (size_t)i * n;
        v[i] = v_if(b->seen[i], b->y[i] - k_dot(n, h, mean, v_set(0.0)), v_set(NAN));
        for (int k = 0; k < n; k++) HP[(size_t)i * n + k] = k_dot(n, h, cov + (size_t)k * n, v_set(0.0));
    }
    pt_lane_store(b, out->innovation, b->call->in->n_time, t, m, v);
    if (!out->innovation_cov) return;
    for (int i = 0; i < m; i++)
        for (int j = 0; j <= i; j++)
            b->S[(size_t)i * m + j] = b->S[(size_t)j * m + i] =
                k_dot(n, HP + (size_t)i * n, b->H + (size_t)j * n, b->R[(size_t)i * m + j]);
    pt_lane_store_cov(b, out->innovation_cov, t, m, b->S);
}

void pt_lane_write_predicted(pt_lane_block *b, int64_t t, const vec *mean, const vec *cov)
{
    const pt_linear_output *out = b->call->out;
    pt_lane_store(b, out->predicted_mean, b->call->in->n_time, t, b->call->in->n, mean);
    pt_lane_store_cov(b, out->predicted_cov, t, b->call->in->n, cov);
    if (out->innovation || out->innovation_cov) write_innovation(b, t, mean, cov);
}

void pt_lane_write_filtered(pt_lane_block *b, int64_t t, const vec *mean, const vec *cov, vec gained)
{
    const pt_linear_output *out = b->call->out;
    pt_lane_store(b, out->loglike_t, b->call->in->n_time, t, 1, &gained);
    pt_lane_store(b, out->mean, b->call->in->n_time, t, b->call->in->n, mean);
    pt_lane_store_cov(b, out->cov, t, b->call->in->n, cov);
}

/* ---- ends ---- */

static void put_last_cov(const pt_linear_output *out, int n, int64_t s, int lane, const vec *cov)
{
    double *row = out->last_cov + s * pt_linear_square(out, n);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < (out->packed ? i + 1 : n); j++) *row++ = cov[(size_t)i * n + j][lane];
}

void pt_lane_store_last(pt_lane_block *b, int64_t t, vec loglike, const vec *mean, const vec *cov)
{
    pt_linear_output *out = b->call->out;
    const int n = b->call->in->n;
    b->next_end = b->n_step + 1;
    for (int lane = 0; lane < b->used; lane++) {
        if (b->length[lane] > t + 1 && b->length[lane] < b->next_end) b->next_end = b->length[lane];
        if (b->length[lane] != t + 1) continue;
        const int64_t s = b->first + lane;
        if (out->loglike) out->loglike[s] = loglike[lane];
        for (int k = 0; out->last_mean && k < n; k++) out->last_mean[s * n + k] = mean[k][lane];
        if (out->last_cov) put_last_cov(out, n, s, lane, cov);
    }
}
