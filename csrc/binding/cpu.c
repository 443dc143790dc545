/* pytwin._cpu: what this processor (and operating system) can do. Compiled for the baseline of the
 * family, because it runs before a level is chosen. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#if defined(__x86_64__)
#include <cpuid.h>

static int add(PyObject *set, const char *name, int present)
{
    if (!present) return 0;
    PyObject *text = PyUnicode_FromString(name);
    int failed = !text || PySet_Add(set, text);
    Py_XDECREF(text);
    return failed;
}

/* The compiler's own test, which also asks whether the system saves the registers. */
static int add_vector_features(PyObject *set)
{
    __builtin_cpu_init();
#define ASK(name) add(set, name, __builtin_cpu_supports(name))
    return ASK("sse3") || ASK("ssse3") || ASK("sse4.1") || ASK("sse4.2") || ASK("popcnt") || ASK("avx") ||
           ASK("avx2") || ASK("fma") || ASK("bmi") || ASK("bmi2") || ASK("avx512f") || ASK("avx512bw") ||
           ASK("avx512cd") || ASK("avx512dq") || ASK("avx512vl");
#undef ASK
}

/* Features that not every supported compiler knows by name: read from cpuid. */
static int add_scalar_features(PyObject *set)
{
    unsigned a, b, c = 0, d, ext_c = 0;
    __get_cpuid(1, &a, &b, &c, &d);
    __get_cpuid(0x80000001, &a, &b, &ext_c, &d);
    return add(set, "cx16", c >> 13 & 1) || add(set, "movbe", c >> 22 & 1) ||
           add(set, "f16c", __builtin_cpu_supports("avx") && (c >> 29 & 1)) || add(set, "lahf", ext_c & 1) ||
           add(set, "lzcnt", ext_c >> 5 & 1);
}

static int add_features(PyObject *set) { return add_vector_features(set) || add_scalar_features(set); }
#else
static int add_features(PyObject *set)
{
    (void)set;
    return 0;
}
#endif

static PyObject *features(PyObject *module, PyObject *unused)
{
    (void)module;
    (void)unused;
    PyObject *set = PySet_New(NULL);
    if (set && add_features(set)) Py_CLEAR(set);
    return set;
}

static PyMethodDef methods[] = {
    {"features", features, METH_NOARGS, "Names of the processor features that bear on the choice of a core."},
    {NULL, NULL, 0, NULL},
};

static PyModuleDef_Slot slots[] = {
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, .m_name = "pytwin._cpu", .m_doc = "Asks the processor for its features.",
    .m_methods = methods,  .m_slots = slots,
};

PyMODINIT_FUNC PyInit__cpu(void) { return PyModuleDef_Init(&definition); }
