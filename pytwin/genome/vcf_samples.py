"""Rules for FORMAT and the sample columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from math import comb

from pytwin.genome.vcf_fault import Fault, Malformed
from pytwin.genome.vcf_fields import Field, Version, expected_count, reserved, surely_right, type_fault
from pytwin.genome.vcf_genotype import parse_genotype
from pytwin.genome.vcf_shape import Shapes

_KEY = re.compile(r"[0-9A-Za-z_.%+-]+")
_KEY_43 = re.compile(r"[A-Za-z_][0-9A-Za-z_.]*|1000G")
_BLANK = re.compile(r"\s")


class SampleRules:
    """The rules for FORMAT and samples in one file."""

    def __init__(self, declared: Mapping[str, Field], version: Version) -> None:
        self.version = version
        self.fields = {**reserved("FORMAT", version), **declared}
        self._shapes = Shapes(self.fields)
        self._formats: dict[str, tuple[tuple[str, ...], tuple[Fault, ...]]] = {}

    def keys(self, text: str) -> tuple[tuple[str, ...], tuple[Fault, ...]]:
        """The keys of a FORMAT column and the findings about it, worked out once for each text."""
        found = self._formats.get(text)
        if found is None:
            found = (tuple(text.split(":")), tuple(self._format(text)))
            if len(self._formats) < 1000:
                self._formats[text] = found
        return found

    def _format(self, text: str) -> Iterator[Fault]:
        keys = text.split(":")
        if not all(map(_KEY.fullmatch, keys)) or len(set(keys)) < len(keys):
            yield Fault("vcf.format", "FORMAT is not a list of distinct keys", True)
            return
        if "GT" in keys and keys[0] != "GT":
            yield Fault("vcf.format", "GT is not the first FORMAT key", True)
        if self.version >= (4, 3):
            first = next((key for key in keys if not _KEY_43.fullmatch(key)), None)
            if first is not None:
                # A key with a percent-encoded sign is common, one that starts with a digit is another thing.
                yield Fault("vcf.format", "a FORMAT key holds a sign that is not allowed", first[0].isdigit())
        elif self.version <= (4, 1) and not all(key.isalnum() for key in keys):
            yield Fault("vcf.format-key", "a FORMAT key holds a sign that is neither letter nor digit")

    def values(self, keys: Sequence[str], text: str) -> list[str]:
        """The fields of one sample; those left out at the end are absent.

        Raises
        ------
        Malformed
            ``vcf.sample``.
        """
        values = text.split(":")
        if len(values) > len(keys):
            raise Malformed("sample", "a sample has more fields than FORMAT")
        if _BLANK.search(text) or (not text and self.version < (4, 5)):
            raise Malformed("sample", "a sample is empty or holds a blank")
        return values

    def plain(self, keys: Sequence[str], text: str, n_alts: int) -> bool:
        """Whether a column is of the commonest kind, with nothing to find; False says nothing."""
        return self._shapes.sample_fits(keys, text, n_alts)

    def check(self, keys: Sequence[str], values: Sequence[str], n_alts: int) -> Iterator[Fault]:
        """Findings about one sample's values; only a broken GT makes its genotype unusable."""
        genotypes = comb(n_alts + 2, 2)
        for key, value in zip(keys, values, strict=False):
            if key == "GT":
                try:
                    copies = len(parse_genotype(value, n_alts)[0])
                except Malformed as error:
                    # A genotype of an allele that is not there breaks no rule where ALT is a dot.
                    yield Fault(error.code, error.reason, True, mild=n_alts == 0 and value[:1].isdigit())
                    return
                genotypes = comb(n_alts + copies, copies)
                continue
            field = self.fields.get(key)
            if field is None or value == "." or surely_right(field, value, n_alts, genotypes):
                continue
            reason = self._value(key, value, field, n_alts, genotypes)
            if reason:
                yield Fault("vcf.sample-value", f"{key if key in _NAMED else 'a field'} of a sample {reason}")

    def _value(self, key: str, text: str, field: Field, n_alts: int, genotypes: int) -> str:
        if not text:
            variable = self.version >= (4, 5) and field.number in (".", "LA", "LR", "LG", "M")
            return "" if variable else "is empty"
        values = text.split(",")
        count = expected_count(field.number, n_alts, genotypes)
        if count is not None and len(values) != count:
            return f"has not the number of values that Number={field.number} asks for"
        return next(
            (
                reason
                for value in values
                if (reason := type_fault(key, value, field.type, self.version) if value else "is empty")
            ),
            "",
        )


_NAMED = frozenset(reserved("FORMAT", (4, 5)))
