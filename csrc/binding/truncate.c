/* _core.truncate: moments of Gaussians inside a box. pytwin/kalman/bounds.py brings arrays into this form. */
#include <string.h>

#include "binding/arguments.h"

enum { MEAN, COV, LOWER, UPPER, THREADS, N_ARGUMENT };

static const pt_argument truncate_arguments[N_ARGUMENT] = {
    [MEAN] = {.name = "mean", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}},
    [COV] = {.name = "cov", .type = NPY_DOUBLE, .ndim = 3, .dims = {-1, -1, -1}},
    [LOWER] = {.name = "lower", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}},
    [UPPER] = {.name = "upper", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}},
    [THREADS] = {.name = "threads", .kind = PT_INTEGER, .optional = 1, .integer = 1},
};

static int check(const pt_argument *a)
{
    const npy_intp N = pt_length(a + MEAN), n = PyArray_DIM(a[MEAN].array, 1);
    int fits = pt_length(a + COV) == N && n > 0 && pt_length(a + LOWER) == pt_length(a + UPPER);
    fits = fits && (pt_length(a + LOWER) == N || pt_length(a + LOWER) == 1);
    fits = fits && PyArray_DIM(a[COV].array, 1) == n && PyArray_DIM(a[COV].array, 2) == n;
    fits = fits && PyArray_DIM(a[LOWER].array, 1) == n && PyArray_DIM(a[UPPER].array, 1) == n;
    if (!fits) pt_raise_input("bad-shape", "mean, cov, lower and upper do not fit together");
    return fits ? 0 : -1;
}

static int run(const pt_argument *a, PyObject *dict)
{
    const npy_intp N = pt_length(a + MEAN), n = PyArray_DIM(a[MEAN].array, 1), dims[] = {N, n, n};
    double *mean = pt_new_doubles(dict, "mean", 2, dims);
    double *cov = mean ? pt_new_doubles(dict, "cov", 3, dims) : NULL;
    if (!cov) return -1;
    memcpy(mean, pt_doubles(a[MEAN].array), (size_t)(N * n) * sizeof *mean);
    memcpy(cov, pt_doubles(a[COV].array), (size_t)(N * n * n) * sizeof *cov);
    pt_run call;
    pt_run_begin(&call, (int)a[THREADS].integer, NULL);
    pt_status status = pt_truncate(N, (int)n, pt_doubles(a[LOWER].array), pt_doubles(a[UPPER].array),
                                   pt_length(a + LOWER) > 1 ? n : 0, mean, cov, &call.control);
    return pt_run_end(&call, status, "truncate");
}

static PyObject *truncate(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    pt_argument a[N_ARGUMENT];
    memcpy(a, truncate_arguments, sizeof a);
    PyObject *dict = NULL;
    if (pt_arguments_parse(a, N_ARGUMENT, 4, args, kwargs)) return NULL;
    if (pt_arguments_read(a, N_ARGUMENT) == 0 && check(a) == 0) {
        dict = PyDict_New();
        if (dict && run(a, dict)) Py_CLEAR(dict);
    }
    pt_arguments_release(a, N_ARGUMENT);
    return dict;
}

PyMethodDef pt_truncate_methods[] = {
    PT_KEYWORDS("truncate", truncate,
                "truncate(mean, cov, lower, upper, *, threads=1): dict of mean (N, n) and cov (N, n, n) of "
                "N(mean, cov) in the box of lower and upper (1|N, n); see csrc/kalman/truncate.h."),
    {NULL, NULL, 0, NULL},
};
