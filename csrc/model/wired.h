/* Models made of built-in organs, as an implementation of pt_model_functions. */
#ifndef PT_MODEL_WIRED_H
#define PT_MODEL_WIRED_H

#include "model/model_internal.h"

extern const pt_model_functions pt_wired_functions; /* self is a const pt_wiring * */

/* Sheet of organ i of PT_ORGAN_LIST, null behind the last. */
const pt_organ_sheet *pt_organ_sheet_at(int i);
int pt_organ_has_noise(int i);

/* pt_model_functions of wired models that need dual numbers (wired_tangent.c). */
void pt_wired_wide_tangent(const void *self, const wide *t, const wide *x, const wide *p, const wide *d,
                           const wide *td, const wide *xd, const wide *pd, const wide *dd, wide *dx,
                           wide *ddx, wide *y, wide *yd);
void pt_wired_wide_event_tangent(const void *self, int i, const wide *value, const wide *t, wide *x,
                                 const wide *p, const wide *td, wide *xd, const wide *pd);
void pt_wired_wide_jacobian(const void *self, const pt_jacobian *shape, const wide *t, const wide *x,
                            const wide *p, const wide *c, const wide *d, wide *J, wide *dt);
void pt_wired_wide_initial_tangent(const void *self, const wide *p, const wide *pd, wide *x, wide *xd);

#endif
