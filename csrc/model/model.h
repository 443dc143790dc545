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
const char *pt_model_name(const pt_model *model);
const char *pt_model_title(const pt_model *model);
const char *pt_model_citation(const pt_model *model);
const char *pt_model_equations(const pt_model *model); /* as text, a line each */
int pt_model_n_organ(const pt_model *model);
const pt_organ_sheet *pt_model_organ(const pt_model *model, int i);
int pt_model_n_state(const pt_model *model);
int pt_model_n_param(const pt_model *model);
int pt_model_n_output(const pt_model *model);
int pt_model_n_dose(const pt_model *model);
int pt_model_n_delay(const pt_model *model);
int pt_model_n_event(const pt_model *model);
int pt_model_n_trigger(const pt_model *model); /* events that its own outputs call */
int pt_model_has_noise(const pt_model *model);
int pt_model_is_problem(const pt_model *model);          /* a test problem of the integrators */
const char *pt_model_time_unit(const pt_model *model);   /* UCUM: h, min, d, s, or 1 */
const pt_field *pt_model_states(const pt_model *model);  /* [n_state] */
const pt_field *pt_model_params(const pt_model *model);  /* [n_param] */
const pt_field *pt_model_outputs(const pt_model *model); /* [n_output] */
const pt_dose_port *
pt_model_doses(const pt_model *model); /* [n_dose], state and bioavailability in the model's numbering */

const double *pt_model_mass(const pt_model *model);         /* [n_state], null: all 1 */
const pt_delay *pt_model_delays(const pt_model *model);     /* [n_delay], in the model's numbering */
const pt_event *pt_model_events(const pt_model *model);     /* [n_event] */
const pt_trigger *pt_model_triggers(const pt_model *model); /* [n_trigger] */

/* The functions below work on n rows at once (one patient, sigma point or draw in each); a value
 * that does not exist is NaN. */

/* x (n, n_state) = initial state under parameters p (n, n_param) */
void pt_model_initial(const pt_model *model, int64_t n, const double *p, double *x);
/* dx (n, n_state) = f(t, x, p) + inflow; t (n), inflow (n, n_state) or null */
void pt_model_rate(const pt_model *model, int64_t n, const double *t, const double *x, const double *p,
                   const double *inflow, double *dx);
/* y (n, n_output) = h(t, x, p); t (n) */
void pt_model_output(const pt_model *model, int64_t n, const double *t, const double *x, const double *p,
                     double *y);
/* ddx = (df/dx) xd + (df/dp) pd and dy = (dh/dx) xd + (dh/dp) pd, exact by dual numbers;
 * xd (n, n_state), pd (n, n_param), ddx (n, n_state), dy (n, n_output) */
void pt_model_jvp(const pt_model *model, int64_t n, const double *t, const double *x, const double *p,
                  const double *xd, const double *pd, double *ddx, double *dy);
/* f (n_state, n_state + n_param) and h (n_output, n_state + n_param): 1 where the row's derivative to the
 * column's state or parameter can be other than zero */
void pt_model_pattern(const pt_model *model, int8_t *f, int8_t *h);
/* The same, and 1 also where the row depends on the column by a comparison alone (v_if). */
void pt_model_dependence(const pt_model *model, int8_t *f, int8_t *h);

#endif
