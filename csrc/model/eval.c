/* A model's functions on rows: packed into lanes, a wide at a time; the last row is repeated to fill it. */
#include "model/model_internal.h"
#include "model/wiring.h"

const char *pt_model_name(const pt_model *model) { return model->name; }
const char *pt_model_title(const pt_model *model) { return model->title; }
const char *pt_model_citation(const pt_model *model) { return model->citation; }
const char *pt_model_equations(const pt_model *model) { return model->equations; }
int pt_model_n_organ(const pt_model *model) { return model->n_organ; }
const pt_organ_sheet *pt_model_organ(const pt_model *model, int i) { return model->organs[i]; }
int pt_model_n_state(const pt_model *model) { return model->n_state; }
int pt_model_n_param(const pt_model *model) { return model->n_param; }
int pt_model_n_output(const pt_model *model) { return model->n_output; }
int pt_model_n_dose(const pt_model *model) { return model->n_dose; }
int pt_model_n_delay(const pt_model *model) { return model->n_delay; }
int pt_model_n_event(const pt_model *model) { return model->n_event; }
int pt_model_n_trigger(const pt_model *model) { return model->n_trigger; }
int pt_model_has_noise(const pt_model *model) { return model->has_noise; }
int pt_model_is_problem(const pt_model *model) { return model->problem; }
const char *pt_model_time_unit(const pt_model *model) { return model->time_unit; }
const double *pt_model_mass(const pt_model *model) { return model->mass; }
const pt_delay *pt_model_delays(const pt_model *model) { return model->delays; }
const pt_event *pt_model_events(const pt_model *model) { return model->events; }
const pt_trigger *pt_model_triggers(const pt_model *model) { return model->triggers; }
const pt_field *pt_model_states(const pt_model *model) { return model->states; }
const pt_field *pt_model_params(const pt_model *model) { return model->params; }
const pt_field *pt_model_outputs(const pt_model *model) { return model->outputs; }
const pt_dose_port *pt_model_doses(const pt_model *model) { return model->doses; }

/* v[i] lane l = rows[row + l, i], the last row again beyond the end */
static void pack(int64_t n_row, int64_t row, int width, const double *rows, wide *v)
{
    for (int l = 0; l < PT_WIDE_LANES; l++) {
        const int64_t r = row + l < n_row ? row + l : n_row - 1;
        for (int i = 0; i < width; i++) v[i][l] = rows[r * width + i];
    }
}

static void unpack(int64_t n_row, int64_t row, int width, const wide *v, double *rows)
{
    for (int l = 0; l < PT_WIDE_LANES && row + l < n_row; l++)
        for (int i = 0; i < width; i++) rows[(row + l) * width + i] = v[i][l];
}

void pt_model_initial(const pt_model *model, int64_t n, const double *p, double *x)
{
    wide vp[PT_MAX_PARAM], vx[PT_MAX_STATE];
    for (int64_t row = 0; row < n; row += PT_WIDE_LANES) {
        pack(n, row, model->n_param, p, vp);
        model->functions->initial(model->self, vp, vx);
        unpack(n, row, model->n_state, vx, x);
    }
}

/* Rows of one call, packed. */
typedef struct {
    wide t, x[PT_MAX_STATE], p[PT_MAX_PARAM], c[PT_MAX_CONSTANT];
    wide d[PT_MAX_PART * PT_MAX_DELAY]; /* delayed states: without a history, those of now */
} packed;

static void pack_call(const pt_model *model, int64_t n, int64_t row, const double *t, const double *x,
                      const double *p, packed *in)
{
    pack(n, row, 1, t, &in->t);
    pack(n, row, model->n_state, x, in->x);
    pack(n, row, model->n_param, p, in->p);
    for (int k = 0; k < model->n_delay; k++) in->d[k] = in->x[model->delays[k].state];
    model->functions->constants(model->self, in->p, in->c);
}

static void full_rate(const pt_model *model, const packed *in, wide *dx)
{
    wide K[PT_MAX_LINEAR * PT_MAX_LINEAR];
    const int n = model->n_linear;
    if (n) model->functions->linear(model->self, in->p, K);
    for (int i = 0; i < n; i++) {
        dx[i] = w_set(0);
        for (int j = 0; j < n; j++) dx[i] += K[i * n + j] * in->x[j];
    }
    if (n < model->n_state) model->functions->rate(model->self, &in->t, in->x, in->p, in->c, in->d, dx + n);
}

void pt_model_rate(const pt_model *model, int64_t n, const double *t, const double *x, const double *p,
                   const double *inflow, double *dx)
{
    packed in;
    wide vdx[PT_MAX_STATE];
    for (int64_t row = 0; row < n; row += PT_WIDE_LANES) {
        pack_call(model, n, row, t, x, p, &in);
        full_rate(model, &in, vdx);
        unpack(n, row, model->n_state, vdx, dx);
    }
    for (int64_t i = 0; inflow && i < n * model->n_state; i++) dx[i] += inflow[i];
}

void pt_model_output(const pt_model *model, int64_t n, const double *t, const double *x, const double *p,
                     double *y)
{
    packed in;
    wide vy[PT_MAX_OUTPUT];
    for (int64_t row = 0; row < n; row += PT_WIDE_LANES) {
        pack_call(model, n, row, t, x, p, &in);
        model->functions->output(model->self, &in.t, in.x, in.p, in.c, in.d, vy);
        unpack(n, row, model->n_output, vy, y);
    }
}

void pt_model_jvp(const pt_model *model, int64_t n, const double *t, const double *x, const double *p,
                  const double *xd, const double *pd, double *ddx, double *dy)
{
    const int nx = model->n_state, np = model->n_param, ny = model->n_output;
    for (int64_t r = 0; r < n; r++)
        model->functions->jvp(model->self, t[r], x + r * nx, p + r * np, xd + r * nx, pd + r * np,
                              ddx + r * nx, dy + r * ny);
}

void pt_model_pattern(const pt_model *model, int8_t *f, int8_t *h)
{
    model->functions->pattern(model->self, f, h);
}

void pt_model_dependence(const pt_model *model, int8_t *f, int8_t *h)
{
    const pt_model_functions *functions = model->functions;
    (functions->dependence ? functions->dependence : functions->pattern)(model->self, f, h);
}
