/* Patients to lanes and back. See grid.h. */
#include "kalman/grid.h"

#include <math.h>
#include <string.h>

#include "kalman/gauss.h"
#include "kalman/scalar.h"

enum { V = PT_WIDE, N_LANE = PT_WIDE_LANES };

/* Vecs of all points at most: beyond, they don't fit a cache and one patient at a time is as fast. */
#define MOST_POINT_VECS 16384

/* ---- memory ---- */

typedef struct {
    vec **array;
    int64_t n;
} part;

static int64_t place(pt_grid *g, vec *block)
{
    const int64_t n = g->n, np = g->call->np, ny = g->call->ny;
    const part parts[] = {
        {&g->m, n * V},
        {&g->P, n * n * V},
        {&g->Q, n * n * V},
        {&g->L, n * n * V},
        {&g->X, g->n_point * n * V},
        {&g->p, np * V},
        {&g->factor, np * V},
        {&g->y, ny * V},
        {&g->h, (int64_t)g->n_point * V},
        {&g->D, n * g->n_point},
    };
    int64_t used = 0;
    for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
        if (block) *parts[k].array = block + used;
        used += parts[k].n;
    }
    return used;
}

void pt_grid_free(pt_grid *g)
{
    if (!g) return;
    pt_flow_free(g->flow);
    pt_free(g->block);
    pt_free(g->numbers);
    pt_free(g->map);
    pt_free(g);
}

/* Does the call ask for what is done here, for every patient? */
static int suits(const pt_nonlinear_call *call)
{
    const pt_nonlinear_options *o = call->options;
    return call->method == &pt_gauss && !pt_gauss_iterates(call) && !pt_gauss_is_rooted(call) && !o->smooth &&
           !call->n_memory && !(o->robust > 0.0) && !(o->student > 0.0) && !call->in->lower &&
           call->in->n_patient > 1 && call->max_lane * call->nz * V <= MOST_POINT_VECS;
}

static void set_rule(const pt_nonlinear_call *call, pt_grid *g)
{
    pt_gauss_rule(call, g->weight, &g->rule);
    const int product = g->rule.n_node > 0;
    g->n_point = product ? (int)pt_sigma_hermite_points(g->rule.n_node, g->n) : 2 * g->n + 1;
    g->n_weighed = product ? g->n_point : 2 * g->n;
    for (int p = 0; !g->rule.weight && p < g->n_point; p++) g->weight[p] = g->rule.w;
    pt_sigma_weights(&g->rule, g->n, g->n_point);
    g->algebra = pt_grid_algebra_for(g->n, g->first, &g->rule);
}

static pt_status fill(const pt_nonlinear_call *call, pt_grid *g)
{
    const size_t n = (size_t)call->nz;
    g->call = call;
    g->n = call->nz;
    g->first = call->nx % call->nz;
    g->known = fmax(PT_KNOWN_EXACTLY, call->options->ode.rtol);
    g->numbers = pt_alloc(((size_t)call->max_lane + (size_t)N_LANE * (size_t)pt_course_size(call)) *
                          sizeof *g->numbers);
    g->map = pt_alloc((n * n + n) * sizeof *g->map);
    if (!g->numbers || !g->map) return PT_NO_MEMORY;
    g->weight = g->numbers;
    g->course = g->numbers + call->max_lane;
    set_rule(call, g);
    for (int r = 0; r < g->n; r++) {
        g->map[g->n * g->n + r] = r;
        for (int c = 0; c < g->n; c++) g->map[r * g->n + c] = r > c ? r * g->n + c : c * g->n + r;
    }
    g->block = pt_alloc((size_t)place(g, NULL) * sizeof(vec));
    if (!g->block) return PT_NO_MEMORY;
    place(g, g->block);
    return pt_flow_create(call->model, &call->options->ode, &g->flow);
}

pt_status pt_grid_create(const pt_nonlinear_call *call, pt_grid **grid)
{
    *grid = NULL;
    if (!suits(call) || !(call->options->ode.step > 0.0)) return PT_OK;
    pt_grid *g = pt_alloc(sizeof *g);
    if (!g) return PT_NO_MEMORY;
    const pt_status status = fill(call, g);
    if (status == PT_OK && g->flow) {
        *grid = g;
        return PT_OK;
    }
    pt_grid_free(g);
    return status == PT_NO_MEMORY ? status : PT_OK;
}

/* ---- into the lanes ---- */

static double *at(vec *a, int64_t i, int s) { return (double *)a + i * N_LANE + s; }

