/* Glucose and insulin after a meal without diabetes: the meal model of Dalla Man, Rizza and Cobelli (12
 * states and the size of the meal).
 *
 *   G = Gp/VG, I = Ip/VI, S = gamma Ipo                                      S: secretion of insulin
 *   q = Q1 + Q2, r = q/Dbar                                                  stomach
 *   kemp = kmin + (kmax - kmin)/2 (tanh(5/2 (r - b)/(1 - b)) - tanh(5/2 (r - d)/d) + 2), kmax before any meal
 *   dQ1/dt = -kgri Q1, dQ2/dt = kgri Q1 - kemp Q2
 *   dQg/dt = kemp Q2 - kabs Qg, Ra = f kabs Qg/BW
 *   EGP = kp1 - kp2 Gp - kp3 Id - kp4 Ipo, E = ke1 max(0, Gp - ke2)
 *   U = (Vm0 + Vmx X) Gt/(Km0 + Gt)
 *   dGp/dt = EGP + Ra - Fcns - E - k1 Gp + k2 Gt, dGt/dt = -U + k1 Gp - k2 Gt
 *   HE = -m5 S + m6, m3 = m1 HE/(1 - HE)                                     extraction by the liver
 *   dIl/dt = -(m1 + m3) Il + m2 Ip + S, dIp/dt = -(m2 + m4) Ip + m1 Il
 *   dI1/dt = -ki (I1 - I), dId/dt = -ki (Id - I1), dX/dt = -p2U (X - (I - Ib))
 *   dY/dt = -alpha (Y - max(beta (G - Gb), -Sb))
 *   dIpo/dt = -gamma Ipo + Y + K max(0, dG/dt) + Sb
 *
 * Dbar stands still between the events `meal`, which put carbohydrate into the stomach at once. The start is
 * the paper's: Gp, Ip and Ipo at their basal values, Gt as given, which the rounded constants do not hold
 * quite.
 *
 * Dalla Man C, Rizza RA, Cobelli C. Meal simulation model of the glucose-insulin system. IEEE Trans Biomed
 * Eng 2007;54:1740-9. Values: its Table I, normal subject.
 */
#ifndef PT_GLUCOSE_DALLAMAN2007_H
#define PT_GLUCOSE_DALLAMAN2007_H

#include <math.h>

#include "organs/organ.h"

/* ROW and not X, which is a state */
#define GLUCOSE_DALLAMAN2007_STATES(ROW)                                                                     \
    ROW(Gp, "mg/kg", 178.6, 0, INFINITY, "glucose in plasma and what exchanges quickly with it")             \
    ROW(Gt, "mg/kg", 130, 0, INFINITY, "glucose in slow tissue")                                             \
    ROW(Il, "pmol/kg", 4.46052632, 0, INFINITY, "insulin in the liver")                                      \
    ROW(Ip, "pmol/kg", 1.25, 0, INFINITY, "insulin in plasma")                                               \
    ROW(Q1, "mg", 0, 0, INFINITY, "carbohydrate in the stomach, solid")                                      \
    ROW(Q2, "mg", 0, 0, INFINITY, "carbohydrate in the stomach, liquid")                                     \
    ROW(Qg, "mg", 0, 0, INFINITY, "carbohydrate in the gut")                                                 \
    ROW(I1, "pmol/L", 25, 0, INFINITY, "delayed insulin, first step")                                        \
    ROW(Id, "pmol/L", 25, 0, INFINITY, "delayed insulin that acts on endogenous production")                 \
    ROW(X, "pmol/L", 0, -INFINITY, INFINITY, "insulin that acts on uptake, above basal")                     \
    ROW(Y, "pmol/kg/min", 0, -INFINITY, INFINITY, "delayed secretion by glucose")                            \
    ROW(Ipo, "pmol/kg", 3.6, 0, INFINITY, "insulin in the portal vein")                                      \
    ROW(Dbar, "mg", 0, 0, INFINITY, "size of the last meal with what the stomach held before it")

