#include "ode/crossing.h"

#define START 0x1p-10 /* share of a step at which a lane is seen to leave a threshold that it rested on */

vec *pt_search_outputs(pt_block *b, const vec *theta)
{
    vec *x = b->scratch, *y = b->scratch + b->n_state * PT_WIDE, t[PT_WIDE];
    pt_block_interpolate(b, theta, b->stepped, b->n_stepped, x);
    if (b->n_linear) pt_block_interpolate_linear(b, theta, x);
    for (int j = 0; j < PT_WIDE; j++) {
        t[j] = b->origin[j] + (b->t[j] + theta[j] * b->h[j]);
        const vmask end = v_eq(theta[j], v_set(1));
        for (int i = j; i < b->n_state * PT_WIDE; i += PT_WIDE) x[i] = v_if(end, b->x1[i], x[i]);
    }
    pt_block_output(b, t, x, y);
    return y;
}

/* Puts a point into the order of the others. */
static void insert(const pt_block *b, pt_search_lane *lane, int s, double theta, const vec *y)
{
    int at = lane->n++;
    for (; at > 0 && lane->theta[at - 1] > theta; at--) {
        lane->theta[at] = lane->theta[at - 1];
        __builtin_memcpy(lane->g[at], lane->g[at - 1], sizeof lane->g[at]);
    }
    lane->theta[at] = theta;
    for (int k = 0; k < b->watch->slot[s].n; k++) lane->g[at][k] = pt_watch_value(b, s, k, y);
}

/* ---- extrema ---- */

/* The share at which the parabola through points i - 1, i, i + 1 turns, and its value there. */
static double vertex(const pt_search_lane *lane, int i, int k, double *value)
{
    const double *at = lane->theta + i - 1;
    const double g0 = lane->g[i - 1][k], g1 = lane->g[i][k], g2 = lane->g[i + 1][k];
    const double d01 = (g1 - g0) / (at[1] - at[0]), d12 = (g2 - g1) / (at[2] - at[1]);
    const double bend = (d12 - d01) / (at[2] - at[0]);
    const double theta = 0.5 * (at[0] + at[1]) - 0.5 * d01 / bend;
    *value = g0 + (theta - at[0]) * (d01 + (theta - at[1]) * bend);
    return theta;
}

static int sign(double a) { return (a > 0) - (a < 0); }

/* Whether the parabola around point i turns behind the threshold, seen from both neighbours of its vertex. */
static int turns_behind(const pt_search_lane *lane, int i, int k, double *theta)
{
    double value;
    *theta = vertex(lane, i, k, &value);
    if (!(*theta > lane->theta[i - 1] && *theta < lane->theta[i + 1])) return 0;
    const int before = *theta < lane->theta[i] ? i - 1 : i;
    const int side = sign(value);
    return side && side != sign(lane->g[before][k]) && side != sign(lane->g[before + 1][k]);
}

static void find_extrema(const pt_block *b, pt_search_lane *lane, int s)
{
    lane->n_extremum = 0;
    for (int k = 0; k < b->watch->slot[s].n; k++)
        for (int i = 1; i < lane->n - 1; i++) {
            double theta;
            if (lane->n_extremum < PT_EXTREMA && turns_behind(lane, i, k, &theta))
                lane->extremum[lane->n_extremum++] = theta;
        }
}

static void add_extrema(pt_block *b, pt_search *w)
{
    int most = 0;
    for (int i = 0; i < w->n; i++) {
        pt_search_lane *lane = &w->lane[w->list[i]];
        find_extrema(b, lane, w->list[i]);
        if (lane->n_extremum > most) most = lane->n_extremum;
    }
    vec theta[PT_WIDE];
    for (int q = 0; q < most; q++) {
        for (int j = 0; j < PT_WIDE; j++) theta[j] = v_set(1);
        for (int i = 0; i < w->n; i++) {
            const pt_search_lane *lane = &w->lane[w->list[i]];
            if (q < lane->n_extremum) *pt_at(theta, 0, w->list[i]) = lane->extremum[q];
        }
        const vec *y = pt_search_outputs(b, theta);
        for (int i = 0; i < w->n; i++) {
            pt_search_lane *lane = &w->lane[w->list[i]];
            if (q < lane->n_extremum) insert(b, lane, w->list[i], lane->extremum[q], y);
        }
    }
}

