/* Sigma points: propagate, observe, smooth. See gauss.h, sigma.h. */
#include "kalman/gauss.h"

#include <math.h>
#include <string.h>

#include "kalman/observe.h"
#include "kalman/scalar.h"
#include "kalman/smooth.h"

/* Smoothing trusts pivots above the larger of these: rounding, and the integrator's error in a variance. */
#define SMOOTH_FINEST 1e-9
#define SMOOTH_MARGIN 100.0

typedef struct {
    pt_sigma_rule rule;
    double *block;     /* the arrays below lie in it */
    double *m, *P;     /* [nz], [nz, nz] */
    double *L, *shift; /* [nz, nz], [nz] */
    double *X;         /* [max_lane, nz] points */
    double *h, *gain;  /* [max_lane], [nz] */
    double *solve;     /* [4, nz, nz] and [max_lane, nz] */
    int *pivot;        /* [2 nz] */
    int64_t *node;     /* [max_obs] the history's node of each observation */
    pt_history history;
} gauss;

/* ---- memory ---- */

static pt_status make_rule(const pt_nonlinear_call *call, pt_sigma_rule *rule)
{
    const pt_nonlinear_points *o = &call->options->points;
    const double alpha = o->alpha == o->alpha ? o->alpha : 1.0, beta = o->beta == o->beta ? o->beta : 2.0;
    const double kappa = o->kappa == o->kappa ? o->kappa : 3.0 - call->nz;
    return pt_sigma_rule_make(call->nz, alpha, beta, kappa, rule);
}

static pt_status check(const pt_nonlinear_call *call)
{
    pt_sigma_rule rule;
    return make_rule(call, &rule);
}

static int64_t lanes(const pt_nonlinear_call *call) { return 2 * (int64_t)call->nz + 1; }

static int64_t state_size(const pt_nonlinear_call *call) { return call->nz + (int64_t)call->nz * call->nz; }

static int64_t place(const pt_nonlinear_call *call, gauss *g, double *block)
{
    int64_t nz = call->nz, max = call->max_lane, used = 0;
    struct {
        double **array;
        int64_t n;
    } parts[] = {
        {&g->m, nz},       {&g->P, nz * nz}, {&g->L, nz * nz}, {&g->shift, nz},
        {&g->X, max * nz}, {&g->h, max},     {&g->gain, nz},   {&g->solve, 4 * nz * nz + max * nz},
    };
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        if (block) *parts[k].array = block + used;
        used += parts[k].n;
    }
    if (!call->options->smooth) return used;
    if (block) pt_history_place(&g->history, call->nz, (int)max, call->max_step, block + used);
    return used + pt_history_size(call->nz, (int)max, call->max_step);
}

static void destroy(pt_nonlinear_work *w)
{
    gauss *g = w->own;
    pt_free(g->block);
    pt_free(g->pivot);
    pt_free(g->node);
    pt_free(g);
}

static pt_status create(const pt_nonlinear_call *call, pt_nonlinear_work *w)
{
    gauss *g = w->own = pt_alloc(sizeof *g);
    if (!g) return PT_NO_MEMORY;
    g->block = pt_alloc((size_t)place(call, g, NULL) * sizeof(double));
    g->pivot = pt_alloc(2 * (size_t)call->nz * sizeof *g->pivot);
    g->node = pt_alloc((size_t)call->max_obs * sizeof *g->node);
    if (!g->block || !g->pivot || !g->node) return PT_NO_MEMORY;
    place(call, g, g->block);
    return make_rule(call, &g->rule);
}

/* ---- points ---- */

static void copy(double *to, const double *from, int64_t n) { memcpy(to, from, (size_t)n * sizeof *to); }

/* Points of N(m, P); their number, or 0 when P is not a covariance. */
static int draw(const pt_nonlinear_call *call, const pt_nonlinear_work *w)
{
    gauss *g = w->own;
    double known = fmax(PT_KNOWN_EXACTLY, call->options->ode.rtol);
    int rank =
        pt_sigma_factor(call->nz, call->nx % call->nz, g->m, known, g->P, PT_PIVOT_FILTER, g->L, g->pivot);
    if (rank < 0) return 0;
    return pt_sigma_draw(&g->rule, call->nz, rank, g->L, call->nx, w->lower, w->upper, g->m, g->P, g->X);
}

static int is_gaussian(const pt_nonlinear_call *call, const gauss *g)
{
    for (int j = 0; j < call->nz; j++)
        if (!s_finite(g->m[j]) || !s_finite(g->P[j * call->nz + j])) return 0;
    return 1;
}

/* ---- history ---- */

/* The node where a step begins, or the run ends. */
static void record_node(gauss *g, int64_t nz)
{
    copy(g->history.mean + g->history.count * nz, g->m, nz);
    copy(g->history.cov + g->history.count * nz * nz, g->P, nz * nz);
}

/* The points of a step, before and after it. */
static void record_points(gauss *g, double *slots, int64_t n_point)
{
    int64_t nz = g->history.n;
    copy(slots + g->history.count * g->history.max_point * nz, g->X, n_point * nz);
    g->history.n_point[g->history.count] = (double)n_point;
}

static void record_prediction(gauss *g, double span)
{
    int64_t nz = g->history.n, k = g->history.count++;
    copy(g->history.predicted_mean + k * nz, g->m, nz);
    copy(g->history.predicted_cov + k * nz * nz, g->P, nz * nz);
    g->history.span[k] = span;
}

