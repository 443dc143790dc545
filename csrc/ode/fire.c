/* What triggers do at an instant. */
#include "ode/sensitivity.h"
#include "ode/trigger.h"

#define ROUNDING 0x1p-52
#define INSTANT  1e-10 /* share of a lane's time that counts as none, for the limit of firings */

static double magnitude(double a) { return a < 0 ? -a : a; }

static pt_status check_trigger(const pt_model *model, const pt_trigger *trigger)
{
    const double numbers = trigger->threshold + trigger->action.time + trigger->refractory;
    if (numbers - numbers != 0) return PT_NOT_FINITE;
    if (trigger->output < 0 || trigger->output >= model->n_output) return PT_BAD_ARGUMENT;
    if (trigger->direction < -1 || trigger->direction > 1) return PT_BAD_ARGUMENT;
    if (trigger->action.time < 0 || trigger->refractory < 0) return PT_BAD_ARGUMENT;
    return PT_OK;
}

pt_status pt_triggers_check(const pt_model *model, const pt_schedule *schedule, int64_t *bad)
{
    if (model->n_trigger + schedule->n_trigger > PT_MAX_TRIGGER) return PT_BAD_SHAPE;
    for (int64_t i = 0; i < schedule->n_trigger; i++) {
        *bad = i;
        const pt_trigger *trigger = &schedule->triggers[i];
        pt_status status = check_trigger(model, trigger);
        if (status == PT_OK) status = pt_action_check(model, schedule, &trigger->action);
        if (status != PT_OK) return status;
    }
    return PT_OK;
}

void pt_watch_begin(pt_block *b, int s)
{
    pt_watch_slot *slot = &b->watch->slot[s];
    *slot = (pt_watch_slot){.sought = -1, .begin = b->slot[s].now, .anchor = b->slot[s].now};
    slot->n = b->model->n_trigger + (int)b->slot[s].n_trigger;
    for (int k = 0; k < slot->n; k++) slot->trigger[k].rest = -__builtin_inf();
    *pt_flag(b->watch->seeking, s) = *pt_flag(b->watch->cut, s) = 0;
}

void pt_watch_resume(pt_block *b, int s) { b->watch->slot[s].resumed = 1; }

double pt_watch_cap(const pt_block *b, int s)
{
    if (!b->watch->slot[s].n || !b->n_linear) return __builtin_inf();
    return 4 / pt_get(b->norm, 0, s); /* a sample in every time constant of the fastest part */
}

const pt_trigger *pt_watch_trigger(const pt_block *b, int s, int k)
{
    const int own = b->model->n_trigger;
    return k < own ? &b->model->triggers[k] : &b->slot[s].triggers[k - own];
}

double pt_watch_value(const pt_block *b, int s, int k, const vec *y)
{
    const pt_trigger *trigger = pt_watch_trigger(b, s, k);
    return pt_get(y, trigger->output, s) - trigger->threshold;
}

double pt_watch_noise(const pt_block *b, int s, int k, double g)
{
    const double threshold = pt_watch_trigger(b, s, k)->threshold;
    return 4 * ROUNDING * (magnitude(g + threshold) + magnitude(threshold));
}

int pt_watch_crosses(const pt_block *b, int s, int k, double side, double g, double noise)
{
    const int direction = pt_watch_trigger(b, s, k)->direction;
    if (side < 0 && g > noise && direction >= 0) return 1;
    if (side > 0 && g < -noise && direction <= 0) return -1;
    return 0;
}

static void record(pt_block *b, int s, int k)
{
    const pt_feed *feed = b->feed;
    const int64_t n = b->watch->slot[s].n_fired++, at = b->slot[s].lane * feed->n_kept + n;
    if (n >= feed->n_kept) return;
    if (feed->fired_time) feed->fired_time[at] = b->slot[s].now;
    if (feed->fired_trigger) feed->fired_trigger[at] = k;
}

void pt_watch_finish(const pt_block *b, int s)
{
    const pt_feed *feed = b->feed;
    const int64_t lane = b->slot[s].lane, n = b->watch->slot[s].n_fired;
    if (feed->n_fired) feed->n_fired[lane] = n;
    for (int64_t i = n; i < feed->n_kept; i++) {
        if (feed->fired_time) feed->fired_time[lane * feed->n_kept + i] = __builtin_nan("");
        if (feed->fired_trigger) feed->fired_trigger[lane * feed->n_kept + i] = -1;
    }
}

/* A lane that fires again and again while its time stands still, or as good as, fails. */
static void count(pt_block *b, int s)
{
    pt_watch_slot *slot = &b->watch->slot[s];
    const double now = b->slot[s].now;
    if (now - slot->anchor > INSTANT * (now - slot->begin)) {
        slot->anchor = now;
        slot->run = 0;
    }
    if (++slot->run > PT_TRIGGER_RUN) pt_slot_fail(b, s, PT_EVENT_LIMIT);
}

static void put_off(pt_block *b, int s, int k, double time)
{
    pt_watch_slot *slot = &b->watch->slot[s];
    if (slot->n_waiting == PT_TRIGGER_WAIT) {
        pt_slot_fail(b, s, PT_EVENT_LIMIT);
        return;
    }
    int i = slot->n_waiting++;
    for (; i > 0 && slot->waiting[i - 1].time > time; i--) {
        slot->waiting[i] = slot->waiting[i - 1];
        if (b->tangents) pt_tangents_copy(b, pt_tangents_waiting(b, s, i - 1), pt_tangents_waiting(b, s, i));
    }
    slot->waiting[i] = (pt_delayed){time, k};
    if (b->tangents) pt_tangents_copy(b, pt_tangents_crossing(b, k), pt_tangents_waiting(b, s, i));
}

