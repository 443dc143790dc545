/* _core.Model: a built-in model, its tables, its equations on rows and its simulation. */
#include "binding/arguments.h"
#include "binding/model.h"

#include <structmember.h>

typedef struct {
    PyObject_HEAD pt_model *model;
    PyObject *name, *title, *citation, *equations, *time_unit, *events;
    char problem;
    PyObject *organs, *states, *params, *outputs, *doses;
} ModelObject;

static PyMemberDef members[] = {
    {"name", T_OBJECT_EX, offsetof(ModelObject, name), READONLY, "what the model is called"},
    {"title", T_OBJECT_EX, offsetof(ModelObject, title), READONLY, "one line"},
    {"citation", T_OBJECT_EX, offsetof(ModelObject, citation), READONLY, "where it was published"},
    {"time_unit", T_OBJECT_EX, offsetof(ModelObject, time_unit), READONLY, "UCUM: h, min, d, s, or 1"},
    {"events", T_OBJECT_EX, offsetof(ModelObject, events), READONLY, "dicts: name, doc"},
    {"problem", T_BOOL, offsetof(ModelObject, problem), READONLY, "a test problem of the integrators"},
    {"equations", T_OBJECT_EX, offsetof(ModelObject, equations), READONLY, "as text, a line each"},
    {"organs", T_OBJECT_EX, offsetof(ModelObject, organs), READONLY,
     "dicts: name, title, citation, equations"},
    {"states", T_OBJECT_EX, offsetof(ModelObject, states), READONLY,
     "dicts: name, unit, doc, value, lower, upper"},
    {"params", T_OBJECT_EX, offsetof(ModelObject, params), READONLY, "dicts, as states"},
    {"outputs", T_OBJECT_EX, offsetof(ModelObject, outputs), READONLY, "dicts, as states"},
    {"doses", T_OBJECT_EX, offsetof(ModelObject, doses), READONLY,
     "dicts: drug, route, unit, state, bioavailability (a parameter's index or -1), factor"},
    {NULL, 0, 0, 0, NULL},
};

/* ---- tables ---- */

static PyObject *field_dict(const pt_field *f)
{
    return Py_BuildValue("{s:s,s:s,s:s,s:d,s:d,s:d}", "name", f->name, "unit", f->unit, "doc", f->doc,
                         "value", f->value, "lower", f->lower, "upper", f->upper);
}

static PyObject *dose_dict(const pt_dose_port *d)
{
    return Py_BuildValue("{s:s,s:s,s:s,s:i,s:i,s:d,s:i,s:i,s:i}", "drug", d->drug, "route", d->route, "unit",
                         d->unit, "state", d->state, "bioavailability", d->bioavailability, "factor",
                         d->factor, "lag", d->lag, "duration", d->duration, "rate", d->rate);
}

static PyObject *organ_dict(const pt_organ_sheet *s)
{
    return Py_BuildValue("{s:s,s:s,s:s,s:s}", "name", s->name, "title", s->title, "citation", s->citation,
                         "equations", s->equations);
}

/* tuple[i] = item, stealing it */
static int put(PyObject *tuple, int i, PyObject *item) { return item ? PyTuple_SetItem(tuple, i, item) : -1; }

static PyObject *field_tuple(const pt_field *fields, int n)
{
    PyObject *tuple = PyTuple_New(n);
    for (int i = 0; tuple && i < n; i++)
        if (put(tuple, i, field_dict(&fields[i]))) Py_CLEAR(tuple);
    return tuple;
}

static PyObject *dose_tuple(const pt_model *model)
{
    PyObject *tuple = PyTuple_New(pt_model_n_dose(model));
    for (int i = 0; tuple && i < pt_model_n_dose(model); i++)
        if (put(tuple, i, dose_dict(&pt_model_doses(model)[i]))) Py_CLEAR(tuple);
    return tuple;
}

static PyObject *event_tuple(const pt_model *model)
{
    PyObject *tuple = PyTuple_New(pt_model_n_event(model));
    for (int i = 0; tuple && i < pt_model_n_event(model); i++) {
        const pt_event *e = &pt_model_events(model)[i];
        if (put(tuple, i, Py_BuildValue("{s:s,s:s}", "name", e->name, "doc", e->doc))) Py_CLEAR(tuple);
    }
    return tuple;
}

static PyObject *organ_tuple(const pt_model *model)
{
    PyObject *tuple = PyTuple_New(pt_model_n_organ(model));
    for (int i = 0; tuple && i < pt_model_n_organ(model); i++)
        if (put(tuple, i, organ_dict(pt_model_organ(model, i)))) Py_CLEAR(tuple);
    return tuple;
}

static int fill_tables(ModelObject *self)
{
    const pt_model *m = self->model;
    self->name = PyUnicode_FromString(pt_model_name(m));
    self->title = PyUnicode_FromString(pt_model_title(m));
    self->citation = PyUnicode_FromString(pt_model_citation(m));
    self->equations = PyUnicode_FromString(pt_model_equations(m));
    self->time_unit = PyUnicode_FromString(pt_model_time_unit(m));
    self->problem = pt_model_is_problem(m);
    self->events = event_tuple(m);
    self->states = field_tuple(pt_model_states(m), pt_model_n_state(m));
    self->params = field_tuple(pt_model_params(m), pt_model_n_param(m));
    self->outputs = field_tuple(pt_model_outputs(m), pt_model_n_output(m));
    self->doses = dose_tuple(m);
    self->organs = organ_tuple(m);
    return self->name && self->title && self->citation && self->equations && self->time_unit &&
                   self->events && self->states && self->params && self->outputs && self->doses &&
                   self->organs
               ? 0
               : -1;
}

