/* The unscented filter of a model, one patient after another: propagate, observe, smooth. See kalman.h. */
#include "kalman/ukf.h"

#include <math.h>
#include <string.h>

#include "kalman/observe.h"
#include "kalman/scalar.h"

/* Smoothing trusts pivots above the larger of these: rounding, and the integrator's error in a variance. */
#define SMOOTH_FINEST 1e-9
#define SMOOTH_MARGIN 100.0

/* ---- points ---- */

/* Points of N(m, P); their number, or 0 when P is not a covariance. */
static int draw(const pt_ukf_call *call, pt_ukf_work *w)
{
    double known = fmax(PT_KNOWN_EXACTLY, call->options->ode.rtol);
    int rank =
        pt_sigma_factor(call->nz, call->nx % call->nz, w->m, known, w->P, PT_PIVOT_FILTER, w->L, w->pivot);
    if (rank < 0) return 0;
    return pt_sigma_draw(&call->rule, call->nz, rank, w->L, call->nx, w->lower, w->upper, w->m, w->P, w->X);
}

/* X -> states x and natural parameters p of each lane */
static void to_lanes(const pt_ukf_call *call, pt_ukf_work *w, int n_point)
{
    int nx = call->nx, nz = call->nz, np = call->np;
    for (int i = 0; i < n_point; i++) {
        memcpy(w->x + (size_t)i * nx, w->X + (size_t)i * nz, (size_t)nx * sizeof(double));
        memcpy(w->p + (size_t)i * np, w->base, (size_t)np * sizeof(double));
    }
    for (int k = 0; k < call->nt; k++)
        pt_scale_natural(call->in->scale[k], n_point, w->X + nx + k, nz, w->p + call->in->theta[k], np);
}

static int is_gaussian(const pt_ukf_call *call, const pt_ukf_work *w)
{
    for (int j = 0; j < call->nz; j++)
        if (!s_finite(w->m[j]) || !s_finite(w->P[j * call->nz + j])) return 0;
    return 1;
}

/* ---- time ---- */

static void copy(double *to, const double *from, int64_t n) { memcpy(to, from, (size_t)n * sizeof *to); }

/* The node where a step begins, or the run ends. */
static void record_node(pt_ukf_work *w, int64_t nz)
{
    copy(w->history.mean + w->history.count * nz, w->m, nz);
    copy(w->history.cov + w->history.count * nz * nz, w->P, nz * nz);
}

/* The points of a step, before and after it. */
static void record_points(pt_ukf_work *w, double *slots, int64_t n_point)
{
    int64_t nz = w->history.n;
    copy(slots + w->history.count * w->history.max_point * nz, w->X, n_point * nz);
    w->history.n_point[w->history.count] = (double)n_point;
}

static void record_prediction(pt_ukf_work *w, const double *drift, double span)
{
    int64_t nz = w->history.n, k = w->history.count++;
    copy(w->history.predicted_mean + k * nz, w->m, nz);
    copy(w->history.predicted_cov + k * nz * nz, w->P, nz * nz);
    for (int64_t j = 0; j < nz; j++) w->history.noise[k * nz + j] = drift[j] * span;
}

static pt_status propagate(const pt_ukf_call *call, const pt_ukf_patient *patient, pt_ukf_work *w,
                           int n_point, double t1)
{
    int nx = call->nx, nz = call->nz;
    int64_t from = w->next;
    double t0 = w->t;
    to_lanes(call, w, n_point);
    pt_status status =
        pt_propagate(call->model, w->propagator, n_point, w->t, t1, w->x, w->p, w->factor, w->rate, &w->given,
                     &patient->schedule, &w->next, w->lane_status, &call->options->ode);
    for (int i = 0; status == PT_OK && i < n_point; i++) status = (pt_status)w->lane_status[i];
    if (status != PT_OK) return status;
    pt_schedule_params(&patient->schedule, from, w->next, t0, t1, w->base);
    for (int i = 0; i < n_point; i++)
        memcpy(w->X + (size_t)i * nz, w->x + (size_t)i * nx, (size_t)nx * sizeof(double));
    return PT_OK;
}

