/* The integrator through its seam: models that are not wired from organs but fill the table of functions
 * themselves. Closed forms: exponential growth, a circle, blow-up of dx/dt = x^2 at t = 1/x(0), a linear
 * chain with a constant inflow. */
#include <stdlib.h>

#include "check.h"
#include "model/model_internal.h"
#include "pytwin.h"

enum { N = 37 }; /* lanes: more than a block, not a multiple of it */

static const pt_field fields[4] = {
    {"a", "1", 1, -INFINITY, INFINITY, ""},
    {"b", "1", 0, -INFINITY, INFINITY, ""},
    {"c", "1", 0, -INFINITY, INFINITY, ""},
    {"d", "1", 0, -INFINITY, INFINITY, ""},
};
static const pt_dose_port ports[2] = {{"x", "iv", "mg", 0, -1, 1.0, -1, -1, -1},
                                      {"x", "oral", "mg", 3, 1, 2.0, -1, -1, -1}};

static void no_constants(const void *self, const wide *p, wide *c) { (void)self, (void)p, (void)c; }

static void initial(const void *self, const wide *p, wide *x)
{
    const pt_model *model = self;
    (void)p;
    for (int i = 0; i < model->n_state; i++) x[i] = w_set(fields[i].value);
}

static void all_outputs(const void *self, const wide *t, const wide *x, const wide *p, const wide *c,
                        const wide *d, wide *y)
{
    const pt_model *model = self;
    (void)t, (void)p, (void)c, (void)d;
    for (int i = 0; i < model->n_output; i++) y[i] = x[i];
}

static void everything(const void *self, int8_t *f, int8_t *h)
{
    const pt_model *model = self;
    const int width = model->n_state + model->n_param;
    memset(f, 1, (size_t)(model->n_state * width));
    memset(h, 1, (size_t)(model->n_output * width));
}

/* da/dt = -p0 b, db/dt = p0 a: a circle */
static void circle(const void *self, const wide *t, const wide *x, const wide *p, const wide *c,
                   const wide *d, wide *dx)
{
    (void)self, (void)t, (void)c, (void)d;
    dx[0] = -p[0] * x[1];
    dx[1] = p[0] * x[0];
}

/* da/dt = p0 a^2 */
static void blow_up(const void *self, const wide *t, const wide *x, const wide *p, const wide *c,
                    const wide *d, wide *dx)
{
    (void)self, (void)t, (void)c, (void)d;
    dx[0] = p[0] * x[0] * x[0];
}

/* a chain of four, each emptied at rate p0 into the next */
static void chain(const void *self, const wide *p, wide *K)
{
    (void)self;
    for (int i = 0; i < 16; i++) K[i] = w_set(0);
    for (int i = 0; i < 4; i++) {
        K[i * 4 + i] = -p[0];
        if (i) K[i * 4 + i - 1] = p[0];
    }
}

static const pt_model_functions circle_functions = {.constants = no_constants,
                                                    .initial = initial,
                                                    .rate = circle,
                                                    .output = all_outputs,
                                                    .pattern = everything};
static const pt_model_functions blow_up_functions = {.constants = no_constants,
                                                     .initial = initial,
                                                     .rate = blow_up,
                                                     .output = all_outputs,
                                                     .pattern = everything};
static const pt_model_functions chain_functions = {.constants = no_constants,
                                                   .initial = initial,
                                                   .linear = chain,
                                                   .output = all_outputs,
                                                   .pattern = everything};

static pt_model make(const pt_model_functions *functions, int n_state, int n_linear)
{
    return (pt_model){.name = "test",
                      .n_state = n_state,
                      .n_linear = n_linear,
                      .n_param = 2,
                      .n_output = n_state,
                      .n_dose = n_state == 4 ? 2 : 1,
                      .states = fields,
                      .params = fields,
                      .outputs = fields,
                      .doses = ports,
                      .functions = functions};
}

static double y[N * 8 * 4], x_end[N * 4], stop[N];
static int32_t status[N];
static double given = -1; /* no dose waits in these tests */

