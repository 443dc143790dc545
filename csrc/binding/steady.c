/* Model.steady_state and Model.periodic of the core: a state that comes back for each row of parameters. */
#include "binding/model.h"
#include "binding/schedules.h"

#include <string.h>

enum {
    PARAMS,
    X0,
    RATE,
    FIXED,
    ACTIONS,
    DOSES,
    IN_ORDER,
    START,
    PERIOD,
    RTOL,
    ATOL,
    ATOLS,
    MAX_STEPS,
    METHOD,
    THREADS,
    PROGRESS,
    N_ARGUMENT
};

static const pt_argument steady_arguments[N_ARGUMENT] = {
    [PARAMS] = {.name = "params", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}},
    [X0] = {.name = "x0", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}, .optional = 1},
    [RATE] = {.name = "rate", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}, .optional = 1},
    [FIXED] = {.name = "fixed", .type = NPY_INT8, .ndim = 1, .dims = {-1}, .optional = 1},
    [ACTIONS] = {.name = "actions", .kind = PT_RECORDS, .dtype = pt_plan_dtype, .optional = 1},
    [DOSES] = {.name = "doses", .kind = PT_RECORDS, .dtype = pt_dose_dtype, .optional = 1},
    [IN_ORDER] = {.name = "in_order", .kind = PT_INTEGER, .optional = 1},
    [START] = {.name = "start", .kind = PT_REAL, .optional = 1},
    [PERIOD] = {.name = "period", .kind = PT_REAL, .optional = 1},
    [RTOL] = {.name = "rtol", .kind = PT_REAL, .optional = 1, .real = 1e-9},
    [ATOL] = {.name = "atol", .kind = PT_REAL, .optional = 1, .real = 1e-11},
    [ATOLS] = {.name = "atols", .type = NPY_DOUBLE, .ndim = 1, .dims = {-1}, .optional = 1},
    [MAX_STEPS] = {.name = "max_steps", .kind = PT_INTEGER, .optional = 1, .integer = 100000},
    [METHOD] = {.name = "method", .kind = PT_INTEGER, .optional = 1, .integer = PT_METHOD_AUTO},
    [THREADS] = {.name = "threads", .kind = PT_INTEGER, .optional = 1, .integer = 1},
    [PROGRESS] = {.name = "progress", .kind = PT_OBJECT, .optional = 1},
};

typedef struct {
    const pt_model *model;
    pt_argument a[N_ARGUMENT];
    pt_schedule schedule;
    pt_steady call;
} call_t;

static void fill(call_t *c)
{
    const pt_argument *a = c->a;
    c->schedule = (pt_schedule){.actions = a[ACTIONS].array ? PyArray_DATA(a[ACTIONS].array) : NULL,
                                .n = pt_length(&a[ACTIONS]),
                                .doses = a[DOSES].array ? PyArray_DATA(a[DOSES].array) : NULL,
                                .n_dose = pt_length(&a[DOSES]),
                                .in_order = a[IN_ORDER].integer != 0};
    c->call = (pt_steady){
        .n = pt_length(&a[PARAMS]),
        .params = pt_doubles(a[PARAMS].array),
        .x0 = pt_doubles(a[X0].array),
        .rate = pt_doubles(a[RATE].array),
        .fixed = pt_int8s(a[FIXED].array),
        .schedule = a[ACTIONS].array ? &c->schedule : NULL,
        .start = a[START].real,
        .period = a[PERIOD].real,
        .options = {.rtol = a[RTOL].real,
                    .atol = a[ATOL].real,
                    .atols = pt_doubles(a[ATOLS].array),
                    .max_steps = a[MAX_STEPS].integer,
                    .method = (int)a[METHOD].integer},
    };
}

static int make_results(call_t *c, PyObject *result)
{
    const npy_intp n = (npy_intp)c->call.n;
    c->call.x = pt_new_doubles(result, "x", 2, (npy_intp[]){n, pt_model_n_state(c->model)});
    if (c->call.x) c->call.residual = pt_new_doubles(result, "residual", 1, &n);
    if (c->call.residual) c->call.status = pt_new_integers(result, "status", NPY_INT32, n);
    return c->call.status ? 0 : -1;
}

static int run_call(call_t *c, const char *what)
{
    pt_run run;
    int64_t bad = -1;
    pt_run_begin(&run, (int)c->a[THREADS].integer, c->a[PROGRESS].given);
    const pt_status done = c->call.schedule ? pt_periodic(c->model, &c->call, &bad, &run.control)
                                            : pt_steady_state(c->model, &c->call, &run.control);
    if (bad >= 0 && done != PT_OK) {
        pt_run_end(&run, PT_OK, what);
        pt_raise_input("bad-argument", "actions[%zd] does not fit in a period of its own: %s",
                       (Py_ssize_t)bad, pt_status_message(done));
        return -1;
    }
    return pt_run_end(&run, done, what);
}

PyObject *pt_py_steady(PyObject *self, PyObject *args, PyObject *kwargs)
{
    call_t c = {.model = pt_model_of(self)};
    memcpy(c.a, steady_arguments, sizeof steady_arguments);
    c.a[PARAMS].dims[1] = pt_model_n_param(c.model);
    c.a[X0].dims[1] = c.a[FIXED].dims[0] = c.a[ATOLS].dims[0] = pt_model_n_state(c.model);
    c.a[RATE].dims[1] = pt_model_n_dose(c.model);
    PyObject *result = NULL;
    if (pt_arguments_parse(c.a, N_ARGUMENT, 1, args, kwargs) == 0 &&
        pt_arguments_read(c.a, N_ARGUMENT) == 0) {
        fill(&c);
        const npy_intp n = (npy_intp)c.call.n;
        if ((c.call.x0 && pt_length(&c.a[X0]) != n) || (c.call.rate && pt_length(&c.a[RATE]) != n))
            pt_raise_input("bad-shape", "x0 and rate have a row for each row of params");
        else
            result = PyDict_New();
        if (result && (make_results(&c, result) || run_call(&c, "Model.steady_state"))) Py_CLEAR(result);
    }
    pt_arguments_release(c.a, N_ARGUMENT);
    return result;
}
