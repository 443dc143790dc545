/* The list of what waits in a slot, and how a dose enters. */
#include "ode/pending.h"

#include "ode/block.h"
#include "ode/sensitivity.h"

static pt_pending *list_of(const pt_block *b, int s) { return b->pending + s * b->options.need.n_pending; }

static int push(pt_block *b, int s, pt_pending entry)
{
    pt_slot *slot = &b->slot[s];
    if (slot->n_pending < b->options.need.n_pending) {
        list_of(b, s)[slot->n_pending++] = entry;
        return 1;
    }
    pt_slot_fail(b, s, PT_TOO_MANY_PENDING);
    return 0;
}

static void drop(pt_block *b, int s, int64_t i)
{
    pt_pending *list = list_of(b, s);
    b->slot[s].n_pending--;
    for (; i < b->slot[s].n_pending; i++) {
        list[i] = list[i + 1];
        if (b->tangents) pt_tangents_move(b, s, i + 1, i);
    }
}

/* The entry that acts first, of two at one instant the older; -1: none */
static int64_t earliest(const pt_block *b, int s)
{
    const pt_pending *list = list_of(b, s);
    int64_t best = -1;
    for (int64_t i = 0; i < b->slot[s].n_pending; i++)
        if (best < 0 || list[i].time < list[best].time) best = i;
    return best;
}

double pt_slot_next_pending(const pt_block *b, int s)
{
    const int64_t i = earliest(b, s);
    return i < 0 ? __builtin_inf() : list_of(b, s)[i].time;
}

double pt_slot_share(const pt_block *b, int s, const pt_dose_port *port)
{
    return port->factor * (port->bioavailability < 0 ? 1 : pt_get(b->p, port->bioavailability, s));
}

/* ---- one dose ---- */

/* How a dose enters: at `rate` for `length`; length 0: at once. */
typedef struct {
    double rate, length;
} course;

static double parameter(const pt_block *b, int s, int index, double otherwise)
{
    return index < 0 ? otherwise : pt_get(b->p, index, s);
}

/* A rate or duration that is not positive fails the lane. */
static course course_of(pt_block *b, int s, const pt_dose *dose)
{
    const pt_dose_port *port = &b->model->doses[dose->port];
    const double amount = dose->amount * parameter(b, s, port->bioavailability, 1);
    course c = {0, 0};
    if (dose->rate == 0) return c;
    if (dose->rate == -2) {
        c.length = parameter(b, s, port->duration, 0);
        c.rate = amount / c.length;
    } else {
        c.rate = dose->rate == -1 ? parameter(b, s, port->rate, 0) : dose->rate;
        c.length = amount / c.rate;
    }
    const int sound = c.length >= 0 && c.length < __builtin_inf() && c.rate >= 0 && c.rate < __builtin_inf();
    if (!sound) {
        pt_slot_fail(b, s, PT_BAD_ARGUMENT);
        c = (course){0, 0};
    }
    return c;
}

/* The lag of a dose; a negative one fails the lane. */
static double lag_of(pt_block *b, int s, const pt_dose *dose)
{
    const double lag = parameter(b, s, b->model->doses[dose->port].lag, 0);
    if (lag >= 0) return lag;
    pt_slot_fail(b, s, PT_BAD_ARGUMENT);
    return 0;
}

static void push_end(pt_block *b, int s, const pt_dose *dose, course c, double start, int past)
{
    if (!push(b, s, (pt_pending){.time = start + c.length, .rate = c.rate, .port = dose->port})) return;
    if (b->tangents) pt_tangents_end(b, s, b->slot[s].n_pending - 1, dose, c.rate, c.length, past);
    b->slot[s].jumped |= b->stepped_inflow;
}

/* The dose enters at `time`, which is the slot's instant. */
static void enter(pt_block *b, int s, const pt_dose *dose, double time)
{
    const pt_dose_port *port = &b->model->doses[dose->port];
    const course c = course_of(b, s, dose);
    if (c.length > 0) {
        push_end(b, s, dose, c, time, 0);
        return;
    }
    *pt_at(b->x, port->state, s) += pt_slot_share(b, s, port) * dose->amount;
    if (b->tangents) pt_tangents_bolus(b, s, port, dose->amount);
    b->slot[s].jumped |= b->jumps[port->state];
}

static double time_of(const pt_pending *e)
{
    return (e->first + (double)e->next * e->dose->interval) + e->lag;
}

/* Doses next, ..., last of a record. */
static void push_series(pt_block *b, int s, const pt_dose *dose, double record, double lag, int64_t next,
                        int64_t last)
{
    pt_pending e = {.dose = dose, .first = record, .lag = lag, .next = next, .last = last};
    e.time = time_of(&e);
    if (next > last || !push(b, s, e)) return;
    if (b->tangents) pt_tangents_series(b, s, b->slot[s].n_pending - 1, dose->port);
}

static void act_entry(pt_block *b, int s, int64_t i)
{
    pt_pending *e = &list_of(b, s)[i];
    const pt_pending now = *e;
    if (now.dose && now.next < now.last) {
        e->next++;
        e->time = time_of(e);
    } else {
        drop(b, s, i);
    }
    if (now.dose)
        enter(b, s, now.dose, now.time);
    else
        b->slot[s].jumped |= b->stepped_inflow;
}

