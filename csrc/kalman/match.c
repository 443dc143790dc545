/* See match.h. */
#include "kalman/match.h"

#include "kalman/gamma.h"
#include "kalman/observe.h"
#include "kalman/scalar.h"

enum { POINTS = 512 };
#define FALL 44.0 /* e-folds below the mode: exp(-44) = 8e-20 */

/* In one order whatever the width of a vec. */
static double sum(const double *a)
{
    double total = 0.0;
    for (int k = 0; k < POINTS; k++) total += a[k];
    return total;
}

/* ---- counts ---- */

typedef struct {
    double mode, mean, var, y;
} counts;

/* ln of the integrand in d = ln h - ln mode, less its value at d = 0 */
static vec count_fall(const counts *c, vec d)
{
    const vec off = v_set(c->mode) * v_expm1(d);
    const vec prior = off * (off + v_set(2.0 * (c->mode - c->mean))) / v_set(2.0 * c->var);
    return v_set(c->y + 1.0) * d - off - prior;
}

/* Where it has fallen far enough on one side; `width` is negative to the left. */
static double count_end(const counts *c, double width)
{
    while (count_fall(c, v_set(width))[0] > -FALL) width *= 1.25;
    return width;
}

static double root_of_mode(double mean, double var, double y)
{
    const double half = 0.5 * (mean - var), side = __builtin_sqrt(half * half + var * (y + 1.0));
    return half > 0.0 ? half + side : var * (y + 1.0) / (side - half);
}

/* ln p(y | h), h > 0 */
static double count_density(double h, double y)
{
    if (y == 0.0) return -h;
    const double q = (h - y) / y;
    return -y * (q - s_log1p(q)) - 0.5 * (PT_LN_2PI + s_log(y)) - s_binet(y);
}

static pt_matched known_count(double h, double y)
{
    const double density = h > 0.0 ? count_density(h, y) : (y == 0.0 && h == 0.0 ? 0.0 : -PT_INF);
    return (pt_matched){density, h, 0.0, 1.0};
}

pt_matched pt_match_poisson(double mean, double var, double y)
{
    if (!(var > 0.0)) return known_count(mean, y);
    const counts c = {root_of_mode(mean, var, y), mean, var, y};
    const double width = 1.0 / __builtin_sqrt(c.mode * c.mode / var + y + 1.0);
    const double low = count_end(&c, -width), step = (count_end(&c, width) - low) / (POINTS - 1);
    double mass[POINTS], first[POINTS], second[POINTS];
    for (int k = 0; k < POINTS; k += PT_W) {
        double at[PT_W];
        for (int i = 0; i < PT_W; i++) at[i] = low + step * (k + i);
        const vec d = v_load(at), w = v_exp(count_fall(&c, d)), off = v_set(c.mode) * v_expm1(d);
        v_store(mass + k, w);
        v_store(first + k, w * off);
        v_store(second + k, w * off * off);
    }
    const double total = sum(mass), shift = sum(first) / total, off = c.mode - mean;
    const double prior = -0.5 * (PT_LN_2PI + s_log(var) + off * off / var);
    const double positive = pt_truncated_moments(mean, var, 0.0, 1).log_prob;
    return (pt_matched){
        .log_density = s_log(total * step * c.mode) + prior + count_density(c.mode, y) - positive,
        .mean = c.mode + shift,
        .var = sum(second) / total - shift * shift,
        .weight = 1.0,
    };
}

/* ---- errors with heavy tails ---- */

typedef struct {
    double b, r, var, square; /* nu / 2, squared scale, variance of h, squared innovation */
} tails;

/* ln of Gamma(b, b) in u = ln lambda and of N(v; 0, var + r / lambda), without constants */
static vec tail_height(const tails *t, vec u, vec *spread)
{
    *spread = v_set(t->var) + v_set(t->r) * v_exp(-u);
    return v_set(t->b) * (u - v_expm1(u)) - v_set(0.5) * (v_log(*spread) + v_set(t->square) / *spread);
}

/* Highest of the points over low .. high, heights in a. */
static double scan(const tails *t, double low, double step, double *a)
{
    double top = -PT_INF;
    vec spread;
    for (int k = 0; k < POINTS; k += PT_W) {
        double at[PT_W];
        for (int i = 0; i < PT_W; i++) at[i] = low + step * (k + i);
        v_store(a + k, tail_height(t, v_load(at), &spread));
    }
    for (int k = 0; k < POINTS; k++) top = a[k] > top ? a[k] : top;
    return top;
}

/* The interval narrows to what lies less than FALL below the highest point; b step^2 is what a mode between
 * two points can stand above them. */
static double narrow(const tails *t, double *low, double *step, double *a)
{
    for (;;) {
        const double top = scan(t, *low, *step, a), least = top - FALL - (t->b + 1.0) * *step * *step;
        int from = 0, to = POINTS - 1;
        while (from < to && !(a[from] >= least)) from++;
        while (to > from && !(a[to] >= least)) to--;
        from = from > 0 ? from - 1 : 0;
        to = to < POINTS - 1 ? to + 1 : POINTS - 1;
        if (to - from > POINTS / 2) return top;
        *low += *step * from;
        *step *= (double)(to - from) / (POINTS - 1);
    }
}

/* Above: where Gamma has fallen, whatever the other factor gains (at most u / 2). Below: the same for the
 * slope nu / 2 that begins at the latest where r / lambda exceeds the squared innovation. */
static double tail_low(const tails *t)
{
    const double begin = t->square > t->r ? s_log(t->r / t->square) : 0.0;
    return begin - FALL / t->b - 2.0;
}

static double tail_high(const tails *t)
{
    double u = 1.0;
    while (t->b * (s_expm1(u) - u) - 0.5 * u < FALL) u *= 1.25;
    return u;
}

pt_matched pt_match_student(double mean, double var, double y, double r, double nu)
{
    const double v = y - mean;
    const tails t = {0.5 * nu, r, var > 0.0 ? var : 0.0, v * v};
    double low = tail_low(&t), step = (tail_high(&t) - low) / (POINTS - 1);
    double mass[POINTS], gain[POINTS], lambda[POINTS];
    const double top = narrow(&t, &low, &step, mass);
    for (int k = 0; k < POINTS; k += PT_W) {
        double at[PT_W];
        vec spread;
        for (int i = 0; i < PT_W; i++) at[i] = low + step * (k + i);
        const vec u = v_load(at), w = v_exp(tail_height(&t, u, &spread) - v_set(top));
        v_store(mass + k, w);
        v_store(gain + k, v_set(t.var) / spread);
        v_store(lambda + k, w * v_exp(u));
    }
    double first = 0.0, second = 0.0;
    const double total = sum(mass), weight = sum(lambda) / total;
    for (int k = 0; k < POINTS; k++) first += mass[k] * gain[k];
    first /= total;
    for (int k = 0; k < POINTS; k++) second += mass[k] * (gain[k] - first) * (gain[k] - first);
    const double norm = 0.5 * (s_log(t.b) - PT_LN_2PI) - s_binet(t.b) - 0.5 * PT_LN_2PI;
    return (pt_matched){
        .log_density = top + s_log(total * step) + norm,
        .mean = mean + first * v,
        .var = t.var * (1.0 - first) + second / total * t.square,
        .weight = weight,
    };
}