static int is_symmetric(int n, const double *A)
{
    for (int r = 0; r < n; r++)
        for (int c = 0; c < r; c++)
            if (A[r * n + c] != A[c * n + r]) return 0;
    return 1;
}

/* Are all observations values with an error, and does nothing else happen to the patient? */
static int is_plain(const pt_nonlinear_call *call, const pt_nonlinear_patient *patient,
                    const pt_nonlinear_work *w)
{
    const pt_course *c = &w->course;
    const pt_schedule *schedule = &patient->schedule;
    if (schedule->n_dose || (c->next < schedule->n && schedule->actions[c->next].time <= patient->end))
        return 0;
    for (int i = 0; i < call->n_dose; i++)
        if (c->rate[i] != 0.0) return 0;
    for (int i = 0; i < call->np; i++)
        if (!s_finite(c->params[i] * c->factor[i])) return 0;
    for (int64_t k = 0; k < patient->n_obs; k++)
        if (patient->observations[k].noise == PT_NOISE_POISSON || patient->observations[k].censor) return 0;
    return is_symmetric(call->nz, patient->Q) && is_symmetric(call->nz, w->P);
}

/* The next instant at which lane s is observed, or its end. */
static void aim(pt_grid_lane *lane)
{
    const pt_nonlinear_patient *patient = &lane->patient;
    const pt_observation *obs = patient->observations + lane->k;
    lane->target = lane->k < patient->n_obs ? obs->time : patient->end;
    lane->group = lane->k;
    while (lane->group < patient->n_obs && patient->observations[lane->group].time == lane->target)
        lane->group++;
}

static void load(pt_grid *g, const pt_nonlinear_work *w, const double *Q, int s)
{
    const pt_nonlinear_call *call = g->call;
    const int n = g->n;
    for (int r = 0; r < n; r++) {
        *at(g->m, r, s) = w->m[r];
        for (int c = 0; c <= r; c++) {
            *at(g->P, r * n + c, s) = w->P[r * n + c];
            *at(g->Q, r * n + c, s) = Q[r * n + c];
        }
    }
    for (int i = 0; i < call->np; i++) {
        *at(g->p, i, s) = w->course.params[i] * w->course.factor[i];
        *at(g->factor, i, s) = w->course.factor[i];
    }
    *at(g->t, 0, s) = w->course.t;
    *at(g->loglike, 0, s) = w->course.loglike;
}

/* Takes patient i; 0 where it is not one for a lane. */
static int seat(pt_grid *g, pt_nonlinear_work *w, int64_t i, int s)
{
    const pt_nonlinear_call *call = g->call;
    pt_grid_lane *lane = g->lane + s;
    double when;
    *lane = (pt_grid_lane){.patient = pt_nonlinear_patient_at(call, i), .index = i};
    if (pt_nonlinear_check_patient(call, &lane->patient, w, &when) != PT_OK) return 0;
    if (pt_nonlinear_begin(call, &lane->patient, w) != PT_OK) return 0;
    call->method->moments(call, w, w->m, w->P);
    if (!is_plain(call, &lane->patient, w)) return 0;
    load(g, w, lane->patient.Q, s);
    pt_course_save(call, &w->course, g->course + s * pt_course_size(call));
    lane->t = w->course.t;
    lane->given = w->course.given;
    lane->count = w->course.count;
    lane->longest = pt_nonlinear_has_noise(call, &lane->patient) ? call->options->noise_step : INFINITY;
    lane->seat = PT_GRID_RUNS;
    aim(lane);
    return 1;
}

/* An empty lane holds the standard normal and the model's own parameters. */
static void leave_empty(pt_grid *g, int s)
{
    const pt_nonlinear_call *call = g->call;
    const int n = g->n;
    const pt_field *params = pt_model_params(call->model);
    for (int r = 0; r < n; r++) {
        *at(g->m, r, s) = 0.0;
        for (int c = 0; c <= r; c++) *at(g->P, r * n + c, s) = *at(g->Q, r * n + c, s) = r == c;
    }
    for (int i = 0; i < call->np; i++) {
        *at(g->p, i, s) = params[i].value;
        *at(g->factor, i, s) = 1.0;
    }
    *at(g->t, 0, s) = *at(g->loglike, 0, s) = 0.0;
    g->lane[s] = (pt_grid_lane){.index = -1, .seat = PT_GRID_EMPTY};
}

/* ---- rounds ---- */

