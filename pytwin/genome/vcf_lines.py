"""One pass over the data lines of a VCF file: cheap checks for all, every rule for those that are kept."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pytwin.errors import InputError
from pytwin.genome.vcf_columns import check_columns, surely_in_order
from pytwin.genome.vcf_fault import TOO_MANY, Fault, Findings, Malformed
from pytwin.genome.vcf_genotype import parse_genotype
from pytwin.genome.vcf_header import Header, bare
from pytwin.genome.vcf_info import InfoRules, record_end
from pytwin.genome.vcf_order import OrderRules
from pytwin.genome.vcf_record import Quality, Record, Site
from pytwin.genome.vcf_samples import SampleRules

_LINE = re.compile(rb"(\S+)\t([0-9]{1,10})\t(\S+)\t([ACGTNacgtn]+)\t([^\s,]+(?:,[^\s,]+)*)\t")
_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")

_NO_NEWLINE = Fault("vcf.no-final-newline", "the last line has no line end; the file may be cut")
_BLANK_LINE = Fault("vcf.blank-line", "a line is empty")
_NO_GENOTYPE = Fault("vcf.no-genotype", "the record has no GT")
_COUNT = Fault("vcf.columns-count", "the number of columns differs from the column line", True)


class Wanted(NamedTuple):
    """Sorted positions of each chromosome, named without ``chr``; None: all lines."""

    positions: Mapping[str, Sequence[int]] | None

    def covers(self, chromosome: str, pos: int, end: int) -> bool:
        """Whether a wanted position lies between two positions."""
        if self.positions is None:
            return True
        found = self.positions.get(chromosome)
        if not found:
            return False
        at = bisect_left(found, pos)
        return at < len(found) and found[at] <= end


class Judged(NamedTuple):
    """What one sample's column says, None where nothing can be used, and what is odd about it."""

    record: Record | None
    faults: tuple[tuple[Fault, str], ...]


UNUSED = "the sample is not used"


def _symbolic(alt: str) -> bool:
    return "<" in alt or alt == "."


