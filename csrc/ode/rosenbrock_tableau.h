/* The Rosenbrock method Rodas5P of order 5 with an embedded one of order 4: L-stable, stiffly accurate, for
 * systems M dx/dt = f(t, x) with algebraic states of index 1, with an interpolant of order 4.
 *
 * Steinebach G. Construction of Rosenbrock-Wanner method Rodas5P and numerical benchmarks within the Julia
 * Differential Equations package. BIT Numer Math 2023;63:27. Coefficients in the form of Hairer & Wanner,
 * Solving Ordinary Differential Equations II, 2nd ed., Springer 1996, IV.7 (7.25);
 * tests/engine/test_rosenbrock.py checks the conditions of order.
 *
 *   (M / (h gamma) - J) k_s = f(t + c_s h, x + sum_q a_sq k_q) + M sum_q (e_sq / h) k_q + h d_s df/dt
 *
 * The last two rows of a differ from the one before by the last stages: x_7 = x_6 + k_6, x_8 = x_7 + k_7; and
 * x(t + h) = x_8 + k_8, where k_8 is also the estimate of the error.
 */
#ifndef PT_ODE_ROSENBROCK_TABLEAU_H
#define PT_ODE_ROSENBROCK_TABLEAU_H

enum { PT_N_ROSENBROCK = 8 };

#define PT_ROSENBROCK_GAMMA 0.21193756319429014

static const double pt_rosenbrock_c[PT_N_ROSENBROCK] = {
    0, 0.6358126895828704, 0.4095798393397535, 0.9769306725060716, 0.4288403609558664, 1, 1, 1,
};

static const double pt_rosenbrock_d[PT_N_ROSENBROCK] = {
    0.21193756319429014, -0.42387512638858027, -0.3384627126235924, 1.8046452872882734, 2.325825639765069,
};

static const double pt_rosenbrock_a[6][5] = {
    {0},
    {3.0},
    {2.849394379747939, 0.45842242204463923},
    {-6.954028509809101, 2.489845061869568, -10.358996098473584},
    {2.8029986275628964, 0.5072464736228206, -0.3988312541770524, -0.04721187230404641},
    {-7.502846399306121, 2.561846144803919, -11.627539656261098, -0.18268767659942256, 0.030198172008377946},
};

static const double pt_rosenbrock_e[PT_N_ROSENBROCK][PT_N_ROSENBROCK - 1] = {
    {0},
    {-14.155112264123755},
    {-17.97296035885952, -2.859693295451294},
    {147.12150275711716, -1.41221402718213, 71.68940251302358},
    {165.43517024871676, -0.4592823456491126, 42.90938336958603, -5.961986721573306},
    {24.854864614690072, -3.0009227002832186, 47.4931110020768, 5.5814197821558125, -0.6610691825249471},
    {30.91273214028599, -3.1208243349937974, 77.79954646070892, 34.28646028294783, -19.097331116725623,
     -28.087943162872662},
    {37.80277123390563, -3.2571969029072276, 112.26918849496327, 66.9347231244047, -40.06618937091002,
     -54.66780262877968, -9.48861652309627},
};

/* x(t + theta h) = x + theta (rise + (1 - theta) (g_1 + theta (g_2 + theta g_3))), g_r = sum_q h_rq k_q */
static const double pt_rosenbrock_h[3][PT_N_ROSENBROCK] = {
    {25.948786856663858, -2.5579724845846235, 10.433815404888879, -2.3679251022685204, 0.524948541321073,
     1.1241088310450404, 0.4272876194431874, -0.17202221070155493},
    {-9.91568850695171, -0.9689944594115154, 3.0438037242978453, -24.495224566215796, 20.176138334709044,
     15.98066361424651, -6.789040303419874, -6.710236069923372},
    {11.419903575922262, 2.8879645146136994, 72.92137995996029, 80.12511834622643, -52.072871366152654,
     -59.78993625266729, -0.15582684282751913, 4.883087185713722},
};

#endif
