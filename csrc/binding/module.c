/* The extension module of one level: multi-phase init, tables of the other binding files, no globals of
 * its own. Each binding file exports a null-terminated PyMethodDef table and, where it has types, a
 * function that adds them; both are named here and nowhere else. */
#define PT_IMPORT_ARRAY
#include "binding/binding.h"

#include "linalg/library.h"

#define PT_JOIN_(a, b) a##b
#define PT_JOIN(a, b)  PT_JOIN_(a, b)

/* ---- one entry for each binding file: X(pt_lanes_methods) X(pt_model_methods) ... ---- */
#define PT_METHOD_TABLES(X)                                                                                  \
    X(pt_lanes_methods)                                                                                      \
    X(pt_linear_methods)                                                                                     \
    X(pt_truncate_methods) X(pt_linear_model_methods) X(pt_model_methods) X(pt_nonlinear_methods)
#define PT_TYPE_ADDERS(X) X(pt_lanes_add_types) X(pt_model_add_types) X(pt_nonlinear_add_names)

#define PT_DECLARE_METHODS(table) extern PyMethodDef table[];
#define PT_DECLARE_ADDER(adder)   int adder(PyObject *module);
PT_METHOD_TABLES(PT_DECLARE_METHODS)
PT_TYPE_ADDERS(PT_DECLARE_ADDER)

static PyObject *alloc_fail_at(PyObject *module, PyObject *nth)
{
    (void)module;
    long long n = PyLong_AsLongLong(nth);
    if (n == -1 && PyErr_Occurred()) return NULL;
    pt_alloc_fail_at(n);
    Py_RETURN_NONE;
}

static PyObject *alloc_live(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return PyLong_FromLongLong(pt_alloc_live());
}

static PyObject *blas_info(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    return Py_BuildValue("{s:s,s:s,s:i}", "config", pt_blas_config(), "kernel", pt_blas_kernel(), "threads",
                         pt_blas_threads());
}

static PyMethodDef own_methods[] = {
    {"_alloc_fail_at", alloc_fail_at, METH_O, "Tests: the nth allocation from now on fails; 0: none does."},
    {"_alloc_live", alloc_live, METH_NOARGS, "Tests: blocks that the core holds."},
    {"blas_info", blas_info, METH_NOARGS, "The BLAS library in use: config, kernel and threads."},
    {NULL, NULL, 0, NULL},
};

/* STATUS: name -> (code, message) */
static PyObject *status_table(void)
{
    PyObject *table = PyDict_New();
    for (int i = 0; table && i < PT_N_STATUS; i++) {
        PyObject *entry = Py_BuildValue("(is)", i, pt_status_message((pt_status)i));
        if (pt_dict_steal(table, pt_status_name((pt_status)i), entry)) Py_CLEAR(table);
    }
    return table;
}

static PyObject *build_table(void)
{
    return Py_BuildValue("{s:s,s:s,s:s,s:s}", "version", PT_VERSION, "level", PT_LEVEL, "kind", PT_BUILD,
                         "compiler", __VERSION__);
}

static int add_steal(PyObject *module, const char *name, PyObject *value)
{
    if (!value) return -1;
    int failed = PyModule_AddObjectRef(module, name, value);
    Py_DECREF(value);
    return failed;
}

static int exec_module(PyObject *module)
{
    import_array1(-1);
    if (add_steal(module, "STATUS", status_table())) return -1;
    if (add_steal(module, "BUILD", build_table())) return -1;
#define PT_ADD_METHODS(table)                                                                                \
    if (PyModule_AddFunctions(module, table)) return -1;
    PT_METHOD_TABLES(PT_ADD_METHODS)
#define PT_ADD_TYPES(adder)                                                                                  \
    if (adder(module)) return -1;
    PT_TYPE_ADDERS(PT_ADD_TYPES)
    return 0;
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)exec_module},
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    .m_name = "pytwin._core",
    .m_doc = "The C core of pytwin, built for one processor level.",
    .m_methods = own_methods,
    .m_slots = slots,
};

PyMODINIT_FUNC PT_JOIN(PyInit_, PT_MODULE)(void) { return PyModuleDef_Init(&definition); }
