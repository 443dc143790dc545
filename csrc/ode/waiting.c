#include "ode/waiting.h"
#include "ode/room.h"

static size_t lay_out(const pt_block *b, int64_t n_time, char *base, pt_waiting *w)
{
    const size_t n = PT_N_SLOT * PT_N_WAITING;
    size_t used = 0;
    pt_cut(base, &used, 1, sizeof *w);
    w->t = pt_cut(base, &used, n, sizeof(double));
    w->at = pt_cut(base, &used, n, sizeof(int64_t));
    w->x = pt_cut(base, &used, n * (size_t)b->n_stepped, sizeof(double));
    w->p = pt_cut(base, &used, (size_t)b->n_param, sizeof(wide));
    w->c = pt_cut(base, &used, (size_t)b->n_constant, sizeof(wide));
    w->all = pt_cut(base, &used, (size_t)b->n_state, sizeof(wide));
    w->y = pt_cut(base, &used, (size_t)b->n_output, sizeof(wide));
    w->times = pt_cut(base, &used, (size_t)n_time + PT_W, sizeof(double));
    return used;
}

pt_status pt_waiting_create(const pt_block *b, const double *times, int64_t n_time, pt_waiting **waiting)
{
    pt_waiting w = {0};
    char *memory = pt_alloc(lay_out(b, n_time, NULL, &w));
    if (!memory) return PT_NO_MEMORY;
    lay_out(b, n_time, memory, &w);
    for (int64_t i = 0; i < n_time + PT_W; i++) w.times[i] = i < n_time ? times[i] : PT_INF;
    *waiting = (pt_waiting *)memory;
    **waiting = w;
    return PT_OK;
}

void pt_waiting_clear(pt_waiting *w)
{
    for (int s = 0; s < PT_N_SLOT; s++) w->count[s] = w->failed[s] = 0;
}

/* ---- putting by ---- */

/* How many of ascending times come before `reach`. */
PT_LANE int count_before(vec due, vec reach)
{
    const vmask before = v_lt(due, reach);
    pt_mask_pair pair[PT_W / 2];
    __builtin_memcpy(pair, &before, sizeof before);
    for (int i = 1; i < PT_W / 2; i++) pair[0] += pair[i];
    return -(int)(pair[0][0] + pair[0][1]);
}

/* out, out + 1, ... */
PT_LANE vmask count_from(int64_t out)
{
#define NUMBER(l) (l)
    const vmask steps = PT_EACH(NUMBER);
#undef NUMBER
    return m_set(out) + steps;
}

/* The interpolant of state i of slot s at shares theta of the step. */
PT_LANE vec interpolate(const pt_block *b, int s, int i, vec theta)
{
    const int64_t k = (i - b->n_linear) * PT_N_SLOT + s, full = i * PT_N_SLOT + s;
    const double *const *dense = (const double *const *)b->dense;
    const vec rest = v_set(1) - theta;
    const vec inner = v_set(dense[PT_DENSE_TWIST][k]) + rest * v_set(dense[PT_DENSE_TAIL][k]);
    const vec outer = v_set(dense[PT_DENSE_BEND][k]) + theta * inner;
    return v_set(((const double *)b->x)[full]) + theta * (v_set(dense[PT_DENSE_RISE][k]) + rest * outer);
}

void pt_waiting_put(pt_block *b, int s, double reach)
{
    pt_waiting *w = b->waiting;
    pt_slot *slot = &b->slot[s];
    const int n_wanted = b->n_wanted;
    const vec now = v_set(slot->now), t = v_set(pt_get(b->t, 0, s)), end = v_set(reach);
    const vec per_h = v_set(1) / v_set(pt_get(b->h, 0, s));
    const double *times = w->times;
    double *x = w->x + (int64_t)s * b->n_stepped * PT_N_WAITING, *at_time = w->t + s * PT_N_WAITING;
    int64_t out = slot->out, *at = w->at + s * PT_N_WAITING;
    int count = w->count[s];
    vec due = v_load(times + out) - now;
    for (int found = PT_W; found == PT_W;) {
        if (count + PT_W > PT_N_WAITING) {
            w->count[s] = count;
            slot->out = out;
            pt_waiting_flush(b, s);
            if (w->failed[s]) return;
            count = 0;
        }
        const vec theta = (due - t) * per_h;
        const vmask number = count_from(out);
        for (int q = 0; q < n_wanted; q++)
            v_store(x + q * PT_N_WAITING + count, interpolate(b, s, b->wanted[q], theta));
        v_store(at_time + count, now + due);
        __builtin_memcpy(at + count, &number, sizeof number);
        found = count_before(due, end);
        count += found;
        out += found;
        due = v_load(times + out) - now;
    }
    w->count[s] = count;
    slot->out = out;
    *pt_at(b->due, 0, s) = due[0];
}

