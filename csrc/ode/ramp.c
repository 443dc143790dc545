#include "ode/ramp.h"

static size_t lay_out(pt_ramps *r, size_t n_param, char *base)
{
    const size_t size = n_param * sizeof(wide);
    if (base) {
        r->anchor = (double *)base;
        r->since = (double *)(base + size);
        r->slope = (double *)(base + 2 * size);
        r->from = (vec *)(base + 3 * size);
        r->rise = (vec *)(base + 4 * size);
    }
    return 5 * size;
}

pt_status pt_ramps_create(const pt_model *model, pt_ramps **ramps)
{
    pt_ramps r;
    const size_t head = (sizeof r + 63) / 64 * 64, n = (size_t)model->n_param;
    char *memory = pt_alloc(head + lay_out(&r, n, NULL));
    *ramps = (pt_ramps *)memory;
    if (!memory) return PT_NO_MEMORY;
    lay_out(*ramps, n, memory + head);
    return PT_OK;
}

void pt_ramps_free(pt_ramps *ramps) { pt_free(ramps); }

static int row(const pt_block *b, int s, int i) { return s * b->n_param + i; }

void pt_ramps_begin(pt_block *b, int s, double start)
{
    pt_ramps *r = b->ramps;
    const pt_slot *slot = &b->slot[s];
    for (int i = 0; i < b->n_param; i++) {
        r->anchor[row(b, s, i)] = b->base[row(b, s, i)];
        r->since[row(b, s, i)] = start;
        r->slope[row(b, s, i)] = 0;
    }
    for (int64_t k = 0; k < slot->next; k++) {
        const pt_action *a = slot->actions + k;
        if (a->kind == PT_ACTION_PARAM) r->slope[row(b, s, a->index)] = 0;
        if (a->kind == PT_ACTION_SLOPE) r->slope[row(b, s, a->index)] = a->value;
    }
}

void pt_ramps_advance(pt_block *b, int s, double time)
{
    pt_ramps *r = b->ramps;
    for (int i = 0; i < b->n_param; i++) {
        const int k = row(b, s, i);
        if (r->slope[k] == 0) continue;
        b->base[k] = r->anchor[k] + r->slope[k] * (time - r->since[k]);
        b->slot[s].changed = 1;
    }
}

void pt_ramps_act(pt_block *b, int s, const pt_action *a)
{
    pt_ramps *r = b->ramps;
    const int k = row(b, s, a->index);
    r->anchor[k] = b->base[k];
    r->since[k] = a->time;
    r->slope[k] = a->kind == PT_ACTION_SLOPE ? a->value : 0;
    b->slot[s].changed = 1;
}

void pt_ramps_open(pt_block *b, int s)
{
    for (int i = 0; i < b->n_param; i++) {
        *pt_at(b->ramps->from, i, s) = pt_get(b->p, i, s);
        *pt_at(b->ramps->rise, i, s) = b->ramps->slope[row(b, s, i)] * b->factor[row(b, s, i)];
    }
}

void pt_ramps_follow(pt_block *b, const vec *t)
{
    const pt_ramps *r = b->ramps;
    for (int i = 0; i < b->n_param * PT_WIDE; i++) {
        const int j = i % PT_WIDE;
        b->p[i] = v_fma(r->rise[i], t[j] - b->origin[j], r->from[i]);
    }
    b->model->functions->constants(b->model->self, pt_wides(b->p), pt_wides(b->c));
    if (b->model->n_linear) b->model->functions->linear(b->model->self, pt_wides(b->p), pt_wides(b->K));
}
