#include "program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_CODE = 256, MAX_LOCAL = 64, MAX_STACK = 16, NAME = 24 };

typedef enum { NUMBER, TIME, STATE, PARAM, LOCAL, STORE, ADD, SUB, MUL, DIV, NEG, EXP, LOG, MAX } opcode;
static const char *const operators[] = {"+", "-", "*", "/", "neg", "exp", "log", "max"}; /* from ADD on */

typedef struct {
    opcode op;
    int index;
    double number;
} instruction;

typedef struct {
    instruction code[MAX_CODE];
    int n, n_local;
    char local[MAX_LOCAL][NAME];
} section;

typedef struct {
    pt_model model; /* first, so that a pointer to it is one to the whole */
    section linear, rate, output, noise;
    int K[PT_MAX_LINEAR * PT_MAX_LINEAR]; /* where the results are, among the locals of their section */
    int dx[PT_MAX_STATE], y[PT_MAX_OUTPUT], g[PT_MAX_STATE];
} program;

/* ---- reading ---- */

static int find_field(const pt_field *fields, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (strcmp(fields[i].name, name) == 0) return i;
    return -1;
}

static int find_local(const section *s, const char *name)
{
    for (int i = 0; i < s->n_local; i++)
        if (strcmp(s->local[i], name) == 0) return i;
    return -1;
}

static int store(section *s, const char *name, instruction *out)
{
    if (s->n_local == MAX_LOCAL || strlen(name) >= NAME) return 0;
    strcpy(s->local[s->n_local], name);
    *out = (instruction){STORE, s->n_local++, 0};
    return 1;
}

static int read_name(const program *p, const section *s, const char *word, instruction *out)
{
    const struct {
        opcode op;
        int index;
    } found[] = {{LOCAL, find_local(s, word)},
                 {STATE, find_field(p->model.states, p->model.n_state, word)},
                 {PARAM, find_field(p->model.params, p->model.n_param, word)},
                 {TIME, strcmp(word, "t") == 0 ? 0 : -1}};
    for (int i = 0; i < 4; i++) {
        if (found[i].index < 0) continue;
        *out = (instruction){found[i].op, found[i].index, 0};
        return 1;
    }
    return 0;
}

static int read_word(const program *p, section *s, const char *word, instruction *out)
{
    char *end;
    const double number = strtod(word, &end);
    if (*end == 0) {
        *out = (instruction){NUMBER, 0, number};
        return 1;
    }
    if (word[0] == '=') return store(s, word + 1, out);
    for (int i = 0; i < (int)(sizeof operators / sizeof operators[0]); i++)
        if (strcmp(word, operators[i]) == 0) {
            *out = (instruction){(opcode)(ADD + i), 0, 0};
            return 1;
        }
    return read_name(p, s, word, out);
}

static int pops(opcode op)
{
    return op < STORE ? 0 : op == STORE || op == NEG || op == EXP || op == LOG ? 1 : 2;
}

/* Words into instructions; each finds its operands on the stack, and nothing is left. */
static int read_section(const program *p, section *s, const char *text)
{
    int depth = 0;
    for (const char *at = text; at && *at;) {
        char word[NAME];
        int used = 0;
        if (sscanf(at, "%23s%n", word, &used) != 1) break;
        at += used;
        if (s->n == MAX_CODE || !read_word(p, s, word, &s->code[s->n])) return 0;
        const opcode op = s->code[s->n++].op;
        if (depth < pops(op)) return 0;
        depth += (op != STORE) - pops(op);
        if (depth > MAX_STACK) return 0;
    }
    return depth == 0;
}

static int place(const section *s, const char *prefix, const char *name, int *at)
{
    char full[2 * NAME];
    snprintf(full, sizeof full, "%s%s", prefix, name);
    *at = find_local(s, full);
    return *at >= 0;
}

static int place_results(program *p)
{
    const pt_model *m = &p->model;
    int good = 1;
    for (int i = 0; i < m->n_linear * m->n_linear; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d%d", i / m->n_linear % 10, i % m->n_linear % 10);
        good &= place(&p->linear, "K", name, &p->K[i]);
    }
    for (int i = m->n_linear; i < m->n_state; i++) {
        good &= place(&p->rate, "d", m->states[i].name, &p->dx[i]);
        if (m->has_noise) good &= place(&p->noise, "g", m->states[i].name, &p->g[i]);
    }
    for (int i = 0; i < m->n_output; i++) good &= place(&p->output, "", m->outputs[i].name, &p->y[i]);
    return good;
}

