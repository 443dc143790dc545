/* Derivatives of the states of orbit.h along the directions of a block: of P(x, p) = x,
 *
 *   (I - dP/dx) x' = (dP/dp) p'
 *
 * with P differentiated over one period, and of the state at rest from its equations.
 */
#include <string.h>

#include "linalg/solve.h"
#include "ode/orbit_internal.h"
#include "ode/sensitivity.h"

struct pt_orbit_tangents {
    pt_tangents *period; /* of the orbit's block, while a period is differentiated */
    double *to;          /* (n, n + limit) states after it */
    double *dx;          /* (n, limit) the result */
    int32_t *which;      /* (n + limit) initial states, then parameters */
};

pt_status pt_orbit_add_tangents(pt_orbit *o, int limit)
{
    const size_t n = (size_t)o->n, m = (size_t)limit;
    const size_t doubles = n * (n + m) + n * m;
    char *memory = pt_alloc(sizeof *o->tangents + doubles * sizeof(double) + (n + m) * sizeof(int32_t));
    if (!memory) return PT_NO_MEMORY;
    o->tangents = (pt_orbit_tangents *)memory;
    o->tangents->to = (double *)(memory + sizeof *o->tangents);
    o->tangents->dx = o->tangents->to + n * (n + m);
    o->tangents->which = (int32_t *)(o->tangents->to + doubles);
    const pt_status status = pt_tangents_create(o->block, o->n + limit);
    o->tangents->period = o->block->tangents;
    o->block->tangents = NULL;
    return status;
}

void pt_orbit_free_tangents(pt_orbit *o)
{
    if (!o->tangents) return;
    pt_tangents_free(o->tangents->period);
    pt_free(o->tangents);
}

void pt_orbit_take_tangents(pt_orbit *o, const pt_block *b, int s)
{
    pt_tangents_state(b, s, o->tangents->to, o->tangents->period->n);
}

/* The parameter of direction q of block b, and how fast it moves in slot s; -1: none moves. */
static int moving(const pt_block *b, int s, int q, double *speed)
{
    const int which = pt_tangents_which(b->tangents, s, q);
    if (which >= b->n_param) return -1;
    *speed = pt_get(b->tangents->pd + q * b->n_param * PT_WIDE, which, s);
    return *speed != 0 ? which : -1;
}

/* One period from x, along all initial states and the parameters of the block's directions. */
static void differentiate(pt_orbit *o, const pt_block *b, int s, double t0, double period, const double *x)
{
    pt_orbit_tangents *T = o->tangents;
    const int n = o->n;
    for (int i = 0; i < n; i++) T->which[i] = b->n_param + i;
    for (int q = 0; q < b->tangents->n; q++) T->which[n + q] = pt_tangents_which(b->tangents, s, q);
    T->period->n = n + b->tangents->n;
    T->period->first = 0;
    T->period->which = T->which;
    memcpy(o->from, x, (size_t)n * sizeof *x);
    o->block->tangents = T->period;
    pt_orbit_run(o, 1, t0, t0 + period, period);
    o->block->tangents = NULL;
}

/* x' of direction q from A, which is overwritten, and the right side that stands in column q of dx */
static int solve_column(pt_orbit *o, int q, int n_direction)
{
    double column[PT_MAX_STATE];
    const int n = o->n;
    for (int i = 0; i < n; i++) column[i] = o->tangents->dx[i * n_direction + q];
    const int solved = pt_solve(n, o->A, column);
    for (int i = 0; i < n; i++) o->tangents->dx[i * n_direction + q] = column[i];
    return solved;
}

pt_status pt_orbit_periodic_tangents(pt_orbit *o, const pt_block *b, int s, double t0, double period,
                                     const double *x)
{
    const int n = o->n, m = b->tangents->n, width = n + m;
    differentiate(o, b, s, t0, period, x);
    if (o->status != PT_OK) return o->status;
    for (int q = 0; q < m; q++) {
        double speed = 0;
        if (moving(b, s, q, &speed) < 0) speed = 0;
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) o->A[i * n + j] = (i == j) - o->tangents->to[i * width + j];
            o->tangents->dx[i * m + q] = speed * o->tangents->to[i * width + n + q];
        }
        if (!solve_column(o, q, m)) return PT_SINGULAR;
    }
    return PT_OK;
}

/* f' along a parameter, and -df/dx into A, at x. */
static void right_side(pt_orbit *o, double t, const double *x, int param, double speed)
{
    const wide time = w_set(t);
    pt_orbit_linearise(o, t, x);
    for (int i = 0; i < o->n; i++) o->wxd[i] = w_set(0);
    wide pd[PT_MAX_PARAM];
    for (int i = 0; i < o->model->n_param; i++) pd[i] = w_set(i == param ? speed : 0);
    o->model->functions->tangent(o->model->self, &time, o->wx, o->wp, o->wd, NULL, o->wxd, pd, NULL, o->wdx,
                                 o->wddx, NULL, NULL);
}

pt_status pt_orbit_rest_tangents(pt_orbit *o, const pt_block *b, int s, double t, const double *x,
                                 const pt_dose *dose)
{
    const pt_dose_port *port = &o->model->doses[dose->port];
    const int n = o->n, m = b->tangents->n;
    for (int q = 0; q < m; q++) {
        double speed = 0;
        const int param = moving(b, s, q, &speed);
        right_side(o, t, x, param, speed);
        for (int i = 0; i < n; i++) {
            const int flows = i == port->state && dose->rate == -1 && param == port->rate && param >= 0;
            o->tangents->dx[i * m + q] = o->wddx[i][0] + (flows ? port->factor * speed : 0);
        }
        if (!solve_column(o, q, m)) return PT_SINGULAR;
    }
    return PT_OK;
}

void pt_orbit_give_tangents(const pt_orbit *o, pt_block *b, int s, int replace)
{
    pt_tangents *T = b->tangents;
    const int nx = b->n_state;
    for (int q = 0; q < T->n; q++) {
        vec *xd = T->xd + q * nx * PT_WIDE;
        b->model->functions->initial_tangent(b->model->self, pt_wides(b->p),
                                             pt_wides(T->pd + q * b->n_param * PT_WIDE), pt_wides(T->x),
                                             pt_wides(T->dx));
        for (int i = 0; i < nx; i++) {
            const double dx = o->tangents->dx[i * T->n + q];
            *pt_at(xd, i, s) = replace ? dx : pt_get(xd, i, s) + (dx - pt_get(T->dx, i, s));
        }
    }
}
