/* Values of a model's Jacobian over a wide of lanes. */
#ifndef PT_MODEL_JACOBIAN_EVAL_H
#define PT_MODEL_JACOBIAN_EVAL_H

#include "model/jacobian.h"
#include "model/model_internal.h"

/* Where: as the functions of a model take it; K (n_linear, n_linear) */
typedef struct {
    const wide *t, *x, *p, *c, *d, *K;
} pt_jacobian_point;

/* J (n_entry) = values of the entries of df/dx, those of the linear part too; dt (n_state - n_linear) = df/dt
 * of the states that are not linear, null: not wanted. work (3, n_state) */
void pt_jacobian_eval(const pt_model *model, const pt_jacobian *shape, const pt_jacobian_point *at, wide *J,
                      wide *dt, wide *work);

#endif
