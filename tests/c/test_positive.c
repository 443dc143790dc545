/* States that must not be negative: what the sheet's `positive` asks of the steps. Closed form: a' = -p
 * sqrt(a) reaches 0 at t = 2 sqrt(a0)/p and stays there. */
#include "check.h"
#include "model/model_internal.h"
#include "pytwin.h"

enum { N = 37, N_TIME = 41 };

static const pt_field fields[2] = {
    {"a", "1", 1, -INFINITY, INFINITY, ""},
    {"b", "1", 1, -INFINITY, INFINITY, ""},
};

static void no_constants(const void *self, const wide *p, wide *c) { (void)self, (void)p, (void)c; }

static void initial(const void *self, const wide *p, wide *x)
{
    (void)self, (void)p;
    x[0] = x[1] = w_set(1);
}

/* a' = -p sqrt(|a|) with the sign of a, b' = -p b */
static void drain(const void *self, const wide *t, const wide *x, const wide *p, const wide *c, const wide *d,
                  wide *dx)
{
    (void)self, (void)t, (void)c, (void)d;
    dx[0] = -p[0] * w_sqrt(w_max(x[0], w_set(0))) + p[0] * w_sqrt(w_max(-x[0], w_set(0)));
    dx[1] = -p[0] * x[1];
}

/* a' = -p: once it is 0, no step is short enough but those of atol */
static void leak(const void *self, const wide *t, const wide *x, const wide *p, const wide *c, const wide *d,
                 wide *dx)
{
    (void)self, (void)t, (void)x, (void)c, (void)d;
    dx[0] = -p[0];
    dx[1] = w_set(0);
}

static void outputs(const void *self, const wide *t, const wide *x, const wide *p, const wide *c,
                    const wide *d, wide *y)
{
    (void)self, (void)t, (void)p, (void)c, (void)d;
    y[0] = x[0];
    y[1] = x[1];
}

static void everything(const void *self, int8_t *f, int8_t *h)
{
    (void)self;
    memset(f, 1, 2 * 3);
    memset(h, 1, 2 * 3);
}

static double y[N * N_TIME * 2], x_end[N * 2], stop[N];
static int32_t status[N];

static void simulate(const pt_model_functions *functions, const int8_t *positive, int method)
{
    static const int32_t wanted[2] = {0, 1};
    const pt_model model = {.name = "test",
                            .n_state = 2,
                            .n_param = 1,
                            .n_output = 2,
                            .states = fields,
                            .params = fields,
                            .outputs = fields,
                            .functions = functions,
                            .positive = positive};
    double times[N_TIME], params[N];
    const pt_schedule none = {.n = 0};
    for (int k = 0; k < N_TIME; k++) times[k] = 0.1 * k;
    for (int l = 0; l < N; l++) params[l] = 1 + 0.1 * l;
    const pt_simulation call = {.n_lane = N,
                                .n_subject = N,
                                .n_plan = 1,
                                .n_time = N_TIME,
                                .n_out = 2,
                                .params = params,
                                .plans = &none,
                                .times = times,
                                .outputs = wanted,
                                .y = y,
                                .x_end = x_end,
                                .status = status,
                                .stop = stop,
                                .options = {.rtol = 1e-3,
                                            .atol = 1e-6,
                                            .max_steps = 10000,
                                            .method = method,
                                            .step = method == PT_METHOD_RK4 ? 0.03 : 0}};
    CHECK(pt_simulate(&model, &call, NULL) == PT_OK);
}

static double smallest(void)
{
    double least = 1;
    for (int i = 0; i < N * N_TIME * 2; i++)
        if (y[i] < least) least = y[i];
    return least;
}

static double worst_error(void)
{
    double worst = 0;
    for (int l = 0; l < N; l++)
        for (int k = 0; k < N_TIME; k++) {
            const double root = fmax(0, 1 - 0.5 * (1 + 0.1 * l) * 0.1 * k);
            worst = fmax(worst, fabs(y[(l * N_TIME + k) * 2] - root * root));
        }
    return worst;
}

static const pt_model_functions drained = {
    .constants = no_constants, .initial = initial, .rate = drain, .output = outputs, .pattern = everything};
static const pt_model_functions leaking = {
    .constants = no_constants, .initial = initial, .rate = leak, .output = outputs, .pattern = everything};

int main(void)
{
    static const int8_t both[2] = {1, 1}, first[2] = {1, 0};
    simulate(&drained, NULL, PT_METHOD_DOPRI5);
    CHECK(smallest() < 0); /* what is not asked for is not held */
    simulate(&drained, both, PT_METHOD_DOPRI5);
    CHECK(smallest() == 0 && worst_error() < 1e-2);
    for (int l = 0; l < N; l++) CHECK(status[l] == PT_OK);
    simulate(&drained, both, PT_METHOD_RK4);
    CHECK(smallest() >= 0 && worst_error() < 1e-2);
    simulate(&leaking, first, PT_METHOD_DOPRI5);
    for (int l = 0; l < N; l++) {
        CHECK(status[l] == PT_STEP_LIMIT);
        CHECK(fabs(stop[l] - 1 / (1 + 0.1 * l)) < 0.02);
    }
    return check_report();
}
