/* The shape of a model's Jacobian df/dx, worked out once: its entries, and the colours of its columns.
 * Columns of one colour share no row, so that one direction of differentiation yields all of them (Curtis AR,
 * Powell MJD, Reid JK. J Inst Math Appl 1974;13:117-9).
 */
#ifndef PT_MODEL_JACOBIAN_H
#define PT_MODEL_JACOBIAN_H

#include "lanes/vec.h"
#include "pytwin.h"

enum { PT_JACOBIAN_DIRECTIONS = 4, PT_JACOBIAN_STATES = 64 };

/* Where direction `direction` of a pass has an entry of the Jacobian. */
typedef struct {
    int16_t entry, row, direction;
} pt_jacobian_item;

typedef struct {
    int n_state, n_linear, n_entry, n_colour;
    int timed;                         /* a derivative may depend on the time itself */
    int begin[PT_JACOBIAN_STATES + 1]; /* entries begin[i] <= k < begin[i + 1] are in row i */
    int *column;                       /* [n_entry] */
    int colour[PT_JACOBIAN_STATES];    /* of column j, over the rows that are not linear */
    /* the entries of rows that are not linear, by passes of four directions; colours first, then time */
    int n_pass, pass[PT_JACOBIAN_STATES / PT_JACOBIAN_DIRECTIONS + 2];
    pt_jacobian_item *item;
} pt_jacobian;

#ifdef __cplusplus
extern "C" {
#endif

pt_status pt_jacobian_create(const pt_model *model, pt_jacobian **shape);
void pt_jacobian_free(pt_jacobian *shape);

/* pt_model_functions.jacobian of a wired model (organs/jacobian.cpp); vec i * 4 + j is vec j of element i */
void pt_wired_jacobian(const void *wiring, const pt_jacobian *shape, const vec *t, const vec *x, const vec *p,
                       const vec *c, const vec *d, vec *J, vec *dt);

#ifdef __cplusplus
}
#endif

#endif