/* N lanes whose first parameter is p[lane], without events */
static void simulate(pt_model *model, const double *p, const double *times, int n_time, double tolerance)
{
    static const int32_t outputs[4] = {0, 1, 2, 3};
    double params[N][2];
    const pt_schedule none = {.n = 0};
    const pt_ode_options options = {.rtol = tolerance, .atol = tolerance, .max_steps = 100000};
    model->self = model;
    for (int l = 0; l < N; l++) params[l][0] = p[l], params[l][1] = 1;
    const pt_simulation call = {.n_lane = N,
                                .n_subject = N,
                                .n_plan = 1,
                                .n_time = n_time,
                                .n_out = model->n_output,
                                .params = params[0],
                                .plans = &none,
                                .times = times,
                                .outputs = outputs,
                                .y = y,
                                .x_end = x_end,
                                .status = status,
                                .stop = stop,
                                .options = options};
    CHECK(pt_simulate(model, &call, NULL) == PT_OK);
}

static double circle_error(double tolerance)
{
    pt_model model = make(&circle_functions, 2, 0);
    const double times[8] = {0, 0.3, 1, 1.7, 3, 4.4, 5, 6.25};
    double p[N], worst = 0;
    for (int l = 0; l < N; l++) p[l] = 0.1 * (l + 1);
    simulate(&model, p, times, 8, tolerance);
    for (int l = 0; l < N; l++)
        for (int k = 0; k < 8; k++) {
            const double *row = y + (l * 8 + k) * 2;
            worst =
                fmax(worst, fmax(fabs(row[0] - cos(p[l] * times[k])), fabs(row[1] - sin(p[l] * times[k]))));
        }
    return worst;
}

/* Error falls by the tolerance, dense output included. */
static void test_circle(void)
{
    CHECK(circle_error(1e-4) < 1e-2);
    CHECK(circle_error(1e-7) < 1e-5);
    CHECK(circle_error(1e-11) < 1e-9);
}

/* A lane that explodes before the end has a status and its time; the others are right. */
static void test_blow_up(void)
{
    pt_model model = make(&blow_up_functions, 1, 0);
    const double times[2] = {0.5, 1.0};
    double p[N];
    for (int l = 0; l < N; l++) p[l] = 0.1 * l; /* blows up at 1 / p */
    simulate(&model, p, times, 2, 1e-9);
    for (int l = 0; l < N; l++) {
        const int alive = 0.1 * l < 0.999;
        CHECK(alive ? status[l] == PT_OK
                    : l < 10 || status[l] == PT_STEP_TOO_SMALL || status[l] == PT_NOT_FINITE);
        if (alive) CHECK_NEAR(y[l * 2 + 1], 1 / (1 - p[l]), 1e-5 / (1 - p[l]));
        if (l > 10) CHECK(isnan(y[l * 2 + 1]) && fabs(stop[l] - 1 / p[l]) < 1e-3);
    }
}

/* Poisson terms: state i of the chain at t after a unit in the first is e^-z z^i / i!. */
/* a itself, and sqrt(p0 - t), which there is no more of behind p0 */
static void fading(const void *self, const wide *t, const wide *x, const wide *p, const wide *c,
                   const wide *d, wide *y)
{
    (void)self, (void)c, (void)d;
    y[0] = x[0];
    y[1] = w_sqrt(p[0] - *t);
}

static const pt_model_functions fading_functions = {
    .constants = no_constants, .initial = initial, .rate = circle, .output = fading, .pattern = everything};

/* An output inside a step that is no number ends its lane at its time, with all before it in place, however
 * far the states have gone. */
static void test_output_fails(void)
{
    pt_model model = make(&fading_functions, 2, 0);
    const double times[8] = {0, 0.3, 1, 1.7, 3, 4.4, 5, 6.25};
    double p[N];
    for (int l = 0; l < N; l++) p[l] = 0.1 + 0.2 * l;
    simulate(&model, p, times, 8, 1e-6);
    for (int l = 0; l < N; l++) {
        int k = 0;
        while (k < 8 && times[k] <= p[l]) k++;
        CHECK(status[l] == (k < 8 ? PT_NOT_FINITE : PT_OK));
        CHECK(stop[l] == (k < 8 ? times[k] : times[7]));
        for (int i = 0; i < 8; i++) {
            CHECK(isnan(y[(l * 8 + i) * 2]) == (i >= k));
            CHECK(i >= k || fabs(y[(l * 8 + i) * 2 + 1] - sqrt(p[l] - times[i])) < 1e-15 * 4);
        }
    }
}

