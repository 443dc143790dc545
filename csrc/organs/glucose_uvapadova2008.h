/* Glucose and insulin in type 1 diabetes: the UVA/Padova simulator of 2008 (13 states and the size of the
 * meal).
 *
 *   q  = Qsto1 + Qsto2, r = q/Dbar                                           stomach
 *   kgut = kmin + (kmax - kmin)/2 (tanh(5/2 (r - b)/(1 - b)) - tanh(5/2 (r - d)/d) + 2), kmax before any meal
 *   dQsto1/dt = D - kmax Qsto1, dQsto2/dt = kmax Qsto1 - kgut Qsto2          D: eaten, mg/min
 *   dQgut/dt  = kgut Qsto2 - kabs Qgut, Ra = f kabs Qgut/BW
 *   EGP = max(0, kp1 - kp2 Gp - kp3 Id), E = ke1 max(0, Gp - ke2)
 *   U   = (Vm0 + Vmx X) Gt/(Km0 + Gt)
 *   dGp/dt = EGP + Ra - Fsnc - E - k1 Gp + k2 Gt                             0 while Gp < 0
 *   dGt/dt = -U + k1 Gp - k2 Gt
 *   dIp/dt = -(m2 + m4) Ip + m1 Il + (ka1 Isc1 + ka2 Isc2) 6000/BW, I = Ip/Vi
 *   dIl/dt = -(m1 + m30) Il + m2 Ip
 *   dX/dt  = p2u (I - Ib - X), dI1/dt = ki (I - I1), dId/dt = ki (I1 - Id)
 *   dIsc1/dt = u - (ka1 + kd) Isc1, dIsc2/dt = kd Isc1 - ka2 Isc2            u: insulin given, U/min
 *   dGsc/dt  = ksc (Gp - Gsc)
 *   plasma glucose Gp/Vg, glucose at the sensor Gsc/Vg
 *
 * Dbar, the size of the meal, stands still between the events: meal_start sets it to what the stomach holds,
 * bite adds the carbohydrate that is about to be eaten. The insulin under the skin is in U here; the paper
 * has pmol/kg, 6000/BW times as much. The published program halts most states while they are below 0; only Gp
 * can fall so low, so that it alone is halted here.
 *
 * The start is the steady state at the plasma glucose G0 without food. With x = k1 Gp - k2 Gt = U the balance
 * is quadratic in I; its root above 0 exists where glucose can be that high. Basal insulin that holds it:
 * (ka1 + kd) Isc1.
 *
 * Kovatchev BP, Breton M, Dalla Man C, Cobelli C. In silico preclinical trials: a proof of concept in
 * closed-loop control of type 1 diabetes. J Diabetes Sci Technol 2009;3:44-55. Equations of glucose and
 * meals: Dalla Man C, Rizza RA, Cobelli C. IEEE Trans Biomed Eng 2007;54:1740-9. As written in the open
 * simulator simglucose (Xie J, MIT licence), whose patient adult#001 gives the values here.
 */
#ifndef PT_GLUCOSE_UVAPADOVA2008_H
#define PT_GLUCOSE_UVAPADOVA2008_H

#include <math.h>

#include "organs/organ.h"

/* ROW and not X, which is a state */
#define GLUCOSE_UVAPADOVA2008_STATES(ROW)                                                                    \
    ROW(Qsto1, "mg", 0, 0, INFINITY, "carbohydrate in the stomach, solid")                                   \
    ROW(Qsto2, "mg", 0, 0, INFINITY, "carbohydrate in the stomach, liquid")                                  \
    ROW(Qgut, "mg", 0, 0, INFINITY, "carbohydrate in the gut")                                               \
    ROW(Gp, "mg/kg", 265.370112, 0, INFINITY, "glucose in plasma and what exchanges quickly with it")        \
    ROW(Gt, "mg/kg", 162.457097269, 0, INFINITY, "glucose in slow tissue")                                   \
    ROW(Ip, "pmol/kg", 5.5043265, 0, INFINITY, "insulin in plasma")                                          \
    ROW(X, "pmol/L", 0, -INFINITY, INFINITY, "insulin that acts on uptake, above basal")                     \
    ROW(I1, "pmol/L", 100.25, 0, INFINITY, "delayed insulin, first step")                                    \
    ROW(Id, "pmol/L", 100.25, 0, INFINITY, "delayed insulin that acts on endogenous production")             \
    ROW(Il, "pmol/kg", 3.20762505142, 0, INFINITY, "insulin in the liver")                                   \
    ROW(Isc1, "[IU]", 1.23524415, 0, INFINITY, "insulin under the skin, as given")                           \
    ROW(Isc2, "[IU]", 2.40714245, 0, INFINITY, "insulin under the skin, split into single molecules")        \
    ROW(Gsc, "mg/kg", 265.370112, 0, INFINITY, "glucose under the skin")                                     \
    ROW(Dbar, "mg", 0, 0, INFINITY, "size of the last meal with what the stomach held before it")

