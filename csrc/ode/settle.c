/* What happens to a lane at an instant: covariate, observation, reset, infusion end, dose. */
#include "ode/block.h"
#include "ode/history.h"
#include "ode/ramp.h"
#include "ode/sensitivity.h"
#include "ode/stiff.h"
#include "ode/trigger.h"
#include "ode/waiting.h"

static const pt_action *due_action(const pt_slot *slot)
{
    const pt_action *a = slot->actions + slot->next;
    return slot->next < slot->n_action && a->time <= slot->now ? a : NULL;
}

static int is_covariate(const pt_action *a)
{
    return a->kind == PT_ACTION_PARAM || a->kind == PT_ACTION_SCALE || a->kind == PT_ACTION_SLOPE;
}

static void act_covariate(pt_block *b, int s, const pt_action *a)
{
    const int64_t i = (int64_t)s * b->n_param + a->index;
    if (b->ramps) pt_ramps_advance(b, s, a->time);
    if (a->kind == PT_ACTION_PARAM) b->base[i] = a->value;
    if (a->kind == PT_ACTION_SCALE) b->factor[i] *= a->value;
    if (b->ramps && a->kind != PT_ACTION_SCALE) pt_ramps_act(b, s, a);
    b->slot[s].changed = 1;
    if (b->tangents && a->kind == PT_ACTION_PARAM) pt_tangents_set(b, s, a->index);
}

static void act_bolus(pt_block *b, int s, const pt_action *a)
{
    const pt_dose_port *port = &b->model->doses[a->index];
    *pt_at(b->x, port->state, s) += pt_slot_share(b, s, port) * a->value;
    if (b->tangents) pt_tangents_bolus(b, s, port, a->value);
    b->slot[s].jumped |= b->jumps[port->state];
}

static void act_infusion(pt_block *b, int s, const pt_action *a)
{
    double *rate = &b->rate[s * b->n_dose + a->index];
    const double sign = a->kind == PT_ACTION_INFUSION_ON ? 1 : -1;
    *rate += sign * a->value;
    /* what rounding leaves when the last infusion of a port ends */
    if (sign < 0 && *rate < 1e-12 * a->value) *rate = 0;
    b->slot[s].jumped |= b->stepped_inflow;
}

void pt_slot_initial(pt_block *b, int s)
{
    vec *x = b->scratch;
    b->model->functions->initial(b->model->self, pt_wides(b->p), pt_wides(x));
    for (int i = 0; i < b->n_state; i++) *pt_at(b->x, i, s) = pt_get(x, i, s);
    if (b->tangents) pt_tangents_initial(b, s);
    b->slot[s].jumped = 1;
}

/* A jump of the states by the model's own event; it is worked out in all lanes and taken by one. */
static void act_event(pt_block *b, int s, const pt_action *a)
{
    vec value[PT_WIDE], *x = b->scratch;
    for (int j = 0; j < PT_WIDE; j++) value[j] = v_set(a->value);
    if (b->tangents) pt_tangents_event(b, s, a->index, value);
    for (int i = 0; i < b->n_state * PT_WIDE; i++) x[i] = b->x[i];
    b->model->functions->event(b->model->self, a->index, pt_wides(value), pt_wides(b->origin), pt_wides(x),
                               pt_wides(b->p), pt_wides(b->c));
    for (int i = 0; i < b->n_state; i++) *pt_at(b->x, i, s) = pt_get(x, i, s);
    b->slot[s].jumped = 1;
}

void pt_slot_stop_infusions(pt_block *b, int s)
{
    for (int i = 0; i < b->n_dose; i++) b->rate[s * b->n_dose + i] = 0;
    b->slot[s].n_pending = 0;
}

/* Of the actions before the start, covariates hold and infusions run on; boluses are in the state. */
static void act_past(pt_block *b, int s)
{
    pt_slot *slot = &b->slot[s];
    for (; slot->next < slot->n_action && slot->actions[slot->next].time < slot->now; slot->next++) {
        const pt_action *a = slot->actions + slot->next;
        if (is_covariate(a)) act_covariate(b, s, a);
        if (a->kind == PT_ACTION_INFUSION_ON || a->kind == PT_ACTION_INFUSION_OFF) act_infusion(b, s, a);
        if (a->kind == PT_ACTION_RESET) pt_slot_stop_infusions(b, s);
    }
}

