/* pt_propagate: a few lanes that share one schedule, from one instant to another. */
#include "ode/block.h"

struct pt_propagator {
    pt_block *block;
    int64_t n_lane;
};

/* One call at work. */
typedef struct {
    int64_t next_lane, n_lane, next_action;
    double t0, t1;
    double *x;
    const double *p, *factor, *rate;
    const pt_schedule *schedule;
    int32_t *status;
} propagation;

pt_status pt_propagator_create(const pt_model *model, int64_t n_lane, pt_propagator **work)
{
    const pt_ode_options options = {.rtol = 1e-6, .atol = 1e-9, .max_steps = 100000};
    *work = NULL;
    if (model->n_trigger || model->n_delay)
        return PT_UNSUPPORTED; /* their state is not carried from call to call */
    *work = pt_alloc(sizeof **work);
    if (!*work) return PT_NO_MEMORY;
    (*work)->n_lane = n_lane;
    const pt_status status = pt_block_create(model, &options, &(*work)->block);
    if (status != PT_OK) {
        pt_free(*work);
        *work = NULL;
    }
    return status;
}

void pt_propagator_free(pt_propagator *work)
{
    if (work) pt_block_free(work->block);
    pt_free(work);
}

static int take(void *context, pt_block *b, int s)
{
    propagation *c = context;
    if (c->next_lane >= c->n_lane) return 0;
    const int64_t lane = c->next_lane++;
    pt_slot_begin(b, s, lane, c->t0, c->t1, c->schedule, c->next_action, c->p + lane * b->n_param, c->factor,
                  c->rate, c->x + lane * b->n_state);
    return 1;
}

static void finish(void *context, pt_block *b, int s)
{
    propagation *c = context;
    const pt_slot *slot = &b->slot[s];
    c->status[slot->lane] = (int32_t)slot->status;
    pt_slot_state(b, s, c->x + slot->lane * b->n_state);
}

static void act_on_rate(const pt_action *a, int n_dose, double *rate)
{
    for (int i = 0; a->kind == PT_ACTION_RESET && i < n_dose; i++) rate[i] = 0;
    if (a->kind == PT_ACTION_INFUSION_ON) rate[a->index] += a->value;
    if (a->kind != PT_ACTION_INFUSION_OFF) return;
    rate[a->index] -= a->value;
    if (rate[a->index] < 1e-12 * a->value) rate[a->index] = 0;
}

/* What the lanes have done to the shared factors, infusions and place in the schedule. */
static void act_on_shared(const pt_schedule *schedule, int64_t *next, double t1, int n_dose, double *factor,
                          double *rate)
{
    for (; *next < schedule->n; ++*next) {
        const pt_action *a = &schedule->actions[*next];
        const int covariate = a->kind == PT_ACTION_PARAM || a->kind == PT_ACTION_SCALE;
        if (!(a->time < t1 || (a->time == t1 && covariate))) break;
        if (a->kind == PT_ACTION_SCALE) factor[a->index] *= a->value;
        act_on_rate(a, n_dose, rate);
    }
}

pt_status pt_propagate(const pt_model *model, pt_propagator *work, int64_t n_lane, double t0, double t1,
                       double *x, const double *p, double *factor, double *rate, const pt_schedule *schedule,
                       int64_t *next, int32_t *status, const pt_ode_options *options)
{
    if (n_lane > work->n_lane || !(t1 >= t0) || t0 - t0 != 0 || t1 - t1 != 0) return PT_BAD_ARGUMENT;
    if (schedule->n_trigger) return PT_UNSUPPORTED;
    propagation call = {.n_lane = n_lane,
                        .next_action = *next,
                        .t0 = t0,
                        .t1 = t1,
                        .x = x,
                        .p = p,
                        .factor = factor,
                        .rate = rate,
                        .schedule = schedule,
                        .status = status};
    const pt_feed feed = {.context = &call, .take = take, .finish = finish};
    work->block->options = *options;
    pt_block_run(work->block, &feed);
    act_on_shared(schedule, next, t1, model->n_dose, factor, rate);
    return PT_OK;
}
