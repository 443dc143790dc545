/* The models that are built in: their organs in an order in which each finds its inputs, by name, among the
 * outputs of those before. Adding a model is one row. */
#ifndef PT_MODEL_MODELS_H
#define PT_MODEL_MODELS_H

#include "model/wiring.h"

typedef struct {
    const char *name, *title, *citation;
    const char *organs[PT_MAX_PART + 1]; /* null-terminated */
    int problem;                         /* a test problem of the integrators */
} pt_model_row;

static const pt_model_row pt_model_rows[] = {
    {"hamberg2010",
     "Warfarin and INR with one-compartment S-warfarin kinetics and two transit chains",
     "Hamberg AK, Wadelius M, Lindh JD, et al. A pharmacometric model describing the relationship between "
     "warfarin dose and INR response with respect to variations in CYP2C9, VKORC1, and age. Clin Pharmacol "
     "Ther "
     "2010;87:727-34",
     {"liver_swarfarin_1cpt", "coagulation_hamberg2010"},
     0},
    {"hamberg2007",
     "Warfarin and INR with two-compartment S-warfarin kinetics, a chain of six and a single compartment",
     "Hamberg AK, Dahl ML, Barban M, et al. A PK-PD model for predicting the impact of age, CYP2C9, and "
     "VKORC1 "
     "genotype on individualization of warfarin therapy. Clin Pharmacol Ther 2007;81:529-38",
     {"liver_swarfarin_2cpt", "coagulation_hamberg2007"},
     0},
    {"hovorka",
     "Glucose and insulin in type 1 diabetes, ten states",
     "Hovorka R, Canonico V, Chassin LJ, et al. Nonlinear model predictive control of glucose concentration "
     "in "
     "subjects with type 1 diabetes. Physiol Meas 2004;25:905-20",
     {"glucose_hovorka2004"},
     0},
    {"hovorka_sensor",
     "The model hovorka with the interstitial glucose that a sensor sees",
     "Hovorka R, Canonico V, Chassin LJ, et al. Nonlinear model predictive control of glucose concentration "
     "in "
     "subjects with type 1 diabetes. Physiol Meas 2004;25:905-20",
     {"glucose_hovorka2004", "sensor_interstitial"},
     0},
    {"dallaman2007",
     "Glucose and insulin after a meal without diabetes, twelve states and the size of the meal",
     "Dalla Man C, Rizza RA, Cobelli C. Meal simulation model of the glucose-insulin system. IEEE Trans "
     "Biomed Eng 2007;54:1740-9",
     {"glucose_dallaman2007"},
     0},
    {"uvapadova",
     "UVA/Padova simulator of type 1 diabetes, 2008, thirteen states and the size of the meal",
     "Kovatchev BP, Breton M, Dalla Man C, Cobelli C. In silico preclinical trials: a proof of concept in "
     "closed-loop control of type 1 diabetes. J Diabetes Sci Technol 2009;3:44-55",
     {"glucose_uvapadova2008"},
     0},
    {"pk_1cpt_oral",
     "Any drug: one compartment, doses into a depot or into the central compartment",
     "NONMEM 7 Users Guides, part VI, PREDPP: ADVAN2 TRANS2. ICON Development Solutions, Gaithersburg",
     {"pk_1cpt_oral"},
     0},
    {"pk_2cpt_oral",
     "Any drug: two compartments, doses into a depot or into the central compartment",
     "NONMEM 7 Users Guides, part VI, PREDPP: ADVAN4 TRANS4. ICON Development Solutions, Gaithersburg",
     {"pk_2cpt_oral"},
     0},
    {"pk_1cpt_mm",
     "Any drug: one compartment whose elimination saturates, doses into a depot or into the central "
     "compartment",
     "NONMEM 7 Users Guides, part VI, PREDPP: ADVAN10. ICON Development Solutions, Gaithersburg",
     {"pk_1cpt_mm"},
     0},
    {"tgi_claret",
     "Tumour growth and its inhibition by a drug whose effect fades",
     "Claret L, Girard P, Hoff PM, et al. Model-based prediction of phase III overall survival in colorectal "
     "cancer on the basis of phase II tumor dynamics. J Clin Oncol 2009;27:4103-8",
     {"tgi_claret"},
     0},
    {"bouncing_ball",
     "Bouncing ball: free fall onto a floor that gives back a part of the speed",
     "van der Schaft A, Schumacher H. An Introduction to Hybrid Dynamical Systems. Springer 2000",
     {"bouncing_ball"},
     1},
    {"mackey_glass",
     "Mackey and Glass: production of blood cells that answers late, with a pure delay",
     "Mackey MC, Glass L. Oscillation and chaos in physiological control systems. Science 1977;197:287-289",
     {"mackey_glass"},
     1},
    {"linear_delay",
     "A linear equation with a pure delay and a closed form",
     "Bellman R, Cooke KL. Differential-Difference Equations. Academic Press 1963",
     {"linear_delay"},
     1},
    {"henon_heiles",
     "Henon and Heiles' star in a galaxy: two coupled oscillators",
     "Henon M, Heiles C. The applicability of the third integral of motion: some numerical experiments. "
     "Astron J 1964;69:73-79",
     {"henon_heiles"},
     1},
    {"lorenz",
     "Lorenz's equations: chaotic convection in three states",
     "Lorenz EN. Deterministic nonperiodic flow. J Atmos Sci 1963;20:130-141",
     {"lorenz"},
     1},
    {"lorenz96",
     "Lorenz's ring of forty points, chaotic; for methods that bring observations into a forecast",
     "Lorenz EN. Predictability: a problem partly solved. Proc ECMWF Seminar on Predictability 1996;1:1-18",
     {"lorenz96"},
     1},
    {"ornstein_uhlenbeck",
     "Ornstein-Uhlenbeck process: noise with a memory",
     "Uhlenbeck GE, Ornstein LS. On the theory of the Brownian motion. Phys Rev 1930;36:823-841",
     {"ornstein_uhlenbeck"},
     1},
    {"pendulum",
     "Pendulum without friction, seen by its horizontal position",
     "Sarkka S, Svensson L. Bayesian Filtering and Smoothing. Cambridge University Press 2023, example 5.7",
     {"pendulum"},
     1},
    {"geometric_brownian",
     "Geometric Brownian motion: growth with multiplicative noise",
     "Kloeden PE, Platen E. Numerical Solution of Stochastic Differential Equations. Springer 1992",
     {"geometric_brownian"},
     1},
    {"robertson",
     "Robertson's chemical reaction",
     "Robertson HH. The solution of a set of reaction rate equations. In: Walsh J (ed). Numerical Analysis, "
     "an Introduction. Academic Press 1966:178-182",
     {"robertson"},
     1},
    {"robertson_dae",
     "Robertson's chemical reaction, with the conservation of mass as an algebraic equation",
     "Robertson HH. The solution of a set of reaction rate equations. In: Walsh J (ed). Numerical Analysis, "
     "an Introduction. Academic Press 1966:178-182",
     {"robertson_dae"},
     1},
    {"hires",
     "HIRES, high irradiance response of photomorphogenesis",
     "Schaefer E. J Math Biol 1975;2:41-56. Mazzia F, Magherini C. Test Set for Initial Value Problem "
     "Solvers, release 2.4. University of Bari 2008",
     {"hires"},
     1},
    {"oregonator",
     "OREGO, the Oregonator",
     "Field RJ, Noyes RM. J Chem Phys 1974;60:1877-84. Hairer E, Wanner G. Solving Ordinary Differential "
     "Equations II, 2nd ed. Springer 1996",
     {"oregonator"},
     1},
    {"pollution",
     "POLLU, the chemical reactions of an air pollution model",
     "Verwer JG. SIAM J Sci Comput 1994;15:1243-50. Mazzia F, Magherini C. Test Set for Initial Value "
     "Problem Solvers, release 2.4. University of Bari 2008",
     {"pollution"},
     1},
    {"pleiades",
     "Pleiades, seven stars in a plane",
     "Hairer E, Norsett SP, Wanner G. Solving Ordinary Differential Equations I, 2nd ed. Springer 1993. "
     "Mazzia F, Magherini C. Test Set for Initial Value Problem Solvers, release 2.4. University of Bari "
     "2008",
     {"pleiades"},
     1},
    {"brusselator",
     "Brusselator, two ordinary differential equations",
     "Lefever R, Nicolis G. J Theor Biol 1971;30:267-84. Hairer E, Norsett SP, Wanner G. Solving Ordinary "
     "Differential Equations I, 2nd ed. Springer 1993",
     {"brusselator"},
     1},
    {"brusselator_1d",
     "Brusselator with diffusion in one dimension",
     "Lefever R, Nicolis G. J Theor Biol 1971;30:267-84. Hairer E, Wanner G. Solving Ordinary Differential "
     "Equations II, 2nd ed. Springer 1996",
     {"brusselator_1d"},
     1},
    {"vanderpol",
     "Van der Pol's oscillator",
     "van der Pol B. Phil Mag 1926;2:978-92. Hairer E, Wanner G. Solving Ordinary Differential Equations II, "
     "2nd ed. Springer 1996",
     {"vanderpol"},
     1},
    {"arenstorf",
     "Arenstorf orbit, a satellite between earth and moon",
     "Arenstorf RF. Am J Math 1963;85:27-35. Hairer E, Norsett SP, Wanner G. Solving Ordinary Differential "
     "Equations I, 2nd ed. Springer 1993",
     {"arenstorf"},
     1},
    {"akzo_nobel",
     "Chemical Akzo Nobel problem",
     "Mazzia F, Magherini C. Test Set for Initial Value Problem Solvers, release 2.4. University of Bari "
     "2008",
     {"akzo_nobel"},
     1},
};

#endif
