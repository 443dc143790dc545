"""Many samples of a VCF file in one pass: each line is split once, each distinct column judged once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pytwin.genome.vcf_fault import Findings
from pytwin.genome.vcf_header import Header, choose_sample
from pytwin.genome.vcf_lines import Judged, LineReader, Wanted
from pytwin.genome.vcf_pass import Numbered, Wish, positions, through
from pytwin.genome.vcf_record import Quality, Record, Site
from pytwin.issues import Issues


@dataclass
class CohortFile:
    """The kept records of many samples.

    ``distinct`` holds for each site the different things that samples say, None for nothing;
    ``which`` (sites, samples) says which of them a sample says; ``findings`` are about its columns.
    """

    name: str
    header: Header
    samples: tuple[str, ...] = field(repr=False)
    issues: Issues
    sites: list[Site] = field(default_factory=list, repr=False)
    distinct: list[list[Record | None]] = field(default_factory=list, repr=False)
    which: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 0), np.int32), repr=False)
    findings: dict[int, Findings] = field(default_factory=dict, repr=False)
    sha256: str | None = None

    @property
    def records(self) -> tuple[Record, ...]:
        """One sample's word on each site of which any says something."""
        firsts = (next((r for r in found if r is not None), None) for found in self.distinct)
        return tuple(record for record in firsts if record is not None)

    def pattern(self, rows: NDArray[np.intp], sample: int) -> bytes:
        """The same for all samples that say the same at some sites."""
        return bytes(self.which[rows, sample].tobytes())


def read_cohort(
    path: Path,
    wanted: Wish,
    samples: Sequence[str] | None = None,
    *,
    quality: Quality | None = None,
    validate: bool = False,
) -> CohortFile:
    """Read the records of all, or of some, samples that cover wanted positions; see ``read_vcf``.

    Raises
    ------
    InputError
        The file is not a readable VCF, is cut or damaged, or has no samples or not those.
    """

    def read(header: Header, numbered: Numbered, issues: Issues) -> CohortFile:
        names = header.samples if samples is None else tuple(samples)
        columns = [choose_sample(header, name, path.name) for name in names or (None,)]
        file = CohortFile(path.name, header, names, issues)
        findings = Findings(path.name, issues)
        reader = LineReader(
            header, Wanted(positions(wanted, header)), findings, quality or Quality(), validate
        )
        which = []
        for site, texts in reader.sites(numbered):
            distinct, row = _judged(reader, file, site, [texts[at] for at in columns], columns)
            file.sites.append(site)
            file.distinct.append(distinct)
            which.append(row)
        findings.finish()
        for own in file.findings.values():
            own.finish()
        file.which = np.array(which, np.int32).reshape(len(which), len(columns))
        return file

    file, sha256 = through(path, None if validate else wanted, read)
    return replace(file, sha256=sha256)


def _judged(
    reader: LineReader, file: CohortFile, site: Site, texts: Sequence[str], columns: Sequence[int]
) -> tuple[list[Record | None], NDArray[np.int32]]:
    """The distinct records of a line, and which of them each sample has."""
    numbers: dict[str, int] = {}
    records: dict[Record | None, int] = {}
    odd: dict[str, Judged] = {}
    row = np.empty(len(texts), np.int32)
    for sample, text in enumerate(texts):
        number = numbers.get(text)
        if number is None:
            judged = reader.judge(site, text)
            if judged.faults:
                odd[text] = judged
            number = numbers[text] = records.setdefault(_shared(judged.record), len(records))
        row[sample] = number
        if odd and text in odd:
            own = file.findings.setdefault(sample, Findings(file.name, Issues()))
            for fault, action in odd[text].faults:
                own.add(site.line, fault, action, text, columns[sample] + 1)
    return list(records), row


def _shared(record: Record | None) -> Record | None:
    """The record with reads only as far as a call asks for them, so that few are distinct."""
    if record is None or not record.depths:
        return record
    if len(set(record.gt)) < 2:
        return replace(record, depths=())
    return replace(record, depths=tuple(min(depth, 1) for depth in record.depths))
