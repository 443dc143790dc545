/* _core.discretise, _core.riccati: what a linear model becomes before it is filtered. */
#include <string.h>

#include "binding/arguments.h"

enum { A, Q, T, C, N_ARRAY };

static const pt_argument gap_arrays[N_ARRAY] = {
    [A] = {.name = "A", .type = NPY_DOUBLE, .ndim = 3, .dims = {-1, -1, -1}},
    [Q] = {.name = "Q", .type = NPY_DOUBLE, .ndim = 3, .dims = {-1, -1, -1}},
    [T] = {.name = "t", .type = NPY_DOUBLE, .ndim = 1, .dims = {-1}},
    [C] = {.name = "c", .type = NPY_DOUBLE, .ndim = 2, .optional = 1, .dims = {-1, -1}},
};

/* A length of 1 or N in front, n behind */
static int check_gaps(const pt_argument *a)
{
    const npy_intp n = PyArray_DIM(a[A].array, 1), N = pt_length(a + T);
    if (n < 1) return pt_raise_input("bad-shape", "A has an axis of length 0"), -1;
    for (int k = 0; k < N_ARRAY; k++) {
        if (k == T || !a[k].array) continue;
        const npy_intp lead = pt_length(a + k);
        int fits = lead == 1 || lead == N;
        for (int axis = 1; axis < a[k].ndim; axis++) fits = fits && PyArray_DIM(a[k].array, axis) == n;
        if (!fits) return pt_raise_input("bad-shape", "%s does not have the shape of A and t", a[k].name), -1;
    }
    return 0;
}

static int64_t apart(const pt_argument *a, npy_intp size) { return pt_length(a) > 1 ? size : 0; }

static int run_gaps(const pt_argument *a, PyObject *dict)
{
    const npy_intp n = PyArray_DIM(a[A].array, 1), N = pt_length(a + T), dims[] = {N, n, n};
    double *F = pt_new_doubles(dict, "F", 3, dims);
    double *noise = F ? pt_new_doubles(dict, "Q", 3, dims) : NULL;
    double *w = noise && a[C].array ? pt_new_doubles(dict, "c", 2, dims) : NULL;
    if (!noise || (a[C].array && !w)) return -1;
    pt_run run;
    pt_run_begin(&run, 1, NULL);
    pt_status status = pt_discretise_batch(
        N, (int)n, pt_doubles(a[A].array), apart(a + A, n * n), pt_doubles(a[Q].array), apart(a + Q, n * n),
        pt_doubles(a[C].array), apart(a + C, n), pt_doubles(a[T].array), F, noise, w);
    return pt_run_end(&run, status, "discretise");
}

static PyObject *discretise(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    pt_argument a[N_ARRAY];
    memcpy(a, gap_arrays, sizeof a);
    PyObject *dict = NULL;
    if (pt_arguments_parse(a, N_ARRAY, N_ARRAY, args, kwargs)) return NULL;
    if (pt_arguments_read(a, N_ARRAY) == 0 && check_gaps(a) == 0) {
        dict = PyDict_New();
        if (dict && run_gaps(a, dict)) Py_CLEAR(dict);
    }
    pt_arguments_release(a, N_ARRAY);
    return dict;
}

/* ---- riccati ---- */

enum { RF, RH, RQ, RR, RS, N_RICCATI };

static const pt_argument riccati_arrays[N_RICCATI] = {
    [RF] = {.name = "F", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}},
    [RH] = {.name = "H", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}},
    [RQ] = {.name = "Q", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}},
    [RR] = {.name = "R", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}},
    [RS] = {.name = "S", .type = NPY_DOUBLE, .ndim = 2, .optional = 1, .dims = {-1, -1}},
};

static int check_riccati(const pt_argument *a)
{
    const npy_intp m = pt_length(a + RH), n = pt_length(a + RF);
    const npy_intp expected[N_RICCATI][2] = {
        [RF] = {n, n}, [RH] = {m, n}, [RQ] = {n, n}, [RR] = {m, m}, [RS] = {n, m}};
    if (n < 1 || m < 1) return pt_raise_input("bad-shape", "F and H have no axis of length 0"), -1;
    for (int k = 0; k < N_RICCATI; k++)
        for (int axis = 0; a[k].array && axis < 2; axis++)
            if (PyArray_DIM(a[k].array, axis) != expected[k][axis])
                return pt_raise_input("bad-shape", "%s does not have the shape of F and H", a[k].name), -1;
    return 0;
}

static PyObject *riccati(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    pt_argument a[N_RICCATI];
    memcpy(a, riccati_arrays, sizeof a);
    PyArrayObject *P = NULL;
    if (pt_arguments_parse(a, N_RICCATI, N_RICCATI, args, kwargs)) return NULL;
    if (pt_arguments_read(a, N_RICCATI) == 0 && check_riccati(a) == 0) {
        const npy_intp n = pt_length(a + RF), m = pt_length(a + RH), dims[] = {n, n};
        P = pt_array_new(NPY_DOUBLE, 2, dims);
        pt_run run;
        pt_run_begin(&run, 1, NULL);
        pt_status status = P ? pt_riccati((int)n, (int)m, pt_doubles(a[RF].array), pt_doubles(a[RH].array),
                                          pt_doubles(a[RQ].array), pt_doubles(a[RR].array),
                                          pt_doubles(a[RS].array), pt_doubles(P))
                             : PT_NO_MEMORY;
        if (pt_run_end(&run, status, "steady_state")) Py_CLEAR(P);
    }
    pt_arguments_release(a, N_RICCATI);
    return (PyObject *)P;
}

PyMethodDef pt_linear_model_methods[] = {
    PT_KEYWORDS("riccati", riccati,
                "riccati(F, H, Q, R, S=None): the predicted covariance (n, n) at which a constant model "
                "comes to rest."),
    PT_KEYWORDS(
        "discretise", discretise,
        "discretise(A, Q, t, c=None): dict of F, Q and c over gaps t (N,); A, Q (1|N, n, n), c (1|N, n)."),
    {NULL, NULL, 0, NULL},
};
