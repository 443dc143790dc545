"""Mutation Annotation Format: one row a variant of a tumour, tab-separated, with or without ``#version``.

The columns are those of the NCI GDC MAF format (2.4); names in any case, since files write ``End_Position``
as ``End_position``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from pytwin.formats.files import Blob
from pytwin.genome.tumour import classes
from pytwin.genome.tumour.checks import (
    NAN,
    allele,
    build,
    chromosome,
    count,
    known_class,
    one_build,
    position,
    reads,
    share,
)
from pytwin.genome.tumour.delimited import Faults, Sheet, cells_of, optional, read_sheet, require
from pytwin.genome.tumour.variants import Variant
from pytwin.issues import Issues

_NEEDED: dict[str, Sequence[str]] = {
    "sample": ("Tumor_Sample_Barcode",),
    "gene": ("Hugo_Symbol",),
    "chromosome": ("Chromosome",),
    "start": ("Start_Position",),
    "ref": ("Reference_Allele",),
    "alt": ("Tumor_Seq_Allele2",),
    "class": ("Variant_Classification",),
}
_MORE: dict[str, Sequence[str]] = {
    "end": ("End_Position",),
    "build": ("NCBI_Build",),
    "strand": ("Strand",),
    "type": ("Variant_Type",),
    "first": ("Tumor_Seq_Allele1",),
    "protein": ("HGVSp_Short", "Protein_Change", "AAChange", "amino_acid_change", "HGVSp"),
    "alt_reads": ("t_alt_count",),
    "ref_reads": ("t_ref_count",),
    "depth": ("t_depth",),
    "vaf": ("tumor_f", "t_vaf", "VAF", "i_TumorVAF_WU", "TumorVAF", "i_tumor_f"),
    "filter": ("FILTER",),
}


class Reading(NamedTuple):
    """What a reader found: rows, and the build that they state."""

    rows: list[Variant]
    build: str | None


def recognises(head: bytes, name: str) -> bool:
    """A header with the two columns that no other table has."""
    first = next((x for x in head.replace(b"\r", b"\n").split(b"\n") if x.strip() and x[:1] != b"#"), b"")
    titles = {t.strip().strip(b'"').lower() for t in first.split(b"\t")}
    return name.endswith(".maf") or {b"hugo_symbol", b"tumor_sample_barcode"} <= titles


def read(blob: Blob, issues: Issues) -> Reading:
    """Rows of a MAF file; what can't be used becomes an issue.

    Raises
    ------
    InputError
        ``tumour.no-header``, ``tumour.missing-column``, ``tumour.mixed-builds``.
    """
    faults = Faults(issues, blob.name)
    sheet = read_sheet(blob, faults, issues)
    columns = require(sheet, _NEEDED) | optional(sheet, _MORE)
    builds: set[str] = set()
    rows: list[Variant] = []
    numbered, scale = False, _scale(sheet, columns, issues)
    for line, cells in cells_of(sheet, columns):
        _build(cells, builds, line, faults)
        row = _row(line, cells, scale, faults)
        if row is not None:
            rows.append(row)
            numbered |= cells["chromosome"].lower().removeprefix("chr") in ("23", "24")
    if numbered:
        message = "chromosomes are numbered: 23 is X and 24 is Y"
        issues.add("tumour.numbered-chromosomes", message, place=blob.name, action="named", severity="note")
    faults.close()
    return Reading(rows, one_build(builds, blob.name))


def _build(cells: dict[str, str], builds: set[str], line: int, faults: Faults) -> None:
    text = cells.get("build", "")
    found = build(text) if text else None
    if found:
        builds.add(found)
    elif text:
        faults.add("tumour.unknown-build", "a build that is not known", line, "not used", found=text)


def _row(line: int, cells: dict[str, str], scale: float, faults: Faults) -> Variant | None:
    start, end = position(cells["start"]), position(cells.get("end", ""))
    ref, alt = allele(cells["ref"]), _alternate(cells)
    why = (
        "no sample" if not cells["sample"]
        else "no chromosome" if not cells["chromosome"]
        else "the start is no position" if start is None
        else "an allele is neither bases nor a dash" if ref is None or alt is None
        else "the alleles are the same" if ref == alt
        else "the strand is not the plus strand" if cells.get("strand", "") not in ("", "+", "1", "+1")
        else ""
    )  # fmt: skip
    if why or start is None or ref is None or alt is None:
        faults.add("tumour.bad-row", why, line, "left out", severity="error")
        return None
    last = start + 1 if ref == "-" else start + len(ref) - 1
    if end is not None and end != last:
        faults.add("tumour.end-differs", "the end does not fit the reference allele", line, "by the allele")
    kind = classes.kind(ref, alt)
    if cells.get("type", kind).upper() not in (kind, ""):
        faults.add("tumour.type-differs", "the variant type does not fit the alleles", line, "by the alleles")
    name = known_class(cells["class"], classes.KNOWN, line, faults)
    vaf, depth = _reads(cells, scale)
    return Variant(
        cells["sample"], cells["gene"], chromosome(cells["chromosome"]), start, last, ref, alt, kind, name,
        cells.get("protein", ""), vaf, depth, cells.get("filter", ""), line,
    )  # fmt: skip


def _alternate(cells: dict[str, str]) -> str | None:
    """The allele of the tumour that is not the reference: the second, or else the first."""
    second, first = allele(cells["alt"]), allele(cells.get("first", cells["alt"]))
    return first if second == allele(cells["ref"]) and first is not None else second


def _reads(cells: dict[str, str], scale: float) -> tuple[float, int]:
    """From counts where the file has them, else the share as the file states it."""
    ref, alt, depth = (count(cells.get(k, "")) for k in ("ref_reads", "alt_reads", "depth"))
    vaf, seen = reads(ref, alt, depth)
    if math.isnan(vaf) and cells.get("vaf"):
        stated = share(cells["vaf"]) * (1.0 if cells["vaf"].endswith("%") else scale)
        vaf = stated if stated <= 1 else NAN
    return vaf, seen


def _scale(sheet: Sheet, columns: dict[str, int], issues: Issues) -> float:
    """0.01 where the column of shares holds per cent: numbers above 1."""
    at = columns.get("vaf")
    if at is None or not any(share(c[at].strip()) > 1 for _, c in sheet.rows):
        return 1.0
    message = f"{sheet.header[at]} holds numbers above 1"
    issues.add("tumour.vaf-percent", message, place=sheet.name, action="read as per cent", severity="note")
    return 0.01
