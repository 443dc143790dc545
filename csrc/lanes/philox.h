/* Philox4x32-10 over lanes: counter-based random numbers (Salmon, Moraes, Dror, Shaw: Parallel random
 * numbers: as easy as 1, 2, 3. SC11, 2011). A number is a function of what it is for, so that it does not
 * depend on the order of work, the batch or the threads.
 *
 *   key      seed, 64 bits: word 0 low, word 1 high
 *   counter  word 0   step (24 bits) | purpose << 24
 *            word 1   draw (32 bits)
 *            word 2,3 patient, 64 bits: low, high
 *
 * One block yields four words of 32 bits: two uniforms or two normals. Element i of a stream is number i % 2
 * of the block with step i / 2.
 */
#ifndef PT_LANES_PHILOX_H
#define PT_LANES_PHILOX_H

#include "lanes/vmath.h"

typedef struct {
    vbits word[4]; /* 32 bits each, upper halves zero */
} pt_philox_block;

PT_LANE vbits b_set(uint64_t a) { return (vbits)m_set((int64_t)a); }

/* The product of a < 2^32 and a 32-bit constant. GCC must not see that it is one: it would rather shift and
 * add twenty times than multiply 64 bits. */
PT_LANE vbits b_mul32(vbits a, uint64_t m)
{
    __asm__("" : "+r"(m));
    return a * b_set(m);
}

/* ten rounds of n blocks, a constant, under a key (32 bits each) of the lane; two hide the time that a
 * product takes */
PT_LANE void v_philox_rounds(const int n, pt_philox_block *c, vbits k0, vbits k1)
{
    const vbits low = b_set(0xffffffff);
    for (int round = 0; round < 10; round++) {
        for (int i = 0; i < n; i++) {
            vbits *w = c[i].word, p0 = b_mul32(w[0], 0xd2511f53), p1 = b_mul32(w[2], 0xcd9e8d57);
            w[0] = (p1 >> 32) ^ w[1] ^ k0;
            w[2] = (p0 >> 32) ^ w[3] ^ k1;
            w[1] = p1 & low;
            w[3] = p0 & low;
        }
        k0 = (k0 + b_set(0x9e3779b9)) & low;
        k1 = (k1 + b_set(0xbb67ae85)) & low;
    }
}

PT_LANE pt_philox_block v_philox_keyed(pt_philox_block c, vbits k0, vbits k1)
{
    v_philox_rounds(1, &c, k0, k1);
    return c;
}

PT_LANE pt_philox_block v_philox(pt_philox_block c, uint64_t seed)
{
    return v_philox_keyed(c, b_set(seed & 0xffffffff), b_set(seed >> 32));
}

PT_LANE pt_philox_block v_philox_counter(uint32_t purpose, vbits patient, vbits draw, vbits step)
{
    const vbits low = b_set(0xffffffff);
    return (pt_philox_block){{step | b_set((uint64_t)purpose << 24), draw, patient & low, patient >> 32}};
}

/* the block of (seed, purpose, patient, draw, step) */
PT_LANE pt_philox_block v_philox_at(uint64_t seed, uint32_t purpose, vbits patient, vbits draw, vbits step)
{
    return v_philox(v_philox_counter(purpose, patient, draw, step), seed);
}

/* (2k + 1) 2^-53 with k the upper 52 bits of high:low: in (0, 1), symmetric about 1/2 */
PT_LANE vec v_uniform(vbits low, vbits high)
{
    vbits k = ((high << 32) | low) >> 12;
    return (vec)(k | (vbits)v_set(1.0)) - v_set(1.0 - 0x1p-53);
}

/* the two uniforms of a block */
PT_LANE void v_uniform_pair(const pt_philox_block *b, vec *u0, vec *u1)
{
    *u0 = v_uniform(b->word[0], b->word[1]);
    *u1 = v_uniform(b->word[2], b->word[3]);
}

#endif