/* ---- samples ---- */

/* The lanes that begin an interval have a sample near its beginning more. */
static void sample_start(pt_block *b, pt_search *w)
{
    vec theta[PT_WIDE];
    int any = 0;
    for (int i = 0; i < w->n; i++) any |= pt_get(b->t, 0, w->list[i]) == 0;
    if (!any) return;
    for (int j = 0; j < PT_WIDE; j++) theta[j] = v_set(START);
    const vec *y = pt_search_outputs(b, theta);
    for (int i = 0; i < w->n; i++) {
        const int s = w->list[i];
        if (pt_get(b->t, 0, s) == 0) insert(b, &w->lane[s], s, START, y);
    }
}

/* Share of the step at which trigger k of slot s may fire again; 1 where that is not inside. */
static double rest_within(const pt_block *b, int s, int k)
{
    const pt_watch_slot *slot = &b->watch->slot[s];
    if (k >= slot->n) return 1;
    const double begin = b->slot[s].now + pt_get(b->t, 0, s);
    const double theta = (slot->trigger[k].rest - begin) / pt_get(b->h, 0, s);
    return theta > 0 && theta < 1 ? theta : 1;
}

/* A sample at the end of every rest, so that a crossing before it is seen as one. */
static void sample_rests(pt_block *b, pt_search *w)
{
    vec theta[PT_WIDE];
    for (int k = 0; k < PT_MAX_TRIGGER; k++) {
        int any = 0;
        for (int j = 0; j < PT_WIDE; j++) theta[j] = v_set(1);
        for (int i = 0; i < w->n; i++) {
            const double share = rest_within(b, w->list[i], k);
            *pt_at(theta, 0, w->list[i]) = share;
            any |= share < 1;
        }
        if (!any) continue;
        const vec *y = pt_search_outputs(b, theta);
        for (int i = 0; i < w->n; i++) {
            const int s = w->list[i];
            if (pt_get(theta, 0, s) < 1) insert(b, &w->lane[s], s, pt_get(theta, 0, s), y);
        }
    }
}

static void begin(const pt_block *b, pt_search_lane *lane, int s)
{
    const pt_watch_slot *slot = &b->watch->slot[s];
    lane->n = 1;
    lane->theta[0] = 0;
    lane->found = 0;
    lane->root = __builtin_inf();
    for (int k = 0; k < slot->n; k++) {
        lane->g[0][k] = slot->trigger[k].g;
        lane->side[k] = slot->trigger[k].side;
    }
}

/* What point i says of trigger k. */
static void look(const pt_block *b, pt_search_lane *lane, int s, int i, int k)
{
    const double g = lane->g[i][k], noise = pt_watch_noise(b, s, k, g);
    const double time = b->slot[s].now + (pt_get(b->t, 0, s) + lane->theta[i] * pt_get(b->h, 0, s));
    /* to rounding, because there is a sample at the end of the rest */
    const double least = pt_watch_trigger(b, s, k)->refractory > 0 ? time * (1 - 0x1p-48) : time;
    const int resting = least < b->watch->slot[s].trigger[k].rest;
    if (!resting && pt_watch_crosses(b, s, k, lane->side[k], g, noise))
        lane->found |= 1u << k;
    else if (g > noise || g < -noise)
        lane->side[k] = g > 0 ? 1 : -1;
}

static void scan(const pt_block *b, pt_search_lane *lane, int s)
{
    for (lane->at = 1; lane->at < lane->n; lane->at++) {
        for (int k = 0; k < b->watch->slot[s].n; k++) look(b, lane, s, lane->at, k);
        if (lane->found) return;
    }
}

void pt_search_sample(pt_block *b, pt_search *w)
{
    vec theta[PT_WIDE];
    for (int i = 0; i < w->n; i++) begin(b, &w->lane[w->list[i]], w->list[i]);
    pt_block_prepare(b, b->stepped, b->n_stepped);
    sample_start(b, w);
    sample_rests(b, w);
    for (int q = 1; q <= PT_TRIGGER_SAMPLES; q++) {
        const double share = (double)q / PT_TRIGGER_SAMPLES;
        for (int j = 0; j < PT_WIDE; j++) theta[j] = v_set(share);
        const vec *y = pt_search_outputs(b, theta);
        for (int i = 0; i < w->n; i++) insert(b, &w->lane[w->list[i]], w->list[i], share, y);
    }
    add_extrema(b, w);
    for (int i = 0; i < w->n; i++) scan(b, &w->lane[w->list[i]], w->list[i]);
}