/* ---- life ---- */

static PyObject *model_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"name", NULL};
    const char *name;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s", keywords, &name)) return NULL;
    pt_model *model;
    const pt_status status = pt_model_create(name, &model);
    if (status == PT_UNKNOWN_NAME) return pt_raise_input("unknown-model", "there is no model of this name");
    if (status != PT_OK) return pt_raise_status(status, "Model");
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    ModelObject *self = (ModelObject *)allocate(type, 0);
    if (!self) {
        pt_model_free(model);
        return NULL;
    }
    self->model = model;
    if (fill_tables(self)) Py_CLEAR(self);
    return (PyObject *)self;
}

static int model_traverse(PyObject *obj, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(obj));
    return 0;
}

static void model_dealloc(PyObject *obj)
{
    ModelObject *self = (ModelObject *)obj;
    PyTypeObject *type = Py_TYPE(obj);
    PyObject_GC_UnTrack(obj);
    pt_model_free(self->model);
    Py_XDECREF(self->name);
    Py_XDECREF(self->title);
    Py_XDECREF(self->citation);
    Py_XDECREF(self->equations);
    Py_XDECREF(self->time_unit);
    Py_XDECREF(self->events);
    Py_XDECREF(self->organs);
    Py_XDECREF(self->states);
    Py_XDECREF(self->params);
    Py_XDECREF(self->outputs);
    Py_XDECREF(self->doses);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(obj);
    Py_DECREF(type);
}

static PyObject *model_repr(PyObject *obj)
{
    return PyUnicode_FromFormat("Model(%R)", ((ModelObject *)obj)->name);
}

static PyObject *model_reduce(PyObject *obj, PyObject *unused)
{
    (void)unused;
    return Py_BuildValue("(O(O))", (PyObject *)Py_TYPE(obj), ((ModelObject *)obj)->name);
}

const pt_model *pt_model_of(PyObject *obj) { return ((ModelObject *)obj)->model; }

static PyMethodDef methods[] = {
    {"initial", pt_py_initial, METH_O, "initial(params (S, np)) -> (S, nx): the states at rest"},
    PT_KEYWORDS("rate", pt_py_rate, "rate(t, x, p) -> dx: derivatives of the states; rows, or one row"),
    PT_KEYWORDS("output", pt_py_output, "output(t, x, p) -> y; rows, or one row"),
    PT_KEYWORDS("jvp", pt_py_jvp,
                "jvp(t, x, p, xd, pd) -> (ddx, dy): derivatives of rate and output along (xd, pd), exact"),
    {"pattern", pt_py_pattern, METH_NOARGS,
     "pattern() -> (f, h): int8, 1 where a rate (f) or output (h) depends on a state or parameter"},
    PT_KEYWORDS(
        "simulate", pt_py_simulate,
        "simulate(params, x0, start, actions, offsets, times, subject=None, plan=None, outputs=None, *,\n"
        "rtol=1e-6, atol=1e-9, max_steps=100000, threads=1, progress=None)\n"
        "-> dict(y (L, T, m), x_end (L, nx), status (L,), stop (L,)); see csrc/ode/ode.h"),
    {"__reduce__", model_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, (void *)model_new},
    {Py_tp_dealloc, (void *)model_dealloc},
    {Py_tp_traverse, (void *)model_traverse},
    {Py_tp_repr, (void *)model_repr},
    {Py_tp_members, members},
    {Py_tp_methods, methods},
    {Py_tp_doc, "Model(name): a built-in model, immutable; pickles by name."},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "pytwin._core.Model",
    .basicsize = sizeof(ModelObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE,
    .slots = slots,
};

/* ---- what the module holds beside the type ---- */

static PyObject *model_names(PyObject *module, PyObject *unused)
{
    (void)module, (void)unused;
    PyObject *tuple = PyTuple_New(pt_model_count());
    for (int i = 0; tuple && i < pt_model_count(); i++)
        if (put(tuple, i, PyUnicode_FromString(pt_model_name_at(i)))) Py_CLEAR(tuple);
    return tuple;
}

PyMethodDef pt_model_methods[] = {
    {"model_names", model_names, METH_NOARGS, "model_names() -> names of the built-in models"},
    {NULL, NULL, 0, NULL},
};

static int add_action_kinds(PyObject *module)
{
    static const struct {
        const char *name;
        int kind;
    } kinds[] = {
        {"ACTION_PARAM", PT_ACTION_PARAM}, {"ACTION_SCALE", PT_ACTION_SCALE},
        {"ACTION_RESET", PT_ACTION_RESET}, {"ACTION_INFUSION_OFF", PT_ACTION_INFUSION_OFF},
        {"ACTION_BOLUS", PT_ACTION_BOLUS}, {"ACTION_INFUSION_ON", PT_ACTION_INFUSION_ON},
        {"ACTION_SLOPE", PT_ACTION_SLOPE}, {"ACTION_EVENT", PT_ACTION_EVENT},
        {"ACTION_DOSE", PT_ACTION_DOSE},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (PyModule_AddIntConstant(module, kinds[i].name, kinds[i].kind)) return -1;
    return 0;
}

static int add_steal(PyObject *module, const char *name, PyObject *value)
{
    const int failed = value ? PyModule_AddObjectRef(module, name, value) : -1;
    Py_XDECREF(value);
    return failed;
}

int pt_model_add_types(PyObject *module)
{
    if (add_steal(module, "Model", PyType_FromModuleAndSpec(module, &spec, NULL))) return -1;
    if (add_steal(module, "PLAN_DTYPE", (PyObject *)pt_plan_dtype())) return -1;
    return add_action_kinds(module);
}
