/* Room: one allocation that holds several arrays. A lay-out runs twice, once to count and once to place. */
#ifndef PT_ODE_ROOM_H
#define PT_ODE_ROOM_H

#include <stddef.h>

#include "lanes/wide.h"

/* Cuts n elements off, aligned to 64 bytes; with a null base only counts. */
static inline void *pt_cut(char *base, size_t *used, size_t n, size_t size)
{
    char *p = base ? base + *used : NULL;
    *used += (n * size + 63) / 64 * 64;
    return p;
}

/* The same of n wides. */
static inline vec *pt_cut_wides(char *base, size_t *used, int n)
{
    return (vec *)pt_cut(base, used, (size_t)n, sizeof(wide));
}

#endif
