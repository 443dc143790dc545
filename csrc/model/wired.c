/* Models made of built-in organs: the table of functions over lanes. */
#include "model/wired.h"

#include "model/wiring.h"
#include "organs/organs.h"

#define ORGAN_ROW(name) &pt_organ_##name,
static const pt_organ_functions *const wired_organs[] = {PT_ORGAN_LIST(ORGAN_ROW)};

#include "model/wired_body.h"

static void constants(const void *self, const wide *p, wide *c) { wired_constants(self, p, c); }

static void initial(const void *self, const wide *p, wide *x)
{
    const pt_wiring *w = self;
    wide own[MAX_STATE];
    for (int k = 0; k < w->n_part; k++) {
        const pt_part *part = &w->part[k];
        const pt_organ_sheet *sheet = part->sheet;
        for (int i = 0; i < sheet->n_state; i++) own[i] = w_set(sheet->states[i].value);
        if (wired_organs[part->organ]->initial) wired_organs[part->organ]->initial(p + part->param, own);
        for (int i = 0; i < sheet->n_linear; i++) x[part->linear + i] = own[i];
        for (int i = sheet->n_linear; i < sheet->n_state; i++) x[part->other + i - sheet->n_linear] = own[i];
    }
}

static void linear(const void *self, const wide *p, wide *K) { wired_linear(self, p, K); }

static void rate(const void *self, const wide *t, const wide *x, const wide *p, const wide *c, wide *dx)
{
    wired_rate(self, t, x, p, c, dx);
}

static void output(const void *self, const wide *t, const wide *x, const wide *p, const wide *c, wide *y)
{
    wired_outputs(self, t, x, p, c, 1, y);
}

const pt_model_functions pt_wired_functions = {
    .constants = constants,
    .initial = initial,
    .linear = linear,
    .rate = rate,
    .output = output,
    .jvp = pt_wired_jvp,
    .pattern = pt_wired_pattern,
};

const pt_organ_sheet *pt_organ_sheet_at(int i)
{
#define SHEET_ROW(name) &pt_sheet_##name,
    static const pt_organ_sheet *const sheets[] = {PT_ORGAN_LIST(SHEET_ROW)};
    return i < PT_N_ORGAN ? sheets[i] : NULL;
}
