/* pt_propagate: a few lanes that share one schedule, from one instant to another. */
#include "ode/history.h"
#include "ode/noise.h"
#include "ode/sensitivity.h"
#include "ode/stiff.h"
#include "ode/trigger.h"

enum { PLAIN, RAMPED, PLAIN_TANGENT, RAMPED_TANGENT, N_BLOCK }; /* ramped: for schedules with SLOPE actions */

#define MAX_STEP ((int64_t)1 << 24) /* of a random number's counter */

struct pt_propagator {
    const pt_model *model;
    int64_t n_lane;
    pt_need need;
    pt_block *block[N_BLOCK]; /* null until it is needed */
    uint64_t seed;            /* of the paths of noise */
    int64_t patient, step;    /* step 0: no paths were asked for */
    double suited;            /* see pt_propagator_step */
    int64_t n_past;
    double *past; /* null: none was given */
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
    int64_t patient, step;    /* of the paths of noise */
    const int32_t *direction; /* (n_lane), or null */
    double *dx;
    double suited; /* smallest step that a lane would have gone on with */
    int64_t n_past;
    double *past; /* (n_lane, n_delay, n_past) */
} propagation;

/* What a block is laid out by. */
static int same_kind(const pt_ode_options *a, const pt_ode_options *b)
{
    return a->method == b->method && (a->step > 0) == (b->step > 0) && a->step_all == b->step_all;
}

/* The block of a kind for these options, made anew where it was made for others. */
static pt_status prepare(pt_propagator *work, int kind, pt_ode_options options)
{
    pt_block **b = &work->block[kind];
    const int tangent = kind >= PLAIN_TANGENT;
    options.need = work->need;
    options.need.ramps = kind == RAMPED || kind == RAMPED_TANGENT;
    if (options.history == 0) options.history = PT_HISTORY + PT_PAST_MOST;
    options.step_all |= tangent || pt_method_has_noise(options.method);
    if (*b && same_kind(&(*b)->options, &options)) {
        (*b)->options = options;
        if ((*b)->paths) (*b)->paths->seed = work->seed;
        return PT_OK;
    }
    pt_block_free(*b);
    pt_status status = pt_block_create(work->model, &options, b);
    if (status == PT_OK && tangent) status = pt_tangents_create(*b, 1);
    if (status == PT_OK && pt_method_has_noise(options.method)) status = pt_paths_create(*b, work->seed);
    if (status == PT_OK && work->model->n_trigger) status = pt_watch_create(*b);
    if (status == PT_OK && work->model->n_delay) status = pt_history_create(*b);
    if (status == PT_OK) return PT_OK;
    pt_block_free(*b);
    *b = NULL;
    return status;
}

pt_status pt_propagator_create(const pt_model *model, int64_t n_lane, const pt_need *need,
                               pt_propagator **work)
{
    const pt_ode_options options = {.rtol = 1e-6, .atol = 1e-9, .max_steps = 100000};
    *work = pt_alloc(sizeof **work);
    if (!*work) return PT_NO_MEMORY;
    (*work)->model = model;
    (*work)->n_lane = n_lane;
    if (need) (*work)->need = *need;
    pt_status status = prepare(*work, PLAIN, options);
    if (status == PT_OK && need && need->ramps) status = prepare(*work, RAMPED, options);
    if (status != PT_OK) {
        pt_propagator_free(*work);
        *work = NULL;
    }
    return status;
}

void pt_propagator_free(pt_propagator *work)
{
    for (int k = 0; work && k < N_BLOCK; k++) pt_block_free(work->block[k]);
    pt_free(work);
}

static int take(void *context, pt_block *b, int s)
{
    propagation *c = context;
    if (c->next_lane >= c->n_lane) return 0;
    const int64_t lane = c->next_lane++;
    if (c->direction) b->tangents->own_which[s] = c->direction + lane;
    pt_slot_begin(b, s, lane, c->t0, c->t1, c->schedule, c->next_action, c->p + lane * b->n_param, c->factor,
                  c->rate, c->x + lane * b->n_state);
    b->slot[s].given = c->given;
    if (b->watch) pt_watch_resume(b, s);
    if (b->history)
        pt_history_give(b, s, c->past + lane * b->n_delay * c->n_past, c->n_past, c->p + lane * b->n_param,
                        c->factor);
    if (b->paths) pt_paths_begin(b, s, c->patient, lane, c->step);
    return 1;
}

/* The step that slot s would have gone on with. A lane that changed to the stiff method has steps that are
 * too long for the explicit one, with which the next call begins: none. */
static double suited_step(const pt_block *b, int s)
{
    const int changed = b->stiff && b->stiff->choice.automatic && *pt_flag(b->stiff->choice.stiff, s) != 0;
    return changed ? 0 : pt_get(b->h, 0, s);
}

