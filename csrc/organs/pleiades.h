/* Pleiades: seven stars in a plane, of masses 1 to 7, that attract each other; not stiff, with close
 * encounters.
 *
 *   d2x_i/dt2 = G sum_j m_j (x_j - x_i) / r_ij^3,  d2y_i/dt2 = G sum_j m_j (y_j - y_i) / r_ij^3
 *   r_ij^2 = (x_i - x_j)^2 + (y_i - y_j)^2,  m_j = j
 *
 * Hairer E, Norsett SP, Wanner G. Solving Ordinary Differential Equations I, 2nd ed., Springer 1993, II.10
 * (10.3). Mazzia F, Magherini C. Test Set for Initial Value Problem Solvers, release 2.4, University of Bari
 * 2008, problem Pleiades.
 */
#ifndef PT_PLEIADES_H
#define PT_PLEIADES_H

#include "organs/problem.h"

#define PLEIADES_STATES(X)                                                                                   \
    X(x1, "1", 3, -INFINITY, INFINITY, "x of star 1")                                                        \
    X(x2, "1", 3, -INFINITY, INFINITY, "x of star 2")                                                        \
    X(x3, "1", -1, -INFINITY, INFINITY, "x of star 3")                                                       \
    X(x4, "1", -3, -INFINITY, INFINITY, "x of star 4")                                                       \
    X(x5, "1", 2, -INFINITY, INFINITY, "x of star 5")                                                        \
    X(x6, "1", -2, -INFINITY, INFINITY, "x of star 6")                                                       \
    X(x7, "1", 2, -INFINITY, INFINITY, "x of star 7")                                                        \
    X(y1, "1", 3, -INFINITY, INFINITY, "y of star 1")                                                        \
    X(y2, "1", -3, -INFINITY, INFINITY, "y of star 2")                                                       \
    X(y3, "1", 2, -INFINITY, INFINITY, "y of star 3")                                                        \
    X(y4, "1", 0, -INFINITY, INFINITY, "y of star 4")                                                        \
    X(y5, "1", 0, -INFINITY, INFINITY, "y of star 5")                                                        \
    X(y6, "1", -4, -INFINITY, INFINITY, "y of star 6")                                                       \
    X(y7, "1", 4, -INFINITY, INFINITY, "y of star 7")                                                        \
    X(vx1, "1", 0, -INFINITY, INFINITY, "dx/dt of star 1")                                                   \
    X(vx2, "1", 0, -INFINITY, INFINITY, "dx/dt of star 2")                                                   \
    X(vx3, "1", 0, -INFINITY, INFINITY, "dx/dt of star 3")                                                   \
    X(vx4, "1", 0, -INFINITY, INFINITY, "dx/dt of star 4")                                                   \
    X(vx5, "1", 0, -INFINITY, INFINITY, "dx/dt of star 5")                                                   \
    X(vx6, "1", 1.75, -INFINITY, INFINITY, "dx/dt of star 6")                                                \
    X(vx7, "1", -1.5, -INFINITY, INFINITY, "dx/dt of star 7")                                                \
    X(vy1, "1", 0, -INFINITY, INFINITY, "dy/dt of star 1")                                                   \
    X(vy2, "1", 0, -INFINITY, INFINITY, "dy/dt of star 2")                                                   \
    X(vy3, "1", 0, -INFINITY, INFINITY, "dy/dt of star 3")                                                   \
    X(vy4, "1", -1.25, -INFINITY, INFINITY, "dy/dt of star 4")                                               \
    X(vy5, "1", 1, -INFINITY, INFINITY, "dy/dt of star 5")                                                   \
    X(vy6, "1", 0, -INFINITY, INFINITY, "dy/dt of star 6")                                                   \
    X(vy7, "1", 0, -INFINITY, INFINITY, "dy/dt of star 7")

#define PLEIADES_PARAMS(X) X(G, "1", 1, 0, INFINITY, "constant of gravity")

#endif
