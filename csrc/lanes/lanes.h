/* Lane maths and random numbers on plain arrays. Included by pytwin.h. */
#ifndef PT_LANES_LANES_H
#define PT_LANES_LANES_H

/* y[i] = name(a[i]) or name(a[i], b[i]), i < n; b is null for a function of one argument.
 * Names: abs ceil cos erf erfc exp expm1 floor log log1p normcdf norminv round sin sqrt tanh; ldexp max min
 * pow */
pt_status pt_lanes_apply(const char *name, int64_t n, const double *a, const double *b, double *y);

/* ---- random numbers: Philox4x32-10 keyed by (seed, purpose, patient, draw, step), lanes/philox.h ---- */

/* What a number is for; never renumbered, so that results can be repeated. */
#define PT_PURPOSE_LIST(X)                                                                                   \
    X(TEST, 0)                                                                                               \
    X(POPULATION, 1)  /* parameters of a virtual patient */                                                  \
    X(POSTERIOR, 2)   /* draws from a twin */                                                                \
    X(MEASUREMENT, 3) /* error of an observation */                                                          \
    X(PROCESS, 4)     /* noise of states and drifting parameters */                                          \
    X(SMOOTHER, 5)    /* simulation smoother */                                                              \
    X(RESAMPLING, 6)  /* particles */                                                                        \
    X(COMPONENT, 7)   /* component of a mixture */                                                           \
    X(SCHEDULE, 8)    /* missed doses, visit times */                                                        \
    X(DATASET, 9)     /* synthetic data */                                                                   \
    X(ENSEMBLE, 10)   /* members at the start */                                                             \
    X(ROTATION, 11)   /* of an ensemble */

typedef enum {
#define PT_PURPOSE_ENUM(name, number) PT_PURPOSE_##name = number,
    PT_PURPOSE_LIST(PT_PURPOSE_ENUM)
#undef PT_PURPOSE_ENUM
} pt_purpose;

/* words (n): the 32-bit words of the blocks step, step + 1, ... ; draw < 2^32, the last step < 2^24 */
pt_status pt_philox(uint64_t seed, uint32_t purpose, int64_t patient, int64_t draw, int64_t step, int64_t n,
                    uint32_t *words);
/* u (n_patient, n_draw, n): uniforms in (0, 1); element i is number i of the stream (patient[s], draw d) */
pt_status pt_uniforms(uint64_t seed, uint32_t purpose, int64_t n_patient, const int64_t *patient,
                      int64_t n_draw, int64_t n, double *u);
/* z = v_norminv(u), standard normals, the same layout */
pt_status pt_normals(uint64_t seed, uint32_t purpose, int64_t n_patient, const int64_t *patient,
                     int64_t n_draw, int64_t n, double *z);

#endif
