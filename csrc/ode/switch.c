/* The choice of method in each lane, and which lanes a step is made for.
 *
 * A lane begins with the explicit method. In short stretches of its steps, the same for every lane, the size
 * of h times the dominant eigenvalue is estimated from the last two stages (Hairer & Wanner, Solving Ordinary
 * Differential Equations II, IV.2): where it is beyond the border of stability in most of them, the method is
 * bound by stability and not by accuracy, and the lane goes over to the Rosenbrock method. It comes back when
 * the explicit method could have made the same steps for a while, and that while grows with every return; or
 * when the steps are longer than the explicit ones, but not by as much as they cost more: then it stays away
 * for long.
 *
 * Explicit and stiff lanes live in one block. A step is made for those of one kind; the others wait: stiff
 * lanes until they are a quarter of all, explicit ones then until all but an eighth have gone. What a lane
 * does never depends on when.
 */
#include "ode/control.h"
#include "ode/stiff.h"
#include "ode/trigger.h"

#define BORDER 3.25 /* of the pair of Dormand and Prince on the negative axis */
/* Explicit steps that take as long as one Rosenbrock step: 3.8 in UVA/Padova, 4.3 in Hovorka (AVX2, GCC 12).
 */
#define COST 4
/* Factor of the next step beyond which it is still too early to tell. */
#define GROWING 1.5

enum {
    FIRST_LOOK = 48, /* attempts before the first stretch */
    STRETCH = 8,     /* its length */
    ENOUGH = 6,      /* steps in it beyond the border */
    PERIOD = 1024,   /* from one stretch to the next */
    CALM = 16,       /* steps that the explicit method could have made, before the first return */
    LESS_CALM = 4,   /* factor of that from return to return */
    NO_GAIN = 3      /* steps that it could have made as fast */
};

void pt_switch_begin(pt_block *b, int s)
{
    pt_choice *choice = &b->stiff->choice;
    *pt_flag(choice->stiff, s) = choice->automatic ? 0 : -1;
    *pt_at(choice->until, 0, s) = FIRST_LOOK + choice->uncounted;
    if (choice->quiet > FIRST_LOOK) choice->quiet = FIRST_LOOK;
    *pt_at(choice->beyond, 0, s) = *pt_at(choice->calm, 0, s) = *pt_at(choice->limit, 0, s) = 0;
    *pt_at(choice->patience, 0, s) = CALM;
    choice->any = pt_any(choice->stiff);
}

/* Lanes of vec j whose step was beyond the border: |k_7 - k_6| against |x_7 - x_6| / h. */
static vmask is_beyond(const pt_block *b, int j)
{
    const int nl = b->n_linear;
    vec rise = v_set(0), run = v_set(0);
    for (int i = 0; i < b->n_stepped; i++) {
        const int at = i * PT_WIDE + j;
        const vec size = v_abs(b->x[nl * PT_WIDE + at]);
        const vec scale = v_fma(v_set(b->options.rtol), size, v_set(pt_block_atol(b, nl + i)));
        const vec weight = pt_rough_inverse(scale);
        vec apart = v_set(pt_stage_a[6][5]) * b->k[5][at];
        for (int q = 0; q < 5; q++)
            apart = v_fma(v_set(pt_stage_a[6][q] - pt_stage_a[5][q]), b->k[q][at], apart);
        const vec change = (b->k[6][at] - b->k[5][at]) * weight;
        apart *= weight;
        rise = v_fma(change, change, rise);
        run = v_fma(apart, apart, run);
    }
    return v_gt(rise, v_set(BORDER * BORDER) * run);
}

/* Looks at the lanes of vec j that are in a stretch; at its end they go over or not. */
static void look(pt_block *b, int j, vmask inside, vmask accept)
{
    pt_choice *choice = &b->stiff->choice;
    const vmask beyond = is_beyond(b, j) & inside & accept;
    const vmask end = inside & v_le(choice->until[j], v_set(-STRETCH));
    choice->beyond[j] = v_if(beyond, choice->beyond[j] + v_set(1), choice->beyond[j]);
    choice->stiff[j] |= end & v_ge(choice->beyond[j], v_set(ENOUGH));
    choice->limit[j] = v_if(end, -b->h[j], choice->limit[j]);
    choice->beyond[j] = v_if(end, v_set(0), choice->beyond[j]);
    choice->until[j] = v_if(end, v_set(PERIOD - STRETCH), choice->until[j]);
}

