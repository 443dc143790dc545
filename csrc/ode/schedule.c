/* Schedules: checked once before any lane follows them. */
#include <math.h>

#include "pytwin.h"

void pt_schedule_params(const pt_schedule *schedule, int64_t from, int64_t to, double *p)
{
    for (int64_t i = from; i < to; i++)
        if (schedule->actions[i].kind == PT_ACTION_PARAM)
            p[schedule->actions[i].index] = schedule->actions[i].value;
}

static int index_limit(const pt_model *model, int32_t kind)
{
    switch (kind) {
    case PT_ACTION_PARAM:
    case PT_ACTION_SCALE:
        return pt_model_n_param(model);
    case PT_ACTION_RESET:
        return INT32_MAX;
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

static pt_status check_action(const pt_model *model, const pt_action *a, const pt_action *last)
{
    if (!isfinite(a->time) || !isfinite(a->value)) return PT_NOT_FINITE;
    if (a->index < 0 || a->index >= index_limit(model, a->kind)) return PT_BAD_ARGUMENT;
    if (last && (a->time < last->time || (a->time == last->time && a->kind < last->kind))) return PT_UNSORTED;
    return PT_OK;
}

/* The rate of a dose port just before action `end`; a reset ends all infusions. */
static double running_rate(const pt_schedule *schedule, int64_t end, int32_t port)
{
    double rate = 0;
    for (int64_t i = 0; i < end; i++) {
        const pt_action *a = &schedule->actions[i];
        if (a->kind == PT_ACTION_RESET) rate = 0;
        if (a->kind == PT_ACTION_INFUSION_ON && a->index == port) rate += a->value;
        if (a->kind == PT_ACTION_INFUSION_OFF && a->index == port) rate -= a->value;
    }
    return rate;
}

pt_status pt_schedule_check(const pt_model *model, const pt_schedule *schedule, int64_t *bad)
{
    for (int64_t i = 0; i < schedule->n; i++) {
        const pt_action *a = &schedule->actions[i];
        *bad = i;
        const pt_status status = check_action(model, a, i ? a - 1 : NULL);
        if (status != PT_OK) return status;
        if (a->kind == PT_ACTION_INFUSION_OFF && running_rate(schedule, i, a->index) < a->value * (1 - 1e-9))
            return PT_BAD_ARGUMENT;
    }
    return PT_OK;
}
