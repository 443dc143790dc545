/* The driver of the nonlinear filters: one patient after another along schedule and observations. See
 * kalman.h and nonlinear.h. */
#include "kalman/nonlinear.h"

#include <math.h>
#include <string.h>

#include "kalman/grid.h"
#include "kalman/scalar.h"

/* ---- time ---- */

static int covariate_waits(const pt_nonlinear_patient *patient, const pt_course *course)
{
    if (course->next >= patient->schedule.n) return 0;
    const pt_action *action = patient->schedule.actions + course->next;
    return action->time <= course->t && action->kind <= PT_ACTION_SLOPE;
}

static pt_status step(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                      pt_nonlinear_work *w, double t1)
{
    pt_status status = call->method->step(call, patient, w, t1);
    w->course.count++;
    return status;
}

static pt_status advance(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                         pt_nonlinear_work *w, double target)
{
    double longest = pt_nonlinear_has_noise(call, patient) ? call->options->noise_step : INFINITY;
    pt_status status = PT_OK;
    if (w->course.t == target && covariate_waits(patient, &w->course))
        status = step(call, patient, w, target);
    while (status == PT_OK && w->course.t < target) {
        double t1 = target - w->course.t > longest ? w->course.t + longest : target;
        status = step(call, patient, w, t1);
    }
    return status;
}

/* ---- a patient ---- */

static void fill(double *a, int64_t n, double value)
{
    for (int64_t i = 0; a && i < n; i++) a[i] = value;
}

/* NaN everywhere, so that nothing stale is read where the filter did not come. */
static void blank(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient, int64_t i)
{
    pt_nonlinear_output *out = call->out;
    int64_t nz = call->nv, n = patient->n_obs, first = patient->first_obs, size = pt_nonlinear_row_size(call);
    fill(out->mean + i * nz, nz, NAN);
    fill(out->cov + i * nz * nz, nz * nz, NAN);
    if (out->state) fill(out->state + i * size, size, NAN);
    out->loglike[i] = out->failed_at[i] = NAN;
    double *scalars[] = {out->predicted, out->predicted_var, out->latent_var};
    for (int k = 0; k < 3; k++) fill(scalars[k] + first, n, NAN);
    fill(out->effective ? out->effective + first : NULL, n, NAN);
    double *vectors[] = {out->filtered_mean, out->smoothed_mean};
    double *matrices[] = {out->filtered_cov, out->smoothed_cov};
    for (int k = 0; k < 2; k++) {
        if (vectors[k]) fill(vectors[k] + first * nz, n * nz, NAN);
        if (matrices[k]) fill(matrices[k] + first * nz * nz, n * nz * nz, NAN);
    }
    for (int64_t k = 0; k < n; k++) out->use[first + k] = PT_OBS_NOT_REACHED;
}

/* What was given before the start: covariates hold, infusions run on, boluses are in the mean. */
static void catch_up(const pt_nonlinear_patient *patient, int n_dose, pt_course *course)
{
    const pt_schedule *schedule = &patient->schedule;
    for (; course->next < schedule->n && schedule->actions[course->next].time < patient->start;
         course->next++) {
        const pt_action *action = schedule->actions + course->next;
        switch ((pt_action_kind)action->kind) {
        case PT_ACTION_SCALE:
            course->factor[action->index] *= action->value;
            break;
        case PT_ACTION_RESET:
            fill(course->rate, n_dose, 0.0);
            break;
        case PT_ACTION_INFUSION_ON:
            course->rate[action->index] += action->value;
            break;
        case PT_ACTION_INFUSION_OFF:
            course->rate[action->index] -= action->value;
            break;
        default:
            break;
        }
    }
    pt_schedule_params(schedule, 0, course->next, patient->start, patient->start, course->params);
}

