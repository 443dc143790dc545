#include "organs/pollution.h"
#include "organs/functions.h"

PT_PROBLEM_ENUMS(POLLUTION);

PT_PROBLEM_OUTPUT

static void rate(const vec *t, const vec *x, const vec *p, const vec *c, const vec *u, vec *dx)
{
    (void)t, (void)c, (void)u;
    const vec r1 = p[P_k1] * x[S_y1];
    const vec r2 = p[P_k2] * x[S_y2] * x[S_y4];
    const vec r3 = p[P_k3] * x[S_y5] * x[S_y2];
    const vec r4 = p[P_k4] * x[S_y7];
    const vec r5 = p[P_k5] * x[S_y7];
    const vec r6 = p[P_k6] * x[S_y7] * x[S_y6];
    const vec r7 = p[P_k7] * x[S_y9];
    const vec r8 = p[P_k8] * x[S_y9] * x[S_y6];
    const vec r9 = p[P_k9] * x[S_y11] * x[S_y2];
    const vec r10 = p[P_k10] * x[S_y11] * x[S_y1];
    const vec r11 = p[P_k11] * x[S_y13];
    const vec r12 = p[P_k12] * x[S_y10] * x[S_y2];
    const vec r13 = p[P_k13] * x[S_y14];
    const vec r14 = p[P_k14] * x[S_y1] * x[S_y6];
    const vec r15 = p[P_k15] * x[S_y3];
    const vec r16 = p[P_k16] * x[S_y4];
    const vec r17 = p[P_k17] * x[S_y4];
    const vec r18 = p[P_k18] * x[S_y16];
    const vec r19 = p[P_k19] * x[S_y16];
    const vec r20 = p[P_k20] * x[S_y17] * x[S_y6];
    const vec r21 = p[P_k21] * x[S_y19];
    const vec r22 = p[P_k22] * x[S_y19];
    const vec r23 = p[P_k23] * x[S_y1] * x[S_y4];
    const vec r24 = p[P_k24] * x[S_y19] * x[S_y1];
    const vec r25 = p[P_k25] * x[S_y20];
    dx[S_y1] = r2 + r3 + r9 + r11 + r12 + r22 + r25 - r1 - r10 - r14 - r23 - r24;
    dx[S_y2] = r1 + r21 - r2 - r3 - r9 - r12;
    dx[S_y3] = r1 + r17 + r19 + r22 - r15;
    dx[S_y4] = r15 - r2 - r16 - r17 - r23;
    dx[S_y5] = (r4 + r4) + r6 + r7 + r13 + r20 - r3;
    dx[S_y6] = r3 + (r18 + r18) - r6 - r8 - r14 - r20;
    dx[S_y7] = r13 - r4 - r5 - r6;
    dx[S_y8] = r4 + r5 + r6 + r7;
    dx[S_y9] = -r7 - r8;
    dx[S_y10] = r7 + r9 - r12;
    dx[S_y11] = r8 + r11 - r9 - r10;
    dx[S_y12] = r9;
    dx[S_y13] = r10 - r11;
    dx[S_y14] = r12 - r13;
    dx[S_y15] = r14;
    dx[S_y16] = r16 - r18 - r19;
    dx[S_y17] = -r20;
    dx[S_y18] = r20;
    dx[S_y19] = r23 + r25 - r21 - r22 - r24;
    dx[S_y20] = r24 - r25;
}

const pt_organ_functions PT_ORGAN(pollution) = {0, 0, 0, output, rate, 0, 0};

#ifndef PT_DUAL
PT_PROBLEM_SHEET(
    pollution, POLLUTION, "POLLU, the chemical reactions of an air pollution model",
    "Verwer, SIAM J Sci Comput 1994;15:1243-50; Mazzia, Magherini, Test Set for Initial Value Problem "
    "Solvers 2.4, University of Bari 2008",
    "r1 = k1 y1, r2 = k2 y2 y4, r3 = k3 y5 y2, r4 = k4 y7, r5 = k5 y7, r6 = k6 y7 y6, r7 = k7 y9\n"
    "r8 = k8 y9 y6, r9 = k9 y11 y2, r10 = k10 y11 y1, r11 = k11 y13, r12 = k12 y10 y2, r13 = k13 y14\n"
    "r14 = k14 y1 y6, r15 = k15 y3, r16 = k16 y4, r17 = k17 y4, r18 = k18 y16, r19 = k19 y16\n"
    "r20 = k20 y17 y6, r21 = k21 y19, r22 = k22 y19, r23 = k23 y1 y4, r24 = k24 y19 y1, r25 = k25 y20\n"
    "dy1/dt = r2 + r3 + r9 + r11 + r12 + r22 + r25 - r1 - r10 - r14 - r23 - r24\n"
    "dy2/dt = r1 + r21 - r2 - r3 - r9 - r12\n"
    "dy3/dt = r1 + r17 + r19 + r22 - r15\n"
    "dy4/dt = r15 - r2 - r16 - r17 - r23\n"
    "dy5/dt = 2 r4 + r6 + r7 + r13 + r20 - r3\n"
    "dy6/dt = r3 + 2 r18 - r6 - r8 - r14 - r20\n"
    "dy7/dt = r13 - r4 - r5 - r6\n"
    "dy8/dt = r4 + r5 + r6 + r7\n"
    "dy9/dt = -r7 - r8\n"
    "dy10/dt = r7 + r9 - r12\n"
    "dy11/dt = r8 + r11 - r9 - r10\n"
    "dy12/dt = r9\n"
    "dy13/dt = r10 - r11\n"
    "dy14/dt = r12 - r13\n"
    "dy15/dt = r14\n"
    "dy16/dt = r16 - r18 - r19\n"
    "dy17/dt = -r20\n"
    "dy18/dt = r20\n"
    "dy19/dt = r23 + r25 - r21 - r22 - r24\n"
    "dy20/dt = r24 - r25",
    "min", .n_input = 0);
#endif
