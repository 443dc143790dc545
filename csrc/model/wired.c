/* Models made of built-in organs: the table of functions over lanes. */
#include "model/wired.h"

#include "model/wiring.h"
#include "organs/organs.h"

#define ORGAN_ROW(name) &pt_organ_##name,
static const pt_organ_functions *const wired_organs[] = {PT_ORGAN_LIST(ORGAN_ROW)};

#include "model/wired_body.h"

static void constants(const void *self, const wide *p, wide *c) { wired_constants(self, p, c); }

static void initial(const void *self, const wide *p, wide *x) { wired_initial(self, p, x); }

static void linear(const void *self, const wide *p, wide *K) { wired_linear(self, p, K); }

static void rate(const void *self, const wide *t, const wide *x, const wide *p, const wide *c, const wide *d,
                 wide *dx)
{
    const pt_wiring *w = self;
    if (w->n_part == 1) /* its inputs are the delayed states alone */
        wired_organs[w->part[0].organ]->rate(t, x, p, c, d, dx);
    else
        wired_rate(w, t, x, p, c, d, dx);
}

static void output(const void *self, const wide *t, const wide *x, const wide *p, const wide *c,
                   const wide *d, wide *y)
{
    const pt_wiring *w = self;
    if (w->n_part == 1)
        wired_organs[w->part[0].organ]->output(t, x, p, c, d, y);
    else
        wired_outputs(w, t, x, p, c, d, 1, y);
}

static void event(const void *self, int i, const wide *value, const wide *t, wide *x, const wide *p,
                  const wide *c)
{
    wired_event(self, i, value, t, x, p, c);
}

static void noise(const void *self, const wide *t, const wide *x, const wide *p, const wide *c, const wide *d,
                  wide *g)
{
    wired_noise(self, t, x, p, c, d, g);
}

static void pattern(const void *self, int8_t *f, int8_t *h) { pt_wired_pattern(self, 0, f, h); }

static void dependence(const void *self, int8_t *f, int8_t *h) { pt_wired_pattern(self, 1, f, h); }

const pt_model_functions pt_wired_functions = {
    .constants = constants,
    .initial = initial,
    .linear = linear,
    .rate = rate,
    .output = output,
    .event = event,
    .noise = noise,
    .tangent = pt_wired_wide_tangent,
    .event_tangent = pt_wired_wide_event_tangent,
    .initial_tangent = pt_wired_wide_initial_tangent,
    .jvp = pt_wired_jvp,
    .jacobian = pt_wired_wide_jacobian,
    .timed = pt_wired_timed,
    .pattern = pattern,
    .dependence = dependence,
};

const pt_organ_sheet *pt_organ_sheet_at(int i)
{
#define SHEET_ROW(name) &pt_sheet_##name,
    static const pt_organ_sheet *const sheets[] = {PT_ORGAN_LIST(SHEET_ROW)};
    return i < PT_N_ORGAN ? sheets[i] : NULL;
}

int pt_organ_has_noise(int i) { return wired_organs[i]->noise != 0; }
