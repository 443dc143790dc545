"""Variants as changes: one way of writing for all the ways in which a record may spell them."""

from __future__ import annotations


def trim(pos: int, ref: str, alt: str) -> tuple[int, str, str]:
    """A change without common suffix and prefix: (first changed position, removed, inserted)."""
    shorter = min(len(ref), len(alt))
    tail = 0
    while tail < shorter and ref[-1 - tail] == alt[-1 - tail]:
        tail += 1
    shorter -= tail
    head = 0
    while head < shorter and ref[head] == alt[head]:
        head += 1
    return pos + head, ref[head : len(ref) - tail], alt[head : len(alt) - tail]