/* Brings the lanes' counts up to date, and finds those that are in a stretch. */
static void count_attempts(pt_block *b, vmask *inside)
{
    pt_choice *choice = &b->stiff->choice;
    const vec more = v_set(choice->uncounted + 1);
    vec least = v_set(PERIOD);
    for (int j = 0; j < PT_WIDE; j++) {
        choice->until[j] = v_if(b->live[j], choice->until[j] - more, choice->until[j]);
        inside[j] = v_lt(choice->until[j], v_set(0)) & b->live[j];
        least = v_min(least, v_if(b->live[j], choice->until[j], least));
    }
    double first = least[0];
    for (int l = 1; l < PT_W; l++) first = least[l] < first ? least[l] : first;
    choice->uncounted = 0;
    choice->quiet = (int)first;
}

/* As long as no lane is stiff, every attempt is one of all lanes: they are counted together until the first
 * of them comes to a stretch. */
static void watch_explicit(pt_block *b, const vmask *accept)
{
    pt_choice *choice = &b->stiff->choice;
    vmask inside[PT_WIDE];
    if (choice->quiet > 0 && !choice->any) {
        choice->quiet--;
        choice->uncounted++;
        return;
    }
    count_attempts(b, inside);
    if (!pt_any(inside)) return;
    for (int j = 0; j < PT_WIDE; j++)
        if (m_any(inside[j])) look(b, j, inside[j], accept[j]);
    choice->any = pt_any(choice->stiff);
}

/* Bound of the eigenvalues of the Jacobian in vec j: the largest sum of a row, states in units of their
 * tolerance. */
static vec largest_row(const pt_block *b, int j)
{
    const pt_jacobian *shape = b->stiff->shape;
    vec scale[PT_MAX_STATE], largest = v_set(0);
    for (int i = 0; i < b->n_state; i++)
        scale[i] = v_fma(v_set(b->options.rtol), v_abs(b->x[i * PT_WIDE + j]), v_set(pt_block_atol(b, i)));
    for (int i = 0; i < b->n_state; i++) {
        vec sum = v_set(0);
        for (int k = shape->begin[i]; k < shape->begin[i + 1]; k++)
            sum = v_fma(v_abs(b->stiff->J[k * PT_WIDE + j]), scale[shape->column[k]], sum);
        largest = v_max(largest, sum / scale[i]);
    }
    return largest;
}

static void watch_stiff(pt_block *b, const vmask *accept, const vec *factor)
{
    pt_choice *choice = &b->stiff->choice;
    for (int j = 0; j < PT_WIDE; j++) {
        const vec row = largest_row(b, j), reach = b->h[j] * row;
        const vmask fresh = v_lt(choice->limit[j], v_set(0)) & b->live[j];
        choice->limit[j] = v_if(fresh, -row * choice->limit[j], choice->limit[j]);
        const vmask calm = v_lt(reach, v_set(1)), mild = v_lt(reach, v_set(COST) * choice->limit[j]);
        const vmask growing = ~calm & v_gt(factor[j], v_set(GROWING));
        const vec more = v_if(calm | mild, choice->calm[j] + v_set(1), v_set(0));
        choice->calm[j] = v_if(accept[j] & ~(mild & growing), more, choice->calm[j]);
        choice->mild[j] = (~calm & accept[j]) | (choice->mild[j] & ~accept[j]);
    }
}

void pt_switch_watch(pt_block *b, const vmask *accept, const vec *factor)
{
    if (b->stiff->at_work)
        watch_stiff(b, accept, factor);
    else
        watch_explicit(b, accept);
}

/* Lanes that have been calm for long enough begin anew with the explicit method. */
static void return_lanes(pt_block *b)
{
    pt_choice *choice = &b->stiff->choice;
    vmask back[PT_WIDE];
    vec t[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) {
        const vec enough = v_if(choice->mild[j], v_set(NO_GAIN), choice->patience[j]);
        back[j] = choice->stiff[j] & b->live[j] & v_ge(choice->calm[j], enough);
        t[j] = b->origin[j] + b->t[j];
    }
    if (!pt_any(back)) return;
    pt_block_rate(b, t, b->x, b->k[1]);
    for (int i = 0; i < b->n_stepped * PT_WIDE; i++)
        b->k[0][i] = v_if(back[i % PT_WIDE], b->k[1][i], b->k[0][i]);
    for (int j = 0; j < PT_WIDE; j++) {
        choice->stiff[j] &= ~back[j];
        const vec away = v_if(choice->mild[j], v_set(PERIOD), v_set(FIRST_LOOK));
        choice->until[j] = v_if(back[j], away, choice->until[j]);
        choice->calm[j] = v_if(back[j], v_set(0), choice->calm[j]);
        const vmask longer = back[j] & ~choice->mild[j];
        choice->patience[j] = v_if(longer, choice->patience[j] * v_set(LESS_CALM), choice->patience[j]);
    }
    choice->any = pt_any(choice->stiff);
}

