/* Instants that depend on the directions: doses that a lag puts off, ends of infusions, crossings of
 * triggers.
 *
 * At an instant tau the derivative of the state at a fixed time becomes, on the way in, that at the instant
 * itself, x' + f tau'; there the event acts; and on the way out x' - f tau', with f as it is then.
 */
#include "ode/ramp.h"
#include "ode/sensitivity.h"
#include "ode/trigger.h"

static vec *row_of(vec *a, int width, int q) { return a + q * width * PT_WIDE; }

static int is_zero(const pt_tangents *T, const double *due)
{
    for (int q = 0; q < T->n; q++)
        if (due[q] != 0) return 0;
    return 1;
}

/* T->dx = f at the slots' instants and states, inflow included */
static void rates_now(pt_block *b)
{
    pt_tangents *T = b->tangents;
    if (b->ramps) pt_ramps_follow(b, b->origin);
    b->model->functions->tangent(b->model->self, pt_wides(b->origin), pt_wides(b->x), pt_wides(b->p),
                                 pt_wides(b->d), NULL, NULL, NULL, NULL, pt_wides(T->dx), pt_wides(T->x),
                                 NULL, NULL);
    for (int i = 0; i < b->n_state * PT_WIDE; i++) T->dx[i] += b->inflow[i];
}

static void shift(pt_block *b, int s, const double *due, double sign)
{
    pt_tangents *T = b->tangents;
    double *instant = T->instant + s * T->limit;
    for (int q = 0; q < T->n; q++) instant[q] += sign * due[q];
    if (is_zero(T, due)) return;
    pt_slot_inflow(b, s);
    rates_now(b);
    for (int q = 0; q < T->n; q++)
        for (int i = 0; i < b->n_state; i++)
            *pt_at(row_of(T->xd, b->n_state, q), i, s) += sign * pt_get(T->dx, i, s) * due[q];
}

void pt_tangents_enter(pt_block *b, int s, const double *due) { shift(b, s, due, 1); }

void pt_tangents_leave(pt_block *b, int s, const double *due) { shift(b, s, due, -1); }

/* ---- doses ---- */

static double along(const pt_block *b, int s, int q, int index)
{
    return index < 0 ? 0 : pt_get(row_of(b->tangents->pd, b->n_param, q), index, s);
}

void pt_tangents_lag(const pt_block *b, int s, int port, double *due)
{
    for (int q = 0; q < b->tangents->n; q++) due[q] = along(b, s, q, b->model->doses[port].lag);
}

static double *entry_of(const pt_block *b, double *a, int s, int64_t i)
{
    return a + (s * b->options.need.n_pending + i) * b->tangents->limit;
}

const double *pt_tangents_due(const pt_block *b, int s, int64_t i)
{
    return entry_of(b, b->tangents->due, s, i);
}

void pt_tangents_series(pt_block *b, int s, int64_t i, int port)
{
    pt_tangents *T = b->tangents;
    double *due = entry_of(b, T->due, s, i), *flow = entry_of(b, T->flow, s, i);
    for (int q = 0; q < T->n; q++) {
        due[q] = T->instant[s * T->limit + q] + along(b, s, q, b->model->doses[port].lag);
        flow[q] = 0;
    }
}

void pt_tangents_end(pt_block *b, int s, int64_t i, const pt_dose *dose, double rate, double length, int past)
{
    pt_tangents *T = b->tangents;
    const pt_dose_port *port = &b->model->doses[dose->port];
    double *due = entry_of(b, T->due, s, i), *flow = entry_of(b, T->flow, s, i);
    for (int q = 0; q < T->n; q++) {
        const double amount = dose->amount * along(b, s, q, port->bioavailability);
        const double start = T->instant[s * T->limit + q] + (past ? along(b, s, q, port->lag) : 0);
        double longer = 0;
        flow[q] = dose->rate == -1 ? along(b, s, q, port->rate) : 0;
        if (dose->rate == -2) {
            longer = along(b, s, q, port->duration);
            flow[q] = (amount - rate * longer) / length;
        } else {
            longer = (amount - length * flow[q]) / rate;
        }
        due[q] = start + longer;
    }
}

void pt_tangents_move(pt_block *b, int s, int64_t from, int64_t to)
{
    pt_tangents *T = b->tangents;
    for (int q = 0; q < T->n; q++) {
        entry_of(b, T->due, s, to)[q] = entry_of(b, T->due, s, from)[q];
        entry_of(b, T->flow, s, to)[q] = entry_of(b, T->flow, s, from)[q];
    }
}

void pt_tangents_infusion(pt_block *b, int s, int64_t i, const pt_dose_port *port)
{
    pt_tangents *T = b->tangents;
    const double *flow = entry_of(b, T->flow, s, i);
    for (int q = 0; q < T->n; q++)
        *pt_at(row_of(T->inflow, b->n_state, q), port->state, s) += port->factor * flow[q];
}

/* ---- triggers ---- */

double *pt_tangents_crossing(const pt_block *b, int k)
{
    return b->tangents->crossing + k * b->tangents->limit;
}

/* 0 = d/dq y[output] + dy/dt tau': y along the direction, and along time with the states as they move */
void pt_tangents_cross(pt_block *b, int s, uint32_t fired)
{
    pt_tangents *T = b->tangents;
    vec one[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) one[j] = v_set(1);
    pt_tangents_output(b, b->origin);
    rates_now(b);
    b->model->functions->tangent(b->model->self, pt_wides(b->origin), pt_wides(b->x), pt_wides(b->p),
                                 pt_wides(b->d), pt_wides(one), pt_wides(T->dx), NULL, NULL, pt_wides(T->x),
                                 pt_wides(T->other), pt_wides(T->y), pt_wides(T->slope));
    for (int k = 0; k < PT_MAX_TRIGGER; k++) {
        if (!(fired >> k & 1)) continue;
        const int output = pt_watch_trigger(b, s, k)->output;
        for (int q = 0; q < T->n; q++)
            pt_tangents_crossing(b, k)[q] =
                -pt_get(row_of(T->yd, b->n_output, q), output, s) / pt_get(T->slope, output, s);
    }
}

void pt_tangents_same(const pt_block *b, int s, uint32_t fired)
{
    const pt_tangents *T = b->tangents;
    for (int k = 0; k < PT_MAX_TRIGGER; k++)
        for (int q = 0; fired >> k & 1 && q < T->n; q++)
            pt_tangents_crossing(b, k)[q] = T->last[s * T->limit + q];
}

void pt_tangents_last(pt_block *b, int s, const double *due)
{
    pt_tangents *T = b->tangents;
    for (int q = 0; q < T->n; q++) T->last[s * T->limit + q] = due ? due[q] : 0;
}

double *pt_tangents_waiting(const pt_block *b, int s, int i)
{
    return b->tangents->waiting + (s * PT_TRIGGER_WAIT + i) * b->tangents->limit;
}

void pt_tangents_copy(const pt_block *b, const double *from, double *to)
{
    for (int q = 0; q < b->tangents->n; q++) to[q] = from[q];
}
