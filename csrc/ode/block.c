#include "ode/block.h"

#include "ode/history.h"
#include "ode/noise.h"
#include "ode/ramp.h"
#include "ode/sensitivity.h"
#include "ode/stiff.h"
#include "ode/trigger.h"
#include "ode/waiting.h"
#include "ode/room.h"

static size_t lay_out(pt_block *b, char *base)
{
    const size_t nx = (size_t)b->n_state, nl = (size_t)b->n_linear, nn = (size_t)b->n_stepped;
    const size_t np = (size_t)b->n_param, nd = (size_t)b->n_dose;
    const size_t n_K = (size_t)(b->model->n_linear - b->n_linear);
    size_t used = 0;
    pt_cut(base, &used, 1, sizeof *b);
    b->x = pt_cut(base, &used, nx, sizeof(wide));
    b->x1 = pt_cut(base, &used, nx, sizeof(wide));
    b->p = pt_cut(base, &used, np, sizeof(wide));
    b->c = pt_cut(base, &used, (size_t)b->n_constant, sizeof(wide));
    b->d = pt_cut(base, &used, (size_t)b->n_delay, sizeof(wide));
    b->inflow = pt_cut(base, &used, nx, sizeof(wide));
    b->K = pt_cut(base, &used, n_K * n_K, sizeof(wide));
    b->coefficient = pt_cut(base, &used, PT_TAYLOR * nl * nl, sizeof(wide));
    b->flow = pt_cut(base, &used, PT_TAYLOR * nl, sizeof(wide));
    b->node = pt_cut(base, &used, PT_N_NODE * nl, sizeof(wide));
    for (int s = 0; s < PT_N_STAGE; s++) b->k[s] = pt_cut(base, &used, nn, sizeof(wide));
    for (int s = 0; s < PT_N_DENSE; s++) b->dense[s] = pt_cut(base, &used, nn, sizeof(wide));
    b->scratch = pt_cut(base, &used, nx + (size_t)b->n_output + nl * nl, sizeof(wide));
    b->base = pt_cut(base, &used, PT_N_SLOT * np, sizeof(double));
    b->factor = pt_cut(base, &used, PT_N_SLOT * np, sizeof(double));
    b->rate = pt_cut(base, &used, PT_N_SLOT * nd, sizeof(double));
    b->pending = pt_cut(base, &used, PT_N_SLOT * (size_t)b->options.need.n_pending, sizeof(pt_pending));
    b->atol = pt_cut(base, &used, nx, sizeof(double));
    b->reads = pt_cut(base, &used, (size_t)b->n_output * nx, sizeof(int8_t));
    b->joins = pt_cut(base, &used, nx * nx, sizeof(int8_t));
    return used;
}

/* Which states a derivative of the stepped states depends on (a dose into another leaves the derivatives as
 * they are), and which each output. */
static pt_status find_dependence(pt_block *b)
{
    const int nx = b->n_state, width = nx + b->n_param;
    int8_t *f = pt_alloc((size_t)((nx + b->n_output) * width)), *h = f + nx * width;
    if (!f) return PT_NO_MEMORY;
    pt_model_dependence(b->model, f, h);
    for (int i = 0; i < nx; i++)
        for (int j = 0; j < nx; j++) {
            b->joins[i * nx + j] = f[i * width + j];
            if (i >= b->n_linear) b->jumps[j] |= f[i * width + j];
        }
    for (int k = 0; k < b->n_delay; k++) b->jumps[b->model->delays[k].state] = 1;
    for (int i = 0; i < b->n_output; i++)
        for (int j = 0; j < nx; j++) b->reads[i * nx + j] = h[i * width + j];
    pt_free(f);
    return PT_OK;
}

/* All lanes are stiff from the start: as asked for, or because the explicit method knows no algebraic states.
 */
static int is_stiff(const pt_model *model, const pt_ode_options *options)
{
    return options->method == PT_METHOD_RODAS || (options->method == PT_METHOD_AUTO && model->mass);
}

/* Automatic choice takes derivatives, and knows no history. */
static int may_be_stiff(const pt_model *model, const pt_ode_options *options)
{
    if (is_stiff(model, options)) return 1;
    const int differentiable =
        model->functions->tangent || (model->functions->jacobian && !options->need.ramps);
    return options->method == PT_METHOD_AUTO && differentiable && !model->n_delay;
}

/* Appends a state to a list if it is stepped and not there yet. */
static void list_stepped(const pt_block *b, int state, int *list, int *n)
{
    if (state < b->n_linear) return;
    for (int i = 0; i < *n; i++)
        if (list[i] == state) return;
    list[(*n)++] = state;
}

static void list_states(pt_block *b)
{
    for (int i = 0; i < b->n_dose; i++)
        list_stepped(b, b->model->doses[i].state, b->inflow_state, &b->n_inflow);
    for (int i = 0; b->model->positive && i < b->n_state; i++)
        if (b->model->positive[i]) list_stepped(b, i, b->positive_state, &b->n_positive);
    b->stepped_inflow = b->n_inflow > 0;
    for (int i = 0; i < b->n_stepped; i++) b->stepped[i] = b->n_linear + i;
}

