/* The BLAS library itself: which one it is, and its threads. Not part of the maths. */
#ifndef PT_LINALG_LIBRARY_H
#define PT_LINALG_LIBRARY_H

const char *pt_blas_config(void); /* version and build options, one line */
const char *pt_blas_kernel(void); /* the kernels chosen for this processor */
int pt_blas_threads(void);        /* threads that BLAS may use now */

/* Patients are the parallel axis: BLAS stays at one thread inside a batch. The wheel's library is loaded
 * with one thread and both calls do nothing; a system's library may be shared with others and gets its
 * number back. hold returns the number to hand to release. */
int pt_blas_hold(void);
void pt_blas_release(int n_threads);

#endif
