/* The Jacobian of every built-in model: many directions at once, one at a time, and by pt_model_jvp. */
#include "check.h"
#include "model/jacobian_eval.h"

enum { MAX_ENTRY = PT_MAX_STATE * PT_MAX_STATE };

typedef struct {
    wide t, x[PT_MAX_STATE], p[PT_MAX_PARAM], c[PT_MAX_CONSTANT], K[PT_MAX_LINEAR * PT_MAX_LINEAR];
    wide d[PT_MAX_STATE];
} place;

/* Somewhere near the model's start, another place in each lane. */
static void make_place(const pt_model *m, place *at)
{
    at->t = w_set(0.7);
    for (int i = 0; i < m->n_param; i++) at->p[i] = w_set(m->params[i].value);
    m->functions->initial(m->self, at->p, at->x);
    for (int i = 0; i < m->n_state; i++)
        for (int l = 0; l < PT_WIDE_LANES; l++)
            at->x[i][l] = at->x[i][l] * (1 - 0.01 * l) + 1e-3 * (i + 1 + l);
    for (int i = 0; i < m->n_delay; i++) at->d[i] = at->x[m->delays[i].state];
    m->functions->constants(m->self, at->p, at->c);
    if (m->n_linear) m->functions->linear(m->self, at->p, at->K);
}

/* J x as pt_model_jvp has it, lane l, for the direction that is 1 in state j */
static void column(const pt_model *m, const place *at, int l, int j, double *f)
{
    double x[PT_MAX_STATE], p[PT_MAX_PARAM], xd[PT_MAX_STATE] = {0}, pd[PT_MAX_PARAM] = {0};
    double y[PT_MAX_OUTPUT];
    const double t = at->t[l];
    for (int i = 0; i < m->n_state; i++) x[i] = at->x[i][l];
    for (int i = 0; i < m->n_param; i++) p[i] = at->p[i][l];
    xd[j] = 1;
    pt_model_jvp(m, 1, &t, x, p, xd, pd, f, y);
}

static double entry_at(const pt_jacobian *shape, const wide *J, int i, int j, int l)
{
    for (int k = shape->begin[i]; k < shape->begin[i + 1]; k++)
        if (shape->column[k] == j) return J[k][l];
    return 0;
}

static double size_of(double a) { return 1e-13 * (1 + fabs(a)); }

static void check_columns(const pt_model *m, const pt_jacobian *shape, const place *at, const wide *J)
{
    double f[PT_MAX_STATE];
    for (int l = 0; l < PT_WIDE_LANES; l += 5)
        for (int j = 0; j < m->n_state; j++) {
            column(m, at, l, j, f);
            for (int i = 0; i < m->n_state; i++) CHECK_NEAR(entry_at(shape, J, i, j, l), f[i], size_of(f[i]));
        }
}

static void check_model(const char *name)
{
    static wide J[2][MAX_ENTRY], dt[2][PT_MAX_STATE], work[3 * PT_MAX_STATE];
    static place at;
    pt_model *m;
    pt_jacobian *shape;
    CHECK(pt_model_create(name, &m) == PT_OK);
    CHECK(pt_jacobian_create(m, &shape) == PT_OK);
    make_place(m, &at);
    const pt_jacobian_point point = {&at.t, at.x, at.p, at.c, m->n_delay ? at.d : NULL, at.K};
    wide *times[2] = {shape->timed ? dt[0] : NULL, shape->timed ? dt[1] : NULL};
    pt_jacobian_eval(m, shape, &point, J[0], times[0], work);
    pt_model_functions functions = *m->functions;
    functions.jacobian = NULL;
    pt_model slow = *m;
    slow.functions = &functions;
    pt_jacobian_eval(&slow, shape, &point, J[1], times[1], work);
    for (int k = 0; k < shape->n_entry; k++)
        for (int l = 0; l < PT_WIDE_LANES; l++) CHECK_NEAR(J[0][k][l], J[1][k][l], size_of(J[1][k][l]));
    for (int i = 0; shape->timed && i < m->n_state - m->n_linear; i++)
        CHECK_NEAR(dt[0][i][3], dt[1][i][3], size_of(dt[1][i][3]));
    if (!m->n_delay) check_columns(m, shape, &at, J[0]);
    pt_jacobian_free(shape);
    pt_model_free(m);
}

static void test_memory(void)
{
    pt_model *m;
    pt_jacobian *shape;
    CHECK(pt_model_create("hamberg2010", &m) == PT_OK);
    const int64_t live = pt_alloc_live();
    for (int nth = 1; nth <= 2; nth++) {
        pt_alloc_fail_at(nth);
        CHECK(pt_jacobian_create(m, &shape) == PT_NO_MEMORY && !shape);
    }
    pt_alloc_fail_at(0);
    CHECK(pt_alloc_live() == live);
    pt_model_free(m);
}

int main(void)
{
    for (int i = 0; i < pt_model_count(); i++) check_model(pt_model_name_at(i));
    test_memory();
    return check_report();
}
