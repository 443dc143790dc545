/* See linear_history.h. */
#include "kalman/linear_history.h"

#include <string.h>

static int64_t point_size(const pt_lane_block *b)
{
    const int64_t n = b->call->in->n;
    return n + n * n + b->n_carried;
}

static int64_t span_of(int64_t n_time, int64_t record)
{
    int64_t span = PT_HISTORY_BYTES / (record * (int64_t)sizeof(vec));
    while (span * span < 2 * n_time) span++;
    return span < n_time ? span : n_time;
}

pt_status pt_lane_history_create(pt_lane_block *b)
{
    pt_lane_past *h = &b->history;
    if (!b->call->backward) return PT_OK;
    const int64_t n = b->call->in->n, n_time = b->call->in->n_time;
    h->size = 2 * (n + n * n) + (b->call->spreads ? n * n : b->call->in->diffuse.data ? 2 * n * n : 0);
    h->span = span_of(n_time, h->size);
    const int64_t n_point = (n_time - 1) / h->span;
    h->records = pt_alloc((size_t)((h->span + 1) * h->size) * sizeof(vec));
    h->points = pt_alloc((size_t)(n_point * point_size(b) + 1) * sizeof(vec));
    return h->records && h->points ? PT_OK : PT_NO_MEMORY;
}

void pt_lane_history_free(pt_lane_block *b)
{
    pt_free(b->history.records);
    pt_free(b->history.points);
}

static vec *point_at(const pt_lane_block *b, int64_t t)
{
    return b->history.points + (t / b->history.span - 1) * point_size(b);
}

void pt_lane_history_mark(pt_lane_block *b, int64_t t)
{
    const size_t n = (size_t)b->call->in->n;
    const pt_lane_step step = pt_lane_record(b, t);
    vec *point = point_at(b, t);
    memcpy(point, step.predicted_mean, n * sizeof *point);
    memcpy(point + n, step.predicted_cov, n * n * sizeof *point);
    memcpy(point + n + n * n, b->carried, (size_t)b->n_carried * sizeof *point);
}

void pt_lane_history_restore(pt_lane_block *b, int64_t t, vec *a, vec *P)
{
    const size_t n = (size_t)b->call->in->n;
    const vec *point = point_at(b, t);
    memcpy(a, point, n * sizeof *a);
    memcpy(P, point + n, n * n * sizeof *P);
    memcpy(b->carried, point + n + n * n, (size_t)b->n_carried * sizeof *point);
}

/* And the first step of the next one. */
void pt_lane_history_return(pt_lane_block *b, int64_t t)
{
    pt_lane_past *h = &b->history;
    h->from = t - t % h->span;
    h->to = h->from + h->span + 1 < b->n_step ? h->from + h->span + 1 : b->n_step;
    h->again = 1;
    b->next_end = INT64_MAX;
    pt_lane_stream_from(b, h->from);
    b->forward(b, h->from, h->to);
    h->again = 0;
}
