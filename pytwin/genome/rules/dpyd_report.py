"""What a report shows of DPYD: strands where phase is known, else the list of variants.

Rules: reference library, genomics/CASES.md, section 3, DPYD.
"""

from __future__ import annotations

from collections.abc import Iterable

from pytwin.genome.rules.dpyd_strands import EXONIC, INTRONIC, Seen2, Strand, sites
from pytwin.genome.rules.report import Report
from pytwin.genome.tables import Gene

HOMOZYGOUS = " (homozygous)"


def report(gene: Gene, data: Seen2) -> Report:
    """Strands, one diplotype for each orientation, or the list of variants of unphased data."""
    if not data.informative:
        return Report()
    if _half_variant(data):
        return Report(note="not reported: one allele of a variant position was not seen")
    pairs = [tuple(variants(gene, strand) for strand in pair) for pair in _plain(data).orientations()]
    if _turning(data) < 2 or data.phase_sets:
        names = [gene.diplotype_name(strand_name(gene, a), strand_name(gene, b)) for a, b in pairs]
        lowest = min(((worst(gene, a), worst(gene, b)) for a, b in pairs), key=lambda p: _rank(gene, p))
    else:
        counted = _counted(gene, data)
        names = [label + (HOMOZYGOUS if n > 1 else "") for label, n in counted]
        lowest = _two_lowest(gene, counted)
    found = tuple(dict.fromkeys(names))
    return Report(found, found, (gene.diplotype_name(*lowest),), _note(data))


def variants(gene: Gene, strand: Strand) -> tuple[str, ...]:
    """Variants of one strand in the table's order; a position that was not seen counts as none."""
    table = sites(gene)
    found = {site.label for site in table.every if site.label and strand.get(site.pos)}
    intronic, exonic = strand.get(INTRONIC), strand.get(EXONIC)
    if intronic:
        found.add(table.hapb3 if exonic else table.intronic)
    elif intronic is None and exonic:
        found.add(table.hapb3)
    return tuple(sorted((label for label in found if label), key=gene.order.__getitem__))


def strand_name(gene: Gene, found: Iterable[str]) -> str:
    """``Reference``, the variant, or ``[a + b]``."""
    labels = tuple(found)
    if len(labels) < 2:
        return labels[0] if labels else sites(gene).reference
    return f"[{' + '.join(labels)}]"


def worst(gene: Gene, found: Iterable[str]) -> str:
    """The variant of the lowest activity on a strand; the reference where there is none."""
    labels = tuple(found) or (sites(gene).reference,)
    return min(labels, key=lambda label: (_activity(gene, label), gene.order[label]))


def _activity(gene: Gene, label: str) -> float:
    allele = gene.allele(label)
    return 1.0 if allele is None or allele.activity is None else allele.activity


def _rank(gene: Gene, pair: tuple[str, str]) -> tuple[float, tuple[int, ...]]:
    return sum(_activity(gene, label) for label in pair), tuple(sorted(gene.order[label] for label in pair))


def _half_variant(data: Seen2) -> bool:
    """A half call that shows a variant, but for HapB3's own positions."""
    return any(
        pos not in (INTRONIC, EXONIC) and None in (b.one[pos], b.two[pos]) and (b.one[pos] or b.two[pos])
        for b in data.blocks
        for pos in b.one
    )


def _turning(data: Seen2) -> int:
    """Blocks that make the strands differ; half calls outside HapB3 count as missing."""
    return sum(
        any(pos in (INTRONIC, EXONIC) or None not in (b.one[pos], b.two[pos]) for pos in b.one)
        for b in data.blocks
    )


def _plain(data: Seen2) -> Seen2:
    """Without the blocks that hold nothing but half calls outside HapB3: they would repeat orientations."""
    kept = tuple(b for b in data.blocks if _turning(Seen2({}, (b,), False)))
    return Seen2(data.common, kept, data.phase_sets)


def _counted(gene: Gene, data: Seen2) -> list[tuple[str, int]]:
    """Each variant with the number of strands that carry it, by counts alone."""
    table = sites(gene)
    count = {pos: 2 for pos, state in data.common.items() if state}
    for block in data.blocks:
        for pos in block.one:
            count[pos] = (block.one[pos] or False) + (block.two[pos] or False)
    found = {site.label: count[site.pos] for site in table.every if site.label and count.get(site.pos)}
    exonic, intronic = count.get(EXONIC, 0), count.get(INTRONIC, 0)
    seen = INTRONIC in data.common or any(INTRONIC in block.one for block in data.blocks)
    whole = min(exonic, intronic) if seen else exonic
    found |= {table.hapb3: whole, table.intronic: intronic - whole if seen else 0}
    listed = [(label, n) for label, n in found.items() if label and n]
    return sorted(listed, key=lambda row: gene.order[row[0]]) or [(table.reference, 2)]


def _two_lowest(gene: Gene, counted: list[tuple[str, int]]) -> tuple[str, str]:
    """The two lowest activity values found; a homozygous variant counts twice, the reference fills up."""
    labels = [label for label, n in counted for _ in range(n)]
    labels.sort(key=lambda label: (_activity(gene, label), gene.order[label]))
    first, second = [*labels, sites(gene).reference, sites(gene).reference][:2]
    return first, second


def _note(data: Seen2) -> str:
    exonic = data.common.get(EXONIC) or any(b.one.get(EXONIC) or b.two.get(EXONIC) for b in data.blocks)
    if not exonic:
        return ""
    known = data.common.get(INTRONIC)
    blocks = [b for b in data.blocks if INTRONIC in b.one]
    if known is None and not blocks:
        return "HapB3 by its exonic variant alone: the intronic one was not seen"
    carried = known or any(b.one[INTRONIC] or b.two[INTRONIC] for b in blocks)
    return "" if carried else "the exonic variant of HapB3 without the intronic one: not counted"
