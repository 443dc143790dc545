/* Derivatives of wired models: the organs' own files with `vec` as a dual number, and their sparsity: the
 * same files with `vec` as a set of indices. See lanes/dual.hpp. */
#define PT_DUAL
#include "lanes/dual.hpp"

#include "organs/sheets.hpp"

enum { PT_DUAL_STRIDE = 4 }; /* PT_WIDE */

namespace pt_dual
{
#include "organs/all.hpp"

/* Values and directions of n numbers as duals; every lane holds the same. */
static void seed(int n, const double *value, const double *direction, dual *out)
{
    for (int i = 0; i < n; i++) out[i] = {::v_set(value[i]), ::v_set(direction[i])};
}

static void linear_rate(const pt_wiring *w, const dual *x, const dual *p, dual *dx)
{
    dual K[MAX_LINEAR * MAX_LINEAR];
    const int n = w->n_linear;
    wired_linear(w, p, K);
    for (int i = 0; i < n; i++) {
        dx[i] = v_set(0);
        for (int j = 0; j < n; j++) dx[i] += K[i * n + j] * x[j];
    }
}

/* Delayed states where there is no history: those of now. */
static void delayed_now(const pt_wiring *w, const dual *x, dual *d)
{
    for (int k = 0; k < w->n_part; k++) {
        const pt_part *part = &w->part[k];
        const int n_linear = part->sheet->n_linear;
        for (int i = 0; i < part->sheet->n_delay; i++) {
            const int s = part->sheet->delays[i].state;
            d[part->delay + i] = x[s < n_linear ? part->linear + s : part->other + s - n_linear];
        }
    }
}

/* Vec j of n wides and of their directions (null: 0) as duals. */
static void take(int n, int j, const lane *value, const lane *direction, dual *out)
{
    for (int i = 0; i < n; i++) {
        const int at = i * PT_DUAL_STRIDE + j;
        out[i] = {value[at], direction ? direction[at] : ::v_set(0.0)};
    }
}

static void give(int n, int j, const dual *in, lane *value, lane *direction)
{
    for (int i = 0; i < n; i++) {
        const int at = i * PT_DUAL_STRIDE + j;
        value[at] = in[i].v;
        direction[at] = in[i].d;
    }
}
} // namespace pt_dual

extern "C" void pt_wired_tangent(const void *wiring, const ::vec *t, const ::vec *x, const ::vec *p,
                                 const ::vec *d, const ::vec *td, const ::vec *xd, const ::vec *pd,
                                 const ::vec *dd, ::vec *dx, ::vec *ddx, ::vec *y, ::vec *yd)
{
    using namespace pt_dual;
    const pt_wiring *w = (const pt_wiring *)wiring;
    dual vt, vx[MAX_STATE], vp[MAX_PARAM], vc[MAX_CONSTANT], vd[PT_MAX_PART * PT_MAX_DELAY];
    dual vdx[MAX_STATE], vy[MAX_OUTPUT];
    for (int j = 0; j < PT_DUAL_STRIDE; j++) {
        take(1, j, t, td, &vt);
        take(w->n_state, j, x, xd, vx);
        take(w->n_param, j, p, pd, vp);
        take(w->n_delay, j, d, dd, vd);
        wired_constants(w, vp, vc);
        linear_rate(w, vx, vp, vdx);
        wired_rate(w, &vt, vx, vp, vc, vd, vdx + w->n_linear);
        give(w->n_state, j, vdx, dx, ddx);
        if (!y) continue;
        wired_outputs(w, &vt, vx, vp, vc, vd, 1, vy);
        give(w->n_output, j, vy, y, yd);
    }
}

extern "C" void pt_wired_event_tangent(const void *wiring, int event, const ::vec *value, const ::vec *t,
                                       ::vec *x, const ::vec *p, const ::vec *td, ::vec *xd, const ::vec *pd)
{
    using namespace pt_dual;
    const pt_wiring *w = (const pt_wiring *)wiring;
    dual vt, vv, vx[MAX_STATE], vp[MAX_PARAM], vc[MAX_CONSTANT];
    for (int j = 0; j < PT_DUAL_STRIDE; j++) {
        take(1, j, t, td, &vt);
        take(1, j, value, nullptr, &vv);
        take(w->n_state, j, x, xd, vx);
        take(w->n_param, j, p, pd, vp);
        wired_constants(w, vp, vc);
        wired_event(w, event, &vv, &vt, vx, vp, vc);
        give(w->n_state, j, vx, x, xd);
    }
}

