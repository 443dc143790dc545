/* A model that is not compiled: equations as text, read into a small stack program that is interpreted over
 * lanes. It shows all that a reader of model files (SBML, ...) must supply to the integrators, filters and
 * sensitivities: the functions of model_internal.h, with derivatives and dependences by interpreting the same
 * program over dual numbers and over sets of indices.
 *
 * A text is in postfix order: numbers, names (`t`, states, parameters, what was assigned before), the
 * operators + - * / neg exp log max, and `=name`, which takes the top of the stack:
 *
 *     "sigma y x - * =dx"                          dx/dt = sigma (y - x)
 *
 * `linear` assigns K00, K01, ...; `rate` assigns d and the name of every state that is not linear; `output`
 * assigns every output; `noise` assigns g and the name of every state that is not linear.
 */
#ifndef PT_TESTS_PROGRAM_H
#define PT_TESTS_PROGRAM_H

#include "model/model_internal.h"

typedef struct {
    const char *name;
    int n_state, n_linear, n_param, n_output, n_dose;
    const pt_field *states, *params, *outputs;
    const pt_dose_port *doses;
    const char *linear, *rate, *output, *noise; /* null: none */
} program_text;

/* Null when the text can't be read or there is no memory; freed by pt_model_free. */
pt_model *program_create(const program_text *text);

#endif
