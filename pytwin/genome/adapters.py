"""The formats of genomes that are read, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.genome import arrays, fhir, vcf_genome
from pytwin.genome.genome import Genome
from pytwin.genome.options import Options
from pytwin.genome.results import diplotypes, outside, pharmcat, pypgx


class Adapter(NamedTuple):
    """One format.

    Attributes
    ----------
    name : str
        What ``format=`` calls it.
    recognises : callable
        ``(head, name) -> bool``: whether a file is of this format, from its first 4,096 bytes
        (decompressed) and its name in lower case without ``.gz``.
    read : callable
        ``(input, options) -> Genome``.
    """

    name: str
    recognises: Callable[[bytes, str], bool]
    read: Callable[[Input, Options], Genome]


ADAPTERS = (
    Adapter("vcf", vcf_genome.recognises, vcf_genome.read),
    Adapter("pharmcat", pharmcat.recognises, pharmcat.read),
    Adapter("pypgx", pypgx.recognises, pypgx.read),
    Adapter("fhir", fhir.recognises, fhir.read),
    Adapter("array", arrays.recognises, arrays.read),
    Adapter("outside", outside.recognises, outside.read),
    Adapter("diplotypes", diplotypes.recognises, diplotypes.read),
)
FORMATS = ("auto", *(adapter.name for adapter in ADAPTERS))

READ = (
    "VCF 4.1 to 4.5, exports of consumer arrays (rsid, chromosome, position, genotype), tables of diplotypes "
    "(CSV, TSV, JSON), results of PharmCAT and PyPGx, outside calls, genomic Observations of FHIR (JSON)"
)


def named(name: str) -> Adapter:
    """The adapter of a format that the user states.

    Raises
    ------
    InputError
        ``format.unknown``.
    """
    for adapter in ADAPTERS:
        if adapter.name == name:
            return adapter
    raise InputError("format.unknown", f"format must be one of {', '.join(FORMATS)}")


def sniff(source: Input) -> Adapter:
    """The adapter of what a file contains.

    Raises
    ------
    InputError
        ``format.unknown`` for a format that is not read, ``file.empty``.
    """
    name = source.name.lower().removesuffix(".gz")
    # A name that promises a format decides before the bytes are looked at: its reader says what is wrong.
    for adapter in ADAPTERS:
        if adapter.recognises(b"", name):
            return adapter
    head = source.head()
    if not head.strip():
        raise InputError("file.empty", "the file is empty", place=source.name)
    for adapter in ADAPTERS:
        if adapter.recognises(head, name):
            return adapter
    message = f"no genome is read from this file; read are: {READ}"
    hint = "variants of tumours (MAF, somatic VCF, ANNOVAR) are read by pytwin.read_tumours"
    raise InputError("format.unknown", message, place=source.name, hint=hint)


def single(members: Sequence[Input], source: Input) -> Input:
    """The one file of a ZIP archive, as makers of arrays send it; another file as it is.

    Raises
    ------
    InputError
        ``archive.several``; ``file.empty`` for an archive without file.
    """
    if len(members) == 1:
        return members[0]
    if not members:
        raise InputError("file.empty", "the archive holds no file", place=source.name)
    message = f"the archive holds {len(members)} files"
    raise InputError("archive.several", message, place=source.name, hint="unpack it and name one")


def require_file(path: Path) -> None:
    """Refuse a folder, which no reader of genomes takes.

    Raises
    ------
    InputError
        ``file.unreadable``.
    """
    if path.is_dir():
        raise InputError("file.unreadable", "a folder is not read, only a file", place=path.name)
