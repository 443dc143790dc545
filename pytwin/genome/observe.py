"""From VCF records to what was observed at each position of a gene's table.

A record speaks about a position when it has the table's REF there, states the reference over it
(gVCF block), or carries an allele that changes it (multi-nucleotide and padded records). A record that
is hom-reference for another variant nearby says nothing: such a position stays missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pytwin.genome.changes import Change, change, indels, known, reach
from pytwin.genome.covering import Covering
from pytwin.genome.genotype import MISSING, OTHER, Genotype
from pytwin.genome.tables import Position
from pytwin.genome.vcf_record import Record
from pytwin.issues import Issues

DIPLOID = 2


@dataclass(frozen=True, slots=True)
class _Seen:
    """One record's word on one position."""

    genotype: Genotype
    alts: frozenset[str]
    block: bool
    line: int
    discarded: bool = False


class _Silent(Exception):
    """The record says nothing about the position."""


class _Discard(Exception):
    """The record's genotype cannot be used at the position."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = code
        self.reason = reason
        super().__init__(reason)


def _allele(position: Position, record: Record, alt: str) -> str | None:
    """The table's letters for a record's ALT; None where it leaves the position as it is.

    An indel that the table lists at another position says nothing about this one.
    """
    found = change(record.pos, record.ref, alt)
    letters = known(position).get(found)
    if letters is not None:
        return letters
    offset = position.pos - record.pos
    if len(position.ref) == 1 and not position.shifts and len(alt) == len(record.ref) > offset:
        base = alt[offset]
        return None if base == position.ref else base if base in position.alts else OTHER
    if found in indels(record.chromosome):
        return None
    if (record.pos, record.ref) == (position.pos, position.ref):
        return OTHER
    return OTHER if _touches(position, record, found) else None


def _touches(position: Position, record: Record, found: Change) -> bool:
    """Whether a change that the position does not list alters it all the same.

    A substitution within the reach of an indel leaves the indel as it is, and an insertion beside a base
    the base.
    """
    if found.same_length and (position.shifts or len(position.ref) > 1):
        return False
    last = found.first + max(len(found.removed), 1) - 1
    if len(position.ref) == 1 and not position.shifts:
        return bool(found.removed) and found.first <= position.pos <= last
    return found.first <= reach(position) and last >= position.pos


def _require_reference(position: Position, record: Record) -> None:
    """REF must agree with the table wherever they overlap."""
    first = max(position.pos, record.pos)
    last = min(position.pos + len(position.ref), record.pos + len(record.ref))
    expected = position.ref[first - position.pos : last - position.pos] if last > first else ""
    if expected != record.ref[first - record.pos : last - record.pos] and expected:
        raise _Discard("genome.ref-mismatch", "REF differs from the reference genome")


def _reference_stated(position: Position, record: Record) -> bool:
    """A record without a selected ALT states REF at the position."""
    listed = known(position)
    changes = [change(record.pos, record.ref, alt) for alt in record.alts if alt.isalpha()]
    if (record.pos, record.ref) == (position.pos, position.ref):
        elsewhere = indels(record.chromosome)
        return not changes or any(found in listed or found not in elsewhere for found in changes)
    if record.block:
        return record.pos <= position.pos and position.pos + len(position.ref) - 1 <= record.end
    return any(found in listed for found in changes)


def _unusable(record: Record) -> str:
    """Why the selected alleles cannot be used, or an empty text."""
    selected = {record.alts[number - 1] for number in record.gt if number}
    if any(not alt.isalpha() or "N" in alt for alt in selected):
        return "the genotype selects '*', a symbol, or an allele with N"
    if len(record.gt) > DIPLOID:
        return "the genotype has more than two alleles"
    return ""


def _reads_disagree(record: Record) -> bool:
    """A heterozygous genotype with reads (AD) of one allele only."""
    heterozygous = len(set(record.gt)) == DIPLOID and None not in record.gt
    return heterozygous and sum(depth > 0 for depth in record.depths) == 1


def _seen(position: Position, record: Record) -> Genotype:
    """What one record says about one position.

    Raises
    ------
    _Silent, _Discard
    """
    _require_reference(position, record)
    numbers = {number for number in record.gt if number}
    plain = {number: record.alts[number - 1] for number in numbers if record.alts[number - 1].isalpha()}
    selected = {number: _allele(position, record, alt) for number, alt in plain.items()}
    symbolic = len(plain) < len(numbers)
    if not (any(selected.values()) or symbolic or _reference_stated(position, record)):
        raise _Silent
    reason = _unusable(record)
    if reason:
        raise _Discard("genome.unusable", reason)
    letters = [None if number is None else selected.get(number) or position.ref for number in record.gt]
    first, second = [*letters, None][:DIPLOID]
    return Genotype((first, second), record.phased and len(letters) == DIPLOID, record.phase_set)


def _changed(one: _Seen, letter: str | None) -> bool:
    return letter == OTHER or letter in one.alts


def _by_slot(seen: list[_Seen]) -> tuple[str | None, str | None] | None:
    """Alleles slot by slot of GT, as tools that split records keep them; None where two ALTs share a slot."""
    letters: list[str | None] = []
    for slot in range(DIPLOID):
        values = [one.genotype.alleles[slot] for one in seen]
        changed = [value for value, one in zip(values, seen, strict=True) if _changed(one, value)]
        if len(changed) > 1:
            return None
        letters.append(changed[0] if changed else None if None in values else values[0])
    return letters[0], letters[1]


def _by_count(seen: list[_Seen]) -> tuple[str | None, str | None] | None:
    """Alleles counted over all records; None where there are more than two."""
    letters = [letter for one in seen for letter in one.genotype.alleles]
    changed = [letter for one in seen for letter in one.genotype.alleles if letter and _changed(one, letter)]
    if len(changed) > DIPLOID:
        return None
    rest = None if None in letters else next((letter for letter in letters if letter not in changed), None)
    first, second = [*sorted(changed), rest, rest][:DIPLOID]
    return first, second


def _combine(seen: list[_Seen]) -> Genotype | None:
    """Genotype of a site that is split over records of distinct ALTs; None where they contradict."""
    known = [alt for one in seen for alt in one.alts]
    if len(set(known)) < len(known) or any(not one.alts for one in seen):
        return None
    phases = {(g.phased, g.phase_set) for g in (one.genotype for one in seen) if g.alleles[0] != g.alleles[1]}
    phased, phase_set = phases.pop() if len(phases) == 1 else (False, None)
    letters = _by_slot(seen)
    if letters is None and not phased:
        letters = _by_count(seen)
    return None if letters is None else Genotype(letters, phased, phase_set)


def _same(one: _Seen, other: _Seen) -> bool:
    if one.genotype == other.genotype:
        return True
    if one.genotype.alleles == other.genotype.alleles and len(set(one.genotype.alleles)) == 1:
        return True  # alike on both strands, so that phase says nothing
    loose = not (one.genotype.phased or other.genotype.phased)
    return loose and set(one.genotype.alleles) == set(other.genotype.alleles)


def _merge(seen: list[_Seen]) -> tuple[Genotype, str]:
    """One genotype for a position, and the issue code it deserves."""
    explicit = [one for one in seen if not one.block] or seen
    first = explicit[0]
    if all(_same(first, other) for other in explicit[1:]):
        repeated = not first.block and any(first.alts == other.alts for other in explicit[1:])
        return first.genotype, "genome.duplicate" if repeated else ""
    combined = _combine(explicit)
    return (MISSING, "genome.contradiction") if combined is None else (combined, "")


_MESSAGES = {
    "genome.duplicate": ("the position is recorded more than once, alike", "the first record is used"),
    "genome.contradiction": ("records of the position contradict each other", "the position is missing"),
}


def _plain(position: Position, record: Record) -> Genotype | None:
    """The genotype of a record or block that is written as the table writes it; None for all that is odd."""
    gt = record.gt
    if record.pos != position.pos or record.ref != position.ref:
        return _within_block(position, record) if gt == (0, 0) else None
    if len(gt) != DIPLOID or record.filter not in ("PASS", "."):
        return None
    alts = record.alts
    if alts != position.alts and not set(position.alts).issuperset(alts):
        return None
    first, second = gt
    if first is None or second is None or (record.depths and _reads_disagree(record)):
        return None
    letters = (position.ref, *alts)
    return Genotype((letters[first], letters[second]), record.phased, record.phase_set)


def _within_block(position: Position, record: Record) -> Genotype | None:
    """The reference, where a block begins before the position and covers all of it."""
    before = record.pos + len(record.ref) <= position.pos
    if not (before and position.pos + len(position.ref) - 1 <= record.end and record.block):
        return None
    return Genotype((position.ref, position.ref), record.phased, record.phase_set)


class Observer:
    """Collects what the records of one file say about positions, with an issue for each oddity."""

    def __init__(self, name: str, records: Iterable[Record], issues: Issues) -> None:
        self.name = name
        self.issues = issues
        self._records = Covering(records)

    def observe(self, position: Position) -> Genotype | None:
        """The genotype of one position; None where no record speaks about it."""
        covering = self._records.over(position.chromosome, position.pos, reach(position))
        if len(covering) == 1:
            plain = _plain(position, covering[0])
            if plain is not None:
                return plain
        seen: list[_Seen] = []
        for record in covering:
            # Reads of a site that is split over several records are split with it.
            split = sum(other.pos == record.pos and not other.block for other in covering) > 1
            self._add(position, record, seen, split)
        if not seen:
            return None
        genotype, code = _merge(seen)
        if code:
            message, action = _MESSAGES[code]
            self._note(code, message, position, seen[-1].line, action)
        elif not (genotype.missing and any(one.discarded for one in seen)):
            self._explain(position, genotype, seen[0].line)
        return genotype

    def _add(self, position: Position, record: Record, seen: list[_Seen], split: bool) -> None:
        alts = frozenset(_allele(position, record, alt) or "" for alt in record.alts if alt.isalpha()) - {""}
        try:
            genotype = _seen(position, record)
            if not split and _reads_disagree(record):
                raise _Discard("genome.reads", "the genotype is heterozygous, the reads (AD) show one allele")
        except _Silent:
            return
        except _Discard as discard:
            self._note(
                discard.code, discard.reason, position, record.line, "record not used for the position"
            )
            if discard.code != "genome.ref-mismatch":
                seen.append(_Seen(MISSING, alts, False, record.line, discarded=True))
            return
        if record.filter not in ("PASS", ".") and not record.block:
            self._note(
                "genome.filter",
                "FILTER is not PASS",
                position,
                record.line,
                "genotype used nevertheless",
                "note",
            )
        seen.append(_Seen(genotype, alts, record.block, record.line))

    def _explain(self, position: Position, genotype: Genotype, line: int) -> None:
        if genotype.missing:
            self._note(
                "genome.no-call", "the position was not called", position, line, "missing, never reference"
            )
        elif genotype.half:
            self._note(
                "genome.half-call", "one of two alleles was called", position, line, "the other is missing"
            )
        if OTHER in genotype.alleles:
            self._note("genome.undocumented", "an allele that the tables do not list", position, line, "")

    def _note(
        self, code: str, message: str, position: Position, line: int, action: str, severity: str = "warning"
    ) -> None:
        self.issues.add(
            code,
            message,
            place=f"{self.name}:line {line}, {position.label}",
            action=action,
            severity="note" if severity == "note" else "warning",
        )
