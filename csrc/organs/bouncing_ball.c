#include "organs/bouncing_ball.h"
#include "organs/functions.h"

PT_ORGAN_ENUMS(BOUNCING_BALL);
enum { E_bounce, E_kick };

static void output(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *y)
{
    (void)t, (void)p, (void)c, (void)u;
    y[Y_height] = x[S_h];
    y[Y_speed] = x[S_v];
}

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    dx[S_h] = x[S_v];
    dx[S_v] = -p[P_g];
}

static void event(int event, const vec *value, const vec *t, vec *x, const vec *p, const vec *c)
{
    (void)t, (void)c;
    if (event == E_bounce) {
        x[S_h] = v_set(0);
        x[S_v] = -p[P_e] * x[S_v];
    }
    if (event == E_kick) x[S_v] = x[S_v] + *value;
}

const pt_organ_functions PT_ORGAN(bouncing_ball) = {0, 0, 0, output, rate, event, 0};

#ifndef PT_DUAL
static const pt_field states[] = {BOUNCING_BALL_STATES(PT_FIELD_ROW)};
static const pt_field params[] = {BOUNCING_BALL_PARAMS(PT_FIELD_ROW)};
static const pt_field outputs[] = {BOUNCING_BALL_OUTPUTS(PT_FIELD_ROW)};
static const pt_event events[] = {
    {"bounce", "the floor gives back a part of the speed"},
    {"kick", "the value is added to the speed"},
};

static const pt_own_trigger triggers[] = {{Y_height, -1, 0, E_bounce}};

const pt_organ_sheet pt_sheet_bouncing_ball = {
    .name = "bouncing_ball",
    .title = "Bouncing ball",
    .citation = "van der Schaft, Schumacher, An Introduction to Hybrid Dynamical Systems, Springer 2000",
    .equations = "dh/dt = v, dv/dt = -g\n"
                 "bounce: where h falls through 0, h <- 0, v <- -e v\n"
                 "kick: v <- v + value",
    .n_state = N_STATE,
    .n_param = N_PARAM,
    .n_output = N_OUTPUT,
    .states = states,
    .params = params,
    .outputs = outputs,
    .time_unit = "s",
    .n_event = 2,
    .n_trigger = 1,
    .events = events,
    .triggers = triggers,
};
#endif
