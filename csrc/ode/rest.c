/* The state at rest, f(x) + inflow = 0, by Newton's method with the exact Jacobian; where that does not come
 * nearer, ever longer stretches of time. And the steady states that dose records ask for. */
#include <math.h>
#include <string.h>

#include "linalg/solve.h"
#include "ode/orbit_internal.h"

enum { NEWTON = 30, HALVINGS = 10, STRETCHES = 8 };

static void spread(int n, const double *x, wide *w)
{
    for (int i = 0; i < n; i++) w[i] = w_set(x[i]);
}

static void delayed(const pt_model *m, const wide *x, wide *d)
{
    for (int k = 0; k < m->n_delay; k++) d[k] = x[m->delays[k].state];
}

/* Up to PT_WIDE_LANES columns of the Jacobian from column `first` on into -A, and f into o->step. */
static void columns(pt_orbit *o, double t, int first)
{
    const int n = o->n;
    const wide time = w_set(t);
    for (int j = 0; j < n; j++) {
        o->wxd[j] = w_set(0);
        if (j >= first && j < first + PT_WIDE_LANES) o->wxd[j][j - first] = 1;
    }
    delayed(o->model, o->wx, o->wd);
    delayed(o->model, o->wxd, o->wdd);
    o->model->functions->tangent(o->model->self, &time, o->wx, o->wp, o->wd, NULL, o->wxd, NULL, o->wdd,
                                 o->wdx, o->wddx, NULL, NULL);
    for (int i = 0; i < n; i++) {
        o->step[i] = o->wdx[i][0] + o->inflow[i];
        for (int j = first; j < n && j < first + PT_WIDE_LANES; j++) o->A[i * n + j] = -o->wddx[i][j - first];
    }
}

/* Fixed states do not move. */
static void hold(pt_orbit *o, const int8_t *fixed)
{
    const int n = o->n;
    for (int i = 0; fixed && i < n; i++) {
        if (!fixed[i]) continue;
        for (int j = 0; j < n; j++) o->A[i * n + j] = i == j;
        o->step[i] = 0;
    }
}

/* o->step = f(x) + inflow, and A = -df/dx */
static void linearise(pt_orbit *o, double t, const int8_t *fixed, const double *x)
{
    spread(o->n, x, o->wx);
    for (int first = 0; first < o->n; first += PT_WIDE_LANES) columns(o, t, first);
    hold(o, fixed);
}

/* Size of f with each row in the scale of its Jacobian's. */
static double merit(const pt_orbit *o, const double *weight)
{
    double sum = 0;
    for (int i = 0; i < o->n; i++) sum += o->step[i] * o->step[i] * weight[i] * weight[i];
    return sum == sum ? sum : INFINITY;
}

static void weigh(const pt_orbit *o, const double *x, double *weight)
{
    const int n = o->n;
    for (int i = 0; i < n; i++) {
        double size = 0;
        for (int j = 0; j < n; j++)
            size += fabs(o->A[i * n + j]) * fmax(fabs(x[j]), pt_orbit_scale(o, j, x[j]));
        weight[i] = size > 0 ? 1 / size : 1;
    }
}

/* x moves along dx as far as f becomes smaller; returns whether it did. */
static int move(pt_orbit *o, double t, const int8_t *fixed, const double *dx, double before,
                const double *weight, double *x)
{
    double share = 1;
    memcpy(o->best, x, (size_t)o->n * sizeof *x);
    for (int k = 0; k < HALVINGS; k++, share *= 0.5) {
        for (int i = 0; i < o->n; i++) x[i] = o->best[i] + share * dx[i];
        pt_orbit_clamp(o, x);
        linearise(o, t, fixed, x);
        if (merit(o, weight) < before) return 1;
    }
    memcpy(x, o->best, (size_t)o->n * sizeof *x);
    return 0;
}

void pt_orbit_linearise(pt_orbit *o, double t, const double *x) { linearise(o, t, NULL, x); }

static pt_status newton(pt_orbit *o, double t, const int8_t *fixed, double *x, double *residual)
{
    double dx[PT_MAX_STATE], weight[PT_MAX_STATE];
    linearise(o, t, fixed, x);
    for (int k = 0; k < NEWTON; k++) {
        weigh(o, x, weight);
        const double before = merit(o, weight);
        memcpy(dx, o->step, (size_t)o->n * sizeof *dx);
        if (!pt_solve(o->n, o->A, dx)) return PT_SINGULAR;
        *residual = pt_orbit_norm(o, dx, x);
        const int moved = before > 0 && move(o, t, fixed, dx, before, weight, x);
        if (*residual <= 1) return PT_OK;
        if (!moved) return PT_NOT_CONVERGED;
    }
    return PT_NOT_CONVERGED;
}

