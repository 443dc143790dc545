#include "ode/history.h"

#include <math.h>

#define ROUNDING 0x1p-52

static int64_t width(const pt_block *b) { return 2 + PT_PIECE_NODES * b->n_delay; }

pt_status pt_history_create(pt_block *b)
{
    const int64_t size = b->options.history ? b->options.history : PT_HISTORY;
    pt_history *history = pt_alloc(sizeof *history);
    b->history = history;
    if (!history) return PT_NO_MEMORY;
    history->size = size;
    history->pieces = pt_alloc((size_t)(PT_N_SLOT * size * width(b)) * sizeof *history->pieces);
    return history->pieces ? PT_OK : PT_NO_MEMORY;
}

void pt_history_free(pt_history *history)
{
    if (history) pt_free(history->pieces);
    pt_free(history);
}

static double *piece(const pt_block *b, int s, int64_t i)
{
    const pt_history *history = b->history;
    return history->pieces + (s * history->size + i % history->size) * width(b);
}

static double delay_of(const pt_block *b, int s, int k) { return pt_get(b->p, b->model->delays[k].param, s); }

static void load(pt_block *b, int s);

void pt_history_begin(pt_block *b, int s)
{
    pt_history_slot *slot = &b->history->slot[s];
    slot->n = 0;
    slot->n_break = 0;
    slot->bounded = 0;
    slot->begin = b->slot[s].now;
    for (int k = 0; k < b->n_delay; k++) {
        slot->past[k] = pt_get(b->x, b->model->delays[k].state, s);
        slot->last[k] = 0;
    }
    if (slot->given) load(b, s);
    slot->given = NULL;
}

/* ---- times at which derivatives jump ---- */

/* Times nearer than this are one. */
static double nearness(double time) { return 16 * ROUNDING * (time < 0 ? -time : time); }

static void add_break(pt_history_slot *slot, double time, int order)
{
    int i = slot->n_break;
    while (i > 0 && slot->breaks[i - 1].time > time) i--;
    for (int j = i - 1; j <= i; j++) {
        if (j < 0 || j >= slot->n_break) continue;
        pt_break *near = &slot->breaks[j];
        const double apart = near->time > time ? near->time - time : time - near->time;
        if (apart > nearness(time)) continue;
        if (order < near->order) near->order = order;
        return;
    }
    if (slot->n_break == PT_BREAKS) return;
    for (int j = slot->n_break++; j > i; j--) slot->breaks[j] = slot->breaks[j - 1];
    slot->breaks[i] = (pt_break){time, order};
}

/* The lowest order of derivative that jumps at the slot's instant; large where none does. */
static int order_now(pt_block *b, int s)
{
    pt_history_slot *slot = &b->history->slot[s];
    int order = b->slot[s].jumped ? 0 : 2 * PT_BREAK_ORDER, n = 0;
    const double now = b->slot[s].now;
    while (n < slot->n_break && slot->breaks[n].time <= now + nearness(now)) {
        if (slot->breaks[n].order < order) order = slot->breaks[n].order;
        n++;
    }
    slot->n_break -= n;
    for (int i = 0; i < slot->n_break; i++) slot->breaks[i] = slot->breaks[i + n];
    return order;
}

/* Whether the ring reaches back far enough for a delay. */
static int reaches(const pt_block *b, int s, double delay)
{
    const pt_history_slot *slot = &b->history->slot[s];
    const double now = b->slot[s].now + pt_get(b->t, 0, s), rounding = 32 * ROUNDING * (fabs(now) + delay);
    if (slot->bounded && now - delay < slot->begin - rounding) return 0;
    return slot->n <= b->history->size || piece(b, s, slot->n)[0] <= now - delay;
}

void pt_history_open(pt_block *b, int s)
{
    const int order = order_now(b, s) + 1;
    b->slot[s].jumped = 1;
    for (int k = 0; k < b->n_delay; k++) {
        const double delay = delay_of(b, s, k);
        if (!(delay > 0)) pt_slot_fail(b, s, PT_BAD_ARGUMENT);
        if (!reaches(b, s, delay)) pt_slot_fail(b, s, PT_HISTORY_FULL);
        if (delay > 0 && order <= PT_BREAK_ORDER)
            add_break(&b->history->slot[s], b->slot[s].now + delay, order);
    }
}

