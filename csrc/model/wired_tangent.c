/* Derivatives of wired models over a wide: dual.cpp works on one vec of it at a time. */
#include "model/wired.h"
#include "model/wiring.h"

static const vec *parts(const wide *a) { return (const vec *)a; }

void pt_wired_wide_tangent(const void *self, const wide *t, const wide *x, const wide *p, const wide *d,
                           const wide *td, const wide *xd, const wide *pd, const wide *dd, wide *dx,
                           wide *ddx, wide *y, wide *yd)
{
    pt_wired_tangent(self, parts(t), parts(x), parts(p), parts(d), parts(td), parts(xd), parts(pd), parts(dd),
                     (vec *)dx, (vec *)ddx, (vec *)y, (vec *)yd);
}

void pt_wired_wide_event_tangent(const void *self, int i, const wide *value, const wide *t, wide *x,
                                 const wide *p, const wide *td, wide *xd, const wide *pd)
{
    pt_wired_event_tangent(self, i, parts(value), parts(t), (vec *)x, parts(p), parts(td), (vec *)xd,
                           parts(pd));
}

void pt_wired_wide_initial_tangent(const void *self, const wide *p, const wide *pd, wide *x, wide *xd)
{
    pt_wired_initial_tangent(self, parts(p), parts(pd), (vec *)x, (vec *)xd);
}

void pt_wired_wide_jacobian(const void *self, const pt_jacobian *shape, const wide *t, const wide *x,
                            const wide *p, const wide *c, const wide *d, wide *J, wide *dt)
{
    pt_wired_jacobian(self, shape, parts(t), parts(x), parts(p), parts(c), parts(d), (vec *)J, (vec *)dt);
}
