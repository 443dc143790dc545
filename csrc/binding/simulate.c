/* Model.simulate: many lanes in one call of pt_simulate, outputs written straight into NumPy's arrays. */
#include "binding/arguments.h"
#include "binding/model.h"

PyArray_Descr *pt_plan_dtype(void)
{
    PyObject *fields =
        Py_BuildValue("[(ss)(ss)(ss)(ss)]", "time", "f8", "kind", "i4", "index", "i4", "value", "f8");
    PyArray_Descr *descr = NULL;
    if (fields && !PyArray_DescrConverter(fields, &descr)) descr = NULL;
    Py_XDECREF(fields);
    return descr;
}

PyArrayObject *pt_actions_in(PyObject *obj, const char *name)
{
    PyArray_Descr *descr = pt_plan_dtype();
    if (!descr) return NULL;
    PyArrayObject *a = (PyArrayObject *)PyArray_FromAny(obj, descr, 1, 1, NPY_ARRAY_IN_ARRAY, NULL);
    if (a || PyErr_ExceptionMatches(PyExc_MemoryError)) return a;
    PyErr_Clear();
    pt_raise_input("bad-argument",
                   "%s can't be read as a flat array of PLAN_DTYPE (time, kind, index, value)", name);
    return NULL;
}

enum { PARAMS, X0, OFFSETS, TIMES, SUBJECT, PLAN, OUTPUTS, N_ARRAY };

typedef struct {
    const pt_model *model;
    pt_argument arrays[N_ARRAY];
    PyObject *actions_object, *progress;
    PyArrayObject *actions;
    int32_t *every; /* indices of all outputs, where none are named */
    pt_schedule *plans;
    double start;
    npy_intp n_subject, n_plan, n_lane, n_time, n_out;
    pt_ode_options options;
    int threads;
} call_t;

static int parse(PyObject *args, PyObject *kwargs, call_t *c)
{
    static char *keywords[] = {"params", "x0",        "start",   "actions",  "offsets",
                               "times",  "subject",   "plan",    "outputs",  "rtol",
                               "atol",   "max_steps", "threads", "progress", NULL};
    pt_argument *a = c->arrays;
    long long max_steps = 100000;
    c->options = (pt_ode_options){.rtol = 1e-6, .atol = 1e-9};
    c->threads = 1;
    if (!PyArg_ParseTupleAndKeywords(
            args, kwargs, "OOdOOO|OOO$ddLiO", keywords, &a[PARAMS].given, &a[X0].given, &c->start,
            &c->actions_object, &a[OFFSETS].given, &a[TIMES].given, &a[SUBJECT].given, &a[PLAN].given,
            &a[OUTPUTS].given, &c->options.rtol, &c->options.atol, &max_steps, &c->threads, &c->progress))
        return -1;
    c->options.max_steps = max_steps;
    return 0;
}

static int read_arrays(call_t *c)
{
    const npy_intp np = pt_model_n_param(c->model), nx = pt_model_n_state(c->model);
    const pt_argument table[N_ARRAY] = {
        [PARAMS] = {"params", NPY_DOUBLE, 2, 0, {-1, np}, NULL, NULL},
        [X0] = {"x0", NPY_DOUBLE, 2, 1, {-1, nx}, NULL, NULL},
        [OFFSETS] = {"offsets", NPY_INT64, 1, 0, {-1}, NULL, NULL},
        [TIMES] = {"times", NPY_DOUBLE, 1, 0, {-1}, NULL, NULL},
        [SUBJECT] = {"subject", NPY_INT64, 1, 1, {-1}, NULL, NULL},
        [PLAN] = {"plan", NPY_INT64, 1, 1, {-1}, NULL, NULL},
        [OUTPUTS] = {"outputs", NPY_INT32, 1, 1, {-1}, NULL, NULL},
    };
    for (int k = 0; k < N_ARRAY; k++) {
        PyObject *given = c->arrays[k].given;
        c->arrays[k] = table[k];
        c->arrays[k].given = given;
    }
    if (pt_arguments_read(c->arrays, N_ARRAY)) return -1;
    c->actions = pt_actions_in(c->actions_object, "actions");
    return c->actions ? 0 : -1;
}

