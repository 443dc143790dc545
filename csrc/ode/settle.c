/* What happens to a lane at an instant: covariate, observation, reset, infusion end, dose. */
#include "ode/block.h"

static const pt_action *due_action(const pt_slot *slot)
{
    const pt_action *a = slot->actions + slot->next;
    return slot->next < slot->n_action && a->time <= slot->now ? a : NULL;
}

static int is_covariate(const pt_action *a) { return a->kind == PT_ACTION_PARAM || a->kind == PT_ACTION_SCALE; }

static void act_covariate(pt_block *b, int s, const pt_action *a)
{
    double *row = (a->kind == PT_ACTION_PARAM ? b->base : b->factor) + (int64_t)s * b->n_param;
    row[a->index] = a->kind == PT_ACTION_PARAM ? a->value : row[a->index] * a->value;
    b->slot[s].changed = 1;
}

static void act_bolus(pt_block *b, int s, const pt_action *a)
{
    const pt_dose_port *port = &b->model->doses[a->index];
    const int j = s / PT_W, l = s % PT_W;
    const double F = port->bioavailability < 0 ? 1 : b->p[j * b->n_param + port->bioavailability][l];
    b->x[j * b->n_state + port->state][l] += port->factor * F * a->value;
}

static void act_infusion(pt_block *b, int s, const pt_action *a)
{
    double *rate = &b->rate[s * b->n_dose + a->index];
    const double sign = a->kind == PT_ACTION_INFUSION_ON ? 1 : -1;
    *rate += sign * a->value;
    /* what rounding leaves when the last infusion of a port ends */
    if (sign < 0 && *rate < 1e-12 * a->value) *rate = 0;
}

static void act_reset(pt_block *b, int s)
{
    const int j = s / PT_W, l = s % PT_W;
    vec *x = b->scratch;
    b->model->functions->initial(b->model->self, 1, b->p + j * b->n_param, x);
    for (int i = 0; i < b->n_state; i++) b->x[j * b->n_state + i][l] = x[i][l];
    for (int i = 0; i < b->n_dose; i++) b->rate[s * b->n_dose + i] = 0;
}

/* Of the actions before the start, covariates hold and infusions run on; boluses are in the state. */
static void act_past(pt_block *b, int s)
{
    pt_slot *slot = &b->slot[s];
    for (; slot->next < slot->n_action && slot->actions[slot->next].time < slot->now; slot->next++) {
        const pt_action *a = slot->actions + slot->next;
        if (is_covariate(a)) act_covariate(b, s, a);
        if (a->kind == PT_ACTION_INFUSION_ON || a->kind == PT_ACTION_INFUSION_OFF) act_infusion(b, s, a);
        for (int i = 0; a->kind == PT_ACTION_RESET && i < b->n_dose; i++) b->rate[s * b->n_dose + i] = 0;
    }
}

static int finite_lane(const vec *v, int n, int l)
{
    double sum = 0; /* 0 * v is 0 or NaN */
    for (int i = 0; i < n; i++) sum += 0 * v[i][l];
    return sum == 0;
}

/* Covariates of the instant; then p, the initial state of a lane that begins, and whether all is finite. */
static void settle_covariates(pt_block *b, int s)
{
    pt_slot *slot = &b->slot[s];
    const int j = s / PT_W, l = s % PT_W;
    if (slot->status != PT_OK) return;
    slot->now = slot->stop;
    b->t[j][l] = 0;
    act_past(b, s);
    for (const pt_action *a; (a = due_action(slot)) && is_covariate(a); slot->next++) act_covariate(b, s, a);
    vec *p = b->p + j * b->n_param;
    const double *base = b->base + (int64_t)s * b->n_param, *factor = b->factor + (int64_t)s * b->n_param;
    for (int i = 0; slot->changed && i < b->n_param; i++) p[i][l] = base[i] * factor[i];
    if (slot->blank) act_reset(b, s);
    slot->blank = 0;
    b->origin[j][l] = slot->now;
    const int finite = !slot->changed || finite_lane(p, b->n_param, l);
    if (!finite || !finite_lane(b->x + j * b->n_state, b->n_state, l)) pt_slot_fail(b, s, PT_NOT_FINITE);
}

static int output_is_due(const pt_block *b, const pt_slot *slot)
{
    return slot->status == PT_OK && slot->out < b->feed->n_time && b->feed->times[slot->out] <= slot->now;
}

void pt_slot_emit(pt_block *b, int s, const vec *y)
{
    const pt_feed *feed = b->feed;
    pt_slot *slot = &b->slot[s];
    double *row = feed->y + (slot->lane * feed->n_time + slot->out) * feed->n_out;
    for (int i = 0; i < feed->n_out; i++) {
        row[i] = y[feed->outputs[i]][s % PT_W];
        if (row[i] - row[i] != 0) {
            pt_slot_fail(b, s, PT_NOT_FINITE);
            return;
        }
    }
    slot->out++;
}

