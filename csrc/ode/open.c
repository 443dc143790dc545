/* The derivative and the step with which a lane begins an interval. */
#include "ode/block.h"
#include "ode/control.h"
#include "ode/history.h"

static vec norm_over_scale(const pt_block *b, const vec *v, const vec *x)
{
    vec sum = v_set(0);
    for (int i = 0; i < b->n_stepped; i++) {
        const double atol = b->atol[b->n_linear + i];
        const vec r = v[i * PT_WIDE] / v_fma(v_set(b->options.rtol), v_abs(x[i * PT_WIDE]), v_set(atol));
        sum = v_fma(r, r, sum);
    }
    return v_sqrt(sum * v_set(1.0 / b->n_stepped));
}

/* The step over which an explicit Euler step is tried, from the sizes of the states and their derivatives. */
static void try_euler(pt_block *b, int j, vec *h, vec *d1)
{
    const int nl = b->n_linear;
    const vec *x = b->x + nl * PT_WIDE + j;
    vec *x1 = b->x1 + nl * PT_WIDE + j;
    const vec d0 = norm_over_scale(b, x, x);
    *d1 = norm_over_scale(b, b->k[0] + j, x);
    const vmask flat = v_lt(d0, v_set(1e-5)) | v_lt(*d1, v_set(1e-5));
    *h = v_min(v_if(flat, v_set(1e-6), v_set(0.01) * d0 / *d1), b->length[j]);
    if (nl)
        pt_linear_advance(nl, b->coefficient + j, b->flowing ? b->flow + j : NULL, b->norm[j], *h, b->x + j,
                          b->x1 + j);
    for (int i = 0; i < b->n_stepped * PT_WIDE; i += PT_WIDE) x1[i] = v_fma(*h, b->k[0][i + j], x[i]);
}

/* First guess of a step (Hairer, Norsett & Wanner, II.4): by the size of the second derivative, from one
 * explicit Euler step. Uses x1 and k[1] as work space. */
static void guess_steps(pt_block *b, vec *guess)
{
    vec h[PT_WIDE], d1[PT_WIDE], t[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) {
        try_euler(b, j, &h[j], &d1[j]);
        t[j] = b->origin[j] + h[j];
    }
    pt_block_rate(b, t, b->x1, b->k[1]);
    for (int i = 0; i < b->n_stepped * PT_WIDE; i++) b->k[1][i] -= b->k[0][i];
    for (int j = 0; j < PT_WIDE; j++) {
        const vec d2 = norm_over_scale(b, b->k[1] + j, b->x + b->n_linear * PT_WIDE + j) / h[j];
        const vec largest = v_max(d1[j], d2), flat = v_set(1e-15);
        const vec by_curve = v_exp(v_set(0.2) * v_log(v_set(0.01) / v_max(largest, flat)));
        const vec by_nothing = v_max(v_set(1e-6), v_set(1e-3) * h[j]);
        guess[j] = v_min(v_set(100) * h[j], v_if(v_le(largest, flat), by_nothing, by_curve));
    }
}

/* Derivatives of the lanes that open with others than those that the last step ended with. */
static void reopen_rates(pt_block *b)
{
    vmask jumped[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) jumped[j] = m_set(0);
    for (int s = 0; s < PT_N_SLOT; s++) {
        if (!*pt_flag(b->opening, s) || !b->slot[s].jumped) continue;
        *pt_flag(jumped, s) = -1;
        b->slot[s].jumped = 0;
    }
    if (!pt_any(jumped)) return;
    if (b->history) b->history->right = 1;
    pt_block_rate(b, b->origin, b->x, b->k[1]);
    if (b->history) b->history->right = 0;
    for (int i = 0; i < b->n_stepped * PT_WIDE; i++)
        b->k[0][i] = v_if(jumped[i % PT_WIDE], b->k[1][i], b->k[0][i]);
}

/* Steps where nothing is known of an earlier one. */
static void first_steps(pt_block *b, vec *guess)
{
    if (b->options.step_first > 0)
        for (int j = 0; j < PT_WIDE; j++) guess[j] = v_set(b->options.step_first);
    else
        guess_steps(b, guess);
}

/* The step that would have suited the opening of the last interval serves for this one; the error control
 * corrects it where it does not fit. */
void pt_block_open(pt_block *b)
{
    vec h[PT_WIDE], guess[PT_WIDE];
    vmask unknown[PT_WIDE];
    if (b->n_stepped) reopen_rates(b);
    if (pt_steps_are_fixed(&b->options)) return;
    for (int j = 0; j < PT_WIDE; j++) {
        h[j] = b->n_stepped ? b->first[j] : b->length[j];
        unknown[j] = v_eq(h[j], v_set(0)) & b->opening[j];
    }
    if (pt_any(unknown)) {
        first_steps(b, guess);
        for (int j = 0; j < PT_WIDE; j++) h[j] = v_if(unknown[j], guess[j], h[j]);
    }
    for (int j = 0; j < PT_WIDE; j++) {
        b->h[j] = v_if(b->opening[j], h[j], b->h[j]);
        b->log_error[j] = v_if(b->opening[j], v_set(PT_LOG_ERROR_AT_START), b->log_error[j]);
        b->rejected[j] &= ~b->opening[j];
    }
}
