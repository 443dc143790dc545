/* Building a model from its row: wiring by name, flat tables. One allocation holds everything. */
#include <stdio.h>
#include <string.h>

#include "model/models.h"
#include "model/wired.h"

enum { NAME_LENGTH = 64, N_ROW = sizeof pt_model_rows / sizeof pt_model_rows[0] };

typedef struct {
    pt_model model; /* first, so that a pointer to it is one to the whole */
    pt_wiring wiring;
    const pt_organ_sheet *organs[PT_MAX_PART];
    pt_field states[PT_MAX_STATE], params[PT_MAX_PARAM], outputs[PT_MAX_OUTPUT];
    pt_dose_port doses[PT_MAX_PART];
    double mass[PT_MAX_STATE];
    int8_t positive[PT_MAX_STATE];
    pt_delay delays[PT_MAX_DELAY];
    pt_event events[PT_MAX_EVENT];
    pt_trigger triggers[PT_MAX_EVENT];
    int has_mass, has_noise;
    char names[PT_MAX_STATE + PT_MAX_PARAM + PT_MAX_OUTPUT]
              [NAME_LENGTH]; /* of fields that two organs share */
    int n_names;
    char equations[8192];
} wired_model;

int pt_model_count(void) { return N_ROW; }
const char *pt_model_name_at(int i) { return i >= 0 && i < N_ROW ? pt_model_rows[i].name : NULL; }

static const pt_model_row *find_row(const char *name)
{
    for (int i = 0; i < N_ROW; i++)
        if (strcmp(pt_model_rows[i].name, name) == 0) return &pt_model_rows[i];
    return NULL;
}

static int find_organ(const char *name)
{
    for (int i = 0; pt_organ_sheet_at(i); i++)
        if (strcmp(pt_organ_sheet_at(i)->name, name) == 0) return i;
    return -1;
}

static int find_field(const pt_field *fields, int n, const char *name)
{
    for (int i = n - 1; i >= 0; i--)
        if (strcmp(fields[i].name, name) == 0) return i;
    return -1;
}

/* The organ's inputs are outputs, by name, of the organs before it. */
static pt_status connect_inputs(wired_model *m, pt_part *part)
{
    pt_wiring *w = &m->wiring;
    for (int k = 0; k < part->sheet->n_input; k++) {
        const int source = find_field(m->outputs, part->output, part->sheet->inputs[k].name);
        if (source < 0) return PT_UNKNOWN_NAME;
        part->input[k] = source;
        for (int i = 0; i < w->n_part; i++)
            if (source >= w->part[i].output && source < w->part[i].output + w->part[i].sheet->n_output)
                w->part[i].feeds = 1;
    }
    return PT_OK;
}

/* Where state i of an organ stands in the model. */
static int place_of(const pt_part *part, int i)
{
    const int n_linear = part->sheet->n_linear;
    return i < n_linear ? part->linear + i : part->other + i - n_linear;
}

static void add_doses(wired_model *m, const pt_part *part)
{
    for (int k = 0; k < part->sheet->n_dose; k++) {
        pt_dose_port port = part->sheet->doses[k];
        port.state = place_of(part, port.state);
        int *params[] = {&port.bioavailability, &port.lag, &port.duration, &port.rate};
        for (int i = 0; i < 4; i++)
            if (*params[i] >= 0) *params[i] += part->param;
        m->doses[m->wiring.n_dose++] = port;
    }
}

/* Room for one more organ and its fields? */
static int fits(const pt_wiring *w, const pt_organ_sheet *sheet)
{
    int n_trigger = sheet->n_trigger;
    for (int k = 0; k < w->n_part; k++) n_trigger += w->part[k].sheet->n_trigger;
    return w->n_part < PT_MAX_PART && w->n_state + sheet->n_state <= PT_MAX_STATE &&
           w->n_param + sheet->n_param <= PT_MAX_PARAM && w->n_output + sheet->n_output <= PT_MAX_OUTPUT &&
           w->n_constant + sheet->n_constant <= PT_MAX_CONSTANT && sheet->n_input <= PT_MAX_INPUT &&
           w->n_dose + sheet->n_dose <= PT_MAX_PART && w->n_linear + sheet->n_linear <= PT_MAX_LINEAR &&
           w->n_delay + sheet->n_delay <= PT_MAX_DELAY && w->n_event + sheet->n_event <= PT_MAX_EVENT &&
           n_trigger <= PT_MAX_EVENT;
}

/* Appends an organ; states are placed later, when the number of linear ones is known. */
static pt_status add_organ(wired_model *m, const char *name)
{
    pt_wiring *w = &m->wiring;
    const int organ = find_organ(name);
    if (organ < 0) return PT_UNKNOWN_NAME;
    const pt_organ_sheet *sheet = pt_organ_sheet_at(organ);
    if (!fits(w, sheet)) return PT_BAD_SHAPE;
    pt_part *part = &w->part[w->n_part];
    *part = (pt_part){.sheet = sheet, .organ = organ, .linear = w->n_linear, .param = w->n_param};
    part->constant = w->n_constant;
    part->output = w->n_output;
    part->delay = w->n_delay;
    part->event = w->n_event;
    m->organs[w->n_part] = sheet;
    memcpy(m->params + w->n_param, sheet->params, (size_t)sheet->n_param * sizeof(pt_field));
    memcpy(m->outputs + w->n_output, sheet->outputs, (size_t)sheet->n_output * sizeof(pt_field));
    const pt_status status = connect_inputs(m, part);
    w->n_part += 1;
    w->n_linear += sheet->n_linear;
    w->n_state += sheet->n_state;
    w->n_param += sheet->n_param;
    w->n_constant += sheet->n_constant;
    w->n_output += sheet->n_output;
    w->n_delay += sheet->n_delay;
    w->n_event += sheet->n_event;
    return status;
}

