/* The pair of Dormand and Prince of orders 5 and 4, with the dense output of order 4 of Hairer.
 *
 * Dormand JR, Prince PJ. A family of embedded Runge-Kutta formulae. J Comput Appl Math 1980;6:19-26.
 * Hairer E, Norsett SP, Wanner G. Solving Ordinary Differential Equations I, 2nd ed., Springer 1993, II.5-6.
 */
#ifndef PT_ODE_TABLEAU_H
#define PT_ODE_TABLEAU_H

enum { PT_N_STAGE = 7 }; /* the last is the first of the next step */

/* The linear part is needed at these shares of a step. */
enum { PT_NODE_1_5, PT_NODE_3_10, PT_NODE_4_5, PT_NODE_8_9, PT_NODE_1, PT_N_NODE };
static const int pt_stage_node[PT_N_STAGE] = {-1,          PT_NODE_1_5, PT_NODE_3_10, PT_NODE_4_5,
                                              PT_NODE_8_9, PT_NODE_1,   PT_NODE_1};
static const double pt_stage_c[PT_N_STAGE] = {0, 1.0 / 5, 3.0 / 10, 4.0 / 5, 8.0 / 9, 1, 1};

static const double pt_stage_a[PT_N_STAGE][PT_N_STAGE - 1] = {
    {0},
    {1.0 / 5},
    {3.0 / 40, 9.0 / 40},
    {44.0 / 45, -56.0 / 15, 32.0 / 9},
    {19372.0 / 6561, -25360.0 / 2187, 64448.0 / 6561, -212.0 / 729},
    {9017.0 / 3168, -355.0 / 33, 46732.0 / 5247, 49.0 / 176, -5103.0 / 18656},
    {35.0 / 384, 0, 500.0 / 1113, 125.0 / 192, -2187.0 / 6784, 11.0 / 84},
};

/* order 5 minus order 4 */
static const double pt_stage_e[PT_N_STAGE] = {
    71.0 / 57600, 0, -71.0 / 16695, 71.0 / 1920, -17253.0 / 339200, 22.0 / 525, -1.0 / 40,
};

/* the last coefficient of the dense output */
static const double pt_stage_d[PT_N_STAGE] = {
    -12715105075.0 / 11282082432,  0,
    87487479700.0 / 32700410799,   -10690763975.0 / 1880347072,
    701980252875.0 / 199316789632, -1453857185.0 / 822651844,
    69997945.0 / 29380423,
};

#endif
