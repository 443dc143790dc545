/* Stochastic differential equations dx = f(t, x) dt + g(t, x) dW in the sense of Ito, with a Wiener process
 * of its own for every state that is not linear in the model (diagonal noise).
 *
 *   PT_METHOD_EULER_MARUYAMA   strong order 1/2 (1 where g does not depend on x), weak order 1
 *   PT_METHOD_SRK              SRI1W1 of Roessler: strong order 3/2 where g_i depends on t and x_i alone,
 *                              weak order 2; where g_i depends on other states its strong order is 1/2
 *
 * Roessler A. Runge-Kutta methods for the strong approximation of solutions of stochastic differential
 * equations. SIAM J Numer Anal 2010;48:922-952. Kloeden PE, Platen E. Numerical Solution of Stochastic
 * Differential Equations. Springer 1992.
 *
 * Steps end at multiples of options.step / 2^options.refine from the lane's start, and at events. An output
 * inside a step is reached by a shorter step aside, so that outputs change no path. See paths.h for the
 * paths.
 */
#ifndef PT_ODE_NOISE_H
#define PT_ODE_NOISE_H

#include "ode/paths.h"

enum { PT_MAX_REFINE = 20 };

static inline int pt_method_has_noise(int method)
{
    return method == PT_METHOD_EULER_MARUYAMA || method == PT_METHOD_SRK;
}

/* Whether the model and the options allow what the call asks for. */
pt_status pt_noise_check(const pt_model *model, const pt_simulation *call);
/* One step in every lane, with the outputs that are due inside it. */
void pt_block_noise_step(pt_block *b);

#endif
