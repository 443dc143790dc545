/* Integration of a model over lanes. Included by pytwin.h. */
#ifndef PT_ODE_ODE_H
#define PT_ODE_ODE_H

typedef enum {
    PT_METHOD_AUTO, /* Dormand-Prince, changing to Rosenbrock in a lane that turns out stiff */
    PT_METHOD_DOPRI5,
    PT_METHOD_RODAS,
    PT_METHOD_RK4,
    PT_METHOD_HEUN,
    PT_METHOD_EULER,
    PT_METHOD_EULER_MARUYAMA,
    PT_METHOD_SRK,
    PT_N_METHOD
} pt_method;

/* What schedules ask of the block that follows them. */
typedef struct {
    int64_t n_pending; /* room for doses, ends of infusions and series that wait in a lane; 0: no DOSE rows */
    int steady;        /* a row asks for a steady state */
    int ramps;         /* there are SLOPE actions */
} pt_need;

typedef struct {
    double rtol;         /* relative tolerance of a step, default 1e-6 */
    double atol;         /* absolute tolerance, default 1e-9 */
    int64_t max_steps;   /* of a lane between two events, default 100000 */
    const double *atols; /* (n_state) instead of atol, or null */
    int method;          /* pt_method */
    double step;       /* of a method with a fixed step, and of DOPRI5 without control of its error (0: with);
                          the last of an interval is shorter. All states are stepped then. */
    int64_t history;   /* steps a lane keeps for its delays (ode/history.h); 0: 1024 */
    int step_all;      /* the linear part is stepped like the rest, not solved exactly */
    double step_first; /* of a lane, and after a jump that has no earlier step to go by; 0: guessed */
    double step_max;   /* 0: none */
    int sensitivity_error; /* the steps bound the error of the sensitivities too */
    int refine;   /* of a method with noise: each step is halved so many times, on the same Brownian path */
    pt_need need; /* of the schedules; pt_simulate finds it out itself */
} pt_ode_options;

/* y[l, k, j] = output j of lane l at times[k], before the doses given at that instant and after its
 * covariates. Lane l starts at `start` with row subject[l] of x0 and params and follows plans[plan[l]].
 * Of the actions before `start`, covariates hold and infusions that have not ended run; the boluses are
 * taken to be in x0.
 *
 *   subject, plan  (n_lane)            null: 0, 1, 2, ... and all 0
 *   params         (n_subject, n_param)
 *   x0             (n_subject, n_state) null: the model's initial state under params
 *   times          (n_time)            ascending, >= start
 *   outputs        (n_out)             indices of outputs wanted; n_output + i is state i
 *   y              (n_lane, n_time, n_out); with `first` (n_row, n_out), see there
 *   x_end          (n_lane, n_state)   state at the last time, may be null
 *   status, stop   (n_lane)            pt_status and the time reached
 * A lane that fails holds NaN from its stop on and a status; the others go on. One that a STOP action ends
 * holds NaN from there on too, with success. Triggers do not go with noise, nor those with a
 * delay with sensitivities (PT_UNSUPPORTED).
 *
 * Sensitivities (ode/sensitivity.h): direction q is parameter directions[q], as it stands in the lane's row
 * of params, or initial state directions[q] - n_param. A parameter that an action sets, and an initial state
 * from a reset on, have no influence any more.
 *   directions     (n_direction)       n_direction 0: none wanted
 *   dy             (n_lane, n_time, n_out, n_direction)
 *   dx_end         (n_lane, n_state, n_direction), may be null
 * A lane whose sensitivities are not finite fails. A model with delays, and directions with a method with
 * noise, are PT_UNSUPPORTED.
 *
 * Noise (ode/noise.h): lane l follows the Brownian path of (seed, patient[l], draw[l]), which depends on no
 * other lane, thread, output or event. PT_UNSUPPORTED for a model without a diffusion.
 *   patient        (n_lane)            null: subject[l]
 *   draw           (n_lane)            in [0, 2^32), null: 0 */
typedef struct {
    int64_t n_lane, n_subject, n_plan, n_time;
    int n_out;
    const int64_t *subject, *plan;
    const double *params, *x0;
    double start;
    const pt_schedule *plans; /* [n_plan] */
    const double *times;
    const int32_t *outputs;
    /* (n_lane) or null. Not null: times and start are not used (n_time 0); lane l begins with the first
     * action of its plan and ends with the last, all of which act, and an OBSERVE action gives row first[l] +
     * index of y. */
    const int64_t *first;
    double *y, *x_end;
    int32_t *status;
    double *stop;
    int n_direction;
    const int32_t *directions;
    double *dy, *dx_end;
    uint64_t seed;
    const int64_t *patient, *draw;
    /* (n_lane, n_kept) the first firings of each lane, in order of time: when, and which trigger, the model's
     * own before those of the schedule; NaN and -1 behind them; or null */
    double *fired_time;
    int32_t *fired_trigger;
    int64_t n_kept;
    int64_t *n_fired; /* (n_lane) how often its triggers fired, kept or not; or null */
    pt_ode_options options;
} pt_simulation;

pt_status pt_simulate(const pt_model *model, const pt_simulation *call, const pt_control *control);

/* Work space of pt_propagate, for schedules without triggers (others: PT_UNSUPPORTED): opaque, one a thread,
 * for at most n_lane lanes. Of a model's own triggers nothing is carried from call to call: a lane that
 * begins off a threshold knows its side, one on it fires when it goes on across. */
