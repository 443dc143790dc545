/* The work space of orbit.h, a run of its block, and periodic orbits. */
#include <math.h>
#include <string.h>

#include "linalg/solve.h"
#include "ode/noise.h"
#include "ode/orbit_internal.h"

enum { ROUNDS = 40, MOST_PERIODS = 4096 };

/* Residuals of this many tolerances are the integrator's own error; so are steps of a few more. */
#define CLOSE_RESIDUAL 4.0
#define CLOSE_STEP     20.0

static size_t lay_out(pt_orbit *o, char *base)
{
    const size_t n = (size_t)o->n, np = (size_t)o->model->n_param, nd = (size_t)o->model->n_delay;
    size_t used = (sizeof *o + 63) / 64 * 64;
    wide **wides[] = {&o->wx, &o->wdx, &o->wxd, &o->wddx, &o->wp, &o->wd, &o->wdd};
    const size_t lengths[] = {n, n, n, n, np, nd, nd};
    for (int k = 0; k < 7; k++) {
        if (base) *wides[k] = (wide *)(base + used);
        used += lengths[k] * sizeof(wide);
    }
    double **parts[] = {&o->from, &o->to, &o->A, &o->port_rate, &o->step, &o->best, &o->inflow};
    const size_t sizes[] = {(n + 1) * n, (n + 1) * n, n * n, (size_t)o->model->n_dose, n, n, n};
    for (int k = 0; k < 7; k++) {
        if (base) *parts[k] = (double *)(base + used);
        used += sizes[k] * sizeof(double);
    }
    return used;
}

pt_status pt_orbit_create(const pt_model *model, const pt_ode_options *options, pt_orbit **orbit)
{
    pt_orbit o = {.model = model, .options = *options, .n = model->n_state};
    *orbit = NULL;
    const int can_run = !model->n_delay && !model->n_trigger;
    o.options.need.steady = 0;
    if (pt_method_has_noise(options->method)) o.options.method = PT_METHOD_AUTO;
    char *memory = pt_alloc(lay_out(&o, NULL));
    if (!memory) return PT_NO_MEMORY;
    const pt_status status = can_run ? pt_block_create(model, &o.options, &o.block) : PT_OK;
    if (status != PT_OK) {
        pt_free(memory);
        return status;
    }
    lay_out(&o, memory);
    *orbit = (pt_orbit *)memory;
    **orbit = o;
    return PT_OK;
}

void pt_orbit_free(pt_orbit *orbit)
{
    if (orbit) pt_orbit_free_tangents(orbit);
    if (orbit) pt_block_free(orbit->block);
    pt_free(orbit);
}

/* ---- a run ---- */

static int take(void *context, pt_block *b, int s)
{
    static const pt_schedule none = {.n = 0};
    pt_orbit *o = context;
    if (o->next_lane >= o->n_lane) return 0;
    const int64_t lane = o->next_lane++;
    const int still = o->still && lane > 0;
    pt_slot_begin(b, s, lane, o->t0, o->t1, still ? &none : o->schedule, 0, o->p, NULL,
                  still ? NULL : o->rate, o->from + lane * o->n);
    if (o->period > 0) b->slot[s].given = o->t0;
    b->slot[s].period = still ? 0 : o->period;
    return 1;
}

static void finish(void *context, pt_block *b, int s)
{
    pt_orbit *o = context;
    const pt_slot *slot = &b->slot[s];
    pt_slot_state(b, s, o->to + slot->lane * o->n);
    if (slot->lane == 0) o->status = slot->status;
    if (b->tangents) pt_orbit_take_tangents(o, b, s);
}

void pt_orbit_run(pt_orbit *o, int64_t n_lane, double t0, double t1, double period)
{
    const pt_feed feed = {.context = o, .take = take, .finish = finish};
    o->t0 = t0;
    o->t1 = t1;
    o->period = period;
    o->next_lane = 0;
    o->n_lane = n_lane;
    pt_block_run(o->block, &feed);
}

double pt_orbit_scale(const pt_orbit *o, int i, double x)
{
    const double atol = o->options.atols ? o->options.atols[i] : o->options.atol;
    return atol + o->options.rtol * fabs(x);
}

double pt_orbit_norm(const pt_orbit *o, const double *v, const double *x)
{
    double largest = 0;
    for (int i = 0; i < o->n; i++) {
        const double size = fabs(v[i]) / pt_orbit_scale(o, i, x[i]);
        if (size != size) return INFINITY;
        if (size > largest) largest = size;
    }
    return largest;
}

void pt_orbit_clamp(const pt_orbit *o, double *x)
{
    for (int i = 0; i < o->n; i++)
        x[i] = fmin(fmax(x[i], o->model->states[i].lower), o->model->states[i].upper);
}

/* ---- periodic orbits ---- */

/* Is the state after a period an affine function of that before, with a linear part that no action changes?
 */
static int is_affine(const pt_orbit *o, const pt_schedule *schedule)
{
    if (o->block->n_linear < o->n) return 0;
    for (int64_t i = 0; i < schedule->n; i++) {
        const int kind = schedule->actions[i].kind;
        if (kind < PT_ACTION_INFUSION_OFF) return 0;
    }
    return 1;
}

