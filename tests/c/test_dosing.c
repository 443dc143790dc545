/* Dose records and moving parameters through pt_propagate: in pieces, whose ends fall where they like, the
 * lanes come to the same states as in one simulation. Records: a steady state with lagged infusions that are
 * longer than their interval, additional doses through another port, a reset. */
#include "check.h"
#include "pytwin.h"

enum { NP = 11, NX = 2, N = 9, DEPOT = 0, CENTRAL = 1 };
enum { KA, CL, V, F1, ALAG1, D1, R1, F2, ALAG2, D2, R2 };

static double params[N][NP];

static void set_params(const pt_model *model)
{
    for (int l = 0; l < N; l++) {
        for (int i = 0; i < NP; i++) params[l][i] = pt_model_params(model)[i].value;
        params[l][CL] = 1 + 0.2 * l;
        params[l][F2] = 1 - 0.05 * l;
        params[l][ALAG1] = 0.7 * l;
        params[l][ALAG2] = 0.5 * (l % 3);
    }
}

static void simulate(const pt_model *model, const pt_schedule *schedule, double end, double *x_end)
{
    double y[N], stop[N];
    int32_t status[N];
    const int32_t output = 0;
    const pt_simulation call = {.n_lane = N,
                                .n_subject = N,
                                .n_plan = 1,
                                .n_time = 1,
                                .n_out = 1,
                                .params = params[0],
                                .plans = schedule,
                                .times = &end,
                                .outputs = &output,
                                .y = y,
                                .x_end = x_end,
                                .status = status,
                                .stop = stop,
                                .options = {.rtol = 1e-10, .atol = 1e-12, .max_steps = 100000}};
    CHECK(pt_simulate(model, &call, NULL) == PT_OK);
    for (int l = 0; l < N; l++) CHECK(status[l] == PT_OK);
}

/* Each piece from the states of the one before; parameters as the caller of a filter keeps them. */
static void propagate(const pt_model *model, const pt_schedule *schedule, const double *ends, int n_end,
                      double *x)
{
    const pt_ode_options options = {.rtol = 1e-10, .atol = 1e-12, .max_steps = 100000};
    double p[N][NP], factor[NP], rate[2] = {0}, given = -1, t = 0;
    int64_t next = 0;
    int32_t status[N];
    pt_need need = {0};
    pt_propagator *work;
    pt_schedule_need(schedule, &need);
    CHECK(pt_propagator_create(model, N, &need, &work) == PT_OK);
    memcpy(p, params, sizeof p);
    for (int i = 0; i < NP; i++) factor[i] = 1;
    memset(x, 0, sizeof(double) * N * NX);
    for (int k = 0; k < n_end; k++) {
        const int64_t from = next;
        CHECK(pt_propagate(model, work, N, t, ends[k], x, p[0], factor, rate, &given, schedule, &next, status,
                           &options) == PT_OK);
        CHECK(given == ends[k]);
        for (int l = 0; l < N; l++) {
            CHECK(status[l] == PT_OK);
            pt_schedule_params(schedule, from, next, t, ends[k], p[l]);
        }
        t = ends[k];
    }
    pt_propagator_free(work);
}

static void compare(const pt_model *model, const pt_schedule *schedule, const double *ends, int n_end)
{
    double whole[N * NX], pieces[N * NX];
    simulate(model, schedule, ends[n_end - 1], whole);
    propagate(model, schedule, ends, n_end, pieces);
    for (int i = 0; i < N * NX; i++) CHECK_NEAR(pieces[i], whole[i], 1e-8 * (1 + fabs(whole[i])));
}

static const pt_dose doses[] = {
    {.port = CENTRAL, .steady = 1, .amount = 100, .rate = 8, .interval = 7, .additional = 3},
    {.port = DEPOT, .amount = 40, .interval = 5, .additional = 6},
    {.port = DEPOT, .amount = 25, .rate = 5},
};

static void test_records(const pt_model *model)
{
    const pt_action actions[] = {{0, PT_ACTION_DOSE, 0, 0},
                                 {2, PT_ACTION_DOSE, 1, 0},
                                 {20, PT_ACTION_RESET, 0, 0},
                                 {21, PT_ACTION_DOSE, 2, 0}};
    const pt_schedule schedule = {.actions = actions, .n = 4, .doses = doses, .n_dose = 3};
    compare(model, &schedule, (double[]){30}, 1);
    compare(model, &schedule, (double[]){0, 0.5, 7, 7, 7.3, 12, 19.99, 20, 20.5, 22, 30}, 11);
    compare(model, &schedule, (double[]){2, 7.7, 15.4}, 3);
}

static void test_ramps(const pt_model *model)
{
    const pt_action actions[] = {{0, PT_ACTION_SLOPE, CL, 0.1},   {0, PT_ACTION_DOSE, 1, 0},
                                 {6, PT_ACTION_PARAM, CL, 2},     {6, PT_ACTION_SCALE, CL, 1.5},
                                 {6, PT_ACTION_SLOPE, CL, -0.05}, {15, PT_ACTION_PARAM, CL, 1}};
    const pt_schedule schedule = {.actions = actions, .n = 6, .doses = doses, .n_dose = 3};
    compare(model, &schedule, (double[]){25}, 1);
    compare(model, &schedule, (double[]){1, 5, 6, 6.5, 11, 15, 20, 25}, 8);
}

/* A work space that was not made for such rows refuses them. */
static void test_no_room(const pt_model *model)
{
    const pt_ode_options options = {.rtol = 1e-6, .atol = 1e-9, .max_steps = 1000};
    const pt_action actions[] = {{0, PT_ACTION_DOSE, 1, 0}};
    const pt_schedule schedule = {.actions = actions, .n = 1, .doses = doses, .n_dose = 3};
    double x[NX] = {0}, factor[NP], rate[2] = {0}, given = -1;
    int64_t next = 0;
    int32_t status;
    pt_propagator *work;
    for (int i = 0; i < NP; i++) factor[i] = 1;
    CHECK(pt_propagator_create(model, 1, NULL, &work) == PT_OK);
    CHECK(pt_propagate(model, work, 1, 0, 1, x, params[0], factor, rate, &given, &schedule, &next, &status,
                       &options) == PT_BAD_ARGUMENT);
    pt_propagator_free(work);
}

int main(void)
{
    pt_model *model;
    CHECK(pt_model_create("pk_1cpt_oral", &model) == PT_OK);
    set_params(model);
    test_records(model);
    test_ramps(model);
    test_no_room(model);
    pt_model_free(model);
    CHECK(pt_alloc_live() == 0);
    return check_report();
}
