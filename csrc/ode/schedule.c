/* Schedules: checked once before any lane follows them. */
#include <math.h>

#include "ode/trigger.h"

/* One parameter from t0 to t1, through actions [from, to). */
static void follow_param(const pt_schedule *schedule, int64_t from, int64_t to, double t0, double t1,
                         int32_t index, double *value)
{
    double slope = 0, at = t0;
    for (int64_t i = 0; i < to; i++) {
        const pt_action *a = &schedule->actions[i];
        const int sets = a->kind == PT_ACTION_PARAM, turns = a->kind == PT_ACTION_SLOPE;
        if (a->index != index || !(sets || turns)) continue;
        if (i >= from) {
            *value = sets ? a->value : *value + slope * (a->time - at);
            at = a->time;
        }
        slope = turns ? a->value : 0;
    }
    *value += slope * (t1 - at);
}

/* No SLOPE action of the same parameter stands before action i. */
static int is_first(const pt_schedule *schedule, int64_t i)
{
    for (int64_t k = 0; k < i; k++)
        if (schedule->actions[k].kind == PT_ACTION_SLOPE &&
            schedule->actions[k].index == schedule->actions[i].index)
            return 0;
    return 1;
}

void pt_schedule_params(const pt_schedule *schedule, int64_t from, int64_t to, double t0, double t1,
                        double *p)
{
    for (int64_t i = 0; i < to; i++) {
        const pt_action *a = &schedule->actions[i];
        if (a->kind == PT_ACTION_PARAM && i >= from) p[a->index] = a->value;
    }
    for (int64_t i = 0; i < to; i++) {
        const pt_action *a = &schedule->actions[i];
        if (a->kind == PT_ACTION_SLOPE && is_first(schedule, i))
            follow_param(schedule, from, to, t0, t1, a->index, &p[a->index]);
    }
}

static int64_t index_limit(const pt_model *model, const pt_schedule *schedule, int32_t kind)
{
    switch (kind) {
    case PT_ACTION_PARAM:
    case PT_ACTION_SCALE:
    case PT_ACTION_SLOPE:
        return pt_model_n_param(model);
    case PT_ACTION_RESET:
    case PT_ACTION_STOP:
    case PT_ACTION_OBSERVE:
        return INT32_MAX;
    case PT_ACTION_DOSE:
        return schedule->n_dose;
    case PT_ACTION_EVENT:
        return pt_model_n_event(model);
    case PT_ACTION_BOLUS:
    case PT_ACTION_INFUSION_ON:
    case PT_ACTION_INFUSION_OFF:
        return pt_model_n_dose(model);
    default:
        return 0;
    }
}

static pt_status check_dose(const pt_model *model, const pt_dose *dose)
{
    if (!isfinite(dose->amount) || !isfinite(dose->rate) || !isfinite(dose->interval)) return PT_NOT_FINITE;
    if (dose->port < 0 || dose->port >= pt_model_n_dose(model)) return PT_BAD_ARGUMENT;
    const pt_dose_port *port = pt_model_doses(model) + dose->port;
    const int rate_is_known =
        dose->rate >= 0 || (dose->rate == -1 && port->rate >= 0) || (dose->rate == -2 && port->duration >= 0);
    const int constant = dose->steady == 1 && dose->amount == 0 && (dose->rate > 0 || dose->rate == -1);
    const int repeats = dose->additional > 0 || (dose->steady && !constant);
    if (!(dose->amount >= 0) || !rate_is_known || dose->additional < 0) return PT_BAD_ARGUMENT;
    if (dose->steady < 0 || dose->steady > 2 || (dose->steady && dose->amount == 0 && !constant))
        return PT_BAD_ARGUMENT;
    return repeats && !(dose->interval > 0) ? PT_BAD_ARGUMENT : PT_OK;
}

pt_status pt_action_check(const pt_model *model, const pt_schedule *schedule, const pt_action *a)
{
    if (!isfinite(a->time) || !isfinite(a->value)) return PT_NOT_FINITE;
    if (a->index < 0 || a->index >= index_limit(model, schedule, a->kind)) return PT_BAD_ARGUMENT;
    return a->kind == PT_ACTION_DOSE ? check_dose(model, schedule->doses + a->index) : PT_OK;
}

static pt_status check_action(const pt_model *model, const pt_schedule *schedule, const pt_action *a,
                              const pt_action *last)
{
    const pt_status status = pt_action_check(model, schedule, a);
    if (status != PT_OK) return status;
    if (last && a->time < last->time) return PT_UNSORTED;
    if (last && !schedule->in_order && a->time == last->time && a->kind < last->kind) return PT_UNSORTED;
    return PT_OK;
}

/* The rate of a dose port just before action `end`, from `rate` on; a reset ends all infusions. */
static double running_rate(const pt_schedule *schedule, int64_t end, int32_t port, double rate)
{
    for (int64_t i = 0; i < end; i++) {
        const pt_action *a = &schedule->actions[i];
        if (a->kind == PT_ACTION_RESET) rate = 0;
        if (a->kind == PT_ACTION_INFUSION_ON && a->index == port) rate += a->value;
        if (a->kind == PT_ACTION_INFUSION_OFF && a->index == port) rate -= a->value;
    }
    return rate;
}

pt_status pt_schedule_check_running(const pt_model *model, const pt_schedule *schedule, const double *rate,
                                    int64_t *bad)
{
    for (int64_t i = 0; i < schedule->n; i++) {
        const pt_action *a = &schedule->actions[i];
        *bad = i;
        const pt_status status = check_action(model, schedule, a, i ? a - 1 : NULL);
        if (status != PT_OK) return status;
        if (a->kind != PT_ACTION_INFUSION_OFF) continue;
        const double running = running_rate(schedule, i, a->index, rate ? rate[a->index] : 0);
        if (running < a->value * (1 - 1e-9)) return PT_BAD_ARGUMENT;
    }
    return PT_OK;
}

pt_status pt_schedule_check(const pt_model *model, const pt_schedule *schedule, int64_t *bad)
{
    return pt_schedule_check_running(model, schedule, NULL, bad);
}

/* Room beside that for each dose row: infusions that overlap, and the past of a steady state. */
enum { ROOM = 32, MOST_ROWS = 512 };

/* What one action needs; whether it is a dose row. */
static int action_need(const pt_schedule *schedule, const pt_action *a, pt_need *need)
{
    if (a->kind == PT_ACTION_SLOPE) need->ramps = 1;
    if (a->kind != PT_ACTION_DOSE) return 0;
    const int known = a->index >= 0 && a->index < schedule->n_dose;
    if (known && schedule->doses[a->index].steady) need->steady = 1;
    return 1;
}

void pt_schedule_need(const pt_schedule *schedule, pt_need *need)
{
    int64_t rows = 0;
    for (int64_t i = 0; i < schedule->n; i++) rows += action_need(schedule, &schedule->actions[i], need);
    for (int64_t i = 0; i < schedule->n_trigger; i++)
        rows += action_need(schedule, &schedule->triggers[i].action, need);
    if (rows > MOST_ROWS) rows = MOST_ROWS;
    if (rows && rows + ROOM > need->n_pending) need->n_pending = rows + ROOM;
}
