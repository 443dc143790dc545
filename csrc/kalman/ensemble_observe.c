/* Observations of an ensemble: values with Gaussian errors of one instant together, others (censored, counts,
 * heavy tails) one after another behind them. */
#include <math.h>
#include <string.h>

#include "kalman/ensemble.h"
#include "kalman/observe.h"
#include "kalman/scalar.h"
#include "lanes/vec.h"

/* y (ny, row) of the members */
static void outputs(const pt_nonlinear_call *call, pt_nonlinear_work *w)
{
    pt_ensemble *e = w->own;
    if (e->flow) {
        pt_ensemble_parameters(call, w, e);
        pt_flow_output(e->flow, e->N, e->row, w->course.t, e->E, e->p, w->course.factor, e->y);
        return;
    }
    pt_ensemble_to_members(e, e->members);
    pt_nonlinear_outputs(call, w, e->N, e->members);
    for (int k = 0; k < call->ny; k++)
        for (int64_t c = 0; c < e->row; c++) e->y[k * e->row + c] = w->y[(c < e->N ? c : 0) * call->ny + k];
}

/* Members' outputs on the scale of the noise. */
static pt_status to_noise_scale(const pt_observation *obs, int64_t n, double *h)
{
    for (int64_t c = 0; obs->noise == PT_NOISE_LOG_ADDITIVE && c < n; c++) {
        if (!(h[c] > 0.0)) return PT_NOT_FINITE;
        h[c] = s_log(h[c]);
    }
    for (int64_t c = 0; obs->noise == PT_NOISE_POISSON && c < n; c++) h[c] *= obs->a;
    return PT_OK;
}

/* S = anomalies of one output on the scale of its noise, and what they say of the next measurement. */
static pt_status forecast(const pt_ensemble *e, const pt_observation *obs, double *S, pt_forecast *f)
{
    double sum, square;
    const double *h = e->y + obs->output * e->row;
    if (obs->noise == PT_NOISE_LOG_ADDITIVE || obs->noise == PT_NOISE_POISSON) {
        memcpy(S, h, (size_t)e->row * sizeof *S);
        const pt_status status = to_noise_scale(obs, e->row, S);
        if (status != PT_OK) return status;
        h = S;
    }
    pt_rows_outer(1, 1, e->row, h, e->row, e->one, e->row, &sum, 1);
    f->mean = sum / (double)e->N;
    for (int64_t c = 0; c < e->row; c++) S[c] = (h[c] - f->mean) * e->one[c];
    pt_rows_outer(1, 1, e->row, S, e->row, S, e->row, &square, 1);
    f->latent_var = square / (double)(e->N - 1);
    f->noise_var = pt_noise_variance(obs->noise, obs->a, obs->b, f->mean);
    f->var = f->latent_var + f->noise_var;
    if (!s_finite(f->var)) return PT_NOT_FINITE;
    const int no_count = obs->noise == PT_NOISE_POISSON && f->var == 0.0;
    return f->var > 0.0 || no_count ? PT_OK : PT_SINGULAR;
}

/* What an observation learned moves the mean and shrinks the variance as much as a value with another error:
 *   1 / (latent + error) = scale (2 - scale (latent + extra) / var) / var,
 *   innovation' = scale innovation (latent + error) / var.
 * Where it leaves the variance as it was or larger (between a prior and a heavy tail), members only shift:
 * the error is so large that their spread stays, and the mean still moves in full. 0: it says nothing. */
static int as_a_value(const pt_forecast *f, const pt_learned *l, double *innovation, double *error)
{
    *innovation = l->innovation;
    *error = l->extra;
    if (l->scale == 1.0 && l->extra == f->noise_var) return 1;
    if (!(f->latent_var > 0.0)) return 0;
    const double least = 1e-10 / f->var;
    double precision = l->scale * (2.0 - l->scale * (f->latent_var + l->extra) / f->var) / f->var;
    if (!(precision > least)) precision = least;
    *error = 1.0 / precision - f->latent_var;
    *innovation = l->scale * l->innovation / (f->var * precision);
    return *error > 0.0;
}

/* Is its density a Gaussian's, so that it can stand in the joint one? */
static int is_gaussian(const pt_nonlinear_call *call, const pt_observation *obs)
{
    return !obs->censor && obs->noise != PT_NOISE_POISSON && !(call->options->student > 0.0);
}

/* Appends one observation to S and v; *gained: what it adds to ln p outside the joint density. */
static pt_status take(const pt_nonlinear_call *call, pt_ensemble *e, const pt_observation *obs, int64_t row,
                      double *gained)
{
    const pt_nonlinear_options *o = call->options;
    const pt_trust trust = {.gate = o->gate, .robust = o->robust, .student = o->student};
    double *S = e->S + e->group * e->row, innovation, error;
    pt_forecast f;
    const pt_status status = forecast(e, obs, S, &f);
    if (status != PT_OK) return status;
    const pt_learned l = pt_observe_learn(obs, &f, &trust);
    call->out->predicted[row] = f.mean;
    call->out->predicted_var[row] = f.var;
    call->out->latent_var[row] = f.latent_var;
    call->out->use[row] = l.use;
    const int used = l.use == PT_OBS_USED || l.use == PT_OBS_DOWN_WEIGHTED, joint = is_gaussian(call, obs);
    if (used && !joint) *gained += l.loglike;
    if (!used || l.scale == 0.0 || !as_a_value(&f, &l, &innovation, &error)) return PT_OK;
    const double inverse = 1 / sqrt(error), share = inverse / sqrt((double)(e->N - 1));
    for (int64_t c = 0; c < e->row; c++) S[c] *= share;
    e->v[e->group] = innovation * inverse;
    e->output[e->group++] = obs->output;
    if (joint) *gained -= 0.5 * (PT_LN_2PI + s_log(error));
    return PT_OK;
}

