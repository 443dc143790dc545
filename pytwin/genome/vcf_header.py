"""The header of a VCF file: version, contigs, what it says about the build, samples."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from pytwin.errors import InputError
from pytwin.issues import Issues

COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
VERSIONS = ("4.1", "4.2", "4.3", "4.4", "4.5")

_VERSION = re.compile(r"##fileformat=VCFv(\d+\.\d+)")
_META = re.compile(r"##[^=\s]+=.")
_CONTIG = re.compile(r"##contig=<(.*)>$")
_BUILD_LINE = re.compile(r"##(?:reference|assembly|genome[_-]?build|genome)=(.*)$", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"(\w+)=(?:\"((?:[^\"\\]|\\.)*)\"|([^,\"]*))")


class SampleError(InputError):
    """No single sample could be chosen; ``found`` holds the file's sample names, the message does not."""

    def __init__(self, code: str, message: str, found: tuple[str, ...], *, place: str, hint: str) -> None:
        super().__init__(code, message, place=place, hint=hint)
        self.found = found


@dataclass
class Header:
    """What the header says; ``contigs`` maps names without ``chr`` to lengths where given."""

    version: str = ""
    contigs: dict[str, int | None] = field(default_factory=dict)
    assemblies: set[str] = field(default_factory=set)
    references: set[str] = field(default_factory=set)
    samples: tuple[str, ...] = field(default=(), repr=False)
    columns: int = 0


def bare(chromosome: str) -> str:
    """Chromosome name without ``chr``."""
    return chromosome[3:] if chromosome[:3].lower() == "chr" else chromosome


def _version(line: str, place: str) -> str:
    found = _VERSION.fullmatch(line)
    if found is None:
        raise InputError(
            "vcf.no-fileformat",
            "the first line is not '##fileformat=VCFv4.x'",
            place=place,
            hint="is this a VCF file, and is its beginning complete?",
        )
    version = found.group(1)
    if version not in VERSIONS:
        raise InputError(
            "vcf.version",
            "only VCF 4.1 to 4.5 is read",
            place=place,
            hint="convert the file, for example with bcftools",
        )
    return version


def _contig(header: Header, body: str) -> None:
    attributes = {key: quoted or plain for key, quoted, plain in _ATTRIBUTE.findall(body)}
    if "ID" in attributes:
        length = attributes.get("length", "")
        header.contigs[bare(attributes["ID"])] = (
            int(length) if length.isascii() and length.isdigit() else None
        )
    if attributes.get("assembly"):
        header.assemblies.add(attributes["assembly"])


def _meta(header: Header, line: str, place: str, issues: Issues) -> None:
    if not _META.match(line):
        issues.add(
            "vcf.meta-malformed", "a '##' line is not of the form key=value", place=place, action="ignored"
        )
    elif contig := _CONTIG.match(line):
        _contig(header, contig.group(1))
    elif build := _BUILD_LINE.match(line):
        header.references.add(build.group(1))


def _columns(header: Header, line: str, place: str) -> None:
    titles = line.split("\t")
    if tuple(titles[:8]) != COLUMNS or (len(titles) > 8 and titles[8] != "FORMAT"):
        raise InputError(
            "vcf.columns",
            "the column line does not hold the tab-separated titles of VCF",
            place=place,
            hint="expected #CHROM POS ID REF ALT QUAL FILTER INFO FORMAT and the samples, separated by tabs",
        )
    samples = titles[9:]
    if any(not name.strip() for name in samples) or len(set(samples)) < len(samples) or len(titles) == 9:
        raise InputError(
            "vcf.samples",
            "the column line has an empty, a repeated or no sample name after FORMAT",
            place=place,
        )
    header.samples, header.columns = tuple(samples), len(titles)


def _text(line: bytes, place: str, issues: Issues) -> str:
    try:
        return line.rstrip(b"\r\n").decode("utf-8")
    except UnicodeDecodeError:
        issues.add(
            "vcf.not-utf8", "a header line is not UTF-8", place=place, action="unreadable letters replaced"
        )
        return line.rstrip(b"\r\n").decode("utf-8", "replace")


def read_header(numbered: Iterator[tuple[int, bytes]], name: str, issues: Issues) -> Header:
    """Read up to and with the column line.

    Raises
    ------
    InputError
        Not a VCF of version 4.1 to 4.5, or no valid column line.
    """
    header = Header()
    for number, raw in numbered:
        place = f"{name}:line {number}"
        line = _text(raw[:4096] if number == 1 else raw, place, issues)
        if number == 1:
            header.version = _version(line.removeprefix("\ufeff"), place)
        elif line.startswith("##"):
            _meta(header, line, place, issues)
        elif line.startswith("#"):
            _columns(header, line, place)
            return header
        else:
            raise InputError("vcf.no-columns", "data come before the column line '#CHROM'", place=place)
    if not header.version:
        raise InputError("vcf.empty", "the file is empty", place=name)
    raise InputError(
        "vcf.no-columns", "there is no column line '#CHROM'", place=name, hint="is the file complete?"
    )


def choose_sample(header: Header, sample: str | None, name: str) -> int:
    """Column of the wanted sample.

    Raises
    ------
    SampleError
        No sample in the file, several and none named, or no sample of that name.
    """
    names = header.samples
    if not names:
        raise SampleError(
            "vcf.no-sample",
            "the file has variants but no sample",
            names,
            place=name,
            hint="genotypes are needed",
        )
    if sample is None and len(names) > 1:
        raise SampleError(
            "vcf.several-samples",
            f"the file has {len(names)} samples",
            names,
            place=name,
            hint="name one: read_genome(path, sample=...); the exception's 'found' lists them",
        )
    if sample is not None and sample not in names:
        raise SampleError(
            "vcf.sample-unknown",
            f"none of the file's {len(names)} samples has that name",
            names,
            place=name,
            hint="the exception's 'found' lists them",
        )
    return 9 + (0 if sample is None else names.index(sample))
