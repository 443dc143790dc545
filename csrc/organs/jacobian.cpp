/* Jacobians of wired models: the organs' own files with `vec` as a dual number with several directions. See
 * lanes/dual.hpp. */
#define PT_DUAL
#include "lanes/dual.hpp"
#include "model/jacobian.h"
#include "organs/sheets.hpp"

enum { STRIDE = 4 }; /* PT_WIDE */

namespace pt_duals
{
#include "organs/all.hpp"

/* Vec j of n wides, without derivatives. */
static void take(int n, int j, const lane *value, dual *out)
{
    for (int i = 0; i < n; i++) out[i] = {value[i * STRIDE + j], no_slope()};
}

/* The directions of one pass: state i along the colour that it has, if that is one of the pass. */
static void seed(const pt_jacobian *shape, int pass, dual *x)
{
    const lane zero = ::v_set(0.0), one = ::v_set(1.0);
    for (int i = 0; i < shape->n_state; i++) {
        const int k = shape->colour[i] - pass * DIRECTIONS;
        x[i].d = {k == 0 ? one : zero, k == 1 ? one : zero, k == 2 ? one : zero, k == 3 ? one : zero};
    }
}

/* Time is the direction behind the colours. */
static void seed_time(const pt_jacobian *shape, int pass, dual *t)
{
    const int k = shape->n_colour - pass * DIRECTIONS;
    const lane zero = ::v_set(0.0), one = ::v_set(1.0);
    t->d = {k == 0 ? one : zero, k == 1 ? one : zero, k == 2 ? one : zero, k == 3 ? one : zero};
}

static lane direction(const dual &x, int k)
{
    return k == 0 ? x.d.a : k == 1 ? x.d.b : k == 2 ? x.d.c : x.d.d;
}

static void give(const pt_jacobian *shape, int pass, int j, const dual *dx, lane *J, lane *dt)
{
    for (int e = shape->pass[pass]; e < shape->pass[pass + 1]; e++) {
        const pt_jacobian_item *item = &shape->item[e];
        J[item->entry * STRIDE + j] = direction(dx[item->row - shape->n_linear], item->direction);
    }
    const int k = shape->n_colour - pass * DIRECTIONS;
    if (!dt || k < 0 || k >= DIRECTIONS) return;
    for (int i = 0; i < shape->n_state - shape->n_linear; i++) dt[i * STRIDE + j] = direction(dx[i], k);
}
} // namespace pt_duals

extern "C" void pt_wired_jacobian(const void *wiring, const pt_jacobian *shape, const ::vec *t,
                                  const ::vec *x, const ::vec *p, const ::vec *c, const ::vec *d, ::vec *J,
                                  ::vec *dt)
{
    using namespace pt_duals;
    const pt_wiring *w = (const pt_wiring *)wiring;
    const int n_pass = (shape->n_colour + (dt != nullptr) + DIRECTIONS - 1) / DIRECTIONS;
    dual vt, vx[MAX_STATE], vp[MAX_PARAM], vc[MAX_CONSTANT], vd[PT_MAX_PART * PT_MAX_DELAY], vdx[MAX_STATE];
    for (int j = 0; j < STRIDE; j++) {
        take(1, j, t, &vt);
        take(w->n_state, j, x, vx);
        take(w->n_param, j, p, vp);
        take(w->n_constant, j, c, vc);
        if (d) take(w->n_delay, j, d, vd);
        for (int pass = 0; pass < n_pass; pass++) {
            seed(shape, pass, vx);
            seed_time(shape, pass, &vt);
            wired_rate(w, &vt, vx, vp, vc, vd, vdx);
            give(shape, pass, j, vdx, J, dt);
        }
    }
}