static int finite_lane(const vec *v, int n, int s)
{
    int bad = 0;
    for (int i = 0; i < n; i++) bad |= pt_get(v, i, s) - pt_get(v, i, s) != 0;
    return !bad;
}

static int set_params(pt_block *b, int s)
{
    const double *base = b->base + (int64_t)s * b->n_param, *factor = b->factor + (int64_t)s * b->n_param;
    if (b->may_wait) pt_waiting_flush(b, s);
    for (int i = 0; i < b->n_param; i++) *pt_at(b->p, i, s) = base[i] * factor[i];
    if (b->tangents) pt_tangents_params(b, s);
    if (b->ramps) pt_ramps_open(b, s);
    b->slot[s].jumped = 1;
    return finite_lane(b->p, b->n_param, s);
}

/* Covariates of the instant; then p, the initial state of a lane that begins, and whether all is finite. */
static void settle_covariates(pt_block *b, int s)
{
    pt_slot *slot = &b->slot[s];
    if (slot->status != PT_OK) return;
    if (b->tangents && pt_get(b->t, 0, s) > 0) pt_tangents_last(b, s, NULL);
    slot->now = slot->stop;
    *pt_at(b->t, 0, s) = 0;
    *pt_at(b->origin, 0, s) = slot->now;
    act_past(b, s);
    for (const pt_action *a; (a = due_action(slot)) && is_covariate(a); slot->next++) act_covariate(b, s, a);
    if (b->ramps) pt_ramps_advance(b, s, slot->now);
    int finite = slot->changed ? set_params(b, s) : 1;
    if (slot->blank) pt_slot_initial(b, s);
    slot->blank = 0;
    if (b->history && !slot->begun) pt_history_begin(b, s);
    finite = finite && finite_lane(b->x, b->n_state, s);
    if (!finite) pt_slot_fail(b, s, PT_NOT_FINITE);
    if (slot->status == PT_OK && !slot->begun) pt_slot_remember(b, s);
    slot->begun = 1;
    pt_slot_pending(b, s);
}

double pt_slot_due(const pt_block *b, int s)
{
    const pt_slot *slot = &b->slot[s];
    const pt_feed *feed = b->feed;
    if (!feed->first) return slot->out < feed->n_time ? feed->times[slot->out] : __builtin_inf();
    const pt_action *a = slot->actions + slot->next;
    return slot->next < slot->n_action && a->kind == PT_ACTION_OBSERVE ? a->time : __builtin_inf();
}

static int output_is_due(const pt_block *b, int s)
{
    return b->slot[s].status == PT_OK && pt_slot_due(b, s) <= b->slot[s].now;
}

void pt_slot_emit(pt_block *b, int s, const vec *x, const vec *y)
{
    const pt_feed *feed = b->feed;
    pt_slot *slot = &b->slot[s];
    const int64_t r = feed->first ? feed->first[slot->lane] + slot->actions[slot->next].index
                                  : slot->lane * feed->n_time + slot->out;
    double *row = feed->y + r * feed->n_out;
    for (int i = 0; i < feed->n_out; i++) {
        const int at = feed->outputs[i] - b->n_output;
        row[i] = at < 0 ? pt_get(y, feed->outputs[i], s) : pt_get(x, at, s);
        if (row[i] - row[i] != 0) {
            pt_slot_fail(b, s, PT_NOT_FINITE);
            return;
        }
    }
    if (b->tangents && !pt_tangents_emit(b, s, r)) {
        pt_slot_fail(b, s, PT_NOT_FINITE);
        return;
    }
    if (feed->first)
        slot->next++;
    else
        slot->out++;
}

/* Constants and the linear part, after parameters changed in some lane; those of the others come out the
 * same. */