double pt_watch_next(const pt_block *b, int s)
{
    const pt_watch_slot *slot = &b->watch->slot[s];
    return slot->n_waiting ? slot->waiting[0].time : __builtin_inf();
}

/* The action of trigger k, at an instant whose derivative is `due`; where the lane stops, its state is the
 * one at that instant. */
static void act(pt_block *b, int s, int k, const double *due)
{
    if (b->tangents) pt_tangents_enter(b, s, due);
    pt_slot_act(b, s, &pt_watch_trigger(b, s, k)->action);
    if (!b->tangents || pt_watch_trigger(b, s, k)->action.kind == PT_ACTION_STOP) return;
    pt_tangents_leave(b, s, due);
    pt_tangents_last(b, s, due);
}

static void act_delayed(pt_block *b, int s)
{
    pt_watch_slot *slot = &b->watch->slot[s];
    double due[PT_MAX_DIRECTION];
    while (pt_watch_next(b, s) <= b->slot[s].now && b->slot[s].status == PT_OK) {
        const int k = slot->waiting[0].trigger;
        slot->n_waiting--;
        if (b->tangents) pt_tangents_copy(b, pt_tangents_waiting(b, s, 0), due);
        for (int i = 0; i < slot->n_waiting; i++) {
            slot->waiting[i] = slot->waiting[i + 1];
            if (b->tangents)
                pt_tangents_copy(b, pt_tangents_waiting(b, s, i + 1), pt_tangents_waiting(b, s, i));
        }
        act(b, s, k, due);
    }
}

static void fire(pt_block *b, int s, int k)
{
    const pt_trigger *trigger = pt_watch_trigger(b, s, k);
    pt_trigger_state *state = &b->watch->slot[s].trigger[k];
    const double now = b->slot[s].now;
    state->side = -state->side;
    state->rest = trigger->once ? __builtin_inf() : now + trigger->refractory;
    record(b, s, k);
    count(b, s);
    if (b->slot[s].status != PT_OK) return;
    if (trigger->action.time > 0)
        put_off(b, s, k, now + trigger->action.time);
    else
        act(b, s, k, b->tangents ? pt_tangents_crossing(b, k) : NULL);
}

/* The trigger of the smallest priority, the first of these. */
static int next_of(const pt_block *b, int s, uint32_t fired)
{
    int best = -1;
    for (int k = 0; k < b->watch->slot[s].n; k++) {
        if (!(fired >> k & 1)) continue;
        if (best < 0 || pt_watch_trigger(b, s, k)->priority < pt_watch_trigger(b, s, best)->priority)
            best = k;
    }
    return best;
}

void pt_watch_fire(pt_block *b, int s)
{
    uint32_t fired = b->watch->slot[s].fired;
    if (b->tangents && fired && b->watch->slot[s].located) pt_tangents_cross(b, s, fired);
    if (b->tangents && fired && !b->watch->slot[s].located) pt_tangents_same(b, s, fired);
    b->watch->slot[s].fired = 0;
    b->watch->slot[s].located = 0;
    act_delayed(b, s);
    while (fired && b->slot[s].status == PT_OK) {
        const int k = next_of(b, s, fired);
        fired &= ~(1u << k);
        fire(b, s, k);
    }
}

/* Sides of a lane's triggers where its interval begins, and which of them an event took across. */
static uint32_t crossed(pt_block *b, int s, const vec *y)
{
    pt_watch_slot *slot = &b->watch->slot[s];
    uint32_t fired = 0;
    for (int k = 0; k < slot->n; k++) {
        pt_trigger_state *state = &slot->trigger[k];
        state->g = pt_watch_value(b, s, k, y);
        double noise = pt_watch_noise(b, s, k, state->g);
        if (noise < state->zone) noise = state->zone;
        if (b->slot[s].now >= state->rest && pt_watch_crosses(b, s, k, state->side, state->g, noise))
            fired |= 1u << k;
        else if (magnitude(state->g) > noise)
            state->side = state->g > 0 ? 1 : -1;
        else if (slot->resumed && state->side == 0)
            state->side = -pt_watch_trigger(b, s, k)->direction;
    }
    return fired;
}

int pt_watch_open(pt_block *b)
{
    vec *y = b->scratch;
    int any = 0, again = 0;
    for (int s = 0; s < PT_N_SLOT; s++) any |= *pt_flag(b->opening, s) && b->watch->slot[s].n;
    if (!any) return 0;
    pt_block_output(b, b->origin, b->x, y);
    for (int s = 0; s < PT_N_SLOT; s++) {
        pt_watch_slot *slot = &b->watch->slot[s];
        if (!*pt_flag(b->opening, s) || !slot->n) continue;
        slot->fired = crossed(b, s, y);
        if (!slot->fired) {
            for (int k = 0; k < slot->n; k++) slot->trigger[k].zone = 0;
            continue;
        }
        again = 1;
        b->slot[s].stop = b->slot[s].now;
        *pt_flag(b->arrived, s) = -1;
        *pt_flag(b->opening, s) = 0;
    }
    return again;
}
