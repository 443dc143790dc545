/* Stochastic differential equations: Brownian paths that depend on nothing but their keys, moments, orders of
 * convergence against the exact path of geometric Brownian motion. */
#include "check.h"
#include "program.c"

enum { N = 4000 };

static double y[N * 16 * 2], other[N * 16 * 2], stop[N], params[N * 2];
static int32_t status[N];
static int64_t draws[N];
static const int32_t outputs[2] = {0, 1};

static const pt_field two[] = {{"a", "1", 1, -INFINITY, INFINITY, ""},
                               {"b", "1", 1, -INFINITY, INFINITY, ""}};
static const pt_field moves[] = {{"m", "1/h", 1, 0, INFINITY, ""}, {"s", "1", 1, 0, INFINITY, ""}};
/* a = 1 + W, b = 1 + int a dt */
static const program_text integral = {.name = "integral",
                                      .n_state = 2,
                                      .n_param = 2,
                                      .n_output = 2,
                                      .states = two,
                                      .params = moves,
                                      .outputs = two,
                                      .rate = "0 =da a =db",
                                      .noise = "1 =ga 0 =gb",
                                      .output = "a =a b =b"};
/* da = m a dt + s a dW */
static const program_text geometric = {.name = "geometric",
                                       .n_state = 1,
                                       .n_param = 2,
                                       .n_output = 1,
                                       .states = two,
                                       .params = moves,
                                       .outputs = two,
                                       .rate = "m a * =da",
                                       .noise = "s a * =ga",
                                       .output = "a =a"};
/* da = -m a dt + s dW */
static const program_text reverting = {.name = "reverting",
                                       .n_state = 1,
                                       .n_param = 2,
                                       .n_output = 1,
                                       .states = two,
                                       .params = moves,
                                       .outputs = two,
                                       .rate = "m a * neg =da",
                                       .noise = "s =ga",
                                       .output = "a =a"};

static pt_simulation call_of(const pt_model *m, int n_lane, const pt_schedule *plan, const double *times,
                             int n_time, int method, double step, int refine)
{
    return (pt_simulation){.n_lane = n_lane,
                           .n_subject = n_lane,
                           .n_plan = 1,
                           .n_time = n_time,
                           .n_out = m->n_output,
                           .params = params,
                           .plans = plan,
                           .times = times,
                           .outputs = outputs,
                           .y = y,
                           .status = status,
                           .stop = stop,
                           .seed = 20,
                           .options = {.rtol = 1e-6,
                                       .atol = 1e-9,
                                       .max_steps = 100000,
                                       .method = method,
                                       .step = step,
                                       .refine = refine}};
}

static void set_params(double m, double s)
{
    for (int l = 0; l < N; l++) params[2 * l] = m, params[2 * l + 1] = s;
}

static const pt_schedule none = {0};
static const pt_action actions[] = {{0.3, PT_ACTION_SCALE, 0, 1.0}, {1.7, PT_ACTION_SCALE, 0, 1.0}};
static const pt_schedule cut = {.actions = actions, .n = 2};

/* The path and its integral at grid times are the same whatever the steps: halved, or cut by events. */
static void test_one_path(void)
{
    pt_model *m = program_create(&integral);
    const double times[6] = {0, 0.5, 1, 1.25, 2, 4};
    set_params(1, 1);
    pt_simulation call = call_of(m, 37, &none, times, 6, PT_METHOD_SRK, 0.5, 0);
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    memcpy(other, y, sizeof other);
    for (int refine = 0; refine < 6; refine++) {
        call = call_of(m, 37, refine % 2 ? &cut : &none, times, 6, PT_METHOD_SRK, 0.5, refine);
        CHECK(pt_simulate(m, &call, NULL) == PT_OK);
        for (int i = 0; i < 37 * 12; i++) CHECK_NEAR(y[i], other[i], 1e-7);
    }
    call = call_of(m, 37, &cut, times, 6, PT_METHOD_EULER_MARUYAMA, 0.5, 2);
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    for (int i = 0; i < 37 * 6; i++) CHECK_NEAR(y[2 * i], other[2 * i], 1e-12); /* W has no error */
    pt_model_free(m);
}

/* Bits: alone or among others, whatever outputs are asked; another draw or patient is another path. */
static void test_bits(void)
{
    pt_model *m = program_create(&geometric);
    const double times[3] = {0.7, 1.3, 3}, last[1] = {3};
    set_params(0.3, 0.4);
    pt_simulation call = call_of(m, 37, &cut, times, 3, PT_METHOD_SRK, 0.25, 1);
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    memcpy(other, y, sizeof other);
    for (int64_t l = 0; l < 37; l += 7) {
        call = call_of(m, 1, &cut, last, 1, PT_METHOD_SRK, 0.25, 1);
        call.patient = &l;
        CHECK(pt_simulate(m, &call, NULL) == PT_OK);
        CHECK_BITS(y[0], other[l * 3 + 2]);
        draws[0] = 1;
        call.draw = draws;
        CHECK(pt_simulate(m, &call, NULL) == PT_OK);
        CHECK(y[0] != other[l * 3 + 2]);
        draws[0] = 0;
        call.seed = 21;
        CHECK(pt_simulate(m, &call, NULL) == PT_OK);
        CHECK(y[0] != other[l * 3 + 2]);
    }
    for (int l = 1; l < 37; l++) CHECK(other[3 * l] != other[3 * l - 3]);
    pt_model_free(m);
}

