#include "ode/stiff.h"

#include <math.h>

#include "ode/ramp.h"
#include "ode/room.h"

static size_t lay_out(pt_stiff *st, const pt_model *model, char *base)
{
    const int n = model->n_state;
    size_t used = 0;
    st->K = pt_cut_wides(base, &used, model->n_linear * model->n_linear);
    st->J = pt_cut_wides(base, &used, st->shape->n_entry);
    st->dt = pt_cut_wides(base, &used, n);
    st->value = pt_cut_wides(base, &used, st->order->n_value);
    st->inverse = pt_cut_wides(base, &used, n);
    for (int s = 0; s < PT_N_ROSENBROCK; s++) st->k[s] = pt_cut_wides(base, &used, n);
    st->f = pt_cut_wides(base, &used, n);
    st->work = pt_cut_wides(base, &used, 3 * n);
    return used;
}

/* The Jacobian of a typical patient at the start, lane 0 of J (n_entry wides). */
static pt_status typical_jacobian(const pt_model *model, const pt_jacobian *shape, double *entries)
{
    const size_t n = (size_t)model->n_state, n_linear = (size_t)model->n_linear;
    const size_t n_wide = n * 5 + (size_t)(model->n_param + model->n_constant + model->n_delay + 1) +
                          n_linear * n_linear + (size_t)shape->n_entry;
    wide *memory = pt_alloc(n_wide * sizeof(wide));
    if (!memory) return PT_NO_MEMORY;
    wide *x = memory, *dt = x + n, *work = dt + n, *p = work + 3 * n, *c = p + model->n_param;
    wide *d = c + model->n_constant, *t = d + model->n_delay, *K = t + 1, *J = K + n_linear * n_linear;
    for (int i = 0; i < model->n_param; i++) p[i] = w_set(model->params[i].value);
    model->functions->initial(model->self, p, x);
    model->functions->constants(model->self, p, c);
    if (model->n_linear) model->functions->linear(model->self, p, K);
    for (int i = 0; i < model->n_delay; i++) d[i] = x[model->delays[i].state];
    const pt_jacobian_point at = {t, x, p, c, d, K};
    pt_jacobian_eval(model, shape, &at, J, shape->timed ? dt : NULL, work);
    for (int k = 0; k < shape->n_entry; k++) entries[k] = J[k][0];
    pt_free(memory);
    return PT_OK;
}

/* Entries of a typical M / (h gamma) - J: h such that the first part matters as much as the second. */
static void typical_matrix(const pt_stiff *st, const pt_jacobian *shape, double *entries)
{
    double largest = 1e-6;
    for (int k = 0; k < shape->n_entry; k++)
        if (isfinite(entries[k])) largest = fmax(largest, fabs(entries[k]));
    for (int k = 0; k < shape->n_entry; k++) entries[k] = isfinite(entries[k]) ? -entries[k] : largest;
    for (int i = 0; i < shape->n_state; i++) entries[st->diagonal[i]] += pt_stiff_mass(st, i) * largest;
}

static pt_status find_order(const pt_model *model, pt_stiff *st)
{
    const pt_jacobian *shape = st->shape;
    int8_t fixed[PT_MAX_STATE];
    double *entries = pt_alloc((size_t)shape->n_entry * sizeof(double));
    if (!entries) return PT_NO_MEMORY;
    for (int i = 0; i < shape->n_state; i++) {
        fixed[i] = pt_stiff_mass(st, i) != 0;
        for (int k = shape->begin[i]; k < shape->begin[i + 1]; k++)
            if (shape->column[k] == i) st->diagonal[i] = k;
    }
    pt_status status = typical_jacobian(model, shape, entries);
    if (status == PT_OK) {
        typical_matrix(st, shape, entries);
        status = pt_sparse_create(shape->n_state, shape->begin, shape->column, entries, fixed, &st->order);
    }
    pt_free(entries);
    return status;
}

static pt_status allocate(const pt_model *model, const pt_stiff *st, pt_stiff **stiff)
{
    pt_stiff made = *st;
    const size_t head = (sizeof made + 63) / 64 * 64;
    char *memory = pt_alloc(head + lay_out(&made, model, NULL));
    if (!memory) return PT_NO_MEMORY;
    lay_out(&made, model, memory + head);
    *stiff = (pt_stiff *)memory;
    **stiff = made;
    return PT_OK;
}