#define GLUCOSE_UVAPADOVA2008_PARAMS(ROW)                                                                    \
    ROW(BW, "kg", 102.32, 1e-3, INFINITY, "body weight")                                                     \
    ROW(kabs, "/min", 0.08906, 0, INFINITY, "absorption from the gut")                                       \
    ROW(kmax, "/min", 0.046122, 0, INFINITY, "fastest emptying of the stomach")                              \
    ROW(kmin, "/min", 0.0037927, 0, INFINITY, "slowest emptying of the stomach")                             \
    ROW(b, "1", 0.70391, 0, 0.999999, "share of the meal at which emptying has slowed by half")              \
    ROW(d, "1", 0.21057, 1e-9, 1, "share of the meal at which emptying has recovered by half")               \
    ROW(f, "1", 0.9, 0, 1, "share of the carbohydrate that reaches plasma")                                  \
    ROW(Vg, "dL/kg", 1.9152, 1e-9, INFINITY, "volume of distribution of glucose")                            \
    ROW(k1, "/min", 0.058138, 0, INFINITY, "glucose from plasma to tissue")                                  \
    ROW(k2, "/min", 0.087114, 1e-9, INFINITY, "glucose from tissue to plasma")                               \
    ROW(kp1, "mg/kg/min", 4.73140582528, 0, INFINITY, "endogenous production without glucose and insulin")   \
    ROW(kp2, "/min", 0.00469, 0, INFINITY, "effect of glucose on endogenous production")                     \
    ROW(kp3, "mg/kg/min/(pmol/L)", 0.01208, 0, INFINITY, "effect of insulin on endogenous production")       \
    ROW(ki, "/min", 0.0046374, 0, INFINITY, "delay of that effect")                                          \
    ROW(Fsnc, "mg/kg/min", 1, 0, INFINITY, "uptake by brain and red cells")                                  \
    ROW(Vm0, "mg/kg/min", 3.2667306607, 0, INFINITY, "largest uptake by tissue at basal insulin")            \
    ROW(Vmx, "mg/kg/min/(pmol/L)", 0.031319, 0, INFINITY, "effect of insulin on the largest uptake")         \
    ROW(Km0, "mg/kg", 253.52, 1e-9, INFINITY, "glucose of half the largest uptake")                          \
    ROW(p2u, "/min", 0.027802, 0, INFINITY, "speed of insulin's action on uptake")                           \
    ROW(ke1, "/min", 0.0005, 0, INFINITY, "excretion of glucose by the kidney")                              \
    ROW(ke2, "mg/kg", 339, 0, INFINITY, "renal threshold of glucose")                                        \
    ROW(Vi, "L/kg", 0.054906, 1e-9, INFINITY, "volume of distribution of insulin")                           \
    ROW(Ib, "pmol/L", 100.25, 0, INFINITY, "basal insulin")                                                  \
    ROW(m1, "/min", 0.15446, 1e-9, INFINITY, "insulin from the liver to plasma")                             \
    ROW(m2, "/min", 0.225027424083, 0, INFINITY, "insulin from plasma to the liver")                         \
    ROW(m4, "/min", 0.090010969633, 0, INFINITY, "degradation of insulin outside the liver")                 \
    ROW(m30, "/min", 0.23169, 0, INFINITY, "degradation of insulin in the liver")                            \
    ROW(ka1, "/min", 0.0019, 0, INFINITY, "insulin as given, from the skin to plasma")                       \
    ROW(ka2, "/min", 0.0078, 1e-9, INFINITY, "insulin split into single molecules, from the skin to plasma") \
    ROW(kd, "/min", 0.0152, 1e-9, INFINITY, "splitting of the insulin that was given")                       \
    ROW(ksc, "/min", 0.0766, 0, INFINITY, "exchange of glucose between plasma and skin")                     \
    ROW(G0, "mg/dL", 138.56, 0, INFINITY, "glucose at the start, held by basal insulin")

#define GLUCOSE_UVAPADOVA2008_INPUTS(ROW)

#define GLUCOSE_UVAPADOVA2008_OUTPUTS(ROW)                                                                   \
    ROW(G, "mg/dL", 0, 0, INFINITY, "plasma glucose")                                                        \
    ROW(Gsub, "mg/dL", 0, 0, INFINITY, "glucose under the skin, where a sensor sits")                        \
    ROW(I, "pmol/L", 0, 0, INFINITY, "plasma insulin")

#endif