/* z(t) -> z(t1): points, equations, moments, process noise */
static pt_status step(const pt_ukf_call *call, const pt_ukf_patient *patient, pt_ukf_work *w, double t1)
{
    int nz = call->nz;
    int n_point = draw(call, w);
    if (!n_point) return PT_NOT_POSITIVE_DEFINITE;
    if (w->recording) {
        record_node(w, nz);
        record_points(w, w->history.before, n_point);
    }
    pt_status status = propagate(call, patient, w, n_point, t1);
    if (status != PT_OK) return status;
    if (w->recording) record_points(w, w->history.after, n_point);
    pt_sigma_moments(&call->rule, nz, n_point, w->X, w->m, w->P, w->shift);
    for (int j = 0; j < nz; j++) w->P[j * nz + j] += patient->drift[j] * (t1 - w->t);
    if (w->recording) record_prediction(w, patient->drift, t1 - w->t);
    w->t = t1;
    return is_gaussian(call, w) ? PT_OK : PT_NOT_FINITE;
}

static int covariate_waits(const pt_ukf_patient *patient, const pt_ukf_work *w)
{
    if (w->next >= patient->schedule.n) return 0;
    const pt_action *action = patient->schedule.actions + w->next;
    return action->time <= w->t && action->kind <= PT_ACTION_SLOPE;
}

static pt_status advance(const pt_ukf_call *call, const pt_ukf_patient *patient, pt_ukf_work *w,
                         double target)
{
    double longest = pt_ukf_drifts(call, patient) ? call->options->noise_step : INFINITY;
    pt_status status = PT_OK;
    if (w->t == target && covariate_waits(patient, w)) status = step(call, patient, w, target);
    while (status == PT_OK && w->t < target) {
        double t1 = target - w->t > longest ? w->t + longest : target;
        status = step(call, patient, w, t1);
    }
    return status;
}

/* ---- observations ---- */

/* h (n_point): one output of the model at each point */
static void outputs(const pt_ukf_call *call, pt_ukf_work *w, int n_point, int output)
{
    to_lanes(call, w, n_point);
    for (int i = 0; i < n_point; i++) {
        w->times[i] = w->t;
        for (int j = 0; j < call->np; j++) w->p[(size_t)i * call->np + j] *= w->factor[j];
    }
    pt_model_output(call->model, n_point, w->times, w->x, w->p, w->y);
    for (int i = 0; i < n_point; i++) w->h[i] = w->y[(size_t)i * call->ny + output];
}

static void trace(const pt_ukf_call *call, const pt_ukf_work *w, int64_t row)
{
    int64_t nz = call->nz;
    if (call->out->filtered_mean)
        memcpy(call->out->filtered_mean + row * nz, w->m, (size_t)nz * sizeof(double));
    if (call->out->filtered_cov)
        memcpy(call->out->filtered_cov + row * nz * nz, w->P, (size_t)(nz * nz) * sizeof(double));
}

static pt_status observe(const pt_ukf_call *call, pt_ukf_work *w, const pt_observation *obs, int64_t row,
                         double *loglike)
{
    pt_forecast forecast;
    int n_point = draw(call, w);
    if (!n_point) return PT_NOT_POSITIVE_DEFINITE;
    outputs(call, w, n_point, obs->output);
    pt_status status =
        pt_observe_forecast(&call->rule, call->nz, n_point, w->X, obs, w->h, &forecast, w->gain);
    if (status != PT_OK) return status;
    call->out->predicted[row] = forecast.mean;
    call->out->predicted_var[row] = forecast.var;
    call->out->latent_var[row] = forecast.latent_var;
    int8_t use;
    pt_trust trust = {.gate = call->options->gate, .robust = call->options->robust};
    pt_observe_update(&call->rule, call->nz, n_point, w->X, w->h, obs, &forecast, w->gain, &trust, w->m, w->P,
                      loglike, &use);
    if (!is_gaussian(call, w) || !s_finite(*loglike)) return PT_NOT_FINITE;
    call->out->use[row] = use;
    trace(call, w, row);
    return PT_OK;
}

