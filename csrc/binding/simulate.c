/* Model.simulate: many lanes in one call of pt_simulate, outputs written straight into NumPy's arrays. */
#include "binding/model.h"
#include "binding/schedules.h"

#include <string.h>

/* In the order of positional arguments; from DOSES on by keyword. */
enum {
    PARAMS,
    X0,
    START,
    ACTIONS,
    OFFSETS,
    TIMES,
    SUBJECT,
    PLAN,
    OUTPUTS,
    DOSES,
    DOSE_OFFSETS,
    TRIGGERS,
    TRIGGER_OFFSETS,
    KEPT,
    METHOD,
    STEP,
    FIRST,
    N_ROW,
    IN_ORDER,
    RTOL,
    ATOL,
    ATOLS,
    STEP_FIRST,
    STEP_MAX,
    MAX_STEPS,
    HISTORY,
    DIRECTIONS,
    SENSITIVITY_ERROR,
    SEED,
    PATIENT,
    DRAW,
    REFINE,
    THREADS,
    PROGRESS,
    N_ARGUMENT,
    N_POSITIONAL = DOSES
};

static const pt_argument simulate_arguments[N_ARGUMENT] = {
    [PARAMS] = {.name = "params", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}},
    [X0] = {.name = "x0", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}, .optional = 1},
    [START] = {.name = "start", .kind = PT_REAL},
    [ACTIONS] = {.name = "actions", .kind = PT_RECORDS, .dtype = pt_plan_dtype},
    [OFFSETS] = {.name = "offsets", .type = NPY_INT64, .ndim = 1, .dims = {-1}},
    [TIMES] = {.name = "times", .type = NPY_DOUBLE, .ndim = 1, .dims = {-1}},
    [SUBJECT] = {.name = "subject", .type = NPY_INT64, .ndim = 1, .dims = {-1}, .optional = 1},
    [PLAN] = {.name = "plan", .type = NPY_INT64, .ndim = 1, .dims = {-1}, .optional = 1},
    [OUTPUTS] = {.name = "outputs", .type = NPY_INT32, .ndim = 1, .dims = {-1}, .optional = 1},
    [DOSES] = {.name = "doses", .kind = PT_RECORDS, .dtype = pt_dose_dtype, .optional = 1},
    [DOSE_OFFSETS] = {.name = "dose_offsets", .type = NPY_INT64, .ndim = 1, .dims = {-1}, .optional = 1},
    [TRIGGERS] = {.name = "triggers", .kind = PT_RECORDS, .dtype = pt_trigger_dtype, .optional = 1},
    [TRIGGER_OFFSETS] =
        {.name = "trigger_offsets", .type = NPY_INT64, .ndim = 1, .dims = {-1}, .optional = 1},
    [KEPT] = {.name = "kept", .kind = PT_INTEGER, .optional = 1, .integer = 64},
    [METHOD] = {.name = "method", .kind = PT_INTEGER, .optional = 1, .integer = PT_METHOD_AUTO},
    [STEP] = {.name = "step", .kind = PT_REAL, .optional = 1},
    [FIRST] = {.name = "first", .type = NPY_INT64, .ndim = 1, .dims = {-1}, .optional = 1},
    [N_ROW] = {.name = "n_row", .kind = PT_INTEGER, .optional = 1},
    [IN_ORDER] = {.name = "in_order", .kind = PT_INTEGER, .optional = 1},
    [RTOL] = {.name = "rtol", .kind = PT_REAL, .optional = 1, .real = 1e-6},
    [ATOL] = {.name = "atol", .kind = PT_REAL, .optional = 1, .real = 1e-9},
    [ATOLS] = {.name = "atols", .type = NPY_DOUBLE, .ndim = 1, .dims = {-1}, .optional = 1},
    [STEP_FIRST] = {.name = "step_first", .kind = PT_REAL, .optional = 1},
    [STEP_MAX] = {.name = "step_max", .kind = PT_REAL, .optional = 1},
    [MAX_STEPS] = {.name = "max_steps", .kind = PT_INTEGER, .optional = 1, .integer = 100000},
    [DIRECTIONS] = {.name = "directions", .type = NPY_INT32, .ndim = 1, .dims = {-1}, .optional = 1},
    [SENSITIVITY_ERROR] = {.name = "sensitivity_error", .kind = PT_INTEGER, .optional = 1},
    [SEED] = {.name = "seed", .kind = PT_INTEGER, .optional = 1},
    [PATIENT] = {.name = "patient", .type = NPY_INT64, .ndim = 1, .dims = {-1}, .optional = 1},
    [DRAW] = {.name = "draw", .type = NPY_INT64, .ndim = 1, .dims = {-1}, .optional = 1},
    [REFINE] = {.name = "refine", .kind = PT_INTEGER, .optional = 1},
    [HISTORY] = {.name = "history", .kind = PT_INTEGER, .optional = 1},
    [THREADS] = {.name = "threads", .kind = PT_INTEGER, .optional = 1, .integer = 1},
    [PROGRESS] = {.name = "progress", .kind = PT_OBJECT, .optional = 1},
};

