#include "ode/block.h"

/* Cuts n elements of 64-byte aligned memory off; with a null base only counts. */
static void *cut(char *base, size_t *used, size_t n, size_t size)
{
    char *p = base ? base + *used : NULL;
    *used += (n * size + 63) / 64 * 64;
    return p;
}

static size_t lay_out(pt_block *b, char *base)
{
    const size_t nx = (size_t)b->n_state, nl = (size_t)b->n_linear, nn = (size_t)b->n_stepped;
    const size_t np = (size_t)b->n_param, nd = (size_t)b->n_dose;
    size_t used = 0;
    cut(base, &used, 1, sizeof *b);
    b->x = cut(base, &used, PT_BLOCK * nx, sizeof(vec));
    b->x1 = cut(base, &used, PT_BLOCK * nx, sizeof(vec));
    b->p = cut(base, &used, PT_BLOCK * np, sizeof(vec));
    b->inflow = cut(base, &used, PT_BLOCK * nx, sizeof(vec));
    b->coefficient = cut(base, &used, PT_BLOCK * PT_TAYLOR * nl * nl, sizeof(vec));
    b->flow = cut(base, &used, PT_BLOCK * PT_TAYLOR * nl, sizeof(vec));
    for (int q = 0; q < PT_N_NODE; q++) b->node[q] = cut(base, &used, PT_BLOCK * nl, sizeof(vec));
    for (int s = 0; s < PT_N_STAGE; s++) b->k[s] = cut(base, &used, PT_BLOCK * nn, sizeof(vec));
    b->scratch = cut(base, &used, nx + (size_t)b->n_output + nl * nl, sizeof(vec));
    b->base = cut(base, &used, PT_N_SLOT * np, sizeof(double));
    b->factor = cut(base, &used, PT_N_SLOT * np, sizeof(double));
    b->rate = cut(base, &used, PT_N_SLOT * nd, sizeof(double));
    return used;
}

static pt_block describe(const pt_model *model, const pt_ode_options *options)
{
    pt_block b = {
        .model = model,
        .options = *options,
        .n_state = model->n_state,
        .n_linear = model->n_linear,
        .n_stepped = pt_model_n_stepped(model),
        .n_param = model->n_param,
        .n_output = model->n_output,
        .n_dose = model->n_dose,
    };
    for (int i = 0; i < model->n_dose; i++) b.stepped_inflow |= model->doses[i].state >= model->n_linear;
    return b;
}

pt_status pt_block_create(const pt_model *model, const pt_ode_options *options, pt_block **block)
{
    pt_block b = describe(model, options);
    char *memory = pt_alloc(lay_out(&b, NULL));
    *block = (pt_block *)memory;
    if (!memory) return PT_NO_MEMORY;
    lay_out(&b, memory);
    **block = b;
    return PT_OK;
}

void pt_block_free(pt_block *block) { pt_free(block); }

void pt_block_rate(pt_block *b, int j, int n, const vec *t, const vec *x, vec *k)
{
    b->model->functions->rate(b->model->self, n, t, x, b->p + j * b->n_param, k);
    if (!b->stepped_inflow) return;
    for (int v = 0; v < n; v++)
        for (int i = 0; i < b->n_stepped; i++)
            k[v * b->n_stepped + i] += b->inflow[(j + v) * b->n_state + b->n_linear + i];
}

void pt_slot_begin(pt_block *b, int s, int64_t lane, double start, double end, const pt_schedule *schedule,
                   int64_t next, const double *p, const double *factor, const double *rate, const double *x)
{
    const int j = s / PT_W, l = s % PT_W, np = b->n_param, nd = b->n_dose;
    b->slot[s] = (pt_slot){.lane = lane, .actions = schedule->actions, .n_action = schedule->n, .next = next,
                           .now = start, .stop = start, .end = end, .status = PT_OK, .blank = !x,
                           .changed = 1};
    for (int i = 0; i < np; i++) b->base[s * np + i] = p[i];
    for (int i = 0; i < np; i++) b->factor[s * np + i] = factor ? factor[i] : 1;
    for (int i = 0; i < nd; i++) b->rate[s * nd + i] = rate ? rate[i] : 0;
    for (int i = 0; i < b->n_state; i++) b->x[j * b->n_state + i][l] = x ? x[i] : 0;
    b->live[j][l] = -1;
    b->arrived[j][l] = -1;
    b->first[j][l] = 0;
}

void pt_slot_state(const pt_block *b, int s, double *x)
{
    const int failed = b->slot[s].status != PT_OK;
    for (int i = 0; i < b->n_state; i++)
        x[i] = failed ? __builtin_nan("") : b->x[s / PT_W * b->n_state + i][s % PT_W];
}

void pt_slot_fail(pt_block *b, int s, pt_status status)
{
    b->slot[s].status = status;
    b->slot[s].stop = b->slot[s].now + b->t[s / PT_W][s % PT_W];
    b->arrived[s / PT_W][s % PT_W] = -1;
}

/* Idle lanes beside those at work compute too: with harmless numbers. */
static void fill_idle(pt_block *b)
{
    for (int j = 0; j < PT_BLOCK; j++) {
        b->live[j] = b->arrived[j] = b->opening[j] = m_set(0);
        b->h[j] = b->t[j] = b->length[j] = v_set(0);
        for (int i = 0; i < b->n_param; i++) b->p[j * b->n_param + i] = v_set(b->model->params[i].value);
        for (int i = 0; i < b->n_state; i++) {
            b->x[j * b->n_state + i] = v_set(b->model->states[i].value);
            b->inflow[j * b->n_state + i] = v_set(0);
        }
    }
}

static void take_all(pt_block *b)
{
    b->empty = 0;
    b->n_vec = 0;
    fill_idle(b);
    for (int s = 0; s < PT_N_SLOT && !b->empty; s++) {
        if (b->feed->take(b->feed->context, b, s))
            b->n_vec = s / PT_W + 1;
        else
            b->empty = 1;
    }
}

void pt_block_run(pt_block *b, const pt_feed *feed)
{
    b->feed = feed;
    take_all(b);
    while (pt_block_settle(b)) pt_block_step(b);
}