/* ---- a patient ---- */

static void fill(double *a, int64_t n, double value)
{
    for (int64_t i = 0; a && i < n; i++) a[i] = value;
}

/* NaN everywhere, so that nothing stale is read where the filter did not come. */
static void blank(const pt_ukf_call *call, const pt_ukf_patient *patient, int64_t i)
{
    pt_ukf_output *out = call->out;
    int64_t nz = call->nz, n = patient->n_obs, first = patient->first_obs;
    fill(out->mean + i * nz, nz, NAN);
    fill(out->cov + i * nz * nz, nz * nz, NAN);
    out->loglike[i] = out->failed_at[i] = NAN;
    double *scalars[] = {out->predicted, out->predicted_var, out->latent_var};
    for (int k = 0; k < 3; k++) fill(scalars[k] + first, n, NAN);
    double *vectors[] = {out->filtered_mean, out->smoothed_mean};
    double *matrices[] = {out->filtered_cov, out->smoothed_cov};
    for (int k = 0; k < 2; k++) {
        if (vectors[k]) fill(vectors[k] + first * nz, n * nz, NAN);
        if (matrices[k]) fill(matrices[k] + first * nz * nz, n * nz * nz, NAN);
    }
    for (int64_t k = 0; k < n; k++) out->use[first + k] = PT_OBS_NOT_REACHED;
}

/* What was given before the start: covariates hold, infusions run on, boluses are in the mean. */
static void catch_up(const pt_ukf_patient *patient, int n_dose, pt_ukf_work *w)
{
    const pt_schedule *schedule = &patient->schedule;
    for (; w->next < schedule->n && schedule->actions[w->next].time < patient->start; w->next++) {
        const pt_action *action = schedule->actions + w->next;
        switch ((pt_action_kind)action->kind) {
        case PT_ACTION_SCALE:
            w->factor[action->index] *= action->value;
            break;
        case PT_ACTION_RESET:
            fill(w->rate, n_dose, 0.0);
            break;
        case PT_ACTION_INFUSION_ON:
            w->rate[action->index] += action->value;
            break;
        case PT_ACTION_INFUSION_OFF:
            w->rate[action->index] -= action->value;
            break;
        default:
            break;
        }
    }
    pt_schedule_params(schedule, 0, w->next, patient->start, patient->start, w->base);
}

static void begin(const pt_ukf_call *call, const pt_ukf_patient *patient, pt_ukf_work *w)
{
    size_t nz = (size_t)call->nz;
    memcpy(w->m, patient->mean, nz * sizeof(double));
    memcpy(w->P, patient->cov, nz * nz * sizeof(double));
    memcpy(w->base, patient->params, (size_t)call->np * sizeof(double));
    fill(w->factor, call->np, 1.0);
    int n_dose = pt_model_n_dose(call->model);
    fill(w->rate, n_dose, 0.0);
    w->t = patient->start;
    w->given = nextafter(patient->start, -INFINITY);
    w->next = 0;
    catch_up(patient, n_dose, w);
    w->history.count = 0;
    w->history.rule = call->rule;
    w->history.known = fmax(PT_KNOWN_EXACTLY, call->options->ode.rtol);
    w->history.tolerance = fmax(SMOOTH_FINEST, SMOOTH_MARGIN * call->options->ode.rtol);
    w->recording = call->options->smooth && patient->n_obs > 0;
}

static pt_status smooth(const pt_ukf_call *call, const pt_ukf_patient *patient, pt_ukf_work *w)
{
    int64_t nz = call->nz;
    pt_status status = pt_smooth(&w->history, call->nx % call->nz, w->solve, w->pivot);
    if (status != PT_OK) return status;
    for (int64_t k = 0; k < patient->n_obs; k++) {
        int64_t row = patient->first_obs + k, node = w->node[k];
        memcpy(call->out->smoothed_mean + row * nz, w->history.mean + node * nz, (size_t)nz * sizeof(double));
        memcpy(call->out->smoothed_cov + row * nz * nz, w->history.cov + node * nz * nz,
               (size_t)(nz * nz) * sizeof(double));
    }
    return PT_OK;
}