class LineReader:
    """Checks lines and splits those that are wanted into sites and genotypes."""

    def __init__(
        self, header: Header, wanted: Wanted, findings: Findings, quality: Quality, validate: bool = False
    ) -> None:
        self.header = header
        self.wanted = wanted
        self.findings = findings
        self.quality = quality
        self.validate = validate
        self.lines = 0
        self._info = InfoRules(header.infos, header.version)
        self._samples = SampleRules(header.formats, header.version)
        self._order = OrderRules()

    def sites(self, numbered: Iterator[tuple[int, bytes]]) -> Iterator[tuple[Site, list[str]]]:
        """The wanted records, each with its columns; whatever breaks a rule is noted and left out.

        Raises
        ------
        InputError
            ``vcf.malformed`` where too many lines are broken.
        """
        for number, line in numbered:
            if not line.endswith(b"\n"):
                self.findings.add(number, _NO_NEWLINE)
            raw = line.rstrip(b"\r\n")
            found = _LINE.match(raw)
            whole = found is not None and raw.count(b"\t") == self.header.columns - 1
            if whole and not self.validate and found is not None and not self._touches(found, raw):
                continue
            text = self._text(number, raw)
            if text is not None:
                columns = text.split("\t")
                site = self._site(number, text, columns)
                if site is not None and self.wanted.covers(site.chromosome, site.pos, site.end):
                    yield site, columns
            if self.findings.refused > TOO_MANY:
                raise InputError(
                    "vcf.malformed", f"more than {TOO_MANY} lines break the format", place=self.findings.name
                )

    def _touches(self, found: re.Match[bytes], raw: bytes) -> bool:
        """Whether a line may cover a wanted position; a line with an odd END is looked at, too."""
        chromosome = bare(found.group(1).decode("utf-8", "replace"))
        if self.wanted.positions is not None and chromosome not in self.wanted.positions:
            return False
        pos = int(found.group(2))
        end = pos + len(found.group(4)) - 1
        if b"END=" in raw:
            info = raw.split(b"\t", 8)[7].decode("utf-8", "replace")
            symbolic = _symbolic(found.group(5).decode("utf-8", "replace"))
            try:
                end = record_end(info, pos, "N" * len(found.group(4)), symbolic)
            except Malformed:
                return True
        return self.wanted.covers(chromosome, pos, end)

    def _refuse(self, number: int, fault: Fault, raw: bytes | str) -> None:
        text = raw if isinstance(raw, str) else raw[:200].decode("utf-8", "replace")
        self.findings.add(number, fault, found=text)

    def _text(self, number: int, raw: bytes) -> str | None:
        """The text of a line, or None where it has not the right number of columns or is empty."""
        if not raw.strip():
            self.findings.add(number, _BLANK_LINE, "ignored")
            self.findings.refused += 1
            return None
        self.lines += 1
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            self._refuse(number, Fault("vcf.not-utf8", "the line is not UTF-8", True), raw)
            return None
        if _CONTROL.search(text):
            self._refuse(number, Fault("vcf.control", "the line holds control characters", True), raw)
            return None
        if text.count("\t") != self.header.columns - 1:
            self._refuse(number, _COUNT, raw)
            return None
        return text

    def _site(self, number: int, text: str, columns: list[str]) -> Site | None:
        """The part that all samples share, or None where a finding makes it unusable."""
        faults = [] if surely_in_order(text) else list(check_columns(columns, self.header.version))
        alts = tuple(alt if alt[:1] == "<" else alt.upper() for alt in columns[4].split(",") if alt != ".")
        keys: tuple[str, ...] = ()
        if len(columns) > 8:
            keys, found = self._samples.keys(columns[8])
            faults.extend(found)
        faults.extend(self._info.check(columns[7], len(alts)))
        fatal = next((fault for fault in faults if fault.fatal), None)
        if self.validate and fatal is None:
            faults.extend(self._order.check(columns))
        for fault in faults:
            if not fault.fatal or fault is fatal:
                self._refuse(number, fault, text[:200])
        if fatal is not None:
            return None
        try:
            return self._located(number, columns, alts, keys)
        except Malformed as error:
            self._refuse(number, Fault(error.code, error.reason, True), text[:200])
            return None

    def _located(self, number: int, columns: list[str], alts: tuple[str, ...], keys: tuple[str, ...]) -> Site:
        pos, ref = int(columns[1]), columns[3].upper()
        end = record_end(columns[7], pos, ref, _symbolic(columns[4]))
        return Site(number, bare(columns[0]), pos, columns[2], ref, alts, end, columns[6], keys)

    def record(self, site: Site, columns: Sequence[str], at: int) -> Record | None:
        """What the record says of the sample in one column, with its findings noted."""
        judged = self.judge(site, columns[at])
        for fault, action in judged.faults:
            self.findings.add(site.line, fault, action, columns[at], at + 1)
        return judged.record

    def judge(self, site: Site, text: str) -> Judged:
        """What a sample's column says; the same for every sample that has the same text."""
        if self._samples.plain(site.keys, text, len(site.alts)):
            return self._said(site, text.split(":"), [])
        try:
            values = self._samples.values(site.keys, text)
        except Malformed as error:
            return Judged(None, ((Fault(error.code, error.reason, True), UNUSED),))
        faults = [
            (fault, UNUSED if fault.fatal else "")
            for fault in self._samples.check(site.keys, values, len(site.alts))
        ]
        if faults and any(fault.fatal for fault, _ in faults):
            return Judged(None, tuple(faults))
        if not site.keys or site.keys[0] != "GT":
            return Judged(None, (*faults, (_NO_GENOTYPE, "nothing to call")))
        return self._said(site, values, faults)

    def _said(self, site: Site, values: Sequence[str], faults: list[tuple[Fault, str]]) -> Judged:
        fields = dict(zip(site.keys, values, strict=False))
        reason = self.quality.failure(site.filter, fields) if self.quality.asks else ""
        if reason:
            faults.append((Fault("vcf.filtered", reason), "missing, never reference"))
        return Judged(_record(site, fields, bool(reason)), tuple(faults))


def _record(site: Site, fields: Mapping[str, str], filtered: bool) -> Record:
    gt, phased = parse_genotype(fields["GT"], len(site.alts))
    phase_set = fields.get("PS", ".") if phased else "."
    depths = fields.get("AD")
    return Record(
        *site[:7],
        "." if filtered else site.filter,
        (None,) * len(gt) if filtered else gt,
        phased,
        None if phase_set == "." else phase_set,
        _depths(depths, 1 + len(site.alts)) if depths else (),
    )


def _depths(text: str, n_alleles: int) -> tuple[int, ...]:
    """Read depths of all alleles; empty where AD is absent, missing or of another length."""
    parts = text.split(",")
    if len(parts) != n_alleles or not all(part.isascii() and part.isdigit() for part in parts):
        return ()
    return tuple(int(part[:9]) for part in parts)
