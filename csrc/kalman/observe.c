/* See observe.h. */
#include "kalman/observe.h"

#include <string.h>

#include "kalman/scalar.h"

double pt_noise_variance(int noise, double a, double b, double h)
{
    switch (noise) {
    case PT_NOISE_PROPORTIONAL:
        return b * h * (b * h);
    case PT_NOISE_COMBINED:
        return a * a + b * h * (b * h);
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

static pt_status to_noise_scale(int noise, int n_point, double *h)
{
    for (int i = 0; i < n_point; i++) {
        if (noise == PT_NOISE_LOG_ADDITIVE) {
            if (!(h[i] > 0.0)) return PT_NOT_FINITE;
            h[i] = s_log(h[i]);
        }
        if (!s_finite(h[i])) return PT_NOT_FINITE;
    }
    return PT_OK;
}

/* Cov(z, h) by the rule; the points are symmetric about the centre unless they were clamped. */
static void cross_covariance(const pt_sigma_rule *rule, int n, int n_point, const double *X, const double *h,
                             double h_shift, double *cross)
{
    double shift[n];
    memset(shift, 0, (size_t)n * sizeof *shift);
    memset(cross, 0, (size_t)n * sizeof *cross);
    for (int i = 1; i < n_point; i++)
        for (int j = 0; j < n; j++) {
            double D = X[(size_t)i * n + j] - X[j];
            shift[j] += D;
            cross[j] += D * (h[i] - h[0]);
        }
    for (int j = 0; j < n; j++) cross[j] = rule->w * cross[j] + rule->bend * (rule->w * shift[j]) * h_shift;
}

pt_status pt_observe_forecast(const pt_sigma_rule *rule, int n, int n_point, const double *X,
                              const pt_observation *obs, double *h, pt_forecast *forecast, double *gain)
{
    pt_status status = to_noise_scale(obs->noise, n_point, h);
    if (status != PT_OK) return status;
    double shift = 0.0, square = 0.0;
    for (int i = 1; i < n_point; i++) {
        double e = h[i] - h[0];
        shift += e;
        square += e * e;
    }
    shift *= rule->w;
    double latent = rule->w * square + rule->bend * shift * shift;
    if (latent < 0.0) return PT_NOT_POSITIVE_DEFINITE;
    forecast->mean = h[0] + shift;
    forecast->latent_var = latent;
    forecast->noise_var = pt_noise_variance(obs->noise, obs->a, obs->b, forecast->mean);
    forecast->var = latent + forecast->noise_var;
    if (!(forecast->var > 0.0)) return PT_SINGULAR;
    if (!s_finite(forecast->var)) return PT_NOT_FINITE;
    cross_covariance(rule, n, n_point, X, h, shift, gain);
    for (int j = 0; j < n; j++) gain[j] /= forecast->var;
    return PT_OK;
}

/* P of the update; extra = noise_var + what is still unknown of y */
static void joseph(const pt_sigma_rule *rule, int n, int n_point, const double *X, const double *h,
                   const double *gain, double extra, double *P)
{
    double D[n], shift[n];
    memset(shift, 0, (size_t)n * sizeof *shift);
    memset(P, 0, (size_t)n * n * sizeof *P);
    for (int i = 1; i < n_point; i++) {
        double e = h[i] - h[0];
        for (int j = 0; j < n; j++) {
            D[j] = X[(size_t)i * n + j] - X[j] - gain[j] * e;
            shift[j] += D[j];
        }
        for (int r = 0; r < n; r++)
            for (int c = 0; c <= r; c++) P[r * n + c] += D[r] * D[c];
    }
    for (int j = 0; j < n; j++) shift[j] *= rule->w;
    for (int r = 0; r < n; r++)
        for (int c = 0; c <= r; c++)
            P[r * n + c] = P[c * n + r] =
                rule->w * P[r * n + c] + rule->bend * shift[r] * shift[c] + gain[r] * extra * gain[c];
}

int pt_observe_robust(double robust, double innovation, int n, pt_forecast *forecast, double *gain)
{
    double wanted = innovation * innovation / (robust * robust);
    if (!(robust > 0.0) || !(wanted > forecast->var)) return 0;
    for (int j = 0; j < n; j++) gain[j] *= forecast->var / wanted;
    forecast->noise_var += wanted - forecast->var;
    forecast->var = wanted;
    return 1;
}

void pt_observe_update(const pt_sigma_rule *rule, int n, int n_point, const double *X, const double *h,
                       const pt_observation *obs, const pt_forecast *forecast, double *gain,
                       const pt_trust *trust, double *m, double *P, double *loglike, int8_t *use)
{
    pt_forecast f = *forecast;
    *use = PT_OBS_MISSING;
    if (obs->value != obs->value) return;
    double y = obs->noise == PT_NOISE_LOG_ADDITIVE ? s_log(obs->value) : obs->value;
    double innovation = y - f.mean, left = 0.0, gained;
    int beyond = innovation * innovation > trust->gate * trust->gate * f.var;
    /* A limit that the forecast respects is no surprise, however far away. */
    int surprising = obs->censor ? obs->censor * innovation > 0.0 : 1;
    *use = PT_OBS_GATED;
    if (trust->gate > 0.0 && beyond && surprising) return;
    int grew = surprising && pt_observe_robust(trust->robust, innovation, n, &f, gain);
    if (obs->censor) {
        pt_truncated t = pt_truncated_moments(f.mean, f.var, y, obs->censor);
        innovation = t.mean - f.mean;
        left = t.var;
        gained = t.log_prob;
    } else
        gained = -0.5 * (PT_LN_2PI + s_log(f.var) + innovation * innovation / f.var);
    for (int j = 0; j < n; j++) m[j] += gain[j] * innovation;
    joseph(rule, n, n_point, X, h, gain, f.noise_var + left, P);
    *loglike += gained;
    *use = grew ? PT_OBS_DOWN_WEIGHTED : PT_OBS_USED;
}