static void finish(void *context, pt_block *b, int s)
{
    propagation *c = context;
    pt_slot *slot = &b->slot[s];
    if (slot->status == PT_OK && suited_step(b, s) < c->suited) c->suited = suited_step(b, s);
    if (b->history && slot->status == PT_OK)
        slot->status = pt_history_take(b, s, c->n_past, c->past + slot->lane * b->n_delay * c->n_past);
    c->status[slot->lane] = (int32_t)slot->status;
    pt_slot_state(b, s, c->x + slot->lane * b->n_state);
    if (c->direction) pt_tangents_state(b, s, c->dx + slot->lane * b->n_state, 1);
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

/* The kind of block that a schedule needs; -1 where the work space was not made for it. */
static int kind_for(const pt_propagator *work, const pt_schedule *schedule, int tangent)
{
    pt_need need = {0};
    if (schedule->n_dose || work->need.ramps) pt_schedule_need(schedule, &need);
    if (need.n_pending > work->need.n_pending || need.steady > work->need.steady) return -1;
    return need.ramps ? (tangent ? RAMPED_TANGENT : RAMPED) : (tangent ? PLAIN_TANGENT : PLAIN);
}

void pt_propagator_noise(pt_propagator *work, uint64_t seed, int64_t patient, int64_t step)
{
    work->seed = seed;
    work->patient = patient;
    work->step = step;
}

double pt_propagator_step(const pt_propagator *work) { return work->suited; }

void pt_propagator_past(pt_propagator *work, int64_t n, double *past)
{
    work->n_past = n;
    work->past = past;
}

/* Models with delays bring a past, and take the explicit methods whose steps have an interpolant. */
static pt_status check_delays(const pt_model *model, const pt_propagator *work, const pt_ode_options *o,
                              int ramps)
{
    if (!model->n_delay) return PT_OK;
    if (!work->past || ramps || o->method == PT_METHOD_RODAS) return PT_UNSUPPORTED;
    return work->n_past >= PT_PAST_LEAST && work->n_past <= PT_PAST_MOST ? PT_OK : PT_BAD_ARGUMENT;
}

static pt_status check_noise(const pt_model *model, const pt_propagator *work, const pt_ode_options *o)
{
    if (!pt_method_has_noise(o->method)) return PT_OK;
    if (!model->has_noise || model->mass || model->n_delay || model->n_trigger || work->step < 1)
        return PT_UNSUPPORTED;
    if (!(o->step > 0) || o->step - o->step != 0 || o->refine < 0 || o->refine > PT_MAX_REFINE)
        return PT_BAD_ARGUMENT;
    return work->step < MAX_STEP ? PT_OK : PT_STEP_LIMIT;
}

pt_status pt_propagate_tangents(const pt_model *model, pt_propagator *work, int64_t n_lane, double t0,
                                double t1, double *x, const double *p, double *factor, double *rate,
                                double *given, const pt_schedule *schedule, int64_t *next, int32_t *status,
                                const pt_ode_options *options, const int32_t *direction, double *dx)
{
    if (n_lane > work->n_lane || !(t1 >= t0) || t0 - t0 != 0 || t1 - t1 != 0) return PT_BAD_ARGUMENT;
    if (schedule->n_trigger) return PT_UNSUPPORTED;
    if (direction && (!model->functions->tangent || model->n_delay || pt_method_has_noise(options->method)))
        return PT_UNSUPPORTED;
    const pt_status noise = check_noise(model, work, options);
    if (noise != PT_OK) return noise;
    const int kind = kind_for(work, schedule, direction != NULL);
    if (kind < 0) return PT_BAD_ARGUMENT;
    const pt_status delays = check_delays(model, work, options, kind == RAMPED);
    if (delays != PT_OK) return delays;
    const pt_status prepared = prepare(work, kind, *options);
    if (prepared != PT_OK) return prepared;
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
                        .status = status,
                        .patient = work->patient,
                        .step = work->step,
                        .direction = direction,
                        .dx = dx,
                        .suited = __builtin_inf(),
                        .n_past = work->n_past,
                        .past = work->past};
    const pt_feed feed = {.context = &call, .take = take, .finish = finish};
    if (direction) work->block[kind]->tangents->n = 1;
    pt_block_run(work->block[kind], &feed);
    const int chosen = t1 > t0 && !pt_steps_are_fixed(options) && !pt_method_has_noise(options->method);
    work->suited = chosen && call.suited < __builtin_inf() ? call.suited : 0;
    act_on_shared(schedule, next, t1, model->n_dose, factor, rate);
    *given = t1;
    return PT_OK;
}

pt_status pt_propagate(const pt_model *model, pt_propagator *work, int64_t n_lane, double t0, double t1,
                       double *x, const double *p, double *factor, double *rate, double *given,
                       const pt_schedule *schedule, int64_t *next, int32_t *status,
                       const pt_ode_options *options)
{
    return pt_propagate_tangents(model, work, n_lane, t0, t1, x, p, factor, rate, given, schedule, next,
                                 status, options, NULL, NULL);
}
