"""Many samples of one VCF in one pass: each line is split and judged once, each gene called once a pattern.

Samples that say the same at all records of a gene have the same call, so that a cohort costs little
more than its distinct patterns. What is kept is a number for each sample and record, and each
distinct record once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.genome.build import find_build
from pytwin.genome.call import Call
from pytwin.genome.changes import reach
from pytwin.genome.genome import Genome, Source
from pytwin.genome.genotype import Genotype
from pytwin.genome.grch37 import shift
from pytwin.genome.observed import Observes, called, called_genome
from pytwin.genome.options import Options
from pytwin.genome.tables import Gene, Position, load_tables
from pytwin.genome.vcf_cohort import CohortFile, read_cohort
from pytwin.genome.vcf_genome import likely_build, note_build, observer, wanted
from pytwin.genome.vcf_record import Record
from pytwin.genome.vcf_stream import file_hash
from pytwin.issues import Issue, Issues

MOST_PATTERNS = 50_000
"""Calls and genotypes that are kept."""

Observing = Callable[[Sequence[Record], Gene, Issues], Observes]


class _Known(NamedTuple):
    """What a pattern of records gives, a call or a genotype, and the issues about it."""

    value: Call | Genotype | None
    issues: tuple[Issue, ...]


@dataclass
class _Shared:
    """What is the same for all samples of a file."""

    file: CohortFile
    build: str | None
    source: Source
    rows: dict[str, NDArray[np.intp]]
    observing: Observing
    distance: dict[str, int]
    known: dict[object, _Known] = field(default_factory=dict)
    _places: dict[str, dict[int, tuple[int, ...]]] = field(default_factory=dict)

    def once(self, key: object, work: Callable[[Issues], Call | Genotype | None]) -> _Known:
        """Work done once for all samples that have the same pattern."""
        found = self.known.get(key)
        if found is None:
            issues = Issues()
            found = _Known(work(issues), tuple(issues))
            if len(self.known) < MOST_PATTERNS:
                self.known[key] = found
        return found

    def places(self, gene: Gene) -> dict[int, tuple[int, ...]]:
        """For each position of a gene the records that may speak about it."""
        found = self._places.get(gene.name)
        if found is None:
            rows, distance = self.rows[gene.name].tolist(), self.distance[gene.name]
            spans = [
                (row, self.file.sites[row].pos + distance, self.file.sites[row].end + distance)
                for row in rows
            ]
            found = self._places[gene.name] = {
                p.pos: tuple(row for row, pos, end in spans if pos <= reach(p) and end >= p.pos)
                for p in (*gene.positions, *gene.extra)
            }
        return found


class _OfGene:
    """One sample at one gene's positions."""

    def __init__(self, shared: _Shared, sample: int, gene: Gene, issues: Issues) -> None:
        self.name = shared.file.name
        self._shared, self._gene, self._issues = shared, gene, issues
        self._says = shared.file.which[:, sample].tolist()
        self._places = shared.places(gene)

    def observe(self, position: Position) -> Genotype | None:
        rows = self._places[position.pos]
        if not rows:
            return None
        says = tuple([self._says[row] for row in rows])
        known = self._shared.known.get((self._gene.name, position.pos, says))
        if known is None:
            known = self._shared.once(
                (self._gene.name, position.pos, says), self._observed(position, rows, says)
            )
        if known.issues:
            self._issues.extend(known.issues)
        return known.value if isinstance(known.value, Genotype) else None

    def _observed(
        self, position: Position, rows: tuple[int, ...], says: tuple[int, ...]
    ) -> Callable[[Issues], Genotype | None]:
        distinct = self._shared.file.distinct
        found = (distinct[row][number] for row, number in zip(rows, says, strict=True))
        records = [record for record in found if record is not None]
        return lambda issues: self._shared.observing(records, self._gene, issues).observe(position)


class _Sample:
    """One sample as what ``called_genome`` asks."""

    def __init__(self, shared: _Shared, sample: int, issues: Issues) -> None:
        self.name = shared.file.name
        self._shared, self._sample, self._issues = shared, sample, issues

    def observe(self, position: Position) -> Genotype | None:
        genes = load_tables().genes.values()
        gene = next(gene for gene in genes if position in gene.extra)
        return _OfGene(self._shared, self._sample, gene, self._issues).observe(position)

    def call(self, gene: Gene) -> Call:
        shared = self._shared
        key = (gene.name, shared.file.pattern(shared.rows[gene.name], self._sample))
        known = shared.once(
            key, lambda issues: called(gene, _OfGene(shared, self._sample, gene, issues), issues)
        )
        self._issues.extend(known.issues)
        assert isinstance(known.value, Call)
        return known.value


def cohort_genomes(path: Path, options: Options, samples: Sequence[str] | None = None) -> Iterator[Genome]:
    """The genomes of a file's samples, in its order or that of ``samples``.

    Raises
    ------
    InputError
        As ``read_genome``; raised before the first genome.
    """
    genes = tuple(load_tables().genes.values())
    file = read_cohort(
        path,
        lambda header: wanted(genes, likely_build(header, options.build)),
        samples,
        quality=options.quality,
        validate=options.validate,
    )
    build = find_build(file, genes, options.build)
    base = Issues()

    def observing(records: Sequence[Record], gene: Gene, issues: Issues) -> Observes:
        return observer(file.name, records, (gene,), build, issues)

    note_build(file.name, genes, build, base)
    source = Source(file.name, file.sha256 or file_hash(path))
    distance = {gene.name: (shift(gene) or 0) if build == "GRCh37" else 0 for gene in genes}
    shared = _Shared(file, build, source, _rows(file, genes, distance), observing, distance)
    return (_genome(shared, sample, (*file.issues, *base)) for sample in range(len(file.samples)))


def _genome(shared: _Shared, sample: int, base: Sequence[Issue]) -> Genome:
    issues = Issues(base)
    if sample in shared.file.findings:
        issues.extend(shared.file.findings[sample].issues)
    one = _Sample(shared, sample, issues)
    return called_genome(
        one,
        build=shared.build,
        sample=shared.file.samples[sample],
        issues=issues,
        source=shared.source,
        call=one.call,
    )


def _rows(
    file: CohortFile, genes: Sequence[Gene], distance: Mapping[str, int]
) -> dict[str, NDArray[np.intp]]:
    """For each gene the records that may speak about it."""
    result = {}
    for gene in genes:
        known = (*gene.positions, *gene.extra)
        first = min(p.pos for p in known) - distance[gene.name]
        last = max(reach(p) for p in known) - distance[gene.name]
        result[gene.name] = np.array(
            [
                row
                for row, site in enumerate(file.sites)
                if site.chromosome == gene.chromosome and site.pos <= last and site.end >= first
            ],
            dtype=np.intp,
        )
    return result
