/* A model that is not compiled, through everything that sees a model: the interpreted Hamberg 2010 gives the
 * bits of the compiled one in simulations, the unscented filter and sensitivities; a text that can't be read
 * is refused. */
#include <stdlib.h>

#include "check.h"
#include "program.c"

enum { N = 37, NX = 8, NP = 11, NT = 9, NQ = 19 };

static pt_field states[NX], params[NP], outputs[2];

/* The organs liver_swarfarin_1cpt and coagulation_hamberg2010, operation by operation; parameters and states
 * take their names and values from the compiled model. */
static const program_text hamberg = {
    .name = "hamberg",
    .n_state = NX,
    .n_linear = 2,
    .n_param = NP,
    .n_output = 2,
    .n_dose = 1,
    .states = states,
    .params = params,
    .outputs = outputs,
    .linear = "ka neg =K00 0 =K01 ka =K10 CL V / neg =K11",
    .rate = "A2 1 V / * 1e-300 max =Cs "
            "gamma Cs log EC50 log - * exp =q "
            "1 Emax q * 1 q + / - =in "
            "3 MTT1 / =k1 3 MTT2 / =k2 "
            "k1 in C1 - * =dC1 k1 C1 C2 - * =dC2 k1 C2 C3 - * =dC3 "
            "k2 in C4 - * =dC4 k2 C4 C5 - * =dC5 k2 C5 C6 - * =dC6",
    .output = "A2 1 V / * =Cs BASE INRmax 1 0.5 C3 C6 + * - * + =INR",
};

static pt_model *compiled, *interpreted;

static void make_models(void)
{
    CHECK(pt_model_create("hamberg2010", &compiled) == PT_OK);
    memcpy(states, pt_model_states(compiled), sizeof states);
    memcpy(params, pt_model_params(compiled), sizeof params);
    memcpy(outputs, pt_model_outputs(compiled), sizeof outputs);
    program_text text = hamberg;
    text.doses = pt_model_doses(compiled);
    interpreted = program_create(&text);
    CHECK(interpreted != NULL);
}

static void test_pattern(void)
{
    static int8_t f[2][NX * (NX + NP)], h[2][2 * (NX + NP)];
    pt_model_pattern(compiled, f[0], h[0]);
    pt_model_pattern(interpreted, f[1], h[1]);
    CHECK(memcmp(f[0], f[1], sizeof f[0]) == 0);
    CHECK(memcmp(h[0], h[1], sizeof h[0]) == 0);
}

static const pt_action actions[] = {
    {0, PT_ACTION_BOLUS, 0, 10},    {24, PT_ACTION_BOLUS, 0, 7.5}, {30, PT_ACTION_INFUSION_ON, 0, 0.5},
    {40, PT_ACTION_SCALE, 1, 1.5},  {48, PT_ACTION_BOLUS, 0, 5},   {50, PT_ACTION_INFUSION_OFF, 0, 0.5},
    {100, PT_ACTION_PARAM, 4, 2.0},
};
static const double times[NT] = {0, 3, 24, 31.5, 47, 60, 99, 120, 200};

static double p[N][NP], y[2][N * NT * 2], dy[2][N * NT * 2 * NQ], x_end[2][N * NX], stop[N];
static int32_t status[N];

static void set_params(void)
{
    for (int l = 0; l < N; l++)
        for (int i = 0; i < NP; i++) p[l][i] = params[i].value * (1 + 0.01 * ((l * 7 + i * 3) % 11));
}

static void simulate(const pt_model *m, int which, int method, int n_direction)
{
    static const int32_t wanted[2] = {0, 1};
    int32_t directions[NQ];
    for (int q = 0; q < NQ; q++) directions[q] = q;
    const pt_schedule plan = {.actions = actions, .n = sizeof actions / sizeof *actions};
    const pt_simulation call = {
        .n_lane = N,
        .n_subject = N,
        .n_plan = 1,
        .n_time = NT,
        .n_out = 2,
        .params = p[0],
        .plans = &plan,
        .times = times,
        .outputs = wanted,
        .y = y[which],
        .x_end = x_end[which],
        .status = status,
        .stop = stop,
        .n_direction = n_direction,
        .directions = directions,
        .dy = dy[which],
        .options = {.rtol = 1e-8, .atol = 1e-10, .max_steps = 100000, .method = method}};
    CHECK(pt_simulate(m, &call, NULL) == PT_OK);
    for (int l = 0; l < N; l++) CHECK(status[l] == PT_OK);
}

static void test_simulation(void)
{
    simulate(compiled, 0, PT_METHOD_DOPRI5, 0);
    simulate(interpreted, 1, PT_METHOD_DOPRI5, 0);
    for (int i = 0; i < N * NT * 2; i++) CHECK_BITS(y[1][i], y[0][i]);
    for (int i = 0; i < N * NX; i++) CHECK_BITS(x_end[1][i], x_end[0][i]);
    CHECK(y[0][NT * 2 - 1] > 1.05);
}

/* The stiff method takes its Jacobian from tangents. */
static void test_stiff_method(void)
{
    simulate(compiled, 0, PT_METHOD_RODAS, 0);
    simulate(interpreted, 1, PT_METHOD_RODAS, 0);
    for (int i = 0; i < N * NT * 2; i++) CHECK_NEAR(y[1][i], y[0][i], 1e-9);
}