static void test_linear_chain(void)
{
    pt_model model = make(&chain_functions, 4, 4);
    const double times[3] = {0.5, 10, 40};
    double p[N];
    for (int l = 0; l < N; l++) p[l] = 0.02 * (l + 1);
    simulate(&model, p, times, 3, 1e-3);
    for (int l = 0; l < N; l++)
        for (int k = 0; k < 3; k++) {
            double z = p[l] * times[k], term = exp(-z);
            for (int i = 0; i < 4; term *= z / (i + 1), i++) CHECK_NEAR(y[(l * 3 + k) * 4 + i], term, 1e-14);
        }
}

/* Constant inflow r into the first of the chain: its steady state is r / p0 everywhere. */
static void test_propagate(void)
{
    pt_model model = make(&chain_functions, 4, 4);
    const pt_ode_options options = {.rtol = 1e-6, .atol = 1e-9, .max_steps = 100000};
    const pt_action actions[] = {{0, PT_ACTION_INFUSION_ON, 0, 3.0},
                                 {5, PT_ACTION_SCALE, 1, 2.0},
                                 {5, PT_ACTION_BOLUS, 1, 1.5},
                                 {400, PT_ACTION_RESET, 0, 0}};
    const pt_schedule schedule = {.actions = actions, .n = 4};
    double x[3][4] = {{0}}, p[3][2] = {{0.5, 1}, {1, 0.5}, {2, 1}}, factor[2] = {1, 1}, rate[2] = {0, 0};
    int64_t next = 0;
    pt_propagator *work;
    model.self = &model;
    CHECK(pt_propagator_create(&model, 3, NULL, &work) == PT_OK);
#define GO(t0, t1)                                                                                           \
    CHECK(pt_propagate(&model, work, 3, t0, t1, x[0], p[0], factor, rate, &given, &schedule, &next, status,  \
                       &options) == PT_OK)
    GO(0, 5); /* the covariate of the end acts, its dose does not */
    CHECK(next == 2 && rate[0] == 3 && factor[1] == 2);
    const double before = x[1][3];
    GO(5, 5);
    CHECK(next == 2 && x[1][3] == before);
    GO(5, 5 + 1e-9);
    CHECK(next == 3);
    CHECK_NEAR(x[1][3], before + 1.5 * 2 * 0.5 * 2, 1e-8); /* amount, factor of the port, F, scale */
    GO(5 + 1e-9, 400);
    for (int l = 0; l < 3; l++)
        for (int i = 0; i < 4; i++) CHECK_NEAR(x[l][i], 3 / p[l][0], 1e-11);
    GO(400, 401);
    CHECK(next == 4 && rate[0] == 0);
    for (int l = 0; l < 3; l++) CHECK_NEAR(x[l][0], exp(-p[l][0]), 1e-14);
    CHECK(pt_propagate(&model, work, 4, 0, 1, x[0], p[0], factor, rate, &given, &schedule, &next, status,
                       &options) == PT_BAD_ARGUMENT);
    pt_propagator_free(work);
}

/* Lanes, in any number, give the same bits as alone. */
static void test_propagate_alone(void)
{
    pt_model *model;
    CHECK(pt_model_create("hamberg2010", &model) == PT_OK);
    enum { NX = 8, NP = 11 };
    double p[N][NP], x[N][NX], one[NX], rate[1] = {0}, factor[NP];
    const pt_ode_options options = {.rtol = 1e-6, .atol = 1e-9, .max_steps = 100000};
    const pt_action actions[] = {{0, PT_ACTION_BOLUS, 0, 5.0}, {24, PT_ACTION_BOLUS, 0, 5.0}};
    const pt_schedule schedule = {.actions = actions, .n = 2};
    pt_propagator *work;
    CHECK(pt_propagator_create(model, N, NULL, &work) == PT_OK);
    for (int l = 0; l < N; l++)
        for (int i = 0; i < NP; i++) p[l][i] = pt_model_params(model)[i].value * (1 + 0.01 * l);
    for (int i = 0; i < NP; i++) factor[i] = 1;
    pt_model_initial(model, N, p[0], x[0]);
    int64_t next = 0;
    CHECK(pt_propagate(model, work, N, 0, 60, x[0], p[0], factor, rate, &given, &schedule, &next, status,
                       &options) == PT_OK);
    for (int l = 0; l < N; l++) {
        next = 0;
        pt_model_initial(model, 1, p[l], one);
        CHECK(pt_propagate(model, work, 1, 0, 60, one, p[l], factor, rate, &given, &schedule, &next, status,
                           &options) == PT_OK);
        for (int i = 0; i < NX; i++) CHECK_BITS(one[i], x[l][i]);
    }
    pt_propagator_free(work);
    pt_model_free(model);
}

