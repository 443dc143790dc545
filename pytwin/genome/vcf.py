"""A small validating VCF reader: streams a file and keeps the records that touch wanted positions.

A line that breaks the format is listed with its number and not used; nothing is repaired in silence.
The header, and lines at wanted positions, are held to every rule of their version (4.1 to 4.5); other
lines to the shape of their first five columns and their column count, unless the caller asks for all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import NamedTuple

from pytwin.genome.bgzf import Blocks, DamagedBlock
from pytwin.genome.vcf_fault import LISTED, Findings
from pytwin.genome.vcf_header import Header, choose_sample, read_header
from pytwin.genome.vcf_index import DamagedIndex, find_index, read_index
from pytwin.genome.vcf_lines import LineReader, Wanted
from pytwin.genome.vcf_record import Quality, Record, Site
from pytwin.genome.vcf_regions import NotAsIndexed, lines_from, region_lines, require_own
from pytwin.genome.vcf_stream import lines, open_vcf
from pytwin.issues import Issues

Wish = Mapping[str, Sequence[int]] | Callable[[Header], Mapping[str, Sequence[int]]] | None

__all__ = ["LISTED", "Record", "VcfCheck", "VcfFile", "check_vcf", "read_vcf"]


@dataclass(frozen=True, slots=True)
class VcfFile:
    """Header, the kept records of one sample, and the issues found on the way.

    ``sha256`` is that of the blocks that were read where an index told which; else None.
    """

    name: str
    header: Header
    sample: str = field(repr=False)
    records: tuple[Record, ...] = field(repr=False)
    issues: Issues
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class VcfCheck:
    """What validation of a whole file found: its data lines, and how many of them can be used."""

    name: str
    header: Header
    lines: int
    records: int
    issues: Issues


def read_vcf(
    path: str | Path,
    wanted: Wish,
    sample: str | None = None,
    *,
    quality: Quality | None = None,
    validate: bool = False,
) -> VcfFile:
    """Read the records of one sample that cover wanted positions.

    Parameters
    ----------
    path : path
        A VCF file, plain, gzip or bgzip; of a bgzip file with an index beside it (``.tbi``, ``.csi``)
        only the blocks of wanted positions are read. Of such a line the place is its block and byte.
    wanted : mapping, callable or None
        Sorted positions (1-based) for each chromosome, named without ``chr``, or what gives them for
        a header; None for all records.
    sample : str, optional
        Needed where the file has several samples.
    quality : Quality, optional
        Which called genotypes count as missing; by default none does.
    validate : bool
        Hold every line and every sample to every rule, not only what is read.

    Returns
    -------
    VcfFile

    Raises
    ------
    InputError
        The file is not a readable VCF, is cut or damaged, or no single sample can be chosen.
    """
    path = Path(path)
    ask = _Ask(wanted, sample, quality or Quality(), validate)
    issues = Issues()
    beside = None if validate or wanted is None else find_index(path)
    if beside is not None:
        try:
            with open_vcf(path), open(path, "rb") as raw:
                return _read_indexed(path, Blocks(raw), beside, ask)
        except (DamagedBlock, DamagedIndex, NotAsIndexed):
            issues.add(
                "vcf.index-unusable",
                "the index is damaged or not of this file",
                place=beside.name,
                action="the whole file is read",
            )
    with open_vcf(path) as stream:
        numbered = lines(stream, path.name)
        header = read_header(numbered, path.name, issues)
        return _read(path, header, ask, numbered, issues)


class _Ask(NamedTuple):
    """What the caller of ``read_vcf`` asked for."""

    wanted: Wish
    sample: str | None
    quality: Quality
    validate: bool

    def positions(self, header: Header) -> Mapping[str, Sequence[int]] | None:
        return self.wanted(header) if callable(self.wanted) else self.wanted


def _read_indexed(path: Path, blocks: Blocks, beside: Path, ask: _Ask) -> VcfFile:
    issues = Issues()
    numbered = enumerate((line for _, line in lines_from(blocks, 0)), 1)
    header = read_header(numbered, path.name, issues)
    positions = ask.positions(header) or {}
    index = read_index(beside, positions)
    require_own(blocks, index)
    file = _read(path, header, ask, region_lines(blocks, index, positions), issues)
    return replace(file, sha256=blocks.digest.hexdigest())


def _read(
    path: Path, header: Header, ask: _Ask, numbered: Iterator[tuple[int, bytes]], issues: Issues
) -> VcfFile:
    at = choose_sample(header, ask.sample, path.name)
    findings = Findings(path.name, issues)
    reader = LineReader(header, Wanted(ask.positions(header)), findings, ask.quality, ask.validate)
    records = []
    for site, columns in reader.sites(numbered):
        if ask.validate:
            _check_others(reader, site, columns, at)
        record = reader.record(site, columns, at)
        if record is not None:
            records.append(record)
    findings.finish()
    return VcfFile(path.name, header, header.samples[at - 9], tuple(records), issues)


def _check_others(reader: LineReader, site: Site, columns: Sequence[str], at: int) -> None:
    for other in range(9, len(columns)):
        if other != at:
            reader.record(site, columns, other)


def check_vcf(path: str | Path) -> VcfCheck:
    """Hold a whole file, with all its samples, to the rules of its version.

    Parameters
    ----------
    path : path
        A VCF file, plain or gzip.

    Returns
    -------
    VcfCheck
        An issue of severity ``error`` for what cannot be used, ``warning`` for what breaks a rule and can.

    Raises
    ------
    InputError
        The file is not a readable VCF, or is cut or damaged.
    """
    path = Path(path)
    issues = Issues()
    findings = Findings(path.name, issues)
    count = 0
    with open_vcf(path) as stream:
        numbered = lines(stream, path.name)
        header = read_header(numbered, path.name, issues)
        reader = LineReader(header, Wanted(None), findings, Quality(), validate=True)
        for site, columns in reader.sites(numbered):
            count += 1
            for at in range(9, len(columns)):
                reader.record(site, columns, at)
    findings.finish()
    return VcfCheck(path.name, header, reader.lines, count, issues)
