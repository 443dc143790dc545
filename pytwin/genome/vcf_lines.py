"""One pass over the data lines of a VCF file: cheap checks for all, every rule for those that are kept."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from pytwin.errors import InputError
from pytwin.genome.vcf_columns import check_columns
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
            columns = self._columns(number, raw)
            if columns is not None:
                site = self._site(number, columns)
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

    def _columns(self, number: int, raw: bytes) -> list[str] | None:
        """The columns of a line, or None where it cannot be split or is empty."""
        if not raw.strip():
            self.findings.add(number, _BLANK_LINE, "ignored")
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
        columns = text.split("\t")
        if len(columns) != self.header.columns:
            self._refuse(number, _COUNT, raw)
            return None
        return columns

    def _site(self, number: int, columns: list[str]) -> Site | None:
        """The part that all samples share, or None where a finding makes it unusable."""
        faults = list(check_columns(columns, self.header.version))
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
                self._refuse(number, fault, "\t".join(columns)[:200])
        if fatal is not None:
            return None
        try:
            return self._located(number, columns, alts, keys)
        except Malformed as error:
            self._refuse(number, Fault(error.code, error.reason, True), "\t".join(columns)[:200])
            return None

    def _located(self, number: int, columns: list[str], alts: tuple[str, ...], keys: tuple[str, ...]) -> Site:
        pos, ref = int(columns[1]), columns[3].upper()
        end = record_end(columns[7], pos, ref, _symbolic(columns[4]))
        return Site(number, bare(columns[0]), pos, columns[2], ref, alts, end, columns[6], keys)

    def values(self, site: Site, columns: Sequence[str], at: int) -> list[str] | None:
        """One sample's fields, or None where they cannot be used; findings are noted."""
        try:
            values = self._samples.values(site.keys, columns[at])
        except Malformed as error:
            self.findings.add(
                site.line,
                Fault(error.code, error.reason, True),
                "the sample is not used",
                columns[at],
                at + 1,
            )
            return None
        usable = True
        for fault in self._samples.check(site.keys, values, len(site.alts)):
            action = "the sample is not used" if fault.fatal else ""
            self.findings.add(site.line, fault, action, columns[at], at + 1)
            usable &= not fault.fatal
        return values if usable else None

    def record(self, site: Site, values: Sequence[str], at: int) -> Record | None:
        """What the record says of one sample whose fields are in order; None where it has no GT."""
        if not site.keys or site.keys[0] != "GT":
            self.findings.add(site.line, _NO_GENOTYPE, "nothing to call")
            return None
        fields = dict(zip(site.keys, values, strict=False))
        gt, phased = parse_genotype(fields["GT"], len(site.alts))
        shown = site.filter
        if self.quality.asks:
            reason = self.quality.failure(site.filter, fields)
            if reason:
                fault = Fault("vcf.filtered", reason)
                self.findings.add(site.line, fault, "missing, never reference", column=at + 1)
                gt, shown = (None,) * len(gt), "."
        phase_set = fields.get("PS", ".") if phased else "."
        return Record(
            *site[:7],
            filter=shown,
            gt=gt,
            phased=phased,
            phase_set=None if phase_set == "." else phase_set,
            depths=_depths(fields.get("AD", ""), 1 + len(site.alts)),
        )


def _depths(text: str, n_alleles: int) -> tuple[int, ...]:
    """Read depths of all alleles; empty where AD is absent, missing or of another length."""
    parts = text.split(",")
    if len(parts) != n_alleles or not all(part.isascii() and part.isdigit() for part in parts):
        return ()
    return tuple(int(part[:9]) for part in parts)