/* The infusions, for `span` of time; held states are put back at its end. */
static pt_status stretch(pt_orbit *o, double t, double span, const int8_t *fixed, double *x)
{
    static const pt_schedule none = {.n = 0};
    o->schedule = &none;
    memcpy(o->from, x, (size_t)o->n * sizeof *x);
    pt_orbit_run(o, 1, t, t + span, 0);
    for (int i = 0; o->status == PT_OK && i < o->n; i++)
        if (!fixed || !fixed[i]) x[i] = o->to[i];
    return o->status;
}

static void set_inflow(pt_orbit *o)
{
    for (int i = 0; i < o->n; i++) o->inflow[i] = 0;
    for (int k = 0; o->rate && k < o->model->n_dose; k++) {
        const pt_dose_port *port = &o->model->doses[k];
        const double share = port->bioavailability < 0 ? 1 : o->p[port->bioavailability];
        o->inflow[port->state] += port->factor * share * o->rate[k];
    }
}

pt_status pt_orbit_rest(pt_orbit *orbit, const double *p, const double *rate, double t, const int8_t *fixed,
                        double *x, double *residual)
{
    double span = 1;
    orbit->p = p;
    orbit->rate = rate;
    orbit->still = 0;
    *residual = INFINITY;
    spread(orbit->model->n_param, p, orbit->wp);
    set_inflow(orbit);
    for (int k = 0;; k++, span *= 10) {
        pt_status status = newton(orbit, t, fixed, x, residual);
        if (status == PT_OK || k == STRETCHES || !orbit->block) return status;
        status = stretch(orbit, t, span, fixed, x);
        if (status != PT_OK) return status;
    }
}

/* ---- dose records ---- */

/* Under a constant infusion of dose->rate, which is a rate of what enters. */
static pt_status constant(pt_block *b, int s, const double *p, const pt_dose *dose, double t, double *x)
{
    double residual;
    pt_orbit *o = b->orbit;
    const pt_dose_port *port = &o->model->doses[dose->port];
    const double share = port->bioavailability < 0 ? 1 : p[port->bioavailability];
    const double wanted = dose->rate == -1 ? p[port->rate] : dose->rate;
    if (!(wanted >= 0) || !(share > 0)) return PT_BAD_ARGUMENT;
    for (int i = 0; i < o->model->n_dose; i++) o->port_rate[i] = 0;
    o->port_rate[dose->port] = wanted / share;
    const pt_status status = pt_orbit_rest(o, p, o->port_rate, t, NULL, x, &residual);
    return status == PT_OK && b->tangents ? pt_orbit_rest_tangents(o, b, s, t, x, dose) : status;
}

/* One dose every interval, seen at the time of the record. */
static pt_status repeated(pt_block *b, int s, const double *p, const pt_dose *dose, double t, double *x)
{
    pt_orbit *o = b->orbit;
    pt_dose single = *dose;
    const double t0 = t - dose->interval;
    const pt_action action = {.time = t0, .kind = PT_ACTION_DOSE};
    const pt_schedule schedule = {.actions = &action, .n = 1, .doses = &single, .n_dose = 1};
    double residual;
    single.steady = 0;
    single.additional = 0;
    const pt_status status = pt_orbit_periodic(o, p, NULL, &schedule, t0, t - t0, x, &residual);
    return status == PT_OK && b->tangents ? pt_orbit_periodic_tangents(o, b, s, t0, t - t0, x) : status;
}

void pt_slot_steady(pt_block *b, int s, const pt_dose *dose)
{
    double p[PT_MAX_PARAM], x[PT_MAX_STATE], rest[PT_MAX_STATE];
    pt_slot *slot = &b->slot[s];
    for (int i = 0; i < b->n_param; i++) p[i] = pt_get(b->p, i, s);
    pt_model_initial(b->model, 1, p, rest);
    memcpy(x, rest, sizeof x);
    const pt_status status =
        dose->amount == 0 ? constant(b, s, p, dose, slot->now, x) : repeated(b, s, p, dose, slot->now, x);
    if (status != PT_OK) {
        pt_slot_fail(b, s, status);
        return;
    }
    const int replace = dose->steady == 1;
    for (int i = 0; i < b->n_state; i++) {
        double *state = pt_at(b->x, i, s);
        *state = replace ? x[i] : *state + (x[i] - rest[i]);
    }
    if (b->tangents) pt_orbit_give_tangents(b->orbit, b, s, replace);
    if (replace) pt_slot_stop_infusions(b, s);
    slot->jumped = 1;
    if (dose->amount != 0) pt_slot_remember_past(b, s, dose);
}
