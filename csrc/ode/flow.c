/* See flow.h. The lanes go through a block, a wide of them at a time. */
#include "ode/flow.h"

#include "ode/block.h"

struct pt_flow {
    pt_block *block;
};

pt_status pt_flow_create(const pt_model *model, const pt_ode_options *options, pt_flow **flow)
{
    *flow = NULL;
    if (!pt_steps_are_fixed(options) || model->n_delay || model->n_trigger || model->mass) return PT_OK;
    pt_ode_options plain = *options;
    plain.need = (pt_need){0};
    *flow = pt_alloc(sizeof **flow);
    if (!*flow) return PT_NO_MEMORY;
    const pt_status status = pt_block_create(model, &plain, &(*flow)->block);
    if (status == PT_OK) return PT_OK;
    pt_free(*flow);
    *flow = NULL;
    return status;
}

void pt_flow_free(pt_flow *flow)
{
    if (flow) pt_block_free(flow->block);
    pt_free(flow);
}

int pt_flow_is_free(const pt_flow *flow, const pt_schedule *schedule, int64_t next, double t1,
                    const double *rate)
{
    int runs = schedule->n_dose || schedule->n_trigger;
    for (int i = 0; i < flow->block->n_dose; i++) runs |= rate[i] != 0;
    return !runs && (next >= schedule->n || schedule->actions[next].time > t1);
}

/* Vecs of the wide from lane `first` on that lie within a row. */
static int vecs_in(int64_t first, int64_t stride)
{
    const int64_t left = (stride - first) / PT_W;
    return left < PT_WIDE ? (int)left : PT_WIDE;
}

/* to (n) = rows of a (n, stride) from lane `first` on, times factor (null: 1); what is missing stays */
static void take(int n, int64_t stride, int64_t first, const double *a, const double *factor, vec *to)
{
    const int m = vecs_in(first, stride);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) {
            const vec v = v_load(a + i * stride + first + j * PT_W);
            to[i * PT_WIDE + j] = factor ? v * v_set(factor[i]) : v;
        }
}

static void give(int n, int64_t stride, int64_t first, const vec *from, double *a)
{
    const int m = vecs_in(first, stride);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < m; j++) v_store(a + i * stride + first + j * PT_W, from[i * PT_WIDE + j]);
}

/* A wide of lanes at an instant. */
static void open_wide(pt_block *b, int64_t stride, int64_t first, double t, const double *x, const double *p,
                      const double *factor)
{
    const int whole = vecs_in(first, stride) == PT_WIDE;
    for (int i = 0; !whole && i < b->n_param * PT_WIDE; i++)
        b->p[i] = v_set(b->model->params[i / PT_WIDE].value);
    for (int i = 0; !whole && i < b->n_state * PT_WIDE; i++)
        b->x[i] = v_set(b->model->states[i / PT_WIDE].value);
    take(b->n_param, stride, first, p, factor, b->p);
    take(b->n_state, stride, first, x, NULL, b->x);
    for (int j = 0; j < PT_WIDE; j++) {
        b->origin[j] = v_set(t);
        b->t[j] = v_set(0);
    }
    b->model->functions->constants(b->model->self, pt_wides_in(b->p), pt_wides(b->c));
}

/* Lanes in which a state or parameter is not finite. */
static void note_bad(const vec *a, int n, vmask *bad)
{
    for (int j = 0; j < PT_WIDE; j++) {
        vec sum = v_set(0);
        for (int i = 0; i < n; i++) sum += a[i * PT_WIDE + j];
        bad[j] |= ~v_isfinite(sum);
    }
}

static void swap(vec **a, vec **b)
{
    vec *c = *a;
    *a = *b;
    *b = c;
}

/* Steps as fit_step in fixed.c makes them, alike in all lanes. */
static void go(pt_block *b, double length, vmask *bad)
{
    const double step = b->options.step;
    int last = 0;
    if (b->model->n_linear) b->model->functions->linear(b->model->self, pt_wides_in(b->p), pt_wides(b->K));
    pt_block_rate(b, b->origin, b->x, b->k[0]);
    for (int64_t n = 0; !last; n++) {
        const double t = (double)n * step;
        last = (double)(n + 1) * step * (1 + 1e-9) >= length;
        for (int j = 0; j < PT_WIDE; j++) {
            b->t[j] = v_set(t);
            b->h[j] = v_set(last ? length - t : step);
        }
        pt_block_make_fixed_step(b);
        swap(&b->x, &b->x1);
        swap(&b->k[0], &b->k[PT_N_STAGE - 1]);
        note_bad(b->x, b->n_state, bad);
    }
}

static void conclude(int64_t n_lane, int64_t stride, int64_t first, int n_state, const vmask *bad, double *x,
                     int32_t *status)
{
    for (int64_t s = 0; s < PT_N_SLOT && first + s < n_lane; s++) {
        const int failed = ((const int64_t *)bad)[s] != 0;
        status[first + s] = failed ? PT_NOT_FINITE : PT_OK;
        for (int i = 0; failed && i < n_state; i++) x[i * stride + first + s] = __builtin_nan("");
    }
}

static int too_long(const pt_block *b, double length)
{
    return length / b->options.step > (double)b->options.max_steps;
}

