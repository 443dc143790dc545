"""Reads of one sample with one alternate allele, in the fields of several somatic callers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pytwin.genome.tumour.checks import NAN, count, reads, share


def reads_of(fields: Mapping[str, str], ref: str, alts: Sequence[str], index: int) -> tuple[float, int]:
    """(share of reads, depth) of the alternate allele ``index``, from 1.

    AD is ref and alternates (GATK, Mutect2); a single number is the alternate's, with RD the reference's
    (VarScan). Strelka counts bases (AU ...) or indels (TAR, TIR), of which the first tier is taken. AF and
    FREQ are used where nothing is counted.
    """
    depth = count(fields.get("DP", ""))
    known = _counts(fields, ref, alts, index)
    vaf, seen = reads(known[0], known[1], depth)
    if vaf == vaf:  # noqa: PLR0124  not NaN
        return vaf, seen
    stated = (fields.get("AF") or fields.get("FA") or "").split(",")
    found = share(stated[index - 1]) if len(stated) >= index else NAN
    if found != found and len(alts) == 1:  # noqa: PLR0124
        found = share(fields.get("FREQ", ""))
    return (found if found <= 1 else NAN), seen


def _counts(
    fields: Mapping[str, str], ref: str, alts: Sequence[str], index: int
) -> tuple[int | None, int | None]:
    """Reads with the reference and with the alternate."""
    alt = alts[index - 1]
    listed = fields.get("AD", "").split(",")
    if len(listed) == len(alts) + 1:
        # Reads of the other alternates belong to neither; they count in the total.
        numbers = [count(x) for x in listed]
        if all(n is not None for n in numbers):
            rest = sum(n for n in numbers if n is not None) - (numbers[index] or 0)
            return rest, numbers[index]
    if len(listed) == 1 and listed[0] and "RD" in fields:
        return count(fields["RD"]), count(listed[0])
    if len(ref) == len(alt) == 1 and f"{ref}U" in fields and f"{alt}U" in fields:
        return _tier(fields[f"{ref}U"]), _tier(fields[f"{alt}U"])
    if "TAR" in fields and "TIR" in fields:
        return _tier(fields["TAR"]), _tier(fields["TIR"])
    return None, None


def _tier(text: str) -> int | None:
    return count(text.split(",", maxsplit=1)[0])
