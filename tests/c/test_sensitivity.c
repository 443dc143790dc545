/* Sensitivities against closed forms: logistic growth, a circle, a chain with doses and infusions; in passes,
 * alone and among other lanes to the bit. */
#include "check.h"
#include "program.c"

enum { N = 37, MANY = 40 }; /* lanes: more than a block; directions: more than a pass */

static double y[N * 8 * 4], x_end[N * 4], stop[N], dy[N * 8 * 4 * MANY], dx_end[N * 4 * MANY];
static int32_t status[N];
static const int32_t outputs[4] = {0, 1, 2, 3};

static pt_simulation call_of(const pt_model *m, int n_lane, const double *params, const pt_schedule *plan,
                             const double *times, int n_time, const int32_t *directions, int n_direction)
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
                           .x_end = x_end,
                           .status = status,
                           .stop = stop,
                           .n_direction = n_direction,
                           .directions = directions,
                           .dy = dy,
                           .dx_end = dx_end,
                           .options = {.rtol = 1e-12, .atol = 1e-14, .max_steps = 100000}};
}

static const pt_field two[] = {{"a", "1", 1, -INFINITY, INFINITY, ""},
                               {"b", "1", 0, -INFINITY, INFINITY, ""}};
static const pt_field rates[] = {{"r", "1/h", 1, 0, INFINITY, ""}, {"K", "1", 1, 0, INFINITY, ""}};
static const program_text circle = {.name = "circle",
                                    .n_state = 2,
                                    .n_param = 2,
                                    .n_output = 2,
                                    .states = two,
                                    .params = rates,
                                    .outputs = two,
                                    .rate = "r b * neg =da r a * =db",
                                    .output = "a =a b =b"};
static const program_text logistic = {.name = "logistic",
                                      .n_state = 1,
                                      .n_param = 2,
                                      .n_output = 1,
                                      .states = two,
                                      .params = rates,
                                      .outputs = two,
                                      .rate = "r a * 1 a K / - * =da",
                                      .output = "a =a"};

/* a = cos(r t), b = sin(r t) from (1, 0): dense output times, derivatives to r, a(0), b(0) */
static void test_circle(void)
{
    pt_model *m = program_create(&circle);
    const double times[8] = {0, 0.3, 1, 1.7, 3, 4.4, 5, 6.25};
    const int32_t directions[3] = {0, 2, 3};
    const pt_schedule none = {0};
    double p[N][2];
    for (int l = 0; l < N; l++) p[l][0] = 0.05 * (l + 1), p[l][1] = 1;
    const pt_simulation call = call_of(m, N, p[0], &none, times, 8, directions, 3);
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    for (int l = 0; l < N; l++)
        for (int k = 0; k < 8; k++) {
            const double t = times[k], c = cos(p[l][0] * t), s = sin(p[l][0] * t);
            const double expected[2][3] = {{-t * s, c, -s}, {t * c, s, c}};
            for (int i = 0; i < 2; i++)
                for (int q = 0; q < 3; q++)
                    CHECK_NEAR(dy[((l * 8 + k) * 2 + i) * 3 + q], expected[i][q], 2e-9);
        }
    for (int l = 0; l < N; l++)
        for (int i = 0; i < 6; i++) CHECK_BITS(dx_end[l * 6 + i], dy[(l * 8 + 7) * 6 + i]);
    pt_model_free(m);
}

/* a(t) = K a0 / (a0 + (K - a0) e^(-r t)) */
static double logistic_at(double r, double K, double a0, double t)
{
    return K * a0 / (a0 + (K - a0) * exp(-r * t));
}

static void test_logistic(void)
{
    pt_model *m = program_create(&logistic);
    const double times[4] = {0.5, 2, 3, 8}, x0[1] = {0.1};
    const int32_t directions[3] = {0, 1, 2};
    const pt_schedule none = {0};
    const double p[2] = {0.9, 1.7}, r = p[0], K = p[1], a0 = x0[0];
    pt_simulation call = call_of(m, 1, p, &none, times, 4, directions, 3);
    call.x0 = x0;
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    for (int k = 0; k < 4; k++) {
        const double t = times[k], e = exp(-r * t), below = a0 + (K - a0) * e;
        CHECK_NEAR(y[k], logistic_at(r, K, a0, t), 1e-10);
        CHECK_NEAR(dy[k * 3], K * a0 * (K - a0) * t * e / (below * below), 1e-10);
        CHECK_NEAR(dy[k * 3 + 1], a0 * (below - K * e) / (below * below), 1e-10);
        CHECK_NEAR(dy[k * 3 + 2], K * (below - a0 * (1 - e)) / (below * below), 1e-10);
    }
    pt_model_free(m);
}