static npy_intp length(const call_t *c, int k) { return PyArray_DIM(c->arrays[k].array, 0); }

static int fail_length(const char *name, npy_intp found, npy_intp expected)
{
    pt_raise_input("bad-shape", "%s has %zd rows, expected %zd", name, (Py_ssize_t)found,
                   (Py_ssize_t)expected);
    return -1;
}

/* Lengths that depend on each other. */
static int check_lengths(call_t *c)
{
    c->n_subject = length(c, PARAMS);
    c->n_plan = length(c, OFFSETS) - 1;
    c->n_time = length(c, TIMES);
    const int has_subject = c->arrays[SUBJECT].array != NULL, has_plan = c->arrays[PLAN].array != NULL;
    c->n_lane = has_subject ? length(c, SUBJECT) : has_plan ? length(c, PLAN) : c->n_subject;
    if (c->arrays[X0].array && length(c, X0) != c->n_subject)
        return fail_length("x0", length(c, X0), c->n_subject);
    if (has_plan && length(c, PLAN) != c->n_lane) return fail_length("plan", length(c, PLAN), c->n_lane);
    if (!has_subject && c->n_lane != c->n_subject) return fail_length("params", c->n_subject, c->n_lane);
    if (c->n_plan < 1) {
        pt_raise_input("bad-shape",
                       "offsets needs at least two entries: where each plan begins, and the end");
        return -1;
    }
    return 0;
}

static int check_range(const pt_argument *a, npy_intp limit)
{
    if (!a->array) return 0;
    for (npy_intp i = 0; i < PyArray_DIM(a->array, 0); i++) {
        const int64_t v = a->type == NPY_INT32 ? pt_int32s(a->array)[i] : pt_int64s(a->array)[i];
        if (v >= 0 && v < limit) continue;
        pt_raise_input("bad-argument", "%s[%zd] is outside 0 .. %zd", a->name, (Py_ssize_t)i,
                       (Py_ssize_t)limit - 1);
        return -1;
    }
    return 0;
}

static int check_times(const call_t *c)
{
    const double *times = pt_doubles(c->arrays[TIMES].array);
    double last = c->start;
    if (c->start - c->start != 0) {
        pt_raise_input("not-finite", "start is not a finite number");
        return -1;
    }
    for (npy_intp i = 0; i < c->n_time; i++) {
        if (times[i] >= last && times[i] - times[i] == 0) {
            last = times[i];
            continue;
        }
        pt_raise_input("unsorted", "times[%zd] is before %s, or not finite", (Py_ssize_t)i,
                       i ? "the one before" : "start");
        return -1;
    }
    return 0;
}

/* The plans as slices of the actions, each checked. */
static int slice_plans(call_t *c)
{
    const int64_t *offsets = pt_int64s(c->arrays[OFFSETS].array);
    const int64_t total = PyArray_DIM(c->actions, 0);
    const pt_action *actions = PyArray_DATA(c->actions);
    c->plans = pt_alloc((size_t)c->n_plan * sizeof *c->plans);
    if (!c->plans) {
        PyErr_NoMemory();
        return -1;
    }
    for (npy_intp i = 0; i < c->n_plan; i++) {
        if (offsets[i] < 0 || offsets[i + 1] < offsets[i] || offsets[i + 1] > total) {
            pt_raise_input("bad-argument", "offsets[%zd] does not ascend within the actions",
                           (Py_ssize_t)i + 1);
            return -1;
        }
        c->plans[i] = (pt_schedule){.actions = actions + offsets[i], .n = offsets[i + 1] - offsets[i]};
        int64_t bad = 0;
        const pt_status status = pt_schedule_check(c->model, &c->plans[i], &bad);
        if (status == PT_OK) continue;
        pt_raise_input(status == PT_UNSORTED ? "unsorted" : "bad-argument", "actions[%zd] of plan %zd: %s",
                       (Py_ssize_t)(offsets[i] + bad), (Py_ssize_t)i, pt_status_message(status));
        return -1;
    }
    return 0;
}

