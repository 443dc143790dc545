/* The functions of a wired model over one `vec`, included once for lanes (wired.c) and once for
 * dual numbers (organs/dual.cpp). The includer defines wired_organs: const pt_organ_functions *[]. */

enum {
    MAX_STATE = 64,
    MAX_LINEAR = 16,
    MAX_PARAM = 64,
    MAX_CONSTANT = 64,
    MAX_OUTPUT = 64
}; /* those of model_internal.h */

/* The organ's own states, its linear ones first: in place if it has but one kind, else gathered in `own`. */
static const vec *own_states(const pt_part *part, const vec *x, vec *own)
{
    const int n_linear = part->sheet->n_linear, n_other = part->sheet->n_state - n_linear;
    if (n_linear == 0) return x + part->other;
    if (n_other == 0) return x + part->linear;
    for (int i = 0; i < n_linear; i++) own[i] = x[part->linear + i];
    for (int i = 0; i < n_other; i++) own[n_linear + i] = x[part->other + i];
    return own;
}

/* u = outputs of earlier organs, then the organ's delayed states */
static void own_inputs(const pt_part *part, const vec *y, const vec *d, vec *u)
{
    const int n = part->sheet->n_input;
    for (int k = 0; k < n; k++) u[k] = y[part->input[k]];
    for (int k = 0; k < part->sheet->n_delay; k++) u[n + k] = d[part->delay + k];
}

/* Not every meaning of vec needs all functions. */
#define PT_SOME static __attribute__((unused))

PT_SOME void wired_constants(const pt_wiring *w, const vec *p, vec *c)
{
    for (int i = 0; i < w->n_part; i++) {
        const pt_part *part = &w->part[i];
        if (wired_organs[part->organ]->constants)
            wired_organs[part->organ]->constants(p + part->param, c + part->constant);
    }
}

/* y = outputs of all organs, or only of those that feed others */
static void wired_outputs(const pt_wiring *w, const vec *t, const vec *x, const vec *p, const vec *c,
                          const vec *d, int all, vec *y)
{
    vec own[MAX_STATE], u[PT_MAX_INPUT + PT_MAX_DELAY];
    for (int i = 0; i < w->n_part; i++) {
        const pt_part *part = &w->part[i];
        if (!all && !part->feeds) continue;
        own_inputs(part, y, d, u);
        wired_organs[part->organ]->output(t, own_states(part, x, own), p + part->param, c + part->constant, u,
                                          y + part->output);
    }
}

/* dx (n_state - n_linear) = derivatives of the states that are not linear */
static void wired_rate(const pt_wiring *w, const vec *t, const vec *x, const vec *p, const vec *c,
                       const vec *d, vec *dx)
{
    vec own[MAX_STATE], u[PT_MAX_INPUT + PT_MAX_DELAY], y[MAX_OUTPUT];
    wired_outputs(w, t, x, p, c, d, 0, y);
    for (int i = 0; i < w->n_part; i++) {
        const pt_part *part = &w->part[i];
        if (!wired_organs[part->organ]->rate) continue;
        own_inputs(part, y, d, u);
        wired_organs[part->organ]->rate(t, own_states(part, x, own), p + part->param, c + part->constant, u,
                                        dx + part->other - w->n_linear);
    }
}

/* K (n_linear, n_linear): the organs' blocks on the diagonal */
PT_SOME void wired_linear(const pt_wiring *w, const vec *p, vec *K)
{
    vec block[MAX_LINEAR * MAX_LINEAR];
    const int n = w->n_linear;
    for (int i = 0; i < n * n; i++) K[i] = v_set(0);
    for (int k = 0; k < w->n_part; k++) {
        const pt_part *part = &w->part[k];
        const int m = part->sheet->n_linear;
        if (m == 0) continue;
        wired_organs[part->organ]->linear(p + part->param, block);
        for (int i = 0; i < m; i++)
            for (int j = 0; j < m; j++) K[(part->linear + i) * n + part->linear + j] = block[i * m + j];
    }
}

/* x (n_state) = initial states */
PT_SOME void wired_initial(const pt_wiring *w, const vec *p, vec *x)
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

/* x <- states after an event of the model's table */
PT_SOME void wired_event(const pt_wiring *w, int event, const vec *value, const vec *t, vec *x, const vec *p,
                         const vec *c)
{
    vec own[MAX_STATE];
    for (int k = 0; k < w->n_part; k++) {
        const pt_part *part = &w->part[k];
        const pt_organ_sheet *sheet = part->sheet;
        if (event < part->event || event >= part->event + sheet->n_event) continue;
        for (int i = 0; i < sheet->n_linear; i++) own[i] = x[part->linear + i];
        for (int i = sheet->n_linear; i < sheet->n_state; i++) own[i] = x[part->other + i - sheet->n_linear];
        wired_organs[part->organ]->event(event - part->event, value, t, own, p + part->param,
                                         c + part->constant);
        for (int i = 0; i < sheet->n_linear; i++) x[part->linear + i] = own[i];
        for (int i = sheet->n_linear; i < sheet->n_state; i++) x[part->other + i - sheet->n_linear] = own[i];
    }
}

/* g (n_state - n_linear) = diffusion coefficients */
PT_SOME void wired_noise(const pt_wiring *w, const vec *t, const vec *x, const vec *p, const vec *c,
                         const vec *d, vec *g)
{
    vec own[MAX_STATE], u[PT_MAX_INPUT + PT_MAX_DELAY], y[MAX_OUTPUT];
    wired_outputs(w, t, x, p, c, d, 0, y);
    for (int i = 0; i < w->n_state - w->n_linear; i++) g[i] = v_set(0);
    for (int i = 0; i < w->n_part; i++) {
        const pt_part *part = &w->part[i];
        if (!wired_organs[part->organ]->noise) continue;
        own_inputs(part, y, d, u);
        wired_organs[part->organ]->noise(t, own_states(part, x, own), p + part->param, c + part->constant, u,
                                         g + part->other - w->n_linear);
    }
}

#undef PT_SOME
