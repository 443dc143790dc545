/* What every binding file shares. A binding function does three things: parse and check, run with the
 * GIL released, wrap:
 *
 *     PyArrayObject *x = pt_array_in(arg, NPY_DOUBLE, 2, (npy_intp[]){-1, n}, "params");
 *     if (!x) return NULL;
 *     pt_run run;
 *     pt_run_begin(&run, threads, progress);
 *     pt_status status = pt_simulate(..., &run.control);
 *     if (pt_run_end(&run, status)) { Py_DECREF(x); return NULL; }
 *
 * The limited API of Python 3.11 is in force (except in free-threaded builds): no PyList_GET_ITEM,
 * PyTuple_GET_SIZE and the like, PyUnicode_AsUTF8AndSize instead of PyUnicode_AsUTF8. */
#ifndef PT_BINDING_BINDING_H
#define PT_BINDING_BINDING_H

#include <stdio.h> /* NumPy's headers use FILE, which the limited API does not bring */

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#define NPY_NO_DEPRECATED_API  NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL pt_numpy_api
#ifndef PT_IMPORT_ARRAY
#define NO_IMPORT_ARRAY
#endif
#include <numpy/arrayobject.h>

#include "pytwin.h"

/* The limited API of 3.11 has these as functions of PyObject *; elsewhere they are macros that cast. */
#ifndef Py_XDECREF
#define Py_INCREF(op)  Py_INCREF((PyObject *)(op))
#define Py_XINCREF(op) Py_XINCREF((PyObject *)(op))
#define Py_XDECREF(op) Py_XDECREF((PyObject *)(op))
#endif

/* obj as a C-contiguous, aligned array of `type`; dims[i] < 0 accepts any length. A new reference, the
 * object itself when it fits already. Raises InputError, naming the argument. */
PyArrayObject *pt_array_in(PyObject *obj, int type, int ndim, const npy_intp *dims, const char *name);
/* The same, but None (or a null pointer) gives *out = NULL. 0, or -1 with an exception. */
int pt_array_optional(PyObject *obj, int type, int ndim, const npy_intp *dims, const char *name,
                      PyArrayObject **out);
/* A new zeroed array. */
PyArrayObject *pt_array_new(int type, int ndim, const npy_intp *dims);
/* The same without zeros, for a kernel that writes every element. */
PyArrayObject *pt_array_unset(int type, int ndim, const npy_intp *dims);

static inline double *pt_doubles(PyArrayObject *a) { return a ? (double *)PyArray_DATA(a) : NULL; }
static inline int32_t *pt_int32s(PyArrayObject *a) { return a ? (int32_t *)PyArray_DATA(a) : NULL; }
static inline int64_t *pt_int64s(PyArrayObject *a) { return a ? (int64_t *)PyArray_DATA(a) : NULL; }
static inline int8_t *pt_int8s(PyArrayObject *a) { return a ? (int8_t *)PyArray_DATA(a) : NULL; }

/* Sets InputError("core.<code>", message formatted as by PyUnicode_FromFormat); returns NULL. */
PyObject *pt_raise_input(const char *code, const char *format, ...);
/* Sets the exception of a status that is not PT_OK; place names what was computed. Returns NULL. */
PyObject *pt_raise_status(pt_status status, const char *place);

/* A computation without the GIL, with Ctrl-C and a progress callback. */
typedef struct {
    pt_control control; /* hand &run.control to the core */
    PyThreadState *thread;
    PyObject *progress; /* borrowed; a callable taking the share done, or NULL */
    double next_poll;   /* monotonic seconds: the GIL is taken at most every 50 ms */
    int interrupted;    /* a Python exception is set */
    int blas_threads;   /* what BLAS gets back at the end */
} pt_run;

/* Releases the GIL. progress may be None or NULL; n_threads < 1 counts as 1. */
void pt_run_begin(pt_run *run, int n_threads, PyObject *progress);
/* Takes the GIL again; 0, or -1 with the exception of the interruption or of the status. */
int pt_run_end(pt_run *run, pt_status status, const char *place);

/* dict[key] = value, stealing value (which may be NULL: then -1). */
int pt_dict_steal(PyObject *dict, const char *key, PyObject *value);

/* PyMethodDef entries without a cast warning. */
#define PT_KEYWORDS(name, function, doc)                                                                     \
    {name, (PyCFunction)(void (*)(void))function, METH_VARARGS | METH_KEYWORDS, doc}

#endif