static void act(pt_block *b, int s, int64_t i)
{
    double due[PT_MAX_DIRECTION];
    if (!b->tangents) {
        act_entry(b, s, i);
        return;
    }
    pt_tangents_copy(b, pt_tangents_due(b, s, i), due);
    pt_tangents_enter(b, s, due);
    act_entry(b, s, i);
    pt_tangents_leave(b, s, due);
    pt_tangents_last(b, s, due);
}

void pt_slot_pending(pt_block *b, int s)
{
    pt_slot *slot = &b->slot[s];
    while (slot->n_pending && slot->status == PT_OK) {
        const int64_t i = earliest(b, s);
        if (list_of(b, s)[i].time > slot->now) return;
        act(b, s, i);
    }
}

void pt_slot_add_infusions(pt_block *b, int s)
{
    const pt_pending *list = list_of(b, s);
    for (int64_t i = 0; i < b->slot[s].n_pending; i++) {
        const pt_dose_port *port = &b->model->doses[list[i].port];
        if (list[i].dose) continue;
        *pt_at(b->inflow, port->state, s) += port->factor * list[i].rate;
        if (b->tangents) pt_tangents_infusion(b, s, i, port);
    }
}

/* ---- records ---- */

/* Without a lag; but the lag may be a direction. */
static void enter_at_once(pt_block *b, int s, const pt_dose *dose)
{
    double due[PT_MAX_DIRECTION];
    if (b->tangents) {
        pt_tangents_lag(b, s, dose->port, due);
        pt_tangents_enter(b, s, due);
    }
    enter(b, s, dose, b->slot[s].now);
    if (b->tangents) pt_tangents_leave(b, s, due);
}

void pt_slot_dose(pt_block *b, int s, const pt_dose *dose)
{
    pt_slot *slot = &b->slot[s];
    if (dose->steady) pt_slot_steady(b, s, dose);
    if (slot->status != PT_OK || (dose->steady && dose->amount == 0)) return;
    const double lag = lag_of(b, s, dose);
    if (slot->status != PT_OK) return;
    if (lag == 0) enter_at_once(b, s, dose);
    push_series(b, s, dose, slot->now, lag, lag == 0, dose->additional);
    pt_slot_pending(b, s);
}

/* What doses 0, ..., last of a record still have to do after `given`: infusions that run, and the series. */
static void remember(pt_block *b, int s, const pt_dose *dose, int64_t last, double record, double given)
{
    const double lag = lag_of(b, s, dose);
    const course c = course_of(b, s, dose);
    for (int64_t j = 0; j <= last && b->slot[s].status == PT_OK; j++) {
        const double start = (record + (double)j * dose->interval) + lag;
        if (start > given) {
            push_series(b, s, dose, record, lag, j, last);
            return;
        }
        if (c.length > 0 && start + c.length > given) push_end(b, s, dose, c, start, 1);
    }
}

/* A record at time - j period, j = 1, 2, ..., as far back as it still matters. */
static void remember_all(pt_block *b, int s, const pt_dose *dose, int64_t last, double time, double period,
                         double given)
{
    const double lag = lag_of(b, s, dose), length = course_of(b, s, dose).length;
    const double span = (double)last * dose->interval + lag + length;
    for (int64_t j = 1; b->slot[s].status == PT_OK; j++) {
        const double record = time - (double)j * period;
        if (!(record + span > given)) return;
        remember(b, s, dose, last, record, given);
    }
}

void pt_slot_remember_past(pt_block *b, int s, const pt_dose *dose)
{
    const double now = b->slot[s].now;
    remember_all(b, s, dose, 0, now, dose->interval, now);
}

/* Actions before the last reset, or before a dose that dropped all, no longer matter. */
static int64_t first_that_counts(const pt_slot *slot)
{
    for (int64_t i = slot->next - 1; i >= 0; i--) {
        const pt_action *a = slot->actions + i;
        if (a->kind == PT_ACTION_RESET) return i + 1;
        if (a->kind == PT_ACTION_DOSE && slot->doses[a->index].steady == 1) return i;
    }
    return 0;
}

static void remember_action(pt_block *b, int s, const pt_action *a)
{
    const pt_slot *slot = &b->slot[s];
    const pt_dose *dose = slot->doses + a->index;
    if (dose->steady && dose->amount == 0) return;
    if (dose->steady) remember_all(b, s, dose, 0, a->time, dose->interval, slot->given);
    remember(b, s, dose, dose->additional, a->time, slot->given);
}

void pt_slot_remember(pt_block *b, int s)
{
    const pt_slot *slot = &b->slot[s];
    if (!slot->doses) return;
    for (int64_t i = first_that_counts(slot); i < slot->next; i++)
        if (slot->actions[i].kind == PT_ACTION_DOSE) remember_action(b, s, slot->actions + i);
    for (int64_t i = 0; slot->period > 0 && i < slot->n_action; i++) {
        const pt_action *a = slot->actions + i;
        if (a->kind == PT_ACTION_DOSE)
            remember_all(b, s, slot->doses + a->index, slot->doses[a->index].additional, a->time,
                         slot->period, slot->given);
    }
}
