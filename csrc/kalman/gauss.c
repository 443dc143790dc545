/* Sigma points: propagate, observe, smooth. See gauss.h, sigma.h. */
#include "kalman/gauss.h"

#include <math.h>
#include <string.h>

#include "kalman/scalar.h"
#include "kalman/upper.h"
#include "parts.h"

/* Points that fail are drawn again with half the spread, at most so often. */
#define MOST_SHRINKS 12

typedef pt_gauss_own gauss;

/* ---- memory ---- */

/* Does the method take products? Those that iterate do where they are asked for. */
static int is_product(const pt_nonlinear_call *call)
{
    if (call->variant == PT_GAUSS_HERMITE) return 1;
    return pt_gauss_iterates(call) && call->options->points.n_node > 0;
}

static int nodes(const pt_nonlinear_call *call)
{
    const int n = call->options->points.n_node;
    return n > 0 ? n : 3;
}

pt_status pt_gauss_rule(const pt_nonlinear_call *call, double *weight, pt_sigma_rule *rule)
{
    const pt_nonlinear_points *o = &call->options->points;
    const double alpha = o->alpha == o->alpha ? o->alpha : 1.0, beta = o->beta == o->beta ? o->beta : 2.0;
    const double kappa = o->kappa == o->kappa ? o->kappa : 3.0 - call->nv;
    if (is_product(call)) {
        if (weight) pt_sigma_rule_hermite(nodes(call), weight, rule);
        return PT_OK;
    }
    if (call->variant != PT_GAUSS_CUBATURE) return pt_sigma_rule_make(call->nv, alpha, beta, kappa, rule);
    if (weight) pt_sigma_rule_cubature(call->nz, weight, rule);
    return PT_OK;
}

static int can_iterate(const pt_nonlinear_iteration *o)
{
    return o->max_iter > 0 && o->damping >= 0.0 && o->damping < 1.0 && o->tolerance >= 0.0;
}

static pt_status check(const pt_nonlinear_call *call)
{
    pt_sigma_rule rule;
    const int n = call->options->points.n_node, form = call->options->points.form;
    if (form < 0 || form >= PT_N_FORM || (form && call->variant == PT_GAUSS_ITERATED)) return PT_BAD_ARGUMENT;
    if (n < 0 || n == 1 || n > PT_HERMITE_MAX) return PT_BAD_ARGUMENT;
    if (form && call->n_memory) return PT_UNSUPPORTED; /* what is remembered wants the largest pivots */
    if (is_product(call) && pt_sigma_hermite_points(nodes(call), call->nz) < 0) return PT_UNSUPPORTED;
    if (pt_gauss_iterates(call) && !can_iterate(&call->options->iteration)) return PT_BAD_ARGUMENT;
    return pt_gauss_rule(call, NULL, &rule);
}

/* Room for the points of the rule, and for those on the axes where they have to be drawn again. */
static int64_t lanes(const pt_nonlinear_call *call)
{
    const int64_t axes = 2 * (int64_t)call->nz + 1;
    const int64_t product = is_product(call) ? pt_sigma_hermite_points(nodes(call), call->nz) : 0;
    return product > axes ? product : axes;
}

static int64_t state_size(const pt_nonlinear_call *call) { return call->nz + (int64_t)call->nz * call->nz; }

static int64_t place(const pt_nonlinear_call *call, gauss *g, double *block)
{
    int64_t nz = call->nz, max = call->max_lane;
    const pt_part parts[] = {
        {&g->m, nz},
        {&g->P, nz * nz},
        {&g->L, nz * nz},
        {&g->shift, nz},
        {&g->U, nz * nz},
        {&g->noise, nz * nz},
        {&g->row, 3 * nz},
        {&g->X, max * nz},
        {&g->weight, max},
        {&g->old, nz + 2 * nz * nz},
        {&g->turns, pt_gauss_iterates(call) ? 4 * (nz + nz * nz) : 0},
        {&g->h, max},
        {&g->gain, nz},
        {&g->solve, 4 * nz * nz + max * nz},
    };
    const int64_t used = pt_parts_place(parts, sizeof parts / sizeof *parts, block, 0, 1);
    if (!call->options->smooth) return used;
    if (pt_gauss_iterates(call)) return pt_gauss_path_place(call, &g->path, block, used);
    if (block) pt_history_place(&g->history, call->nz, (int)max, call->max_step, block + used);
    return used + pt_history_size(call->nz, (int)max, call->max_step);
}

static void destroy(pt_nonlinear_work *w)
{
    gauss *g = w->own;
    pt_free(g->block);
    pt_free(g->pivot);
    pt_free(g->node);
    pt_gauss_path_free(&g->path);
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
    if (call->options->smooth && pt_gauss_iterates(call)) {
        const pt_status status = pt_gauss_path_create(call, &g->path);
        if (status != PT_OK) return status;
    }
    return pt_gauss_rule(call, g->weight, &g->rule);
}

