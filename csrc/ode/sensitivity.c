#include "ode/sensitivity.h"

#include "ode/ramp.h"
#include "ode/trigger.h"
#include "ode/room.h"
#include "ode/stiff.h"

static vec *row_of(vec *a, int width, int q) { return a + q * width * PT_WIDE; }

static size_t lay_out(pt_tangents *T, const pt_block *b, int n, char *base)
{
    const int nx = b->n_state, np = b->n_param, ny = b->n_output;
    size_t used = 0;
    T->pd = pt_cut_wides(base, &used, n * np);
    T->xd = pt_cut_wides(base, &used, n * nx);
    T->x1d = pt_cut_wides(base, &used, n * nx);
    T->inflow = pt_cut_wides(base, &used, n * nx);
    T->other = pt_cut_wides(base, &used, n * nx);
    T->yd = pt_cut_wides(base, &used, n * ny);
    const int n_stage = b->stiff ? PT_N_ROSENBROCK : PT_N_STAGE;
    for (int s = 0; s < n_stage; s++) T->kd[s] = pt_cut_wides(base, &used, n * nx);
    T->turn = pt_cut_wides(base, &used, b->stiff ? n * nx : 0);
    for (int s = 0; s < PT_N_STAGE; s++) T->k[s] = pt_cut_wides(base, &used, nx);
    T->x = pt_cut_wides(base, &used, nx);
    T->dx = pt_cut_wides(base, &used, nx);
    T->y = pt_cut_wides(base, &used, ny);
    T->slope = pt_cut_wides(base, &used, ny);
    T->own = (double *)pt_cut_wides(base, &used, n);
    T->instant = (double *)pt_cut_wides(base, &used, n);
    T->last = (double *)pt_cut_wides(base, &used, n);
    T->due = (double *)pt_cut_wides(base, &used, n * (int)b->options.need.n_pending);
    T->flow = (double *)pt_cut_wides(base, &used, n * (int)b->options.need.n_pending);
    T->crossing = (double *)pt_cut_wides(base, &used, n * PT_MAX_TRIGGER / PT_N_SLOT + 1);
    T->waiting = (double *)pt_cut_wides(base, &used, n * PT_TRIGGER_WAIT);
    return used;
}

pt_status pt_tangents_create(pt_block *b, int limit)
{
    pt_tangents T = {.limit = limit};
    const size_t head = (sizeof T + 63) / 64 * 64;
    char *memory = pt_alloc(head + lay_out(&T, b, limit, NULL));
    if (!memory) return PT_NO_MEMORY;
    lay_out(&T, b, limit, memory + head);
    b->tangents = (pt_tangents *)memory;
    *b->tangents = T;
    return b->orbit ? pt_orbit_add_tangents(b->orbit, limit) : PT_OK;
}

void pt_tangents_free(pt_tangents *tangents) { pt_free(tangents); }

static double *own_of(const pt_block *b, int s, int q) { return &b->tangents->own[q * PT_N_SLOT + s]; }

/* 1 where direction q is initial state i */
static double unit(const pt_block *b, int s, int q, int i)
{
    return pt_tangents_which(b->tangents, s, q) == b->n_param + i;
}

void pt_tangents_begin(pt_block *b, int s)
{
    pt_tangents *T = b->tangents;
    for (int q = 0; q < T->n; q++) {
        *own_of(b, s, q) = pt_tangents_which(T, s, q) < b->n_param;
        T->instant[s * T->limit + q] = T->last[s * T->limit + q] = 0;
        for (int i = 0; i < b->n_param; i++) *pt_at(row_of(T->pd, b->n_param, q), i, s) = 0;
        for (int i = 0; i < b->n_state; i++) *pt_at(row_of(T->xd, b->n_state, q), i, s) = unit(b, s, q, i);
    }
}

void pt_tangents_set(pt_block *b, int s, int index)
{
    for (int q = 0; q < b->tangents->n; q++)
        if (pt_tangents_which(b->tangents, s, q) == index) *own_of(b, s, q) = 0;
}