typedef struct {
    const pt_model *model;
    pt_argument a[N_ARGUMENT];
    int32_t *every; /* indices of all outputs, where none are named */
    pt_schedule *plans;
    pt_simulation call;
} call_t;

/* ---- checks ---- */

static int fail_length(const pt_argument *a, npy_intp expected)
{
    pt_raise_input("bad-shape", "%s has %zd rows, expected %zd", a->name, (Py_ssize_t)pt_length(a),
                   (Py_ssize_t)expected);
    return -1;
}

/* Lengths that depend on each other. */
static int check_lengths(call_t *c)
{
    const pt_argument *a = c->a, *const per_lane[] = {&a[PLAN], &a[PATIENT], &a[DRAW]};
    pt_simulation *call = &c->call;
    call->n_subject = pt_length(&a[PARAMS]);
    call->n_plan = pt_length(&a[OFFSETS]) - 1;
    call->n_time = pt_length(&a[TIMES]);
    const int has_subject = a[SUBJECT].array != NULL, has_plan = a[PLAN].array != NULL;
    call->n_lane = has_subject ? pt_length(&a[SUBJECT]) : has_plan ? pt_length(&a[PLAN]) : call->n_subject;
    if (a[X0].array && pt_length(&a[X0]) != call->n_subject) return fail_length(&a[X0], call->n_subject);
    for (int k = 0; k < 3; k++)
        if (per_lane[k]->array && pt_length(per_lane[k]) != call->n_lane)
            return fail_length(per_lane[k], call->n_lane);
    if (!has_subject && call->n_lane != call->n_subject) return fail_length(&a[PARAMS], call->n_lane);
    if (call->n_plan < 1) {
        pt_raise_input("bad-shape",
                       "offsets needs at least two entries: where each plan begins, and the end");
        return -1;
    }
    return 0;
}

