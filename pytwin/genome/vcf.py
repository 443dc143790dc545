"""A small validating VCF reader: streams a file and keeps the records that touch wanted positions.

A line that breaks the format is listed with its number and not used; nothing is repaired in silence.
The header, and lines at wanted positions, are held to every rule of their version (4.1 to 4.5); other
lines to the shape of their first five columns and their column count, unless the caller asks for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytwin.genome.vcf_fault import LISTED, Findings
from pytwin.genome.vcf_header import Header, choose_sample, read_header
from pytwin.genome.vcf_lines import LineReader, Wanted
from pytwin.genome.vcf_record import Quality, Record, Site
from pytwin.genome.vcf_stream import lines, open_vcf
from pytwin.issues import Issues

__all__ = ["LISTED", "Record", "VcfCheck", "VcfFile", "check_vcf", "read_vcf"]


@dataclass(frozen=True, slots=True)
class VcfFile:
    """Header, the kept records of one sample, and the issues found on the way."""

    name: str
    header: Header
    sample: str = field(repr=False)
    records: tuple[Record, ...] = field(repr=False)
    issues: Issues


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
    wanted: Mapping[str, Sequence[int]] | None,
    sample: str | None = None,
    *,
    quality: Quality | None = None,
    validate: bool = False,
) -> VcfFile:
    """Read the records of one sample that cover wanted positions.

    Parameters
    ----------
    path : path
        A VCF file, plain or gzip.
    wanted : mapping or None
        Sorted positions (1-based) for each chromosome, named without ``chr``; None for all records.
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
    issues = Issues()
    findings = Findings(path.name, issues)
    records = []
    with open_vcf(path) as stream:
        numbered = lines(stream, path.name)
        header = read_header(numbered, path.name, issues)
        at = choose_sample(header, sample, path.name)
        reader = LineReader(header, Wanted(wanted), findings, quality or Quality(), validate)
        for site, columns in reader.sites(numbered):
            if validate:
                _check_others(reader, site, columns, at)
            values = reader.values(site, columns, at)
            record = None if values is None else reader.record(site, values, at)
            if record is not None:
                records.append(record)
    findings.finish()
    return VcfFile(path.name, header, header.samples[at - 9], tuple(records), issues)


def _check_others(reader: LineReader, site: Site, columns: Sequence[str], at: int) -> None:
    for other in range(9, len(columns)):
        if other != at:
            reader.values(site, columns, other)


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
                reader.values(site, columns, at)
    findings.finish()
    return VcfCheck(path.name, header, reader.lines, count, issues)
