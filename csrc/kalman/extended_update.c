/* Updates of the extended filters by the observations of one instant, see extended.h.
 *
 * The plain one takes them one after another from the line at the predicted mean; noise and limits are those
 * of the forecast. The iterated one looks for the largest posterior density: with z = m + L u, u ~ N(0, I),
 *
 *   V(u) = 1/2 u'u - sum_i ln p(y_i | h_i(z))
 *
 * by Newton's method with scoring: (I + A'WA + lambda I) s = -V'(u), rows A_i = H_i L and weights from
 * score.h, the Gauss-Newton step where the error's size is constant. A step that doesn't lower V is tried
 * again with a larger lambda (Levenberg K, Q Appl Math 1944;2:164-168; Marquardt DW, J SIAM 1963;11:431-441).
 * lambda > 0 is one more observation of u, at where it is: s comes from the same update. ln p(y) is Laplace's
 * approximation, exact where h is linear.
 */
#include <math.h>
#include <string.h>

#include "kalman/extended.h"
#include "kalman/observe.h"
#include "kalman/root.h"
#include "kalman/scalar.h"

#define GROW    10.0
#define SHRINK  0.1
#define LEAST   1e-9 /* relative damping below which full steps are tried again */
#define MOST    1e15
#define ROUGHLY 0.1 /* posterior standard deviations */