static pt_status filter(const pt_ukf_call *call, const pt_ukf_patient *patient, pt_ukf_work *w,
                        double *loglike)
{
    pt_status status = PT_OK;
    for (int64_t k = 0; status == PT_OK && k < patient->n_obs; k++) {
        const pt_observation *obs = patient->observations + k;
        status = advance(call, patient, w, obs->time);
        w->node[k] = w->history.count;
        if (status == PT_OK) status = observe(call, w, obs, patient->first_obs + k, loglike);
    }
    if (status == PT_OK && w->recording) record_node(w, call->nz);
    w->recording = 0;
    if (status == PT_OK) status = advance(call, patient, w, patient->end);
    if (status == PT_OK && patient->n_obs > 0 && call->options->smooth) status = smooth(call, patient, w);
    return status;
}

static pt_status run_patient(void *context, int worker, int64_t i)
{
    const pt_ukf_call *call = context;
    pt_ukf_work *w = call->work + worker;
    pt_ukf_patient patient = pt_ukf_patient_at(call, i);
    size_t nz = (size_t)call->nz;
    double loglike = 0.0, at;
    blank(call, &patient, i);
    pt_status status = pt_ukf_check_patient(call, &patient, &at);
    if (status == PT_OK) {
        begin(call, &patient, w);
        status = filter(call, &patient, w, &loglike);
        at = w->t;
    }
    call->out->status[i] = status;
    if (status != PT_OK) {
        call->out->failed_at[i] = at;
        return PT_OK;
    }
    memcpy(call->out->mean + (size_t)i * nz, w->m, nz * sizeof(double));
    memcpy(call->out->cov + (size_t)i * nz * nz, w->P, nz * nz * sizeof(double));
    call->out->loglike[i] = loglike;
    return PT_OK;
}

/* ---- the call ---- */

static void measure(pt_ukf_call *call)
{
    for (int64_t i = 0; i < call->in->n_patient; i++) {
        pt_ukf_patient patient = pt_ukf_patient_at(call, i);
        int64_t steps = call->options->smooth ? pt_ukf_count_steps(call, &patient) : 0;
        if (steps > call->max_step) call->max_step = steps;
        if (patient.n_obs > call->max_obs) call->max_obs = patient.n_obs;
        pt_schedule_need(&patient.schedule, &call->need);
    }
}

static pt_status run(pt_ukf_call *call, const pt_control *control)
{
    int n_threads = control && control->n_threads > 1 ? control->n_threads : 1;
    call->work = pt_alloc((size_t)n_threads * sizeof *call->work);
    if (!call->work) return PT_NO_MEMORY;
    pt_status status = PT_OK;
    for (int k = 0; status == PT_OK && k < n_threads; k++) status = pt_ukf_work_create(call, call->work + k);
    if (status == PT_OK) status = pt_parallel(call->in->n_patient, control, run_patient, call);
    for (int k = 0; k < n_threads; k++) pt_ukf_work_free(call->work + k);
    pt_free(call->work);
    return status;
}

pt_status pt_ukf(const pt_model *model, const pt_ukf_input *input, const pt_ukf_options *options,
                 pt_ukf_output *output, const pt_control *control)
{
    pt_ukf_call call = {
        .model = model,
        .in = input,
        .options = options,
        .out = output,
        .nx = pt_model_n_state(model),
        .np = pt_model_n_param(model),
        .ny = pt_model_n_output(model),
        .nt = input->n_theta,
    };
    call.nz = call.nx + call.nt;
    call.max_point = 2 * call.nz + 1;
    pt_status status = pt_ukf_check_call(&call);
    if (status == PT_OK)
        status = pt_sigma_rule_make(call.nz, options->alpha, options->beta, options->kappa, &call.rule);
    if (status != PT_OK) return status;
    measure(&call);
    return run(&call, control);
}
