/* solve: one dense system of linear equations on plain numbers. */
#ifndef PT_LINALG_SOLVE_H
#define PT_LINALG_SOLVE_H

/* x = A^-1 b by elimination with row exchanges, rows scaled; A (n, n) is overwritten, b (n) becomes x.
 * Returns 0 where a pivot vanishes against its row (singular) or a number is not finite, else 1. */
int pt_solve(int n, double *A, double *b);

#endif
