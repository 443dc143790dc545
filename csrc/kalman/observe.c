/* See observe.h. */
#include "kalman/observe.h"

#include <string.h>

#include "kalman/match.h"
#include "kalman/outer.h"
#include "kalman/scalar.h"

#define HEAVY 0.5 /* a Student error that keeps less of its precision is down-weighted */
#define FELT  9.0 /* standard deviations within which a bound is felt, as in truncate.c */

double pt_noise_variance(int noise, double a, double b, double h)
{
    switch (noise) {
    case PT_NOISE_PROPORTIONAL:
        return b * h * (b * h);
    case PT_NOISE_COMBINED:
        return a * a + b * h * (b * h);
    case PT_NOISE_POISSON:
        return h > 0.0 ? h : 0.0;
    default:
        return a * a;
    }
}

/* ---- truncated normal ---- */

#define FAR_TAIL       5.0 /* beyond, Phi is taken from the continued fraction of Mills' ratio */
#define FRACTION_TERMS 60  /* at x = 5 the fraction has converged to rounding */

/* delta = lambda - x where lambda = phi(x) / Phi(-x) = x + 1/(x + 2/(x + 3/(x + ..))), x >= FAR_TAIL */
static double mills_excess(double x)
{
    double tail = x;
    for (int k = FRACTION_TERMS; k >= 2; k--) tail = x + k / tail;
    return 1.0 / tail;
}

/* Standard normal below -x (x may be negative): ln Phi(-x), lambda and 1 - Var = lambda (lambda - x). */
static void lower_tail(double x, double *log_prob, double *lambda, double *loss)
{
    double log_density = -0.5 * (x * x + PT_LN_2PI);
    double excess;
    if (x < FAR_TAIL) {
        double prob = 0.5 * s_erfc(x * 0.70710678118654752440);
        *log_prob = s_log(prob);
        *lambda = s_exp(log_density) / prob;
        excess = *lambda - x;
    } else {
        excess = mills_excess(x);
        *lambda = x + excess;
        *log_prob = log_density - s_log(*lambda);
    }
    *loss = *lambda * excess;
}

pt_truncated pt_truncated_moments(double mean, double var, double limit, int side)
{
    double sd = __builtin_sqrt(var);
    double x = side < 0 ? (mean - limit) / sd : (limit - mean) / sd; /* distance into the excluded side */
    double lambda, loss;
    pt_truncated r;
    lower_tail(x, &r.log_prob, &lambda, &loss);
    r.mean = mean + side * sd * lambda;
    r.var = loss < 1.0 ? var * (1.0 - loss) : 0.0;
    return r;
}

/* ---- forecast and update ---- */

static pt_status to_noise_scale(const pt_observation *obs, int n_point, double *h)
{
    for (int i = 0; i < n_point; i++) {
        if (obs->noise == PT_NOISE_LOG_ADDITIVE) {
            if (!(h[i] > 0.0)) return PT_NOT_FINITE;
            h[i] = s_log(h[i]);
        }
        if (obs->noise == PT_NOISE_POISSON) h[i] *= obs->a;
        if (!s_finite(h[i])) return PT_NOT_FINITE;
    }
    return PT_OK;
}

/* Cov(z, h) by the rule; the points are symmetric about the centre unless they were clamped. */
static void cross_covariance(const pt_sigma_rule *rule, int n, int n_point, const double *X, const double *h,
                             double h_base, double h_shift, double *cross)
{
    double shift[n], base[n];
    pt_sigma_base(rule, n, n_point, X, base);
    memset(shift, 0, (size_t)n * sizeof *shift);
    memset(cross, 0, (size_t)n * sizeof *cross);
    for (int i = 0; i < n_point; i++) {
        const double w = pt_sigma_weight(rule, i), e = h[i] - h_base;
        for (int j = 0; j < n; j++) {
            const double D = w * (X[(size_t)i * n + j] - base[j]);
            shift[j] += D;
            cross[j] += D * e;
        }
    }
    for (int j = 0; j < n; j++) cross[j] += rule->bend * shift[j] * h_shift;
}

pt_status pt_observe_forecast(const pt_sigma_rule *rule, int n, int n_point, const double *X,
                              const pt_observation *obs, double *h, pt_forecast *forecast, double *gain)
{
    pt_status status = to_noise_scale(obs, n_point, h);
    if (status != PT_OK) return status;
    double shift = 0.0, square = 0.0, base;
    pt_sigma_base(rule, 1, n_point, h, &base);
    for (int i = 0; i < n_point; i++) {
        const double w = pt_sigma_weight(rule, i), e = h[i] - base;
        shift += w * e;
        square += w * e * e;
    }
    double latent = square + rule->bend * shift * shift;
    if (latent < 0.0) return PT_NOT_POSITIVE_DEFINITE;
    forecast->mean = base + shift;
    forecast->latent_var = latent;
    forecast->noise_var = pt_noise_variance(obs->noise, obs->a, obs->b, forecast->mean);
    forecast->var = latent + forecast->noise_var;
    const int no_count = obs->noise == PT_NOISE_POISSON && forecast->var == 0.0;
    if (!(forecast->var > 0.0) && !no_count) return PT_SINGULAR;
    if (!s_finite(forecast->var)) return PT_NOT_FINITE;
    cross_covariance(rule, n, n_point, X, h, base, shift, gain);
    for (int j = 0; j < n; j++) gain[j] = no_count ? 0.0 : gain[j] / forecast->var;
    return PT_OK;
}

