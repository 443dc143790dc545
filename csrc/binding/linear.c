/* _core.kalman_filter: linear filter and smoother. pytwin/kalman/arrays.py brings arrays into this form. */
#include <string.h>

#include "binding/arguments.h"

enum { Y, F, H, Q, R, X0, P0, G, C, D, DIFFUSE, LENGTHS, N_ARRAY };

typedef struct {
    pt_argument arrays[N_ARRAY];
    PyObject *outputs, *progress;
    pt_linear_robust robust;
    int path, packed, threads;
    npy_intp S, T, n, m, g;
} linear_arguments;

static const pt_argument linear_arrays[N_ARRAY] = {
    [Y] = {.name = "y", .type = NPY_DOUBLE, .ndim = 3, .dims = {-1, -1, -1}},
    [F] = {.name = "F", .type = NPY_DOUBLE, .ndim = 4, .dims = {-1, -1, -1, -1}},
    [H] = {.name = "H", .type = NPY_DOUBLE, .ndim = 4, .dims = {-1, -1, -1, -1}},
    [Q] = {.name = "Q", .type = NPY_DOUBLE, .ndim = 4, .dims = {-1, -1, -1, -1}},
    [R] = {.name = "R", .type = NPY_DOUBLE, .ndim = 4, .dims = {-1, -1, -1, -1}},
    [X0] = {.name = "x0", .type = NPY_DOUBLE, .ndim = 2, .dims = {-1, -1}},
    [P0] = {.name = "P0", .type = NPY_DOUBLE, .ndim = 3, .dims = {-1, -1, -1}},
    [G] = {.name = "G", .type = NPY_DOUBLE, .ndim = 4, .optional = 1, .dims = {-1, -1, -1, -1}},
    [C] = {.name = "c", .type = NPY_DOUBLE, .ndim = 3, .optional = 1, .dims = {-1, -1, -1}},
    [D] = {.name = "d", .type = NPY_DOUBLE, .ndim = 3, .optional = 1, .dims = {-1, -1, -1}},
    [DIFFUSE] = {.name = "diffuse", .type = NPY_DOUBLE, .ndim = 3, .optional = 1, .dims = {-1, -1, -1}},
    [LENGTHS] = {.name = "lengths", .type = NPY_INT64, .ndim = 1, .optional = 1, .dims = {-1}},
};

static int parse_linear(PyObject *args, PyObject *kwargs, linear_arguments *l)
{
    static char *keywords[] = {"y",       "F",       "H",       "Q",       "R",        "x0",
                               "P0",      "G",       "c",       "d",       "diffuse",  "lengths",
                               "outputs", "path",    "packed",  "threads", "progress", "gate",
                               "student", "adapt_R", "adapt_Q", NULL};
    pt_argument *a = l->arrays;
    memcpy(a, linear_arrays, sizeof linear_arrays);
    l->threads = 1;
    return PyArg_ParseTupleAndKeywords(
               args, kwargs, "OOOOOOO|$OOOOOOipiOdddd", keywords, &a[Y].given, &a[F].given, &a[H].given,
               &a[Q].given, &a[R].given, &a[X0].given, &a[P0].given, &a[G].given, &a[C].given, &a[D].given,
               &a[DIFFUSE].given, &a[LENGTHS].given, &l->outputs, &l->path, &l->packed, &l->threads,
               &l->progress, &l->robust.gate, &l->robust.student, &l->robust.adapt_R, &l->robust.adapt_Q)
               ? 0
               : -1;
}

/* A length must be `full`, or 1 (shared). */
static int check_shared(const pt_argument *a, int axis, npy_intp full)
{
    if (!a->array) return 0;
    npy_intp got = PyArray_DIM(a->array, axis);
    if (got == 1 || got == full) return 0;
    pt_raise_input("bad-shape", "%s has length %zd on axis %d, expected 1 or %zd", a->name, (Py_ssize_t)got,
                   axis, (Py_ssize_t)full);
    return -1;
}