static int check_range(const pt_argument *a, npy_intp limit)
{
    for (npy_intp i = 0; i < pt_length(a); i++) {
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
    const double *times = pt_doubles(c->a[TIMES].array), start = c->a[START].real;
    double last = start;
    if (start - start != 0) {
        pt_raise_input("not-finite", "start is not a finite number");
        return -1;
    }
    for (npy_intp i = 0; i < c->call.n_time; i++) {
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

/* ---- what the call needs beside the arrays that were given ---- */

static int set_options(call_t *c)
{
    const pt_argument *a = c->a;
    pt_ode_options *o = &c->call.options;
    *o = (pt_ode_options){.rtol = a[RTOL].real,
                          .atol = a[ATOL].real,
                          .atols = pt_doubles(a[ATOLS].array),
                          .max_steps = a[MAX_STEPS].integer,
                          .history = a[HISTORY].integer,
                          .method = (int)a[METHOD].integer,
                          .step = a[STEP].real,
                          .step_first = a[STEP_FIRST].real,
                          .step_max = a[STEP_MAX].real,
                          .sensitivity_error = (int)a[SENSITIVITY_ERROR].integer,
                          .refine = (int)a[REFINE].integer};
    if (!(o->rtol >= 1e-14 && o->atol > 0 && o->max_steps > 0)) {
        pt_raise_input("bad-argument", "rtol is at least 1e-14, atol and max_steps are positive");
        return -1;
    }
    if (!(o->step >= 0 && o->step_first >= 0 && o->step_max >= 0)) {
        pt_raise_input("bad-argument", "step, step_first and step_max are not negative");
        return -1;
    }
    if (a[KEPT].integer < 0 || o->history < 0) {
        pt_raise_input("bad-argument", "%s is negative", o->history < 0 ? "history" : "kept");
        return -1;
    }
    for (npy_intp i = 0; i < pt_length(&a[ATOLS]); i++) {
        if (o->atols[i] > 0) continue;
        pt_raise_input("bad-argument", "atols[%zd] is not positive", (Py_ssize_t)i);
        return -1;
    }
    return 0;
}

static int slice_plans(call_t *c)
{
    const pt_table actions = {&c->a[ACTIONS], &c->a[OFFSETS]}, doses = {&c->a[DOSES], &c->a[DOSE_OFFSETS]};
    const pt_table triggers = {&c->a[TRIGGERS], &c->a[TRIGGER_OFFSETS]};
    c->plans = pt_alloc((size_t)c->call.n_plan * sizeof *c->plans);
    if (!c->plans) {
        PyErr_NoMemory();
        return -1;
    }
    for (int64_t i = 0; i < c->call.n_plan; i++) c->plans[i].in_order = c->a[IN_ORDER].integer != 0;
    return pt_schedules_slice(c->model, &actions, &doses, &triggers, c->call.n_plan, c->plans);
}

/* The rows of y that each lane writes lie in it. */
static int check_rows(const call_t *c)
{
    const pt_argument *a = c->a;
    const int64_t *first = pt_int64s(a[FIRST].array), *plan = pt_int64s(a[PLAN].array);
    if (!first) return 0;
    if (pt_length(&a[FIRST]) != c->call.n_lane) return fail_length(&a[FIRST], c->call.n_lane);
    for (int64_t l = 0; l < c->call.n_lane; l++) {
        const pt_schedule *schedule = &c->plans[plan ? plan[l] : 0];
        for (int64_t i = 0; i < schedule->n; i++) {
            const int64_t row = first[l] + schedule->actions[i].index;
            if (schedule->actions[i].kind != PT_ACTION_OBSERVE || (first[l] >= 0 && row < a[N_ROW].integer))
                continue;
            pt_raise_input("bad-argument", "first[%zd] leads beyond the %zd rows", (Py_ssize_t)l,
                           (Py_ssize_t)a[N_ROW].integer);
            return -1;
        }
    }
    return 0;
}

static int choose_outputs(call_t *c)
{
    const int n = pt_model_n_output(c->model);
    if (c->a[OUTPUTS].array) {
        c->call.n_out = (int)pt_length(&c->a[OUTPUTS]);
        return check_range(&c->a[OUTPUTS], n + pt_model_n_state(c->model));
    }
    c->call.n_out = n;
    c->every = pt_alloc((size_t)n * sizeof *c->every);
    for (int i = 0; c->every && i < n; i++) c->every[i] = i;
    if (!c->every) PyErr_NoMemory();
    return c->every ? 0 : -1;
}

static void point(call_t *c)
{
    const pt_argument *a = c->a;
    pt_simulation *call = &c->call;
    call->subject = pt_int64s(a[SUBJECT].array);
    call->plan = pt_int64s(a[PLAN].array);
    call->params = pt_doubles(a[PARAMS].array);
    call->x0 = pt_doubles(a[X0].array);
    call->start = a[START].real;
    call->first = pt_int64s(a[FIRST].array);
    call->plans = c->plans;
    call->times = pt_doubles(a[TIMES].array);
    call->outputs = c->every ? c->every : pt_int32s(a[OUTPUTS].array);
    call->n_direction = (int)pt_length(&a[DIRECTIONS]);
    call->directions = pt_int32s(a[DIRECTIONS].array);
    call->seed = (uint64_t)a[SEED].integer;
    call->patient = pt_int64s(a[PATIENT].array);
    call->draw = pt_int64s(a[DRAW].array);
}

/* ---- the call ---- */

static int make_derivatives(pt_simulation *call, npy_intp n_state, npy_intp n_row, PyObject *result)
{
    const npy_intp n = call->n_lane, n_direction = call->n_direction;
    const npy_intp by_time[] = {n, call->n_time, call->n_out, n_direction};
    const npy_intp by_row[] = {n_row, call->n_out, n_direction}, n_value = n_row * call->n_out * n_direction;
    call->dy =
        call->first ? pt_new_doubles(result, "dy", 3, by_row) : pt_new_doubles(result, "dy", 4, by_time);
    for (npy_intp i = 0; call->dy && call->first && i < n_value; i++) call->dy[i] = Py_NAN;
    if (call->dy) call->dx_end = pt_new_doubles(result, "dx_end", 3, (npy_intp[]){n, n_state, n_direction});
    return call->dx_end ? 0 : -1;
}

/* When which triggers fired, where there are any. */
static int make_firings(call_t *c, PyObject *result)
{
    pt_simulation *call = &c->call;
    call->n_kept = c->a[KEPT].integer;
    if (!pt_model_n_trigger(c->model) && !pt_length(&c->a[TRIGGERS])) return 0;
    npy_intp dims[2] = {call->n_lane, call->n_kept};
    call->fired_time = pt_new_doubles(result, "fired_time", 2, dims);
    PyArrayObject *which = call->fired_time ? pt_array_new(NPY_INT32, 2, dims) : NULL;
    if (!which || pt_dict_steal(result, "fired_trigger", (PyObject *)which)) return -1;
    call->fired_trigger = PyArray_DATA(which);
    call->n_fired = pt_new_integers(result, "n_fired", NPY_INT64, call->n_lane);
    return call->n_fired ? 0 : -1;
}

static int make_results(call_t *c, PyObject *result)
{
    pt_simulation *call = &c->call;
    const npy_intp n = call->n_lane;
    const npy_intp n_row = (npy_intp)c->a[N_ROW].integer;
    call->y = call->first ? pt_new_doubles(result, "y", 2, (npy_intp[]){n_row, call->n_out})
                          : pt_new_doubles(result, "y", 3, (npy_intp[]){n, call->n_time, call->n_out});
    for (npy_intp i = 0; call->y && call->first && i < n_row * call->n_out; i++) call->y[i] = Py_NAN;
    if (call->y)
        call->x_end = pt_new_doubles(result, "x_end", 2, (npy_intp[]){n, pt_model_n_state(c->model)});
    if (call->x_end) call->status = pt_new_integers(result, "status", NPY_INT32, n);
    if (call->status) call->stop = pt_new_doubles(result, "stop", 1, &n);
    if (!call->stop || make_firings(c, result)) return -1;
    return call->n_direction ? make_derivatives(call, pt_model_n_state(c->model), n_row, result) : 0;
}

static PyObject *run_call(call_t *c)
{
    PyObject *result = PyDict_New();
    if (!result || make_results(c, result)) {
        Py_XDECREF(result);
        return NULL;
    }
    pt_run run;
    pt_run_begin(&run, (int)c->a[THREADS].integer, c->a[PROGRESS].given);
    const pt_status done = pt_simulate(c->model, &c->call, &run.control);
    if (pt_run_end(&run, done, "Model.simulate")) Py_CLEAR(result);
    return result;
}

static int prepare(call_t *c)
{
    if (pt_arguments_read(c->a, N_ARGUMENT) || check_lengths(c)) return -1;
    if (check_range(&c->a[SUBJECT], c->call.n_subject) || check_range(&c->a[PLAN], c->call.n_plan)) return -1;
    if (check_range(&c->a[DIRECTIONS], pt_model_n_param(c->model) + pt_model_n_state(c->model))) return -1;
    if (check_range(&c->a[DRAW], (npy_intp)1 << 32)) return -1;
    if (check_times(c) || set_options(c) || slice_plans(c) || check_rows(c)) return -1;
    if (choose_outputs(c)) return -1;
    point(c);
    return 0;
}

PyObject *pt_py_simulate(PyObject *self, PyObject *args, PyObject *kwargs)
{
    call_t c = {.model = pt_model_of(self)};
    memcpy(c.a, simulate_arguments, sizeof simulate_arguments);
    c.a[PARAMS].dims[1] = pt_model_n_param(c.model);
    c.a[X0].dims[1] = c.a[ATOLS].dims[0] = pt_model_n_state(c.model);
    PyObject *result = NULL;
    if (pt_arguments_parse(c.a, N_ARGUMENT, N_POSITIONAL, args, kwargs) == 0 && prepare(&c) == 0)
        result = run_call(&c);
    pt_arguments_release(c.a, N_ARGUMENT);
    pt_free(c.plans);
    pt_free(c.every);
    return result;
}