double pt_history_stop(const pt_block *b, int s, double stop)
{
    const pt_history_slot *slot = &b->history->slot[s];
    if (!slot->n_break || slot->breaks[0].time >= stop - nearness(stop)) return stop;
    return slot->breaks[0].time;
}

double pt_history_cap(const pt_block *b, int s)
{
    double cap = __builtin_inf();
    for (int k = 0; k < b->n_delay; k++)
        if (delay_of(b, s, k) < cap) cap = delay_of(b, s, k);
    return cap;
}

/* ---- values ---- */

/* Newton's forward form at share theta of a step, from differences of values at 0, 1/4, 1/2, 3/4, 1 */
static double value_of(const double *d, double theta)
{
    const double s = 4 * theta;
    return d[0] + s * (d[1] + (s - 1) / 2 * (d[2] + (s - 2) / 3 * (d[3] + (s - 3) / 4 * d[4])));
}

/* The step in which the time q lies: the first that ends at or behind it; with `right`, strictly behind. n: q
 * is behind the last step. */
static int64_t step_at(const pt_block *b, int s, int k, double q, double tolerance)
{
    pt_history_slot *slot = &b->history->slot[s];
    const int64_t oldest = slot->n > b->history->size ? slot->n - b->history->size : 0;
    const double wanted = b->history->right ? q + tolerance : q - tolerance;
    int64_t i = slot->last[k] < oldest ? oldest : slot->last[k] > slot->n ? slot->n : slot->last[k];
    while (i > oldest && piece(b, s, i - 1)[0] + piece(b, s, i - 1)[1] > wanted) i--;
    while (i < slot->n && piece(b, s, i)[0] + piece(b, s, i)[1] <= wanted) i++;
    slot->last[k] = i;
    return i;
}

/* The state of delay k a while before time t. A time behind the last step, which only a first guess of a step
 * asks for, gives the state of now. */
static double look_back(const pt_block *b, int s, int k, double t, double delay)
{
    const pt_history_slot *slot = &b->history->slot[s];
    const double q = t - delay, tolerance = 32 * ROUNDING * (fabs(t) + delay);
    if (b->history->right ? q < slot->begin - tolerance : q <= slot->begin + tolerance) return slot->past[k];
    int64_t i = step_at(b, s, k, q, tolerance);
    if (i == slot->n) {
        if (i == 0 || q > piece(b, s, i - 1)[0] + 1.001 * piece(b, s, i - 1)[1])
            return pt_get(b->x, b->model->delays[k].state, s);
        i--;
    }
    const double *at = piece(b, s, i);
    return value_of(at + 2 + PT_PIECE_NODES * k, (q - at[0]) / at[1]);
}

void pt_history_delayed(pt_block *b, const vec *t)
{
    for (int s = 0; s < PT_N_SLOT; s++) {
        if (!*pt_flag(b->live, s)) continue;
        for (int k = 0; k < b->n_delay; k++)
            *pt_at(b->d, k, s) = look_back(b, s, k, pt_get(t, 0, s), delay_of(b, s, k));
    }
}

/* ---- keeping ---- */

/* Element `node` of the pieces of the lanes in accept. */
static void fill(pt_block *b, const vmask *accept, const vec *x, int node)
{
    for (int s = 0; s < PT_N_SLOT; s++) {
        if (!((const int64_t *)accept)[s]) continue;
        double *values = piece(b, s, b->history->slot[s].n) + 2;
        for (int k = 0; k < b->n_delay; k++)
            values[PT_PIECE_NODES * k + node] = pt_get(x, b->model->delays[k].state, s);
    }
}

static void difference(double *d)
{
    for (int order = 1; order < PT_PIECE_NODES; order++)
        for (int i = PT_PIECE_NODES - 1; i >= order; i--) d[i] -= d[i - 1];
}

static void close_piece(pt_block *b, int s)
{
    pt_history_slot *slot = &b->history->slot[s];
    double *at = piece(b, s, slot->n);
    at[0] = b->slot[s].now + pt_get(b->t, 0, s);
    at[1] = pt_get(b->h, 0, s);
    for (int k = 0; k < b->n_delay; k++) difference(at + 2 + PT_PIECE_NODES * k);
    slot->n++;
    for (int k = 0; k < b->n_delay; k++)
        if (!reaches(b, s, delay_of(b, s, k))) pt_slot_fail(b, s, PT_HISTORY_FULL);
}

