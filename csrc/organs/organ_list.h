/* The organs that are built in: one line each here, in organs/sheets.hpp and in organs/all.hpp. */
#ifndef PT_ORGANS_ORGAN_LIST_H
#define PT_ORGANS_ORGAN_LIST_H

#define PT_ORGAN_LIST(X)                                                                                     \
    X(liver_swarfarin_1cpt)                                                                                  \
    X(liver_swarfarin_2cpt)                                                                                  \
    X(coagulation_hamberg2010)                                                                               \
    X(coagulation_hamberg2007)                                                                               \
    X(glucose_hovorka2004)                                                                                   \
    X(glucose_dallaman2007)                                                                                  \
    X(glucose_uvapadova2008)                                                                                 \
    X(sensor_interstitial)                                                                                   \
    X(pk_1cpt_oral)                                                                                          \
    X(pk_2cpt_oral)                                                                                          \
    X(pk_1cpt_mm)                                                                                            \
    X(tgi_claret)                                                                                            \
    X(bouncing_ball)                                                                                         \
    X(mackey_glass)                                                                                          \
    X(linear_delay)                                                                                          \
    X(henon_heiles)                                                                                          \
    X(lorenz)                                                                                                \
    X(lorenz96)                                                                                              \
    X(ornstein_uhlenbeck)                                                                                    \
    X(pendulum)                                                                                              \
    X(geometric_brownian)                                                                                    \
    X(robertson)                                                                                             \
    X(robertson_dae)                                                                                         \
    X(hires)                                                                                                 \
    X(oregonator)                                                                                            \
    X(pollution)                                                                                             \
    X(pleiades)                                                                                              \
    X(brusselator)                                                                                           \
    X(brusselator_1d)                                                                                        \
    X(vanderpol)                                                                                             \
    X(arenstorf)                                                                                             \
    X(akzo_nobel)

#define PT_ORGAN_NUMBER(name) PT_ORGAN_##name,
enum { PT_ORGAN_LIST(PT_ORGAN_NUMBER) PT_N_ORGAN };

#endif
