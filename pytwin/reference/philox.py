"""Plain Philox4x32-10 with the core's layout of key and counter: words and uniforms equal to the bit.

Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3. SC11, 2011.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

MULTIPLIER = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
LOW = 0xFFFFFFFF


def block(counter: tuple[int, int, int, int], key: tuple[int, int]) -> tuple[int, int, int, int]:
    """Ten rounds on four 32-bit words under a key of two.

    Parameters
    ----------
    counter : four integers below 2**32
    key : two integers below 2**32

    Returns
    -------
    four integers below 2**32
    """
    c0, c1, c2, c3 = counter
    k0, k1 = key
    for _ in range(10):
        p0, p1 = MULTIPLIER[0] * c0, MULTIPLIER[1] * c2
        c0, c1, c2, c3 = p1 >> 32 ^ c1 ^ k0, p1 & LOW, p0 >> 32 ^ c3 ^ k1, p0 & LOW
        k0, k1 = k0 + WEYL[0] & LOW, k1 + WEYL[1] & LOW
    return c0, c1, c2, c3


def words(seed: int, purpose: int, patient: int, draw: int, step: int, n: int) -> NDArray[np.uint32]:
    """The first n words of the blocks step, step + 1, ... of one stream (csrc/lanes/philox.h)."""
    key = (seed & LOW, seed >> 32 & LOW)
    out: list[int] = []
    while len(out) < n:
        counter = (step | purpose << 24, draw, patient & LOW, patient >> 32 & LOW)
        out.extend(block(counter, key))
        step += 1
    return np.array(out[:n], dtype=np.uint32)


def uniforms(seed: int, purpose: int, patients: NDArray[np.int64], draws: int, n: int) -> NDArray[np.float64]:
    """Uniforms ``(2k + 1) / 2**53`` in the open unit interval, shape (S, draws, n); k are 52 random bits."""
    out = np.empty((len(patients), draws, n))
    for s, patient in enumerate(patients.tolist()):
        for d in range(draws):
            w = words(seed, purpose, patient, d, 0, 2 * n).astype(np.uint64)
            k = (w[0::2] | w[1::2] << np.uint64(32)) >> np.uint64(12)
            out[s, d] = (2 * k + np.uint64(1)).astype(np.float64) * 2.0**-53
    return out
