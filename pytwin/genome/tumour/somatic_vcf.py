"""Somatic VCF: which sample is the tumour, its reads, and the effect that an annotator wrote into INFO.

Reads come from AD, from AF or FREQ where there is none, and from Strelka's tiers (AU, CU, GU, TU; TAR, TIR).
Effects come from CSQ (VEP) or ANN (SnpEff). A file without them has variants without genes.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pytwin.errors import InputError
from pytwin.formats.files import Blob
from pytwin.genome.tumour import classes
from pytwin.genome.tumour.checks import allele, build, chromosome, known_class, position, trimmed
from pytwin.genome.tumour.delimited import Faults, lines_of, text_of
from pytwin.genome.tumour.effects import Annotation, annotation
from pytwin.genome.tumour.maf import Reading
from pytwin.genome.tumour.reads import reads_of
from pytwin.genome.tumour.variants import Variant
from pytwin.issues import Issues

_FIXED = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO"]
_TUMOUR = ("TUMOR", "TUMOUR", "PRIMARY", "METASTASIS")
_NORMAL = ("NORMAL", "BLOOD", "GERMLINE", "CONTROL")
_META = re.compile(r"##(tumor_sample|normal_sample|tumour_sample)=(.+)")
_PEDIGREE = re.compile(r"##PEDIGREE=<.*\bDerived=([^,>]+).*\bOriginal=([^,>]+)")


def recognises(head: bytes, name: str) -> bool:
    """A VCF's first line."""
    return head.lstrip(b"\xef\xbb\xbf")[:16].lower() == b"##fileformat=vcf"


@dataclass(frozen=True)
class _Head:
    """What the header says."""

    name: str
    samples: tuple[str, ...]
    tumour: int | None
    normal: int | None
    annotation: Annotation
    build: str | None


def read(blob: Blob, issues: Issues, tumour: str | None = None, filters: str = "pass") -> Reading:
    """Variants of the tumour sample.

    Parameters
    ----------
    blob : Blob
    issues : Issues
    tumour : str, optional
        Name of its sample, where the header does not tell.
    filters : {"pass", "all"}
        Whether rows whose FILTER is not PASS count.

    Raises
    ------
    InputError
        ``tumour.bad-vcf``, ``tumour.which-sample``.
    """
    lines = lines_of(text_of(blob, issues))
    at = next((i for i, x in enumerate(lines) if x.startswith("#CHROM")), None)
    if at is None:
        raise InputError("tumour.bad-vcf", "there is no line of column titles", place=blob.name)
    head = _head(blob.name, lines[:at], lines[at], tumour)
    faults = Faults(issues, blob.name)
    rows: list[Variant] = []
    for number, line in enumerate(lines[at + 1 :], start=at + 2):
        if line.strip() and not line.startswith("#"):
            rows += _rows(number, line.split("\t"), head, filters, faults)
    faults.close()
    if head.annotation.field == "":
        message = "no effects are annotated (CSQ or ANN): variants have no gene and no consequence"
        issues.add("tumour.not-annotated", message, place=blob.name, action="read as they are")
    return Reading(rows, head.build)


def _head(name: str, meta: Sequence[str], titles: str, tumour: str | None) -> _Head:
    columns = titles.rstrip().split("\t")
    if columns[:8] != _FIXED or (len(columns) > 8 and columns[8] != "FORMAT"):
        raise InputError("tumour.bad-vcf", "the column titles are not those of a VCF", place=name)
    samples = tuple(columns[9:])
    if len(set(samples)) != len(samples) or "" in samples:
        raise InputError("tumour.bad-vcf", "sample names are empty or repeated", place=name)
    stated: dict[str, str] = {m[1]: m[2].strip() for x in meta if (m := _META.match(x))}
    origin: tuple[str | None, ...] = next(
        (m.groups() for x in meta if (m := _PEDIGREE.match(x))), (None, None)
    )
    wanted = tumour or stated.get("tumor_sample") or stated.get("tumour_sample") or origin[0]
    normal = _index(samples, [stated.get("normal_sample") or origin[1], *_NORMAL])
    chosen = _tumour(name, samples, wanted, normal, by_user=tumour is not None)
    reference = next((x.partition("=")[2] for x in meta if x.startswith("##reference=")), "")
    assembly = {b for x in (reference, *_assemblies(meta)) for b in _builds(x)}
    found = next(iter(assembly)) if len(assembly) == 1 else None
    return _Head(name, samples, chosen, normal, annotation(meta), found)


