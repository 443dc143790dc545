"""Star-allele matching by enumeration: every orientation of the strands, every pair of alleles.

Equation (PharmCAT's rules as written down in the reference library, genomics/CASES.md, section 3): a pair
(A, B) is consistent when some orientation of the blocks gives strands s, t with A allowing every base of s
and B every base of t. Its score is the largest, over these orientations, of the positions that count for A
on s and for B on t.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray


def matches(
    allowed: NDArray[np.bool_],
    counts: NDArray[np.bool_],
    wobble: NDArray[np.bool_],
    strands: NDArray[np.intp],
    block: NDArray[np.intp],
) -> dict[tuple[int, int], int]:
    """Scores of all consistent pairs.

    Parameters
    ----------
    allowed : (alleles, positions, bases) array of bool
        Base 0 is REF.
    counts, wobble : (alleles, positions) array of bool
        Positions that count in an allele's score; those where it allows several bases.
    strands : (2, positions) array of int
        The observed bases; -1 for one not seen.
    block : (positions,) array of int
        Positions of one number turn together; 0 for those that are alike on both strands.

    Returns
    -------
    dict of (int, int) to int
        Pairs (first <= second) with their scores.
    """
    found: dict[tuple[int, int], int] = {}
    numbers = sorted(set(block.tolist()) - {0})
    available = np.logical_and(strands[0] >= 0, strands[1] >= 0)
    for turns in product((0, 1), repeat=len(numbers)):
        turned = np.isin(block, [n for n, turn in zip(numbers, turns, strict=True) if turn])
        pair = np.where(turned, strands[::-1], strands)
        scores = [_scores(allowed, counts, wobble, strand, available) for strand in pair]
        for a, one in scores[0].items():
            for b, two in scores[1].items():
                key = (min(a, b), max(a, b))
                found[key] = max(found.get(key, 0), one + two)
    return found


def _scores(
    allowed: NDArray[np.bool_],
    counts: NDArray[np.bool_],
    wobble: NDArray[np.bool_],
    strand: NDArray[np.intp],
    available: NDArray[np.bool_],
) -> dict[int, int]:
    """Alleles that agree with a strand, with their scores."""
    found = {}
    for row in range(len(allowed)):
        fits = [base < 0 or allowed[row, at, base] for at, base in enumerate(strand)]
        if all(fits):
            scored = counts[row] & available & (~wobble[row] | (strand != 0))
            found[row] = int(scored.sum())
    return found
