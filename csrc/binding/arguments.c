#include "binding/arguments.h"

#include <string.h>

static pt_argument *find(pt_argument *arguments, int n, PyObject *name)
{
    const char *text = PyUnicode_AsUTF8AndSize(name, NULL);
    for (int k = 0; text && k < n; k++)
        if (strcmp(arguments[k].name, text) == 0) return &arguments[k];
    if (text) PyErr_Format(PyExc_TypeError, "unexpected argument %R", name);
    return NULL;
}

int pt_arguments_parse(pt_argument *arguments, int n, int n_positional, PyObject *args, PyObject *kwargs)
{
    const Py_ssize_t count = PyTuple_Size(args);
    if (count > n_positional) {
        PyErr_Format(PyExc_TypeError, "at most %d arguments by position, found %zd", n_positional, count);
        return -1;
    }
    for (Py_ssize_t k = 0; k < count; k++) arguments[k].given = PyTuple_GetItem(args, k);
    PyObject *key, *value;
    for (Py_ssize_t at = 0; kwargs && PyDict_Next(kwargs, &at, &key, &value);) {
        pt_argument *a = find(arguments, n, key);
        if (a && a->given) PyErr_Format(PyExc_TypeError, "argument '%s' is given twice", a->name);
        if (!a || a->given) return -1;
        a->given = value;
    }
    for (int k = 0; k < n; k++) {
        if (arguments[k].given || arguments[k].optional) continue;
        PyErr_Format(PyExc_TypeError, "argument '%s' is missing", arguments[k].name);
        return -1;
    }
    return 0;
}

static int read_records(pt_argument *a)
{
    PyArray_Descr *dtype = a->dtype();
    if (!dtype) return -1;
    a->array = (PyArrayObject *)PyArray_FromAny(a->given, dtype, 1, 1, NPY_ARRAY_IN_ARRAY, NULL);
    if (a->array) return 0;
    if (PyErr_ExceptionMatches(PyExc_MemoryError)) return -1;
    PyErr_Clear();
    dtype = a->dtype();
    PyObject *names = dtype ? PyObject_GetAttrString((PyObject *)dtype, "names") : NULL;
    if (names) pt_raise_input("bad-argument", "%s can't be read as a flat array of %R", a->name, names);
    Py_XDECREF(names);
    Py_XDECREF(dtype);
    return -1;
}

static int read_value(pt_argument *a)
{
    switch (a->kind) {
    case PT_ARRAY:
        a->array = pt_array_in(a->given, a->type, a->ndim, a->dims, a->name);
        return a->array ? 0 : -1;
    case PT_RECORDS:
        return read_records(a);
    case PT_REAL:
        a->real = PyFloat_AsDouble(a->given);
        return a->real == -1 && PyErr_Occurred() ? -1 : 0;
    case PT_INTEGER:
        a->integer = PyLong_AsLongLong(a->given);
        return a->integer == -1 && PyErr_Occurred() ? -1 : 0;
    default:
        return 0;
    }
}

int pt_arguments_read(pt_argument *arguments, int n)
{
    for (int k = 0; k < n; k++) {
        pt_argument *a = arguments + k;
        if (a->optional && !pt_is_given(a)) continue;
        if (read_value(a)) return -1;
    }
    return 0;
}

void pt_arguments_release(pt_argument *arguments, int n)
{
    for (int k = 0; k < n; k++) Py_CLEAR(arguments[k].array);
}
