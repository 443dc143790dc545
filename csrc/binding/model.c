/* _core.Model: a built-in model, its tables, its equations on rows and its simulation. */
#include "binding/arguments.h"
#include "binding/model.h"
#include "binding/schedules.h"

#include <structmember.h>

/* What a Model shows: made once, when it is. */
enum {
    NAME,
    TITLE,
    CITATION,
    EQUATIONS,
    TIME_UNIT,
    ORGANS,
    STATES,
    PARAMS,
    OUTPUTS,
    DOSES,
    EVENTS,
    TRIGGERS,
    DELAYS,
    MASS,
    N_SHOWN
};

typedef struct {
    PyObject_HEAD pt_model *model;
    PyObject *shown[N_SHOWN];
    char problem, noise;
} ModelObject;

#define SHOWN(name, which, doc) {name, T_OBJECT_EX, offsetof(ModelObject, shown[which]), READONLY, doc}

static PyMemberDef members[] = {
    SHOWN("name", NAME, "what the model is called"),
    SHOWN("title", TITLE, "one line"),
    SHOWN("citation", CITATION, "where it was published"),
    SHOWN("equations", EQUATIONS, "as text, a line each"),
    SHOWN("time_unit", TIME_UNIT, "UCUM: h, min, d, s, or 1"),
    SHOWN("organs", ORGANS, "dicts: name, title, citation, equations"),
    SHOWN("states", STATES, "dicts: name, unit, doc, value, lower, upper"),
    SHOWN("params", PARAMS, "dicts, as states"),
    SHOWN("outputs", OUTPUTS, "dicts, as states"),
    SHOWN(
        "doses", DOSES,
        "dicts: drug, route, unit, state, factor; bioavailability, lag, duration, rate (a parameter's index "
        "or -1)"),
    SHOWN("events", EVENTS, "dicts: name, doc; jumps that a schedule may ask for"),
    SHOWN("triggers", TRIGGERS, "dicts: output, direction, threshold, event that it calls"),
    SHOWN("delays", DELAYS, "dicts: state, param; the equations see that state so much earlier"),
    SHOWN("mass", MASS, "a number a state, 0: algebraic; None: all 1"),
    {"problem", T_BOOL, offsetof(ModelObject, problem), READONLY, "a test problem of the integrators"},
    {"noise", T_BOOL, offsetof(ModelObject, noise), READONLY, "whether it has a diffusion"},
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

static PyObject *trigger_tuple(const pt_model *model)
{
    PyObject *tuple = PyTuple_New(pt_model_n_trigger(model));
    for (int i = 0; tuple && i < pt_model_n_trigger(model); i++) {
        const pt_trigger *t = &pt_model_triggers(model)[i];
        if (put(tuple, i,
                Py_BuildValue("{s:i,s:i,s:d,s:i}", "output", t->output, "direction", t->direction,
                              "threshold", t->threshold, "event", t->action.index)))
            Py_CLEAR(tuple);
    }
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

static PyObject *delay_tuple(const pt_model *model)
{
    PyObject *tuple = PyTuple_New(pt_model_n_delay(model));
    for (int i = 0; tuple && i < pt_model_n_delay(model); i++) {
        const pt_delay *d = &pt_model_delays(model)[i];
        if (put(tuple, i, Py_BuildValue("{s:i,s:i}", "state", d->state, "param", d->param))) Py_CLEAR(tuple);
    }
    return tuple;
}

static PyObject *mass_tuple(const pt_model *model)
{
    const double *mass = pt_model_mass(model);
    if (!mass) Py_RETURN_NONE;
    PyObject *tuple = PyTuple_New(pt_model_n_state(model));
    for (int i = 0; tuple && i < pt_model_n_state(model); i++)
        if (put(tuple, i, PyFloat_FromDouble(mass[i]))) Py_CLEAR(tuple);
    return tuple;
}

static PyObject *organ_tuple(const pt_model *model)
{
    PyObject *tuple = PyTuple_New(pt_model_n_organ(model));
    for (int i = 0; tuple && i < pt_model_n_organ(model); i++)
        if (put(tuple, i, organ_dict(pt_model_organ(model, i)))) Py_CLEAR(tuple);
    return tuple;
}

static int fill_shown(ModelObject *self)
{
    const pt_model *m = self->model;
    PyObject **shown = self->shown;
    shown[NAME] = PyUnicode_FromString(pt_model_name(m));
    shown[TITLE] = PyUnicode_FromString(pt_model_title(m));
    shown[CITATION] = PyUnicode_FromString(pt_model_citation(m));
    shown[EQUATIONS] = PyUnicode_FromString(pt_model_equations(m));
    shown[TIME_UNIT] = PyUnicode_FromString(pt_model_time_unit(m));
    shown[ORGANS] = organ_tuple(m);
    shown[STATES] = field_tuple(pt_model_states(m), pt_model_n_state(m));
    shown[PARAMS] = field_tuple(pt_model_params(m), pt_model_n_param(m));
    shown[OUTPUTS] = field_tuple(pt_model_outputs(m), pt_model_n_output(m));
    shown[DOSES] = dose_tuple(m);
    shown[EVENTS] = event_tuple(m);
    shown[TRIGGERS] = trigger_tuple(m);
    shown[DELAYS] = delay_tuple(m);
    shown[MASS] = mass_tuple(m);
    self->problem = (char)pt_model_is_problem(m);
    self->noise = (char)pt_model_has_noise(m);
    for (int k = 0; k < N_SHOWN; k++)
        if (!shown[k]) return -1;
    return 0;
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
    if (fill_shown(self)) Py_CLEAR(self);
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
    for (int k = 0; k < N_SHOWN; k++) Py_XDECREF(self->shown[k]);
    ((freefunc)PyType_GetSlot(type, Py_tp_free))(obj);
    Py_DECREF(type);
}

static PyObject *model_repr(PyObject *obj)
{
    return PyUnicode_FromFormat("Model(%R)", ((ModelObject *)obj)->shown[NAME]);
}

static PyObject *model_reduce(PyObject *obj, PyObject *unused)
{
    (void)unused;
    return Py_BuildValue("(O(O))", (PyObject *)Py_TYPE(obj), ((ModelObject *)obj)->shown[NAME]);
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
        "doses=None, dose_offsets=None, triggers=None, trigger_offsets=None, kept=64, method=0, step=0.0, "
        "rtol=1e-6,\n"
        "atol=1e-9, atols=None, max_steps=100000, history=0, threads=1, progress=None)\n"
        "-> dict(y (L, T, m), x_end (L, nx), status (L,), stop (L,)); see csrc/ode/ode.h. An output index\n"
        "from the number of outputs on is a state."),
    PT_KEYWORDS(
        "steady", pt_py_steady,
        "steady(params, *, x0=None, rate=None, fixed=None, actions=None, doses=None, in_order=0, start=0,\n"
        "period=0, rtol=1e-9, atol=1e-11, atols=None, max_steps=100000, method=0, threads=1,\n"
        "progress=None) -> dict(x (N, nx), residual (N,), status (N,)): the state at rest, or with\n"
        "actions that of their periodic orbit; see csrc/ode/ode.h"),
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
        {"ACTION_DOSE", PT_ACTION_DOSE},   {"ACTION_OBSERVE", PT_ACTION_OBSERVE},
        {"ACTION_STOP", PT_ACTION_STOP},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (PyModule_AddIntConstant(module, kinds[i].name, kinds[i].kind)) return -1;
    return 0;
}

/* METHODS: name -> number, for simulate(method=) */
static PyObject *method_table(void)
{
    static const char *const names[PT_N_METHOD] = {
        [PT_METHOD_AUTO] = "auto",
        [PT_METHOD_DOPRI5] = "dopri5",
        [PT_METHOD_RODAS] = "rodas",
        [PT_METHOD_RK4] = "rk4",
        [PT_METHOD_HEUN] = "heun",
        [PT_METHOD_EULER] = "euler",
        [PT_METHOD_EULER_MARUYAMA] = "euler-maruyama",
        [PT_METHOD_SRK] = "srk",
    };
    PyObject *table = PyDict_New();
    for (int i = 0; table && i < PT_N_METHOD; i++)
        if (pt_dict_steal(table, names[i], PyLong_FromLong(i))) Py_CLEAR(table);
    return table;
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
    if (add_steal(module, "DOSE_DTYPE", (PyObject *)pt_dose_dtype())) return -1;
    if (add_steal(module, "TRIGGER_DTYPE", (PyObject *)pt_trigger_dtype())) return -1;
    if (add_steal(module, "METHODS", method_table())) return -1;
    return add_action_kinds(module);
}