/* ---- over dual numbers, and over lanes, which are duals without a direction ---- */

typedef struct {
    wide v, d;
} dual;

static dual apply(opcode op, dual a, dual b)
{
    const wide zero = w_set(0);
    switch (op) {
    case ADD:
        return (dual){a.v + b.v, a.d + b.d};
    case SUB:
        return (dual){a.v - b.v, a.d - b.d};
    case MUL:
        return (dual){a.v * b.v, w_fma(a.v, b.d, a.d * b.v)};
    case DIV:
        return (dual){a.v / b.v, (a.d - a.v / b.v * b.d) / b.v};
    case NEG:
        return (dual){-a.v, -a.d};
    case EXP:
        return (dual){w_exp(a.v), w_exp(a.v) * a.d};
    case LOG:
        return (dual){w_log(a.v), w_if(w_eq(a.d, zero), zero, w_set(1) / a.v * a.d)};
    default:
        return (dual){w_max(a.v, b.v), w_if(w_gt(a.v, b.v), a.d, b.d)};
    }
}

/* What a section sees; a null direction is 0. */
typedef struct {
    const wide *t, *x, *p, *td, *xd, *pd;
} scope;

static dual pick(const wide *v, const wide *d, int i) { return (dual){v[i], d ? d[i] : w_set(0)}; }

static void run(const section *s, const scope *in, dual *local)
{
    dual stack[MAX_STACK + 1];
    int top = 0;
    for (int i = 0; i < s->n; i++) {
        const instruction *c = &s->code[i];
        if (c->op == STORE) {
            local[c->index] = stack[--top];
        } else if (c->op >= ADD) {
            top -= pops(c->op);
            stack[top] = apply(c->op, stack[top], stack[top + 1]);
            top++;
        } else {
            stack[top++] = c->op == NUMBER  ? (dual){w_set(c->number), w_set(0)}
                           : c->op == TIME  ? pick(in->t, in->td, 0)
                           : c->op == STATE ? pick(in->x, in->xd, c->index)
                           : c->op == PARAM ? pick(in->p, in->pd, c->index)
                                            : local[c->index];
        }
    }
}

static void constants(const void *self, const wide *p, wide *c) { (void)self, (void)p, (void)c; }

static void initial(const void *self, const wide *p, wide *x)
{
    const program *prog = self;
    (void)p;
    for (int i = 0; i < prog->model.n_state; i++) x[i] = w_set(prog->model.states[i].value);
}

static void initial_tangent(const void *self, const wide *p, const wide *pd, wide *x, wide *xd)
{
    const program *prog = self;
    (void)pd;
    initial(self, p, x);
    for (int i = 0; i < prog->model.n_state; i++) xd[i] = w_set(0);
}

static void linear(const void *self, const wide *p, wide *K)
{
    const program *prog = self;
    dual local[MAX_LOCAL];
    run(&prog->linear, &(scope){.p = p}, local);
    for (int i = 0; i < prog->model.n_linear * prog->model.n_linear; i++) K[i] = local[prog->K[i]].v;
}

static void rate(const void *self, const wide *t, const wide *x, const wide *p, const wide *c, const wide *d,
                 wide *dx)
{
    const program *prog = self;
    const int nl = prog->model.n_linear;
    dual local[MAX_LOCAL];
    (void)c, (void)d;
    run(&prog->rate, &(scope){.t = t, .x = x, .p = p}, local);
    for (int i = nl; i < prog->model.n_state; i++) dx[i - nl] = local[prog->dx[i]].v;
}

static void noise(const void *self, const wide *t, const wide *x, const wide *p, const wide *c, const wide *d,
                  wide *g)
{
    const program *prog = self;
    const int nl = prog->model.n_linear;
    dual local[MAX_LOCAL];
    (void)c, (void)d;
    run(&prog->noise, &(scope){.t = t, .x = x, .p = p}, local);
    for (int i = nl; i < prog->model.n_state; i++) g[i - nl] = local[prog->g[i]].v;
}

static void output(const void *self, const wide *t, const wide *x, const wide *p, const wide *c,
                   const wide *d, wide *y)
{
    const program *prog = self;
    dual local[MAX_LOCAL];
    (void)c, (void)d;
    run(&prog->output, &(scope){.t = t, .x = x, .p = p}, local);
    for (int i = 0; i < prog->model.n_output; i++) y[i] = local[prog->y[i]].v;
}

