/* Shared by the files that make _core.Model. */
#ifndef PT_BINDING_MODEL_H
#define PT_BINDING_MODEL_H

#include "binding/binding.h"

/* The core's model behind a Model object. */
const pt_model *pt_model_of(PyObject *obj);

PyObject *pt_py_initial(PyObject *self, PyObject *params);
PyObject *pt_py_rate(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *pt_py_output(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *pt_py_jvp(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *pt_py_pattern(PyObject *self, PyObject *unused);
PyObject *pt_py_simulate(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *pt_py_steady(PyObject *self, PyObject *args, PyObject *kwargs);

#endif
