/* What must hold before a patient is filtered; and how long the filter's walk is. */
#include <math.h>

#include "kalman/nonlinear.h"
#include "kalman/scalar.h"
#include "kalman/sigma.h"

int64_t pt_nonlinear_row_size(const pt_nonlinear_call *call)
{
    return pt_course_size(call) + call->method->state_size(call);
}

pt_nonlinear_patient pt_nonlinear_patient_at(const pt_nonlinear_call *call, int64_t i)
{
    const pt_nonlinear_input *in = call->in;
    int64_t nz = call->nv, a = in->action_offsets[i], o = in->obs_offsets[i];
    return (pt_nonlinear_patient){
        .number = in->patient ? in->patient[i] : i,
        .mean = in->mean ? in->mean + i * nz : NULL,
        .cov = in->cov ? in->cov + i * nz * nz : NULL,
        .n = call->nv,
        .params = in->params + i * call->np,
        .Q = in->Q + i * nz * nz,
        .state = in->state ? in->state + i * pt_nonlinear_row_size(call) : NULL,
        .start = in->start[i],
        .end = in->end[i],
        .schedule = {.actions = in->actions + a,
                     .n = in->action_offsets[i + 1] - a,
                     .doses = in->doses,
                     .n_dose = in->n_dose},
        .observations = in->observations + o,
        .n_obs = in->obs_offsets[i + 1] - o,
        .first_obs = o,
    };
}

double pt_nonlinear_begins(const pt_nonlinear_patient *patient)
{
    return patient->state ? patient->state[0] : patient->start;
}

int pt_nonlinear_has_noise(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient)
{
    (void)call;
    for (int j = 0; j < patient->n; j++)
        if (patient->Q[j * patient->n + j] > 0.0) return 1;
    return 0;
}

int64_t pt_nonlinear_count_steps(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient)
{
    if (patient->n_obs == 0) return 0;
    double span = patient->observations[patient->n_obs - 1].time - pt_nonlinear_begins(patient);
    int64_t steps = 2 * patient->n_obs + 1; /* twice: rounding may leave a last short step before each */
    if (span > 0.0 && s_finite(span) && pt_nonlinear_has_noise(call, patient))
        steps += (int64_t)(span / call->options->noise_step) + 1;
    return steps;
}

/* Squared, relative: what rounding leaves between a covariance and its root. */
#define ROOT_ERROR 1e-14

static int all_finite(int64_t n, const double *a)
{
    for (int64_t i = 0; i < n; i++)
        if (!s_finite(a[i])) return 0;
    return 1;
}

/* Does L L' give back P (n, n)? A pivot that vanishes says nothing of what stands beside it. */
static int is_root(int n, int rank, const double *P, const double *L)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < i; j++) {
            double v = P[i * n + j], size = P[i * n + i] * P[j * n + j];
            for (int k = 0; k < rank; k++) v -= L[i * n + k] * L[j * n + k];
            if (v * v > ROOT_ERROR * size) return 0;
        }
    return 1;
}

static pt_status check_process_noise(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                                     pt_nonlinear_work *w)
{
    int nz = call->nv;
    if (!all_finite((int64_t)nz * nz, patient->Q)) return PT_NOT_FINITE;
    for (int j = 0; j < nz; j++)
        if (patient->Q[j * nz + j] < 0.0) return PT_BAD_ARGUMENT;
    pt_status status = pt_sigma_check(nz, patient->Q);
    if (status != PT_OK) return status;
    for (int j = 0; j < nz; j++) w->m[j] = 0.0;
    int rank = pt_sigma_factor(nz, 0, w->m, 0.0, patient->Q, PT_PIVOT_FILTER, w->root, w->pivot);
    return rank < 0 || !is_root(nz, rank, patient->Q, w->root) ? PT_NOT_POSITIVE_DEFINITE : PT_OK;
}

/* A state's time, count and numbers; what a method makes of its own part is its affair. */
static pt_status check_state(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient)
{
    if (!all_finite(pt_nonlinear_row_size(call), patient->state)) return PT_NOT_FINITE;
    const double next = patient->state[2];
    if (!(next >= 0.0) || next > (double)patient->schedule.n) return PT_BAD_ARGUMENT;
    return PT_OK;
}

static pt_status check_prior(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient)
{
    int64_t nz = call->nv;
    if (patient->state) return check_state(call, patient);
    if (!patient->mean || !patient->cov) return PT_BAD_ARGUMENT;
    if (!all_finite(nz, patient->mean) || !all_finite(nz * nz, patient->cov)) return PT_NOT_FINITE;
    return pt_sigma_check((int)nz, patient->cov);
}