pt_status pt_nonlinear_begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                             pt_nonlinear_work *w)
{
    pt_course *course = &w->course;
    w->rejected = 0;
    w->recording = call->options->smooth && patient->n_obs > 0;
    if (patient->state) {
        pt_course_load(call, patient->state, course);
        return call->method->begin(call, patient, w, patient->state + pt_course_size(call));
    }
    memcpy(course->params, patient->params, (size_t)call->np * sizeof(double));
    fill(course->factor, call->np, 1.0);
    fill(course->rate, call->n_dose, 0.0);
    course->t = patient->start;
    course->given = nextafter(patient->start, -INFINITY);
    course->next = course->count = 0;
    course->loglike = course->step = 0.0;
    catch_up(patient, call->n_dose, course);
    return call->method->begin(call, patient, w, NULL);
}

/* Observations from the kth on that share its time. */
static int64_t group_size(const pt_nonlinear_patient *patient, int64_t k)
{
    int64_t n = 1;
    while (k + n < patient->n_obs && patient->observations[k + n].time == patient->observations[k].time) n++;
    return n;
}

static void keep_state(const pt_nonlinear_call *call, const pt_nonlinear_work *w, int64_t i)
{
    if (!call->out->state) return;
    double *row = call->out->state + i * pt_nonlinear_row_size(call);
    pt_course_save(call, &w->course, row);
    call->method->save(call, w, row + pt_course_size(call));
}

static pt_status filter(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                        pt_nonlinear_work *w, int64_t i)
{
    pt_status status = PT_OK;
    for (int64_t k = 0, n; status == PT_OK && k < patient->n_obs; k += n) {
        const pt_observation *obs = patient->observations + k;
        n = group_size(patient, k);
        status = advance(call, patient, w, obs->time);
        if (status == PT_OK)
            status =
                call->method->observe(call, patient, w, obs, n, patient->first_obs + k, &w->course.loglike);
        w->course.count++;
    }
    if (status == PT_OK) keep_state(call, w, i);
    if (status == PT_OK && w->recording) status = call->method->smooth(call, patient, w);
    w->recording = 0;
    return status == PT_OK ? advance(call, patient, w, patient->end) : status;
}

static pt_status run_patient(void *context, int worker, int64_t i)
{
    const pt_nonlinear_call *call = context;
    pt_nonlinear_work *w = call->work + worker;
    pt_nonlinear_patient patient = pt_nonlinear_patient_at(call, i);
    const int64_t nv = call->nv;
    double at;
    blank(call, &patient, i);
    w->rejected = 0;
    pt_status status = pt_nonlinear_check_patient(call, &patient, w, &at);
    if (status == PT_OK) {
        pt_past_widen_patient(call, w, &patient);
        status = pt_nonlinear_begin(call, &patient, w);
        if (status == PT_OK) status = filter(call, &patient, w, i);
        at = w->course.t;
    }
    call->out->status[i] = status;
    call->out->rejected[i] = w->rejected;
    if (status != PT_OK) {
        call->out->failed_at[i] = at;
        return status == PT_NO_MEMORY ? status : PT_OK;
    }
    call->method->moments(call, w, w->m, w->P);
    pt_nonlinear_show(call, w->m, w->P, call->out->mean + i * nv, call->out->cov + i * nv * nv);
    call->out->loglike[i] = w->course.loglike;
    return PT_OK;
}

/* ---- the call ---- */

static void measure(pt_nonlinear_call *call)
{
    for (int64_t i = 0; i < call->in->n_patient; i++) {
        pt_nonlinear_patient patient = pt_nonlinear_patient_at(call, i);
        int64_t steps = call->options->smooth ? pt_nonlinear_count_steps(call, &patient) : 0;
        if (steps > call->max_step) call->max_step = steps;
        if (patient.n_obs > call->max_obs) call->max_obs = patient.n_obs;
        pt_schedule_need(&patient.schedule, &call->need);
    }
    call->max_lane = call->method->lanes(call);
}