static int choose_outputs(call_t *c)
{
    const int n = pt_model_n_output(c->model);
    if (c->arrays[OUTPUTS].array) {
        c->n_out = length(c, OUTPUTS);
        return check_range(&c->arrays[OUTPUTS], n);
    }
    c->n_out = n;
    c->every = pt_alloc((size_t)n * sizeof *c->every);
    for (int i = 0; c->every && i < n; i++) c->every[i] = i;
    if (!c->every) PyErr_NoMemory();
    return c->every ? 0 : -1;
}

static int check_options(const call_t *c)
{
    if (c->options.rtol >= 1e-14 && c->options.atol > 0 && c->options.max_steps > 0) return 0;
    pt_raise_input("bad-argument", "rtol is at least 1e-14, atol and max_steps are positive");
    return -1;
}

static PyObject *run_call(call_t *c)
{
    PyObject *result = PyDict_New();
    if (!result) return NULL;
    double *y = pt_new_doubles(result, "y", 3, (npy_intp[]){c->n_lane, c->n_time, c->n_out});
    double *x_end =
        y ? pt_new_doubles(result, "x_end", 2, (npy_intp[]){c->n_lane, pt_model_n_state(c->model)}) : NULL;
    int32_t *status = x_end ? pt_new_integers(result, "status", NPY_INT32, c->n_lane) : NULL;
    double *stop = status ? pt_new_doubles(result, "stop", 1, &c->n_lane) : NULL;
    if (!stop) {
        Py_DECREF(result);
        return NULL;
    }
    pt_run run;
    pt_run_begin(&run, c->threads, c->progress);
    const pt_simulation call = {
        .n_lane = c->n_lane,
        .n_subject = c->n_subject,
        .n_plan = c->n_plan,
        .n_time = c->n_time,
        .n_out = (int)c->n_out,
        .subject = pt_int64s(c->arrays[SUBJECT].array),
        .plan = pt_int64s(c->arrays[PLAN].array),
        .params = pt_doubles(c->arrays[PARAMS].array),
        .x0 = pt_doubles(c->arrays[X0].array),
        .start = c->start,
        .plans = c->plans,
        .times = pt_doubles(c->arrays[TIMES].array),
        .outputs = c->every ? c->every : pt_int32s(c->arrays[OUTPUTS].array),
        .y = y,
        .x_end = x_end,
        .status = status,
        .stop = stop,
        .options = c->options,
    };
    const pt_status done = pt_simulate(c->model, &call, &run.control);
    if (pt_run_end(&run, done, "Model.simulate")) Py_CLEAR(result);
    return result;
}

PyObject *pt_py_simulate(PyObject *self, PyObject *args, PyObject *kwargs)
{
    call_t c = {.model = pt_model_of(self)};
    PyObject *result = NULL;
    if (parse(args, kwargs, &c) == 0) {
        if (read_arrays(&c) == 0 && check_lengths(&c) == 0 &&
            check_range(&c.arrays[SUBJECT], c.n_subject) == 0 &&
            check_range(&c.arrays[PLAN], c.n_plan) == 0 && check_times(&c) == 0 && check_options(&c) == 0 &&
            slice_plans(&c) == 0 && choose_outputs(&c) == 0)
            result = run_call(&c);
        pt_arguments_release(c.arrays, N_ARRAY);
    }
    Py_XDECREF(c.actions);
    pt_free(c.plans);
    pt_free(c.every);
    return result;
}
