/* One observation of a cloud of particles. See particle.h. */
#include <math.h>

#include "kalman/density.h"
#include "kalman/observe.h"
#include "kalman/particle.h"
#include "kalman/scalar.h"

/* h of each particle on the noise scale; NaN where it has none */
static void to_noise_scale(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs)
{
    pt_particles *c = w->own;
    for (int64_t i = 0; i < c->cloud.n; i++) {
        const double h = w->y[i * call->ny + obs->output];
        c->h[i] = h;
        if (obs->noise == PT_NOISE_POISSON) c->h[i] = obs->a * h;
        if (obs->noise == PT_NOISE_LOG_ADDITIVE) c->h[i] = h > 0.0 ? s_log(h) : NAN;
    }
}

static pt_status forecast_of(const pt_particles *c, const pt_observation *obs, pt_forecast *f)
{
    double mass = 0.0, sum = 0.0, square = 0.0;
    for (int64_t i = 0; i < c->cloud.n; i++) {
        if (!(c->cloud.w[i] > 0.0) || !s_finite(c->h[i])) continue;
        mass += c->cloud.w[i];
        sum += c->cloud.w[i] * c->h[i];
    }
    if (!(mass > 0.0)) return PT_NOT_FINITE;
    f->mean = sum / mass;
    for (int64_t i = 0; i < c->cloud.n; i++)
        if (c->cloud.w[i] > 0.0 && s_finite(c->h[i]))
            square += c->cloud.w[i] * (c->h[i] - f->mean) * (c->h[i] - f->mean);
    f->latent_var = square / mass;
    f->noise_var = pt_noise_variance(obs->noise, obs->a, obs->b, f->mean);
    f->var = f->latent_var + f->noise_var;
    return PT_OK;
}

/* What the weighted forecast makes of the observation: use, and by how much its variance grows. */
static int8_t judge(const pt_nonlinear_call *call, const pt_observation *obs, const pt_forecast *f,
                    double *extra)
{
    const pt_nonlinear_options *o = call->options;
    *extra = 0.0;
    if (obs->value != obs->value) return PT_OBS_MISSING;
    const double v = (obs->noise == PT_NOISE_LOG_ADDITIVE ? s_log(obs->value) : obs->value) - f->mean;
    if (obs->censor && !(obs->censor * v > 0.0)) return PT_OBS_USED;
    if (o->gate > 0.0 && v * v > o->gate * o->gate * f->var) return PT_OBS_GATED;
    if (obs->noise != PT_NOISE_POISSON) *extra = pt_observe_robust(o->robust, v, f->var);
    return *extra > 0.0 ? PT_OBS_DOWN_WEIGHTED : PT_OBS_USED;
}

static pt_status weigh(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                       double extra, double *loglike)
{
    pt_particles *c = w->own;
    for (int64_t i = 0; i < c->cloud.n; i++) {
        c->old[i] = w->y[i * call->ny + obs->output];
        c->density[i] = 0.0;
    }
    pt_observe_density(obs, call->options->student, extra, c->cloud.n, c->old, c->density);
    const double gained = pt_cloud_weigh(&c->cloud, c->density);
    if (!s_finite(gained)) return PT_NOT_FINITE;
    *loglike += gained;
    return PT_OK;
}

static pt_status bound(const pt_nonlinear_call *call, const pt_cloud *c)
{
    const double *lower = call->in->lower, *upper = call->in->upper, mass = pt_cloud_mass(c);
    for (int64_t i = 0; i < c->n; i++)
        for (int j = 0; j < c->nz; j++) {
            const double z = c->z[i * c->nz + j];
            if (z < lower[j] || z > upper[j]) c->w[i] = 0.0;
        }
    const double left = pt_cloud_mass(c);
    if (!(left > 0.0)) return PT_NOT_FINITE;
    for (int64_t i = 0; left < mass && i < c->n; i++) c->w[i] *= mass / left;
    return PT_OK;
}

pt_status pt_particle_observe(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                              int64_t row, double *loglike)
{
    pt_particles *c = w->own;
    pt_forecast f;
    double extra;
    to_noise_scale(call, w, obs);
    pt_status status = forecast_of(c, obs, &f);
    if (status != PT_OK) return status;
    call->out->predicted[row] = f.mean;
    call->out->predicted_var[row] = f.var;
    call->out->latent_var[row] = f.latent_var;
    const int8_t use = judge(call, obs, &f, &extra);
    if (use == PT_OBS_USED || use == PT_OBS_DOWN_WEIGHTED) status = weigh(call, w, obs, extra, loglike);
    if (status == PT_OK && call->in->lower) status = bound(call, &c->cloud);
    if (status != PT_OK) return status;
    call->out->use[row] = use;
    if (call->out->effective) call->out->effective[row] = pt_cloud_effective(&c->cloud);
    if (!call->out->filtered_mean && !call->out->filtered_cov) return PT_OK;
    pt_cloud_moments(&c->cloud, 0, call->nz, c->m, c->P);
    pt_nonlinear_trace(call, row, c->m, c->P);
    return PT_OK;
}
