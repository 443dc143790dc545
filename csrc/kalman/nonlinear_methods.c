/* The nonlinear methods by name. */
#include <string.h>

#include "kalman/ensemble.h"
#include "kalman/extended.h"
#include "kalman/gauss.h"
#include "kalman/nonlinear.h"
#include "kalman/particle.h"

static const struct {
    const char *name;
    const pt_nonlinear_method *method;
    int variant;
} entries[] = {
    {"ukf", &pt_gauss, PT_GAUSS_UNSCENTED},
    {"ckf", &pt_gauss, PT_GAUSS_CUBATURE},
    {"ghkf", &pt_gauss, PT_GAUSS_HERMITE},
    {"iplf", &pt_gauss, PT_GAUSS_ITERATED},
    {"particle", &pt_particle, 0},
    {"enkf", &pt_ensemble_method, PT_ENSEMBLE_PERTURBED},
    {"etkf", &pt_ensemble_method, PT_ENSEMBLE_ROOT},
    {"denkf", &pt_ensemble_method, PT_ENSEMBLE_HALF_GAIN},
    {"letkf", &pt_ensemble_method, PT_ENSEMBLE_LOCAL},
    {"ekf", &pt_extended, PT_EXTENDED_PLAIN},
    {"iekf", &pt_extended, PT_EXTENDED_ITERATED},
};

enum { N_ENTRY = sizeof entries / sizeof *entries };

const pt_nonlinear_method *pt_nonlinear_find(const char *name, int *variant)
{
    for (int k = 0; k < N_ENTRY; k++) {
        if (strcmp(entries[k].name, name) != 0) continue;
        *variant = entries[k].variant;
        return entries[k].method;
    }
    return NULL;
}

const char *pt_nonlinear_name(int k) { return k < N_ENTRY ? entries[k].name : NULL; }