/* W(t) and int W have variance t and t^3/3, covariance t^2/2, at instants inside cells too. */
static void test_moments(void)
{
    pt_model *m = program_create(&integral);
    const double times[3] = {0.3, 1, 1.9};
    set_params(1, 1);
    pt_simulation call = call_of(m, N, &none, times, 3, PT_METHOD_SRK, 1, 0);
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    for (int k = 0; k < 3; k++) {
        const double t = times[k];
        double sum[5] = {0};
        for (int l = 0; l < N; l++) {
            const double w = y[(l * 3 + k) * 2] - 1, a = y[(l * 3 + k) * 2 + 1] - 1 - t;
            const double term[5] = {w, a, w * w, a * a, w * a};
            for (int i = 0; i < 5; i++) sum[i] += term[i] / N;
        }
        const double band = 4 / sqrt(N), va = t * t * t / 3;
        CHECK_NEAR(sum[0], 0, band * sqrt(t));
        CHECK_NEAR(sum[1], 0, band * sqrt(va));
        CHECK_NEAR(sum[2], t, band * sqrt(2) * t);
        CHECK_NEAR(sum[3], va, band * sqrt(2) * va);
        CHECK_NEAR(sum[4], t * t / 2, band * sqrt(t * va + t * t * t * t / 4));
    }
    pt_model_free(m);
}

/* Root mean square distance at t = 1 from exp((m - s^2/2) t + s W), W from the same path. */
static double strong_error(int method, int refine)
{
    const double times[1] = {1};
    pt_model *m = program_create(&integral);
    set_params(0.6, 0.8);
    pt_simulation call = call_of(m, N, &none, times, 1, PT_METHOD_EULER_MARUYAMA, 0.5, 0);
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    for (int l = 0; l < N; l++) other[l] = y[2 * l] - 1;
    pt_model_free(m);
    m = program_create(&geometric);
    call = call_of(m, N, &none, times, 1, method, 0.5, refine);
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    pt_model_free(m);
    double sum = 0;
    for (int l = 0; l < N; l++) {
        const double e = y[l] - exp((0.6 - 0.32) + 0.8 * other[l]);
        sum += e * e / N;
    }
    return sqrt(sum);
}

static double slope(int method, int from, int to)
{
    return log2(strong_error(method, from) / strong_error(method, to)) / (to - from);
}

static void test_orders(void)
{
    const double euler = slope(PT_METHOD_EULER_MARUYAMA, 3, 7), srk = slope(PT_METHOD_SRK, 3, 7);
    CHECK(euler > 0.4 && euler < 0.65);
    CHECK(srk > 1.35 && srk < 1.75);
}

/* Additive noise: Euler-Maruyama is of strong order 1, against a fine run on the same path. */
static void test_additive(void)
{
    pt_model *m = program_create(&reverting);
    const double times[1] = {1};
    double error[2] = {0, 0};
    set_params(1.5, 0.7);
    pt_simulation call = call_of(m, N, &none, times, 1, PT_METHOD_SRK, 0.5, 10);
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    memcpy(other, y, sizeof other);
    for (int i = 0; i < 2; i++) {
        call = call_of(m, N, &none, times, 1, PT_METHOD_EULER_MARUYAMA, 0.5, 3 + 3 * i);
        CHECK(pt_simulate(m, &call, NULL) == PT_OK);
        for (int l = 0; l < N; l++) error[i] += (y[l] - other[l]) * (y[l] - other[l]) / N;
    }
    const double order = log2(sqrt(error[0] / error[1])) / 3;
    CHECK(order > 0.9 && order < 1.15);
    pt_model_free(m);
}

static void test_refusals(void)
{
    pt_model *m = program_create(&geometric);
    const double times[1] = {1};
    const int32_t direction[1] = {0};
    pt_simulation call = call_of(m, 1, &none, times, 1, PT_METHOD_SRK, 0, 0);
    CHECK(pt_simulate(m, &call, NULL) == PT_BAD_ARGUMENT);
    call = call_of(m, 1, &none, times, 1, PT_METHOD_SRK, 0.1, 21);
    CHECK(pt_simulate(m, &call, NULL) == PT_BAD_ARGUMENT);
    call = call_of(m, 1, &none, times, 1, PT_METHOD_SRK, 0.1, 0);
    call.n_direction = 1;
    call.directions = direction;
    call.dy = other;
    CHECK(pt_simulate(m, &call, NULL) == PT_UNSUPPORTED);
    pt_model_free(m);
    CHECK(pt_model_create("hamberg2010", &m) == PT_OK);
    call = call_of(m, 1, &none, times, 1, PT_METHOD_SRK, 0.1, 0);
    CHECK(pt_simulate(m, &call, NULL) == PT_UNSUPPORTED);
    pt_model_free(m);
}

/* A lane that explodes fails alone; so does one that takes too many steps. */
static void test_failures(void)
{
    pt_model *m = program_create(&geometric);
    const double times[1] = {100};
    set_params(0.1, 0.2);
    params[2] = 1e6;
    pt_simulation call = call_of(m, 3, &none, times, 1, PT_METHOD_EULER_MARUYAMA, 1, 0);
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    CHECK(status[0] == PT_OK && status[1] == PT_NOT_FINITE && status[2] == PT_OK);
    CHECK(isnan(y[1]) && stop[1] > 10 && stop[1] < 100);
    call.options.max_steps = 50;
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    CHECK(status[0] == PT_STEP_LIMIT);
    pt_model_free(m);
}

int main(void)
{
    test_one_path();
    test_bits();
    test_moments();
    test_orders();
    test_additive();
    test_refusals();
    test_failures();
    return check_report();
}
