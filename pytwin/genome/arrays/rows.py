"""The rows of an array export: every SNP with its place and alleles, and what was odd."""

from __future__ import annotations

import csv
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.genome.arrays.alleles import Unreadable, haploid, parse_alleles
from pytwin.genome.arrays.columns import (
    DEEPEST,
    Columns,
    bare_columns,
    columns_of,
    split,
    states_plus,
)
from pytwin.genome.arrays.places import build_named, chromosome_name
from pytwin.genome.limited import LimitedIssues
from pytwin.genome.vcf_header import SampleError

_LONGEST_LINE = 1 << 16
_LARGEST_POSITION = 1 << 31
_IDS = re.compile(r"[,;]\s*")


class Snp(NamedTuple):
    """One row; ``alleles``: one or two, None for one that was not called."""

    line: int
    ids: tuple[str, ...]
    chromosome: str
    pos: int
    alleles: tuple[str | None, ...]


class Wanted(NamedTuple):
    """Which rows to keep: those with one of the identifiers, or at one of the (chromosome, position)."""

    ids: frozenset[str]
    places: frozenset[tuple[str, int]]

    def keeps(self, snp: Snp) -> bool:
        """Whether a row is among them."""
        return (snp.chromosome, snp.pos) in self.places or any(name in self.ids for name in snp.ids)


@dataclass
class ArrayFile:
    """What an export holds; ``repr`` shows neither alleles nor the sample."""

    name: str
    header: str = field(repr=False)
    plus: bool
    build_named: str | None
    snps: list[Snp] = field(repr=False)
    issues: LimitedIssues
    sample: str | None = field(default=None, repr=False)
    rows: int = 0


class _Reader:
    def __init__(self, file: ArrayFile, columns: Columns, sample: str | None) -> None:
        self.file = file
        self.columns = columns
        self.wanted = sample
        self.samples: dict[str, None] = {}
        self.first: dict[str, int] = {}

    def passes(self, plain: re.Pattern[str], line: str, number: int, wanted: Wanted) -> bool:
        """Whether a row is an ordinary one that nobody looks for: most are, and need no more than this."""
        found = plain.fullmatch(line)
        if found is None:
            return False
        name, chromosome, pos = found.groups()
        if name in wanted.ids or (chromosome, int(pos)) in wanted.places or name in self.first:
            return False
        self.first[name] = number
        self.file.rows += 1
        return True

    def take(self, number: int, line: str) -> Snp | None:
        """One row, or None where it cannot be used."""
        columns = self.columns
        cells = split(line, columns.delimiter)
        if len(cells) != columns.width:
            cells = _again(line, columns.delimiter)
            if len(cells) != columns.width:
                self._drop(number, "array.columns", "the number of columns differs from the header")
                return None
        if columns.sample >= 0 and not self._of_sample(cells[columns.sample]):
            return None
        self.file.rows += 1
        chromosome = chromosome_name(cells[columns.chromosome])
        position = cells[columns.position]
        usable = position.isascii() and position.isdigit() and 0 < int(position[:11]) < _LARGEST_POSITION
        if chromosome is None or not usable:
            self._drop(number, "array.place", "the row has no chromosome or no position")
            return None
        ids = self._ids(cells[columns.id], number) if columns.id >= 0 else ()
        try:
            alleles = parse_alleles(tuple([cells[at] for at in columns.alleles]))
        except Unreadable:
            self._drop(number, "array.genotype", "the row has no genotype of the known forms")
            return None
        alleles, code = haploid(alleles, chromosome)
        if code:
            self._note(number, code, "two different alleles where there is one chromosome", "not called")
        return Snp(number, ids, chromosome, int(position), alleles)

    def _of_sample(self, name: str) -> bool:
        self.samples[name] = None
        return self.wanted is None or name == self.wanted

    def _ids(self, cell: str, number: int) -> tuple[str, ...]:
        ids = tuple(filter(None, _IDS.split(cell))) if "," in cell or ";" in cell else (cell,)
        for name in ids:
            if self.first.setdefault(name, number) != number:
                self._note(
                    number,
                    "array.duplicate",
                    "the identifier stands in more than one row",
                    "not merged",
                    name,
                )
        return ids

    def _note(self, number: int, code: str, message: str, action: str, found: str = "") -> None:
        self.file.issues.add(
            code, message, place=f"{self.file.name}:line {number}", action=action, found=found
        )

    def _drop(self, number: int, code: str, message: str) -> None:
        self._note(number, code, message, "row not used")


