/* _core.nonlinear: the filters of a model over a batch of patients. */
#include <math.h>
#include <string.h>

#include "binding/model.h"
#include "binding/nonlinear_arguments.h"

typedef struct {
    pt_argument a[N_ARGUMENT];
    pt_model *model;
    pt_observation *observations;
    pt_nonlinear_input in;
    pt_nonlinear_options options;
    npy_intp B, N, nz;
} call_t;

/* The model of that name: pytwin.Model and _core.Model have one, and the core's models are cheap to make. */
static int open_model(call_t *c)
{
    PyObject *name = PyObject_GetAttrString(c->a[MODEL].given, "name");
    const char *text = name ? PyUnicode_AsUTF8AndSize(name, NULL) : NULL;
    pt_status status = text ? pt_model_create(text, &c->model) : PT_BAD_ARGUMENT;
    if (text && status != PT_OK) pt_raise_status(status, "model");
    Py_XDECREF(name);
    return text && status == PT_OK ? 0 : -1;
}

static int raise_method(const char *given)
{
    char known[256] = "";
    for (int k = 0; pt_nonlinear_name(k); k++) {
        if (k) strncat(known, ", ", sizeof known - strlen(known) - 1);
        strncat(known, pt_nonlinear_name(k), sizeof known - strlen(known) - 1);
    }
    pt_raise_input("bad-argument", "there is no method %s; there are %s", given, known);
    return -1;
}