static pt_status begin_history(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient, gauss *g)
{
    pt_history *h = &g->history;
    h->count = 0;
    h->rule = g->rule;
    h->known = fmax(PT_KNOWN_EXACTLY, call->options->ode.rtol);
    h->tolerance = fmax(SMOOTH_FINEST, SMOOTH_MARGIN * call->options->ode.rtol);
    h->noise_rank =
        pt_sigma_factor(call->nz, 0, g->m, 0.0, patient->Q, PT_PIVOT_FILTER, h->noise_root, g->pivot);
    return h->noise_rank < 0 ? PT_NOT_POSITIVE_DEFINITE : PT_OK;
}

/* ---- a patient ---- */

static pt_status begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                       pt_nonlinear_work *w, const double *state)
{
    gauss *g = w->own;
    int64_t nz = call->nz;
    copy(g->m, state ? state : patient->mean, nz);
    copy(g->P, state ? state + nz : patient->cov, nz * nz);
    return w->recording ? begin_history(call, patient, g) : PT_OK;
}

static void save(const pt_nonlinear_call *call, const pt_nonlinear_work *w, double *state)
{
    const gauss *g = w->own;
    copy(state, g->m, call->nz);
    copy(state + call->nz, g->P, (int64_t)call->nz * call->nz);
}

static void moments(const pt_nonlinear_call *call, pt_nonlinear_work *w, double *m, double *P)
{
    const gauss *g = w->own;
    copy(m, g->m, call->nz);
    copy(P, g->P, (int64_t)call->nz * call->nz);
}

/* z(t) -> z(t1): points, equations, moments, process noise */
static pt_status step(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                      pt_nonlinear_work *w, double t1)
{
    gauss *g = w->own;
    int nz = call->nz;
    double span = t1 - w->course.t;
    int n_point = draw(call, w);
    if (!n_point) return PT_NOT_POSITIVE_DEFINITE;
    if (w->recording) {
        record_node(g, nz);
        record_points(g, g->history.before, n_point);
    }
    pt_course_save(call, &w->course, w->mark);
    pt_status status = pt_nonlinear_propagate(call, patient, w, n_point, g->X, t1);
    if (status == PT_OK) status = pt_nonlinear_lane_status(w, n_point);
    if (status != PT_OK) {
        pt_course_load(call, w->mark, &w->course);
        return status;
    }
    if (w->recording) record_points(g, g->history.after, n_point);
    pt_sigma_moments(&g->rule, nz, n_point, g->X, g->m, g->P, g->shift);
    for (int j = 0; j < nz * nz; j++) g->P[j] += patient->Q[j] * span;
    if (w->recording) record_prediction(g, span);
    return is_gaussian(call, g) ? PT_OK : PT_NOT_FINITE;
}

static pt_status observe_one(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                             int64_t row, double *loglike)
{
    gauss *g = w->own;
    pt_forecast forecast;
    int n_point = draw(call, w);
    if (!n_point) return PT_NOT_POSITIVE_DEFINITE;
    pt_nonlinear_outputs(call, w, n_point, g->X);
    for (int i = 0; i < n_point; i++) g->h[i] = w->y[(size_t)i * call->ny + obs->output];
    pt_status status = pt_observe_forecast(&g->rule, call->nz, n_point, g->X, obs, g->h, &forecast, g->gain);
    if (status != PT_OK) return status;
    call->out->predicted[row] = forecast.mean;
    call->out->predicted_var[row] = forecast.var;
    call->out->latent_var[row] = forecast.latent_var;
    int8_t use;
    pt_trust trust = {call->options->gate, call->options->robust, call->options->student};
    pt_observe_update(&g->rule, call->nz, n_point, g->X, g->h, obs, &forecast, g->gain, &trust, g->m, g->P,
                      loglike, &use);
    if (call->in->lower) status = pt_observe_bound(call->nz, call->in->lower, call->in->upper, g->m, g->P);
    if (status != PT_OK) return status;
    if (!is_gaussian(call, g) || !s_finite(*loglike)) return PT_NOT_FINITE;
    call->out->use[row] = use;
    pt_nonlinear_trace(call, row, g->m, g->P);
    return PT_OK;
}

static pt_status observe(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                         pt_nonlinear_work *w, const pt_observation *obs, int64_t n, int64_t row,
                         double *loglike)
{
    gauss *g = w->own;
    pt_status status = PT_OK;
    for (int64_t k = 0; status == PT_OK && k < n; k++) {
        if (w->recording) g->node[row + k - patient->first_obs] = g->history.count;
        status = observe_one(call, w, obs + k, row + k, loglike);
    }
    return status;
}

static pt_status smooth(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                        pt_nonlinear_work *w)
{
    gauss *g = w->own;
    int64_t nz = call->nz;
    record_node(g, nz);
    pt_status status = pt_smooth(&g->history, call->nx % call->nz, g->solve, g->pivot);
    if (status != PT_OK) return status;
    for (int64_t k = 0; k < patient->n_obs; k++) {
        int64_t row = patient->first_obs + k, node = g->node[k];
        if (call->out->smoothed_mean)
            copy(call->out->smoothed_mean + row * nz, g->history.mean + node * nz, nz);
        if (call->out->smoothed_cov)
            copy(call->out->smoothed_cov + row * nz * nz, g->history.cov + node * nz * nz, nz * nz);
    }
    return PT_OK;
}

const pt_nonlinear_method pt_gauss = {check, lanes, state_size, create,  destroy, begin,
                                      save,  step,  observe,    moments, smooth};
