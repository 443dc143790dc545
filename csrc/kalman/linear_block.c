/* See linear_lanes.h. */
#include <string.h>

#include "kalman/linear_adapt.h"
#include "kalman/linear_adjoint.h"
#include "kalman/linear_history.h"
#include "kalman/linear_robust.h"

/* ---- work space ---- */

static int64_t place(pt_lane_block *b, vec *block)
{
    const pt_linear_input *in = b->call->in;
    int64_t n = in->n, m = in->m, g = in->g, n_max = n > m ? n : m;
    if (g > n_max) n_max = g;
    const int64_t diffuse = in->diffuse.data != NULL;
    const pt_lane_part parts[] = {
        {&b->F, n * n},
        {&b->H, m * n},
        {&b->Q, n * n},
        {&b->R, m * m},
        {&b->G, n * g},
        {&b->c, n},
        {&b->d, m},
        {&b->Q0, g * g},
        {&b->a, n},
        {&b->P, n * n},
        {&b->next, n},
        {&b->T, n * (n > g ? n : g)},
        {&b->U, n * n},
        {&b->L, n * n},
        {&b->J, n * n},
        {&b->y, m},
        {&b->h, m * n},
        {&b->D, m},
        {&b->decorrelation, m * m},
        {&b->M, n},
        {&b->K, n},
        {&b->g, n},
        {&b->a_smooth, n},
        {&b->P_smooth, n * n},
        {&b->zero, n * n},
        {&b->joseph, n * n},
        {&b->forecast, m * n + m},
        {&b->S, n_max * n_max},
        {&b->S1, n_max * n_max},
        {&b->S2, n_max * n_max},
        {&b->zero_noise, g * g},
        {&b->robust, pt_lane_robust_size(in)},
        {&b->adapting, pt_lane_adapt_size(in)},
        {&b->diffuse.work, diffuse * n * n},
        {&b->diffuse.next_mean, diffuse * n},
        {&b->diffuse.next_cov, diffuse * n * n},
        {&b->diffuse.smoothed, diffuse * n * n},
        {&b->diffuse.moved, diffuse * 2 * n * n},
        {&b->diffuse.noise, diffuse * g * g},
        {&b->carried, 0}, /* all arrays from here on are kept in check-points */
        {&b->adapted, pt_lane_adapt_carried(in)},
        {&b->diffuse.B, diffuse * n * n},
        {&b->diffuse.left, diffuse},
        {&b->diffuse.count, diffuse},
        {&b->diffuse.steps, diffuse},
        {&b->diffuse.ended, diffuse},
    };
    const int64_t used = pt_lane_place(parts, sizeof parts / sizeof *parts, block);
    if (block) b->n_carried = block + used - b->carried;
    return used;
}

pt_status pt_lane_block_create(const pt_linear_call *call, pt_lane_block *b)
{
    const pt_linear_input *in = call->in;
    b->call = call;
    b->diffuse.until = 0;
    int64_t n_max = in->n > in->m ? in->n : in->m;
    if (in->g > n_max) n_max = in->g;
    b->block = pt_alloc((size_t)place(b, NULL) * sizeof(vec));
    b->seen = pt_alloc((size_t)in->m * sizeof *b->seen);
    b->rest = pt_alloc((size_t)(n_max * n_max + n_max) * sizeof(vec));
    b->triangle = pt_alloc((size_t)(n_max * (n_max + 1) / 2) * sizeof(vec));
    b->stream = pt_alloc(PT_W * sizeof(vec));
    b->scratch = pt_alloc((size_t)(n_max * n_max) * sizeof *b->scratch);
    b->pivot = pt_alloc((size_t)n_max * sizeof *b->pivot);
    if (!b->block || !b->seen || !b->rest || !b->triangle || !b->stream || !b->scratch || !b->pivot)
        return PT_NO_MEMORY;
    place(b, b->block);
    const pt_linear_output *out = call->out;
    b->varies = in->F.by_time || in->H.by_time || in->Q.by_time || in->R.by_time || in->G.by_time ||
                in->c.by_time || in->d.by_time;
    b->predicts =
        call->backward || out->predicted_mean || out->predicted_cov || out->innovation || out->innovation_cov;
    b->stores = b->predicts || out->loglike_t || out->mean || out->cov;
    const pt_status status = pt_lane_history_create(b);
    return status == PT_OK ? pt_lane_adjoint_create(b) : status;
}

void pt_lane_block_free(pt_lane_block *b)
{
    pt_lane_history_free(b);
    pt_lane_adjoint_free(b);
    pt_free(b->block);
    pt_free(b->seen);
    pt_free(b->rest);
    pt_free(b->triangle);
    pt_free(b->stream);
    pt_free(b->scratch);
    pt_free(b->pivot);
}

/* ---- traffic ---- */

static int64_t series_of(const pt_lane_block *b, int lane)
{
    return b->first + (lane < b->used ? lane : b->used - 1);
}

/* dst[k] = src[lane][k] for all lanes */
static void gather(const double *const src[PT_W], int count, vec *dst)
{
    int k = 0;
    for (; k + PT_W <= count; k += PT_W) {
        for (int lane = 0; lane < PT_W; lane++) dst[k + lane] = v_load(src[lane] + k);
        v_transpose(dst + k);
    }
    for (; k < count; k++) {
        vec v = {0};
        for (int lane = 0; lane < PT_W; lane++) v[lane] = src[lane][k];
        dst[k] = v;
    }
}

