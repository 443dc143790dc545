"""A small validating VCF reader: streams a file and keeps the records that touch wanted positions.

A line that breaks the format is listed with its number and not used; nothing is repaired in silence.
Lines away from the wanted positions are checked for their first five columns and their column count.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from pytwin.genome.vcf_header import Header, bare, choose_sample, read_header
from pytwin.genome.vcf_stream import lines, open_vcf
from pytwin.issues import Issues

LISTED = 20
"""Malformed lines listed one by one; the rest are counted in one issue."""

_BLOCK_ALTS = frozenset({".", "<NON_REF>", "<*>"})
_LINE = re.compile(rb"(\S+)\t([0-9]{1,10})\t(\S+)\t([ACGTNacgtn]+)\t([^\s,]+(?:,[^\s,]+)*)\t")
_ALT = re.compile(
    r"[ACGTNacgtn]+|\*|\.|\.[ACGTNacgtn]+|[ACGTNacgtn]+\.|<[^<>\s,]+>|[ACGTNacgtn.]+[\[\]][^\[\]\s]+[\[\]]|[\[\]][^\[\]\s]+[\[\]][ACGTNacgtn.]+"
)
_QUAL = re.compile(
    r"\.|[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?|[+-]?(inf|infinity|nan)", re.IGNORECASE | re.ASCII
)
_FILTER = re.compile(r"[^\s;,]+(;[^\s;,]+)*")
_INFO = re.compile(r"[^\s;]+(;[^\s;]+)*;?")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")
_END = re.compile(r"(?:^|;)END=([^;]*)")
_KEYS = re.compile(r"[A-Za-z_][0-9A-Za-z_.%]*(:[A-Za-z_][0-9A-Za-z_.%]*)*")
_GT = re.compile(r"([/|]?)(\.|[0-9]{1,4})((?:[/|](?:\.|[0-9]{1,4}))*)")

_DIAGNOSIS = (
    (0, "chrom", re.compile(rb"\S+"), "CHROM is empty or holds blanks"),
    (1, "pos", re.compile(rb"[0-9]{1,10}"), "POS is not a whole number"),
    (2, "id", re.compile(rb"\S+"), "ID is empty or holds blanks"),
    (3, "ref", re.compile(rb"[ACGTNacgtn]+"), "REF is not a sequence of A, C, G, T, N"),
    (4, "alt", re.compile(rb"[^\s,]+(,[^\s,]+)*"), "ALT is empty, holds blanks or an empty allele"),
)


class Malformed(Exception):
    """A line that breaks the format: code and reason, without its content."""

    def __init__(self, code: str, reason: str) -> None:
        self.code = "vcf." + code
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of one sample; ``gt``: allele numbers, None for '.'; ``end``: last position covered."""

    line: int
    chromosome: str
    pos: int
    id: str
    ref: str
    alts: tuple[str, ...]
    end: int
    filter: str
    gt: tuple[int | None, ...] = field(repr=False)
    phased: bool
    phase_set: str | None
    depths: tuple[int, ...] = field(default=(), repr=False)

    @property
    def block(self) -> bool:
        """States the reference only: no ALT, or only the symbols for any other allele."""
        return all(alt in _BLOCK_ALTS for alt in self.alts) and all(not number for number in self.gt)


@dataclass(frozen=True, slots=True)
class VcfFile:
    """Header, the kept records of one sample, and the issues found on the way."""

    name: str
    header: Header
    sample: str = field(repr=False)
    records: tuple[Record, ...] = field(repr=False)
    issues: Issues


def _genotype(text: str, n_alts: int) -> tuple[tuple[int | None, ...], bool]:
    found = _GT.fullmatch(text)
    if found is None:
        raise Malformed("genotype", "GT is not a genotype")
    prefix, first, rest = found.groups()
    numbers = tuple(None if part == "." else int(part) for part in [first, *re.split(r"[/|]", rest)[1:]])
    if any(number is not None and number > n_alts for number in numbers):
        raise Malformed("genotype", "GT names an allele that the record does not have")
    return numbers, ("|" in rest and "/" not in rest and prefix != "/") or (not rest and prefix == "|")


def _sample_values(columns: Sequence[str], sample: int) -> dict[str, str]:
    keys = columns[8].split(":")
    if not _KEYS.fullmatch(columns[8]) or len(set(keys)) < len(keys):
        raise Malformed("format", "FORMAT is not a list of distinct keys")
    if "GT" in keys and keys[0] != "GT":
        raise Malformed("format", "GT is not the first FORMAT key")
    if "GT" not in keys:
        raise Malformed("no-genotype", "the record has no GT")
    values = columns[sample].split(":")
    if len(values) > len(keys) or not columns[sample] or re.search(r"\s", columns[sample]):
        raise Malformed("sample", "the sample column does not match FORMAT")
    return dict(zip(keys, values, strict=False))


def _symbolic(alt: str) -> bool:
    return "<" in alt or alt == "."


def _end(info: str, pos: int, ref: str, symbolic: bool) -> int:
    """Last position covered; END counts for symbolic alleles, and may not lie before POS there."""
    last = pos + len(ref) - 1
    found = _END.search(info)
    if found is None:
        return last
    digits = found.group(1)
    if not (digits.isascii() and digits.isdigit()) or (symbolic and int(digits[:12]) < pos):
        raise Malformed("info", "INFO END is not a position at or after POS")
    return max(last, int(digits[:12])) if symbolic else last


def _depths(text: str, n_alleles: int) -> tuple[int, ...]:
    """Read depths of all alleles; empty where AD is absent, missing or of another length."""
    parts = text.split(",")
    if len(parts) != n_alleles or not all(part.isascii() and part.isdigit() for part in parts):
        return ()
    return tuple(int(part[:9]) for part in parts)