static void give(dual a, wide *v, wide *d)
{
    *v = a.v;
    *d = a.d;
}

static void tangent(const void *self, const wide *t, const wide *x, const wide *p, const wide *d,
                    const wide *td, const wide *xd, const wide *pd, const wide *dd, wide *dx, wide *ddx,
                    wide *y, wide *yd)
{
    const program *prog = self;
    const pt_model *m = &prog->model;
    const scope in = {t, x, p, td, xd, pd};
    const int nl = m->n_linear;
    dual local[MAX_LOCAL];
    (void)d, (void)dd;
    run(&prog->linear, &in, local);
    for (int i = 0; i < nl; i++) {
        dual sum = {w_set(0), w_set(0)};
        for (int j = 0; j < nl; j++)
            sum = apply(ADD, sum, apply(MUL, local[prog->K[i * nl + j]], pick(x, xd, j)));
        give(sum, &dx[i], &ddx[i]);
    }
    run(&prog->rate, &in, local);
    for (int i = nl; i < m->n_state; i++) give(local[prog->dx[i]], &dx[i], &ddx[i]);
    if (!y) return;
    run(&prog->output, &in, local);
    for (int i = 0; i < m->n_output; i++) give(local[prog->y[i]], &y[i], &yd[i]);
}

/* ---- over sets of indices: bit i is state i, bit n_state + i parameter i ---- */

static void run_sets(const program *prog, const section *s, uint64_t *local)
{
    uint64_t stack[MAX_STACK + 1];
    int top = 0;
    for (int i = 0; i < s->n; i++) {
        const instruction *c = &s->code[i];
        if (c->op == STORE) {
            local[c->index] = stack[--top];
        } else if (c->op >= ADD) {
            top -= pops(c->op) - 1;
            if (pops(c->op) == 2) stack[top - 1] |= stack[top];
        } else {
            stack[top++] = c->op == STATE   ? (uint64_t)1 << c->index
                           : c->op == PARAM ? (uint64_t)1 << (prog->model.n_state + c->index)
                           : c->op == LOCAL ? local[c->index]
                                            : 0;
        }
    }
}

static void spread(uint64_t set, int width, int8_t *row)
{
    for (int i = 0; i < width; i++) row[i] = (int8_t)(set >> i & 1);
}

static void pattern(const void *self, int8_t *f, int8_t *h)
{
    const program *prog = self;
    const pt_model *m = &prog->model;
    const int nl = m->n_linear, width = m->n_state + m->n_param;
    uint64_t local[MAX_LOCAL];
    run_sets(prog, &prog->linear, local);
    for (int i = 0; i < nl; i++) {
        uint64_t set = 0;
        for (int j = 0; j < nl; j++) {
            const uint64_t entry = local[prog->K[i * nl + j]];
            set |= entry | (entry ? (uint64_t)1 << j : 0);
        }
        spread(set, width, f + i * width);
    }
    run_sets(prog, &prog->rate, local);
    for (int i = nl; i < m->n_state; i++) spread(local[prog->dx[i]], width, f + i * width);
    run_sets(prog, &prog->output, local);
    for (int i = 0; i < m->n_output; i++) spread(local[prog->y[i]], width, h + i * width);
}

static const pt_model_functions functions = {.constants = constants,
                                             .initial = initial,
                                             .linear = linear,
                                             .rate = rate,
                                             .output = output,
                                             .noise = noise,
                                             .tangent = tangent,
                                             .initial_tangent = initial_tangent,
                                             .pattern = pattern};

pt_model *program_create(const program_text *text)
{
    program *p = pt_alloc(sizeof *p);
    if (!p) return NULL;
    p->model = (pt_model){.name = text->name,
                          .time_unit = "h",
                          .n_state = text->n_state,
                          .n_linear = text->n_linear,
                          .n_param = text->n_param,
                          .n_output = text->n_output,
                          .n_dose = text->n_dose,
                          .has_noise = text->noise != NULL,
                          .states = text->states,
                          .params = text->params,
                          .outputs = text->outputs,
                          .doses = text->doses,
                          .functions = &functions,
                          .self = p};
    const int good = read_section(p, &p->linear, text->linear) && read_section(p, &p->rate, text->rate) &&
                     read_section(p, &p->output, text->output) && read_section(p, &p->noise, text->noise) &&
                     place_results(p);
    if (good) return &p->model;
    pt_free(p);
    return NULL;
}