/* ---- working out ---- */

/* to (n) = the number of slot s in every lane */
static void spread(const vec *from, int s, int n, vec *to)
{
    for (int i = 0; i < n; i++) {
        const vec all = v_set(pt_get(from, i, s));
        for (int j = 0; j < PT_WIDE; j++) to[i * PT_WIDE + j] = all;
    }
}

/* States and outputs of slot s from number k on. */
static void evaluate(pt_block *b, int s, int k)
{
    pt_waiting *w = b->waiting;
    const double *from = w->x + s * b->n_stepped * PT_N_WAITING + k;
    for (int q = 0; q < b->n_wanted; q++)
        for (int j = 0; j < PT_WIDE; j++)
            w->all[b->wanted[q] * PT_WIDE + j] = v_load(from + q * PT_N_WAITING + j * PT_W);
    for (int q = 0; q < b->n_positive; q++) {
        vec *x = w->all + b->positive_state[q] * PT_WIDE;
        for (int j = 0; j < PT_WIDE; j++) x[j] = v_if(v_lt(x[j], v_set(0)), v_set(0), x[j]);
    }
    b->model->functions->output(b->model->self, (const wide *)(w->t + s * PT_N_WAITING + k),
                                pt_wides_in(w->all), pt_wides_in(w->p), pt_wides_in(w->c), NULL,
                                pt_wides(w->y));
}

/* Slot s fails with the output that waits as number k. */
static void fail(pt_block *b, int s, int k)
{
    pt_waiting *w = b->waiting;
    pt_slot *slot = &b->slot[s];
    w->failed[s] = 1;
    slot->status = PT_NOT_FINITE;
    slot->stop = w->t[s * PT_N_WAITING + k];
    slot->out = w->at[s * PT_N_WAITING + k];
    *pt_at(b->due, 0, s) = PT_INF;
    *pt_flag(b->arrived, s) = -1;
}

/* Output i of the feed. */
static const double *source_of(const pt_block *b, int i)
{
    const int output = b->feed->outputs[i], state = output - b->n_output;
    return (const double *)(state < 0 ? b->waiting->y + output * PT_WIDE : b->waiting->all + state * PT_WIDE);
}

/* How many of n outputs that were worked out come before one that is not finite. */
static int count_finite(const pt_block *b, int n)
{
    for (int i = 0; i < b->feed->n_out; i++) {
        const double *from = source_of(b, i);
        for (int l = 0; l < n; l++)
            if (from[l] - from[l] != 0) n = l;
    }
    return n;
}

/* n numbers from `from` to `to` */
PT_LANE void copy(const double *from, double *to, int n)
{
    int l = 0;
    for (; l + PT_W <= n; l += PT_W) v_store(to + l, v_load(from + l));
    for (; l < n; l++) to[l] = from[l];
}

/* The outputs of n times of slot s from number k on; returns how many of them are finite. */
static int emit(pt_block *b, int s, int k, int n)
{
    const pt_feed *feed = b->feed;
    const int64_t *at = b->waiting->at + s * PT_N_WAITING + k, n_out = feed->n_out;
    double *rows = feed->y + b->slot[s].lane * feed->n_time * n_out;
    vmask good = m_set(-1);
    for (int i = 0; i < n_out; i++) {
        const double *from = source_of(b, i);
        for (int j = 0; j < PT_WIDE; j++) good &= v_isfinite(v_load(from + j * PT_W));
        if (n_out == 1 && at[n - 1] - at[0] == n - 1)
            copy(from, rows + at[0], n);
        else
            for (int l = 0; l < n; l++) rows[at[l] * n_out + i] = from[l];
    }
    return m_all(good) ? n : count_finite(b, n);
}

void pt_waiting_flush(pt_block *b, int s)
{
    pt_waiting *w = b->waiting;
    const int count = w->count[s];
    w->count[s] = 0;
    if (!count || w->failed[s]) return;
    spread(b->p, s, b->n_param, w->p);
    spread(b->c, s, b->n_constant, w->c);
    spread(b->x, s, b->n_state, w->all); /* for those on which no output depends */
    for (int k = 0; k < count; k += PT_WIDE_LANES) {
        const int n = count - k < PT_WIDE_LANES ? count - k : PT_WIDE_LANES;
        evaluate(b, s, k);
        const int good = emit(b, s, k, n);
        if (good == n) continue;
        fail(b, s, k + good);
        return;
    }
}
