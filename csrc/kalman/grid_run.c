/* A step of the filter and an observation of a wide of patients. See grid.h. */
#include "kalman/grid.h"
#include "kalman/scalar.h"

enum { V = PT_WIDE };

/* ---- points ---- */

/* Points outside what the equations allow would be clamped. */
static void check_bounds(const pt_grid *g, const pt_nonlinear_work *w, vmask *good)
{
    for (int i = 0; i < g->call->nx; i++) {
        const double lower = w->lower[i], upper = w->upper[i];
        if (lower == -__builtin_inf() && upper == __builtin_inf()) continue;
        for (int p = 0; p < g->n_point; p++)
            for (int j = 0; j < V; j++) {
                const vec x = g->X[(p * g->n + i) * V + j];
                good[j] &= v_ge(x, v_set(lower)) & v_le(x, v_set(upper));
            }
    }
}

static void draw(pt_grid *g, const pt_nonlinear_work *w, vmask *good)
{
    g->algebra->draw(g, good);
    check_bounds(g, w, good);
}

/* The natural parameters of a point, where some of them are estimated. */
static void set_params(pt_grid *g, const vec *x, vmask *good)
{
    const pt_nonlinear_call *call = g->call;
    if (!call->nt) return;
    for (int k = 0; k < call->nt; k++) {
        const int at = call->in->theta[k];
        for (int j = 0; j < V; j++) {
            const vec p = pt_scale_lanes(call->in->scale[k], x[(call->nx + k) * V + j]);
            g->p[at * V + j] = p * g->factor[at * V + j];
            good[j] &= v_isfinite(g->p[at * V + j]);
        }
    }
    pt_flow_set(g->flow, g->p);
}

/* Lanes whose moments are finite. */
static void check_moments(const pt_grid *g, vmask *good)
{
    const int n = g->n;
    for (int j = 0; j < V; j++) {
        vec sum = g->loglike[j] - g->loglike[j];
        for (int i = 0; i < n; i++) {
            const vec m = g->m[i * V + j], P = g->P[(i * n + i) * V + j];
            sum += (m - m) + (P - P);
        }
        good[j] &= v_eq(sum, v_set(0.0));
    }
}

static void drop(pt_grid *g, const vmask *wanted, const vmask *good)
{
    for (int j = 0; j < V; j++) g->alive[j] &= good[j] | ~wanted[j];
}

/* ---- a step ---- */

void pt_grid_step(pt_grid *g, const pt_nonlinear_work *w)
{
    const vec *length = g->length;
    vmask good[V], bad[V], wanted[V];
    draw(g, w, good);
    for (int j = 0; j < V; j++) {
        bad[j] = m_set(0);
        wanted[j] = g->alive[j] & v_gt(length[j], v_set(0.0));
    }
    const int at_once = g->call->nt ? 1 : g->n_point;
    for (int p = 0; p < g->n_point; p += at_once) {
        vec *x = g->X + (int64_t)p * g->n * V;
        set_params(g, x, good);
        pt_flow_carry(g->flow, g->t, length, at_once, (int64_t)g->n * V, x, bad);
    }
    g->algebra->gather(g, length, wanted);
    for (int j = 0; j < V; j++) good[j] &= ~bad[j];
    check_moments(g, good);
    drop(g, wanted, good);
}

/* ---- an observation ---- */

/* The output that is common to the lanes that are wanted, or -1. */
static int common_output(const vmask *wanted, const int32_t *output)
{
    const int64_t *some = (const int64_t *)wanted;
    int found = -1;
    for (int s = 0; s < PT_WIDE_LANES; s++) {
        if (!some[s]) continue;
        if (found >= 0 && output[s] != found) return -1;
        found = output[s];
    }
    return found;
}

static void take_output(pt_grid *g, int common, const int32_t *output, vec *h)
{
    for (int j = 0; common >= 0 && j < V; j++) h[j] = g->y[common * V + j];
    for (int s = 0; common < 0 && s < PT_WIDE_LANES; s++)
        ((double *)h)[s] = ((const double *)g->y)[output[s] * PT_WIDE_LANES + s];
}

/* To the scale of the noise. What is not finite shows in the variance. */
static void take_log(pt_grid_said *said, vec *h)
{
    for (int j = 0; j < V; j++) {
        said->good[j] &= ~said->log[j] | v_gt(h[j], v_set(0.0));
        h[j] = v_if(said->log[j], v_log(h[j]), h[j]);
    }
}

static int any(const vmask *a)
{
    vmask some = a[0];
    for (int j = 1; j < V; j++) some |= a[j];
    return m_any(some);
}

void pt_grid_observe(pt_grid *g, const pt_nonlinear_work *w)
{
    pt_grid_said *said = &g->said;
    const int common = common_output(said->wanted, said->output), logs = any(said->log);
    draw(g, w, said->good);
    for (int p = 0; p < g->n_point; p++) {
        const vec *x = g->X + (int64_t)p * g->n * V;
        set_params(g, x, said->good);
        pt_flow_look(g->flow, g->t, x, g->y);
        take_output(g, common, said->output, g->h + p * V);
        if (logs) take_log(said, g->h + p * V);
    }
    g->algebra->update(g);
    check_moments(g, said->good);
    drop(g, said->wanted, said->good);
}