static void settle_outputs(pt_block *b, int j)
{
    int evaluated = 0;
    vec *y = b->scratch;
    for (int l = 0; l < PT_W; l++) {
        const int s = j * PT_W + l;
        if (!b->arrived[j][l] || !b->live[j][l]) continue;
        while (output_is_due(b, &b->slot[s])) {
            if (!evaluated)
                b->model->functions->output(b->model->self, 1, &b->origin[j], b->x + j * b->n_state,
                                            b->p + j * b->n_param, y);
            evaluated = 1;
            pt_slot_emit(b, s, y);
        }
    }
}

static void settle_doses(pt_block *b, int s)
{
    for (const pt_action *a; (a = due_action(&b->slot[s])); b->slot[s].next++) {
        if (a->kind == PT_ACTION_RESET) act_reset(b, s);
        if (a->kind == PT_ACTION_BOLUS) act_bolus(b, s, a);
        if (a->kind == PT_ACTION_INFUSION_OFF || a->kind == PT_ACTION_INFUSION_ON) act_infusion(b, s, a);
    }
}

static void begin_interval(pt_block *b, int s)
{
    pt_slot *slot = &b->slot[s];
    const pt_feed *feed = b->feed;
    const int j = s / PT_W, l = s % PT_W;
    slot->stop = slot->end;
    if (slot->next < slot->n_action && slot->actions[slot->next].time < slot->end)
        slot->stop = slot->actions[slot->next].time;
    b->length[j][l] = slot->stop - slot->now;
    b->due[j][l] = slot->out < feed->n_time ? feed->times[slot->out] - slot->now : __builtin_inf();
    b->steps[j][l] = 0;
    b->arrived[j][l] = 0;
    b->opening[j][l] = -1;
}

static void replace_lane(pt_block *b, int s)
{
    const int j = s / PT_W, l = s % PT_W;
    b->feed->finish(b->feed->context, b, s);
    if (!b->empty && b->feed->take(b->feed->context, b, s)) return;
    b->empty = 1;
    b->slot[s].lane = -1;
    b->live[j][l] = b->arrived[j][l] = 0;
}

/* Inflows of a slot from its running infusions. */
static void set_inflow(pt_block *b, int s)
{
    const int j = s / PT_W, l = s % PT_W;
    vec *inflow = b->inflow + j * b->n_state;
    for (int i = 0; i < b->n_dose; i++) inflow[b->model->doses[i].state][l] = 0;
    for (int i = 0; i < b->n_dose; i++) {
        const pt_dose_port *port = &b->model->doses[i];
        const double F = port->bioavailability < 0 ? 1 : b->p[j * b->n_param + port->bioavailability][l];
        inflow[port->state][l] += port->factor * F * b->rate[s * b->n_dose + i];
    }
}

/* After events: the linear part, its flow and the opening of the interval in vec j. */
static void refresh(pt_block *b, int j)
{
    int changed = 0;
    vmask mask = m_set(0);
    for (int l = 0; l < PT_W; l++) {
        const int s = j * PT_W + l;
        if (!b->opening[j][l]) continue;
        set_inflow(b, s);
        changed |= b->slot[s].changed;
        b->slot[s].changed = 0;
        mask[l] = -1;
    }
    const int n = b->n_linear;
    vec *coefficient = b->coefficient + j * PT_TAYLOR * n * n, *K = b->scratch;
    if (changed && n) {
        b->model->functions->linear(b->model->self, 1, b->p + j * b->n_param, K);
        pt_linear_prepare(n, K, coefficient, &b->norm[j]);
    }
    vmask flowing = m_set(0);
    for (int i = 0; i < n; i++) flowing |= v_ne(b->inflow[j * b->n_state + i], v_set(0)) & b->live[j];
    b->flowing[j] = m_any(flowing);
    if (b->flowing[j])
        pt_linear_flow(n, coefficient, b->inflow + j * b->n_state, b->flow + j * PT_TAYLOR * n);
    pt_block_open(b, j, mask);
    b->opening[j] = m_set(0);
}

static void settle_vec(pt_block *b, int j)
{
    while (m_any(b->arrived[j])) {
        for (int l = 0; l < PT_W; l++)
            if (b->arrived[j][l]) settle_covariates(b, j * PT_W + l);
        settle_outputs(b, j);
        for (int l = 0; l < PT_W; l++) {
            const int s = j * PT_W + l;
            if (!b->arrived[j][l]) continue;
            if (b->slot[s].status != PT_OK || b->slot[s].now >= b->slot[s].end) {
                replace_lane(b, s);
                continue;
            }
            settle_doses(b, s);
            begin_interval(b, s);
        }
    }
    if (m_any(b->opening[j])) refresh(b, j);
}

int pt_block_settle(pt_block *b)
{
    int busy = 0;
    for (int j = 0; j < b->n_vec; j++) {
        if (m_any(b->arrived[j])) settle_vec(b, j);
        busy |= m_any(b->live[j]);
    }
    while (b->n_vec > 0 && !m_any(b->live[b->n_vec - 1])) b->n_vec--;
    return busy;
}