typedef struct pt_propagator pt_propagator;
/* need: what the schedules will ask for, or null: no DOSE and SLOPE actions */
pt_status pt_propagator_create(const pt_model *model, int64_t n_lane, const pt_need *need,
                               pt_propagator **work);
void pt_propagator_free(pt_propagator *work);
/* Lane l of the next calls with a method of noise follows the Brownian path of (seed, patient, l, step), each
 * call one of its own; without it, or for a model without diffusion, such methods are PT_UNSUPPORTED. step in
 * [1, 2^24); pt_simulate's paths have step 0. */
void pt_propagator_noise(pt_propagator *work, uint64_t seed, int64_t patient, int64_t step);
/* The smallest step that any lane of the last call would have gone on with: `step_first` of a call that goes
 * on where that one ended. 0 where nothing is known: no time went by, or the steps are not chosen by their
 * error.
 */
double pt_propagator_step(const pt_propagator *work);

enum { PT_PAST_LEAST = 4, PT_PAST_MOST = 1024 };
/* The past that the lanes of the next calls bring and take away, past (n_lane, n_delay, n), see
 * pt_history_give; models with delays need one, PT_PAST_LEAST <= n <= PT_PAST_MOST. */
void pt_propagator_past(pt_propagator *work, int64_t n, double *past);

/* x(t0) -> x(t1) for n_lane lanes that share one schedule (sigma points, ensemble members).
 *   x      (n_lane, n_state)  in and out
 *   p      (n_lane, n_param)  in; not changed
 *   factor (n_param)          in and out: p * factor is used; SCALE actions multiply it
 *   rate   (n_dose)           in and out: running infusions of each dose port, in its unit an hour
 *   given                     in and out: lagged and additional doses up to this time are in x; before the
 * first call anything just before t0, after it t1 status (n_lane) Actions with t0 <= time < t1 act; *next is
 * the index of the first action not yet done, in and out. Covariate actions at exactly t1 are done too. PARAM
 * actions set p for the rest of the call; pt_schedule_params makes them last in the caller's row. t0 == t1 is
 * fine. */
pt_status pt_propagate(const pt_model *model, pt_propagator *work, int64_t n_lane, double t0, double t1,
                       double *x, const double *p, double *factor, double *rate, double *given,
                       const pt_schedule *schedule, int64_t *next, int32_t *status,
                       const pt_ode_options *options);

/* The same, and the derivative of each lane's states at t1 along a direction of its own:
 *   direction (n_lane)           parameter, or n_param + state at t0
 *   dx        (n_lane, n_state)  NaN in a lane that failed
 * The linear part is stepped. PT_UNSUPPORTED as for pt_simulate's sensitivities. */
pt_status pt_propagate_tangents(const pt_model *model, pt_propagator *work, int64_t n_lane, double t0,
                                double t1, double *x, const double *p, double *factor, double *rate,
                                double *given, const pt_schedule *schedule, int64_t *next, int32_t *status,
                                const pt_ode_options *options, const int32_t *direction, double *dx);

/* p (n_param) from t0 to t1: what PARAM actions in [from, to), and SLOPE actions before `to`, did to it in
 * pt_propagate between two values of *next. */
void pt_schedule_params(const pt_schedule *schedule, int64_t from, int64_t to, double t0, double t1,
                        double *p);

/* Sorted by (time, kind), finite, indices in range, no infusion ends that is not running (a reset ends all).
 * *bad is the first action that is not so. DOSE rows: a port that is there and has what the rate asks for, an
 * interval where there are additional doses or a steady state. */
pt_status pt_schedule_check(const pt_model *model, const pt_schedule *schedule, int64_t *bad);
/* Outputs, thresholds, delays and actions of the triggers; *bad is the first that does not fit. */
pt_status pt_triggers_check(const pt_model *model, const pt_schedule *schedule, int64_t *bad);

/* Grows *need by what a schedule asks for. */
void pt_schedule_need(const pt_schedule *schedule, pt_need *need);

/* States that come back, one for each row of parameters.
 *   params   (n, n_param)
 *   x0       (n, n_state)  where the search begins; null: the model's initial state
 *   rate     (n, n_dose)   constant infusions into the dose ports, before bioavailability; null: none.
 *                          pt_periodic: infusions that run at `start`; the first row counts for the check
 *   fixed    (n_state)     pt_steady_state: 1: the state keeps its value in x0, its equation is left out; or
 * null schedule               pt_periodic: actions in [start, start + period), repeated for ever x        (n,
 * n_state)  NaN in a row that failed residual (n)           see ode/orbit.h, in tolerances status   (n)
 * NOT_CONVERGED, SINGULAR where there is none or more than one */
typedef struct {
    int64_t n;
    const double *params, *x0, *rate;
    const int8_t *fixed;
    const pt_schedule *schedule;
    double start, period;
    double *x, *residual;
    int32_t *status;
    pt_ode_options options;
} pt_steady;

/* 0 = f(start, x, p) + inflow */
pt_status pt_steady_state(const pt_model *model, const pt_steady *call, const pt_control *control);
/* x(start) = x(start + period); infusions, lags and additional doses reach over the end of a period. Models
 * and schedules without triggers and delays. *bad: the action that does not fit, or -1. */
pt_status pt_periodic(const pt_model *model, const pt_steady *call, int64_t *bad, const pt_control *control);
/* pt_schedule_check where infusions at rate (n_dose, or null) run before the first action */
pt_status pt_schedule_check_running(const pt_model *model, const pt_schedule *schedule, const double *rate,
                                    int64_t *bad);

#endif