def _assemblies(meta: Iterable[str]) -> list[str]:
    return [m[1] for x in meta if x.startswith("##contig") and (m := re.search(r"assembly=([^,>]+)", x))]


def _builds(text: str) -> list[str]:
    words = re.split(r"[^A-Za-z0-9]+", text)
    return [b for w in words if not w.isdigit() and (b := build(w))]


def _index(samples: Sequence[str], names: Iterable[str | None]) -> int | None:
    folded = [s.casefold() for s in samples]
    return next((folded.index(n.casefold()) for n in names if n and n.casefold() in folded), None)


def _tumour(
    name: str, samples: Sequence[str], wanted: str | None, normal: int | None, *, by_user: bool
) -> int | None:
    """Index of the tumour's column; None where the file has no samples."""
    if by_user and (not wanted or _index(samples, [wanted]) is None):
        raise InputError("tumour.which-sample", "there is no sample of this name", place=name)
    found = _index(samples, [wanted, *_TUMOUR])
    if found is None and len(samples) - (normal is not None) <= 1:
        found = next((i for i in range(len(samples)) if i != normal), None)
    if found is None and samples:
        hint = "Say tumour=NAME"
        message = f"none of {len(samples)} samples is known to be the tumour"
        raise InputError("tumour.which-sample", message, place=name, hint=hint)
    return found


def _rows(number: int, cells: list[str], head: _Head, filters: str, faults: Faults) -> list[Variant]:
    expected = 8 if not head.samples else 9 + len(head.samples)
    if len(cells) != expected and not (len(cells) == 9 and not head.samples):
        message = "the row has another number of fields than the header"
        faults.add("tumour.ragged-row", message, number, "left out", severity="error")
        return []
    start, ref = position(cells[1]), allele(cells[3])
    if start is None or ref is None or ref == "-" or not cells[0].strip():
        faults.add("tumour.bad-row", "no place or no reference bases", number, "left out", severity="error")
        return []
    failed = cells[6] not in ("PASS", ".")
    if failed and filters == "pass":
        faults.add("tumour.filtered", "FILTER is not PASS", number, "left out", severity="note")
        return []
    found = []
    for index, text in enumerate(cells[4].split(","), start=1):
        row = _alternate(number, cells, head, (start, ref, text, index), faults)
        if row is not None:
            found.append(row)
    return found


def _alternate(
    number: int, cells: list[str], head: _Head, at: tuple[int, str, str, int], faults: Faults
) -> Variant | None:
    start, ref, text, index = at
    alt = allele(text)
    if text == ".":
        return None
    if alt is None or alt == "-":
        message = "an alternate allele that is not bases: no small variant"
        faults.add("tumour.not-small", message, number, "left out", severity="note")
        return None
    if alt == ref:
        faults.add("tumour.bad-row", "the alleles are the same", number, "left out", severity="error")
        return None
    fields = _sample(cells, head)
    if not _carried(fields.get("GT"), index, number, faults):
        return None
    vaf, depth = reads_of(fields, ref, cells[4].split(","), index)
    first, last, short_ref, short_alt = trimmed(start, ref, alt)
    effect = head.annotation.of(cells[7], ref, text, short_ref, short_alt, index)
    name = known_class(effect.consequence, classes.KNOWN, number, faults)
    sample = "" if head.tumour is None else head.samples[head.tumour]
    return Variant(
        sample, effect.gene, chromosome(cells[0]), first, last, short_ref, short_alt,
        classes.kind(short_ref, short_alt), name, effect.protein, vaf, depth,
        "" if cells[6] == "." else cells[6], number,
    )  # fmt: skip


def _sample(cells: list[str], head: _Head) -> Mapping[str, str]:
    """FORMAT keys -> values of the tumour's column; trailing ones may be missing."""
    if head.tumour is None:
        return {}
    return dict(zip(cells[8].split(":"), cells[9 + head.tumour].split(":"), strict=False))


def _carried(genotype: str | None, index: int, line: int, faults: Faults) -> bool:
    """Whether the tumour's genotype has the allele; callers without genotypes say so by the row itself."""
    if genotype is None:
        return True
    alleles = re.split(r"[/|]", genotype)
    if all(a == "." for a in alleles):
        faults.add("tumour.no-genotype", "the tumour has no genotype", line, "left out")
        return False
    if str(index) not in alleles:
        message = "the tumour's genotype lacks the allele"
        faults.add("tumour.not-in-tumour", message, line, "left out", severity="note")
        return False
    return True