def _again(line: str, delimiter: str) -> list[str]:
    """Cells of a line that does not fit: several blanks or tabs between cells, or a delimiter in quotes.

    Nothing where these do not explain it.
    """
    if delimiter in ("", "\t"):
        return split(line, "")
    try:
        return [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    except csv.Error:
        return []


def _texts(source: Input) -> Iterator[tuple[int, str]]:
    """Lines as text; UTF-16, which some spreadsheets write, is decoded as a whole."""
    if source.head(2) in (b"\xff\xfe", b"\xfe\xff"):
        text = source.load().data.decode("utf-16", "replace")
        yield from enumerate(text.splitlines(), 1)
        return
    for number, raw in source.lines(_LONGEST_LINE):
        yield number, raw.decode("utf-8", "replace").rstrip("\r\n")


def _columns(lines: Iterator[tuple[int, str]], name: str) -> tuple[str, Columns, list[tuple[int, str]]]:
    """Header text, columns, and the first row where it stands in the place of a header."""
    header: list[str] = []
    for number, line in lines:
        found = columns_of(line)
        if found:
            return "\n".join([*header, line]), found, []
        if not line.startswith(("#", "[")) and (bare := bare_columns(line)):
            return "\n".join(header), bare, [(number, line)]
        header.append(line)
        if len(header) > DEEPEST:
            break
    raise InputError(
        "array.no-columns",
        "no line names chromosome, position and genotype",
        place=name,
        hint="expected are columns such as rsid, chromosome, position, genotype",
    )


def _plain(columns: Columns) -> re.Pattern[str] | None:
    """What an ordinary row of usual columns looks like: of an autosome or X, called or not."""
    usual = (columns.id, columns.chromosome, columns.position, columns.sample) == (0, 1, 2, -1)
    letters = {(3,): "(?:[ACGTDI]{1,2}|--)", (3, 4): "(?:[ACGTDI]S[ACGTDI]|-S-|0S0)"}.get(columns.alleles)
    if not usual or not columns.delimiter or letters is None or columns.width != 3 + len(columns.alleles):
        return None
    cells = r"([^\s\",;#]+)S([1-9]|1\d|2[0-2]|X)S([1-9]\d{0,8})S"
    return re.compile((cells + letters).replace("S", re.escape(columns.delimiter)))


def read_array(source: Input, sample: str | None = None, wanted: Wanted | None = None) -> ArrayFile:
    """Read the rows of an array export.

    Parameters
    ----------
    source : Input
    sample : str, optional
        Needed where the rows are of several samples.
    wanted : Wanted, optional
        Which rows to keep; by default all.

    Returns
    -------
    ArrayFile

    Raises
    ------
    InputError
        ``array.no-columns``; as ``Input.open`` and ``Input.lines``.
    SampleError
        Several samples and none named, or none of that name.
    """
    lines = _texts(source)
    header, columns, first = _columns(lines, source.name)
    plus = columns.plus or states_plus(header)
    file = ArrayFile(source.name, header, plus, build_named(header), [], LimitedIssues())
    reader = _Reader(file, columns, sample)
    plain = _plain(columns) if wanted else None
    for number, line in itertools.chain(first, lines):
        if plain and wanted and reader.passes(plain, line, number, wanted):
            continue
        if not line or line.isspace() or line[0] == "#":
            continue
        snp = reader.take(number, line)
        if snp is not None and (wanted is None or wanted.keeps(snp)):
            file.snps.append(snp)
    _choose(reader, sample)
    return file


def _choose(reader: _Reader, sample: str | None) -> None:
    names = tuple(reader.samples)
    place = reader.file.name
    if sample is not None and sample not in names:
        hint = "the exception's 'found' lists what the file has"
        raise SampleError(
            "array.sample-unknown", "the file has no sample of that name", names, place=place, hint=hint
        )
    if sample is None and len(names) > 1:
        message = f"the file has rows of {len(names)} samples"
        hint = "name one: read_genome(path, sample=...); the exception's 'found' lists them"
        raise SampleError("array.several-samples", message, names, place=place, hint=hint)
    reader.file.sample = sample if sample is not None else names[0] if names else None