/* ---- roots ---- */

/* One crossing in each of several lanes: shares a and b around it, f < 0 before and > 0 behind. */
typedef struct {
    int trigger[PT_N_SLOT]; /* -1: none */
    int open[PT_N_SLOT];
    double direction[PT_N_SLOT], a[PT_N_SLOT], b[PT_N_SLOT], fa[PT_N_SLOT], fb[PT_N_SLOT];
    int last[PT_N_SLOT]; /* which end the last point replaced */
} bracket;

/* Takes a point into the bracket; whether more are needed. */
static int refine(bracket *r, int s, double theta, double f)
{
    const int behind = f >= 0;
    if (behind) {
        r->b[s] = theta, r->fb[s] = f;
        if (r->last[s] == 1) r->fa[s] *= 0.5;
    } else {
        r->a[s] = theta, r->fa[s] = f;
        if (r->last[s] == -1) r->fb[s] *= 0.5;
    }
    r->last[s] = behind ? 1 : -1;
    return r->b[s] - r->a[s] > 0x1p-50 && f != 0;
}

static double next_point(const bracket *r, int s, int step)
{
    const double a = r->a[s], b = r->b[s], width = b - a;
    if (step % 8 == 7) return a + 0.5 * width;
    const double theta = b - width * (r->fb[s] / (r->fb[s] - r->fa[s]));
    return theta > a && theta < b ? theta : a + 0.5 * width;
}

/* The share of the crossing in each lane with a trigger in r, into r->b. */
static void solve(pt_block *b, bracket *r)
{
    vec theta[PT_WIDE];
    int any = 0;
    for (int s = 0; s < PT_N_SLOT; s++) any |= r->open[s] = r->trigger[s] >= 0;
    for (int step = 0; any && step < 64; step++) {
        for (int s = 0; s < PT_N_SLOT; s++) *pt_at(theta, 0, s) = r->open[s] ? next_point(r, s, step) : 1;
        const vec *y = pt_search_outputs(b, theta);
        any = 0;
        for (int s = 0; s < PT_N_SLOT; s++) {
            if (!r->open[s]) continue;
            const double g = pt_watch_value(b, s, r->trigger[s], y);
            const double noise = pt_watch_noise(b, s, r->trigger[s], g);
            r->open[s] = refine(r, s, pt_get(theta, 0, s), r->direction[s] * g - noise);
            any |= r->open[s];
        }
    }
}

static void set_bracket(bracket *r, const pt_search_lane *lane, int s, int k)
{
    const double direction = lane->side[k] < 0 ? 1 : -1;
    r->trigger[s] = k;
    r->direction[s] = direction;
    r->a[s] = lane->theta[lane->at - 1];
    r->b[s] = lane->theta[lane->at];
    r->fa[s] = direction * lane->g[lane->at - 1][k];
    r->fb[s] = direction * lane->g[lane->at][k];
    if (!(r->fa[s] < 0)) r->fa[s] = -0x1p-52 * r->fb[s]; /* it was on the threshold */
    r->last[s] = 0;
}

/* The bracket of the lowest trigger in `left` of each lane. */
static int next_bracket(const pt_search *w, uint32_t *left, bracket *r)
{
    int any = 0;
    for (int s = 0; s < PT_N_SLOT; s++) r->trigger[s] = -1;
    for (int i = 0; i < w->n; i++) {
        const int s = w->list[i];
        if (!left[s]) continue;
        set_bracket(r, &w->lane[s], s, __builtin_ctz(left[s]));
        left[s] &= left[s] - 1;
        any = 1;
    }
    return any;
}

void pt_search_locate(pt_block *b, pt_search *w)
{
    bracket r;
    uint32_t left[PT_N_SLOT] = {0};
    for (int i = 0; i < w->n; i++) left[w->list[i]] = w->lane[w->list[i]].found;
    while (next_bracket(w, left, &r)) {
        solve(b, &r);
        for (int s = 0; s < PT_N_SLOT; s++) {
            if (r.trigger[s] < 0 || !(r.b[s] < w->lane[s].root)) continue;
            w->lane[s].root = r.b[s];
            w->lane[s].first = r.trigger[s];
        }
    }
}