/* Delays, events, and whether there is a mass matrix or noise. */
static void add_rest(wired_model *m, const pt_part *part)
{
    const pt_organ_sheet *sheet = part->sheet;
    for (int k = 0; k < sheet->n_delay; k++)
        m->delays[part->delay + k] =
            (pt_delay){place_of(part, sheet->delays[k].state), part->param + sheet->delays[k].param};
    for (int k = 0; k < sheet->n_event; k++) m->events[part->event + k] = sheet->events[k];
    for (int k = 0; k < sheet->n_trigger; k++) {
        const pt_own_trigger *own = &sheet->triggers[k];
        m->triggers[m->wiring.n_trigger++] =
            (pt_trigger){.output = part->output + own->output,
                         .direction = own->direction,
                         .threshold = own->threshold,
                         .action = {.kind = PT_ACTION_EVENT, .index = part->event + own->event}};
    }
    m->has_mass |= sheet->mass != NULL;
    m->has_noise |= pt_organ_has_noise(part->organ);
}

static void place_states(wired_model *m)
{
    pt_wiring *w = &m->wiring;
    int other = w->n_linear;
    for (int k = 0; k < w->n_part; k++) {
        pt_part *part = &w->part[k];
        const int n_linear = part->sheet->n_linear;
        part->other = other;
        other += part->sheet->n_state - n_linear;
        for (int i = 0; i < part->sheet->n_state; i++) {
            m->states[place_of(part, i)] = part->sheet->states[i];
            m->mass[place_of(part, i)] = part->sheet->mass ? part->sheet->mass[i] : 1;
            m->positive[place_of(part, i)] = part->sheet->positive && part->sheet->positive[i];
        }
        add_doses(m, part);
        add_rest(m, part);
    }
}

/* Fields [begin, begin + n) of an organ; one whose name is taken already is called "organ.name". */
static void name_fields(wired_model *m, const char *organ, pt_field *fields, int begin, int n)
{
    for (int i = begin; i < begin + n; i++) {
        if (find_field(fields, begin, fields[i].name) < 0) continue;
        char *name = m->names[m->n_names++];
        snprintf(name, NAME_LENGTH, "%s.%s", organ, fields[i].name);
        fields[i].name = name;
    }
}

static void name_all(wired_model *m)
{
    for (int k = 1; k < m->wiring.n_part; k++) {
        const pt_part *part = &m->wiring.part[k];
        const pt_organ_sheet *sheet = part->sheet;
        name_fields(m, sheet->name, m->params, part->param, sheet->n_param);
        name_fields(m, sheet->name, m->outputs, part->output, sheet->n_output);
        name_fields(m, sheet->name, m->states, part->linear, sheet->n_linear);
        name_fields(m, sheet->name, m->states, part->other, sheet->n_state - sheet->n_linear);
    }
}

static void join_equations(wired_model *m)
{
    size_t used = 0;
    for (int k = 0; k < m->wiring.n_part && used < sizeof m->equations; k++) {
        const int n = snprintf(m->equations + used, sizeof m->equations - used, "%s%s", k ? "\n" : "",
                               m->organs[k]->equations);
        used += (size_t)n;
    }
}

static pt_model describe(wired_model *m, const pt_model_row *row)
{
    const pt_wiring *w = &m->wiring;
    return (pt_model){
        .name = row->name,
        .title = row->title,
        .citation = row->citation,
        .equations = m->equations,
        .n_state = w->n_state,
        .n_linear = w->n_linear,
        .n_param = w->n_param,
        .n_constant = w->n_constant,
        .n_output = w->n_output,
        .n_dose = w->n_dose,
        .n_delay = w->n_delay,
        .n_event = w->n_event,
        .n_trigger = w->n_trigger,
        .has_noise = m->has_noise,
        .time_unit = m->organs[0]->time_unit ? m->organs[0]->time_unit : "h",
        .problem = row->problem,
        .mass = m->has_mass ? m->mass : NULL,
        .positive = m->positive,
        .delays = m->delays,
        .events = m->events,
        .triggers = m->triggers,
        .states = m->states,
        .params = m->params,
        .outputs = m->outputs,
        .doses = m->doses,
        .n_organ = w->n_part,
        .organs = m->organs,
        .functions = &pt_wired_functions,
        .self = &m->wiring,
    };
}

static pt_status wire(wired_model *m, const pt_model_row *row)
{
    for (int k = 0; row->organs[k]; k++) {
        const pt_status status = add_organ(m, row->organs[k]);
        if (status != PT_OK) return status;
    }
    place_states(m);
    name_all(m);
    join_equations(m);
    m->model = describe(m, row);
    return PT_OK;
}

pt_status pt_model_create(const char *name, pt_model **model)
{
    *model = NULL;
    const pt_model_row *row = find_row(name);
    if (!row) return PT_UNKNOWN_NAME;
    wired_model *m = pt_alloc(sizeof *m);
    if (!m) return PT_NO_MEMORY;
    const pt_status status = wire(m, row);
    if (status != PT_OK) {
        pt_free(m);
        return status;
    }
    *model = &m->model;
    return PT_OK;
}

void pt_model_free(pt_model *model)
{
    if (!model) return;
    if (model->functions->destroy) model->functions->destroy(model->self);
    pt_free(model);
}
