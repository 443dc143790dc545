/* Posterior linearisation: the update of a Gaussian through a line fitted where the posterior lies. See
 * gauss.h. */
#include <math.h>
#include <string.h>

#include "kalman/gauss.h"
#include "kalman/outer.h"
#include "kalman/root.h"

double pt_gauss_slope(int n, int rank, const double *L, const int *pivot, const double *c, double *a)
{
    double u[n], square = 0.0;
    for (int k = 0; k < rank; k++) {
        const double *row = L + (size_t)pivot[k] * n;
        double v = c[pivot[k]];
        for (int q = 0; q < k; q++) v -= row[q] * u[q];
        u[k] = v / row[k];
        square += u[k] * u[k];
    }
    for (int k = rank - 1; k >= 0; k--) {
        for (int q = k + 1; q < rank; q++) u[k] -= L[(size_t)pivot[q] * n + k] * u[q];
        u[k] /= L[(size_t)pivot[k] * n + k];
    }
    memset(a, 0, (size_t)n * sizeof *a);
    for (int k = 0; k < rank; k++) a[pivot[k]] = u[k];
    return square;
}

/* One observation of a line a' z + b with error `left` beside the noise, on N(m, P), P = R R' (rank columns)
 */
typedef struct {
    int n, rank;
    const double *m, *R;
    const double *a;
    double b, left;
} line;

/* What the line says of the observation: forecast, gain (n) and s (rank) = R' a. */
static void predict(const line *l, const pt_observation *obs, double h, pt_forecast *f, double *gain,
                    double *s)
{
    double mean = l->b, var = 0.0;
    for (int j = 0; j < l->n; j++) mean += l->a[j] * l->m[j];
    for (int k = 0; k < l->rank; k++) {
        s[k] = 0.0;
        for (int j = 0; j < l->n; j++) s[k] += l->a[j] * l->R[(size_t)j * l->n + k];
        var += s[k] * s[k];
    }
    *f = (pt_forecast){.mean = mean,
                       .latent_var = var + l->left,
                       .noise_var = pt_noise_variance(obs->noise, obs->a, obs->b, h)};
    f->var = f->latent_var + f->noise_var;
    for (int j = 0; j < l->n; j++) {
        gain[j] = 0.0;
        for (int k = 0; k < l->rank; k++) gain[j] += l->R[(size_t)j * l->n + k] * s[k];
        gain[j] /= f->var;
    }
}

/* m + gain v and (R - gain s')(..)' + extra gain gain' */
static void update(const line *l, const double *gain, const double *s, const pt_learned *y, double *m,
                   double *P)
{
    double work[PT_OUTER_SIZE(l->n)];
    pt_outer sum = pt_outer_begin(l->n, work, P);
    for (int k = 0; k < l->rank; k++) {
        double *D = pt_outer_row(&sum);
        for (int j = 0; j < l->n; j++) D[j] = l->R[(size_t)j * l->n + k] - gain[j] * s[k];
        pt_outer_push(&sum, 1.0);
    }
    memcpy(pt_outer_row(&sum), gain, (size_t)l->n * sizeof *gain);
    pt_outer_push(&sum, y->extra + l->left);
    pt_outer_end(&sum);
    for (int j = 0; j < l->n; j++) m[j] = l->m[j] + gain[j] * y->innovation;
}

/* The line under the Gaussian in g, whose points are drawn anew. */
static pt_status fit(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs, line *l,
                     double *a, double *h)
{
    pt_gauss_own *g = w->own;
    pt_sigma_rule rule;
    pt_forecast f;
    int n_point, n = call->nz;
    pt_status status = pt_gauss_forecast(call, w, obs, &rule, &n_point, &f);
    if (status != PT_OK) return status;
    for (int j = 0; j < n; j++) g->gain[j] *= f.var; /* Cov(z, h) */
    const int rank = pt_sigma_factor(n, pt_gauss_first(call), g->m, PT_KNOWN_EXACTLY, g->P, PT_PIVOT_FILTER,
                                     g->L, g->pivot);
    if (rank < 0) return PT_NOT_POSITIVE_DEFINITE;
    const double explained = pt_gauss_slope(n, rank, g->L, g->pivot, g->gain, a);
    l->left = f.latent_var > explained ? f.latent_var - explained : 0.0;
    l->b = *h = f.mean;
    for (int j = 0; j < n; j++) l->b -= a[j] * g->m[j];
    return PT_OK;
}

/* ---- again and again ---- */

/* Moments in one array: m (n), then P (n, n). */
static void put(const pt_gauss_own *g, int n, double *to)
{
    memcpy(to, g->m, (size_t)n * sizeof *to);
    memcpy(to + n, g->P, (size_t)n * n * sizeof *to);
}

static void take(const double *from, int n, pt_gauss_own *g)
{
    memcpy(g->m, from, (size_t)n * sizeof *from);
    memcpy(g->P, from + n, (size_t)n * n * sizeof *from);
}