pt_status pt_stiff_create(const pt_model *model, pt_stiff **stiff)
{
    pt_stiff st = {.mass = model->mass};
    *stiff = NULL;
    if (!model->functions->jacobian && !model->functions->tangent) return PT_UNSUPPORTED;
    pt_status status = pt_jacobian_create(model, &st.shape);
    if (status == PT_OK) status = find_order(model, &st);
    if (status == PT_OK) status = allocate(model, &st, stiff);
    if (status == PT_OK) return PT_OK;
    pt_jacobian_free(st.shape);
    pt_sparse_free(st.order);
    return status;
}

void pt_stiff_free(pt_stiff *stiff)
{
    if (!stiff) return;
    pt_jacobian_free(stiff->shape);
    pt_sparse_free(stiff->order);
    pt_free(stiff);
}

/* Where the block steps the linear part, it keeps K itself. */
static const vec *linear_of(const pt_block *b) { return b->n_linear ? b->stiff->K : b->K; }

void pt_stiff_refresh(pt_block *b)
{
    if (b->n_linear) b->model->functions->linear(b->model->self, pt_wides(b->p), pt_wides(b->stiff->K));
}

/* dx (n) = K x of the linear part, where K may be other than 0 */
static void linear_rate(const pt_block *b, int n, const vec *x, vec *dx)
{
    const pt_stiff *st = b->stiff;
    const vec *K = linear_of(b);
    for (int i = 0; i < n; i++)
        for (int j = 0; j < PT_WIDE; j++) {
            vec sum = v_set(0);
            for (int k = st->shape->begin[i]; k < st->shape->begin[i + 1]; k++) {
                const int q = st->shape->column[k];
                sum = v_fma(K[(i * n + q) * PT_WIDE + j], x[q * PT_WIDE + j], sum);
            }
            dx[i * PT_WIDE + j] = sum;
        }
}

void pt_stiff_rate(pt_block *b, const vec *t, const vec *x, vec *dx)
{
    const int n = b->model->n_linear;
    if (b->ramps) pt_ramps_follow(b, t);
    linear_rate(b, n, x, dx);
    if (b->n_state > n)
        b->model->functions->rate(b->model->self, pt_wides_in(t), pt_wides_in(x), pt_wides(b->p),
                                  pt_wides(b->c), pt_wides(b->d), pt_wides(dx + n * PT_WIDE));
    for (int q = 0; q < b->n_dose; q++) {
        const int state = b->model->doses[q].state;
        int seen = 0;
        for (int r = 0; r < q; r++) seen |= b->model->doses[r].state == state;
        for (int j = 0; j < PT_WIDE && !seen; j++) dx[state * PT_WIDE + j] += b->inflow[state * PT_WIDE + j];
    }
}

/* df/dt with what parameters do that move; all states */
static void dt_of_ramps(pt_block *b, const vec *t)
{
    pt_stiff *st = b->stiff;
    const wide one = w_set(1);
    b->model->functions->tangent(b->model->self, pt_wides_in(t), pt_wides(b->x), pt_wides(b->p),
                                 pt_wides(b->d), &one, NULL, pt_wides(b->ramps->rise), NULL, pt_wides(st->f),
                                 pt_wides(st->dt), NULL, NULL);
}

void pt_stiff_jacobian(pt_block *b, const vec *t)
{
    pt_stiff *st = b->stiff;
    if (b->ramps) pt_ramps_follow(b, t);
    const pt_jacobian_point at = {pt_wides_in(t), pt_wides(b->x), pt_wides(b->p),
                                  pt_wides(b->c), pt_wides(b->d), pt_wides_in(linear_of(b))};
    vec *dt = st->shape->timed && !b->ramps ? st->dt + b->model->n_linear * PT_WIDE : NULL;
    pt_jacobian_eval(b->model, st->shape, &at, pt_wides(st->J), dt ? pt_wides(dt) : NULL, pt_wides(st->work));
    if (b->ramps) dt_of_ramps(b, t);
}

void pt_stiff_factor(pt_block *b, const vec *shift)
{
    pt_stiff *st = b->stiff;
    const pt_sparse *order = st->order;
    for (int k = 0; k < order->n_fill; k++)
        for (int j = 0; j < PT_WIDE; j++) st->value[order->fill[k] * PT_WIDE + j] = v_set(0);
    for (int k = 0; k < order->n_entry; k++)
        for (int j = 0; j < PT_WIDE; j++) st->value[order->place[k] * PT_WIDE + j] = -st->J[k * PT_WIDE + j];
    for (int i = 0; i < b->n_state; i++) {
        vec *at = st->value + order->place[st->diagonal[i]] * PT_WIDE;
        const vec mass = v_set(pt_stiff_mass(st, i));
        for (int j = 0; j < PT_WIDE; j++) at[j] = v_fma(mass, shift[j], at[j]);
    }
    pt_sparse_factor(order, st->value, st->inverse);
}