/* P of the update; extra = noise_var + what is still unknown of y */
static void joseph(const pt_sigma_rule *rule, int n, int n_point, const double *X, const double *h,
                   const double *gain, double extra, double *P)
{
    double shift[n], base[n], h_base, work[PT_OUTER_SIZE(n)];
    pt_outer sum = pt_outer_begin(n, work, P);
    pt_sigma_base(rule, n, n_point, X, base);
    pt_sigma_base(rule, 1, n_point, h, &h_base);
    memset(shift, 0, (size_t)n * sizeof *shift);
    for (int i = 0; i < n_point; i++) {
        const double w = pt_sigma_weight(rule, i), e = h[i] - h_base;
        double *restrict E = pt_outer_row(&sum);
        for (int j = 0; j < n; j++) {
            E[j] = X[(size_t)i * n + j] - base[j] - gain[j] * e;
            shift[j] += w * E[j];
        }
        pt_outer_push(&sum, w);
    }
    memcpy(pt_outer_row(&sum), shift, (size_t)n * sizeof *shift);
    pt_outer_push(&sum, rule->bend);
    memcpy(pt_outer_row(&sum), gain, (size_t)n * sizeof *gain);
    pt_outer_push(&sum, extra);
    pt_outer_end(&sum);
}

double pt_observe_robust(double robust, double innovation, double var)
{
    const double wanted = robust > 0.0 ? innovation * innovation / (robust * robust) : 0.0;
    return wanted > var ? wanted - var : 0.0;
}

static pt_learned from_moments(const pt_forecast *f, pt_matched h)
{
    const double known = f->latent_var > 0.0 ? f->var / f->latent_var : 0.0;
    return (pt_learned){h.log_density, known, h.mean - f->mean, h.var,
                        h.weight < HEAVY ? PT_OBS_DOWN_WEIGHTED : PT_OBS_USED};
}

static pt_learned from_limit(const pt_observation *obs, const pt_forecast *f, double limit, double grown)
{
    const double var = f->var + grown;
    const pt_truncated t = pt_truncated_moments(f->mean, var, limit, obs->censor);
    return (pt_learned){t.log_prob, f->var / var, t.mean - f->mean, f->noise_var + grown + t.var,
                        grown > 0.0 ? PT_OBS_DOWN_WEIGHTED : PT_OBS_USED};
}

static pt_learned from_value(const pt_forecast *f, double innovation, double grown)
{
    const double var = f->var + grown;
    return (pt_learned){-0.5 * (PT_LN_2PI + s_log(var) + innovation * innovation / var), f->var / var,
                        innovation, f->noise_var + grown, grown > 0.0 ? PT_OBS_DOWN_WEIGHTED : PT_OBS_USED};
}

pt_learned pt_observe_learn(const pt_observation *obs, const pt_forecast *f, const pt_trust *trust)
{
    const pt_learned unused = {.use = PT_OBS_MISSING}, gated = {.use = PT_OBS_GATED};
    if (obs->value != obs->value) return unused;
    const double y = obs->noise == PT_NOISE_LOG_ADDITIVE ? s_log(obs->value) : obs->value;
    const double innovation = y - f->mean;
    const int beyond = innovation * innovation > trust->gate * trust->gate * f->var;
    /* A limit that the forecast respects is no surprise, however far away. */
    const int surprising = obs->censor ? obs->censor * innovation > 0.0 : 1;
    if (trust->gate > 0.0 && beyond && surprising) return gated;
    if (obs->noise == PT_NOISE_POISSON) return from_moments(f, pt_match_poisson(f->mean, f->latent_var, y));
    if (trust->student > 0.0 && !obs->censor && f->noise_var > 0.0)
        return from_moments(f, pt_match_student(f->mean, f->latent_var, y, f->noise_var, trust->student));
    const double grown = surprising ? pt_observe_robust(trust->robust, innovation, f->var) : 0.0;
    return obs->censor ? from_limit(obs, f, y, grown) : from_value(f, innovation, grown);
}

void pt_observe_update(const pt_sigma_rule *rule, int n, int n_point, const double *X, const double *h,
                       const pt_observation *obs, const pt_forecast *forecast, double *gain,
                       const pt_trust *trust, double *m, double *P, double *loglike, int8_t *use)
{
    const pt_learned l = pt_observe_learn(obs, forecast, trust);
    *use = l.use;
    if (l.use == PT_OBS_MISSING || l.use == PT_OBS_GATED) return;
    for (int j = 0; j < n; j++) {
        gain[j] *= l.scale;
        m[j] += gain[j] * l.innovation;
    }
    joseph(rule, n, n_point, X, h, gain, l.extra, P);
    *loglike += l.loglike;
}

/* ---- bounds ---- */

pt_status pt_observe_bound(int n, const double *lower, const double *upper, double *m, double *P)
{
    int felt = 0;
    for (int j = 0; j < n; j++) {
        const double reach = FELT * __builtin_sqrt(P[j * n + j]);
        felt |= m[j] - reach < lower[j] || m[j] + reach > upper[j];
    }
    return felt ? pt_truncate(1, n, lower, upper, 0, m, P, NULL) : PT_OK;
}
