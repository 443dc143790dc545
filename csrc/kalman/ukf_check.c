/* What must hold before a patient is filtered; and how long the filter's walk is. */
#include <math.h>

#include "kalman/scalar.h"
#include "kalman/ukf.h"

pt_ukf_patient pt_ukf_patient_at(const pt_ukf_call *call, int64_t i)
{
    const pt_ukf_input *in = call->in;
    int64_t nz = call->nz, a = in->action_offsets[i], o = in->obs_offsets[i];
    return (pt_ukf_patient){
        .mean = in->mean + i * nz,
        .cov = in->cov + i * nz * nz,
        .params = in->params + i * call->np,
        .drift = in->drift + i * nz,
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

int pt_ukf_drifts(const pt_ukf_call *call, const pt_ukf_patient *patient)
{
    for (int j = 0; j < call->nz; j++)
        if (patient->drift[j] > 0.0) return 1;
    return 0;
}

int64_t pt_ukf_count_steps(const pt_ukf_call *call, const pt_ukf_patient *patient)
{
    if (patient->n_obs == 0) return 0;
    double span = patient->observations[patient->n_obs - 1].time - patient->start;
    int64_t steps = 2 * patient->n_obs + 1; /* twice: rounding may leave a last short step before each */
    if (span > 0.0 && s_finite(span) && pt_ukf_drifts(call, patient))
        steps += (int64_t)(span / call->options->noise_step) + 1;
    return steps;
}

static int all_finite(int64_t n, const double *a)
{
    for (int64_t i = 0; i < n; i++)
        if (!s_finite(a[i])) return 0;
    return 1;
}

static pt_status check_start(const pt_ukf_call *call, const pt_ukf_patient *patient)
{
    int64_t nz = call->nz;
    if (!s_finite(patient->start) || !s_finite(patient->end)) return PT_NOT_FINITE;
    if (patient->start > patient->end) return PT_UNSORTED;
    if (!all_finite(nz, patient->mean) || !all_finite(nz * nz, patient->cov)) return PT_NOT_FINITE;
    if (!all_finite(nz, patient->drift) || !all_finite(call->np, patient->params)) return PT_NOT_FINITE;
    for (int j = 0; j < nz; j++)
        if (patient->drift[j] < 0.0) return PT_BAD_ARGUMENT;
    return pt_sigma_check((int)nz, patient->cov);
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

static pt_status check_observation(const pt_ukf_call *call, const pt_ukf_patient *patient,
                                   const pt_observation *obs, double previous)
{
    if (!s_finite(obs->time)) return PT_NOT_FINITE;
    if (obs->time < previous || obs->time > patient->end) return PT_UNSORTED;
    if (obs->output < 0 || obs->output >= call->ny) return PT_BAD_ARGUMENT;
    if (obs->censor < -1 || obs->censor > 1) return PT_BAD_ARGUMENT;
    if (isinf(obs->value)) return PT_NOT_FINITE;
    if (obs->noise == PT_NOISE_LOG_ADDITIVE && obs->value <= 0.0) return PT_BAD_ARGUMENT;
    return check_noise(obs);
}

static int is_estimated(const pt_ukf_call *call, int32_t param)
{
    for (int k = 0; k < call->nt; k++)
        if (call->in->theta[k] == param) return 1;
    return 0;
}

/* A covariate can't overwrite what is being estimated. */
static pt_status check_actions(const pt_ukf_call *call, const pt_schedule *schedule, double *at)
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

pt_status pt_ukf_check_patient(const pt_ukf_call *call, const pt_ukf_patient *patient, double *at)
{
    *at = patient->start;
    pt_status status = check_start(call, patient);
    for (int64_t k = 0; status == PT_OK && k < patient->n_obs; k++) {
        const pt_observation *obs = patient->observations + k;
        status = check_observation(call, patient, obs, *at);
        *at = obs->time;
    }
    return status == PT_OK ? check_actions(call, &patient->schedule, at) : status;
}

pt_status pt_ukf_check_call(const pt_ukf_call *call)
{
    const pt_ukf_input *in = call->in;
    for (int k = 0; k < call->nt; k++) {
        if (in->theta[k] < 0 || in->theta[k] >= call->np) return PT_BAD_ARGUMENT;
        if (in->scale[k] < 0 || in->scale[k] >= PT_N_SCALE) return PT_BAD_ARGUMENT;
        for (int j = 0; j < k; j++)
            if (in->theta[j] == in->theta[k]) return PT_BAD_ARGUMENT;
    }
    const pt_ukf_options *options = call->options;
    if (!(options->noise_step > 0.0) || !(options->gate >= 0.0) || !(options->robust >= 0.0))
        return PT_BAD_ARGUMENT;
    return PT_OK;
}