static int check_lengths(const linear_arguments *l)
{
    const int64_t *lengths = pt_int64s(l->arrays[LENGTHS].array);
    for (npy_intp s = 0; lengths && s < l->S; s++) {
        if (lengths[s] >= 1 && lengths[s] <= l->T) continue;
        pt_raise_input("bad-argument", "lengths[%zd] is not between 1 and the number of time steps",
                       (Py_ssize_t)s);
        return -1;
    }
    return 0;
}

/* Shapes in terms of n, m, g, which come from the last axes of x0, y and Q. */
static int check_linear(linear_arguments *l)
{
    pt_argument *a = l->arrays;
    npy_intp n = l->n, m = l->m, g = l->g;
    npy_intp expected[N_ARRAY][2] = {[F] = {n, n},  [H] = {m, n},      [Q] = {g, g}, [R] = {m, m},
                                     [X0] = {n, 0}, [P0] = {n, n},     [G] = {n, g}, [C] = {n, 0},
                                     [D] = {m, 0},  [DIFFUSE] = {n, n}};
    for (int k = F; k <= DIFFUSE; k++) {
        int ndim = a[k].ndim, leading = k == X0 || k == P0 || k == DIFFUSE ? 1 : 2;
        for (int axis = leading; a[k].array && axis < ndim; axis++) {
            npy_intp got = PyArray_DIM(a[k].array, axis), want = expected[k][axis - leading];
            if (got == want) continue;
            pt_raise_input("bad-shape", "%s has length %zd on axis %d, expected %zd", a[k].name,
                           (Py_ssize_t)got, axis - ndim, (Py_ssize_t)want);
            return -1;
        }
        if (check_shared(a + k, 0, l->S) || (leading == 2 && check_shared(a + k, 1, l->T))) return -1;
    }
    if (!a[G].array && g != n) return pt_raise_input("bad-shape", "Q does not have the length of x0"), -1;
    return check_lengths(l);
}

static int read_linear(linear_arguments *l)
{
    if (!l->outputs) return pt_raise_input("bad-argument", "outputs is missing"), -1;
    pt_argument *a = l->arrays;
    if (pt_arguments_read(a, N_ARRAY)) return -1;
    l->S = PyArray_DIM(a[Y].array, 0);
    l->T = PyArray_DIM(a[Y].array, 1);
    l->m = PyArray_DIM(a[Y].array, 2);
    l->n = PyArray_DIM(a[X0].array, 1);
    l->g = PyArray_DIM(a[Q].array, 3);
    if (a[LENGTHS].array && PyArray_DIM(a[LENGTHS].array, 0) != l->S) {
        pt_raise_input("bad-shape", "lengths does not have the number of series");
        return -1;
    }
    if (l->T < 1 || l->m < 1 || l->n < 1 || l->g < 1) {
        pt_raise_input("bad-shape", "y, x0 and Q have no axis of length 0");
        return -1;
    }
    return check_linear(l);
}

static pt_linear_array linear_array(const pt_argument *a)
{
    if (!a->array) return (pt_linear_array){0};
    int timed = a->ndim - (a->ndim == 4 ? 2 : 1) == 2; /* has a time axis */
    if (!strcmp(a->name, "P0") || !strcmp(a->name, "diffuse")) timed = 0;
    npy_intp all = PyArray_SIZE(a->array), S = PyArray_DIM(a->array, 0);
    npy_intp per_series = S ? all / S : 0, T = timed ? PyArray_DIM(a->array, 1) : 1;
    return (pt_linear_array){
        .data = pt_doubles(a->array),
        .by_series = S > 1 ? per_series : 0,
        .by_time = T > 1 ? per_series / T : 0,
    };
}

