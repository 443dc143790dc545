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

static void own_inputs(const pt_part *part, const vec *y, vec *u)
{
    for (int k = 0; k < part->sheet->n_input; k++) u[k] = y[part->input[k]];
}

static void wired_constants(const pt_wiring *w, const vec *p, vec *c)
{
    for (int i = 0; i < w->n_part; i++) {
        const pt_part *part = &w->part[i];
        if (wired_organs[part->organ]->constants)
            wired_organs[part->organ]->constants(p + part->param, c + part->constant);
    }
}

/* y = outputs of all organs, or only of those that feed others */
static void wired_outputs(const pt_wiring *w, const vec *t, const vec *x, const vec *p, const vec *c, int all,
                          vec *y)
{
    vec own[MAX_STATE], u[PT_MAX_INPUT];
    for (int i = 0; i < w->n_part; i++) {
        const pt_part *part = &w->part[i];
        if (!all && !part->feeds) continue;
        own_inputs(part, y, u);
        wired_organs[part->organ]->output(t, own_states(part, x, own), p + part->param, c + part->constant, u,
                                          y + part->output);
    }
}

/* dx (n_state - n_linear) = derivatives of the states that are not linear */
static void wired_rate(const pt_wiring *w, const vec *t, const vec *x, const vec *p, const vec *c, vec *dx)
{
    vec own[MAX_STATE], u[PT_MAX_INPUT], y[MAX_OUTPUT];
    wired_outputs(w, t, x, p, c, 0, y);
    for (int i = 0; i < w->n_part; i++) {
        const pt_part *part = &w->part[i];
        if (!wired_organs[part->organ]->rate) continue;
        own_inputs(part, y, u);
        wired_organs[part->organ]->rate(t, own_states(part, x, own), p + part->param, c + part->constant, u,
                                        dx + part->other - w->n_linear);
    }
}

/* K (n_linear, n_linear): the organs' blocks on the diagonal */
static void wired_linear(const pt_wiring *w, const vec *p, vec *K)
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