/* ---- points ---- */

static void copy(double *to, const double *from, int64_t n) { memcpy(to, from, (size_t)n * sizeof *to); }

/* Root of P by rows, into L; the rank, or -1 */
static int root_by_rows(const pt_nonlinear_call *call, gauss *g)
{
    const double known = fmax(PT_KNOWN_EXACTLY, call->options->ode.rtol);
    if (pt_gauss_is_rooted(call)) return pt_upper_pack(call->nz, g->U, g->L);
    return pt_sigma_root(call->nz, pt_gauss_first(call), g->m, known, g->P, PT_PIVOT_FILTER, g->L, g->pivot);
}

/* m and P of the points, plus span Q where there is one */
static pt_status point_moments(const pt_nonlinear_call *call, gauss *g, const pt_sigma_rule *rule,
                               int n_point, double span, const double *Q)
{
    const int nz = call->nz;
    if (pt_gauss_is_rooted(call)) return pt_gauss_root_moments(call, g, rule, n_point, span);
    pt_sigma_moments(rule, nz, n_point, g->X, g->m, g->P, g->shift);
    for (int j = 0; Q && j < nz * nz; j++) g->P[j] += Q[j] * span;
    return PT_OK;
}

int pt_gauss_draw(const pt_nonlinear_call *call, const pt_nonlinear_work *w, const pt_sigma_rule *rule)
{
    gauss *g = w->own;
    int clamped;
    const int rank = root_by_rows(call, g);
    if (rank < 0) return 0;
    const int n_point =
        pt_sigma_draw(rule, call->nz, rank, g->L, call->nx, w->lower, w->upper, g->m, g->X, &clamped);
    if (!clamped) return n_point;
    return point_moments(call, g, rule, n_point, 0.0, NULL) == PT_OK ? n_point : 0;
}

static int is_gaussian(const pt_nonlinear_call *call, const gauss *g)
{
    for (int j = 0; j < call->nz; j++)
        if (!s_finite(g->m[j]) || !s_finite(g->P[j * call->nz + j])) return 0;
    return 1;
}

/* ---- a patient ---- */

static pt_status begin(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                       pt_nonlinear_work *w, const double *state)
{
    gauss *g = w->own;
    int64_t nz = call->nz;
    copy(g->m, state ? state : patient->mean, nz);
    copy(g->P, state ? state + nz : patient->cov, nz * nz);
    const pt_status status = pt_gauss_is_rooted(call) ? pt_gauss_root_begin(call, patient, g, state) : PT_OK;
    if (status != PT_OK) return status;
    return w->recording ? pt_gauss_record_begin(call, patient, w) : PT_OK;
}

static void save(const pt_nonlinear_call *call, const pt_nonlinear_work *w, double *state)
{
    const gauss *g = w->own;
    copy(state, g->m, call->nz);
    copy(state + call->nz, pt_gauss_is_rooted(call) ? g->U : g->P, (int64_t)call->nz * call->nz);
}

static void moments(const pt_nonlinear_call *call, pt_nonlinear_work *w, double *m, double *P)
{
    const gauss *g = w->own;
    copy(m, g->m, call->nz);
    copy(P, g->P, (int64_t)call->nz * call->nz);
}

/* How many of the lanes failed. */
static int64_t count_failed(const pt_nonlinear_work *w, int64_t n_lane)
{
    int64_t n = 0;
    for (int64_t i = 0; i < n_lane; i++) n += w->lane_status[i] != PT_OK;
    return n;
}

pt_status pt_gauss_carry(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                         pt_nonlinear_work *w, double t1, double *before, pt_sigma_rule *rule, int *n_point,
                         double *share)
{
    gauss *g = w->own;
    *share = 1.0;
    pt_course_save(call, &w->course, w->mark);
    for (int k = 0;; k++, *share *= 0.5) {
        *rule = pt_sigma_shrunk(&g->rule, *share);
        *n_point = pt_gauss_draw(call, w, rule);
        if (!*n_point) return PT_NOT_POSITIVE_DEFINITE;
        if (before) copy(before, g->X, (int64_t)*n_point * call->nz);
        pt_status status = pt_nonlinear_propagate(call, patient, w, *n_point, g->X, t1);
        if (status == PT_OK) status = pt_nonlinear_lane_status(w, *n_point);
        if (status == PT_OK) return PT_OK;
        pt_course_load(call, w->mark, &w->course);
        /* Where all failed, another spread is no help. */
        const int64_t failed = count_failed(w, *n_point);
        if (k == MOST_SHRINKS || failed == 0 || failed == *n_point) return status;
        w->rejected += failed;
    }
}