static pt_block describe(const pt_model *model, const pt_ode_options *options)
{
    /* delays look back at interpolants of steps */
    const int step_all = options->step_all || options->need.ramps || pt_steps_are_fixed(options) ||
                         is_stiff(model, options) || model->n_delay;
    return (pt_block){
        .model = model,
        .options = *options,
        .n_state = model->n_state,
        .n_linear = step_all ? 0 : model->n_linear,
        .n_stepped = step_all ? model->n_state : pt_model_n_stepped(model),
        .n_param = model->n_param,
        .n_constant = model->n_constant,
        .n_output = model->n_output,
        .n_dose = model->n_dose,
        .n_delay = model->n_delay,
    };
}

/* What only some blocks need. */
static pt_status add_parts(pt_block *b)
{
    const pt_model *model = b->model;
    const pt_ode_options *options = &b->options;
    pt_status status = PT_OK;
    if (may_be_stiff(model, options)) status = pt_stiff_create(model, &b->stiff);
    if (b->stiff) b->stiff->choice.automatic = !is_stiff(model, options);
    if (status == PT_OK && options->need.ramps) status = pt_ramps_create(model, &b->ramps);
    if (status == PT_OK && options->need.steady) status = pt_orbit_create(model, options, &b->orbit);
    return status;
}

pt_status pt_block_create(const pt_model *model, const pt_ode_options *options, pt_block **block)
{
    pt_block b = describe(model, options);
    *block = NULL;
    char *memory = pt_alloc(lay_out(&b, NULL));
    if (!memory) return PT_NO_MEMORY;
    lay_out(&b, memory);
    list_states(&b);
    if (find_dependence(&b) != PT_OK) {
        pt_free(memory);
        return PT_NO_MEMORY;
    }
    *block = (pt_block *)memory;
    **block = b;
    const pt_status status = add_parts(*block);
    if (status == PT_OK) return PT_OK;
    pt_block_free(*block);
    *block = NULL;
    return status;
}

void pt_block_free(pt_block *block)
{
    if (block) pt_tangents_free(block->tangents);
    if (block) pt_paths_free(block->paths);
    if (block) pt_orbit_free(block->orbit);
    if (block) pt_ramps_free(block->ramps);
    if (block) pt_stiff_free(block->stiff);
    if (block) pt_free(block->watch);
    if (block) pt_free(block->waiting);
    if (block) pt_history_free(block->history);
    pt_free(block);
}

/* k (n) = K x, the linear part of a block that steps it */
static void linear_rate(const pt_block *b, int n, const vec *x, vec *k)
{
    for (int i = 0; i < n; i++) {
        vec *ki = k + i * PT_WIDE;
        for (int j = 0; j < PT_WIDE; j++) ki[j] = v_set(0);
        for (int q = 0; q < n; q++) {
            if (!b->joins[i * b->n_state + q]) continue;
            const vec *K = b->K + (i * n + q) * PT_WIDE, *xq = x + q * PT_WIDE;
            for (int j = 0; j < PT_WIDE; j++) ki[j] = v_fma(K[j], xq[j], ki[j]);
        }
    }
}

void pt_block_rate(pt_block *b, const vec *t, const vec *x, vec *k)
{
    const int n = b->model->n_linear - b->n_linear;
    if (b->ramps) pt_ramps_follow(b, t);
    if (b->history) pt_history_delayed(b, t);
    linear_rate(b, n, x, k);
    if (b->n_stepped > n)
        b->model->functions->rate(b->model->self, pt_wides_in(t), pt_wides_in(x), pt_wides(b->p),
                                  pt_wides(b->c), pt_wides(b->d), pt_wides(k + n * PT_WIDE));
    for (int q = 0; q < b->n_inflow; q++) {
        const int i = b->inflow_state[q];
        const vec *inflow = b->inflow + i * PT_WIDE;
        vec *ki = k + (i - b->n_linear) * PT_WIDE;
        for (int j = 0; j < PT_WIDE; j++) ki[j] += inflow[j];
    }
}

void pt_block_output(pt_block *b, const vec *t, const vec *x, vec *y)
{
    if (b->ramps) pt_ramps_follow(b, t);
    if (b->history) pt_history_delayed(b, t);
    b->model->functions->output(b->model->self, pt_wides_in(t), pt_wides_in(x), pt_wides(b->p),
                                pt_wides(b->c), pt_wides(b->d), pt_wides(y));
}

