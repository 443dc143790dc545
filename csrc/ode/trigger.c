/* After a step: whether it shows a crossing, and whether it ends at it or has to be taken again. */
#include "ode/crossing.h"

#define ROUNDING 0x1p-52
#define NEAR     (1 - 0x1p-10) /* share of a step at which the slope at its end is taken */

static double magnitude(double a) { return a < 0 ? -a : a; }

pt_status pt_watch_create(pt_block *b)
{
    char *memory = pt_alloc(sizeof(pt_watch) + sizeof(pt_search));
    if (!memory) return PT_NO_MEMORY;
    b->watch = (pt_watch *)memory;
    b->watch->search = (pt_search *)(memory + sizeof(pt_watch));
    return PT_OK;
}

/* Slopes of g at the end of the step. */
static void find_slopes(pt_block *b, pt_search *w)
{
    vec theta[PT_WIDE];
    for (int j = 0; j < PT_WIDE; j++) theta[j] = v_set(NEAR);
    const vec *y = pt_search_outputs(b, theta);
    for (int i = 0; i < w->n; i++) {
        const int s = w->list[i];
        pt_search_lane *lane = &w->lane[s];
        const double span = pt_get(b->h, 0, s) * (1 - NEAR);
        for (int k = 0; k < b->watch->slot[s].n; k++)
            lane->slope[k] = (pt_search_end(lane, k) - pt_watch_value(b, s, k, y)) / span;
    }
}

/* How far behind the end of the step trigger k crosses, by its slope; 0 where g is 0 to rounding and does not
 * move away, as that of a trigger which waits for the way back does. */
static double behind_end(const pt_block *b, const pt_search_lane *lane, int s, int k)
{
    const double g = pt_search_end(lane, k), side = lane->side[k], rise = -side * lane->slope[k];
    if (magnitude(g) <= 2 * pt_watch_noise(b, s, k, g) && rise >= 0) return 0;
    return rise > 0 ? side * g / rise : __builtin_inf();
}

/* Whether trigger k would fire if it crossed at the end of the step. */
static int could_fire(const pt_block *b, const pt_search_lane *lane, int s, int k)
{
    const double side = lane->side[k], end = pt_get(b->t, 0, s) + pt_get(b->h, 0, s);
    if (b->slot[s].now + end < b->watch->slot[s].trigger[k].rest) return 0;
    return side != 0 && pt_watch_crosses(b, s, k, side, -side, 0);
}

/* The lane fires at the end of the step: trigger k, and whatever crosses at the same time to rounding. */
static void hit(pt_block *b, const pt_search_lane *lane, int s, int k, double tolerance)
{
    pt_watch_slot *slot = &b->watch->slot[s];
    slot->fired = lane->found | 1u << k;
    for (int i = 0; i < slot->n; i++)
        if (could_fire(b, lane, s, i) && behind_end(b, lane, s, i) <= 16 * tolerance) slot->fired |= 1u << i;
    for (int i = 0; i < slot->n; i++)
        if (slot->fired >> i & 1) slot->trigger[i].zone = 4 * magnitude(pt_search_end(lane, i));
    slot->located = 1;
    slot->sought = -1;
    *pt_flag(b->watch->cut, s) = -1;
}

static void retry(pt_block *b, int s, int k, double target, vmask *accept)
{
    pt_watch_slot *slot = &b->watch->slot[s];
    if (!(target > slot->low && target < slot->high)) target = slot->low + 0.5 * (slot->high - slot->low);
    slot->sought = k;
    slot->attempts++;
    *pt_flag(accept, s) = 0;
    *pt_flag(b->watch->seeking, s) = -1;
    *pt_at(b->watch->target, 0, s) = target;
}

/* A lane whose step shows a crossing. */
static void decide_found(pt_block *b, const pt_search_lane *lane, int s, double tolerance, vmask *accept)
{
    pt_watch_slot *slot = &b->watch->slot[s];
    const double h = pt_get(b->h, 0, s);
    if (slot->sought < 0) {
        slot->attempts = 0;
        slot->low = 0;
    }
    const int enough = slot->attempts >= PT_TRIGGER_ATTEMPTS && lane->at == lane->n - 1;
    if ((1 - lane->root) * h <= tolerance || enough) {
        hit(b, lane, s, lane->first, tolerance);
        return;
    }
    slot->high = h;
    retry(b, s, lane->first, lane->root * h, accept);
}

/* A lane whose step was to end at a crossing and shows none: it is at the end, or just behind it. */
static void decide_sought(pt_block *b, const pt_search_lane *lane, int s, double tolerance, vmask *accept)
{
    pt_watch_slot *slot = &b->watch->slot[s];
    const double h = pt_get(b->h, 0, s), gap = behind_end(b, lane, s, slot->sought);
    if (gap <= tolerance || slot->high - h <= tolerance) {
        hit(b, lane, s, slot->sought, tolerance);
    } else if (slot->attempts >= PT_TRIGGER_ATTEMPTS) {
        slot->sought = -1;
    } else {
        slot->low = h;
        retry(b, s, slot->sought, h + gap, accept);
    }
}

static void decide(pt_block *b, const pt_search_lane *lane, int s, vmask *accept)
{
    pt_watch_slot *slot = &b->watch->slot[s];
    const double tolerance = 4 * ROUNDING * (pt_get(b->t, 0, s) + pt_get(b->h, 0, s));
    if (lane->found)
        decide_found(b, lane, s, tolerance, accept);
    else if (slot->sought >= 0)
        decide_sought(b, lane, s, tolerance, accept);
    if (!*pt_flag(accept, s)) return;
    for (int k = 0; k < slot->n; k++) {
        slot->trigger[k].side = lane->side[k];
        slot->trigger[k].g = pt_search_end(lane, k);
    }
}

/* Lanes with triggers whose step was accepted; the others give up what they sought. */
static void list_lanes(pt_block *b, vmask *accept, pt_search *w)
{
    w->n = 0;
    for (int s = 0; s < PT_N_SLOT; s++) {
        pt_watch_slot *slot = &b->watch->slot[s];
        if (!*pt_flag(accept, s))
            slot->sought = -1;
        else if (slot->n)
            w->list[w->n++] = s;
    }
}

void pt_watch_step(pt_block *b, vmask *accept)
{
    pt_search *w = b->watch->search;
    for (int j = 0; j < PT_WIDE; j++) b->watch->seeking[j] = b->watch->cut[j] = m_set(0);
    list_lanes(b, accept, w);
    if (!w->n) return;
    pt_search_sample(b, w);
    int any = 0;
    for (int i = 0; i < w->n; i++) any |= w->lane[w->list[i]].found || b->watch->slot[w->list[i]].sought >= 0;
    if (any) {
        pt_search_locate(b, w);
        find_slopes(b, w);
    }
    for (int i = 0; i < w->n; i++) decide(b, &w->lane[w->list[i]], w->list[i], accept);
}

void pt_watch_commit(pt_block *b, int j)
{
    pt_watch *watch = b->watch;
    b->h[j] = v_if(watch->seeking[j], watch->target[j], b->h[j]);
    b->rejected[j] &= ~watch->seeking[j];
    if (!m_any(watch->cut[j])) return;
    for (int l = 0; l < PT_W; l++) {
        const int s = j * PT_W + l;
        if (!*pt_flag(watch->cut, s) || *pt_flag(b->arrived, s)) continue;
        b->slot[s].stop = b->slot[s].now + pt_get(b->t, 0, s);
        *pt_flag(b->arrived, s) = -1;
    }
}
