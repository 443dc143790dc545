/* See score.h. */
#include "kalman/score.h"

#include <math.h>

#include "kalman/density.h"
#include "kalman/observe.h"
#include "kalman/scalar.h"

/* On the noise scale: g(h), dg/dh, the measurement, R and dR/dg. */
typedef struct {
    double g, per_h, y, R, dR;
} scaled;

static int to_noise_scale(const pt_observation *obs, double h, scaled *s)
{
    const int is_log = obs->noise == PT_NOISE_LOG_ADDITIVE;
    const int grows = obs->noise == PT_NOISE_PROPORTIONAL || obs->noise == PT_NOISE_COMBINED;
    if (!s_finite(h) || (is_log && !(h > 0.0))) return 0;
    s->g = is_log ? s_log(h) : h;
    s->per_h = is_log ? 1.0 / h : 1.0;
    s->y = is_log ? s_log(obs->value) : obs->value;
    s->R = pt_noise_variance(obs->noise, obs->a, obs->b, h);
    s->dR = grows ? 2.0 * obs->b * obs->b * h : 0.0;
    return s->R > 0.0 && s_finite(s->R);
}

static pt_score of_value(const scaled *s, double nu)
{
    const double e = s->y - s->g, ratio = s->dR / s->R;
    const double weight = nu > 0.0 ? (nu + 1.0) / (nu * s->R + e * e) : 1.0 / s->R;
    const double place = nu > 0.0 ? (nu + 1.0) / (nu + 3.0) : 1.0, spread = nu > 0.0 ? nu / (nu + 3.0) : 1.0;
    return (pt_score){
        .slope = s->per_h * (e * weight + 0.5 * ratio * (e * e * weight - 1.0)),
        .information = s->per_h * s->per_h * (place / s->R + 0.5 * spread * ratio * ratio),
    };
}

static pt_score of_count(const pt_observation *obs, double h)
{
    return (pt_score){.slope = obs->value / h - obs->a, .information = obs->a / h};
}

static pt_score of_limit(const scaled *s, int side)
{
    const double sd = sqrt(s->R), e = s->y - s->g;
    const pt_truncated t = pt_truncated_moments(s->g, s->R, s->y, side);
    const double lambda = fabs(t.mean - s->g) / sd, loss = 1.0 - t.var / s->R;
    const double rise = side * s->per_h * (1.0 / sd + 0.5 * e * s->dR / (s->R * sd)); /* -dx/dh */
    return (pt_score){
        .slope = lambda * rise,
        .information = fmax(loss, 0.0) * rise * rise,
    };
}

int pt_score_at(const pt_observation *obs, double student, double h, pt_score *score)
{
    scaled s;
    double log_density = 0.0;
    *score = (pt_score){.log_density = -INFINITY};
    if (obs->noise == PT_NOISE_POISSON) {
        if (!(h > 0.0)) return 0;
        *score = of_count(obs, h);
    } else if (to_noise_scale(obs, h, &s))
        *score = obs->censor ? of_limit(&s, obs->censor) : of_value(&s, student);
    else
        return 0;
    pt_observe_density(obs, student, 0.0, 1, &h, &log_density);
    score->log_density = log_density;
    return s_finite(score->log_density) && s_finite(score->slope) && s_finite(score->information);
}

pt_observation pt_score_rough(const pt_observation *obs)
{
    pt_observation o = *obs;
    const int grows = o.noise == PT_NOISE_PROPORTIONAL || o.noise == PT_NOISE_COMBINED;
    if (!grows || o.censor || !(o.value > 0.0)) return o;
    o.a = sqrt(pt_noise_variance(o.noise, o.a, o.b, o.value)) / o.value;
    o.b = 0.0;
    o.noise = PT_NOISE_LOG_ADDITIVE;
    return o;
}
