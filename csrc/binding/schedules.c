#include "binding/schedules.h"

#include <string.h>

/* A structured type of fields "name:format", separated by blanks, packed as C packs the struct. */
static PyArray_Descr *records(const char *text, size_t size)
{
    PyObject *fields = PyList_New(0);
    for (const char *p = text; fields && *p; p += strcspn(p, " "), p += strspn(p, " ")) {
        const size_t n_name = strcspn(p, ":"), n_format = strcspn(p, " ") - n_name - 1;
        PyObject *field =
            Py_BuildValue("(s#s#)", p, (Py_ssize_t)n_name, p + n_name + 1, (Py_ssize_t)n_format);
        if (!field || PyList_Append(fields, field)) Py_CLEAR(fields);
        Py_XDECREF(field);
    }
    PyArray_Descr *descr = NULL;
    if (fields && !PyArray_DescrConverter(fields, &descr)) descr = NULL;
    Py_XDECREF(fields);
    if (descr && (size_t)PyDataType_ELSIZE(descr) != size) {
        PyErr_SetString(PyExc_SystemError, "a record's layout differs from its struct");
        Py_CLEAR(descr);
    }
    return descr;
}

PyArray_Descr *pt_plan_dtype(void) { return records("time:f8 kind:i4 index:i4 value:f8", sizeof(pt_action)); }

PyArray_Descr *pt_dose_dtype(void)
{
    return records("port:i4 steady:i4 amount:f8 rate:f8 interval:f8 additional:i8", sizeof(pt_dose));
}

PyArray_Descr *pt_trigger_dtype(void)
{
    return records(
        "output:i4 direction:i4 threshold:f8 delay:f8 kind:i4 index:i4 value:f8 priority:i4 once:i4 "
        "refractory:f8",
        sizeof(pt_trigger));
}

PyArrayObject *pt_actions_in(PyObject *obj, const char *name)
{
    pt_argument a = {.name = name, .kind = PT_RECORDS, .dtype = pt_plan_dtype, .given = obj};
    return pt_arguments_read(&a, 1) ? NULL : a.array;
}

/* Offsets that ascend within the table. */
static int check_offsets(const pt_table *table, npy_intp n_plan)
{
    const pt_argument *a = table->offsets;
    if (!a->array) {
        if (!table->rows->array || n_plan == 1) return 0;
        pt_raise_input("bad-shape", "%s is needed with several plans", a->name);
        return -1;
    }
    if (pt_length(a) != n_plan + 1) {
        pt_raise_input("bad-shape", "%s has length %zd, expected %zd", a->name, (Py_ssize_t)pt_length(a),
                       (Py_ssize_t)n_plan + 1);
        return -1;
    }
    const int64_t *offsets = pt_int64s(a->array);
    for (npy_intp i = 0; i < n_plan; i++) {
        if (offsets[i] >= 0 && offsets[i + 1] >= offsets[i] && offsets[i + 1] <= pt_length(table->rows))
            continue;
        pt_raise_input("bad-argument", "%s[%zd] does not ascend within the %s", a->name, (Py_ssize_t)i + 1,
                       table->rows->name);
        return -1;
    }
    return 0;
}

/* The rows of plan i, `size` bytes each, and their number. */
static const void *slice(const pt_table *table, npy_intp i, size_t size, int64_t *n)
{
    *n = 0;
    if (!table->rows->array) return NULL;
    const int64_t *offsets = pt_int64s(table->offsets->array);
    const int64_t from = offsets ? offsets[i] : 0;
    *n = (offsets ? offsets[i + 1] : pt_length(table->rows)) - from;
    return (const char *)PyArray_DATA(table->rows->array) + (size_t)from * size;
}

static int check_plan(const pt_model *model, const pt_schedule *plan, const pt_table *actions, npy_intp i)
{
    int64_t bad = 0;
    const pt_status status = pt_schedule_check(model, plan, &bad);
    if (status == PT_OK) return 0;
    const int64_t *offsets = pt_int64s(actions->offsets->array);
    pt_raise_input(status == PT_UNSORTED ? "unsorted" : "bad-argument", "actions[%zd] of plan %zd: %s",
                   (Py_ssize_t)((offsets ? offsets[i] : 0) + bad), (Py_ssize_t)i, pt_status_message(status));
    return -1;
}

static int check_triggers(const pt_model *model, const pt_schedule *plan, const pt_table *triggers,
                          npy_intp i)
{
    int64_t bad = 0;
    const pt_status status = pt_triggers_check(model, plan, &bad);
    if (status == PT_OK) return 0;
    const int64_t *offsets = pt_int64s(triggers->offsets->array);
    pt_raise_input("bad-argument", "triggers[%zd] of plan %zd: %s",
                   (Py_ssize_t)((offsets ? offsets[i] : 0) + bad), (Py_ssize_t)i, pt_status_message(status));
    return -1;
}

int pt_schedules_slice(const pt_model *model, const pt_table *actions, const pt_table *doses,
                       const pt_table *triggers, npy_intp n_plan, pt_schedule *plans)
{
    if (check_offsets(actions, n_plan) || check_offsets(doses, n_plan) || check_offsets(triggers, n_plan))
        return -1;
    for (npy_intp i = 0; i < n_plan; i++) {
        pt_schedule *plan = &plans[i];
        plan->actions = slice(actions, i, sizeof *plan->actions, &plan->n);
        plan->doses = slice(doses, i, sizeof *plan->doses, &plan->n_dose);
        plan->triggers = slice(triggers, i, sizeof *plan->triggers, &plan->n_trigger);
        if (check_plan(model, plan, actions, i) || check_triggers(model, plan, triggers, i)) return -1;
    }
    return 0;
}