static int choose_method(call_t *c)
{
    c->options.method = "ukf";
    if (!pt_is_given(&c->a[METHOD])) return 0;
    const char *given = PyUnicode_AsUTF8AndSize(c->a[METHOD].given, NULL);
    if (!given) return -1;
    for (int k = 0; pt_nonlinear_name(k); k++)
        if (strcmp(given, pt_nonlinear_name(k)) == 0) {
            c->options.method = pt_nonlinear_name(k);
            return 0;
        }
    return raise_method(given);
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
static int expect_shapes(call_t *c)
{
    pt_argument *a = c->a;
    npy_intp nt = PyObject_Length(a[THETA].given), np = pt_model_n_param(c->model);
    npy_intp nx = pt_model_n_state(c->model), nz = nx + nt;
    npy_intp B = PyObject_Length(a[START].given), N = PyObject_Length(a[OBS_TIME].given);
    if (nt < 0 || B < 0 || N < 0) {
        PyErr_Clear();
        pt_raise_input("bad-shape", "theta, start and obs_time are arrays of one dimension");
        return -1;
    }
    a[THETA].dims[0] = a[SCALE].dims[0] = nt;
    for (int k = MEAN; k <= PATIENT; k++) a[k].dims[0] = B;
    a[LOWER].dims[0] = a[UPPER].dims[0] = nz;
    a[MEAN].dims[1] = a[COV].dims[1] = a[COV].dims[2] = a[Q].dims[1] = a[Q].dims[2] = nz;
    a[PARAMS].dims[1] = np;
    a[POSITIONS].dims[0] = nz + pt_model_n_output(c->model);
    a[ACTION_OFFSETS].dims[0] = a[OBS_OFFSETS].dims[0] = B + 1;
    for (int k = OBS_TIME; k <= OBS_CENSOR; k++) a[k].dims[0] = N;
    c->B = B;
    c->N = N;
    c->nz = nz;
    return 0;
}

static int join_observations(call_t *c)
{
    const pt_argument *a = c->a;
    c->observations = pt_alloc((size_t)c->N * sizeof *c->observations);
    if (!c->observations) return PyErr_NoMemory(), -1;
    for (npy_intp k = 0; k < c->N; k++)
        c->observations[k] = (pt_observation){
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

static void set_options(call_t *c)
{
    const pt_argument *a = c->a;
    const char *method = c->options.method;
    c->options = (pt_nonlinear_options){
        .method = method,
        .points = {.alpha = a[ALPHA].real,
                   .beta = a[BETA].real,
                   .kappa = a[KAPPA].real,
                   .n_node = (int)a[N_NODE].integer,
                   .form = (int)a[FORM].integer},
        .ensemble = {.n_member = a[N_MEMBER].integer,
                     .inflation = a[INFLATION].real,
                     .rotate = a[ROTATE].integer != 0,
                     .radius = a[RADIUS].real,
                     .period = a[PERIOD].real,
                     .positions = pt_doubles(a[POSITIONS].array)},
        .particle = {.n_particle = a[N_PARTICLE].integer,
                     .resample = a[RESAMPLE].real,
                     .jitter = a[JITTER].real,
                     .n_draw = a[N_DRAW].integer,
                     .lag = a[LAG].integer},
        .iteration = {.max_iter = a[MAX_ITER].integer,
                      .damping = a[DAMPING].real,
                      .tolerance = a[TOLERANCE].real},
        .seed = (uint64_t)a[SEED].integer,
        .gate = a[GATE].real,
        .robust = a[ROBUST].real,
        .student = a[STUDENT].real,
        .past = (int)a[PAST].integer,
        .noise_step = a[NOISE_STEP].real,
        .smooth = a[SMOOTH].integer != 0,
        .ode = {.rtol = a[RTOL].real,
                .atol = a[ATOL].real,
                .max_steps = a[MAX_STEPS].integer,
                .method = (int)a[ODE_METHOD].integer,
                .step = a[STEP].real},
    };
}

static void set_input(call_t *c)
{
    const pt_argument *a = c->a;
    c->in = (pt_nonlinear_input){
        .n_patient = c->B,
        .n_theta = (int)a[THETA].dims[0],
        .theta = pt_int32s(a[THETA].array),
        .scale = pt_int8s(a[SCALE].array),
        .mean = pt_doubles(a[MEAN].array),
        .cov = pt_doubles(a[COV].array),
        .state = pt_doubles(a[STATE].array),
        .params = pt_doubles(a[PARAMS].array),
        .Q = pt_doubles(a[Q].array),
        .start = pt_doubles(a[START].array),
        .end = pt_doubles(a[END].array),
        .lower = pt_doubles(a[LOWER].array),
        .upper = pt_doubles(a[UPPER].array),
        .patient = pt_int64s(a[PATIENT].array),
        .actions = PyArray_DATA(a[ACTIONS].array),
        .action_offsets = pt_int64s(a[ACTION_OFFSETS].array),
        .doses = a[DOSES].array ? PyArray_DATA(a[DOSES].array) : NULL,
        .n_dose = pt_length(&a[DOSES]),
        .observations = c->observations,
        .obs_offsets = pt_int64s(a[OBS_OFFSETS].array),
    };
}

/* Bounds that the integrator takes for granted. */
static int check_ode(const pt_ode_options *o)
{
    int known = o->method >= 0 && o->method < PT_N_METHOD;
    if (known && o->rtol >= 1e-14 && o->atol > 0 && o->max_steps > 0 && o->step >= 0) return 0;
    pt_raise_input("bad-argument", known ? "rtol is at least 1e-14, atol and max_steps are positive, step is "
                                           "not negative"
                                         : "there is no such ode_method");
    return -1;
}

/* A product of more points than a filter takes, said with their number. */
static int check_products(const call_t *c)
{
    const long long given = c->a[N_NODE].integer, nodes = given > 0 ? given : 3;
    const int product =
        strcmp(c->options.method, "ghkf") == 0 || (strcmp(c->options.method, "iplf") == 0 && given > 0);
    if (!product || pow((double)nodes, (double)c->nz) <= PT_MOST_POINTS) return 0;
    pt_raise_input("bad-argument",
                   "%s with n_node %lld on %zd states and parameters has %lld^%zd points, the most is %d; "
                   "\"ckf\" and \"ukf\" take two for each",
                   c->options.method, nodes, (Py_ssize_t)c->nz, nodes, (Py_ssize_t)c->nz, PT_MOST_POINTS);
    return -1;
}

static int read_call(call_t *c)
{
    pt_argument *a = c->a;
    if (open_model(c) || choose_method(c) || expect_shapes(c) || pt_arguments_read(a, N_ARGUMENT)) return -1;
    if (check_offsets(a + ACTION_OFFSETS, pt_length(&a[ACTIONS]))) return -1;
    if (check_offsets(a + OBS_OFFSETS, c->N)) return -1;
    if (!a[STATE].array && !(a[MEAN].array && a[COV].array)) {
        pt_raise_input("bad-argument", "mean and cov are needed, or a state");
        return -1;
    }
    if (join_observations(c)) return -1;
    set_options(c);
    set_input(c);
    return check_products(c) ? -1 : check_ode(&c->options.ode);
}

/* Doubles of a row of the state; and that a state given has as many. */
static int measure_state(const call_t *c, npy_intp *size)
{
    int64_t n = 0;
    pt_status status = pt_nonlinear_state_size(c->model, &c->in, &c->options, &n);
    if (status != PT_OK) return pt_raise_status(status, "nonlinear"), -1;
    *size = (npy_intp)n;
    PyArrayObject *given = c->a[STATE].array;
    if (!given || PyArray_DIM(given, 1) == n) return 0;
    pt_raise_input("bad-shape", "state has %zd columns, expected %zd: it is of another method or model",
                   (Py_ssize_t)PyArray_DIM(given, 1), (Py_ssize_t)n);
    return -1;
}

static int new_output(const call_t *c, PyObject *dict, pt_nonlinear_output *out)
{
    npy_intp nz = c->nz, batch[3] = {c->B, nz, nz}, rows[3] = {c->N, nz, nz}, state[2] = {c->B, 0};
    if (measure_state(c, &state[1])) return -1;
    const int trace = c->a[TRACE].integer != 0, covs = c->a[TRACE].integer == 1, smooth = c->options.smooth;
    const int particles = strcmp(c->options.method, "particle") == 0;
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
        {&out->state, "state", 2, c->a[KEEP].integer != 0, state},
        {&out->predicted, "predicted", 1, 1, rows},
        {&out->predicted_var, "predicted_var", 1, 1, rows},
        {&out->latent_var, "latent_var", 1, 1, rows},
        {&out->effective, "effective", 1, particles, rows},
        {&out->filtered_mean, "filtered_mean", 2, trace, rows},
        {&out->filtered_cov, "filtered_cov", 3, covs, rows},
        {&out->smoothed_mean, "smoothed_mean", 2, smooth, rows},
        {&out->smoothed_cov, "smoothed_cov", 3, smooth, rows},
    };
    for (size_t k = 0; k < sizeof list / sizeof *list; k++) {
        if (!list[k].wanted) continue;
        *list[k].array = pt_new_doubles(dict, list[k].name, list[k].ndim, list[k].dims);
        if (!*list[k].array) return -1;
    }
    out->status = pt_new_integers(dict, "status", NPY_INT32, c->B);
    if (out->status) out->rejected = pt_new_integers(dict, "rejected", NPY_INT64, c->B);
    if (out->rejected) out->use = pt_new_integers(dict, "use", NPY_INT8, c->N);
    return out->use ? 0 : -1;
}

static int run_call(call_t *c, PyObject *dict)
{
    pt_nonlinear_output out = {0};
    if (new_output(c, dict, &out)) return -1;
    pt_run run;
    pt_run_begin(&run, (int)c->a[THREADS].integer, c->a[PROGRESS].given);
    pt_status status = pt_nonlinear(c->model, &c->in, &c->options, &out, &run.control);
    return pt_run_end(&run, status, "nonlinear");
}

static PyObject *nonlinear(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    call_t c = {0};
    PyObject *dict = NULL;
    memcpy(c.a, nonlinear_arguments, sizeof nonlinear_arguments);
    if (pt_arguments_parse(c.a, N_ARGUMENT, N_POSITIONAL, args, kwargs)) return NULL;
    if (read_call(&c) == 0) {
        dict = PyDict_New();
        if (dict && run_call(&c, dict)) Py_CLEAR(dict);
    }
    pt_arguments_release(c.a, N_ARGUMENT);
    pt_free(c.observations);
    if (c.model) pt_model_free(c.model);
    return dict;
}

#define NONLINEAR_DOC                                                                                        \
    "Filters of a model over a batch of patients; see csrc/kalman/kalman.h.\n\n"                             \
    "z = [states; theta on the estimation scale]. Q (B, nz, nz) is the covariance of noise added to z in a " \
    "unit of time. Errors: additive and log-additive use obs_a, proportional uses obs_b, combined uses "     \
    "both, of a count (4) obs_a is the exposure; student: degrees of freedom of errors with heavy tails. "   \
    "past: values of each delayed state that are estimated with z (0: 32). "                                 \
    "lower, upper (nz,) bound z after each update. method is one of NONLINEAR_METHODS. Returns a dict of "   \
    "arrays: mean (B, nz), cov (B, nz, nz) at "                                                              \
    "end, loglike, status, failed_at, rejected (B,), predicted, predicted_var, latent_var (N,) on the "      \
    "noise scale, use (N,) int8: 0 missing, 1 used, 2 gated, 3 not reached, 4 used with a larger error "     \
    "(robust); with particles effective (N,); with trace filtered_mean, filtered_cov (2: the means alone), " \
    "with smooth "                                                                                           \
    "smoothed_mean, smoothed_cov (N, nz[, "                                                                  \
    "nz]); with keep state (B, size), from which a later call goes on: give it as state, with the same "     \
    "schedule, start and params, and later observations."

PyMethodDef pt_nonlinear_methods[] = {
    PT_KEYWORDS("nonlinear", nonlinear, NONLINEAR_DOC),
    {NULL, NULL, 0, NULL},
};

/* NONLINEAR_METHODS */
int pt_nonlinear_add_names(PyObject *module)
{
    int n = 0;
    while (pt_nonlinear_name(n)) n++;
    PyObject *names = PyTuple_New(n);
    for (int k = 0; names && k < n; k++) {
        PyObject *name = PyUnicode_FromString(pt_nonlinear_name(k));
        if (!name || PyTuple_SetItem(names, k, name)) Py_CLEAR(names);
    }
    const int failed = !names || PyModule_AddObjectRef(module, "NONLINEAR_METHODS", names);
    Py_XDECREF(names);
    return failed ? -1 : 0;
}
