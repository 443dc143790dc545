/* Brusselator with diffusion on 0 < z < 1, by the method of lines at 30 inner points z_i = i / 31: stiff, a
 * band.
 *
 *   du_i/dt = a + u_i^2 v_i - (b + 1) u_i + d (u_{i-1} - 2 u_i + u_{i+1}) / dz^2
 *   dv_i/dt = b u_i - u_i^2 v_i           + d (v_{i-1} - 2 v_i + v_{i+1}) / dz^2
 *   u = 1, v = 3 at both ends; at the start u_i = 1 + sin(2 pi z_i), v_i = 3
 *
 * Lefever R, Nicolis G. Chemical instabilities and sustained oscillations. J Theor Biol 1971;30:267-84.
 * Hairer E, Wanner G. Solving Ordinary Differential Equations II, 2nd ed., Springer 1996, IV.10 (10.11), with
 * 500 points.
 */
#ifndef PT_BRUSSELATOR_1D_H
#define PT_BRUSSELATOR_1D_H

#include "organs/problem.h"

#define BRUSSELATOR_1D_STATES(X)                                                                             \
    X(u1, "1", 1.2012985200886601, -INFINITY, INFINITY, "first species")                                     \
    X(u2, "1", 1.3943558551133186, -INFINITY, INFINITY, "first species")                                     \
    X(u3, "1", 1.5712682150947923, -INFINITY, INFINITY, "first species")                                     \
    X(u4, "1", 1.72479278722912, -INFINITY, INFINITY, "first species")                                       \
    X(u5, "1", 1.848644257494751, -INFINITY, INFINITY, "first species")                                      \
    X(u6, "1", 1.9377521321470805, -INFINITY, INFINITY, "first species")                                     \
    X(u7, "1", 1.9884683243281114, -INFINITY, INFINITY, "first species")                                     \
    X(u8, "1", 1.9987165071710526, -INFINITY, INFINITY, "first species")                                     \
    X(u9, "1", 1.9680771188662043, -INFINITY, INFINITY, "first species")                                     \
    X(u10, "1", 1.8978045395707417, -INFINITY, INFINITY, "first species")                                    \
    X(u11, "1", 1.7907757369376989, -INFINITY, INFINITY, "first species")                                    \
    X(u12, "1", 1.6513724827222223, -INFINITY, INFINITY, "first species")                                    \
    X(u13, "1", 1.485301962531081, -INFINITY, INFINITY, "first species")                                     \
    X(u14, "1", 1.299363122973358, -INFINITY, INFINITY, "first species")                                     \
    X(u15, "1", 1.1011683219874326, -INFINITY, INFINITY, "first species")                                    \
    X(u16, "1", 0.8988316780125679, -INFINITY, INFINITY, "first species")                                    \
    X(u17, "1", 0.7006368770266418, -INFINITY, INFINITY, "first species")                                    \
    X(u18, "1", 0.5146980374689192, -INFINITY, INFINITY, "first species")                                    \
    X(u19, "1", 0.34862751727777797, -INFINITY, INFINITY, "first species")                                   \
    X(u20, "1", 0.20922426306230135, -INFINITY, INFINITY, "first species")                                   \
    X(u21, "1", 0.10219546042925831, -INFINITY, INFINITY, "first species")                                   \
    X(u22, "1", 0.03192288113379593, -INFINITY, INFINITY, "first species")                                   \
    X(u23, "1", 0.0012834928289472414, -INFINITY, INFINITY, "first species")                                 \
    X(u24, "1", 0.01153167567188862, -INFINITY, INFINITY, "first species")                                   \
    X(u25, "1", 0.06224786785291958, -INFINITY, INFINITY, "first species")                                   \
    X(u26, "1", 0.15135574250524897, -INFINITY, INFINITY, "first species")                                   \
    X(u27, "1", 0.27520721277088, -INFINITY, INFINITY, "first species")                                      \
    X(u28, "1", 0.4287317849052076, -INFINITY, INFINITY, "first species")                                    \
    X(u29, "1", 0.6056441448866813, -INFINITY, INFINITY, "first species")                                    \
    X(u30, "1", 0.7987014799113389, -INFINITY, INFINITY, "first species")                                    \
    X(v1, "1", 3, -INFINITY, INFINITY, "second species")                                                     \
    X(v2, "1", 3, -INFINITY, INFINITY, "second species")                                                     \
    X(v3, "1", 3, -INFINITY, INFINITY, "second species")                                                     \
    X(v4, "1", 3, -INFINITY, INFINITY, "second species")                                                     \
    X(v5, "1", 3, -INFINITY, INFINITY, "second species")                                                     \
    X(v6, "1", 3, -INFINITY, INFINITY, "second species")                                                     \
    X(v7, "1", 3, -INFINITY, INFINITY, "second species")                                                     \
    X(v8, "1", 3, -INFINITY, INFINITY, "second species")                                                     \
    X(v9, "1", 3, -INFINITY, INFINITY, "second species")                                                     \
    X(v10, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v11, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v12, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v13, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v14, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v15, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v16, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v17, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v18, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v19, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v20, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v21, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v22, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v23, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v24, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v25, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v26, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v27, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v28, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v29, "1", 3, -INFINITY, INFINITY, "second species")                                                    \
    X(v30, "1", 3, -INFINITY, INFINITY, "second species")

#define BRUSSELATOR_1D_PARAMS(X)                                                                             \
    X(a, "1", 1, 0, INFINITY, "inflow of u")                                                                 \
    X(b, "1", 3, 0, INFINITY, "conversion of u")                                                             \
    X(d, "1", 0.02, 0, INFINITY, "diffusion")

#endif
