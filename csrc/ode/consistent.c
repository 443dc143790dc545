/* Algebraic states that fit the others: Newton's method on 0 = g in each lane. */
#include "ode/sensitivity.h"
#include "ode/stiff.h"

enum { ROUNDS = 25 };
#define SMALL 1e-3 /* of the tolerance: the next round would change no digit that matters */

/* Rows of differential states become those of the identity, so that these stay. */
static void keep_differential(const pt_stiff *st, int n)
{
    for (int i = 0; i < n; i++)
        if (st->mass[i] != 0)
            for (int k = st->shape->begin[i] * PT_WIDE; k < st->shape->begin[i + 1] * PT_WIDE; k++)
                st->J[k] = v_set(0);
}

/* f <- change of the states that Newton's method asks for at b->x */
static void newton(pt_block *b)
{
    pt_stiff *st = b->stiff;
    vec one[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) one[j] = v_set(1);
    pt_stiff_jacobian(b, b->origin);
    keep_differential(st, b->n_state);
    pt_stiff_factor(b, one);
    pt_stiff_rate(b, b->origin, b->x, st->f);
    for (int i = 0; i < b->n_state * PT_WIDE; i++)
        if (st->mass[i / PT_WIDE] != 0) st->f[i] = v_set(0);
    pt_sparse_solve(st->order, st->value, st->inverse, st->f, st->work);
}

/* Takes the change over in the lanes in `which` and leaves those there that are not at their end. */
static void take_over(pt_block *b, vmask *which)
{
    vmask small[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) small[j] = m_set(-1);
    for (int i = 0; i < b->n_state; i++) {
        if (b->stiff->mass[i] != 0) continue;
        for (int j = 0; j < PT_WIDE; j++) {
            const int at = i * PT_WIDE + j;
            const vec change = b->stiff->f[at];
            b->x[at] = v_if(which[j], b->x[at] + change, b->x[at]);
            const vec scale = v_fma(v_set(b->options.rtol), v_abs(b->x[at]), v_set(pt_block_atol(b, i)));
            small[j] &= v_le(v_abs(change), v_set(SMALL) * scale) & v_isfinite(change);
        }
    }
    for (int j = 0; j < PT_WIDE; j++) which[j] &= ~small[j];
}

void pt_stiff_consistent(pt_block *b, const vmask *which)
{
    vmask left[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) left[j] = which[j];
    for (int round = 0; round < ROUNDS && pt_any(left); round++) {
        newton(b);
        take_over(b, left);
    }
    for (int s = 0; s < PT_N_SLOT; s++)
        if (*pt_flag(left, s)) pt_slot_fail(b, s, PT_SINGULAR);
    if (b->tangents) pt_tangents_consistent(b, which);
}

void pt_stiff_settle(pt_block *b, const int *list, int n)
{
    vmask which[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) which[j] = m_set(0);
    for (int k = 0; k < n; k++)
        if (b->slot[list[k]].jumped && b->slot[list[k]].status == PT_OK) *pt_flag(which, list[k]) = -1;
    pt_stiff_consistent(b, which);
}
