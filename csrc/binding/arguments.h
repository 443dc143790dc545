/* Binding functions with many arrays: one table of arguments, read and released together; and new arrays
 * that go straight into the dictionary that is returned. */
#ifndef PT_BINDING_ARGUMENTS_H
#define PT_BINDING_ARGUMENTS_H

#include <stdio.h>

#include "binding/binding.h"

typedef struct {
    const char *name;
    int type, ndim, optional;
    npy_intp dims[4]; /* -1: any length */
    PyObject *given;
    PyArrayObject *array;
} pt_argument;

static inline int pt_arguments_read(pt_argument *arguments, int n)
{
    for (int k = 0; k < n; k++) {
        pt_argument *a = arguments + k;
        if (a->optional && (!a->given || a->given == Py_None)) continue;
        a->array = pt_array_in(a->given, a->type, a->ndim, a->dims, a->name);
        if (!a->array) return -1;
    }
    return 0;
}

static inline void pt_arguments_release(pt_argument *arguments, int n)
{
    for (int k = 0; k < n; k++) Py_CLEAR(arguments[k].array);
}

/* A new array of doubles in the dictionary, NULL on failure; the dictionary owns it. */
static inline double *pt_new_doubles(PyObject *dict, const char *name, int ndim, const npy_intp *dims)
{
    PyArrayObject *a = pt_array_new(NPY_DOUBLE, ndim, dims);
    return pt_dict_steal(dict, name, (PyObject *)a) ? NULL : pt_doubles(a);
}

static inline void *pt_new_integers(PyObject *dict, const char *name, int type, npy_intp n)
{
    PyArrayObject *a = pt_array_new(type, 1, &n);
    return pt_dict_steal(dict, name, (PyObject *)a) ? NULL : PyArray_DATA(a);
}

#endif
