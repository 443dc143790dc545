"""A small validating VCF reader: streams a file and keeps the records that touch wanted positions.

A line that breaks the format is listed with its number and not used; nothing is repaired in silence.
The header, and lines at wanted positions, are held to every rule of their version (4.1 to 4.5); other
lines to the shape of their first five columns and their column count, unless the caller asks for all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from pytwin.genome.vcf_fault import LISTED, Findings
from pytwin.genome.vcf_header import Header, choose_sample, read_header
from pytwin.genome.vcf_lines import LineReader, Wanted
from pytwin.genome.vcf_pass import Numbered, Wish, positions, through
from pytwin.genome.vcf_record import Quality, Record, Site
from pytwin.genome.vcf_stream import lines, open_vcf
from pytwin.issues import Issues

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

    def read(header: Header, numbered: Numbered, issues: Issues) -> VcfFile:
        at = choose_sample(header, sample, path.name)
        findings = Findings(path.name, issues)
        reader = LineReader(
            header, Wanted(positions(wanted, header)), findings, quality or Quality(), validate
        )
        records = []
        for site, columns in reader.sites(numbered):
            if validate:
                _check_others(reader, site, columns, at)
            record = reader.record(site, columns, at)
            if record is not None:
                records.append(record)
        findings.finish()
        return VcfFile(path.name, header, header.samples[at - 9], tuple(records), issues)

    file, sha256 = through(path, None if validate else wanted, read)
    return replace(file, sha256=sha256)


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