/* Patients PT_GRID_LANES at a time, and one by one those that were left. */
static pt_status run_block(void *context, int worker, int64_t block)
{
    const pt_nonlinear_call *call = context;
    const int64_t first = block * PT_GRID_LANES, rest = call->in->n_patient - first;
    int64_t left[PT_GRID_LANES];
    const int n_left = pt_grid_run(call->grid[worker], call->work + worker, first,
                                   rest < PT_GRID_LANES ? (int)rest : PT_GRID_LANES, left);
    pt_status status = PT_OK;
    for (int k = 0; status == PT_OK && k < n_left; k++) status = run_patient(context, worker, left[k]);
    return status;
}

static pt_status run_all(pt_nonlinear_call *call, const pt_control *control)
{
    if (!call->grid[0]) return pt_parallel(call->in->n_patient, control, run_patient, call);
    const int64_t blocks = (call->in->n_patient + PT_GRID_LANES - 1) / PT_GRID_LANES;
    return pt_parallel(blocks, control, run_block, call);
}

static pt_status run(pt_nonlinear_call *call, const pt_control *control)
{
    const int n_threads = control && control->n_threads > 1 ? control->n_threads : 1;
    call->work = pt_alloc((size_t)n_threads * sizeof *call->work);
    call->grid = pt_alloc((size_t)n_threads * sizeof *call->grid);
    pt_status status = call->work && call->grid ? PT_OK : PT_NO_MEMORY;
    for (int k = 0; status == PT_OK && k < n_threads; k++)
        status = pt_nonlinear_work_create(call, call->work + k);
    for (int k = 0; status == PT_OK && k < n_threads; k++) status = pt_grid_create(call, call->grid + k);
    if (status == PT_OK) status = run_all(call, control);
    for (int k = 0; call->work && k < n_threads; k++) pt_nonlinear_work_free(call, call->work + k);
    for (int k = 0; call->grid && k < n_threads; k++) pt_grid_free(call->grid[k]);
    pt_free(call->work);
    pt_free(call->grid);
    return status;
}

/* The sizes that follow from the model; BAD_ARGUMENT where the method has no such name. */
static pt_status open_call(const pt_model *model, const pt_nonlinear_input *input,
                           const pt_nonlinear_options *options, pt_nonlinear_call *call)
{
    *call = (pt_nonlinear_call){
        .model = model,
        .in = input,
        .options = options,
        .nx = pt_model_n_state(model),
        .np = pt_model_n_param(model),
        .ny = pt_model_n_output(model),
        .n_dose = pt_model_n_dose(model),
        .nt = input->n_theta,
    };
    const pt_status measured = pt_past_measure(call);
    if (measured != PT_OK) return measured;
    call->method = options->method ? pt_nonlinear_find(options->method, &call->variant) : NULL;
    if (!call->method) return PT_BAD_ARGUMENT;
    pt_status status = pt_nonlinear_check_call(call);
    if (status == PT_OK) status = call->method->check(call);
    return status == PT_OK && options->smooth && !call->method->smooth ? PT_UNSUPPORTED : status;
}

pt_status pt_nonlinear_state_size(const pt_model *model, const pt_nonlinear_input *input,
                                  const pt_nonlinear_options *options, int64_t *size)
{
    pt_nonlinear_call call;
    pt_status status = open_call(model, input, options, &call);
    *size = status == PT_OK ? pt_nonlinear_row_size(&call) : 0;
    return status;
}

pt_status pt_nonlinear(const pt_model *model, const pt_nonlinear_input *input,
                       const pt_nonlinear_options *options, pt_nonlinear_output *output,
                       const pt_control *control)
{
    pt_nonlinear_call call;
    pt_status status = open_call(model, input, options, &call);
    if (status != PT_OK) return status;
    call.out = output;
    pt_nonlinear_input wide = *input;
    pt_nonlinear_options wide_options = *options;
    double *block;
    status = pt_past_widen_input(&call, &wide, &wide_options, &block);
    if (status == PT_OK) {
        measure(&call);
        status = run(&call, control);
    }
    pt_free(block);
    return status;
}