void pt_tangents_params(pt_block *b, int s)
{
    pt_tangents *T = b->tangents;
    for (int q = 0; q < T->n; q++) {
        const int which = pt_tangents_which(T, s, q);
        if (which >= b->n_param) continue;
        *pt_at(row_of(T->pd, b->n_param, q), which, s) = *own_of(b, s, q) * b->factor[s * b->n_param + which];
    }
}

void pt_tangents_initial(pt_block *b, int s)
{
    pt_tangents *T = b->tangents;
    for (int q = 0; q < T->n; q++) {
        vec *xd = row_of(T->other, b->n_state, q);
        b->model->functions->initial_tangent(b->model->self, pt_wides(b->p),
                                             pt_wides(row_of(T->pd, b->n_param, q)), pt_wides(T->x),
                                             pt_wides(xd));
        for (int i = 0; i < b->n_state; i++)
            *pt_at(row_of(T->xd, b->n_state, q), i, s) =
                pt_get(xd, i, s) + (b->slot[s].blank ? unit(b, s, q, i) : 0);
    }
}

/* Derivative of the share of a dose that enters through a port. */
static double share_of(const pt_block *b, int s, int q, const pt_dose_port *port)
{
    if (port->bioavailability < 0) return 0;
    return port->factor * pt_get(row_of(b->tangents->pd, b->n_param, q), port->bioavailability, s);
}

void pt_tangents_bolus(pt_block *b, int s, const pt_dose_port *port, double amount)
{
    pt_tangents *T = b->tangents;
    for (int q = 0; q < T->n; q++)
        *pt_at(row_of(T->xd, b->n_state, q), port->state, s) += share_of(b, s, q, port) * amount;
}

void pt_tangents_event(pt_block *b, int s, int index, const vec *value)
{
    pt_tangents *T = b->tangents;
    const int nx = b->n_state;
    for (int q = 0; q < T->n; q++) {
        vec *xd = row_of(T->xd, nx, q), *after = row_of(T->other, nx, q);
        for (int i = 0; i < nx * PT_WIDE; i++) T->x[i] = b->x[i];
        for (int i = 0; i < nx * PT_WIDE; i++) after[i] = xd[i];
        b->model->functions->event_tangent(b->model->self, index, pt_wides_in(value), pt_wides(b->origin),
                                           pt_wides(T->x), pt_wides(b->p), NULL, pt_wides(after),
                                           pt_wides(row_of(T->pd, b->n_param, q)));
        for (int i = 0; i < nx; i++) *pt_at(xd, i, s) = pt_get(after, i, s);
    }
}

void pt_tangents_inflow(pt_block *b, int s)
{
    pt_tangents *T = b->tangents;
    for (int q = 0; q < T->n; q++) {
        vec *inflow = row_of(T->inflow, b->n_state, q);
        for (int i = 0; i < b->n_dose; i++) *pt_at(inflow, b->model->doses[i].state, s) = 0;
        for (int i = 0; i < b->n_dose; i++) {
            const pt_dose_port *port = &b->model->doses[i];
            *pt_at(inflow, port->state, s) += share_of(b, s, q, port) * b->rate[s * b->n_dose + i];
        }
    }
}

/* The absolute tolerance of a direction is that of the states over the size of the parameter, as in CVODES
 * (Hindmarsh et al., ACM Trans Math Softw 2005;31:363-396). */
vec pt_tangents_share(const pt_block *b, int q, int j)
{
    vec size[PT_WIDE] = {0};
    for (int s = j * PT_W; s < (j + 1) * PT_W; s++) {
        const int which = b->slot[s].lane < 0 ? -1 : pt_tangents_which(b->tangents, s, q);
        *pt_at(size, 0, s) = which >= 0 && which < b->n_param ? pt_get(b->p, which, s) : 1;
    }
    return v_if(v_eq(size[j], v_set(0)), v_set(1), v_set(1) / v_abs(size[j]));
}