#define GLUCOSE_DALLAMAN2007_PARAMS(ROW)                                                                     \
    ROW(BW, "kg", 78, 1e-3, INFINITY, "body weight")                                                         \
    ROW(Gb, "mg/dL", 95, 0, INFINITY, "basal glucose, which secretion is measured from")                     \
    ROW(Ib, "pmol/L", 25, 0, INFINITY, "basal insulin")                                                      \
    ROW(Sb, "pmol/kg/min", 1.8, 0, INFINITY, "basal secretion of insulin")                                   \
    ROW(Gtb, "mg/kg", 130, 0, INFINITY, "glucose in slow tissue at the start")                               \
    ROW(VG, "dL/kg", 1.88, 1e-9, INFINITY, "volume of distribution of glucose")                              \
    ROW(k1, "/min", 0.065, 0, INFINITY, "glucose from plasma to tissue")                                     \
    ROW(k2, "/min", 0.079, 0, INFINITY, "glucose from tissue to plasma")                                     \
    ROW(VI, "L/kg", 0.05, 1e-9, INFINITY, "volume of distribution of insulin")                               \
    ROW(m1, "/min", 0.190, 1e-9, INFINITY, "insulin from the liver to plasma")                               \
    ROW(m2, "/min", 0.484, 0, INFINITY, "insulin from plasma to the liver")                                  \
    ROW(m4, "/min", 0.194, 0, INFINITY, "degradation of insulin outside the liver")                          \
    ROW(m5, "min.kg/pmol", 0.0304, 0, INFINITY, "fall of hepatic extraction with secretion")                 \
    ROW(m6, "1", 0.6471, 0, 1, "hepatic extraction without secretion")                                       \
    ROW(kmax, "/min", 0.0558, 0, INFINITY, "fastest emptying of the stomach")                                \
    ROW(kmin, "/min", 0.0080, 0, INFINITY, "slowest emptying of the stomach")                                \
    ROW(kabs, "/min", 0.057, 0, INFINITY, "absorption from the gut")                                         \
    ROW(kgri, "/min", 0.0558, 0, INFINITY, "grinding in the stomach")                                        \
    ROW(f, "1", 0.90, 0, 1, "share of the carbohydrate that reaches plasma")                                 \
    ROW(b, "1", 0.82, 0, 0.999999, "share of the meal at which emptying has slowed by half")                 \
    ROW(d, "1", 0.010, 1e-9, 1, "share of the meal at which emptying has recovered by half")                 \
    ROW(kp1, "mg/kg/min", 2.70, 0, INFINITY, "endogenous production without glucose and insulin")            \
    ROW(kp2, "/min", 0.0021, 0, INFINITY, "effect of glucose on endogenous production")                      \
    ROW(kp3, "mg/kg/min/(pmol/L)", 0.009, 0, INFINITY, "effect of insulin on endogenous production")         \
    ROW(kp4, "mg/min/pmol", 0.0618, 0, INFINITY, "effect of portal insulin on endogenous production")        \
    ROW(ki, "/min", 0.0079, 0, INFINITY, "delay of the effect of insulin")                                   \
    ROW(Fcns, "mg/kg/min", 1, 0, INFINITY, "uptake by brain and red cells")                                  \
    ROW(Vm0, "mg/kg/min", 2.50, 0, INFINITY, "largest uptake by tissue at basal insulin")                    \
    ROW(Vmx, "mg/kg/min/(pmol/L)", 0.047, 0, INFINITY, "effect of insulin on the largest uptake")            \
    ROW(Km0, "mg/kg", 225.59, 1e-9, INFINITY, "glucose of half the largest uptake")                          \
    ROW(p2U, "/min", 0.0331, 0, INFINITY, "speed of insulin's action on uptake")                             \
    ROW(K, "pmol/kg/(mg/dL)", 2.30, 0, INFINITY, "secretion by a rise of glucose")                           \
    ROW(alpha, "/min", 0.050, 0, INFINITY, "delay of secretion by glucose")                                  \
    ROW(beta, "pmol/kg/min/(mg/dL)", 0.11, 0, INFINITY, "secretion by glucose")                              \
    ROW(gamma, "/min", 0.5, 1e-9, INFINITY, "from the portal vein to the liver")                             \
    ROW(ke1, "/min", 0.0005, 0, INFINITY, "excretion of glucose by the kidney")                              \
    ROW(ke2, "mg/kg", 339, 0, INFINITY, "renal threshold of glucose")

#define GLUCOSE_DALLAMAN2007_INPUTS(ROW)

#define GLUCOSE_DALLAMAN2007_OUTPUTS(ROW)                                                                    \
    ROW(G, "mg/dL", 0, 0, INFINITY, "plasma glucose")                                                        \
    ROW(I, "pmol/L", 0, 0, INFINITY, "plasma insulin")                                                       \
    ROW(S, "pmol/kg/min", 0, 0, INFINITY, "secretion of insulin")                                            \
    ROW(EGP, "mg/kg/min", 0, 0, INFINITY, "endogenous production of glucose")                                \
    ROW(Ra, "mg/kg/min", 0, 0, INFINITY, "appearance of the meal in plasma")                                 \
    ROW(E, "mg/kg/min", 0, 0, INFINITY, "excretion of glucose by the kidney")                                \
    ROW(U, "mg/kg/min", 0, 0, INFINITY, "uptake by tissue that depends on insulin")

#endif