static void refresh_constants(pt_block *b, const int *list, int n)
{
    int changed = 0;
    for (int k = 0; k < n; k++) {
        changed |= b->slot[list[k]].changed;
        b->slot[list[k]].changed = 0;
    }
    if (!changed) return;
    b->model->functions->constants(b->model->self, pt_wides(b->p), pt_wides(b->c));
    if (!b->model->n_linear) return;
    if (b->stiff) pt_stiff_refresh(b);
    vec *K = b->n_linear ? b->scratch : b->K;
    b->model->functions->linear(b->model->self, pt_wides(b->p), pt_wides(K));
    for (int j = 0; b->n_linear && j < PT_WIDE; j++)
        b->norm[j] = pt_linear_prepare(b->n_linear, K + j, b->coefficient + j);
}

static void settle_outputs(pt_block *b, const int *list, int n)
{
    int evaluated = 0;
    vec *y = b->scratch;
    for (int k = 0; k < n; k++) {
        while (output_is_due(b, list[k])) {
            if (!evaluated) pt_block_output(b, b->origin, b->x, y);
            if (!evaluated && b->tangents) pt_tangents_output(b, b->origin);
            evaluated = 1;
            pt_slot_emit(b, list[k], b->x, y);
        }
    }
}

/* In a schedule that is in order, covariates and observations between doses have their own turn. */
static int waits_for_its_turn(const pt_block *b, const pt_slot *slot, const pt_action *a)
{
    return slot->in_order && (is_covariate(a) || (b->feed->first && a->kind == PT_ACTION_OBSERVE));
}

static void act_dose(pt_block *b, int s, const pt_action *a)
{
    if (a->kind == PT_ACTION_RESET) {
        pt_slot_initial(b, s);
        pt_slot_stop_infusions(b, s);
        if (b->history) pt_history_begin(b, s);
    }
    if (a->kind == PT_ACTION_EVENT) act_event(b, s, a);
    if (a->kind == PT_ACTION_BOLUS) act_bolus(b, s, a);
    if (a->kind == PT_ACTION_INFUSION_OFF || a->kind == PT_ACTION_INFUSION_ON) act_infusion(b, s, a);
    if (a->kind == PT_ACTION_DOSE) pt_slot_dose(b, s, b->slot[s].doses + a->index);
    if (a->kind == PT_ACTION_STOP) b->slot[s].end = b->slot[s].now;
}

static void settle_doses(pt_block *b, int s)
{
    pt_slot *slot = &b->slot[s];
    for (const pt_action *a; slot->status == PT_OK && (a = due_action(slot)); slot->next++) {
        if (waits_for_its_turn(b, slot, a)) return;
        act_dose(b, s, a);
    }
}

void pt_slot_act(pt_block *b, int s, const pt_action *a)
{
    pt_action now = *a;
    now.time = b->slot[s].now;
    if (!is_covariate(a)) {
        act_dose(b, s, &now);
        return;
    }
    act_covariate(b, s, &now);
    if (!set_params(b, s)) pt_slot_fail(b, s, PT_NOT_FINITE);
    refresh_constants(b, &s, 1);
}

/* Inflows of a slot from its running infusions. */
void pt_slot_inflow(pt_block *b, int s)
{
    for (int i = 0; i < b->n_dose; i++) *pt_at(b->inflow, b->model->doses[i].state, s) = 0;
    for (int i = 0; i < b->n_dose; i++) {
        const pt_dose_port *port = &b->model->doses[i];
        *pt_at(b->inflow, port->state, s) += pt_slot_share(b, s, port) * b->rate[s * b->n_dose + i];
    }
    if (b->tangents) pt_tangents_inflow(b, s);
    pt_slot_add_infusions(b, s);
}

/* The time of the next action that ends an interval; observations do not. */
static double next_action(const pt_block *b, const pt_slot *slot)
{
    int64_t i = slot->next;
    while (b->feed->first && i < slot->n_action && slot->actions[i].kind == PT_ACTION_OBSERVE) i++;
    return i < slot->n_action ? slot->actions[i].time : __builtin_inf();
}

static double largest_step(const pt_block *b, int s)
{
    const double asked = b->options.step_max > 0 ? b->options.step_max : __builtin_inf();
    const double cap = b->history ? pt_history_cap(b, s) /* then nothing is linear */
                       : b->watch ? pt_watch_cap(b, s)
                                  : asked;
    return cap < asked ? cap : asked;
}