/* Is the name among the outputs that were asked for? -1: an error. */
static int is_wanted(const linear_arguments *l, const char *name)
{
    PyObject *text = PyUnicode_FromString(name);
    int found = text ? PySequence_Contains(l->outputs, text) : -1;
    Py_XDECREF(text);
    return found;
}

/* An output, of which the core writes every element: for every series or every step of it a vector (rows), a
 * matrix (rows, columns), or a packed matrix. */
typedef struct {
    double **array;
    const char *name;
    int by_step;
    npy_intp rows, columns; /* 0: there is no such axis */
    int symmetric;
} linear_output;

static int new_array(const linear_arguments *l, PyObject *dict, const linear_output *o)
{
    const int wanted = is_wanted(l, o->name);
    if (wanted <= 0) return wanted;
    npy_intp dims[4];
    int ndim = 0;
    dims[ndim++] = l->S;
    if (o->by_step) dims[ndim++] = l->T;
    if (l->packed && o->symmetric)
        dims[ndim++] = o->rows * (o->rows + 1) / 2;
    else {
        if (o->rows) dims[ndim++] = o->rows;
        if (o->columns) dims[ndim++] = o->columns;
    }
    PyArrayObject *array = pt_array_unset(NPY_DOUBLE, ndim, dims);
    if (pt_dict_steal(dict, o->name, (PyObject *)array)) return -1;
    *o->array = pt_doubles(array);
    return 0;
}

/* Does the array vary with the step? */
static int is_timed(const linear_arguments *l, int k)
{
    return l->arrays[k].array && PyArray_DIM(l->arrays[k].array, 1) > 1;
}

static int new_linear_output(const linear_arguments *l, PyObject *dict, pt_linear_output *out)
{
    const npy_intp n = l->n, m = l->m, g = l->g;
    const linear_output list[] = {
        {&out->loglike, "loglike", 0, 0, 0, 0},
        {&out->last_mean, "last_mean", 0, n, 0, 0},
        {&out->last_cov, "last_cov", 0, n, n, 1},
        {&out->loglike_t, "loglike_t", 1, 0, 0, 0},
        {&out->mean, "mean", 1, n, 0, 0},
        {&out->cov, "cov", 1, n, n, 1},
        {&out->predicted_mean, "predicted_mean", 1, n, 0, 0},
        {&out->predicted_cov, "predicted_cov", 1, n, n, 1},
        {&out->innovation, "innovation", 1, m, 0, 0},
        {&out->innovation_cov, "innovation_cov", 1, m, m, 1},
        {&out->weight, "weight", 1, m, 0, 0},
        {&out->noise_scale, "noise_scale", 1, 2, 0, 0},
        {&out->smoothed_mean, "smoothed_mean", 1, n, 0, 0},
        {&out->smoothed_cov, "smoothed_cov", 1, n, n, 1},
        {&out->lag_one_cov, "lag_one_cov", 1, n, n, 0},
        {&out->state_disturbance, "state_disturbance", 1, g, 0, 0},
        {&out->state_disturbance_cov, "state_disturbance_cov", 1, g, g, 1},
        {&out->obs_disturbance, "obs_disturbance", 1, m, 0, 0},
        {&out->obs_disturbance_cov, "obs_disturbance_cov", 1, m, m, 1},
        {&out->gradient.F, "gradient_F", is_timed(l, F), n, n, 0},
        {&out->gradient.H, "gradient_H", is_timed(l, H), m, n, 0},
        {&out->gradient.Q, "gradient_Q", is_timed(l, Q), g, g, 0},
        {&out->gradient.R, "gradient_R", is_timed(l, R), m, m, 0},
        {&out->gradient.G, "gradient_G", is_timed(l, G), n, g, 0},
        {&out->gradient.c, "gradient_c", is_timed(l, C), n, 0, 0},
        {&out->gradient.d, "gradient_d", is_timed(l, D), m, 0, 0},
        {&out->gradient.x0, "gradient_x0", 0, n, 0, 0},
        {&out->gradient.P0, "gradient_P0", 0, n, n, 0},
    };
    for (size_t k = 0; k < sizeof list / sizeof *list; k++)
        if (new_array(l, dict, list + k)) return -1;
    out->packed = l->packed;
    out->status = pt_new_integers(dict, "status", NPY_INT32, l->S);
    out->failed_at = pt_new_integers(dict, "failed_at", NPY_INT64, l->S);
    out->failed_in = pt_new_integers(dict, "failed_in", NPY_INT32, l->S);
    if (!out->status || !out->failed_at || !out->failed_in) return -1;
    if (!l->arrays[DIFFUSE].array) return 0;
    out->diffuse_count = pt_new_integers(dict, "diffuse_count", NPY_INT64, l->S);
    out->diffuse_steps = pt_new_integers(dict, "diffuse_steps", NPY_INT64, l->S);
    out->diffuse_left = pt_new_integers(dict, "diffuse_left", NPY_INT64, l->S);
    return out->diffuse_count && out->diffuse_steps && out->diffuse_left ? 0 : -1;
}

