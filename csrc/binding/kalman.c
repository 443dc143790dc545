/* _core.ukf: the unscented filter of a model. */
#include <math.h>
#include <string.h>

#include "binding/model.h"
#include "binding/schedules.h"

enum {
    THETA,
    SCALE,
    MEAN,
    COV,
    PARAMS,
    DRIFT,
    START,
    END,
    ACTION_OFFSETS,
    OBS_TIME,
    OBS_OUTPUT,
    OBS_VALUE,
    OBS_NOISE,
    OBS_A,
    OBS_B,
    OBS_CENSOR,
    OBS_OFFSETS,
    DOSES,
    N_UKF_ARRAY
};

typedef struct {
    pt_argument arrays[N_UKF_ARRAY];
    PyObject *model_object, *actions_object, *progress;
    PyArrayObject *actions;
    pt_model *model;
    pt_observation *observations;
    pt_ukf_options options;
    int trace, threads;
    npy_intp B, N;
} ukf_arguments;

static const pt_argument ukf_arrays[N_UKF_ARRAY] = {
    [THETA] = {.name = "theta", .type = NPY_INT32, .ndim = 1, .dims = {-1}},
    [SCALE] = {.name = "scale", .type = NPY_INT8, .ndim = 1, .dims = {-1}},
    [MEAN] = {.name = "mean", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}},
    [COV] = {.name = "cov", .type = NPY_DOUBLE, .ndim = 3, .dims = {-1, -1, -1}},
    [PARAMS] = {.name = "params", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}},
    [DRIFT] = {.name = "drift", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}},
    [START] = {.name = "start", .type = NPY_DOUBLE, .ndim = 1, .dims = {-1}},
    [END] = {.name = "end", .type = NPY_DOUBLE, .ndim = 1, .dims = {-1}},
    [ACTION_OFFSETS] = {.name = "action_offsets", .type = NPY_INT64, .ndim = 1, .dims = {-1}},
    [OBS_TIME] = {.name = "obs_time", .type = NPY_DOUBLE, .ndim = 1, .dims = {-1}},
    [OBS_OUTPUT] = {.name = "obs_output", .type = NPY_INT32, .ndim = 1, .dims = {-1}},
    [OBS_VALUE] = {.name = "obs_value", .type = NPY_DOUBLE, .ndim = 1, .dims = {-1}},
    [OBS_NOISE] = {.name = "obs_noise", .type = NPY_INT8, .ndim = 1, .dims = {-1}},
    [OBS_A] = {.name = "obs_a", .type = NPY_DOUBLE, .ndim = 1, .dims = {-1}},
    [OBS_B] = {.name = "obs_b", .type = NPY_DOUBLE, .ndim = 1, .dims = {-1}},
    [OBS_CENSOR] = {.name = "obs_censor", .type = NPY_INT8, .ndim = 1, .dims = {-1}},
    [OBS_OFFSETS] = {.name = "obs_offsets", .type = NPY_INT64, .ndim = 1, .dims = {-1}},
    [DOSES] = {.name = "doses", .kind = PT_RECORDS, .dtype = pt_dose_dtype, .optional = 1},
};

static int parse_ukf(PyObject *args, PyObject *kwargs, ukf_arguments *u)
{
    static char *keywords[] = {
        "model",     "theta",      "scale",     "mean",           "cov",         "params",     "drift",
        "start",     "end",        "actions",   "action_offsets", "obs_time",    "obs_output", "obs_value",
        "obs_noise", "obs_a",      "obs_b",     "obs_censor",     "obs_offsets", "alpha",      "beta",
        "kappa",     "rtol",       "atol",      "gate",           "smooth",      "trace",      "threads",
        "progress",  "noise_step", "max_steps", "robust",         "doses",       NULL};
    pt_argument *a = u->arrays;
    pt_ukf_options *o = &u->options;
    long long max_steps = 100000;
    memcpy(a, ukf_arrays, sizeof ukf_arrays);
    *o = (pt_ukf_options){
        .alpha = NAN, .beta = NAN, .kappa = NAN, .noise_step = 24.0, .ode = {.rtol = 1e-6, .atol = 1e-9}};
    u->threads = 1;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "OOOOOOOOOOOOOOOOOOO|$ddddddppiOdLdO", keywords, &u->model_object, &a[THETA].given,
            &a[SCALE].given, &a[MEAN].given, &a[COV].given, &a[PARAMS].given, &a[DRIFT].given,
            &a[START].given, &a[END].given, &u->actions_object, &a[ACTION_OFFSETS].given, &a[OBS_TIME].given,
            &a[OBS_OUTPUT].given, &a[OBS_VALUE].given, &a[OBS_NOISE].given, &a[OBS_A].given, &a[OBS_B].given,
            &a[OBS_CENSOR].given, &a[OBS_OFFSETS].given, &o->alpha, &o->beta, &o->kappa, &o->ode.rtol,
            &o->ode.atol, &o->gate, &o->smooth, &u->trace, &u->threads, &u->progress, &o->noise_step,
            &max_steps, &o->robust, &a[DOSES].given))
        return -1;
    o->ode.max_steps = max_steps;
    return 0;
}

