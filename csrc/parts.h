/* Arrays of one work space, cut from one block. */
#ifndef PT_PARTS_H
#define PT_PARTS_H

#include <stddef.h>
#include <stdint.h>

/* An array of n doubles, and where the pointer to it stands. */
typedef struct {
    double **array;
    int64_t n;
} pt_part;

/* Doubles to a cache line. */
enum { PT_CACHE_LINE = 8 };

/* Cuts the arrays from `block`, one behind the other from `used` doubles on, each a whole number of `grain`
 * doubles; a null block is only measured. Returns the doubles used then. */
static inline int64_t pt_parts_place(const pt_part *parts, size_t count, double *block, int64_t used,
                                     int64_t grain)
{
    for (size_t k = 0; k < count; k++) {
        if (block) *parts[k].array = block + used;
        used += (parts[k].n + grain - 1) / grain * grain;
    }
    return used;
}

#endif