static pt_status check_start(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                             pt_nonlinear_work *w)
{
    if (!s_finite(patient->start) || !s_finite(patient->end)) return PT_NOT_FINITE;
    if (pt_nonlinear_begins(patient) > patient->end) return PT_UNSORTED;
    pt_status status = check_prior(call, patient);
    if (status != PT_OK) return status;
    if (!all_finite(call->np, patient->params)) return PT_NOT_FINITE;
    return check_process_noise(call, patient, w);
}

static int is_count(double value) { return value >= 0.0 && value == floor(value); }

static pt_status check_value(const pt_observation *obs)
{
    if (obs->value != obs->value) return PT_OK;
    if (isinf(obs->value)) return PT_NOT_FINITE;
    if (obs->noise == PT_NOISE_LOG_ADDITIVE && obs->value <= 0.0) return PT_BAD_ARGUMENT;
    if (obs->noise == PT_NOISE_POISSON && (obs->censor || !is_count(obs->value))) return PT_BAD_ARGUMENT;
    return PT_OK;
}

static pt_status check_noise(const pt_observation *obs)
{
    if (obs->noise < 0 || obs->noise >= PT_N_NOISE) return PT_BAD_ARGUMENT;
    if (!s_finite(obs->a) || !s_finite(obs->b) || obs->a < 0.0 || obs->b < 0.0) return PT_BAD_ARGUMENT;
    double size = obs->noise == PT_NOISE_PROPORTIONAL ? obs->b
                  : obs->noise == PT_NOISE_COMBINED   ? obs->a + obs->b
                                                      : obs->a;
    return size > 0.0 ? PT_OK : PT_BAD_ARGUMENT;
}

static pt_status check_observation(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                                   const pt_observation *obs, double previous)
{
    if (!s_finite(obs->time)) return PT_NOT_FINITE;
    if (obs->time < previous || obs->time > patient->end) return PT_UNSORTED;
    if (obs->output < 0 || obs->output >= call->ny) return PT_BAD_ARGUMENT;
    if (obs->censor < -1 || obs->censor > 1) return PT_BAD_ARGUMENT;
    pt_status status = check_noise(obs);
    return status == PT_OK ? check_value(obs) : status;
}

static int is_estimated(const pt_nonlinear_call *call, int32_t param)
{
    for (int k = 0; k < call->nt; k++)
        if (call->in->theta[k] == param) return 1;
    return 0;
}

/* A covariate can't overwrite what is being estimated. */
static pt_status check_actions(const pt_nonlinear_call *call, const pt_schedule *schedule, double *at)
{
    int64_t bad = 0;
    pt_status status = pt_schedule_check(call->model, schedule, &bad);
    for (int64_t k = 0; status == PT_OK && k < schedule->n; k++) {
        const pt_action *action = schedule->actions + k;
        const int sets = action->kind == PT_ACTION_PARAM || action->kind == PT_ACTION_SLOPE;
        if (!sets || !is_estimated(call, action->index)) continue;
        status = PT_BAD_ARGUMENT;
        bad = k;
    }
    if (status != PT_OK) *at = schedule->actions[bad].time;
    return status;
}

pt_status pt_nonlinear_check_patient(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                                     pt_nonlinear_work *w, double *at)
{
    *at = pt_nonlinear_begins(patient);
    pt_status status = check_start(call, patient, w);
    for (int64_t k = 0; status == PT_OK && k < patient->n_obs; k++) {
        const pt_observation *obs = patient->observations + k;
        status = check_observation(call, patient, obs, *at);
        *at = obs->time;
    }
    return status == PT_OK ? check_actions(call, &patient->schedule, at) : status;
}

static pt_status check_bounds(const pt_nonlinear_call *call)
{
    const double *lower = call->in->lower, *upper = call->in->upper;
    if (!lower && !upper) return PT_OK;
    if (!lower || !upper) return PT_BAD_ARGUMENT;
    for (int j = 0; j < call->nv; j++)
        if (!(lower[j] < upper[j])) return PT_BAD_ARGUMENT;
    return PT_OK;
}

pt_status pt_nonlinear_check_call(const pt_nonlinear_call *call)
{
    const pt_nonlinear_input *in = call->in;
    for (int k = 0; k < call->nt; k++) {
        if (in->theta[k] < 0 || in->theta[k] >= call->np) return PT_BAD_ARGUMENT;
        if (in->scale[k] < 0 || in->scale[k] >= PT_N_SCALE) return PT_BAD_ARGUMENT;
        for (int j = 0; j < k; j++)
            if (in->theta[j] == in->theta[k]) return PT_BAD_ARGUMENT;
    }
    const pt_nonlinear_options *options = call->options;
    if (!(options->noise_step > 0.0) || !(options->gate >= 0.0) || !(options->robust >= 0.0))
        return PT_BAD_ARGUMENT;
    if (!(options->student >= 0.0) || (options->student > 0.0 && options->robust > 0.0))
        return PT_BAD_ARGUMENT;
    return check_bounds(call);
}