static void test_sensitivities(void)
{
    simulate(compiled, 0, PT_METHOD_AUTO, NQ);
    simulate(interpreted, 1, PT_METHOD_AUTO, NQ);
    for (int i = 0; i < N * NT * 2; i++) CHECK_BITS(y[1][i], y[0][i]);
    double largest = 0;
    for (int i = 0; i < N * NT * 2 * NQ; i++) {
        CHECK_NEAR(dy[1][i], dy[0][i], 1e-12 * (1 + fabs(dy[0][i])));
        largest = fmax(largest, fabs(dy[0][i]));
    }
    CHECK(largest > 1);
}

/* Two parameters and the states of N patients, three INRs each. */
enum { NZ = NX + 2, N_OBS = 3 };

static void filter(const pt_model *m, double *mean, double *loglike)
{
    static const int32_t theta[2] = {1, 4};
    static const int8_t scale[2] = {PT_SCALE_LOG, PT_SCALE_LOG};
    static double m0[N][NZ], cov[N][NZ][NZ], noise[N][NZ][NZ], start[N], end[N], cov_end[N][NZ][NZ],
        failed[N];
    static double predicted[N * N_OBS], predicted_var[N * N_OBS], latent_var[N * N_OBS];
    static int8_t use[N * N_OBS];
    static int64_t rejected[N];
    static pt_observation seen[N * N_OBS];
    static pt_action given[N * 3];
    static int64_t action_offsets[N + 1], obs_offsets[N + 1];
    for (int l = 0; l < N; l++) {
        pt_model_initial(m, 1, p[l], m0[l]);
        m0[l][NX] = log(p[l][1]), m0[l][NX + 1] = log(p[l][4]);
        cov[l][NX][NX] = 0.09, cov[l][NX + 1][NX + 1] = 0.12;
        end[l] = 120;
        for (int k = 0; k < 3; k++) {
            given[l * 3 + k] = (pt_action){24.0 * k, PT_ACTION_BOLUS, 0, 7.5};
            seen[l * 3 + k] = (pt_observation){.time = 30.0 * (k + 1),
                                               .value = 1.1 + 0.2 * k,
                                               .a = 0.1,
                                               .output = 1,
                                               .noise = PT_NOISE_LOG_ADDITIVE};
        }
        action_offsets[l + 1] = obs_offsets[l + 1] = 3 * (l + 1);
    }
    const pt_nonlinear_input input = {.n_patient = N,
                                      .n_theta = 2,
                                      .theta = theta,
                                      .scale = scale,
                                      .mean = m0[0],
                                      .cov = cov[0][0],
                                      .params = p[0],
                                      .Q = noise[0][0],
                                      .start = start,
                                      .end = end,
                                      .actions = given,
                                      .action_offsets = action_offsets,
                                      .observations = seen,
                                      .obs_offsets = obs_offsets};
    const pt_nonlinear_options options = {.method = "ukf",
                                          .points = {.alpha = 1, .beta = 2},
                                          .noise_step = 24,
                                          .ode = {.rtol = 1e-8, .atol = 1e-10, .max_steps = 100000}};
    pt_nonlinear_output output = {.mean = mean,
                                  .cov = cov_end[0][0],
                                  .loglike = loglike,
                                  .status = status,
                                  .failed_at = failed,
                                  .rejected = rejected,
                                  .predicted = predicted,
                                  .predicted_var = predicted_var,
                                  .latent_var = latent_var,
                                  .use = use};
    CHECK(pt_nonlinear(m, &input, &options, &output, NULL) == PT_OK);
    for (int l = 0; l < N; l++) CHECK(status[l] == PT_OK);
}

static void test_filter(void)
{
    static double mean[2][N * NZ], loglike[2][N];
    filter(compiled, mean[0], loglike[0]);
    filter(interpreted, mean[1], loglike[1]);
    for (int i = 0; i < N * NZ; i++) CHECK_BITS(mean[1][i], mean[0][i]);
    for (int l = 0; l < N; l++) CHECK_BITS(loglike[1][l], loglike[0][l]);
    CHECK(isfinite(loglike[0][0]));
}

static void refuse(const char *rate, const char *output)
{
    static const pt_field one[] = {{"a", "1", 1, -INFINITY, INFINITY, ""}};
    const program_text text = {.name = "bad",
                               .n_state = 1,
                               .n_param = 1,
                               .n_output = 1,
                               .states = one,
                               .params = one,
                               .outputs = one,
                               .rate = rate,
                               .output = output};
    const int64_t live = pt_alloc_live();
    CHECK(program_create(&text) == NULL);
    CHECK(pt_alloc_live() == live);
}

static void test_refusals(void)
{
    refuse("a b * =da", "a =a"); /* no such name */
    refuse("a * =da", "a =a");   /* an operand is missing */
    refuse("a a =da", "a =a");   /* one is left over */
    refuse("a =a", "a =a");      /* no derivative */
    refuse("a =da", NULL);       /* no output */
    refuse("a 1x * =da", "a =a");
}

int main(void)
{
    make_models();
    set_params();
    test_pattern();
    test_simulation();
    test_stiff_method();
    test_sensitivities();
    test_filter();
    test_refusals();
    pt_model_free(interpreted);
    pt_model_free(compiled);
    return check_report();
}