void pt_history_keep(pt_block *b, const vmask *accept)
{
    if (!pt_any(accept)) return;
    fill(b, accept, b->x, 0);
    pt_block_prepare(b, b->stepped, b->n_stepped);
    for (int node = 1; node < PT_PIECE_NODES - 1; node++) {
        vec theta[PT_WIDE];
        for (int j = 0; j < PT_WIDE; j++) theta[j] = v_set(0.25 * node);
        pt_block_interpolate(b, theta, b->stepped, b->n_stepped, b->scratch);
        fill(b, accept, b->scratch, node);
    }
    fill(b, accept, b->x1, PT_PIECE_NODES - 1);
    for (int s = 0; s < PT_N_SLOT; s++)
        if (((const int64_t *)accept)[s]) close_piece(b, s);
}

/* ---- a past that comes and goes with its lane ---- */

void pt_history_give(pt_block *b, int s, const double *values, int64_t n, const double *p,
                     const double *factor)
{
    pt_history_slot *slot = &b->history->slot[s];
    slot->given = values;
    slot->n_given = n;
    slot->span = 0;
    for (int k = 0; k < b->n_delay; k++) {
        const int i = b->model->delays[k].param;
        slot->span = fmax(slot->span, factor ? p[i] * factor[i] : p[i]);
    }
}

/* Value number i of delay k, in the order of time: n_given is the state now. */
static double given(const pt_block *b, int s, int k, int64_t i)
{
    const pt_history_slot *slot = &b->history->slot[s];
    const int state = b->model->delays[k].state;
    const double v =
        i == slot->n_given ? pt_get(b->x, state, s) : slot->given[(k + 1) * slot->n_given - 1 - i];
    return fmin(fmax(v, b->model->states[state].lower), b->model->states[state].upper);
}

/* d = the nodes of step i: the cubic through the two values on either side; the first two and the last two
 * steps have one. */
static void cubic(const pt_block *b, int s, int k, int64_t i, double *d)
{
    const int64_t n = b->history->slot[s].n_given, from = i < 1 ? 0 : i > n - 2 ? n - 3 : i - 1;
    double v[4];
    for (int q = 0; q < 4; q++) v[q] = given(b, s, k, from + q);
    for (int node = 0; node < PT_PIECE_NODES; node++) {
        const double u = (double)(i - from) + 0.25 * node;
        d[node] = -v[0] * (u - 1) * (u - 2) * (u - 3) / 6 + v[1] * u * (u - 2) * (u - 3) / 2 -
                  v[2] * u * (u - 1) * (u - 3) / 2 + v[3] * u * (u - 1) * (u - 2) / 6;
    }
    difference(d);
}

/* Steps as the slot might have taken them, from what it was given. */
static void load(pt_block *b, int s)
{
    pt_history_slot *slot = &b->history->slot[s];
    const double now = slot->begin, span = slot->span;
    const int64_t n = slot->n_given;
    if (!(span > 0)) return; /* the lane will fail by its delays */
    for (int64_t i = 0; i < n; i++) {
        double *at = piece(b, s, i);
        at[0] = now - span * (double)(n - i) / (double)n;
        at[1] = span / (double)n;
        for (int k = 0; k < b->n_delay; k++) cubic(b, s, k, i, at + 2 + PT_PIECE_NODES * k);
    }
    for (int k = 0; k < b->n_delay; k++) slot->past[k] = given(b, s, k, 0);
    slot->n = n;
    slot->begin = now - span;
    slot->bounded = 1;
}

pt_status pt_history_take(pt_block *b, int s, int64_t n, double *values)
{
    const double now = b->slot[s].now;
    double span = 0;
    for (int k = 0; k < b->n_delay; k++) span = fmax(span, delay_of(b, s, k));
    if (!reaches(b, s, span)) return PT_HISTORY_FULL;
    for (int k = 0; k < b->n_delay; k++)
        for (int64_t j = 1; j <= n; j++)
            values[k * n + j - 1] = look_back(b, s, k, now, span * (double)j / (double)n);
    return PT_OK;
}