def _checked(columns: Sequence[str]) -> tuple[str, ...]:
    """ALT alleles of a record whose fixed columns are in order."""
    alts = tuple(columns[4].split(","))
    if not all(_ALT.fullmatch(alt) for alt in alts) or ("." in alts and len(alts) > 1):
        raise Malformed("alt", "ALT holds something that is no allele")
    for column, pattern, code in ((5, _QUAL, "qual"), (6, _FILTER, "filter"), (7, _INFO, "info")):
        if not pattern.fullmatch(columns[column]):
            raise Malformed(code, f"{code.upper()} is not valid")
    return alts


def parse_record(line: int, text: str, sample: int) -> Record:
    """Parse one line whose first five columns and column count have been checked.

    Raises
    ------
    Malformed
        The line breaks the format.
    """
    if _CONTROL.search(text):
        raise Malformed("control", "the line holds control characters")
    columns = text.split("\t")
    alts = _checked(columns)
    values = _sample_values(columns, sample)
    pos, ref = int(columns[1]), columns[3].upper()
    listed = tuple(alt if alt.startswith("<") else alt.upper() for alt in alts if alt != ".")
    gt, phased = _genotype(values["GT"], len(listed))
    phase_set = values.get("PS", ".") if phased else "."
    return Record(
        line,
        bare(columns[0]),
        pos,
        columns[2],
        ref,
        listed,
        _end(columns[7], pos, ref, _symbolic(columns[4])),
        columns[6],
        gt,
        phased,
        None if phase_set == "." else phase_set,
        _depths(values.get("AD", ""), 1 + len(listed)),
    )


def _diagnose(raw: bytes, columns: int) -> Malformed:
    """Why a line failed the first check."""
    parts = raw.split(b"\t")
    if len(parts) != columns:
        return Malformed("columns-count", "the number of columns differs from the column line")
    for at, code, pattern, reason in _DIAGNOSIS:
        if not pattern.fullmatch(parts[at]):
            return Malformed(code, reason)
    return Malformed("line", "the line breaks the format")


class _Reader:
    """State of one pass over a file's data lines."""

    def __init__(
        self, name: str, wanted: Mapping[str, Sequence[int]], columns: int, sample: int, issues: Issues
    ):
        self.name = name
        self.wanted = wanted
        self.columns = columns
        self.sample = sample
        self.issues = issues
        self.records: list[Record] = []
        self.bad: Counter[str] = Counter()

    def take(self, number: int, raw: bytes) -> None:
        """Check one line; keep it if it covers a wanted position."""
        if not raw.endswith(b"\n"):
            self._note(number, "vcf.no-final-newline", "the last line has no line end; the file may be cut")
        raw = raw.rstrip(b"\r\n")
        found = _LINE.match(raw)
        try:
            if found is None or raw.count(b"\t") != self.columns - 1:
                raise _diagnose(raw, self.columns)
            if self._covers(found, raw):
                self.records.append(parse_record(number, raw.decode("utf-8"), self.sample))
        except Malformed as error:
            self._refuse(number, raw, error.code, error.reason)
        except UnicodeDecodeError:
            self._refuse(number, raw, "vcf.not-utf8", "the line is not UTF-8")

    def _covers(self, found: re.Match[bytes], raw: bytes) -> bool:
        positions = self.wanted.get(bare(found.group(1).decode("utf-8", "replace")))
        if not positions:
            return False
        pos = int(found.group(2))
        end = pos + len(found.group(4)) - 1
        if b"END=" in raw:
            info = raw.split(b"\t", 8)[7].decode("utf-8", "replace")
            end = _end(
                info,
                pos,
                found.group(4).decode("ascii"),
                _symbolic(found.group(5).decode("utf-8", "replace")),
            )
        at = bisect_left(positions, pos)
        return at < len(positions) and positions[at] <= end

    def _note(self, number: int, code: str, reason: str, action: str = "", found: str = "") -> None:
        self.issues.add(code, reason, place=f"{self.name}:line {number}", action=action, found=found)

    def _refuse(self, number: int, raw: bytes, code: str, reason: str) -> None:
        self.bad[code] += 1
        if sum(self.bad.values()) <= LISTED:
            self._note(number, code, reason, "line not used", raw[:200].decode("utf-8", "replace"))

    def finish(self) -> None:
        """Count what was not listed."""
        rest = sum(self.bad.values()) - LISTED
        if rest > 0:
            counts = ", ".join(f"{code} {n}" for code, n in sorted(self.bad.items()))
            self.issues.add(
                "vcf.more",
                f"{rest} more lines break the format",
                place=self.name,
                action=f"not used; in all {counts}",
            )


def read_vcf(path: str | Path, wanted: Mapping[str, Sequence[int]], sample: str | None = None) -> VcfFile:
    """Read the records of one sample that cover wanted positions.

    Parameters
    ----------
    path : path
        A VCF file, plain or gzip.
    wanted : mapping
        Sorted positions (1-based) for each chromosome, named without ``chr``.
    sample : str, optional
        Needed where the file has several samples.

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
    with open_vcf(path) as stream:
        numbered = lines(stream, path.name)
        header = read_header(numbered, path.name, issues)
        column = choose_sample(header, sample, path.name)
        reader = _Reader(path.name, wanted, header.columns, column, issues)
        for number, raw in numbered:
            reader.take(number, raw)
        reader.finish()
    return VcfFile(path.name, header, header.samples[column - 9], tuple(reader.records), issues)