extern "C" void pt_wired_initial_tangent(const void *wiring, const ::vec *p, const ::vec *pd, ::vec *x,
                                         ::vec *xd)
{
    using namespace pt_dual;
    const pt_wiring *w = (const pt_wiring *)wiring;
    dual vx[MAX_STATE], vp[MAX_PARAM];
    for (int j = 0; j < PT_DUAL_STRIDE; j++) {
        take(w->n_param, j, p, pd, vp);
        wired_initial(w, vp, vx);
        give(w->n_state, j, vx, x, xd);
    }
}

extern "C" void pt_wired_jvp(const void *wiring, double t, const double *x, const double *p, const double *xd,
                             const double *pd, double *ddx, double *dy)
{
    using namespace pt_dual;
    const pt_wiring *w = (const pt_wiring *)wiring;
    dual vx[MAX_STATE], vp[MAX_PARAM], vc[MAX_CONSTANT], vdx[MAX_STATE], vy[MAX_OUTPUT];
    dual vd[PT_MAX_PART * PT_MAX_DELAY];
    seed(w->n_state, x, xd, vx);
    seed(w->n_param, p, pd, vp);
    wired_constants(w, vp, vc);
    linear_rate(w, vx, vp, vdx);
    delayed_now(w, vx, vd);
    const dual vt = pt_dual::v_set(t);
    wired_rate(w, &vt, vx, vp, vc, vd, vdx + w->n_linear);
    wired_outputs(w, &vt, vx, vp, vc, vd, 1, vy);
    for (int i = 0; i < w->n_state; i++) ddx[i] = vdx[i].d[0];
    for (int i = 0; i < w->n_output; i++) dy[i] = vy[i].d[0];
}

namespace pt_pattern
{
#include "organs/all.hpp"

static void linear_pattern(const pt_wiring *w, const pattern *x, const pattern *p, pattern *dx)
{
    pattern K[MAX_LINEAR * MAX_LINEAR];
    const int n = w->n_linear;
    wired_linear(w, p, K);
    for (int i = 0; i < n; i++) {
        dx[i] = K[i * n + i];
        for (int j = 0; j < n; j++)
            if (!K[i * n + j].is_zero()) dx[i] += K[i * n + j] * x[j];
    }
}

static void spread(int n_row, const pattern *rows, int width, bool all, int8_t *out)
{
    for (int i = 0; i < n_row; i++)
        for (int c = 0; c < width; c++) out[i * width + c] = all ? rows[i].all.has(c) : rows[i].slope.has(c);
}
} // namespace pt_pattern

extern "C" void pt_wired_pattern(const void *wiring, int all, int8_t *f, int8_t *h)
{
    using namespace pt_pattern;
    const pt_wiring *w = (const pt_wiring *)wiring;
    pattern x[MAX_STATE], p[MAX_PARAM], c[MAX_CONSTANT], dx[MAX_STATE], y[MAX_OUTPUT];
    pattern d[PT_MAX_PART * PT_MAX_DELAY] = {}; /* a delayed state is not the state */
    for (int i = 0; i < w->n_state; i++) x[i] = v_index(i);
    for (int i = 0; i < w->n_param; i++) p[i] = v_index(w->n_state + i);
    wired_constants(w, p, c);
    linear_pattern(w, x, p, dx);
    const pattern t = pt_pattern::v_set(0);
    wired_rate(w, &t, x, p, c, d, dx + w->n_linear);
    wired_outputs(w, &t, x, p, c, d, 1, y);
    spread(w->n_state, dx, w->n_state + w->n_param, all, f);
    spread(w->n_output, y, w->n_state + w->n_param, all, h);
}

extern "C" int pt_wired_timed(const void *wiring)
{
    using namespace pt_pattern;
    const pt_wiring *w = (const pt_wiring *)wiring;
    pattern x[MAX_STATE] = {}, p[MAX_PARAM] = {}, c[MAX_CONSTANT] = {}, dx[MAX_STATE] = {};
    pattern d[PT_MAX_PART * PT_MAX_DELAY] = {};
    const pattern t = v_index(0);
    wired_rate(w, &t, x, p, c, d, dx);
    int timed = 0;
    for (int i = 0; i < w->n_state - w->n_linear; i++) timed |= dx[i].has(0);
    return timed;
}
