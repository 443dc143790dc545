/* Wiring: how organs become one model. A wiring is plain data, shared by the functions over
 * lanes (wired.c) and over dual numbers (organs/dual.cpp).
 *
 * The model's states are the linear states of all organs, in their order, then the others.
 */
#ifndef PT_MODEL_WIRING_H
#define PT_MODEL_WIRING_H

#include "lanes/vec.h"
#include "organs/organ.h"

enum { PT_MAX_PART = 16, PT_MAX_INPUT = 16, PT_MAX_DELAY = 8, PT_MAX_EVENT = 16 };

/* One organ of a model; the numbers are where its tables begin in the model's. */
typedef struct {
    const pt_organ_sheet *sheet;
    int organ;         /* index in PT_ORGAN_LIST */
    int linear, other; /* states */
    int param, constant, output, delay, event;
    int input[PT_MAX_INPUT]; /* outputs of earlier organs, in the model's numbering */
    int feeds;               /* a later organ reads its outputs */
} pt_part;

typedef struct {
    int n_part;
    pt_part part[PT_MAX_PART];
    int n_linear, n_state, n_param, n_constant, n_output, n_dose, n_delay, n_event, n_trigger;
} pt_wiring;

#ifdef __cplusplus
extern "C" {
#endif

/* pt_model_functions.tangent, event_tangent and initial_tangent of a wired model (organs/dual.cpp); vec i * 4
 * + j is element i of vec j of a wide */
void pt_wired_tangent(const void *wiring, const vec *t, const vec *x, const vec *p, const vec *d,
                      const vec *td, const vec *xd, const vec *pd, const vec *dd, vec *dx, vec *ddx, vec *y,
                      vec *yd);
void pt_wired_event_tangent(const void *wiring, int event, const vec *value, const vec *t, vec *x,
                            const vec *p, const vec *td, vec *xd, const vec *pd);
void pt_wired_initial_tangent(const void *wiring, const vec *p, const vec *pd, vec *x, vec *xd);

/* pt_model_jvp of a wired model (organs/dual.cpp) */
void pt_wired_jvp(const void *wiring, double t, const double *x, const double *p, const double *xd,
                  const double *pd, double *ddx, double *dy);
/* pt_model_pattern, or with `all` pt_model_dependence, of a wired model; at most 128 states and parameters */
void pt_wired_pattern(const void *wiring, int all, int8_t *f, int8_t *h);
/* whether a derivative of the wired model depends on the time itself */
int pt_wired_timed(const void *wiring);

#ifdef __cplusplus
}
#endif

#endif