/* z(t) -> z(t1): points, equations, moments, process noise */
static pt_status step(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                      pt_nonlinear_work *w, double t1)
{
    gauss *g = w->own;
    int n_point;
    double span = t1 - w->course.t, share, *before = w->recording ? pt_gauss_record_room(call, w) : NULL;
    pt_sigma_rule rule;
    pt_status status = pt_gauss_carry(call, patient, w, t1, before, &rule, &n_point, &share);
    if (status != PT_OK) return status;
    if (w->recording) pt_gauss_record_points(call, w, t1, n_point, share);
    status = point_moments(call, g, &rule, n_point, span, patient->Q);
    if (status != PT_OK) return status;
    if (w->recording) pt_gauss_record_prediction(call, w, span);
    return is_gaussian(call, g) ? PT_OK : PT_NOT_FINITE;
}

/* Points whose output has no place on the scale of the noise. */
static int64_t count_unusable(const pt_nonlinear_call *call, const pt_nonlinear_work *w,
                              const pt_observation *obs, int64_t n_point)
{
    int64_t n = 0;
    for (int64_t i = 0; i < n_point; i++) {
        const double h = w->y[i * call->ny + obs->output];
        n += !s_finite(h) || (obs->noise == PT_NOISE_LOG_ADDITIVE && !(h > 0.0));
    }
    return n;
}

pt_status pt_gauss_forecast(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                            pt_sigma_rule *rule, int *n_point, pt_forecast *forecast)
{
    gauss *g = w->own;
    double share = 1.0;
    for (int k = 0;; k++, share *= 0.5) {
        *rule = pt_sigma_shrunk(&g->rule, share);
        *n_point = pt_gauss_draw(call, w, rule);
        if (!*n_point) return PT_NOT_POSITIVE_DEFINITE;
        pt_nonlinear_outputs(call, w, *n_point, g->X);
        for (int i = 0; i < *n_point; i++) g->h[i] = w->y[(size_t)i * call->ny + obs->output];
        const int64_t bad = count_unusable(call, w, obs, *n_point);
        if (bad == 0 || bad == *n_point || k == MOST_SHRINKS) break;
        w->rejected += bad;
    }
    return pt_observe_forecast(rule, call->nz, *n_point, g->X, obs, g->h, forecast, g->gain);
}

static pt_status observe_plain(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                               const pt_trust *trust, pt_forecast *forecast, double *loglike, int8_t *use)
{
    gauss *g = w->own;
    pt_sigma_rule rule;
    int n_point;
    pt_status status = pt_gauss_forecast(call, w, obs, &rule, &n_point, forecast);
    if (status != PT_OK) return status;
    if (pt_gauss_is_rooted(call))
        return pt_gauss_root_update(call, g, &rule, n_point, obs, forecast, trust, loglike, use);
    pt_observe_update(&rule, call->nz, n_point, g->X, g->h, obs, forecast, g->gain, trust, g->m, g->P,
                      loglike, use);
    return PT_OK;
}

/* The box; a root follows where P felt it. */
static pt_status bound(const pt_nonlinear_call *call, gauss *g)
{
    const int64_t size = (int64_t)call->nz * call->nz;
    copy(g->old, g->P, size);
    const pt_status status = pt_observe_bound(call->nz, call->in->lower, call->in->upper, g->m, g->P);
    if (status != PT_OK || !pt_gauss_is_rooted(call)) return status;
    return memcmp(g->old, g->P, (size_t)size * sizeof *g->P) == 0 ? PT_OK : pt_gauss_root_renew(call, g);
}

static pt_status observe_one(const pt_nonlinear_call *call, pt_nonlinear_work *w, const pt_observation *obs,
                             int64_t row, double *loglike)
{
    gauss *g = w->own;
    pt_forecast forecast = {.mean = NAN, .var = NAN, .latent_var = NAN};
    int8_t use = PT_OBS_MISSING;
    const pt_trust trust = {call->options->gate, call->options->robust, call->options->student};
    pt_status status = pt_gauss_iterates(call)
                           ? pt_gauss_iterate(call, w, obs, &trust, &forecast, loglike, &use)
                           : observe_plain(call, w, obs, &trust, &forecast, loglike, &use);
    call->out->predicted[row] = forecast.mean;
    call->out->predicted_var[row] = forecast.var;
    call->out->latent_var[row] = forecast.latent_var;
    if (status == PT_OK && call->in->lower) status = bound(call, g);
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
        if (w->recording) g->node[row + k - patient->first_obs] = pt_gauss_record_count(call, w);
        status = observe_one(call, w, obs + k, row + k, loglike);
    }
    return status;
}

const pt_nonlinear_method pt_gauss = {check, lanes, state_size, create,  destroy,        begin,
                                      save,  step,  observe,    moments, pt_gauss_smooth};