/* A method of the call's own, with the model's linear part; then another: each as pt_simulate has it. Lanes
 * along directions of their own, from a time at which a dose is given. */
static void test_propagate_tangents(void)
{
    pt_model *model;
    CHECK(pt_model_create("hamberg2010", &model) == PT_OK);
    enum { NX = 8, NP = 11, ND = NX + NP };
    double p[ND][NP], x[ND][NX], dx[ND][NX], x0[NX], rate[1], factor[NP], y[1], dy[ND], end[NX], all[NX][ND];
    int32_t direction[ND], state;
    const pt_action actions[] = {{2, PT_ACTION_BOLUS, 0, 5.0}, {5, PT_ACTION_SCALE, 1, 1.5}};
    const pt_schedule schedule = {.actions = actions, .n = 2};
    const double time = 30;
    const int32_t output = 0;
    pt_propagator *work;
    for (int i = 0; i < NP; i++) p[0][i] = pt_model_params(model)[i].value;
    pt_model_initial(model, 1, p[0], x0);
    for (int i = 0; i < NX; i++) x0[i] += 0.5;
    for (int q = 0; q < ND; q++) direction[q] = q;
    CHECK(pt_propagator_create(model, ND, NULL, &work) == PT_OK);
    const int methods[4] = {PT_METHOD_AUTO, PT_METHOD_RK4, PT_METHOD_EULER, PT_METHOD_RODAS};
    for (int m = 0; m < 4; m++) {
        const int fixed = m == 1 || m == 2;
        const pt_ode_options options = {
            .rtol = 1e-8, .atol = 1e-10, .max_steps = 100000, .method = methods[m], .step = fixed ? 0.5 : 0};
        double since = nextafter(2, 0), stop;
        int64_t next = 0;
        rate[0] = 0;
        for (int i = 0; i < NP; i++) factor[i] = 1;
        for (int q = 0; q < ND; q++)
            for (int i = 0; i < NP; i++) p[q][i] = p[0][i];
        for (int q = 0; q < ND; q++)
            for (int i = 0; i < NX; i++) x[q][i] = x0[i];
        CHECK(pt_propagate_tangents(model, work, ND, 2, time, x[0], p[0], factor, rate, &since, &schedule,
                                    &next, status, &options, direction, dx[0]) == PT_OK);
        const pt_simulation call = {.n_lane = 1,
                                    .n_subject = 1,
                                    .n_plan = 1,
                                    .n_time = 1,
                                    .n_out = 1,
                                    .params = p[0],
                                    .x0 = x0,
                                    .start = 2,
                                    .plans = &schedule,
                                    .times = &time,
                                    .outputs = &output,
                                    .y = y,
                                    .x_end = end,
                                    .status = &state,
                                    .stop = &stop,
                                    .n_direction = ND,
                                    .directions = direction,
                                    .dy = dy,
                                    .dx_end = all[0],
                                    .options = options};
        CHECK(pt_simulate(model, &call, NULL) == PT_OK && state == PT_OK);
        for (int q = 0; q < ND; q++)
            for (int i = 0; i < NX; i++) {
                CHECK(status[q] == PT_OK);
                CHECK_BITS(x[q][i], end[i]);
                CHECK_BITS(dx[q][i], all[i][q]);
            }
    }
    pt_propagator_free(work);
    pt_model_free(model);
}

/* Every allocation failing in turn: an error, nothing left behind. */
static void test_no_memory(void)
{
    const int64_t live = pt_alloc_live();
    for (int nth = 1; nth < 20; nth++) {
        pt_model *model = NULL;
        pt_propagator *work = NULL;
        pt_alloc_fail_at(nth);
        pt_status done = pt_model_create("hamberg2007", &model);
        if (done == PT_OK) done = pt_propagator_create(model, 5, NULL, &work);
        pt_alloc_fail_at(0);
        CHECK(done == PT_OK || (done == PT_NO_MEMORY && !work));
        pt_propagator_free(work);
        pt_model_free(model);
        CHECK(pt_alloc_live() == live);
        if (done == PT_OK) return;
    }
    CHECK(!"never succeeds");
}

int main(void)
{
    test_circle();
    test_blow_up();
    test_output_fails();
    test_linear_chain();
    test_propagate();
    test_propagate_alone();
    test_propagate_tangents();
    test_no_memory();
    return check_report();
}
