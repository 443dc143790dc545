/* POLLU (Verwer 1994) in CVODE, as a peer for the lane integrator: the same reactions and their Jacobian,
 * straight down, for one set of rate constants after another.
 */
#include "cvode_solver.h"

enum { N_STATE = 20, N_PARAM = 25 };

static int rhs(double t, N_Vector state, N_Vector derivative, void *data)
{
    (void)t;
    const double *k = data, *x = N_VGetArrayPointer(state);
    double *dx = N_VGetArrayPointer(derivative);
    const double r1 = k[0] * x[0];
    const double r2 = k[1] * x[1] * x[3];
    const double r3 = k[2] * x[4] * x[1];
    const double r4 = k[3] * x[6];
    const double r5 = k[4] * x[6];
    const double r6 = k[5] * x[6] * x[5];
    const double r7 = k[6] * x[8];
    const double r8 = k[7] * x[8] * x[5];
    const double r9 = k[8] * x[10] * x[1];
    const double r10 = k[9] * x[10] * x[0];
    const double r11 = k[10] * x[12];
    const double r12 = k[11] * x[9] * x[1];
    const double r13 = k[12] * x[13];
    const double r14 = k[13] * x[0] * x[5];
    const double r15 = k[14] * x[2];
    const double r16 = k[15] * x[3];
    const double r17 = k[16] * x[3];
    const double r18 = k[17] * x[15];
    const double r19 = k[18] * x[15];
    const double r20 = k[19] * x[16] * x[5];
    const double r21 = k[20] * x[18];
    const double r22 = k[21] * x[18];
    const double r23 = k[22] * x[0] * x[3];
    const double r24 = k[23] * x[18] * x[0];
    const double r25 = k[24] * x[19];
    dx[0] = r2 + r3 + r9 + r11 + r12 + r22 + r25 - r1 - r10 - r14 - r23 - r24;
    dx[1] = r1 + r21 - r2 - r3 - r9 - r12;
    dx[2] = r1 + r17 + r19 + r22 - r15;
    dx[3] = r15 - r2 - r16 - r17 - r23;
    dx[4] = 2 * r4 + r6 + r7 + r13 + r20 - r3;
    dx[5] = r3 + 2 * r18 - r6 - r8 - r14 - r20;
    dx[6] = r13 - r4 - r5 - r6;
    dx[7] = r4 + r5 + r6 + r7;
    dx[8] = -r7 - r8;
    dx[9] = r7 + r9 - r12;
    dx[10] = r8 + r11 - r9 - r10;
    dx[11] = r9;
    dx[12] = r10 - r11;
    dx[13] = r12 - r13;
    dx[14] = r14;
    dx[15] = r16 - r18 - r19;
    dx[16] = -r20;
    dx[17] = r20;
    dx[18] = r23 + r25 - r21 - r22 - r24;
    dx[19] = r24 - r25;
    return 0;
}

#define J(i, j) SM_ELEMENT_D(matrix, i, j)

