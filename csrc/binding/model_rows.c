/* A model's equations on rows: initial, rate, output, jvp, pattern. */
#include "binding/arguments.h"
#include "binding/model.h"

/* Arguments t, x, p, xd, pd of one call; each of x .. pd has n rows, or is a single row. */
typedef struct {
    const pt_model *model;
    PyArrayObject *arrays[5];
    npy_intp n;
    int flat; /* single rows were given, so single rows are returned */
} row_call;

enum { T, X, P, XD, PD };

static void release(row_call *c)
{
    for (int k = 0; k < 5; k++) Py_CLEAR(c->arrays[k]);
}

/* obj as (n, width) */
static int read_rows(row_call *c, int k, PyObject *obj, npy_intp width, const char *name)
{
    PyArrayObject *any = (PyArrayObject *)PyArray_FROM_O(obj);
    const int ndim = any ? PyArray_NDIM(any) : 0;
    Py_XDECREF(any);
    if (!any) return -1;
    if (k == X) c->flat = ndim == 1;
    const npy_intp flat_dims[1] = {width}, dims[2] = {k == X ? -1 : c->n, width};
    c->arrays[k] = c->flat ? pt_array_in(obj, NPY_DOUBLE, 1, flat_dims, name)
                           : pt_array_in(obj, NPY_DOUBLE, 2, dims, name);
    if (!c->arrays[k]) return -1;
    if (k == X) c->n = c->flat ? 1 : PyArray_DIM(c->arrays[X], 0);
    return 0;
}

/* t as (n,); a single number counts for all rows */
static int read_times(row_call *c, PyObject *obj)
{
    PyArrayObject *any = (PyArrayObject *)PyArray_FROM_O(obj);
    const int ndim = any ? PyArray_NDIM(any) : 0;
    Py_XDECREF(any);
    if (!any) return -1;
    if (ndim > 0) {
        c->arrays[T] = pt_array_in(obj, NPY_DOUBLE, 1, &c->n, "t");
        return c->arrays[T] ? 0 : -1;
    }
    const double t = PyFloat_AsDouble(obj);
    if (t == -1 && PyErr_Occurred()) return -1;
    c->arrays[T] = pt_array_new(NPY_DOUBLE, 1, &c->n);
    for (npy_intp i = 0; c->arrays[T] && i < c->n; i++) pt_doubles(c->arrays[T])[i] = t;
    return c->arrays[T] ? 0 : -1;
}

static int read_call(row_call *c, PyObject *self, PyObject *t, PyObject *x, PyObject *p)
{
    c->model = pt_model_of(self);
    return read_rows(c, X, x, pt_model_n_state(c->model), "x") ||
           read_rows(c, P, p, pt_model_n_param(c->model), "p") || read_times(c, t);
}

static PyArrayObject *new_rows(const row_call *c, npy_intp width)
{
    return c->flat ? pt_array_new(NPY_DOUBLE, 1, &width)
                   : pt_array_new(NPY_DOUBLE, 2, (npy_intp[]){c->n, width});
}

PyObject *pt_py_initial(PyObject *self, PyObject *params)
{
    const pt_model *model = pt_model_of(self);
    PyArrayObject *p =
        pt_array_in(params, NPY_DOUBLE, 2, (npy_intp[]){-1, pt_model_n_param(model)}, "params");
    if (!p) return NULL;
    const npy_intp n = PyArray_DIM(p, 0);
    PyArrayObject *x = pt_array_new(NPY_DOUBLE, 2, (npy_intp[]){n, pt_model_n_state(model)});
    if (x) pt_model_initial(model, n, pt_doubles(p), pt_doubles(x));
    Py_DECREF(p);
    return (PyObject *)x;
}

static int parse_txp(PyObject *self, PyObject *args, PyObject *kwargs, row_call *c)
{
    static char *keywords[] = {"t", "x", "p", NULL};
    PyObject *t, *x, *p;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOO", keywords, &t, &x, &p)) return -1;
    return read_call(c, self, t, x, p);
}

PyObject *pt_py_rate(PyObject *self, PyObject *args, PyObject *kwargs)
{
    row_call c = {0};
    PyArrayObject *dx = NULL;
    if (parse_txp(self, args, kwargs, &c) == 0) dx = new_rows(&c, pt_model_n_state(c.model));
    if (dx)
        pt_model_rate(c.model, c.n, pt_doubles(c.arrays[T]), pt_doubles(c.arrays[X]), pt_doubles(c.arrays[P]),
                      NULL, pt_doubles(dx));
    release(&c);
    return (PyObject *)dx;
}

PyObject *pt_py_output(PyObject *self, PyObject *args, PyObject *kwargs)
{
    row_call c = {0};
    PyArrayObject *y = NULL;
    if (parse_txp(self, args, kwargs, &c) == 0) y = new_rows(&c, pt_model_n_output(c.model));
    if (y)
        pt_model_output(c.model, c.n, pt_doubles(c.arrays[T]), pt_doubles(c.arrays[X]),
                        pt_doubles(c.arrays[P]), pt_doubles(y));
    release(&c);
    return (PyObject *)y;
}

PyObject *pt_py_jvp(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"t", "x", "p", "xd", "pd", NULL};
    PyObject *t, *x, *p, *xd, *pd, *result = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOOO", keywords, &t, &x, &p, &xd, &pd)) return NULL;
    row_call c = {0};
    const int failed = read_call(&c, self, t, x, p) ||
                       read_rows(&c, XD, xd, pt_model_n_state(c.model), "xd") ||
                       read_rows(&c, PD, pd, pt_model_n_param(c.model), "pd");
    PyArrayObject *ddx = failed ? NULL : new_rows(&c, pt_model_n_state(c.model));
    PyArrayObject *dy = ddx ? new_rows(&c, pt_model_n_output(c.model)) : NULL;
    if (dy) {
        pt_model_jvp(c.model, c.n, pt_doubles(c.arrays[T]), pt_doubles(c.arrays[X]), pt_doubles(c.arrays[P]),
                     pt_doubles(c.arrays[XD]), pt_doubles(c.arrays[PD]), pt_doubles(ddx), pt_doubles(dy));
        result = PyTuple_Pack(2, ddx, dy);
    }
    Py_XDECREF(ddx);
    Py_XDECREF(dy);
    release(&c);
    return result;
}

PyObject *pt_py_pattern(PyObject *self, PyObject *unused)
{
    (void)unused;
    const pt_model *model = pt_model_of(self);
    const npy_intp width = pt_model_n_state(model) + pt_model_n_param(model);
    PyArrayObject *f = pt_array_new(NPY_INT8, 2, (npy_intp[]){pt_model_n_state(model), width});
    PyArrayObject *h = f ? pt_array_new(NPY_INT8, 2, (npy_intp[]){pt_model_n_output(model), width}) : NULL;
    if (h) pt_model_pattern(model, pt_int8s(f), pt_int8s(h));
    PyObject *result = h ? PyTuple_Pack(2, f, h) : NULL;
    Py_XDECREF(f);
    Py_XDECREF(h);
    return result;
}