/* Lanes at work, and those of them that are stiff. */
static void count(const pt_block *b, int *n, int *n_stiff)
{
    *n = *n_stiff = 0;
    for (int s = 0; s < PT_N_SLOT; s++) {
        const int live = *pt_flag((vmask *)b->live, s) != 0;
        *n += live;
        *n_stiff += live && *pt_flag(b->stiff->choice.stiff, s);
    }
}

/* What a step changes in lanes that are not at work, too. */
typedef struct {
    vec t[PT_WIDE], h[PT_WIDE], first[PT_WIDE], log_error[PT_WIDE], steps[PT_WIDE];
    vmask live[PT_WIDE], rejected[PT_WIDE];
    /* of triggers: lanes that repeat a step up to a crossing */
    vmask seeking[PT_WIDE];
    vec target[PT_WIDE];
    int sought[PT_N_SLOT];
} parked;

static void park_triggers(const pt_watch *watch, parked *p)
{
    for (int j = 0; j < PT_WIDE; j++) p->seeking[j] = watch->seeking[j], p->target[j] = watch->target[j];
    for (int s = 0; s < PT_N_SLOT; s++) p->sought[s] = watch->slot[s].sought;
}

static void unpark_triggers(pt_watch *watch, const parked *p, vmask *waited)
{
    for (int j = 0; j < PT_WIDE; j++) {
        watch->seeking[j] = (p->seeking[j] & waited[j]) | (watch->seeking[j] & ~waited[j]);
        watch->target[j] = v_if(waited[j], p->target[j], watch->target[j]);
    }
    for (int s = 0; s < PT_N_SLOT; s++)
        if (*pt_flag(waited, s)) watch->slot[s].sought = p->sought[s];
}

static void park(pt_block *b, int stiff, parked *p)
{
    for (int j = 0; j < PT_WIDE; j++) {
        p->t[j] = b->t[j], p->h[j] = b->h[j], p->first[j] = b->first[j];
        p->log_error[j] = b->log_error[j], p->steps[j] = b->steps[j];
        p->live[j] = b->live[j], p->rejected[j] = b->rejected[j];
        const vmask is_stiff = b->stiff->choice.stiff[j];
        b->live[j] &= stiff ? is_stiff : ~is_stiff;
    }
    if (b->watch) park_triggers(b->watch, p);
}

static void unpark(pt_block *b, const parked *p)
{
    vmask waited[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) {
        const vmask w = p->live[j] & ~b->live[j];
        b->t[j] = v_if(w, p->t[j], b->t[j]);
        b->h[j] = v_if(w, p->h[j], b->h[j]);
        b->first[j] = v_if(w, p->first[j], b->first[j]);
        b->log_error[j] = v_if(w, p->log_error[j], b->log_error[j]);
        b->steps[j] = v_if(w, p->steps[j], b->steps[j]);
        b->rejected[j] = (p->rejected[j] & w) | (b->rejected[j] & ~w);
        b->live[j] = p->live[j];
        waited[j] = w;
    }
    if (b->watch) unpark_triggers(b->watch, p, waited);
}

static void step(pt_block *b, int stiff)
{
    b->stiff->at_work = stiff;
    if (stiff)
        pt_rosenbrock_step(b);
    else
        pt_block_step(b);
    b->stiff->at_work = 0;
}

void pt_switch_step(pt_block *b)
{
    int n, n_stiff;
    parked p;
    if (!b->stiff->choice.any) {
        pt_block_step(b);
        return;
    }
    count(b, &n, &n_stiff);
    const int stiff = n_stiff > 0 && (b->stiff->choice.turn ? 8 : 4) * n_stiff >= n;
    const int mixed = n_stiff > 0 && n_stiff < n;
    b->stiff->choice.turn = stiff;
    if (mixed) park(b, stiff, &p);
    step(b, stiff);
    if (mixed) unpark(b, &p);
    if (stiff && b->stiff->choice.automatic) return_lanes(b);
}