static const pt_field depot[] = {{"A", "mg", 0, 0, INFINITY, ""}, {"B", "mg", 0, 0, INFINITY, ""}};
static const pt_field drug[] = {
    {"k", "1/h", 1, 0, INFINITY, ""}, {"F", "1", 1, 0, 1, ""}, {"V", "L", 1, 0, INFINITY, ""}};
static const pt_field level[] = {{"C", "mg/L", 0, 0, INFINITY, ""}};
static const pt_dose_port ports[] = {{"x", "iv", "mg", 1, 1, 2.0, -1, -1, -1}};
static const program_text kinetics = {.name = "kinetics",
                                      .n_state = 2,
                                      .n_linear = 2,
                                      .n_param = 3,
                                      .n_output = 1,
                                      .n_dose = 1,
                                      .states = depot,
                                      .params = drug,
                                      .outputs = level,
                                      .doses = ports,
                                      .linear = "k neg =K00 0 =K01 k =K10 k neg =K11",
                                      .output = "B V / =C"};

/* One compartment: doses D1 at 0 and 12, an infusion of rate R from 2 to 6, k doubled at 4, a reset at 20.
 * The amount B, and its derivatives to k (of the lane's row) and F, by superposition. */
typedef struct {
    double value, by_k, by_F;
} amount;

static double clock_of(double t) { return t < 4 ? t : t + (t - 4); } /* integral of the factor on k */

static void add_bolus(amount *a, double k, double F, double dose, double from, double t)
{
    if (t <= from) return;
    const double s = clock_of(t) - clock_of(from), e = dose * exp(-k * s);
    a->value += 2 * F * e;
    a->by_k += -2 * F * s * e;
    a->by_F += 2 * e;
}

/* the infusion as a sum over pieces of constant k: int exp(-k (S - s(u))) du */
static void add_infusion(amount *a, double k, double F, double rate, double from, double to, double factor,
                         double t)
{
    if (t <= from) return;
    const double end = t < to ? t : to, kf = k * factor, length = end - from;
    const double rest = clock_of(t) - clock_of(end), e = exp(-k * rest), u = exp(-kf * length);
    const double part = (1 - u) / kf, by_k = (length * u * factor * kf - (1 - u) * factor) / (kf * kf);
    a->value += 2 * F * rate * part * e;
    a->by_F += 2 * rate * part * e;
    a->by_k += 2 * F * rate * (by_k * e - rest * part * e);
}

static amount expected_amount(double k, double F, double t)
{
    amount a = {0, 0, 0};
    if (t > 20) return a;
    add_bolus(&a, k, F, 5, 0, t);
    add_bolus(&a, k, F, 3, 12, t);
    add_infusion(&a, k, F, 1.5, 2, 4, 1, t);
    add_infusion(&a, k, F, 1.5, 4, 6, 2, t);
    return a;
}

static const pt_action doses[] = {
    {0, PT_ACTION_BOLUS, 0, 5},          {2, PT_ACTION_INFUSION_ON, 0, 1.5}, {4, PT_ACTION_SCALE, 0, 2},
    {6, PT_ACTION_INFUSION_OFF, 0, 1.5}, {12, PT_ACTION_BOLUS, 0, 3},        {20, PT_ACTION_RESET, 0, 0},
};

static void test_doses(void)
{
    pt_model *m = program_create(&kinetics);
    const double times[8] = {0, 1, 3, 5, 6, 11, 19, 22};
    const int32_t directions[3] = {0, 1, 2};
    const pt_schedule plan = {.actions = doses, .n = 6};
    double p[N][3];
    for (int l = 0; l < N; l++) p[l][0] = 0.03 * (l + 1), p[l][1] = 0.3 + 0.01 * l, p[l][2] = 4;
    const pt_simulation call = call_of(m, N, p[0], &plan, times, 8, directions, 3);
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    for (int l = 0; l < N; l++)
        for (int k = 0; k < 8; k++) {
            const amount a = expected_amount(p[l][0], p[l][1], times[k]);
            const double *row = dy + (l * 8 + k) * 3;
            CHECK_NEAR(y[l * 8 + k], a.value / 4, 1e-10);
            CHECK_NEAR(row[0], a.by_k / 4, 1e-9);
            CHECK_NEAR(row[1], a.by_F / 4, 1e-9);
            CHECK_NEAR(row[2], -a.value / 16, 1e-10);
        }
    pt_model_free(m);
}