/* The prior, as the points may have clamped it, and its root. */
static void keep_prior(const pt_nonlinear_call *call, pt_gauss_own *g, line *l, double *prior, double *R)
{
    const int n = call->nz;
    put(g, n, prior);
    memcpy(R, g->L, (size_t)n * n * sizeof *R);
    l->rank = pt_sigma_factor(n, pt_gauss_first(call), prior, PT_KNOWN_EXACTLY, prior + n, PT_PIVOT_FILTER, R,
                              g->pivot);
}

/* How far the moments in g are from those that their line was fitted to. */
static double distance(const pt_gauss_own *g, int n, const double *fitted)
{
    double sum = 0.0;
    for (int j = 0; j < n; j++)
        sum += pt_gauss_change(g->m[j] - fitted[j], fitted[n + j * n + j], g->P[j * n + j]);
    return __builtin_sqrt(sum / n);
}

/* g: moments to fit to; becomes what the line then says. */
static pt_status fit_once(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                          const pt_trust *trust, line *l, double *a, double *prior, int first, pt_forecast *f,
                          pt_learned *y)
{
    pt_gauss_own *g = w->own;
    double s[l->n], h;
    const pt_status status = fit(call, w, obs, l, a, &h);
    if (status != PT_OK) return status;
    if (first) keep_prior(call, g, l, prior, prior + l->n + (size_t)l->n * l->n);
    predict(l, obs, h, f, g->gain, s);
    if (!(f->var > 0.0)) return PT_SINGULAR;
    *y = pt_observe_learn(obs, f, trust);
    if (y->use == PT_OBS_MISSING || y->use == PT_OBS_GATED) return PT_OK;
    for (int j = 0; j < l->n; j++) g->gain[j] *= y->scale;
    update(l, g->gain, s, y, g->m, g->P);
    return PT_OK;
}

pt_status pt_gauss_iterate(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                           const pt_trust *trust, pt_forecast *predicted, double *loglike, int8_t *use)
{
    pt_gauss_own *g = w->own;
    const pt_nonlinear_iteration *o = &call->options->iteration;
    const int n = call->nz, size = n + n * n;
    double *prior = g->old, *at = g->turns, *found = at + size, *best = found + size, *trial = best + size;
    double a[n], share = 1.0, nearest = INFINITY, now = INFINITY;
    line l = {.n = n, .m = prior, .R = prior + size, .a = a};
    put(g, n, trial);
    for (int64_t k = 0; k < o->max_iter && now > o->tolerance && share > PT_GAUSS_LEAST_SHARE; k++) {
        pt_forecast f;
        pt_learned y;
        for (int i = 0; k > 0 && i < size; i++) trial[i] = (1.0 - share) * at[i] + share * found[i];
        take(trial, n, g);
        const pt_status status = fit_once(call, w, obs, trust, &l, a, prior, k == 0, &f, &y);
        if (status != PT_OK && (k == 0 || o->damping == 0.0)) return status;
        const double before = now;
        now = status == PT_OK ? distance(g, n, trial) : INFINITY;
        share = pt_gauss_share(share, o->damping, now < before);
        if (status != PT_OK) continue;
        if (k == 0) {
            *predicted = f;
            *loglike += y.loglike;
        }
        *use = y.use;
        if (y.use == PT_OBS_MISSING || y.use == PT_OBS_GATED) {
            take(prior, n, g);
            return PT_OK;
        }
        memcpy(at, trial, (size_t)size * sizeof *at);
        put(g, n, found);
        if (o->damping > 0.0 && now > nearest) continue;
        nearest = now;
        put(g, n, best);
    }
    take(best, n, g);
    return PT_OK;
}

/* ---- in a pass of the smoother ---- */

/* R <- a root of (R - gain s')(..)' + extra gain gain', s = R' a */
static void shrink(int n, const double *gain, const double *s, double extra, double *R, double *wide)
{
    const int width = n + 1;
    int pivot[n];
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < n; k++) wide[i * width + k] = R[i * n + k] - gain[i] * s[k];
        wide[i * width + n] = gain[i] * __builtin_sqrt(extra);
    }
    pt_root_reduce(n, n, width, 0.0, wide, pivot);
    for (int i = 0; i < n; i++) memcpy(R + i * n, wide + i * width, (size_t)n * sizeof *R);
}

pt_status pt_gauss_absorb(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                          const pt_trust *trust, double *m, double *R, double *wide)
{
    pt_gauss_own *g = w->own;
    const int n = call->nz;
    double a[n], s[n], h;
    line l = {.n = n, .rank = n, .m = m, .R = R, .a = a};
    const pt_status status = fit(call, w, obs, &l, a, &h);
    if (status != PT_OK) return status;
    pt_forecast f;
    predict(&l, obs, h, &f, g->gain, s);
    if (!(f.var > 0.0)) return PT_SINGULAR;
    const pt_learned y = pt_observe_learn(obs, &f, trust);
    for (int j = 0; j < n; j++) {
        g->gain[j] *= y.scale;
        m[j] += g->gain[j] * y.innovation;
    }
    shrink(n, g->gain, s, y.extra + l.left, R, wide);
    return PT_OK;
}
