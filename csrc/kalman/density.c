/* See density.h. */
#include "kalman/density.h"

#include "kalman/gamma.h"
#include "kalman/scalar.h"

/* What the loop over particles does not change. */
typedef struct {
    const pt_observation *obs;
    double y, nu, constant, extra;
} density;

/* ---- one vec of values ---- */

/* phi(z), ln Phi(-x): by erfc where it has digits, else by Mills' ratio as a continued fraction (Abramowitz &
 * Stegun 1964, 26.2.14) */
#define FAR_TAIL       5.0
#define FRACTION_TERMS 60

static vec log_upper_tail(vec x)
{
    const vec far = v_max(x, v_set(FAR_TAIL));
    const vmask tail = v_gt(x, v_set(FAR_TAIL));
    const vec near = v_log(v_set(0.5) * v_erfc(x * v_set(0.70710678118654752440)));
    if (!m_any(tail)) return near;
    vec ratio = far;
    for (int k = FRACTION_TERMS; k >= 1; k--) ratio = far + v_set(k) / ratio;
    const vec away = v_set(-0.5) * v_fma(far, far, v_set(PT_LN_2PI)) - v_log(ratio);
    return v_if(tail, away, near);
}

static vec variance(const density *d, vec h)
{
    const vec a = v_set(d->obs->a), b = v_set(d->obs->b) * h;
    vec r = a * a;
    if (d->obs->noise == PT_NOISE_PROPORTIONAL) r = b * b;
    if (d->obs->noise == PT_NOISE_COMBINED) r = v_fma(b, b, a * a);
    return r + v_set(d->extra);
}

static vec gaussian(const density *d, vec h)
{
    const vec off = v_set(d->y) - h, r = variance(d, h);
    if (d->obs->censor) return log_upper_tail(v_set(d->obs->censor) * off / v_sqrt(r));
    if (d->nu > 0.0)
        return v_set(d->constant) - v_set(0.5) * v_log(r) -
               v_set(0.5 * (d->nu + 1.0)) * v_log1p(off * off / (v_set(d->nu) * r));
    return v_set(-0.5) * (v_set(PT_LN_2PI) + v_log(r) + off * off / r);
}

/* y ln mu - mu - ln y! = -y (q - ln(1 + q)) - 1/2 ln 2 pi y - J(y), q = (mu - y) / y */
static vec poisson(const density *d, vec h)
{
    const vec mu = v_set(d->obs->a) * h, none = v_set(-PT_INF);
    if (d->y == 0.0) return v_if(v_ge(mu, v_set(0.0)), -mu, none);
    const vec q = (mu - v_set(d->y)) / v_set(d->y);
    return v_if(v_gt(mu, v_set(0.0)), v_set(d->constant) - v_set(d->y) * (q - v_log1p(q)), none);
}

static vec one(const density *d, vec h)
{
    const vec none = v_set(-PT_INF);
    vec value;
    if (d->obs->noise == PT_NOISE_POISSON)
        value = poisson(d, h);
    else if (d->obs->noise == PT_NOISE_LOG_ADDITIVE)
        value = v_if(v_gt(h, v_set(0.0)), gaussian(d, v_log(h)), none);
    else
        value = gaussian(d, h);
    return v_if(v_isnan(value) | v_isnan(h - h), none, value);
}

/* ---- all of them ---- */

static double constant_of(const pt_observation *obs, double y, double nu)
{
    if (obs->noise == PT_NOISE_POISSON) return y > 0.0 ? -0.5 * (PT_LN_2PI + s_log(y)) - s_binet(y) : 0.0;
    return nu > 0.0 ? s_gamma_ratio(0.5 * nu) - 0.5 * (s_log(nu) + PT_LN_PI) : 0.0;
}

void pt_observe_density(const pt_observation *obs, double student, double extra, int64_t n, const double *h,
                        double *log_weight)
{
    const double y = obs->noise == PT_NOISE_LOG_ADDITIVE ? s_log(obs->value) : obs->value;
    const density d = {obs, y, student, constant_of(obs, y, student), extra};
    for (int64_t i = 0; i < n; i += PT_W) {
        const int rest = n - i < PT_W ? (int)(n - i) : PT_W;
        double block[PT_W];
        for (int k = 0; k < PT_W; k++) block[k] = h[i + (k < rest ? k : 0)];
        v_store(block, one(&d, v_load(block)));
        for (int k = 0; k < rest; k++) log_weight[i + k] += block[k];
    }
}