void pt_flow_run(pt_flow *flow, int64_t n_lane, int64_t stride, double t0, double t1, double *x,
                 const double *p, const double *factor, int32_t *status)
{
    pt_block *b = flow->block;
    for (int i = 0; i < b->n_state; i++)
        b->atol[i] = b->options.atols ? b->options.atols[i] : b->options.atol;
    for (int64_t first = 0; first < n_lane; first += PT_N_SLOT) {
        vmask bad[PT_WIDE];
        for (int j = 0; j < PT_WIDE; j++) bad[j] = m_set(0);
        open_wide(b, stride, first, t0, x, p, factor);
        note_bad(b->x, b->n_state, bad);
        note_bad(b->p, b->n_param, bad);
        if (t1 > t0 && !too_long(b, t1 - t0)) go(b, t1 - t0, bad);
        give(b->n_state, stride, first, b->x, x);
        conclude(n_lane, stride, first, b->n_state, bad, x, status);
    }
    for (int64_t l = 0; t1 > t0 && too_long(b, t1 - t0) && l < n_lane; l++) status[l] = PT_STEP_LIMIT;
}

void pt_flow_output(pt_flow *flow, int64_t n_lane, int64_t stride, double t, const double *x, const double *p,
                    const double *factor, double *y)
{
    pt_block *b = flow->block;
    for (int64_t first = 0; first < n_lane; first += PT_N_SLOT) {
        open_wide(b, stride, first, t, x, p, factor);
        pt_block_output(b, b->origin, b->x, b->scratch);
        give(b->n_output, stride, first, b->scratch, y);
    }
}

/* ---- lanes with times and parameters of their own ---- */

void pt_flow_set(pt_flow *flow, const vec *p)
{
    pt_block *b = flow->block;
    for (int i = 0; i < b->n_param * PT_WIDE; i++) b->p[i] = p[i];
    for (int i = 0; i < b->n_state; i++)
        b->atol[i] = b->options.atols ? b->options.atols[i] : b->options.atol;
    b->model->functions->constants(b->model->self, pt_wides_in(b->p), pt_wides(b->c));
    if (b->model->n_linear) b->model->functions->linear(b->model->self, pt_wides_in(b->p), pt_wides(b->K));
}

/* Time and step number n of the lanes that are under way; those that then arrive are added to done. */
static void fit(pt_block *b, int64_t n, const vec *length, vmask *done)
{
    const double step = b->options.step, t = (double)n * step;
    for (int j = 0; j < PT_WIDE; j++) {
        const vmask last = v_ge(v_set((double)(n + 1) * step * (1 + 1e-9)), length[j]);
        b->t[j] = v_set(t);
        b->h[j] = v_if(last, length[j] - b->t[j], v_set(step));
        done[j] |= last;
    }
}

static void keep(int n_state, const vmask *rest, const vec *x, vec *x1)
{
    if (!pt_any(rest)) return;
    for (int i = 0; i < n_state * PT_WIDE; i++) x1[i] = v_if(rest[i % PT_WIDE], x[i], x1[i]);
}

static int all(const vmask *a)
{
    vmask every = a[0];
    for (int j = 1; j < PT_WIDE; j++) every &= a[j];
    return m_all(every);
}

/* The first step is the only one. */
static void carry_once(pt_block *b, const vmask *rest, vec *x, vmask *bad)
{
    vec *own = b->x;
    b->x = x;
    pt_block_rate(b, b->origin, x, b->k[0]);
    pt_block_make_last_step(b);
    keep(b->n_state, rest, x, b->x1);
    b->x = own;
    note_bad(b->x1, b->n_state, bad);
    for (int i = 0; i < b->n_state * PT_WIDE; i++) x[i] = b->x1[i];
}

static void carry_on(pt_block *b, const vec *length, const vmask *idle, vec *x, vmask *bad)
{
    const int size = b->n_state * PT_WIDE;
    vmask rest[PT_WIDE], done[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) done[j] = idle[j];
    for (int i = 0; i < size; i++) b->x[i] = x[i];
    pt_block_rate(b, b->origin, b->x, b->k[0]);
    for (int64_t n = 0, last = 0; !last; n++) {
        for (int j = 0; j < PT_WIDE; j++) rest[j] = done[j];
        fit(b, n, length, done);
        last = all(done);
        if (last)
            pt_block_make_last_step(b);
        else
            pt_block_make_fixed_step(b);
        keep(b->n_state, rest, b->x, b->x1);
        swap(&b->x, &b->x1);
        swap(&b->k[0], &b->k[PT_N_STAGE - 1]);
        note_bad(b->x, b->n_state, bad);
    }
    for (int i = 0; i < size; i++) x[i] = b->x[i];
}

void pt_flow_carry(pt_flow *flow, const vec *t0, const vec *length, int n_point, int64_t gap, vec *x,
                   vmask *bad)
{
    pt_block *b = flow->block;
    vmask idle[PT_WIDE], done[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) {
        b->origin[j] = t0[j];
        idle[j] = done[j] = v_le(length[j], v_set(0));
    }
    fit(b, 0, length, done);
    const int once = all(done);
    for (int p = 0; p < n_point; p++) {
        vec *xp = x + p * gap;
        if (b->n_positive) note_bad(xp, b->n_state, bad); /* later they would hide behind a 0 */
        if (once)
            carry_once(b, idle, xp, bad);
        else
            carry_on(b, length, idle, xp, bad);
    }
}

void pt_flow_look(pt_flow *flow, const vec *t, const vec *x, vec *y)
{
    pt_block_output(flow->block, t, x, y);
}