/* A = I - (to - to_0) / h, with the columns of lanes 1, ..., n */
static void take_jacobian(pt_orbit *o, const double *h)
{
    const int n = o->n;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            const double base = o->still ? 0 : o->to[i];
            o->A[i * n + j] = (i == j) - (o->to[(j + 1) * n + i] - base) / h[j];
        }
}

/* Lanes from x and from x moved by h_j along state j. */
static void set_lanes(pt_orbit *o, const double *x, const double *h)
{
    const int n = o->n;
    for (int l = 0; l <= n; l++)
        for (int i = 0; i < n; i++) o->from[l * n + i] = (o->still && l ? 0 : x[i]) + (l == i + 1 ? h[i] : 0);
}

/* P(x) = A x + w: w from 0, the columns of A from unit vectors without doses. */
static pt_status solve_affine(pt_orbit *o, double t0, double period, double *x, double *residual)
{
    const int n = o->n;
    double h[PT_MAX_STATE];
    for (int i = 0; i < n; i++) x[i] = 0, h[i] = 1;
    o->still = 1;
    set_lanes(o, x, h);
    pt_orbit_run(o, n + 1, t0, t0 + period, period);
    if (o->status != PT_OK) return o->status;
    take_jacobian(o, h);
    memcpy(x, o->to, (size_t)n * sizeof *x);
    if (!pt_solve(n, o->A, x)) return PT_SINGULAR;
    memcpy(o->from, x, (size_t)n * sizeof *x);
    pt_orbit_run(o, 1, t0, t0 + period, period);
    for (int i = 0; i < n; i++) o->step[i] = o->to[i] - x[i];
    *residual = pt_orbit_norm(o, o->step, x);
    return o->status;
}

/* Moves for differences: the root of the tolerance of what the state amounts to. */
static void moves(const pt_orbit *o, const double *x, double *h)
{
    double largest = 0;
    for (int i = 0; i < o->n; i++) largest = fmax(largest, fabs(x[i]));
    for (int i = 0; i < o->n; i++) {
        const double size = fmax(fabs(x[i]), 1e-3 * largest);
        h[i] = sqrt(o->options.rtol) * (size > 0 ? size : 1);
    }
}

/* Plain periods from x, ending in x. */
static pt_status follow(pt_orbit *o, double t0, double period, int n_period, double *x)
{
    for (int k = 0; k < n_period; k++) {
        memcpy(o->from, x, (size_t)o->n * sizeof *x);
        pt_orbit_run(o, 1, t0, t0 + period, period);
        if (o->status != PT_OK) return o->status;
        memcpy(x, o->to, (size_t)o->n * sizeof *x);
    }
    return PT_OK;
}

/* One round of Newton's method at x: the residual in *residual, the step in o->step (zero where there is
 * none). */
static pt_status newton(pt_orbit *o, double t0, double period, const double *x, double *residual)
{
    const int n = o->n;
    double h[PT_MAX_STATE];
    moves(o, x, h);
    set_lanes(o, x, h);
    pt_orbit_run(o, n + 1, t0, t0 + period, period);
    if (o->status != PT_OK) return o->status;
    take_jacobian(o, h);
    for (int i = 0; i < n; i++) o->step[i] = o->to[i] - x[i];
    *residual = pt_orbit_norm(o, o->step, x);
    return pt_solve(n, o->A, o->step) ? PT_OK : PT_SINGULAR;
}

static pt_status solve_newton(pt_orbit *o, double t0, double period, double *x, double *residual)
{
    const size_t size = (size_t)o->n * sizeof *x;
    double best = INFINITY;
    int n_period = 1;
    o->still = 0;
    for (int k = 0; k < ROUNDS; k++) {
        pt_status status = newton(o, t0, period, x, residual);
        if (status == PT_OK && *residual <= CLOSE_RESIDUAL) return PT_OK;
        if (status == PT_OK && pt_orbit_norm(o, o->step, x) <= CLOSE_STEP) {
            for (int i = 0; i < o->n; i++) x[i] += o->step[i];
            return PT_OK;
        }
        if (status == PT_OK && *residual < best) {
            best = *residual;
            memcpy(o->best, x, size);
            for (int i = 0; i < o->n; i++) x[i] += o->step[i];
            pt_orbit_clamp(o, x);
            continue;
        }
        if (best < INFINITY) memcpy(x, o->best, size);
        if (n_period > MOST_PERIODS) break;
        status = follow(o, t0, period, n_period, x);
        if (status != PT_OK) return status;
        n_period *= 2;
        best = INFINITY;
    }
    return PT_NOT_CONVERGED;
}

pt_status pt_orbit_periodic(pt_orbit *orbit, const double *p, const double *rate, const pt_schedule *schedule,
                            double t0, double period, double *x, double *residual)
{
    orbit->p = p;
    orbit->rate = rate;
    orbit->schedule = schedule;
    *residual = INFINITY;
    if (!orbit->block || schedule->n_trigger) return PT_UNSUPPORTED;
    return is_affine(orbit, schedule) ? solve_affine(orbit, t0, period, x, residual)
                                      : solve_newton(orbit, t0, period, x, residual);
}