/* The model of that name: pytwin.Model and _core.Model have one, and the core's models are cheap to make. */
static int open_model(ukf_arguments *u)
{
    PyObject *name = PyObject_GetAttrString(u->model_object, "name");
    const char *text = name ? PyUnicode_AsUTF8AndSize(name, NULL) : NULL;
    pt_status status = text ? pt_model_create(text, &u->model) : PT_BAD_ARGUMENT;
    if (text && status != PT_OK) pt_raise_status(status, "model");
    Py_XDECREF(name);
    return text && status == PT_OK ? 0 : -1;
}

/* offsets (n + 1): from 0 to `total`, never back */
static int check_offsets(const pt_argument *offsets, npy_intp total)
{
    const int64_t *o = pt_int64s(offsets->array);
    npy_intp n = PyArray_DIM(offsets->array, 0);
    int good = n > 0 && o[0] == 0 && o[n - 1] == total;
    for (npy_intp k = 1; good && k < n; k++) good = o[k] >= o[k - 1];
    if (!good) pt_raise_input("bad-shape", "%s does not run from 0 to the number of rows", offsets->name);
    return good ? 0 : -1;
}

/* Lengths that follow from the model, theta, the batch and the observations. */
static int expect_shapes(ukf_arguments *u)
{
    npy_intp nt = PyObject_Length(u->arrays[THETA].given), np = pt_model_n_param(u->model);
    npy_intp nz = pt_model_n_state(u->model) + nt;
    npy_intp B = PyObject_Length(u->arrays[START].given), N = PyObject_Length(u->arrays[OBS_TIME].given);
    if (nt < 0 || B < 0 || N < 0) {
        PyErr_Clear();
        pt_raise_input("bad-shape", "theta, start and obs_time are arrays of one dimension");
        return -1;
    }
    pt_argument *a = u->arrays;
    a[THETA].dims[0] = a[SCALE].dims[0] = nt;
    for (int k = MEAN; k <= END; k++) a[k].dims[0] = B;
    a[MEAN].dims[1] = a[DRIFT].dims[1] = a[COV].dims[1] = a[COV].dims[2] = nz;
    a[PARAMS].dims[1] = np;
    a[ACTION_OFFSETS].dims[0] = a[OBS_OFFSETS].dims[0] = B + 1;
    for (int k = OBS_TIME; k <= OBS_CENSOR; k++) a[k].dims[0] = N;
    u->B = B;
    u->N = N;
    return 0;
}

static int join_observations(ukf_arguments *u)
{
    const pt_argument *a = u->arrays;
    u->observations = pt_alloc((size_t)u->N * sizeof *u->observations);
    if (!u->observations) return PyErr_NoMemory(), -1;
    for (npy_intp k = 0; k < u->N; k++)
        u->observations[k] = (pt_observation){
            .time = pt_doubles(a[OBS_TIME].array)[k],
            .value = pt_doubles(a[OBS_VALUE].array)[k],
            .a = pt_doubles(a[OBS_A].array)[k],
            .b = pt_doubles(a[OBS_B].array)[k],
            .output = pt_int32s(a[OBS_OUTPUT].array)[k],
            .noise = pt_int8s(a[OBS_NOISE].array)[k],
            .censor = pt_int8s(a[OBS_CENSOR].array)[k],
        };
    return 0;
}

static int read_ukf(ukf_arguments *u)
{
    const pt_ukf_options *o = &u->options;
    if (isnan(o->alpha) || isnan(o->beta) || isnan(o->kappa))
        return pt_raise_input("bad-argument", "alpha, beta and kappa are needed"), -1;
    if (open_model(u) || expect_shapes(u) || pt_arguments_read(u->arrays, N_UKF_ARRAY)) return -1;
    u->actions = pt_actions_in(u->actions_object, "actions");
    if (!u->actions) return -1;
    if (check_offsets(u->arrays + ACTION_OFFSETS, PyArray_DIM(u->actions, 0))) return -1;
    if (check_offsets(u->arrays + OBS_OFFSETS, u->N)) return -1;
    return join_observations(u);
}

