/* The Rosenbrock method on a model of its own: algebraic states that cannot be had in one lane, tangents
 * instead of a Jacobian, a right-hand side that depends on the time. */
#include "check.h"
#include "model/model_internal.h"
#include "pytwin.h"

enum { N = PT_WIDE_LANES + 3 };

static const pt_field fields[2] = {
    {"a", "1", 1, -INFINITY, INFINITY, ""},
    {"z", "1", 0.3, -INFINITY, INFINITY, ""},
};
static const double mass[2] = {1, 0};

static void no_constants(const void *self, const wide *p, wide *c) { (void)self, (void)p, (void)c; }

static void initial(const void *self, const wide *p, wide *x)
{
    (void)self, (void)p;
    for (int i = 0; i < 2; i++) x[i] = w_set(fields[i].value);
}

/* da/dt = cos t + sin t - z, 0 = p z - a */
static void rate(const void *self, const wide *t, const wide *x, const wide *p, const wide *c, const wide *d,
                 wide *dx)
{
    (void)self, (void)c, (void)d;
    dx[0] = w_cos(*t) + w_sin(*t) - x[1];
    dx[1] = p[0] * x[1] - x[0];
}

static void output(const void *self, const wide *t, const wide *x, const wide *p, const wide *c,
                   const wide *d, wide *y)
{
    (void)self, (void)t, (void)p, (void)c, (void)d;
    for (int i = 0; i < 2; i++) y[i] = x[i];
}

static void jacobian(const void *self, const pt_jacobian *shape, const wide *t, const wide *x, const wide *p,
                     const wide *c, const wide *d, wide *J, wide *dt)
{
    (void)self, (void)x, (void)c, (void)d;
    const wide value[2][2] = {{w_set(0), w_set(-1)}, {w_set(-1), p[0]}};
    for (int i = 0; i < 2; i++)
        for (int k = shape->begin[i]; k < shape->begin[i + 1]; k++) J[k] = value[i][shape->column[k]];
    if (!dt) return;
    dt[0] = w_cos(*t) - w_sin(*t);
    dt[1] = w_set(0);
}

static wide along(const wide *direction, int i) { return direction ? direction[i] : w_set(0); }

static void tangent(const void *self, const wide *t, const wide *x, const wide *p, const wide *d,
                    const wide *td, const wide *xd, const wide *pd, const wide *dd, wide *dx, wide *ddx,
                    wide *y, wide *yd)
{
    (void)d, (void)dd, (void)y, (void)yd;
    rate(self, t, x, p, NULL, NULL, dx);
    ddx[0] = (w_cos(*t) - w_sin(*t)) * along(td, 0) - along(xd, 1);
    ddx[1] = p[0] * along(xd, 1) + along(pd, 0) * x[1] - along(xd, 0);
}

static void everything(const void *self, int8_t *f, int8_t *h)
{
    (void)self;
    memset(f, 1, 2 * 3);
    memset(h, 1, 2 * 3);
}

static const pt_model_functions with_jacobian = {.constants = no_constants,
                                                 .initial = initial,
                                                 .rate = rate,
                                                 .output = output,
                                                 .jacobian = jacobian,
                                                 .pattern = everything};
static const pt_model_functions with_tangent = {.constants = no_constants,
                                                .initial = initial,
                                                .rate = rate,
                                                .output = output,
                                                .tangent = tangent,
                                                .pattern = everything};
static const pt_model_functions with_nothing = {
    .constants = no_constants, .initial = initial, .rate = rate, .output = output, .pattern = everything};

static pt_status simulate(const pt_model_functions *functions, int method, const double *p, double *y,
                          int32_t *status)
{
    static const int32_t outputs[2] = {0, 1};
    const pt_model model = {.name = "test",
                            .n_state = 2,
                            .n_param = 1,
                            .n_output = 2,
                            .states = fields,
                            .params = fields,
                            .outputs = fields,
                            .mass = mass,
                            .functions = functions};
    const pt_schedule none = {.n = 0};
    const double times[3] = {0, 1, 3};
    double stop[N];
    const pt_simulation call = {
        .n_lane = N,
        .n_subject = N,
        .n_plan = 1,
        .n_time = 3,
        .n_out = 2,
        .params = p,
        .plans = &none,
        .times = times,
        .outputs = outputs,
        .y = y,
        .status = status,
        .stop = stop,
        .options = {.rtol = 1e-10, .atol = 1e-12, .max_steps = 100000, .method = method}};
    return pt_simulate(&model, &call, NULL);
}

/* a(t) for p = 1: da/dt = -a + cos t + sin t, a(0) = 1 -> a = sin t + e^-t */
static double exact(double t) { return sin(t) + exp(-t); }

static void check_lanes(const pt_model_functions *functions, double *y)
{
    double p[N];
    int32_t status[N];
    for (int l = 0; l < N; l++) p[l] = 1 + 0.1 * l;
    p[4] = 0;
    CHECK(simulate(functions, PT_METHOD_RODAS, p, y, status) == PT_OK);
    for (int l = 0; l < N; l++) {
        CHECK(status[l] == (l == 4 ? PT_SINGULAR : PT_OK));
        for (int k = 0; k < 3 && l != 4; k++)
            CHECK_NEAR(p[l] * y[(l * 3 + k) * 2 + 1], y[(l * 3 + k) * 2], 1e-9);
        for (int k = 0; k < 3 && l == 4; k++) CHECK(isnan(y[(l * 3 + k) * 2]));
    }
    CHECK_NEAR(y[2], exact(1), 1e-8);
    CHECK_NEAR(y[4], exact(3), 1e-8);
}

int main(void)
{
    static double y[2][N * 3 * 2];
    double p[N];
    int32_t status[N];
    check_lanes(&with_jacobian, y[0]);
    check_lanes(&with_tangent, y[1]);
    for (int i = 0; i < N * 6; i++) CHECK_BITS(y[0][i], y[1][i]);
    for (int l = 0; l < N; l++) p[l] = 1;
    CHECK(simulate(&with_nothing, PT_METHOD_RODAS, p, y[0], status) == PT_UNSUPPORTED);
    CHECK(simulate(&with_jacobian, PT_METHOD_DOPRI5, p, y[0], status) == PT_UNSUPPORTED);
    CHECK(simulate(&with_jacobian, PT_METHOD_AUTO, p, y[0], status) == PT_OK);
    CHECK_NEAR(y[0][4], exact(3), 1e-8);
    return check_report();
}
