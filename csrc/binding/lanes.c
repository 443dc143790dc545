/* Lane maths, random numbers and small matrices as Python sees them. */
#include "binding/binding.h"

/* A new array with the shape of a */
static PyArrayObject *like(PyArrayObject *a)
{
    return pt_array_new(NPY_DOUBLE, PyArray_NDIM(a), PyArray_DIMS(a));
}

static PyArrayObject *flat_in(PyObject *obj, const char *name)
{
    return pt_array_in(obj, NPY_DOUBLE, 1, (npy_intp[]){-1}, name);
}

/* result if the computation succeeded, else NULL with an exception; drops the inputs */
static PyObject *finish(pt_run *run, pt_status status, const char *place, PyObject *result, PyArrayObject *a,
                        PyArrayObject *b)
{
    int failed = pt_run_end(run, status, place);
    Py_XDECREF(a);
    Py_XDECREF(b);
    if (!failed) return result;
    Py_XDECREF(result);
    return NULL;
}

static PyObject *lanes_apply(PyObject *module, PyObject *args)
{
    (void)module;
    const char *name;
    PyObject *a_obj, *b_obj = NULL;
    PyArrayObject *b;
    if (!PyArg_ParseTuple(args, "sO|O", &name, &a_obj, &b_obj)) return NULL;
    PyArrayObject *a = flat_in(a_obj, "a");
    if (!a) return NULL;
    PyArrayObject *y = like(a);
    if (!y || pt_array_optional(b_obj, NPY_DOUBLE, 1, PyArray_DIMS(a), "b", &b)) {
        Py_XDECREF(y);
        Py_DECREF(a);
        return NULL;
    }
    pt_run run;
    pt_run_begin(&run, 1, NULL);
    pt_status status = pt_lanes_apply(name, PyArray_SIZE(a), pt_doubles(a), pt_doubles(b), pt_doubles(y));
    return finish(&run, status, "lanes_apply", (PyObject *)y, a, b);
}

static PyObject *philox(PyObject *module, PyObject *args)
{
    (void)module;
    unsigned long long seed;
    unsigned int purpose;
    long long patient, draw, step;
    Py_ssize_t n;
    if (!PyArg_ParseTuple(args, "KILLLn", &seed, &purpose, &patient, &draw, &step, &n)) return NULL;
    if (n < 0) return pt_raise_input("bad-argument", "n is negative");
    PyArrayObject *words = pt_array_new(NPY_UINT32, 1, (npy_intp[]){n});
    if (!words) return NULL;
    pt_run run;
    pt_run_begin(&run, 1, NULL);
    pt_status status = pt_philox(seed, purpose, patient, draw, step, n, PyArray_DATA(words));
    return finish(&run, status, "philox", (PyObject *)words, NULL, NULL);
}

typedef pt_status (*stream_function)(uint64_t, uint32_t, int64_t, const int64_t *, int64_t, int64_t,
                                     double *);

static PyObject *stream(PyObject *args, const char *place, stream_function function)
{
    unsigned long long seed;
    unsigned int purpose;
    PyObject *patients_obj;
    Py_ssize_t draws, n;
    if (!PyArg_ParseTuple(args, "KIOnn", &seed, &purpose, &patients_obj, &draws, &n)) return NULL;
    if (draws < 0 || n < 0) return pt_raise_input("bad-argument", "draws or n is negative");
    PyArrayObject *patients = pt_array_in(patients_obj, NPY_INT64, 1, (npy_intp[]){-1}, "patients");
    if (!patients) return NULL;
    PyArrayObject *out = pt_array_new(NPY_DOUBLE, 3, (npy_intp[]){PyArray_DIM(patients, 0), draws, n});
    if (!out) {
        Py_DECREF(patients);
        return NULL;
    }
    pt_run run;
    pt_run_begin(&run, 1, NULL);
    pt_status status =
        function(seed, purpose, PyArray_SIZE(patients), pt_int64s(patients), draws, n, pt_doubles(out));
    return finish(&run, status, place, (PyObject *)out, patients, NULL);
}

static PyObject *uniforms(PyObject *module, PyObject *args)
{
    (void)module;
    return stream(args, "uniforms", pt_uniforms);
}

static PyObject *normals(PyObject *module, PyObject *args)
{
    (void)module;
    return stream(args, "normals", pt_normals);
}

/* obj as (batch, n, n) */
static PyArrayObject *square_in(PyObject *obj, const char *name)
{
    PyArrayObject *a = pt_array_in(obj, NPY_DOUBLE, 3, (npy_intp[]){-1, -1, -1}, name);
    if (!a || PyArray_DIM(a, 1) == PyArray_DIM(a, 2)) return a;
    pt_raise_input("bad-shape", "%s is not square", name);
    Py_DECREF(a);
    return NULL;
}

