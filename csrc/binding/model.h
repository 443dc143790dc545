/* Shared by the files that make _core.Model. */
#ifndef PT_BINDING_MODEL_H
#define PT_BINDING_MODEL_H

#include "binding/binding.h"

/* The core's model behind a Model object. */
const pt_model *pt_model_of(PyObject *obj);

/* PLAN_DTYPE, the layout of pt_action; a new reference */
PyArray_Descr *pt_plan_dtype(void);
/* obj as a flat array of pt_action; a new reference, or NULL with an exception */
PyArrayObject *pt_actions_in(PyObject *obj, const char *name);

PyObject *pt_py_initial(PyObject *self, PyObject *params);
PyObject *pt_py_rate(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *pt_py_output(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *pt_py_jvp(PyObject *self, PyObject *args, PyObject *kwargs);
PyObject *pt_py_pattern(PyObject *self, PyObject *unused);
PyObject *pt_py_simulate(PyObject *self, PyObject *args, PyObject *kwargs);

#endif