/* E given S and v, with perturbations from row `used` of D on. */
static pt_status update(pt_ensemble *e, int64_t used, int joint, double *loglike)
{
    double log_det = 0, square = 0;
    if (!e->group) return PT_OK;
    if (used && e->variant == PT_ENSEMBLE_PERTURBED)
        memcpy(e->D, e->D + used * e->row, (size_t)(e->group * e->row) * sizeof *e->D);
    pt_ensemble_spread(e);
    const pt_status status = pt_ensemble_update(e, &log_det, &square);
    if (joint) *loglike -= 0.5 * (log_det + square);
    return status;
}

/* All observations of the instant; the number that moved the members, or a status. */
static pt_status learn(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                       int64_t n, int64_t row, double *loglike, int64_t *used)
{
    pt_ensemble *e = w->own;
    pt_status status = PT_OK;
    outputs(call, w);
    e->group = *used = 0;
    for (int64_t k = 0; status == PT_OK && k < n; k++)
        if (is_gaussian(call, obs + k)) status = take(call, e, obs + k, row + k, loglike);
    if (status == PT_OK) status = update(e, 0, 1, loglike);
    *used += e->group;
    for (int64_t k = 0; status == PT_OK && k < n; k++) {
        if (is_gaussian(call, obs + k)) continue;
        if (e->group) outputs(call, w);
        e->group = 0;
        status = take(call, e, obs + k, row + k, loglike);
        if (status == PT_OK) status = update(e, *used, 0, loglike);
        *used += e->group;
    }
    return status;
}

static int is_finite(const pt_ensemble *e)
{
    vec sum[PT_ROW / PT_W];
    for (int k = 0; k < PT_ROW / PT_W; k++) sum[k] = v_set(0);
    for (int64_t i = 0; i < e->nz * e->row; i += PT_ROW)
        for (int k = 0; k < PT_ROW / PT_W; k++) sum[k] = v_fma(v_set(0), v_load(e->E + i + k * PT_W), sum[k]);
    for (int k = 1; k < PT_ROW / PT_W; k++) sum[0] += sum[k];
    return m_all(v_eq(sum[0], v_set(0)));
}

/* Anomalies turned and multiplied, about the mean; known: mean and A are those of now. */
static void finish(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient, pt_nonlinear_work *w,
                   int known)
{
    pt_ensemble *e = w->own;
    if (!e->turns && e->inflation == 1) return;
    if (!known) pt_ensemble_spread(e);
    const double *A = e->A;
    if (e->turns) {
        pt_ensemble_normals(e, call->options->seed, PT_PURPOSE_ROTATION, patient->number, w->course.count,
                            e->N - 1, e->normals);
        pt_ensemble_rotation(e, e->normals, e->turn);
        pt_rows_multiply(e->nz, e->row, e->N, e->A, e->row, 1, e->turn, e->row, 0, e->E, e->row);
        A = e->E;
    }
    for (int64_t i = 0; i < e->nz; i++)
        for (int64_t c = 0; c < e->row; c++)
            e->E[i * e->row + c] = e->mean[i] + e->inflation * A[i * e->row + c];
}

/* Whether mean and A are those of now. */
static int trace(const pt_nonlinear_call *call, pt_nonlinear_work *w, int64_t n, int64_t row)
{
    pt_ensemble *e = w->own;
    if (!call->out->filtered_mean && !call->out->filtered_cov) return 0;
    if (call->out->filtered_cov)
        pt_ensemble_moments(call, w, w->m, w->P);
    else {
        pt_ensemble_spread(e);
        memcpy(w->m, e->mean, (size_t)e->nz * sizeof *w->m);
    }
    for (int64_t k = 0; k < n; k++) pt_nonlinear_trace(call, row + k, w->m, w->P);
    return 1;
}

pt_status pt_ensemble_observe(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                              pt_nonlinear_work *w, const pt_observation *obs, int64_t n, int64_t row,
                              double *loglike)
{
    pt_ensemble *e = w->own;
    int64_t used;
    for (int64_t k = 0; w->recording && k < n; k++)
        e->history.node[row + k - patient->first_obs] = e->history.count;
    if (e->variant == PT_ENSEMBLE_PERTURBED)
        pt_ensemble_normals(e, call->options->seed, PT_PURPOSE_MEASUREMENT, patient->number, w->course.count,
                            n, e->D);
    const pt_status status = learn(call, w, obs, n, row, loglike, &used);
    if (status != PT_OK) return status;
    if (used) pt_ensemble_clamp(call, w, 1);
    if (!is_finite(e) || !s_finite(*loglike)) return PT_NOT_FINITE;
    const int known = trace(call, w, n, row);
    if (used) finish(call, patient, w, known);
    if (e->row > e->N) pt_ensemble_fill(e);
    return PT_OK;
}
