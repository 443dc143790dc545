/* What the sheets of the integrators' test problems have in common: the outputs are the states, there is
 * nothing to put in. */
#ifndef PT_ORGANS_PROBLEM_H
#define PT_ORGANS_PROBLEM_H

#include <math.h>

#include "organs/organ.h"

#define PT_PROBLEM_ENUMS(PREFIX)                                                                             \
    enum { PREFIX##_STATES(PT_STATE_INDEX) N_STATE };                                                        \
    enum { PREFIX##_PARAMS(PT_PARAM_INDEX) N_PARAM }

/* y = x */
#define PT_PROBLEM_OUTPUT                                                                                    \
    static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)         \
    {                                                                                                        \
        (void)t, (void)p, (void)c, (void)u;                                                                  \
        for (int i = 0; i < N_STATE; i++) y[i] = x[i];                                                       \
    }

/* The sheet; further members behind the unit of time. */
#define PT_PROBLEM_SHEET(problem, PREFIX, heading, source, text, unit, ...)                                  \
    static const pt_field states[] = {PREFIX##_STATES(PT_FIELD_ROW)};                                        \
    static const pt_field params[] = {PREFIX##_PARAMS(PT_FIELD_ROW)};                                        \
    const pt_organ_sheet pt_sheet_##problem = {.name = #problem,                                             \
                                               .title = heading,                                             \
                                               .citation = source,                                           \
                                               .equations = text,                                            \
                                               .n_state = N_STATE,                                           \
                                               .n_param = N_PARAM,                                           \
                                               .n_output = N_STATE,                                          \
                                               .states = states,                                             \
                                               .params = params,                                             \
                                               .outputs = states,                                            \
                                               .time_unit = unit,                                            \
                                               __VA_ARGS__}

#endif
