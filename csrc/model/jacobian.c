/* Shape and colours of a model's Jacobian, and its values over lanes. */
#include "model/jacobian.h"

#include <math.h>

#include "model/jacobian_eval.h"

/* What decides about an entry: f (n_state, n_state + n_param) as pt_model_pattern gives it, and for the
 * linear part also K under the default parameters, because a constant rate leaves no trace in f. */
typedef struct {
    const pt_model *model;
    int8_t *f;
    int8_t linear[PT_MAX_LINEAR * PT_MAX_LINEAR];
} source;

static void find_linear(source *s)
{
    wide p[PT_MAX_PARAM], K[PT_MAX_LINEAR * PT_MAX_LINEAR];
    const int n = s->model->n_linear;
    if (!n) return;
    for (int i = 0; i < s->model->n_param; i++) p[i] = w_set(s->model->params[i].value);
    s->model->functions->linear(s->model->self, p, K);
    for (int i = 0; i < n * n; i++) s->linear[i] = !(K[i][0] == 0);
}

static int is_entry(const source *s, int i, int j)
{
    const int n = s->model->n_linear, width = s->model->n_state + s->model->n_param;
    if (i < n && j < n && s->linear[i * n + j]) return 1;
    return i == j || s->f[i * width + j];
}

static int rows_shared(const pt_jacobian *shape, const uint64_t *rows, int j, int colour)
{
    uint64_t taken = 0;
    for (int k = 0; k < shape->n_state; k++)
        if (shape->colour[k] == colour) taken |= rows[k];
    return (taken & rows[j]) != 0;
}

/* Greedy, the columns with most entries first. */
static void colour_columns(pt_jacobian *shape)
{
    uint64_t rows[PT_JACOBIAN_STATES] = {0};
    for (int i = shape->n_linear; i < shape->n_state; i++)
        for (int k = shape->begin[i]; k < shape->begin[i + 1]; k++)
            rows[shape->column[k]] |= (uint64_t)1 << i;
    for (int j = 0; j < shape->n_state; j++) shape->colour[j] = -1;
    for (int size = shape->n_state; size > 0; size--)
        for (int j = 0; j < shape->n_state; j++) {
            if (__builtin_popcountll(rows[j]) != size) continue;
            int colour = 0;
            while (rows_shared(shape, rows, j, colour)) colour++;
            shape->colour[j] = colour;
            if (colour >= shape->n_colour) shape->n_colour = colour + 1;
        }
}

/* The entries in the order in which passes of several directions yield them. */
static void plan_passes(pt_jacobian *shape)
{
    int n = 0;
    shape->n_pass = (shape->n_colour + shape->timed + PT_JACOBIAN_DIRECTIONS - 1) / PT_JACOBIAN_DIRECTIONS;
    for (int pass = 0; pass < shape->n_pass; pass++) {
        shape->pass[pass] = n;
        for (int i = shape->n_linear; i < shape->n_state; i++)
            for (int k = shape->begin[i]; k < shape->begin[i + 1]; k++) {
                const int colour = shape->colour[shape->column[k]];
                if (colour / PT_JACOBIAN_DIRECTIONS != pass) continue;
                shape->item[n++] =
                    (pt_jacobian_item){(int16_t)k, (int16_t)i, (int16_t)(colour % PT_JACOBIAN_DIRECTIONS)};
            }
    }
    shape->pass[shape->n_pass] = n;
}

static int count_entries(const source *s)
{
    int n = 0;
    for (int i = 0; i < s->model->n_state; i++)
        for (int j = 0; j < s->model->n_state; j++) n += is_entry(s, i, j);
    return n;
}

static pt_jacobian *allocate(const source *s)
{
    const size_t n = (size_t)count_entries(s);
    pt_jacobian *shape = pt_alloc(sizeof *shape + n * (sizeof(int) + sizeof(pt_jacobian_item)));
    if (!shape) return NULL;
    shape->n_entry = (int)n;
    shape->column = (int *)(shape + 1);
    shape->item = (pt_jacobian_item *)(shape->column + n);
    return shape;
}

static void list_entries(const source *s, pt_jacobian *shape)
{
    int n = 0;
    for (int i = 0; i < shape->n_state; i++) {
        shape->begin[i] = n;
        for (int j = 0; j < shape->n_state; j++)
            if (is_entry(s, i, j)) shape->column[n++] = j;
    }
    shape->begin[shape->n_state] = n;
}

pt_status pt_jacobian_create(const pt_model *model, pt_jacobian **shape)
{
    const size_t width = (size_t)(model->n_state + model->n_param);
    source s = {.model = model, .f = pt_alloc((size_t)(model->n_state + model->n_output) * width)};
    *shape = NULL;
    if (!s.f) return PT_NO_MEMORY;
    pt_model_pattern(model, s.f, s.f + (size_t)model->n_state * width);
    find_linear(&s);
    pt_jacobian *made = allocate(&s);
    if (made) {
        made->n_state = model->n_state;
        made->n_linear = model->n_linear;
        made->timed = !model->functions->timed || model->functions->timed(model->self);
        list_entries(&s, made);
        colour_columns(made);
        plan_passes(made);
    }
    pt_free(s.f);
    *shape = made;
    return made ? PT_OK : PT_NO_MEMORY;
}

void pt_jacobian_free(pt_jacobian *shape) { pt_free(shape); }

/* One direction at a time, for a model that gives only tangents. xd, dx, ddx: n_state each */
static void by_tangents(const pt_model *model, const pt_jacobian *shape, const pt_jacobian_point *at, wide *J,
                        wide *dt, wide *work)
{
    wide *xd = work, *dx = xd + shape->n_state, *ddx = dx + shape->n_state;
    const wide one = w_set(1);
    for (int colour = 0; colour < shape->n_colour; colour++) {
        for (int i = 0; i < shape->n_state; i++) xd[i] = w_set(shape->colour[i] == colour);
        model->functions->tangent(model->self, at->t, at->x, at->p, at->d, NULL, xd, NULL, NULL, dx, ddx,
                                  NULL, NULL);
        for (int i = shape->n_linear; i < shape->n_state; i++)
            for (int k = shape->begin[i]; k < shape->begin[i + 1]; k++)
                if (shape->colour[shape->column[k]] == colour) J[k] = ddx[i];
    }
    if (!dt) return;
    model->functions->tangent(model->self, at->t, at->x, at->p, at->d, &one, NULL, NULL, NULL, dx, ddx, NULL,
                              NULL);
    for (int i = shape->n_linear; i < shape->n_state; i++) dt[i - shape->n_linear] = ddx[i];
}

void pt_jacobian_eval(const pt_model *model, const pt_jacobian *shape, const pt_jacobian_point *at, wide *J,
                      wide *dt, wide *work)
{
    const int n = shape->n_linear;
    for (int i = 0; i < n; i++)
        for (int k = shape->begin[i]; k < shape->begin[i + 1]; k++)
            J[k] = shape->column[k] < n ? at->K[i * n + shape->column[k]] : w_set(0);
    if (n == shape->n_state) return;
    if (model->functions->jacobian)
        model->functions->jacobian(model->self, shape, at->t, at->x, at->p, at->c, at->d, J, dt);
    else
        by_tangents(model, shape, at, J, dt, work);
}
