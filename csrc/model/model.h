/* Model: organs wired together through their ports into one state vector.
 * Included by pytwin.h. */
#ifndef PT_MODEL_MODEL_H
#define PT_MODEL_MODEL_H

#include "organs/organ.h"

typedef struct pt_model pt_model; /* immutable after creation; model/model_internal.h */

int pt_model_count(void);
const char *pt_model_name_at(int i);

/* A built-in model by name; *model is freed with pt_model_free. */
pt_status pt_model_create(const char *name, pt_model **model);
void pt_model_free(pt_model *model);

/* Flat tables over all organs; names are those of the fields, made unique by "organ.name" where two organs
 * share one. */
int pt_model_n_state(const pt_model *model);
int pt_model_n_param(const pt_model *model);
int pt_model_n_output(const pt_model *model);
int pt_model_n_dose(const pt_model *model);
const pt_field *pt_model_states(const pt_model *model);  /* [n_state] */
const pt_field *pt_model_params(const pt_model *model);  /* [n_param] */
const pt_field *pt_model_outputs(const pt_model *model); /* [n_output] */
const pt_dose_port *
pt_model_doses(const pt_model *model); /* [n_dose], state and bioavailability in the model's numbering */

/* x (n_state) = initial state under parameters p (n_param) */
pt_status pt_model_initial(const pt_model *model, const double *p, double *x);
/* dx (n_state) = f(t, x, p), linear part included, rate (n_state) added or null */
pt_status pt_model_rate(const pt_model *model, double t, const double *x, const double *p, const double *rate,
                        double *dx);
/* y (n_output) = h(t, x, p) */
pt_status pt_model_output(const pt_model *model, double t, const double *x, const double *p, double *y);
/* ddx = (df/dx) xd + (df/dp) pd and dy = (dh/dx) xd + (dh/dp) pd, exact by dual numbers;
 * xd (n_state), pd (n_param), ddx (n_state), dy (n_output) */
pt_status pt_model_jvp(const pt_model *model, double t, const double *x, const double *p, const double *xd,
                       const double *pd, double *ddx, double *dy);

#endif
