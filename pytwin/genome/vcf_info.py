"""Rules for the INFO column, and the end that it gives to blocks and symbolic alleles."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from pytwin.genome.vcf_fault import Fault, Malformed
from pytwin.genome.vcf_fields import Field, Version, expected_count, reserved, surely_right, type_fault
from pytwin.genome.vcf_shape import Shapes

_INFO = re.compile(r"[^\s;]+(?:;[^\s;]+)*;?")
_END = re.compile(r"(?:^|;)END=([^;]*)")


def record_end(info: str, pos: int, ref: str, symbolic: bool) -> int:
    """Last position covered; END counts for symbolic alleles, and may not lie before POS there.

    Raises
    ------
    Malformed
        ``vcf.info``.
    """
    last = pos + len(ref) - 1
    found = _END.search(info) if "END=" in info else None
    if found is None:
        return last
    digits = found.group(1)
    if not (digits.isascii() and digits.isdigit()) or (symbolic and int(digits[:12]) < pos):
        raise Malformed("info", "INFO END is not a position at or after POS")
    return max(last, int(digits[:12])) if symbolic else last


class InfoRules:
    """The rules for INFO in one file: declared fields, else the reserved ones."""

    def __init__(self, declared: Mapping[str, Field], version: Version) -> None:
        self.declared = declared
        self.version = version
        self.fields = {**reserved("INFO", version), **declared}
        self._shapes = Shapes(self.fields)

    def check(self, info: str, n_alts: int) -> Iterator[Fault]:
        """Findings about the column; values that break a rule don't touch the genotype."""
        if info == "." or self._shapes.info_fits(info, n_alts):
            return
        clean = True
        for fault in self._each(info, n_alts):
            clean = False
            yield fault
        if clean:
            self._shapes.learn_info(info, n_alts)

    def _each(self, info: str, n_alts: int) -> Iterator[Fault]:
        if not _INFO.fullmatch(info):
            yield Fault("vcf.info", "INFO is empty, holds a blank or an empty entry", True)
            return
        seen = set()
        for entry in info.removesuffix(";").split(";"):
            key, equals, value = entry.partition("=")
            if key in seen:
                yield Fault("vcf.info-repeated", "INFO holds a key twice")
            seen.add(key)
            field = self.fields.get(key)
            if field is None or surely_right(field, value, n_alts, None):
                continue
            reason = self._value(key, bool(equals), value, field, n_alts)
            if reason:
                yield Fault(
                    "vcf.info-value", f"INFO {key} {reason}" if key in _NAMED else f"a value in INFO {reason}"
                )

    def _value(self, key: str, has_value: bool, text: str, field: Field, n_alts: int) -> str:
        if field.type == "Flag":
            return "" if not has_value or text in ("0", "1") else "is a flag and has a value"
        if not has_value:
            return "has no value"
        if text == ".":
            return ""
        values = text.split(",")
        count = expected_count(field.number, n_alts, None)
        if count is not None and len(values) != count and not (field.number == "0" and not text):
            return f"has not the number of values that Number={field.number} asks for"
        return next(
            (
                reason
                for value in values
                if (reason := type_fault(key, value, field.type, self.version) if value else "is empty")
            ),
            "",
        )


_NAMED = frozenset(reserved("INFO", (4, 5)))
