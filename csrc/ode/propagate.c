/* pt_propagate: a few lanes that share one schedule, from one instant to another. */
#include "ode/block.h"

struct pt_propagator {
    pt_block *block, *ramped; /* ramped: for schedules with SLOPE actions, or null */
    int64_t n_lane;
};

/* One call at work. */
typedef struct {
    int64_t next_lane, n_lane, next_action;
    double t0, t1;
    double *x;
    const double *p, *factor, *rate;
    double given;
    const pt_schedule *schedule;
    int32_t *status;
} propagation;

pt_status pt_propagator_create(const pt_model *model, int64_t n_lane, const pt_need *need,
                               pt_propagator **work)
{
    pt_ode_options options = {.rtol = 1e-6, .atol = 1e-9, .max_steps = 100000};
    *work = NULL;
    if (model->n_trigger || model->n_delay)
        return PT_UNSUPPORTED; /* their state is not carried from call to call */
    *work = pt_alloc(sizeof **work);
    if (!*work) return PT_NO_MEMORY;
    (*work)->n_lane = n_lane;
    if (need) options.need = *need;
    options.need.ramps = 0;
    pt_status status = pt_block_create(model, &options, &(*work)->block);
    options.need.ramps = 1;
    if (status == PT_OK && need && need->ramps) status = pt_block_create(model, &options, &(*work)->ramped);
    if (status != PT_OK) {
        pt_propagator_free(*work);
        *work = NULL;
    }
    return status;
}

void pt_propagator_free(pt_propagator *work)
{
    if (work) pt_block_free(work->block);
    if (work) pt_block_free(work->ramped);
    pt_free(work);
}

static int take(void *context, pt_block *b, int s)
{
    propagation *c = context;
    if (c->next_lane >= c->n_lane) return 0;
    const int64_t lane = c->next_lane++;
    pt_slot_begin(b, s, lane, c->t0, c->t1, c->schedule, c->next_action, c->p + lane * b->n_param, c->factor,
                  c->rate, c->x + lane * b->n_state);
    b->slot[s].given = c->given;
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
        const int covariate = a->kind <= PT_ACTION_SLOPE;
        if (!(a->time < t1 || (a->time == t1 && covariate))) break;
        if (a->kind == PT_ACTION_SCALE) factor[a->index] *= a->value;
        act_on_rate(a, n_dose, rate);
    }
}

/* The block for a schedule; null where the work space was not made for it. */
static pt_block *block_for(const pt_propagator *work, const pt_schedule *schedule)
{
    pt_need need = {0};
    if (schedule->n_dose || work->ramped) pt_schedule_need(schedule, &need);
    pt_block *b = need.ramps ? work->ramped : work->block;
    if (!b || need.n_pending > b->options.need.n_pending || need.steady > b->options.need.steady) return NULL;
    return b;
}

pt_status pt_propagate(const pt_model *model, pt_propagator *work, int64_t n_lane, double t0, double t1,
                       double *x, const double *p, double *factor, double *rate, double *given,
                       const pt_schedule *schedule, int64_t *next, int32_t *status,
                       const pt_ode_options *options)
{
    if (n_lane > work->n_lane || !(t1 >= t0) || t0 - t0 != 0 || t1 - t1 != 0) return PT_BAD_ARGUMENT;
    if (schedule->n_trigger) return PT_UNSUPPORTED;
    pt_block *b = block_for(work, schedule);
    if (!b) return PT_BAD_ARGUMENT;
    propagation call = {.n_lane = n_lane,
                        .next_action = *next,
                        .t0 = t0,
                        .t1 = t1,
                        .x = x,
                        .p = p,
                        .factor = factor,
                        .rate = rate,
                        .given = *given,
                        .schedule = schedule,
                        .status = status};
    const pt_feed feed = {.context = &call, .take = take, .finish = finish};
    const pt_need need = b->options.need;
    b->options = *options;
    b->options.need = need;
    pt_block_run(b, &feed);
    act_on_shared(schedule, next, t1, model->n_dose, factor, rate);
    *given = t1;
    return PT_OK;
}
