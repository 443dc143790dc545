/* What the files of orbit.h share. */
#ifndef PT_ODE_ORBIT_INTERNAL_H
#define PT_ODE_ORBIT_INTERNAL_H

#include "ode/block.h"
#include "ode/orbit.h"

typedef struct pt_orbit_tangents pt_orbit_tangents; /* orbit_tangent.c */

struct pt_orbit {
    const pt_model *model;
    pt_ode_options options;
    pt_block *block;
    int n;
    /* the run: lane l from row l of `from` to row l of `to`, each (n + 1, n) */
    double *from, *to;
    const double *p, *rate;
    const pt_schedule *schedule;
    double t0, t1, period;
    int64_t next_lane, n_lane;
    int still;        /* lanes behind the first follow no schedule and no infusion */
    pt_status status; /* of lane 0 */
    double *A;        /* (n, n) */
    double *step, *best, *inflow;
    double *port_rate; /* (n_dose) */
    /* Newton's method on f: lanes are directions */
    wide *wx, *wdx, *wxd, *wddx, *wp, *wd, *wdd;
    pt_orbit_tangents *tangents; /* null: no directions */
};

/* Runs n_lane lanes over [t0, t1]; period > 0: the schedule was followed ever before. */
void pt_orbit_run(pt_orbit *o, int64_t n_lane, double t0, double t1, double period);
/* atol + rtol |x|, the scale of state i */
double pt_orbit_scale(const pt_orbit *o, int i, double x);
/* largest |v_i| / scale of x_i; NaN counts as infinite */
double pt_orbit_norm(const pt_orbit *o, const double *v, const double *x);
/* x_i into what the model's field allows */
void pt_orbit_clamp(const pt_orbit *o, double *x);

/* o->step = f(x) + inflow, and A = -df/dx */
void pt_orbit_linearise(pt_orbit *o, double t, const double *x);

/* Derivatives along the directions of block b in slot s, where the run's state x is; kept in the orbit. */
pt_status pt_orbit_periodic_tangents(pt_orbit *o, const pt_block *b, int s, double t0, double period,
                                     const double *x);
pt_status pt_orbit_rest_tangents(pt_orbit *o, const pt_block *b, int s, double t, const double *x,
                                 const pt_dose *dose);
/* They become those of the slot's states (or are added, without those of the initial state). */
void pt_orbit_give_tangents(const pt_orbit *o, pt_block *b, int s, int replace);
/* Those of a lane that has ended. */
void pt_orbit_take_tangents(pt_orbit *o, const pt_block *b, int s);
void pt_orbit_free_tangents(pt_orbit *o);

#endif
