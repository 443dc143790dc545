/* Models made of built-in organs: the table of functions over lanes. */
#include "model/wired.h"

#include "model/wiring.h"
#include "organs/organs.h"

#define ORGAN_ROW(name) &pt_organ_##name,
static const pt_organ_functions *const wired_organs[] = {PT_ORGAN_LIST(ORGAN_ROW)};

#include "model/wired_body.h"

static void initial_one(const pt_wiring *w, const vec *p, vec *x)
{
    vec own[MAX_STATE];
    for (int k = 0; k < w->n_part; k++) {
        const pt_part *part = &w->part[k];
        const pt_organ_sheet *sheet = part->sheet;
        for (int i = 0; i < sheet->n_state; i++) own[i] = v_set(sheet->states[i].value);
        if (wired_organs[part->organ]->initial) wired_organs[part->organ]->initial(p + part->param, own);
        for (int i = 0; i < sheet->n_linear; i++) x[part->linear + i] = own[i];
        for (int i = sheet->n_linear; i < sheet->n_state; i++) x[part->other + i - sheet->n_linear] = own[i];
    }
}

static void initial(const void *self, int n, const vec *p, vec *x)
{
    const pt_wiring *w = self;
    for (int j = 0; j < n; j++) initial_one(w, p + j * w->n_param, x + j * w->n_state);
}

static void linear(const void *self, int n, const vec *p, vec *K)
{
    const pt_wiring *w = self;
    for (int j = 0; j < n; j++) wired_linear(w, p + j * w->n_param, K + j * w->n_linear * w->n_linear);
}

static void rate(const void *self, int n, const vec *t, const vec *x, const vec *p, vec *dx)
{
    const pt_wiring *w = self;
    for (int j = 0; j < n; j++)
        wired_rate(w, t[j], x + j * w->n_state, p + j * w->n_param, dx + j * (w->n_state - w->n_linear));
}

static void output(const void *self, int n, const vec *t, const vec *x, const vec *p, vec *y)
{
    const pt_wiring *w = self;
    for (int j = 0; j < n; j++)
        wired_outputs(w, t[j], x + j * w->n_state, p + j * w->n_param, 1, y + j * w->n_output);
}

const pt_model_functions pt_wired_functions = {initial, linear, rate, output, pt_wired_jvp, pt_wired_pattern, 0};

const pt_organ_sheet *pt_organ_sheet_at(int i)
{
#define SHEET_ROW(name) &pt_sheet_##name,
    static const pt_organ_sheet *const sheets[] = {PT_ORGAN_LIST(SHEET_ROW)};
    return i < PT_N_ORGAN ? sheets[i] : NULL;
}