void pt_lane_load(const pt_lane_block *b, const pt_linear_array *array, int64_t t, int count, vec *dst)
{
    if (!array->data) return;
    if (!array->by_series) {
        const double *src = pt_linear_at(array, 0, t);
        for (int k = 0; k < count; k++) dst[k] = v_set(src[k]);
        return;
    }
    const double *src[PT_W];
    for (int lane = 0; lane < PT_W; lane++) src[lane] = pt_linear_at(array, series_of(b, lane), t);
    gather(src, count, dst);
}

static int is_due(const pt_linear_array *array, int64_t t) { return t == 0 || array->by_time; }

static void load_R(pt_lane_block *b, int64_t t)
{
    int m = b->call->in->m;
    pt_lane_load(b, &b->call->in->R, t, m * m, b->R);
    vmask any = m_set(0);
    for (int i = 0; i < m; i++)
        for (int j = 0; j < i; j++) any |= v_ne(b->R[(size_t)i * m + j], v_set(0.0));
    b->correlated = m_any(any);
}

void pt_lane_load_observation(pt_lane_block *b, int64_t t)
{
    const pt_linear_input *in = b->call->in;
    if (is_due(&in->H, t)) pt_lane_load(b, &in->H, t, in->m * in->n, b->H);
    if (is_due(&in->d, t)) pt_lane_load(b, &in->d, t, in->m, b->d);
    if (is_due(&in->R, t)) load_R(b, t);
}

/* Q = G Q0 G' */
static void load_noise(pt_lane_block *b, int64_t t)
{
    const pt_linear_input *in = b->call->in;
    int n = in->n, g = in->g;
    if (!in->G.data) {
        pt_lane_load(b, &in->Q, t, n * n, b->Q);
        return;
    }
    if (is_due(&in->G, t)) pt_lane_load(b, &in->G, t, n * g, b->G);
    if (is_due(&in->Q, t)) pt_lane_load(b, &in->Q, t, g * g, b->Q0);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < g; j++) {
            vec v = v_set(0.0);
            for (int k = 0; k < g; k++) v = v_fma(b->G[(size_t)i * g + k], b->Q0[(size_t)k * g + j], v);
            b->T[(size_t)i * g + j] = v;
        }
    for (int i = 0; i < n; i++)
        for (int j = 0; j <= i; j++) {
            vec v = v_set(0.0);
            for (int k = 0; k < g; k++) v = v_fma(b->T[(size_t)i * g + k], b->G[(size_t)j * g + k], v);
            b->Q[(size_t)i * n + j] = b->Q[(size_t)j * n + i] = v;
        }
}

void pt_lane_load_transition(pt_lane_block *b, int64_t t)
{
    const pt_linear_input *in = b->call->in;
    if (is_due(&in->F, t)) pt_lane_load(b, &in->F, t, in->n * in->n, b->F);
    if (is_due(&in->c, t)) pt_lane_load(b, &in->c, t, in->n, b->c);
    if (is_due(&in->Q, t) || (in->G.data && is_due(&in->G, t))) load_noise(b, t);
}

void pt_lane_refill(pt_lane_block *b, int64_t e)
{
    const pt_linear_input *in = b->call->in;
    const int64_t total = in->n_time * in->m;
    const double *src[PT_W];
    const int count = total - e < PT_W ? (int)(total - e) : PT_W;
    for (int lane = 0; lane < PT_W; lane++) src[lane] = in->y + series_of(b, lane) * total + e;
    gather(src, count, b->stream);
}

void pt_lane_stream_from(pt_lane_block *b, int64_t t)
{
    const int64_t e = t * b->call->in->m;
    if (e % PT_W) pt_lane_refill(b, e - e % PT_W);
}

void pt_lane_reject_y(pt_lane_block *b, vmask infinite, int64_t t)
{
    pt_lane_fail(b, infinite, PT_NOT_FINITE, PT_LINEAR_Y, t);
}

void pt_lane_fetch(const pt_lane_block *b, const double *src, int64_t n_time, int64_t t, int count, vec *dst)
{
    const double *rows[PT_W];
    for (int lane = 0; lane < PT_W; lane++) rows[lane] = src + (series_of(b, lane) * n_time + t) * count;
    gather(rows, count, dst);
}

/* ---- a block's life ---- */

int pt_lane_block_begin(pt_lane_block *b, int64_t first)
{
    const pt_linear_input *in = b->call->in;
    int64_t left = in->n_series - first;
    b->first = first;
    b->used = left < PT_W ? (int)left : PT_W;
    b->n_step = 0;
    b->next_end = INT64_MAX;
    b->code = b->at = b->part = v_set(0.0);
    b->history.again = 0;
    b->whole_until = b->used == PT_W ? INT64_MAX : 0;
    int any = 0;
    for (int lane = 0; lane < PT_W; lane++) {
        int ready = lane < b->used && pt_linear_check_series(b->call, first + lane, b->scratch, b->pivot);
        b->length[lane] = ready ? pt_linear_length(in, first + lane) : 0;
        if (b->length[lane] > b->n_step) b->n_step = b->length[lane];
        if (ready && b->length[lane] < b->next_end) b->next_end = b->length[lane];
        b->live_until[lane] = (double)b->length[lane];
        if (b->length[lane] < b->whole_until) b->whole_until = b->length[lane];
        any |= ready;
    }
    b->history.to = b->n_step;
    return any;
}

void pt_lane_block_end(pt_lane_block *b)
{
    for (int lane = 0; lane < b->used; lane++) {
        int64_t s = b->first + lane;
        if (b->code[lane] != PT_OK)
            pt_linear_fail(b->call, s, (pt_status)b->code[lane], (pt_linear_part)b->part[lane],
                           (int64_t)b->at[lane]);
        pt_linear_blank(b->call, s);
    }
}
