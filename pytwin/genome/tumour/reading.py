"""Read the somatic variants of a file: MAF, VCF, ANNOVAR."""

from __future__ import annotations

from pathlib import Path

from pytwin.errors import InputError
from pytwin.formats.files import load
from pytwin.genome.genome import Source
from pytwin.genome.tumour import annovar, maf, somatic_vcf
from pytwin.genome.tumour.delimited import Faults
from pytwin.genome.tumour.tumour import Tumour, Tumours
from pytwin.genome.tumour.variants import SomaticVariants, Variant
from pytwin.issues import Issues

_HEAD = 1 << 16
READ = "MAF, VCF, ANNOVAR's multianno table, plain or gzip"


def read_tumours(path: str | Path, *, tumour: str | None = None, filters: str = "pass") -> Tumours:
    """The somatic variants of all tumours of a file.

    Parameters
    ----------
    path : path
        MAF, somatic VCF or ANNOVAR's multianno table, plain or gzip; recognised by its content.
    tumour : str, optional
        Of a VCF: the tumour's sample, where the header does not tell.
    filters : {"pass", "all"}
        Of a VCF: whether rows whose FILTER is not PASS count.

    Returns
    -------
    Tumours
        Variants that are listed twice for a sample are there once. What could not be used is in ``issues``.

    Raises
    ------
    InputError
        ``tumour.unknown-format``, ``tumour.bad-filters``; what the readers raise; ``file.*``.
    """
    if filters not in ("pass", "all"):
        raise InputError("tumour.bad-filters", "filters must be pass or all", place="filters")
    blob, issues = load(path), Issues()
    head, name = blob.data[:_HEAD], blob.name.lower().removesuffix(".gz")
    if somatic_vcf.recognises(head, name):
        found = somatic_vcf.read(blob, issues, tumour, filters)
    elif annovar.recognises(head, name):
        found = annovar.read(blob, issues)
    elif maf.recognises(head, name):
        found = maf.read(blob, issues)
    else:
        hint = f"Read are: {READ}"
        raise InputError(
            "tumour.unknown-format", "no variants are read from this file", place=blob.name, hint=hint
        )
    rows = _once(found.rows, Faults(issues, blob.name))
    if found.build is None:
        message = "the file does not say its genome build"
        issues.add(
            "tumour.no-build", message, place=blob.name, action="positions as they are", severity="note"
        )
    source = Source(blob.name, blob.sha256)
    return Tumours(SomaticVariants.of(rows), found.build, issues, (source,))


def _once(rows: list[Variant], faults: Faults) -> list[Variant]:
    """The first of rows that are the same variant of one sample."""
    seen: set[tuple[str, str, int, str, str]] = set()
    kept = []
    for row in rows:
        if row.key in seen:
            faults.add("tumour.duplicate", "a variant is listed twice for a sample", row.line, "taken once")
        else:
            seen.add(row.key)
            kept.append(row)
    faults.close()
    return kept


def read_tumour(
    path: str | Path, sample: str | None = None, *, tumour: str | None = None, filters: str = "pass"
) -> Tumour:
    """The somatic variants of one tumour.

    Parameters
    ----------
    path : path
        As for ``read_tumours``.
    sample : str, optional
        Needed where a table holds several.
    tumour, filters
        As for ``read_tumours``.

    Returns
    -------
    Tumour

    Raises
    ------
    InputError
        ``tumour.which-sample``: several samples and none chosen, or none of this name; else as
        ``read_tumours``.
    """
    found = read_tumours(path, tumour=tumour, filters=filters)
    place = found.sources[0].name
    if sample is None and len(found) == 0:
        return Tumour("", found.variants, found.build, found.issues, found.sources)
    if sample is None and len(found) == 1:
        return next(iter(found.values()))
    if sample is None or sample not in found:
        hint = "Say sample=NAME, or use read_tumours"
        message = f"there are {len(found)} samples" if sample is None else "there is no sample of this name"
        raise InputError("tumour.which-sample", message, place=place, hint=hint)
    return found[sample]
