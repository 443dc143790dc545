/* pt_steady_state and pt_periodic: each row alone, its work space one a thread. */
#include <math.h>
#include <string.h>

#include "ode/orbit.h"
#include "ode/trigger.h"

typedef struct {
    const pt_model *model;
    const pt_steady *call;
    pt_orbit **orbits; /* one a worker */
} steady_call;

static int all_finite(const double *a, int n)
{
    for (int i = 0; a && i < n; i++)
        if (!isfinite(a[i])) return 0;
    return 1;
}

static pt_status run_row(void *work, int worker, int64_t i)
{
    const steady_call *all = work;
    const pt_steady *call = all->call;
    const int nx = all->model->n_state, np = all->model->n_param, nd = all->model->n_dose;
    const double *p = call->params + i * np, *rate = call->rate ? call->rate + i * nd : NULL;
    double *x = call->x + i * nx;
    pt_model_initial(all->model, 1, p, x);
    if (call->x0) memcpy(x, call->x0 + i * nx, (size_t)nx * sizeof *x);
    call->residual[i] = INFINITY;
    pt_status status = PT_NOT_FINITE;
    if (all_finite(p, np) && all_finite(x, nx) && all_finite(rate, nd))
        status = call->schedule ? pt_orbit_periodic(all->orbits[worker], p, rate, call->schedule, call->start,
                                                    call->period, x, &call->residual[i])
                                : pt_orbit_rest(all->orbits[worker], p, rate, call->start, call->fixed, x,
                                                &call->residual[i]);
    call->status[i] = (int32_t)status;
    for (int k = 0; status != PT_OK && k < nx; k++) x[k] = NAN;
    return PT_OK;
}

static pt_status run(const pt_model *model, const pt_steady *call, const pt_ode_options *options,
                     const pt_control *control)
{
    const int n = control && control->n_threads > 1 ? control->n_threads : 1;
    steady_call all = {model, call, pt_alloc((size_t)n * sizeof *all.orbits)};
    pt_status status = all.orbits ? PT_OK : PT_NO_MEMORY;
    for (int i = 0; i < n && status == PT_OK; i++) status = pt_orbit_create(model, options, &all.orbits[i]);
    if (status == PT_OK) status = pt_parallel(call->n, control, run_row, &all);
    for (int i = 0; all.orbits && i < n; i++) pt_orbit_free(all.orbits[i]);
    pt_free(all.orbits);
    return status;
}

static pt_status check_options(const pt_ode_options *options)
{
    const int sound = options->rtol >= 1e-14 && options->atol > 0 && options->max_steps > 0;
    return sound ? PT_OK : PT_BAD_ARGUMENT;
}

pt_status pt_steady_state(const pt_model *model, const pt_steady *call, const pt_control *control)
{
    const pt_status status = check_options(&call->options);
    if (status != PT_OK) return status;
    if (!model->functions->tangent || call->schedule) return PT_UNSUPPORTED;
    return run(model, call, &call->options, control);
}

/* All within one period, and no dose that asks for a steady state of its own. */
static pt_status check_schedule(const pt_model *model, const pt_steady *call, int64_t *bad)
{
    const pt_schedule *schedule = call->schedule;
    pt_status status = pt_schedule_check_running(model, schedule, call->rate, bad);
    for (int64_t i = 0; status == PT_OK && i < schedule->n; i++) {
        const pt_action *a = &schedule->actions[i];
        const int inside = a->time >= call->start && a->time < call->start + call->period;
        const int steady = a->kind == PT_ACTION_DOSE && schedule->doses[a->index].steady;
        *bad = i;
        if (!inside || steady) status = PT_BAD_ARGUMENT;
    }
    if (status == PT_OK) *bad = -1;
    return status;
}

pt_status pt_periodic(const pt_model *model, const pt_steady *call, int64_t *bad, const pt_control *control)
{
    pt_ode_options options = call->options;
    *bad = -1;
    pt_status status = check_options(&options);
    if (status == PT_OK && !(call->schedule && call->period > 0 && isfinite(call->period + call->start)))
        status = PT_BAD_ARGUMENT;
    if (status == PT_OK && (model->n_delay || model->n_trigger || call->schedule->n_trigger))
        status = PT_UNSUPPORTED;
    if (status == PT_OK) status = check_schedule(model, call, bad);
    if (status != PT_OK) return status;
    options.need = (pt_need){0};
    pt_schedule_need(call->schedule, &options.need);
    options.need.steady = 0;
    return run(model, call, &options, control);
}
