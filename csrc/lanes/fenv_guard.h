/* The floating-point environment of a kernel that runs in its caller's thread: round to nearest, denormals
 * on, and the caller's own afterwards. pt_parallel does the same for its threads. */
#ifndef PT_LANES_FENV_GUARD_H
#define PT_LANES_FENV_GUARD_H

#include <fenv.h>

static inline fenv_t pt_fenv_enter(void)
{
    fenv_t saved;
    fegetenv(&saved);
    fesetenv(FE_DFL_ENV);
    return saved;
}

static inline void pt_fenv_leave(fenv_t saved) { fesetenv(&saved); }

#endif