/* Mean square of the scaled error of direction q. */
static vec error_of(const pt_block *b, int q, int j)
{
    const pt_tangents *T = b->tangents;
    const int nx = b->n_state;
    const vec *xd = row_of(T->xd, nx, q), *x1d = row_of(T->x1d, nx, q);
    const vec share = pt_tangents_share(b, q, j);
    vec sum = v_set(0);
    for (int i = 0; i < nx; i++) {
        const int at = i * PT_WIDE + j;
        const double atol = b->options.atols ? b->options.atols[i] : b->options.atol;
        vec e = v_set(0);
        for (int s = 0; s < PT_N_STAGE; s++) e = v_fma(v_set(pt_stage_e[s]), row_of(T->kd[s], nx, q)[at], e);
        const vec largest = v_max(v_abs(xd[at]), v_abs(x1d[at]));
        e = e * b->h[j] / v_fma(v_set(b->options.rtol), largest, v_set(atol) * share);
        sum = v_fma(e, e, sum);
    }
    return sum * v_set(1.0 / nx);
}

vec pt_tangents_error(const pt_block *b, int j)
{
    const int stiff = b->stiff && b->stiff->at_work;
    vec largest = v_set(0);
    for (int q = 0; q < b->tangents->n; q++) {
        const vec e = stiff ? pt_tangents_rosenbrock_error(b, q, j) : error_of(b, q, j);
        largest = v_larger(largest, e);
    }
    return largest;
}

void pt_tangents_commit(pt_block *b, int j, vmask accept)
{
    pt_tangents *T = b->tangents;
    for (int i = j; i < T->n * b->n_state * PT_WIDE; i += PT_WIDE)
        T->xd[i] = v_if(accept, T->x1d[i], T->xd[i]);
}

/* yd of all directions at x and its directions xd */
static void outputs_at(pt_block *b, const vec *t, const vec *x, const vec *xd)
{
    pt_tangents *T = b->tangents;
    T->at = xd;
    for (int q = 0; q < T->n; q++) {
        const vec *direction = xd + q * b->n_state * PT_WIDE;
        b->model->functions->tangent(
            b->model->self, pt_wides_in(t), pt_wides_in(x), pt_wides(b->p), pt_wides(b->d), NULL,
            pt_wides_in(direction), pt_wides(row_of(T->pd, b->n_param, q)), NULL, pt_wides(T->dx),
            pt_wides(T->dx), pt_wides(T->y), pt_wides(row_of(T->yd, b->n_output, q)));
    }
}

void pt_tangents_output(pt_block *b, const vec *t) { outputs_at(b, t, b->x, b->tangents->xd); }

void pt_tangents_dense(pt_block *b, const vec *t, const vec *theta, const vec *x)
{
    if (b->stiff && b->stiff->at_work)
        pt_tangents_rosenbrock_inside(b, theta);
    else
        pt_tangents_explicit_inside(b, theta);
    outputs_at(b, t, x, b->tangents->other);
}

/* Output i, or state i - n_output, along direction q. */
static double wanted(const pt_block *b, int i, int q, int s)
{
    const pt_tangents *T = b->tangents;
    const int ny = b->n_output, nx = b->n_state;
    if (i < ny) return pt_get(T->yd + q * ny * PT_WIDE, i, s);
    return pt_get(T->at + q * nx * PT_WIDE, i - ny, s);
}

int pt_tangents_emit(pt_block *b, int s, int64_t row)
{
    const pt_tangents *T = b->tangents;
    const pt_feed *feed = b->feed;
    double *dy = feed->dy + row * feed->n_out * feed->n_direction;
    double sum = 0; /* 0 * v is 0 or NaN */
    for (int i = 0; i < feed->n_out; i++)
        for (int q = 0; q < T->n; q++) {
            const double value = wanted(b, feed->outputs[i], q, s);
            dy[i * feed->n_direction + T->first + q] = value;
            sum += 0 * value;
        }
    return sum == 0;
}

void pt_tangents_state(const pt_block *b, int s, double *dx, int stride)
{
    const pt_tangents *T = b->tangents;
    const int failed = b->slot[s].status != PT_OK;
    for (int i = 0; i < b->n_state; i++)
        for (int q = 0; q < T->n; q++)
            dx[i * stride + T->first + q] =
                failed ? __builtin_nan("") : pt_get(row_of(T->xd, b->n_state, q), i, s);
}