static PyObject *expm(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *K_obj, *t_obj;
    if (!PyArg_ParseTuple(args, "OO", &K_obj, &t_obj)) return NULL;
    PyArrayObject *K = square_in(K_obj, "K");
    PyArrayObject *t = K ? pt_array_in(t_obj, NPY_DOUBLE, 1, PyArray_DIMS(K), "t") : NULL;
    PyArrayObject *E = t ? like(K) : NULL;
    if (!E) {
        Py_XDECREF(K);
        Py_XDECREF(t);
        return NULL;
    }
    pt_run run;
    pt_run_begin(&run, 1, NULL);
    int n = (int)PyArray_DIM(K, 1);
    pt_status status = pt_expm_batch(PyArray_DIM(K, 0), n, pt_doubles(K), pt_doubles(t), pt_doubles(E));
    return finish(&run, status, "expm", (PyObject *)E, K, t);
}

/* (L, good) of A (batch, n, n) */
static PyObject *cholesky_small(PyObject *module, PyObject *A_obj)
{
    (void)module;
    PyArrayObject *A = square_in(A_obj, "A");
    if (!A) return NULL;
    PyArrayObject *L = like(A);
    PyArrayObject *good = L ? pt_array_new(NPY_INT8, 1, PyArray_DIMS(A)) : NULL;
    PyObject *pair = good ? PyTuple_Pack(2, L, good) : NULL;
    int8_t *good_data = good ? pt_int8s(good) : NULL;
    double *L_data = pt_doubles(L);
    Py_XDECREF(L);
    Py_XDECREF(good);
    if (!pair) {
        Py_DECREF(A);
        return NULL;
    }
    pt_run run;
    pt_run_begin(&run, 1, NULL);
    int n = (int)PyArray_DIM(A, 1);
    pt_status status = pt_cholesky_batch(PyArray_DIM(A, 0), n, pt_doubles(A), L_data, good_data);
    return finish(&run, status, "cholesky_small", pair, A, NULL);
}

static PyObject *cholesky_solve_small(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *L_obj, *B_obj;
    if (!PyArg_ParseTuple(args, "OO", &L_obj, &B_obj)) return NULL;
    PyArrayObject *L = square_in(L_obj, "L");
    if (!L) return NULL;
    npy_intp dims[] = {PyArray_DIM(L, 0), PyArray_DIM(L, 1), -1};
    PyArrayObject *B = pt_array_in(B_obj, NPY_DOUBLE, 3, dims, "B");
    PyArrayObject *X = B ? like(B) : NULL;
    if (!X) {
        Py_DECREF(L);
        Py_XDECREF(B);
        return NULL;
    }
    pt_run run;
    pt_run_begin(&run, 1, NULL);
    int n = (int)PyArray_DIM(B, 1), m = (int)PyArray_DIM(B, 2);
    pt_status status =
        pt_cholesky_solve_batch(PyArray_DIM(L, 0), n, m, pt_doubles(L), pt_doubles(B), pt_doubles(X));
    return finish(&run, status, "cholesky_solve_small", (PyObject *)X, L, B);
}

PyMethodDef pt_lanes_methods[] = {
    {"lanes_apply", lanes_apply, METH_VARARGS, "lanes_apply(name, a, b=None): y[i] = name(a[i], b[i])."},
    {"philox", philox, METH_VARARGS, "philox(seed, purpose, patient, draw, step, n): n words of 32 bits."},
    {"uniforms", uniforms, METH_VARARGS,
     "uniforms(seed, purpose, patients, draws, n): (S, draws, n) in the open interval (0, 1)."},
    {"normals", normals, METH_VARARGS,
     "normals(seed, purpose, patients, draws, n): (S, draws, n) standard normals."},
    {"expm", expm, METH_VARARGS, "expm(K, t): exp(K[i] t[i]) of a batch of small matrices."},
    {"cholesky_small", cholesky_small, METH_O, "cholesky_small(A): (L, good), A semi-definite."},
    {"cholesky_solve_small", cholesky_solve_small, METH_VARARGS,
     "cholesky_solve_small(L, B): X with L L' X = B."},
    {NULL, NULL, 0, NULL},
};

/* PURPOSE: name -> number */
int pt_lanes_add_types(PyObject *module)
{
    PyObject *table = PyDict_New();
    if (!table) return -1;
    int failed = 0;
#define PT_ADD_PURPOSE(name, number) failed = failed || pt_dict_steal(table, #name, PyLong_FromLong(number));
    PT_PURPOSE_LIST(PT_ADD_PURPOSE)
    failed = failed || PyModule_AddObjectRef(module, "PURPOSE", table);
    Py_DECREF(table);
    return failed ? -1 : 0;
}