static double dot(int n, const double *a, const double *b)
{
    double sum = 0.0;
    for (int i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

/* a = L'h */
static void across(int n, const double *h, const double *L, double *a)
{
    memset(a, 0, (size_t)n * sizeof *a);
    for (int j = 0; j < n; j++)
        for (int k = 0; h[j] != 0.0 && k < n; k++) a[k] += h[j] * L[j * n + k];
}

/* m += share L a */
static void move(int n, double share, const double *L, const double *a, double *m)
{
    for (int j = 0; j < n; j++) m[j] += share * dot(n, L + j * n, a);
}

/* ---- plain ---- */

static int is_used(int8_t use) { return use == PT_OBS_USED || use == PT_OBS_DOWN_WEIGHTED; }

/* The noise scale's value of an output, and its derivative. */
static double to_noise_scale(const pt_observation *obs, double y, double *slope)
{
    *slope = obs->noise == PT_NOISE_LOG_ADDITIVE ? 1.0 / y : obs->noise == PT_NOISE_POISSON ? obs->a : 1.0;
    return obs->noise == PT_NOISE_LOG_ADDITIVE ? (y > 0.0 ? s_log(y) : NAN) : *slope * y;
}

/* The forecast of one output from the line at `from`, into the row's outputs; h (nz) and e->a (nz) on the
 * noise scale. */
static pt_status forecast(const pt_nonlinear_call *call, pt_extended_work *e, const pt_observation *obs,
                          const double *from, int64_t row, double *h, pt_forecast *f)
{
    const int nz = call->nz;
    double slope;
    f->mean = to_noise_scale(obs, e->y[obs->output], &slope);
    for (int j = 0; j < nz; j++) {
        h[j] = e->H[obs->output * nz + j] * slope;
        f->mean += h[j] * (e->m[j] - from[j]);
    }
    across(nz, h, e->L, e->a);
    f->latent_var = dot(nz, e->a, e->a);
    f->noise_var = pt_noise_variance(obs->noise, obs->a, obs->b, f->mean);
    f->var = f->latent_var + f->noise_var;
    if (!s_finite(f->mean) || !s_finite(f->var)) return PT_NOT_FINITE;
    call->out->predicted[row] = f->mean;
    call->out->predicted_var[row] = f->var;
    call->out->latent_var[row] = f->latent_var;
    return f->var > 0.0 || obs->noise == PT_NOISE_POISSON ? PT_OK : PT_SINGULAR;
}

/* m and L by what a forecast has learnt: along the gain P keeps (1 - s q)^2 + s^2 q extra / var of itself,
 * q = latent_var / var, s = scale. */
static void take(pt_extended_work *e, int nz, const pt_forecast *f, const pt_learned *r)
{
    if (!(f->latent_var > 0.0)) return;
    const double s = r->scale / f->var;
    const double kept = (f->noise_var + (1.0 - r->scale) * f->latent_var) / f->var;
    move(nz, s * r->innovation, e->L, e->a, e->m);
    pt_root_shrink(nz, nz, e->a, sqrt(kept * kept + s * s * f->latent_var * r->extra), e->L);
}

/* How much larger a robust update has made the error's standard deviation. */
static double error_of(const pt_trust *trust, const pt_observation *obs, const pt_forecast *f)
{
    if (trust->robust == 0.0 || obs->noise == PT_NOISE_POISSON || !(f->noise_var > 0.0)) return 1.0;
    double slope;
    const double v = to_noise_scale(obs, obs->value, &slope) - f->mean;
    if (obs->censor && !(obs->censor * v > 0.0)) return 1.0;
    return sqrt(1.0 + pt_observe_robust(trust->robust, v, f->var) / f->noise_var);
}

pt_status pt_extended_linear(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                             int64_t n, int64_t row, double *loglike)
{
    pt_extended_work *e = w->own;
    const int nz = call->nz;
    const pt_nonlinear_options *o = call->options;
    const pt_trust trust = {.gate = o->gate, .robust = o->robust, .student = o->student};
    pt_extended_outputs(call, w, e->m, 1);
    memcpy(e->z, e->m, (size_t)nz * sizeof *e->z);
    for (int64_t i = 0; i < n; i++) {
        pt_forecast f;
        const pt_status status = forecast(call, e, obs + i, e->z, row + i, e->next, &f);
        if (status != PT_OK) return status;
        const pt_learned r = pt_observe_learn(obs + i, &f, &trust);
        call->out->use[row + i] = r.use;
        e->error[i] = is_used(r.use) ? error_of(&trust, obs + i, &f) : 0.0;
        if (!is_used(r.use)) continue;
        take(e, nz, &f, &r);
        *loglike += r.loglike;
    }
    return PT_OK;
}

/* ---- iterated ---- */

double pt_extended_absorb(int n, const double *H, const pt_score *score, const double *about, double *a,
                          double *m, double *L)
{
    double pull = score->slope;
    for (int j = 0; j < n; j++) pull += score->information * H[j] * (about[j] - m[j]);
    across(n, H, L, a);
    const double grown = 1.0 + score->information * dot(n, a, a);
    move(n, pull / grown, L, a, m);
    pt_root_shrink(n, n, a, 1.0 / sqrt(grown), L);
    return grown;
}

double pt_extended_misfit(const pt_extended_work *e, const pt_observation *obs, const double *error,
                          int64_t n, pt_score *score)
{
    double sum = 0.0;
    for (int64_t i = 0; i < n; i++) {
        pt_observation o = obs[i];
        score[i] = (pt_score){0};
        if (!(error[i] > 0.0)) continue;
        o.a *= error[i];
        o.b *= error[i];
        if (e->rough) o = pt_score_rough(&o);
        if (!pt_score_at(&o, e->student, e->y[o.output], &score[i])) return INFINITY;
        sum -= score[i].log_density;
    }
    return sum;
}

void pt_extended_at(const pt_extended_work *e, int nz, const double *u, double *z)
{
    memcpy(z, e->m, (size_t)nz * sizeof *z);
    move(nz, 1.0, e->L, u, z);
}

/* Have the outputs in e->y a place on the scale of their errors? */
static int has_place(const pt_extended_work *e, const pt_observation *obs, int64_t n)
{
    for (int64_t i = 0; i < n; i++) {
        const double h = e->y[obs[i].output];
        const int positive = obs[i].noise == PT_NOISE_LOG_ADDITIVE || obs[i].noise == PT_NOISE_POISSON;
        if (!s_finite(h) || (positive && !(h > 0.0))) return 0;
        if (obs[i].noise == PT_NOISE_PROPORTIONAL && !(h * h > 0.0)) return 0;
    }
    return 1;
}

/* Points on the axes of u, from near to far. */
static const double reach[] = {0.1, 0.3, 1.0, 2.0, 4.0};

static int n_points(int nz) { return (int)(sizeof reach / sizeof *reach) * 2 * nz; }

static void axis_point(int nz, int k, double *u)
{
    memset(u, 0, (size_t)nz * sizeof *u);
    u[k % (2 * nz) / 2] = k % 2 ? -reach[k / (2 * nz)] : reach[k / (2 * nz)];
}

int pt_extended_reach(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                      int64_t n)
{
    pt_extended_work *e = w->own;
    for (int k = 0; k < n_points(call->nz); k++) {
        axis_point(call->nz, k, e->start);
        pt_extended_at(e, call->nz, e->start, e->z);
        pt_extended_outputs(call, w, e->z, 0);
        if (has_place(e, obs, n)) return 1;
    }
    memset(e->start, 0, (size_t)call->nz * sizeof *e->start);
    return 0;
}

/* A group at work: V and the scores at u. */
typedef struct {
    const pt_nonlinear_call *call;
    pt_nonlinear_work *w;
    pt_extended_work *e;
    const pt_observation *obs;
    int64_t n;
    int nz;
    double V;
    double largest; /* information along one observation */
    double damping; /* relative to it */
} search;

/* e->z = m + L u, and V there. */
static double objective(const search *s, const double *u, pt_score *score)
{
    pt_extended_work *e = s->e;
    pt_extended_at(e, s->nz, u, e->z);
    pt_extended_outputs(s->call, s->w, e->z, 0);
    return 0.5 * dot(s->nz, u, u) + pt_extended_misfit(e, s->obs, e->error, s->n, score);
}

/* Rows A_i = H_i L at e->z, where V and the scores are. */
static void linearise(search *s)
{
    pt_extended_work *e = s->e;
    s->largest = 0.0;
    pt_extended_outputs(s->call, s->w, e->z, 1);
    for (int64_t i = 0; i < s->n; i++) {
        double *A = e->A + i * s->nz;
        across(s->nz, e->H + s->obs[i].output * s->nz, e->L, A);
        s->largest = fmax(s->largest, e->score[i].information * dot(s->nz, A, A));
    }
}

/* e->next: where the step from u leads under a damping; e->M: root of the covariance there. Returns ln |M|.
 */
static double solve(const search *s, double lambda)
{
    pt_extended_work *e = s->e;
    const int nz = s->nz;
    const double keep = 1.0 / (1.0 + lambda);
    double log_det = 0.5 * nz * s_log(keep);
    memset(e->M, 0, (size_t)nz * nz * sizeof *e->M);
    for (int j = 0; j < nz; j++) {
        e->M[j * nz + j] = sqrt(keep);
        e->next[j] = lambda * keep * e->u[j];
    }
    for (int64_t i = 0; i < s->n; i++)
        log_det -=
            0.5 * s_log(pt_extended_absorb(nz, e->A + i * nz, &e->score[i], e->u, e->a, e->next, e->M));
    return log_det;
}

/* Squared length of the step to e->next in posterior standard deviations. */
static double length_of(const search *s)
{
    const pt_extended_work *e = s->e;
    double sum = 0.0;
    for (int j = 0; j < s->nz; j++) sum += (e->next[j] - e->u[j]) * (e->next[j] - e->u[j]);
    for (int64_t i = 0; i < s->n; i++) {
        double along = 0.0;
        for (int j = 0; j < s->nz; j++) along += e->A[i * s->nz + j] * (e->next[j] - e->u[j]);
        sum += e->score[i].information * along * along;
    }
    return sum;
}

static void accept(search *s, double V)
{
    pt_extended_work *e = s->e;
    pt_score *score = e->score;
    e->score = e->score_next;
    e->score_next = score;
    memcpy(e->u, e->next, (size_t)s->nz * sizeof *e->u);
    s->V = V;
}

/* One step to a lower V, or without damping whatever it leads to; its squared length, 0 where there is none.
 */
static double descend(search *s)
{
    const double first = s->call->options->iteration.damping;
    linearise(s);
    for (int again = 0;; again = 1) {
        solve(s, s->damping * (1.0 + s->largest));
        const double length = length_of(s), V = objective(s, s->e->next, s->e->score_next);
        if (V <= s->V || first == 0.0) {
            accept(s, V);
            if (!again) s->damping = s->damping > LEAST ? s->damping * SHRINK : 0.0;
            return length;
        }
        s->damping = s->damping > 0.0 ? s->damping * GROW : first;
        if (s->damping > MOST) return 0.0;
    }
}

/* to (nz, nz) = L M */
static void posterior_root(const pt_extended_work *e, int nz, double *to)
{
    memset(to, 0, (size_t)nz * nz * sizeof *to);
    for (int i = 0; i < nz; i++)
        for (int k = 0; k < nz; k++)
            for (int j = 0; j < nz; j++) to[i * nz + j] += e->L[i * nz + k] * e->M[k * nz + j];
}

/* From u to where V is least, as closely as asked for; whether V exists. */
static int minimise(search *s, int rough, double tolerance)
{
    pt_extended_work *e = s->e;
    e->rough = rough;
    s->damping = 0.0;
    s->V = objective(s, e->u, e->score);
    for (int64_t k = 0; k < s->call->options->iteration.max_iter && s_finite(s->V); k++)
        if (descend(s) <= tolerance * tolerance) break;
    e->rough = 0;
    return s_finite(s->V);
}

/* Where V exists, for a search that would begin where it doesn't. */
static void find_start(search *s)
{
    pt_extended_work *e = s->e;
    if (s_finite(objective(s, e->start, e->score))) return;
    for (int k = 0; k < n_points(s->nz); k++) {
        axis_point(s->nz, k, e->start);
        if (s_finite(objective(s, e->start, e->score))) {
            s->w->rejected++;
            return;
        }
    }
    memset(e->start, 0, (size_t)s->nz * sizeof *e->start);
}

pt_status pt_extended_iterate(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                              int64_t n, double *loglike)
{
    pt_extended_work *e = w->own;
    const int nz = call->nz;
    const pt_nonlinear_iteration *o = &call->options->iteration;
    search s = {.call = call, .w = w, .e = e, .obs = obs, .n = n, .nz = nz};
    if (o->damping > 0.0) find_start(&s);
    memcpy(e->u, e->start, (size_t)nz * sizeof *e->u);
    if (o->damping > 0.0 && !minimise(&s, 1, ROUGHLY)) memcpy(e->u, e->start, (size_t)nz * sizeof *e->u);
    if (!minimise(&s, 0, o->tolerance)) return PT_NOT_FINITE;
    if (o->damping == 0.0) posterior_root(e, nz, e->wide); /* of the last step, as it is published */
    objective(&s, e->u, e->score);
    linearise(&s);
    const double log_det = solve(&s, 0.0);
    if (o->damping > 0.0) posterior_root(e, nz, e->wide);
    memcpy(e->m, e->z, (size_t)nz * sizeof *e->m);
    memcpy(e->L, e->wide, (size_t)nz * nz * sizeof *e->L);
    *loglike += log_det - s.V;
    return PT_OK;
}
