/* Binding functions with many arguments: one table of them, parsed, read and released together; and new
 * arrays that go straight into the dictionary that is returned. */
#ifndef PT_BINDING_ARGUMENTS_H
#define PT_BINDING_ARGUMENTS_H

#include "binding/binding.h"

typedef enum { PT_ARRAY, PT_RECORDS, PT_REAL, PT_INTEGER, PT_OBJECT } pt_argument_kind;

/* One argument. The table that a function keeps says what is wanted; a copy of it takes what was given. */
typedef struct {
    const char *name;
    int type, ndim, optional;
    npy_intp dims[4]; /* -1: any length */
    pt_argument_kind kind;
    PyArray_Descr *(*dtype)(void); /* PT_RECORDS: a new reference to the layout of a record */
    double real;                   /* PT_REAL: the default, then the value */
    long long integer;             /* PT_INTEGER */
    PyObject *given;               /* borrowed; NULL or None: left out */
    PyArrayObject *array;          /* PT_ARRAY, PT_RECORDS */
} pt_argument;

/* arguments[k].given from a call; the first n_positional may be given by position. 0, or -1 with a TypeError
 * that names the argument. */
int pt_arguments_parse(pt_argument *arguments, int n, int n_positional, PyObject *args, PyObject *kwargs);
/* Values and arrays of what is given. 0, or -1 with an exception; pt_arguments_release in either case. */
int pt_arguments_read(pt_argument *arguments, int n);
void pt_arguments_release(pt_argument *arguments, int n);

static inline int pt_is_given(const pt_argument *a) { return a->given && a->given != Py_None; }
static inline npy_intp pt_length(const pt_argument *a) { return a->array ? PyArray_DIM(a->array, 0) : 0; }

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