void pt_slot_begin(pt_block *b, int s, int64_t lane, double start, double end, const pt_schedule *schedule,
                   int64_t next, const double *p, const double *factor, const double *rate, const double *x)
{
    const int np = b->n_param, nd = b->n_dose;
    b->slot[s] = (pt_slot){
        .lane = lane,
        .actions = schedule->actions,
        .n_action = schedule->n,
        .doses = schedule->n_dose ? schedule->doses : NULL,
        .in_order = schedule->in_order,
        .given = __builtin_nextafter(start, -__builtin_inf()),
        .next = next,
        .triggers = schedule->triggers,
        .n_trigger = schedule->n_trigger,
        .now = start,
        .stop = start,
        .end = end,
        .status = PT_OK,
        .blank = !x,
        .changed = 1,
        .jumped = 1,
    };
    for (int i = 0; i < np; i++) b->base[s * np + i] = p[i];
    for (int i = 0; i < np; i++) b->factor[s * np + i] = factor ? factor[i] : 1;
    for (int i = 0; i < nd; i++) b->rate[s * nd + i] = rate ? rate[i] : 0;
    for (int i = 0; i < b->n_state; i++) *pt_at(b->x, i, s) = x ? x[i] : 0;
    *pt_flag(b->live, s) = -1;
    *pt_flag(b->arrived, s) = -1;
    *pt_at(b->first, 0, s) = 0;
    if (b->tangents) pt_tangents_begin(b, s);
    if (b->stiff) pt_switch_begin(b, s);
    if (b->watch) pt_watch_begin(b, s);
    if (b->waiting) b->waiting->failed[s] = 0;
    if (b->ramps) pt_ramps_begin(b, s, start);
}

void pt_slot_state(const pt_block *b, int s, double *x)
{
    const int failed = b->slot[s].status != PT_OK;
    for (int i = 0; i < b->n_state; i++) x[i] = failed ? __builtin_nan("") : pt_get(b->x, i, s);
}

void pt_slot_fail(pt_block *b, int s, pt_status status)
{
    if (b->slot[s].status != PT_OK) return; /* the first failure counts */
    b->slot[s].status = status;
    b->slot[s].stop = b->slot[s].now + pt_get(b->t, 0, s);
    *pt_flag(b->arrived, s) = -1;
}

/* Idle lanes beside those at work compute too: with harmless numbers. */
static void fill_idle(pt_block *b)
{
    for (int j = 0; j < PT_WIDE; j++) {
        b->live[j] = b->arrived[j] = b->opening[j] = b->rejected[j] = m_set(0);
        b->h[j] = b->t[j] = b->length[j] = b->origin[j] = v_set(0);
        b->cap[j] = v_set(__builtin_inf());
    }
    for (int s = 0; s < PT_N_SLOT; s++) b->slot[s].lane = -1;
    for (int i = 0; i < b->n_param * PT_WIDE; i++) b->p[i] = v_set(b->model->params[i / PT_WIDE].value);
    for (int i = 0; i < b->n_state * PT_WIDE; i++) b->x[i] = v_set(b->model->states[i / PT_WIDE].value);
    for (int i = 0; i < b->n_state * PT_WIDE; i++) b->inflow[i] = v_set(0);
}

/* The states on which the outputs of a feed depend. */
static void find_wanted(pt_block *b)
{
    b->n_wanted = b->wants_linear = 0;
    for (int i = 0; i < b->n_state; i++) {
        int wanted = b->tangents != NULL;
        for (int k = 0; k < b->feed->n_out; k++) {
            const int output = b->feed->outputs[k];
            wanted |= output < b->n_output ? b->reads[output * b->n_state + i] : output - b->n_output == i;
        }
        if (wanted) list_stepped(b, i, b->wanted, &b->n_wanted);
        b->wants_linear |= wanted && i < b->n_linear;
    }
}

/* Outputs wait unless something else than parameters that stay as they are stands behind them. */
static int outputs_may_wait(const pt_block *b)
{
    if (!b->waiting || b->feed->n_time == 0 || b->feed->first || b->wants_linear) return 0;
    return !b->tangents && !b->ramps && !b->history && !b->paths;
}

static void (*stepper(const pt_block *b))(pt_block *)
{
    if (b->paths) return pt_block_noise_step;
    if (b->stiff) return pt_switch_step;
    return pt_steps_are_fixed(&b->options) ? pt_block_fixed_step : pt_block_step;
}

void pt_block_run(pt_block *b, const pt_feed *feed)
{
    void (*step)(pt_block *) = stepper(b);
    b->feed = feed;
    find_wanted(b);
    b->may_wait = outputs_may_wait(b);
    if (b->may_wait) pt_waiting_clear(b->waiting);
    for (int i = 0; i < b->n_state; i++)
        b->atol[i] = b->options.atols ? b->options.atols[i] : b->options.atol;
    b->empty = 0;
    b->n_live = 0;
    fill_idle(b);
    for (int s = 0; s < PT_N_SLOT && !b->empty; s++) {
        if (feed->take(feed->context, b, s))
            b->n_live++;
        else
            b->empty = 1;
    }
    while (pt_block_settle(b)) step(b);
}