/* Lane s goes to its next instant by one step of the filter. */
static void plan_step(pt_grid *g, int s)
{
    const pt_ode_options *ode = &g->call->options->ode;
    pt_grid_lane *lane = g->lane + s;
    lane->to = lane->target - lane->t > lane->longest ? lane->t + lane->longest : lane->target;
    const double span = lane->to - lane->t;
    if (!(span > 0.0) || span / ode->step > (double)ode->max_steps) {
        lane->seat = PT_GRID_LEFT;
        ((int64_t *)g->alive)[s] = 0;
        return;
    }
    *at(g->length, 0, s) = span;
    g->n_step++;
}

/* The observation of lane s into g->said. */
static void plan_observation(pt_grid *g, int s)
{
    pt_grid_said *said = &g->said;
    const pt_observation *obs = g->lane[s].patient.observations + g->lane[s].k;
    const int kind = obs->noise, log = kind == PT_NOISE_LOG_ADDITIVE, seen = obs->value == obs->value;
    const int shares = kind == PT_NOISE_PROPORTIONAL || kind == PT_NOISE_COMBINED;
    ((int64_t *)said->wanted)[s] = -1;
    ((int64_t *)said->log)[s] = -log;
    ((int64_t *)said->seen)[s] = -seen;
    *at(said->value, 0, s) = !seen ? 0.0 : log ? s_log(obs->value) : obs->value;
    *at(said->add_var, 0, s) = kind == PT_NOISE_PROPORTIONAL ? 0.0 : obs->a * obs->a;
    *at(said->share, 0, s) = shares ? obs->b : 0.0;
    said->output[s] = obs->output;
    g->n_observe++;
}

/* What lane s does next, if anything. */
static void plan(pt_grid *g, int s)
{
    pt_grid_lane *lane = g->lane + s;
    *at(g->length, 0, s) = 0.0;
    ((int64_t *)g->said.wanted)[s] = ((int64_t *)g->said.log)[s] = 0;
    if (lane->seat != PT_GRID_RUNS) return;
    if (!((const int64_t *)g->alive)[s]) {
        lane->seat = PT_GRID_LEFT;
        return;
    }
    if (lane->k == lane->patient.n_obs && !lane->kept) {
        pt_grid_keep_state(g, s);
        lane->kept = 1;
    }
    if (lane->t < lane->target) {
        plan_step(g, s);
    } else if (!lane->kept) {
        plan_observation(g, s);
    } else {
        pt_grid_conclude(g, s);
        lane->seat = PT_GRID_DONE;
        ((int64_t *)g->alive)[s] = 0;
    }
}

static void step(pt_grid *g, const pt_nonlinear_work *w)
{
    pt_grid_step(g, w);
    g->n_step = 0;
    for (int s = 0; s < N_LANE; s++) {
        pt_grid_lane *lane = g->lane + s;
        if (!(*at(g->length, 0, s) > 0.0)) continue;
        lane->t = lane->given = *at(g->t, 0, s) = lane->to;
        lane->count++;
        plan(g, s);
    }
}

static void observe(pt_grid *g, const pt_nonlinear_work *w)
{
    vmask made[V];
    const int64_t *asked = (const int64_t *)g->said.wanted, *some = (const int64_t *)made;
    pt_grid_observe(g, w);
    for (int j = 0; j < V; j++) made[j] = g->said.wanted[j] & g->alive[j];
    pt_grid_write_rows(g, some);
    g->n_observe = 0;
    for (int s = 0; s < N_LANE; s++) {
        pt_grid_lane *lane = g->lane + s;
        if (!asked[s]) continue;
        if (some[s] && ++lane->k == lane->group) {
            lane->count++;
            aim(lane);
        }
        plan(g, s);
    }
}

/* All observations of an instant before the step to the next, so that patients seen alike stay side by side.
 */
static void go(pt_grid *g, const pt_nonlinear_work *w)
{
    pt_flow_set(g->flow, g->p);
    g->n_step = g->n_observe = 0;
    for (int s = 0; s < N_LANE; s++) plan(g, s);
    while (g->n_observe || g->n_step) {
        if (g->n_observe)
            observe(g, w);
        else
            step(g, w);
    }
}

int pt_grid_run(pt_grid *g, pt_nonlinear_work *w, int64_t first, int n, int64_t *left)
{
    int n_left = 0;
    for (int s = 0; s < N_LANE; s++) {
        const int sits = s < n && seat(g, w, first + s, s);
        if (!sits) leave_empty(g, s);
        if (s < n && !sits) left[n_left++] = first + s;
        ((int64_t *)g->alive)[s] = -sits;
    }
    g->n_vec = (n + PT_W - 1) / PT_W;
    if (n_left < n) go(g, w);
    for (int s = 0; s < n; s++)
        if (g->lane[s].seat == PT_GRID_LEFT) left[n_left++] = g->lane[s].index;
    return n_left;
}
