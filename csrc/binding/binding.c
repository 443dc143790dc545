/* Arrays, exceptions and the released GIL: see binding.h. */
#include "binding/binding.h"

#include "linalg/library.h"

#include <stdarg.h>
#include <time.h>

#define POLL_SECONDS 0.05

/* ---- exceptions: those of pytwin/errors.py, looked up only when one is raised ---- */

static void raise_pytwin(const char *type, PyObject *code, PyObject *message, const char *place)
{
    PyObject *errors = PyImport_ImportModule("pytwin.errors");
    PyObject *cls = errors ? PyObject_GetAttrString(errors, type) : NULL;
    PyObject *args = cls && code && message ? Py_BuildValue("(OO)", code, message) : NULL;
    PyObject *kwargs = args ? Py_BuildValue("{s:s}", "place", place) : NULL;
    PyObject *error = kwargs ? PyObject_Call(cls, args, kwargs) : NULL;
    if (error) PyErr_SetObject(cls, error);
    Py_XDECREF(error);
    Py_XDECREF(kwargs);
    Py_XDECREF(args);
    Py_XDECREF(cls);
    Py_XDECREF(errors);
}

PyObject *pt_raise_input(const char *code, const char *format, ...)
{
    va_list list;
    va_start(list, format);
    PyObject *message = PyUnicode_FromFormatV(format, list);
    va_end(list);
    PyObject *full = PyUnicode_FromFormat("core.%s", code);
    raise_pytwin("InputError", full, message, "");
    Py_XDECREF(message);
    Py_XDECREF(full);
    return NULL;
}

/* "STEP_LIMIT" -> "core.step-limit" */
static PyObject *status_code(pt_status status)
{
    char text[64] = "core.";
    const char *name = pt_status_name(status);
    size_t n = 5;
    for (; *name && n < sizeof text - 1; name++, n++)
        text[n] = *name == '_' ? '-' : (char)(*name >= 'A' && *name <= 'Z' ? *name + 32 : *name);
    text[n] = 0;
    return PyUnicode_FromString(text);
}

static const char *exception_of(pt_status status)
{
    switch (status) {
    case PT_BAD_ARGUMENT:
    case PT_BAD_SHAPE:
    case PT_NOT_FINITE:
    case PT_UNKNOWN_NAME:
    case PT_UNSORTED:
        return "InputError";
    default:
        return "ComputationError";
    }
}

PyObject *pt_raise_status(pt_status status, const char *place)
{
    if (status == PT_NO_MEMORY) return PyErr_NoMemory();
    PyObject *code = status_code(status);
    PyObject *message = PyUnicode_FromString(pt_status_message(status));
    raise_pytwin(exception_of(status), code, message, place ? place : "");
    Py_XDECREF(code);
    Py_XDECREF(message);
    return NULL;
}

/* ---- arrays ---- */

static int check_dims(PyArrayObject *a, int ndim, const npy_intp *dims, const char *name)
{
    if (PyArray_NDIM(a) != ndim) {
        pt_raise_input("bad-shape", "%s has %d dimensions, expected %d", name, PyArray_NDIM(a), ndim);
        return -1;
    }
    for (int i = 0; i < ndim; i++) {
        if (dims[i] < 0 || PyArray_DIM(a, i) == dims[i]) continue;
        pt_raise_input("bad-shape", "%s has length %zd on axis %d, expected %zd", name,
                       (Py_ssize_t)PyArray_DIM(a, i), i, (Py_ssize_t)dims[i]);
        return -1;
    }
    return 0;
}

PyArrayObject *pt_array_in(PyObject *obj, int type, int ndim, const npy_intp *dims, const char *name)
{
    PyArray_Descr *descr = PyArray_DescrFromType(type);
    if (!descr) return NULL;
    int flags = NPY_ARRAY_IN_ARRAY | NPY_ARRAY_NOTSWAPPED;
    PyArrayObject *a = (PyArrayObject *)PyArray_FromAny(obj, descr, 0, 0, flags, NULL);
    if (!a) {
        if (PyErr_ExceptionMatches(PyExc_MemoryError)) return NULL;
        PyErr_Clear();
        pt_raise_input("bad-argument", "%s can't be read as an array of the expected type", name);
        return NULL;
    }
    if (check_dims(a, ndim, dims, name)) {
        Py_DECREF(a);
        return NULL;
    }
    return a;
}

int pt_array_optional(PyObject *obj, int type, int ndim, const npy_intp *dims, const char *name,
                      PyArrayObject **out)
{
    *out = NULL;
    if (!obj || obj == Py_None) return 0;
    *out = pt_array_in(obj, type, ndim, dims, name);
    return *out ? 0 : -1;
}

PyArrayObject *pt_array_new(int type, int ndim, const npy_intp *dims)
{
    return (PyArrayObject *)PyArray_ZEROS(ndim, dims, type, 0);
}

PyArrayObject *pt_array_unset(int type, int ndim, const npy_intp *dims)
{
    return (PyArrayObject *)PyArray_EMPTY(ndim, dims, type, 0);
}

int pt_dict_steal(PyObject *dict, const char *key, PyObject *value)
{
    if (!value) return -1;
    int failed = PyDict_SetItemString(dict, key, value);
    Py_DECREF(value);
    return failed;
}

/* ---- running without the GIL ---- */

static double monotonic_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static int poll_signals(void *context)
{
    pt_run *run = context;
    if (run->interrupted) return 1;
    double now = monotonic_seconds();
    if (now < run->next_poll) return 0;
    run->next_poll = now + POLL_SECONDS;
    PyEval_RestoreThread(run->thread);
    run->interrupted = PyErr_CheckSignals() != 0;
    run->thread = PyEval_SaveThread();
    return run->interrupted;
}

/* Called after each poll; shares its rhythm because next_poll has just been moved. */
static void call_progress(void *context, double share)
{
    pt_run *run = context;
    if (run->interrupted) return;
    PyEval_RestoreThread(run->thread);
    PyObject *answer = PyObject_CallFunction(run->progress, "d", share);
    if (!answer) run->interrupted = 1;
    Py_XDECREF(answer);
    run->thread = PyEval_SaveThread();
}

void pt_run_begin(pt_run *run, int n_threads, PyObject *progress)
{
    int wanted = progress && progress != Py_None;
    *run = (pt_run){
        .control = {.n_threads = n_threads < 1 ? 1 : n_threads, .stop = poll_signals, .context = run},
        .progress = wanted ? progress : NULL,
        .next_poll = monotonic_seconds() + POLL_SECONDS,
    };
    if (wanted) run->control.progress = call_progress;
    run->blas_threads = pt_blas_hold();
    run->thread = PyEval_SaveThread();
}

int pt_run_end(pt_run *run, pt_status status, const char *place)
{
    PyEval_RestoreThread(run->thread);
    pt_blas_release(run->blas_threads);
    if (run->interrupted) return -1;
    if (status == PT_OK) return 0;
    pt_raise_status(status, place);
    return -1;
}