/* di_j: derivative of reaction i by species j. CVODE hands the matrix over set to zero. */
static int jacobian(double t, N_Vector state, N_Vector derivative, SUNMatrix matrix, void *data, N_Vector a,
                    N_Vector b, N_Vector c)
{
    (void)t, (void)derivative, (void)a, (void)b, (void)c;
    const double *k = data, *x = N_VGetArrayPointer(state);
    const double d1_1 = k[0];
    const double d2_2 = k[1] * x[3];
    const double d2_4 = k[1] * x[1];
    const double d3_5 = k[2] * x[1];
    const double d3_2 = k[2] * x[4];
    const double d4_7 = k[3];
    const double d5_7 = k[4];
    const double d6_7 = k[5] * x[5];
    const double d6_6 = k[5] * x[6];
    const double d7_9 = k[6];
    const double d8_9 = k[7] * x[5];
    const double d8_6 = k[7] * x[8];
    const double d9_11 = k[8] * x[1];
    const double d9_2 = k[8] * x[10];
    const double d10_11 = k[9] * x[0];
    const double d10_1 = k[9] * x[10];
    const double d11_13 = k[10];
    const double d12_10 = k[11] * x[1];
    const double d12_2 = k[11] * x[9];
    const double d13_14 = k[12];
    const double d14_1 = k[13] * x[5];
    const double d14_6 = k[13] * x[0];
    const double d15_3 = k[14];
    const double d16_4 = k[15];
    const double d17_4 = k[16];
    const double d18_16 = k[17];
    const double d19_16 = k[18];
    const double d20_17 = k[19] * x[5];
    const double d20_6 = k[19] * x[16];
    const double d21_19 = k[20];
    const double d22_19 = k[21];
    const double d23_1 = k[22] * x[3];
    const double d23_4 = k[22] * x[0];
    const double d24_19 = k[23] * x[0];
    const double d24_1 = k[23] * x[18];
    const double d25_20 = k[24];
    J(0, 0) = -d1_1 - d10_1 - d14_1 - d23_1 - d24_1;
    J(0, 1) = d2_2 + d3_2 + d9_2 + d12_2;
    J(0, 3) = d2_4 - d23_4;
    J(0, 4) = d3_5;
    J(0, 5) = -d14_6;
    J(0, 9) = d12_10;
    J(0, 10) = d9_11 - d10_11;
    J(0, 12) = d11_13;
    J(0, 18) = d22_19 - d24_19;
    J(0, 19) = d25_20;
    J(1, 0) = d1_1;
    J(1, 1) = -d2_2 - d3_2 - d9_2 - d12_2;
    J(1, 3) = -d2_4;
    J(1, 4) = -d3_5;
    J(1, 9) = -d12_10;
    J(1, 10) = -d9_11;
    J(1, 18) = d21_19;
    J(2, 0) = d1_1;
    J(2, 2) = -d15_3;
    J(2, 3) = d17_4;
    J(2, 15) = d19_16;
    J(2, 18) = d22_19;
    J(3, 0) = -d23_1;
    J(3, 1) = -d2_2;
    J(3, 2) = d15_3;
    J(3, 3) = -d2_4 - d16_4 - d17_4 - d23_4;
    J(4, 1) = -d3_2;
    J(4, 4) = -d3_5;
    J(4, 5) = d6_6 + d20_6;
    J(4, 6) = 2 * d4_7 + d6_7;
    J(4, 8) = d7_9;
    J(4, 13) = d13_14;
    J(4, 16) = d20_17;
    J(5, 0) = -d14_1;
    J(5, 1) = d3_2;
    J(5, 4) = d3_5;
    J(5, 5) = -d6_6 - d8_6 - d14_6 - d20_6;
    J(5, 6) = -d6_7;
    J(5, 8) = -d8_9;
    J(5, 15) = 2 * d18_16;
    J(5, 16) = -d20_17;
    J(6, 5) = -d6_6;
    J(6, 6) = -d4_7 - d5_7 - d6_7;
    J(6, 13) = d13_14;
    J(7, 5) = d6_6;
    J(7, 6) = d4_7 + d5_7 + d6_7;
    J(7, 8) = d7_9;
    J(8, 5) = -d8_6;
    J(8, 8) = -d7_9 - d8_9;
    J(9, 1) = d9_2 - d12_2;
    J(9, 8) = d7_9;
    J(9, 9) = -d12_10;
    J(9, 10) = d9_11;
    J(10, 0) = -d10_1;
    J(10, 1) = -d9_2;
    J(10, 5) = d8_6;
    J(10, 8) = d8_9;
    J(10, 10) = -d9_11 - d10_11;
    J(10, 12) = d11_13;
    J(11, 1) = d9_2;
    J(11, 10) = d9_11;
    J(12, 0) = d10_1;
    J(12, 10) = d10_11;
    J(12, 12) = -d11_13;
    J(13, 1) = d12_2;
    J(13, 9) = d12_10;
    J(13, 13) = -d13_14;
    J(14, 0) = d14_1;
    J(14, 5) = d14_6;
    J(15, 3) = d16_4;
    J(15, 15) = -d18_16 - d19_16;
    J(16, 5) = -d20_6;
    J(16, 16) = -d20_17;
    J(17, 5) = d20_6;
    J(17, 16) = d20_17;
    J(18, 0) = d23_1 - d24_1;
    J(18, 3) = d23_4;
    J(18, 18) = -d21_19 - d22_19 - d24_19;
    J(18, 19) = d25_20;
    J(19, 0) = d24_1;
    J(19, 18) = d24_19;
    J(19, 19) = -d25_20;
    return 0;
}

/* y (n, N_STATE): concentrations at `end` from those in x0 (N_STATE), under the rates in params (n, N_PARAM)
 */
int cvode_pollu(int n, const double *params, const double *x0, double end, double rtol, double atol,
                double *y)
{
    solver s;
    int bad = solver_open(&s, N_STATE, rhs, jacobian, rtol, atol, BDF);
    double *x = N_VGetArrayPointer(s.x);
    for (int i = 0; i < n && !bad; i++) {
        for (int j = 0; j < N_STATE; j++) x[j] = x0[j];
        bad = solver_restart(&s, params + (long)i * N_PARAM, 0.0, end) || solver_advance(&s, end);
        for (int j = 0; j < N_STATE; j++) y[(long)i * N_STATE + j] = x[j];
    }
    solver_close(&s);
    return bad;
}
