/* pytwin.h: the C core's public types, errors and prototypes.
 *
 * Every function that can fail returns pt_status; zero is success. Arrays are
 * plain C-order float64; lengths stand at the parameter. Kernels own no memory
 * beyond the work space that they are handed or that they allocate with
 * pt_alloc before a loop starts and free after it ends.
 */
#ifndef PYTWIN_H
#define PYTWIN_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---- errors: one list yields the codes, the messages and the exceptions ---- */
#define PT_STATUS_LIST(X)                                                                                    \
    X(OK, "success")                                                                                         \
    X(NO_MEMORY, "memory could not be allocated")                                                            \
    X(BAD_ARGUMENT, "an argument is out of its domain")                                                      \
    X(BAD_SHAPE, "array lengths do not fit together")                                                        \
    X(NOT_FINITE, "a value is infinite or not a number")                                                     \
    X(NOT_POSITIVE_DEFINITE, "a covariance is not positive definite")                                        \
    X(SINGULAR, "a matrix is singular")                                                                      \
    X(STEP_LIMIT, "the integrator reached its limit of steps")                                               \
    X(STEP_TOO_SMALL, "the integrator's step became too small")                                              \
    X(UNKNOWN_NAME, "no such name")                                                                          \
    X(UNSORTED, "times are not in order")                                                                    \
    X(CANCELLED, "cancelled by the caller")                                                                  \
    X(THREAD, "a thread could not be started")                                                               \
    X(UNSUPPORTED, "the model or the method does not offer this")                                            \
    X(NOT_CONVERGED, "no steady state or periodic orbit was found")                                          \
    X(TOO_MANY_PENDING, "more doses are pending in a lane than there is room for")                           \
    X(EVENT_LIMIT, "too many events at one instant, or waiting")                                             \
    X(HISTORY_FULL, "a delay looks back further than the history that is kept")

typedef enum {
#define PT_STATUS_ENUM(name, message) PT_##name,
    PT_STATUS_LIST(PT_STATUS_ENUM)
#undef PT_STATUS_ENUM
        PT_N_STATUS
} pt_status;

const char *pt_status_name(pt_status status);    /* "STEP_LIMIT" */
const char *pt_status_message(pt_status status); /* one line for a person */

/* ---- memory: 64-byte aligned; null when there is none ---- */
void *pt_alloc(size_t n_bytes); /* zeroed */
void pt_free(void *p);
/* Tests: the nth allocation from now on (1 = the next) fails; 0 = never. Not thread-safe. */
void pt_alloc_fail_at(int64_t nth);
int64_t pt_alloc_live(void); /* blocks allocated and not freed */

/* ---- threads: made for a call, joined in it ---- */
typedef struct {
    int n_threads;                             /* at least 1 */
    int (*stop)(void *context);                /* polled once a block by the calling thread; may be null */
    void (*progress)(void *context, double x); /* share done, 0 to 1; may be null */
    void *context;
} pt_control;

/* body(work, worker, i) for i in [0, n); worker in [0, n_threads) names the work
 * space. Blocks are handed out in order, results never depend on who takes which.
 * The first status that is not OK stops the rest and is returned. Every thread
 * runs with round-to-nearest and denormals on. */
pt_status pt_parallel(int64_t n, const pt_control *control,
                      pt_status (*body)(void *work, int worker, int64_t i), void *work);

/* ---- schedules: what happens to a model at exact times ---- */
typedef enum {
    PT_ACTION_PARAM,        /* p[index] = value                          (covariate)  */
    PT_ACTION_SCALE,        /* p[index] is multiplied by value from now  (covariate)  */
    PT_ACTION_SLOPE,        /* p[index] grows by value a unit of time    (covariate)  */
    PT_ACTION_RESET,        /* states to their initial values, infusions off           */
    PT_ACTION_EVENT,        /* the model's event `index`, with value                   */
    PT_ACTION_INFUSION_OFF, /* dose port index: rate -= factor F value per hour        */
    PT_ACTION_BOLUS,        /* dose port index: x[state] += factor F value   (dose)    */
    PT_ACTION_INFUSION_ON,  /* dose port index: rate += factor F value per hour (dose) */
    PT_ACTION_DOSE,         /* row `index` of the schedule's doses              (dose) */
    PT_ACTION_OBSERVE,      /* outputs into row `index`, see pt_simulation.first        */
    PT_ACTION_STOP,         /* the lane ends here, with success                         */
    PT_N_ACTION
} pt_action_kind;

/* Actions are sorted by (time, kind), so that at one instant the order is covariate,
 * (observation,) reset, infusion end, dose; or, in a schedule that is in_order, by time alone, and act in
 * their own order. Lagged and additional doses, and ends of infusions of DOSE rows, that fall on the instant
 * of other actions act before the observations and doses among them. */
typedef struct {
    double time;
    int32_t kind;
    int32_t index;
    double value;
} pt_action;

/* A dose record with NONMEM's meaning: its lag, bioavailability, duration and rate may be parameters.
 * An infusion of amount A enters at the port's factor times its rate for F A / rate (rate -2: at F A /
 * duration); a bolus adds factor F A. Additional doses follow at the record's time + j interval + lag, with
 * the lag of the record and with the F, rate and duration in force when they enter. Steady 1 drops all that
 * the lane holds, 2 keeps it; the past that is put in or added is one of the same dose at time - j interval +
 * lag, j = 1, 2, ...; its infusions that still run go on to their ends. Steady 1 with amount 0 and no
 * interval is the state under a constant infusion of `rate`, which ends here. */
typedef struct {
    int32_t port;
    int32_t steady; /* 0; 1: the state of an infinite past of this dose; 2: that state added */
    double amount;
    double rate;     /* 0: bolus; > 0: infusion; -1: the rate is the port's parameter; -2: the duration is */
    double interval; /* between this dose and the additional ones, and those of the steady state */
    int64_t additional;
} pt_dose;

/* What happens when output `output` crosses `threshold`, from one side to strictly the other (ode/trigger.h).
 * Its action acts after the outputs of that instant; a dose row as an action is given then, once. */
typedef struct {
    int32_t output;
    int32_t direction; /* 1: upwards, -1: downwards, 0: both */
    double threshold;
    pt_action action;  /* time: delay after the crossing */
    int32_t priority;  /* at one instant the smallest first */
    int32_t once;      /* 1: the first crossing alone */
    double refractory; /* after a crossing it rests for so long */
} pt_trigger;

typedef struct {
    const pt_action *actions; /* [n] */
    int64_t n;
    const pt_dose *doses; /* [n_dose] */
    int64_t n_dose;
    const pt_trigger *triggers; /* [n_trigger] */
    int64_t n_trigger;
    int in_order; /* actions at one instant act in the order given */
} pt_schedule;

/* ---- the rest of the API (models, simulation, filters) follows in its own headers,
 * each included here so that this file is the whole contract ---- */
#include "lanes/lanes.h"
#include "linalg/linalg.h"
#include "linalg/riccati.h"
#include "model/model.h"
#include "ode/ode.h"
#include "kalman/kalman.h"
#include "kalman/truncate.h"

#ifdef __cplusplus
}
#endif

#endif