static void begin_interval(pt_block *b, int s)
{
    pt_slot *slot = &b->slot[s];
    const double action = next_action(b, slot), pending = pt_slot_next_pending(b, s);
    if (b->history) pt_history_open(b, s);
    if (slot->status != PT_OK) return;
    slot->stop = slot->end;
    if (action < slot->stop) slot->stop = action;
    if (pending < slot->stop) slot->stop = pending;
    if (b->watch && pt_watch_next(b, s) < slot->stop) slot->stop = pt_watch_next(b, s);
    if (b->history) slot->stop = pt_history_stop(b, s, slot->stop);
    *pt_at(b->cap, 0, s) = largest_step(b, s);
    *pt_at(b->length, 0, s) = slot->stop - slot->now;
    *pt_at(b->due, 0, s) = pt_slot_due(b, s) - slot->now;
    *pt_at(b->steps, 0, s) = 0;
    *pt_flag(b->arrived, s) = 0;
    *pt_flag(b->opening, s) = -1;
    pt_slot_inflow(b, s);
}

static void replace_lane(pt_block *b, int s)
{
    if (b->may_wait) pt_waiting_flush(b, s);
    b->feed->finish(b->feed->context, b, s);
    if (!b->empty && b->feed->take(b->feed->context, b, s)) return;
    b->empty = 1;
    b->n_live--;
    b->slot[s].lane = -1;
    *pt_flag(b->live, s) = *pt_flag(b->arrived, s) = 0;
}

static int list_arrived(pt_block *b, int *list)
{
    int n = 0;
    for (int s = 0; s < PT_N_SLOT; s++)
        if (*pt_flag(b->arrived, s)) list[n++] = s;
    return n;
}

/* Doses, and then the next interval or the next lane; a lane whose records go on at this instant stays. */
static void settle_rest(pt_block *b, int s)
{
    pt_slot *slot = &b->slot[s];
    if (b->watch && slot->status == PT_OK) pt_watch_fire(b, s);
    const int acts = slot->now < slot->end || b->feed->first;
    if (slot->status == PT_OK && acts) settle_doses(b, s);
    if (slot->status == PT_OK && acts && due_action(slot)) return;
    if (slot->status != PT_OK || slot->now >= slot->end)
        replace_lane(b, s);
    else
        begin_interval(b, s);
}

static void settle_arrived(pt_block *b)
{
    int list[PT_N_SLOT];
    const int n = list_arrived(b, list);
    for (int k = 0; k < n; k++) settle_covariates(b, list[k]);
    refresh_constants(b, list, n);
    if (b->model->mass) pt_stiff_settle(b, list, n);
    settle_outputs(b, list, n);
    for (int k = 0; k < n; k++) settle_rest(b, list[k]);
}

/* The flow of running infusions into the linear part. */
static void refresh_flow(pt_block *b)
{
    const int n = b->n_linear;
    vmask flowing = m_set(0);
    for (int i = 0; i < n * PT_WIDE; i++) flowing |= v_ne(b->inflow[i], v_set(0)) & b->live[i % PT_WIDE];
    b->flowing = m_any(flowing);
    for (int j = 0; b->flowing && j < PT_WIDE; j++)
        pt_linear_flow(n, b->coefficient + j, b->inflow + j, b->flow + j);
}

/* Algebraic states after the events of lanes that begin an interval. */
static void settle_algebraic(pt_block *b)
{
    int list[PT_N_SLOT], n = 0;
    for (int s = 0; s < PT_N_SLOT; s++)
        if (*pt_flag(b->opening, s)) list[n++] = s;
    pt_stiff_settle(b, list, n);
}

int pt_block_settle(pt_block *b)
{
    if (!pt_any(b->arrived)) return b->n_live > 0;
    do {
        while (pt_any(b->arrived)) settle_arrived(b);
    } while (b->watch && pt_watch_open(b));
    if (pt_any(b->opening)) {
        refresh_flow(b);
        if (b->model->mass) settle_algebraic(b);
        if (!b->paths) pt_block_open(b);
        for (int j = 0; j < PT_WIDE; j++) b->opening[j] = m_set(0);
    }
    return b->n_live > 0;
}
