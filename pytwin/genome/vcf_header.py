"""The header of a VCF file: version, contigs, what it says about the build, samples."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from pytwin.errors import InputError
from pytwin.genome.vcf_fault import Fault, Findings, Malformed
from pytwin.genome.vcf_fields import Field, Version
from pytwin.genome.vcf_meta import Meta, Value, check_meta, parse_meta
from pytwin.issues import Issues

COLUMNS = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")
VERSIONS = ("4.0", "4.1", "4.2", "4.3", "4.4", "4.5")
MAX_LINES, MAX_BYTES = 200_000, 1 << 26
"""Lines and bytes of a header; more is refused."""

_VERSION = re.compile(r"##fileformat=VCFv(\d+\.\d+)")
_BUILD_KEY = re.compile(r"reference|assembly|genome[_-]?build|genome", re.IGNORECASE)


class SampleError(InputError):
    """No single sample could be chosen; ``found`` holds the file's sample names, the message does not."""

    def __init__(self, code: str, message: str, found: tuple[str, ...], *, place: str, hint: str) -> None:
        super().__init__(code, message, place=place, hint=hint)
        self.found = found


@dataclass
class Header:
    """What the header says; ``contigs`` maps names without ``chr`` to lengths where given."""

    version: Version = (0, 0)
    contigs: dict[str, int | None] = field(default_factory=dict)
    assemblies: set[str] = field(default_factory=set)
    references: set[str] = field(default_factory=set)
    infos: dict[str, Field] = field(default_factory=dict)
    formats: dict[str, Field] = field(default_factory=dict)
    samples: tuple[str, ...] = field(default=(), repr=False)
    columns: int = 0


def bare(chromosome: str) -> str:
    """Chromosome name without ``chr``."""
    return chromosome[3:] if chromosome[:3].lower() == "chr" else chromosome


def _version(line: str, place: str, findings: Findings) -> Version:
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
    if version == "4.0":
        findings.add(1, Fault("vcf.version-old", "VCF 4.0 is read by the rules of 4.1"))
        return 4, 1
    major, minor = version.split(".")
    return int(major), int(minor)


def _contig(header: Header, attributes: Mapping[str, Value]) -> None:
    if "ID" in attributes:
        length = attributes.get("length", Value("", False)).text
        known = length.isascii() and length.isdigit() and len(length) < 20
        header.contigs[bare(attributes["ID"].text)] = int(length) if known else None
    if "assembly" in attributes and attributes["assembly"].text:
        header.assemblies.add(attributes["assembly"].text)


def _field(fields: dict[str, Field], attributes: Mapping[str, Value]) -> None:
    if "ID" in attributes:
        number, kind = (attributes[key].text if key in attributes else None for key in ("Number", "Type"))
        usable = number is not None and (len(number) < 10 or not number.isdigit())
        fields.setdefault(attributes["ID"].text, Field(number if usable else None, kind))


def _keep(header: Header, meta: Meta) -> None:
    """Take over what later steps ask the header for."""
    if meta.attributes is None:
        if _BUILD_KEY.fullmatch(meta.key):
            header.references.add(meta.text)
    elif meta.key == "contig":
        _contig(header, meta.attributes)
    elif meta.key == "INFO":
        _field(header.infos, meta.attributes)
    elif meta.key == "FORMAT":
        _field(header.formats, meta.attributes)


def _meta(header: Header, line: str, number: int, findings: Findings) -> None:
    try:
        meta = parse_meta(line)
    except Malformed as error:
        findings.add(number, Fault(error.code, error.reason), "ignored", line)
        return
    for fault in check_meta(meta, header.version):
        findings.add(number, fault, found=line)
    _keep(header, meta)


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


def _text(line: bytes, number: int, findings: Findings) -> str:
    try:
        return line.rstrip(b"\r\n").decode("utf-8")
    except UnicodeDecodeError:
        findings.add(
            number, Fault("vcf.not-utf8", "a header line is not UTF-8"), "unreadable letters replaced"
        )
        return line.rstrip(b"\r\n").decode("utf-8", "replace")


def _require_length(number: int, size: int, place: str) -> None:
    if number > MAX_LINES or size > MAX_BYTES:
        raise InputError(
            "vcf.header-too-long", f"the header has more than {MAX_LINES} lines or 64 MiB", place=place
        )


def read_header(numbered: Iterator[tuple[int, bytes]], name: str, issues: Issues) -> Header:
    """Read up to and with the column line.

    Raises
    ------
    InputError
        Not a VCF of version 4.1 to 4.5, or no valid column line.
    """
    header = Header()
    findings = Findings(name, issues)
    size = 0
    for number, raw in numbered:
        place = f"{name}:line {number}"
        size += len(raw)
        _require_length(number, size, place)
        line = _text(raw[:4096] if number == 1 else raw, number, findings)
        if number == 1:
            header.version = _version(line.removeprefix("\ufeff"), place, findings)
        elif line.startswith("##"):
            _meta(header, line, number, findings)
        elif line.startswith("#"):
            if not raw.endswith(b"\n"):
                findings.add(
                    number, Fault("vcf.no-final-newline", "the column line, the last, has no line end")
                )
            _columns(header, line, place)
            findings.finish()
            return header
        else:
            raise InputError(
                "vcf.no-columns",
                "a line before the column line '#CHROM' does not start with '##'",
                place=place,
                hint="a header line is broken, or the column line is missing",
            )
    if not header.version[0]:
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
