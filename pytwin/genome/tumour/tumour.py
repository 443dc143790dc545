"""Tumour: the somatic variants of one sample; Tumours: those of a file of many."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from typing import Any

import numpy as np

from pytwin.genome.genome import Source
from pytwin.genome.tumour import classes
from pytwin.genome.tumour.burden import Burden, burden
from pytwin.genome.tumour.drivers import Driver, DriverVariant, driver_variants
from pytwin.genome.tumour.evidence import Evidence, EvidenceLink, link
from pytwin.genome.tumour.variants import SomaticVariants
from pytwin.issues import Issues


@dataclass(frozen=True, eq=False)
class Tumour:
    """Somatic variants of one tumour; ``repr`` and ``issues`` hold no variant and no sample name.

    Attributes
    ----------
    sample : str
        As the file names it; empty where it names none.
    variants : SomaticVariants
    build : str or None
        ``GRCh37``, ``GRCh38`` or ``NCBI36`` where the file says so; positions stay as they are.
    issues : Issues
        Of the whole file.
    sources : tuple of Source
    """

    sample: str = field(repr=False)
    variants: SomaticVariants = field(repr=False)
    build: str | None
    issues: Issues
    sources: tuple[Source, ...]

    def burden(self, megabases: float, definition: str = "nonsynonymous", **options: Any) -> Burden:
        """Mutational burden over the coding sequence that the assay covers; see ``burden.burden``."""
        return burden(self.variants, megabases, definition, **options)

    def drivers(self, table: Iterable[Driver] | None = None) -> tuple[DriverVariant, ...]:
        """Variants that change the protein of a driver gene; ``table`` replaces the shipped one."""
        return driver_variants(self.variants, table)

    def evidence(self, rows: Iterable[Evidence] | None = None) -> tuple[EvidenceLink, ...]:
        """Rows of evidence about its variants; ``rows`` replace the shipped ones."""
        return link(self.variants, rows)

    def __repr__(self) -> str:
        return f"Tumour({len(self.variants)} variants, build {self.build}, {len(self.issues)} issues)"

    def _repr_html_(self) -> str:
        v = self.variants
        heads = ("gene", "protein", "consequence", "vaf")
        shown = [i for i in range(len(v)) if v.consequence[i] in classes.CHANGES_PROTEIN][:50]
        cells = [(v.gene[i], v.protein[i], v.consequence[i], _percent(v.vaf[i])) for i in shown]
        rows = "".join(f"<tr>{''.join(f'<td>{escape(c)}</td>' for c in row)}</tr>" for row in cells)
        head = "".join(f"<th>{h}</th>" for h in heads)
        note = f"{len(v)} variants, {len(shown)} that change a protein shown; research use only"
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><p>{note}</p>"


def _percent(vaf: float) -> str:
    return "–" if np.isnan(vaf) else f"{vaf:.0%}"


@dataclass(frozen=True, eq=False)
class Tumours(Mapping[str, Tumour]):
    """The tumours of a file by the name of their sample; ``repr`` tells only how many.

    A sample without variants is not in a file of variants: it is missing here, not clean.

    Attributes
    ----------
    variants : SomaticVariants
        Of all samples, in the file's order.
    build : str or None
    issues : Issues
    sources : tuple of Source
    """

    variants: SomaticVariants = field(repr=False)
    build: str | None
    issues: Issues
    sources: tuple[Source, ...]

    @cached_property
    def _rows(self) -> dict[str, Any]:
        rows: dict[str, list[int]] = {}
        for i, sample in enumerate(self.variants.sample):
            rows.setdefault(sample, []).append(i)
        return {name: np.array(found) for name, found in rows.items()}

    def __getitem__(self, sample: str) -> Tumour:
        rows = self._rows[sample]
        return Tumour(sample, self.variants.where(rows), self.build, self.issues, self.sources)

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def mutated(self, classes_: Iterable[str] | None = None) -> dict[str, int]:
        """Gene -> number of samples with a variant in it, most often first.

        Parameters
        ----------
        classes_ : iterable of str, optional
            Consequences that count; default those that change a protein.
        """
        counted = frozenset(classes.CHANGES_PROTEIN if classes_ is None else classes_)
        v = self.variants
        pairs = {
            (g, s) for g, s, c in zip(v.gene, v.sample, v.consequence, strict=True) if c in counted and g
        }
        counts: dict[str, int] = {}
        for gene, _ in sorted(pairs):
            counts[gene] = counts.get(gene, 0) + 1
        return dict(sorted(counts.items(), key=lambda item: -item[1]))

    def __repr__(self) -> str:
        n, m = len(self), len(self.variants)
        return f"Tumours({n} samples, {m} variants, build {self.build}, {len(self.issues)} issues)"