/* After an action sets a parameter, the lane's own has no influence. */
static void test_parameter_that_is_set(void)
{
    pt_model *m = program_create(&circle);
    const pt_action actions[] = {{1, PT_ACTION_PARAM, 0, 3.0}};
    const pt_schedule plan = {.actions = actions, .n = 1};
    const double times[2] = {1, 2}, p[2] = {0.5, 1};
    const int32_t directions[1] = {0};
    const pt_simulation call = call_of(m, 1, p, &plan, times, 2, directions, 1);
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    CHECK_NEAR(dy[0], -sin(0.5), 1e-10);
    CHECK_NEAR(dy[2], -sin(3.5), 1e-10); /* a = cos(r 1 + 3 1), to r: -1 sin */
    pt_model_free(m);
}

/* The same numbers whatever is asked beside them: other directions, other lanes, threads; and the states are
 * those of a run without directions that steps its linear part. */
static void test_bits(void)
{
    pt_model *m = program_create(&kinetics);
    static double y_all[N * 8], dy_all[N * 8 * MANY];
    const double times[8] = {0, 1, 3, 5, 6, 11, 19, 22};
    const pt_schedule plan = {.actions = doses, .n = 6};
    int32_t directions[MANY];
    double p[N][3];
    for (int q = 0; q < MANY; q++) directions[q] = q % 5;
    for (int l = 0; l < N; l++) p[l][0] = 0.03 * (l + 1), p[l][1] = 0.3 + 0.01 * l, p[l][2] = 4;
    pt_simulation call = call_of(m, N, p[0], &plan, times, 8, directions, MANY);
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    memcpy(y_all, y, sizeof y_all);
    memcpy(dy_all, dy, sizeof dy_all);
    for (int q = 0; q < 5; q++)
        for (int l = 0; l < N; l += 9) {
            call = call_of(m, 1, p[l], &plan, times, 8, directions + q, 1);
            CHECK(pt_simulate(m, &call, NULL) == PT_OK);
            for (int k = 0; k < 8; k++) CHECK_BITS(dy[k], dy_all[(l * 8 + k) * MANY + q]);
            for (int k = 0; k < 8; k++) CHECK_BITS(dy[k], dy_all[(l * 8 + k) * MANY + 35 + q]);
        }
    call = call_of(m, N, p[0], &plan, times, 8, NULL, 0);
    call.options.step_all = 1;
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    for (int i = 0; i < N * 8; i++) CHECK_BITS(y[i], y_all[i]);
    pt_model_free(m);
}

/* da/dt = r a^2 from 1 blows up at 1/r: those lanes fail in all passes, the others are right. */
static void test_failure(void)
{
    static const program_text blow_up = {.name = "blow_up",
                                         .n_state = 1,
                                         .n_param = 2,
                                         .n_output = 1,
                                         .states = two,
                                         .params = rates,
                                         .outputs = two,
                                         .rate = "r a a * * =da",
                                         .output = "a =a"};
    pt_model *m = program_create(&blow_up);
    const double times[2] = {0.5, 1};
    const pt_schedule none = {0};
    int32_t directions[MANY];
    double p[N][2];
    for (int q = 0; q < MANY; q++) directions[q] = q % 3;
    for (int l = 0; l < N; l++) p[l][0] = 0.05 * l, p[l][1] = 1;
    pt_simulation call = call_of(m, N, p[0], &none, times, 2, directions, MANY);
    call.options.rtol = 1e-10;
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    for (int l = 0; l < N; l++) {
        const double *row = dy + l * 2 * MANY, r = p[l][0];
        if (r < 0.9) {
            CHECK(status[l] == PT_OK);
            CHECK_NEAR(row[MANY + 39], 1 / ((1 - r) * (1 - r)), 1e-5);
        } else if (r > 1.1) {
            CHECK(status[l] != PT_OK && fabs(stop[l] - 1 / r) < 1e-2 && isnan(y[l * 2 + 1]));
            CHECK(isnan(row[MANY]) && isnan(row[MANY + 39]) && isnan(dx_end[l * MANY + 7]));
        }
    }
    pt_model_free(m);
}

