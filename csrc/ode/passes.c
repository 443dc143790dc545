/* Sensitivities in a call of pt_simulate: directions cut into passes over the same lanes. */
#include "ode/noise.h"
#include "ode/sensitivity.h"

static int has_sensitivities(int method) { return !pt_method_has_noise(method); }

pt_status pt_tangents_check(const pt_model *model, const pt_simulation *call)
{
    if (call->n_direction == 0) return PT_OK;
    if (call->n_direction < 0 || !call->directions || !call->dy) return PT_BAD_ARGUMENT;
    if (call->options.sensitivity_error && call->n_direction > PT_MAX_DIRECTION) return PT_BAD_ARGUMENT;
    for (int q = 0; q < call->n_direction; q++)
        if (call->directions[q] < 0 || call->directions[q] >= model->n_param + model->n_state)
            return PT_BAD_ARGUMENT;
    if (model->n_delay || !model->functions->tangent) return PT_UNSUPPORTED;
    return has_sensitivities(call->options.method) ? PT_OK : PT_UNSUPPORTED;
}

int pt_tangents_pass(const pt_simulation *call)
{
    const int n = call->n_direction;
    if (n < 1) return 1;
    const int choose_steps = call->options.sensitivity_error && !pt_steps_are_fixed(&call->options);
    return n < PT_PASS_DIRECTIONS || choose_steps ? n : PT_PASS_DIRECTIONS;
}

void pt_tangents_choose(pt_block *b, int first, const pt_simulation *call)
{
    const int left = call->n_direction - first, pass = pt_tangents_pass(call);
    b->tangents->first = first;
    b->tangents->which = call->directions + first;
    b->tangents->n = left < pass ? left : pass;
}

void pt_tangents_finish(const pt_simulation *call, const pt_block *b, int s)
{
    const pt_slot *slot = &b->slot[s];
    const int64_t lane = slot->lane;
    const int fails = slot->status != PT_OK;
    const int first = b->tangents->first == 0;
    if (first || (fails && (call->status[lane] == PT_OK || slot->stop < call->stop[lane]))) {
        call->status[lane] = (int32_t)slot->status;
        call->stop[lane] = slot->stop;
        if (call->x_end) pt_slot_state(b, s, call->x_end + lane * b->n_state);
    }
    if (call->dx_end)
        pt_tangents_state(b, s, call->dx_end + lane * b->n_state * call->n_direction, call->n_direction);
}

static void fill_nan(double *a, int64_t n)
{
    for (int64_t i = 0; i < n; i++) a[i] = __builtin_nan("");
}

static void blank_rows(const pt_simulation *call, int64_t row, int64_t n)
{
    fill_nan(call->y + row * call->n_out, n * call->n_out);
    fill_nan(call->dy + row * call->n_out * call->n_direction, n * call->n_out * call->n_direction);
}

/* Observations behind the stop. */
static void blank_records(const pt_simulation *call, int64_t lane)
{
    const pt_schedule *plan = &call->plans[call->plan ? call->plan[lane] : 0];
    for (int64_t i = 0; i < plan->n; i++) {
        const pt_action *a = &plan->actions[i];
        if (a->kind == PT_ACTION_OBSERVE && !(a->time < call->stop[lane]))
            blank_rows(call, call->first[lane] + a->index, 1);
    }
}

static void blank_lane(const pt_model *model, const pt_simulation *call, int64_t lane)
{
    int64_t k = 0;
    const int fails =
        call->status[lane] != PT_OK; /* one that was stopped has given the outputs of that time */
    const double stop = call->stop[lane];
    while (k < call->n_time && (fails ? call->times[k] < stop : call->times[k] <= stop)) k++;
    const int64_t n_end = (int64_t)model->n_state * call->n_direction;
    blank_rows(call, lane * call->n_time + k, call->n_time - k);
    if (call->first) blank_records(call, lane);
    if (fails && call->dx_end) fill_nan(call->dx_end + lane * n_end, n_end);
}

void pt_tangents_blank(const pt_model *model, const pt_simulation *call, int64_t begin, int64_t end)
{
    for (int64_t lane = begin; lane < end; lane++) {
        const int stopped = call->n_time && call->stop[lane] < call->times[call->n_time - 1];
        if (call->status[lane] != PT_OK || stopped) blank_lane(model, call, lane);
    }
}