static int run_linear(linear_arguments *l, PyObject *dict)
{
    pt_linear_output out = {0};
    if (new_linear_output(l, dict, &out)) return -1;
    const pt_argument *a = l->arrays;
    pt_linear_input in = {
        .n_series = l->S,
        .n_time = l->T,
        .n = (int)l->n,
        .m = (int)l->m,
        .g = (int)l->g,
        .y = pt_doubles(a[Y].array),
        .lengths = pt_int64s(a[LENGTHS].array),
        .F = linear_array(a + F),
        .H = linear_array(a + H),
        .Q = linear_array(a + Q),
        .R = linear_array(a + R),
        .G = linear_array(a + G),
        .c = linear_array(a + C),
        .d = linear_array(a + D),
        .x0 = linear_array(a + X0),
        .P0 = linear_array(a + P0),
        .robust = l->robust,
        .diffuse = linear_array(a + DIFFUSE),
    };
    pt_run run;
    pt_run_begin(&run, l->threads, l->progress);
    pt_status status = pt_linear(&in, &out, l->path, &run.control);
    if (pt_run_end(&run, status, "kalman_filter")) return -1;
    const int taken = pt_linear_path(&in, &out, l->path);
    const char *path = taken == 4 ? "square-root" : taken == 2 ? "blas" : "lanes";
    return pt_dict_steal(dict, "path", PyUnicode_FromString(path));
}

static PyObject *kalman_filter(PyObject *module, PyObject *args, PyObject *kwargs)
{
    (void)module;
    linear_arguments l = {0};
    PyObject *dict = NULL;
    if (parse_linear(args, kwargs, &l)) return NULL;
    if (read_linear(&l) == 0) {
        dict = PyDict_New();
        if (dict && run_linear(&l, dict)) Py_CLEAR(dict);
    }
    pt_arguments_release(l.arrays, N_ARRAY);
    return dict;
}

#define LINEAR_DOC                                                                                           \
    "Linear filter (and smoother, where an output asks for it) of S series; see "                            \
    "csrc/kalman/kalman.h.\n\ny (S, T, m); F, H, Q, R, G (1|S, 1|T, rows, columns); c, d (1|S, 1|T, "        \
    "length); "                                                                                              \
    "x0 (1|S, n); P0, diffuse (1|S, n, n); lengths (S,). outputs: a tuple of names. path: 0 by size, 1 "     \
    "lanes, 2 "                                                                                              \
    "BLAS, 4 square roots. packed: covariances as lower triangles. "                                         \
    "Returns a dict of the outputs with status, failed_at, failed_in (S,) and the path that ran."

PyMethodDef pt_linear_methods[] = {
    PT_KEYWORDS("kalman_filter", kalman_filter, LINEAR_DOC),
    {NULL, NULL, 0, NULL},
};
