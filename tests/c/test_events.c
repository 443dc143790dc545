/* Triggers and delays through pt_simulate: a ball that bounces, and a delay equation, lane by lane. */
#include "check.h"
#include "pytwin.h"

enum { N = 19, N_TIME = 5, KEPT = 8 };

static double params[N * 2], y[N * N_TIME], x_end[N * 2], stop[N], fired_time[N * KEPT];
static int32_t status[N], fired_trigger[N * KEPT];
static int64_t n_fired[N];

/* N lanes of a model with two parameters, output 0 at times. */
static pt_status simulate(const char *name, const pt_schedule *plan, const double *times,
                          const pt_ode_options *options)
{
    static const int32_t outputs[1] = {0};
    pt_model *model;
    CHECK(pt_model_create(name, &model) == PT_OK);
    const pt_simulation call = {.n_lane = N,
                                .n_subject = N,
                                .n_plan = 1,
                                .n_time = N_TIME,
                                .n_out = 1,
                                .params = params,
                                .plans = plan,
                                .times = times,
                                .outputs = outputs,
                                .y = y,
                                .x_end = x_end,
                                .status = status,
                                .stop = stop,
                                .fired_time = fired_time,
                                .fired_trigger = fired_trigger,
                                .n_kept = KEPT,
                                .n_fired = n_fired,
                                .options = *options};
    const pt_status done = pt_simulate(model, &call, NULL);
    pt_model_free(model);
    return done;
}

static const pt_ode_options usual = {.rtol = 1e-9, .atol = 1e-12, .max_steps = 100000};

/* Restitution 0.5 to 0.95 under gravities 5 to 14: instants of the bounces, and the end of those that pile up
 */
static void test_ball(void)
{
    const pt_schedule none = {.n = 0};
    const double times[N_TIME] = {0.1, 0.5, 1, 2, 30};
    for (int l = 0; l < N; l++) params[2 * l] = 5 + 0.5 * l, params[2 * l + 1] = 0.5 + 0.025 * l;
    CHECK(simulate("bouncing_ball", &none, times, &usual) == PT_OK);
    for (int l = 0; l < N; l++) {
        const double first = sqrt(2 / params[2 * l]), e = params[2 * l + 1];
        const double limit = first * (1 + e) / (1 - e);
        double at = first, flight = 2 * first;
        CHECK(status[l] == (limit < 30 ? PT_EVENT_LIMIT : PT_OK) && n_fired[l] > KEPT);
        if (limit < 30) CHECK_NEAR(stop[l], limit, 1e-8 * limit);
        for (int k = 0; k < KEPT; k++) {
            CHECK_NEAR(fired_time[l * KEPT + k], at, 1e-13 * at);
            CHECK(fired_trigger[l * KEPT + k] == 0);
            at += flight *= e;
        }
    }
}

/* At the first crossing of 0.5: two triggers of a schedule, the later in the schedule first by priority; the
 * other stops the lane, a little later. */
static void test_priority_and_stop(void)
{
    const pt_trigger triggers[2] = {
        {.output = 0,
         .direction = -1,
         .threshold = 0.5,
         .action = {0.01, PT_ACTION_STOP, 0, 0},
         .priority = 1},
        {.output = 0, .direction = -1, .threshold = 0.5, .action = {0, PT_ACTION_EVENT, 1, 3.0}, .once = 1},
    };
    const pt_schedule plan = {.triggers = triggers, .n_trigger = 2};
    const double times[N_TIME] = {0, 0.05, 0.1, 1, 2};
    for (int l = 0; l < N; l++) params[2 * l] = 5 + 0.5 * l, params[2 * l + 1] = 0.5;
    CHECK(simulate("bouncing_ball", &plan, times, &usual) == PT_OK);
    for (int l = 0; l < N; l++) {
        const double at = sqrt(1 / params[2 * l]);
        CHECK(status[l] == PT_OK && n_fired[l] == 2);
        CHECK(fired_trigger[l * KEPT] == 2 && fired_trigger[l * KEPT + 1] == 1);
        CHECK(fired_trigger[l * KEPT + 2] == -1 && isnan(fired_time[l * KEPT + 2]));
        CHECK_NEAR(fired_time[l * KEPT], at, 1e-14);
        CHECK_NEAR(stop[l], at + 0.01, 1e-14);
        CHECK_NEAR(x_end[2 * l + 1], 3 - params[2 * l] * (at + 0.01), 1e-12);
        CHECK(isfinite(y[l * N_TIME + 2]) && isnan(y[l * N_TIME + 3]) && isnan(y[l * N_TIME + 4]));
    }
}

/* x' = -b x(t - tau): 1 - b t up to tau, and b^2 (t - tau)^2 / 2 more up to 2 tau; a lane without a delay
 * fails alone, and so do those whose ring is too short. */
static void test_delay(void)
{
    const pt_schedule none = {.n = 0};
    const double times[N_TIME] = {0.2, 0.5, 0.9, 1.1, 1.4};
    for (int l = 0; l < N; l++) params[2 * l] = 0.1 * l, params[2 * l + 1] = l == 7 ? 0 : 0.75 + 0.05 * l;
    CHECK(simulate("linear_delay", &none, times, &usual) == PT_OK);
    for (int l = 0; l < N; l++) {
        CHECK(status[l] == (l == 7 ? PT_BAD_ARGUMENT : PT_OK));
        const double b = params[2 * l], tau = params[2 * l + 1];
        for (int k = 0; k < N_TIME; k++) {
            const double late = times[k] > tau ? times[k] - tau : 0;
            const double expected = l == 7 ? NAN : 1 - b * times[k] + b * b * late * late / 2;
            CHECK_NEAR(y[l * N_TIME + k], expected, 1e-13);
        }
    }
    pt_ode_options tight = usual;
    tight.history = 2;
    tight.rtol = 1e-13;
    const double later[N_TIME] = {1, 10, 20, 30, 40};
    CHECK(simulate("linear_delay", &none, later, &tight) == PT_OK);
    int full = 0;
    for (int l = 0; l < N; l++) full += status[l] == PT_HISTORY_FULL;
    CHECK(full > 0 && status[7] == PT_BAD_ARGUMENT);
}

static void test_what_is_refused(void)
{
    const double times[N_TIME] = {1, 2, 3, 4, 5};
    pt_trigger trigger = {.output = 2, .action = {0, PT_ACTION_STOP, 0, 0}};
    const pt_schedule plan = {.triggers = &trigger, .n_trigger = 1};
    CHECK(simulate("bouncing_ball", &plan, times, &usual) == PT_BAD_ARGUMENT);
    trigger = (pt_trigger){.output = 0, .threshold = NAN, .action = {0, PT_ACTION_STOP, 0, 0}};
    CHECK(simulate("bouncing_ball", &plan, times, &usual) == PT_NOT_FINITE);
}

int main(void)
{
    test_ball();
    test_priority_and_stop();
    test_delay();
    test_what_is_refused();
    return check_report();
}