static void test_refusals(void)
{
    pt_model *m = program_create(&circle);
    const double times[1] = {1}, p[2] = {0.5, 1};
    const int32_t bad[1] = {4}, good[1] = {0};
    const pt_schedule none = {0};
    pt_simulation call = call_of(m, 1, p, &none, times, 1, bad, 1);
    CHECK(pt_simulate(m, &call, NULL) == PT_BAD_ARGUMENT);
    call.directions = good;
    call.options.method = PT_METHOD_EULER_MARUYAMA;
    call.options.step = 0.01;
    CHECK(pt_simulate(m, &call, NULL) == PT_UNSUPPORTED);
    pt_model_free(m);
}

/* Euler: a1 = a + h r a (1 - a / K), where that is positive; else 0, which depends on nothing */
static void test_lifted_to_zero(void)
{
    static const int8_t positive[1] = {1};
    pt_model *m = program_create(&logistic);
    m->positive = positive;
    const double times[1] = {1}, x0[2] = {0.5, 3}, p[2][2] = {{2, 1}, {2, 1}};
    const int32_t directions[3] = {0, 1, 2};
    const double expected[2][3] = {{0.25, 0.5, 1}, {0, 0, 0}};
    const pt_schedule none = {0};
    pt_simulation call = call_of(m, 2, p[0], &none, times, 1, directions, 3);
    call.x0 = x0;
    call.options.method = PT_METHOD_EULER;
    call.options.step = 1;
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    CHECK_BITS(y[0], 1);
    CHECK_BITS(y[1], 0);
    for (int l = 0; l < 2; l++)
        for (int q = 0; q < 3; q++) CHECK_NEAR(dy[l * 3 + q], expected[l][q], 1e-15);
    pt_model_free(m);
}

static void test_rosenbrock(void)
{
    pt_model *m = program_create(&circle);
    const double times[3] = {0.1, 1, 7.5}, p[2] = {0.5, 1};
    const int32_t directions[1] = {0};
    const pt_schedule none = {0};
    double explicit[3] = {0};
    for (int method = PT_METHOD_DOPRI5; method <= PT_METHOD_RODAS; method++) {
        pt_simulation call = call_of(m, 1, p, &none, times, 3, directions, 1);
        call.options.method = method;
        call.options.rtol = call.options.atol = 1e-10;
        CHECK(pt_simulate(m, &call, NULL) == PT_OK);
        for (int k = 0; k < 3; k++)
            if (method == PT_METHOD_DOPRI5)
                explicit[k] = dy[k * call.n_out];
            else
                CHECK_NEAR(dy[k * call.n_out], explicit[k], 1e-8);
    }
    pt_model_free(m);
}

/* Bounding the error of the sensitivities too costs steps and keeps them within the tolerance. */
static void test_error_norm(void)
{
    pt_model *m = program_create(&circle);
    const double times[1] = {40}, p[2] = {3, 1};
    const int32_t directions[1] = {0};
    const pt_schedule none = {0};
    double error[2];
    for (int i = 0; i < 2; i++) {
        pt_simulation call = call_of(m, 1, p, &none, times, 1, directions, 1);
        call.options.rtol = call.options.atol = 1e-5;
        call.options.sensitivity_error = i;
        CHECK(pt_simulate(m, &call, NULL) == PT_OK);
        error[i] = fabs(dy[0] + 40 * sin(120));
    }
    CHECK(error[1] < error[0]);
    pt_model_free(m);
}

static void test_no_memory(void)
{
    pt_model *m = program_create(&circle);
    const double times[1] = {1}, p[2] = {0.5, 1};
    const int32_t directions[1] = {0};
    const pt_schedule none = {0};
    const pt_simulation call = call_of(m, 1, p, &none, times, 1, directions, 1);
    const int64_t live = pt_alloc_live();
    pt_status done = PT_NO_MEMORY;
    for (int nth = 1; nth < 20 && done != PT_OK; nth++) {
        pt_alloc_fail_at(nth);
        done = pt_simulate(m, &call, NULL);
        pt_alloc_fail_at(0);
        CHECK((done == PT_OK || done == PT_NO_MEMORY) && pt_alloc_live() == live);
    }
    CHECK(done == PT_OK);
    pt_model_free(m);
}

int main(void)
{
    test_circle();
    test_logistic();
    test_doses();
    test_parameter_that_is_set();
    test_bits();
    test_failure();
    test_refusals();
    test_lifted_to_zero();
    test_rosenbrock();
    test_error_norm();
    test_no_memory();
    return check_report();
}
