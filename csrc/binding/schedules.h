/* Schedules as NumPy arrays: layouts of their records, and plans as slices of long tables. */
#ifndef PT_BINDING_SCHEDULES_H
#define PT_BINDING_SCHEDULES_H

#include "binding/arguments.h"

/* PLAN_DTYPE, DOSE_DTYPE, TRIGGER_DTYPE: the layouts of pt_action, pt_dose, pt_trigger; new references */
PyArray_Descr *pt_plan_dtype(void);
PyArray_Descr *pt_dose_dtype(void);
PyArray_Descr *pt_trigger_dtype(void);

/* obj as a flat array of pt_action; a new reference, or NULL with an exception */
PyArrayObject *pt_actions_in(PyObject *obj, const char *name);

/* A table of records and where each plan's begin in it, offsets (n_plan + 1); offsets may be left out where
 * there is one plan. */
typedef struct {
    const pt_argument *rows, *offsets;
} pt_table;

/* plans (n_plan) from the three tables, each checked: 0, or -1 with an exception that names plan and row */
int pt_schedules_slice(const pt_model *model, const pt_table *actions, const pt_table *doses,
                       const pt_table *triggers, npy_intp n_plan, pt_schedule *plans);

#endif
