"""Many samples of one VCF in one pass: each line is split and judged once, each gene called once a pattern.

Samples that say the same at all records of a gene have the same call, so that a cohort costs little
more than its distinct patterns. What is kept is a number for each sample and record, and each
distinct record once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from pytwin.genome.build import find_build
from pytwin.genome.call import Call
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

MOST_PATTERNS = 20_000
"""Calls that are kept."""

Observing = Callable[[Sequence[Record], Gene, Issues], Observes]


class _Known(NamedTuple):
    """What a pattern of records gives: a call or a genotype, and the issues about it."""

    value: object
    issues: tuple[Issue, ...]


@dataclass
class _Shared:
    """What is the same for all samples of a file."""

    file: CohortFile
    build: str | None
    source: Source
    rows: dict[str, NDArray[np.intp]]
    observing: Observing
    calls: dict[tuple[str, bytes], _Known] = field(default_factory=dict)

    def known(self, gene: Gene, sample: int, what: str, work: Callable[[Observes, Issues], object]) -> _Known:
        """Work on the records of a gene, done once for all samples that have the same."""
        rows = self.rows[gene.name]
        key = (what, self.file.pattern(rows, sample))
        found = self.calls.get(key)
        if found is None:
            issues = Issues()
            observes = self.observing(self.file.of(rows, sample), gene, issues)
            found = _Known(work(observes, issues), tuple(issues))
            if len(self.calls) < MOST_PATTERNS:
                self.calls[key] = found
        return found


class _Sample:
    """One sample as what ``called_genome`` asks."""

    def __init__(self, shared: _Shared, sample: int, issues: Issues) -> None:
        self.name = shared.file.name
        self._shared, self._sample, self._issues = shared, sample, issues
        self._genes = {(p.chromosome, p.pos): g for g in load_tables().genes.values() for p in g.extra}

    def observe(self, position: Position) -> Genotype | None:
        gene = self._genes[position.chromosome, position.pos]
        known = self._shared.known(
            gene, self._sample, position.label, lambda observes, _: observes.observe(position)
        )
        self._issues.extend(known.issues)
        return known.value if isinstance(known.value, Genotype) else None

    def call(self, gene: Gene) -> Call:
        known = self._shared.known(
            gene, self._sample, gene.name, lambda observes, issues: called(gene, observes, issues)
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
    shared = _Shared(file, build, source, _rows(file, genes, build), observing)
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


def _rows(file: CohortFile, genes: Sequence[Gene], build: str | None) -> dict[str, NDArray[np.intp]]:
    """For each gene the records that may speak about it."""
    result = {}
    for gene in genes:
        distance = (shift(gene) or 0) if build == "GRCh37" else 0
        places = [
            pos - distance
            for p in (*gene.positions, *gene.extra)
            for pos in (p.pos, p.pos + len(p.ref) + max(p.shifts, default=0))
        ]
        first, last = min(places), max(places)
        result[gene.name] = np.array(
            [
                row
                for row, site in enumerate(file.sites)
                if site.chromosome == gene.chromosome and site.pos <= last and site.end >= first
            ],
            dtype=np.intp,
        )
    return result