static int new_ukf_output(const ukf_arguments *u, PyObject *dict, pt_ukf_output *out)
{
    npy_intp B = u->B, N = u->N, nz = PyArray_DIM(u->arrays[MEAN].array, 1);
    npy_intp batch[3] = {B, nz, nz}, rows[3] = {N, nz, nz};
    struct {
        double **array;
        const char *name;
        int ndim, wanted;
        npy_intp *dims;
    } list[] = {
        {&out->mean, "mean", 2, 1, batch},
        {&out->cov, "cov", 3, 1, batch},
        {&out->loglike, "loglike", 1, 1, batch},
        {&out->failed_at, "failed_at", 1, 1, batch},
        {&out->predicted, "predicted", 1, 1, rows},
        {&out->predicted_var, "predicted_var", 1, 1, rows},
        {&out->latent_var, "latent_var", 1, 1, rows},
        {&out->filtered_mean, "filtered_mean", 2, u->trace, rows},
        {&out->filtered_cov, "filtered_cov", 3, u->trace, rows},
        {&out->smoothed_mean, "smoothed_mean", 2, u->options.smooth, rows},
        {&out->smoothed_cov, "smoothed_cov", 3, u->options.smooth, rows},
    };
    for (size_t k = 0; k < sizeof list / sizeof *list; k++) {
        if (!list[k].wanted) continue;
        *list[k].array = pt_new_doubles(dict, list[k].name, list[k].ndim, list[k].dims);
        if (!*list[k].array) return -1;
    }
    out->status = pt_new_integers(dict, "status", NPY_INT32, B);
    out->use = pt_new_integers(dict, "use", NPY_INT8, N);
    return out->status && out->use ? 0 : -1;
}

static int run_ukf(ukf_arguments *u, PyObject *dict)
{
    pt_ukf_output out = {0};
    if (new_ukf_output(u, dict, &out)) return -1;
    const pt_argument *a = u->arrays;
    pt_ukf_input in = {
        .n_patient = u->B,
        .n_theta = (int)a[THETA].dims[0],
        .theta = pt_int32s(a[THETA].array),
        .scale = pt_int8s(a[SCALE].array),
        .mean = pt_doubles(a[MEAN].array),
        .cov = pt_doubles(a[COV].array),
        .params = pt_doubles(a[PARAMS].array),
        .drift = pt_doubles(a[DRIFT].array),
        .start = pt_doubles(a[START].array),
        .end = pt_doubles(a[END].array),
        .actions = PyArray_DATA(u->actions),
        .action_offsets = pt_int64s(a[ACTION_OFFSETS].array),
        .doses = a[DOSES].array ? PyArray_DATA(a[DOSES].array) : NULL,
        .n_dose = a[DOSES].array ? pt_length(&a[DOSES]) : 0,
        .observations = u->observations,
        .obs_offsets = pt_int64s(a[OBS_OFFSETS].array),
    };
    pt_run run;
    pt_run_begin(&run, u->threads, u->progress);
    pt_status status = pt_ukf(u->model, &in, &u->options, &out, &run.control);
    return pt_run_end(&run, status, "ukf");
}

static PyObject *ukf(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    ukf_arguments u = {0};
    PyObject *dict = NULL;
    if (parse_ukf(args, kwargs, &u)) return NULL;
    if (read_ukf(&u) == 0) {
        dict = PyDict_New();
        if (dict && run_ukf(&u, dict)) Py_CLEAR(dict);
    }
    pt_arguments_release(u.arrays, N_UKF_ARRAY);
    Py_XDECREF((PyObject *)u.actions);
    pt_free(u.observations);
    if (u.model) pt_model_free(u.model);
    return dict;
}

#define UKF_DOC                                                                                              \
    "Unscented Kalman filter of a model over a batch of patients; see csrc/kalman/kalman.h.\n\n"             \
    "z = [states; theta on the estimation scale]. Errors: additive and log-additive use obs_a, "             \
    "proportional uses obs_b, combined uses both. Returns a dict of arrays: mean (B, nz), cov (B, nz, nz) "  \
    "at end, loglike, status, failed_at (B,), predicted, predicted_var, latent_var (N,) on the noise "       \
    "scale, "                                                                                                \
    "use (N,) int8: 0 missing, 1 used, 2 gated, 3 not reached, 4 used with a larger error (robust); with "   \
    "trace filtered_mean, filtered_cov, "                                                                    \
    "with "                                                                                                  \
    "smooth smoothed_mean, smoothed_cov (N, nz[, nz])."

PyMethodDef pt_kalman_methods[] = {
    PT_KEYWORDS("ukf", ukf, UKF_DOC),
    {NULL, NULL, 0, NULL},
};
