"""Tables of ANNOVAR (``..._multianno.txt``): Chr, Start, End, Ref, Alt, then columns of each gene model."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pytwin.formats.files import Blob
from pytwin.genome.tumour import classes
from pytwin.genome.tumour.checks import NAN, allele, build, chromosome, known_class, position
from pytwin.genome.tumour.delimited import Faults, Sheet, cells_of, optional, read_sheet, require
from pytwin.genome.tumour.maf import Reading
from pytwin.genome.tumour.variants import Variant
from pytwin.issues import Issues

_NEEDED: dict[str, Sequence[str]] = {
    "chromosome": ("Chr",),
    "start": ("Start",),
    "end": ("End",),
    "ref": ("Ref",),
    "alt": ("Alt",),
}
# Gene models, the preferred one first: columns are called Func.refGene and so on.
_MODELS = ("refGene", "refGeneWithVer", "knownGene", "ensGene", "wgEncodeGencodeBasicV19")
_SAMPLE = ("Tumor_Sample_Barcode", "sample", "Sample_ID", "SampleID")
_BUILD = re.compile(r"hg(18|19|38)")


def recognises(head: bytes, name: str) -> bool:
    """A header that begins with ANNOVAR's five columns."""
    first = head.replace(b"\r", b"\n").lstrip(b"\xef\xbb\xbf").split(b"\n", 1)[0]
    titles = [t.strip().strip(b'"').lower() for t in first.split(b"\t")[:5]]
    return name.endswith("_multianno.txt") or titles == [b"chr", b"start", b"end", b"ref", b"alt"]


def read(blob: Blob, issues: Issues) -> Reading:
    """Rows of an ANNOVAR table; the build is the one of the file's name.

    Raises
    ------
    InputError
        ``tumour.no-header``, ``tumour.missing-column``.
    """
    faults = Faults(issues, blob.name)
    sheet = read_sheet(blob, faults, issues)
    columns = require(sheet, _NEEDED) | optional(sheet, {"sample": _SAMPLE} | _model(sheet))
    rows = []
    for line, cells in cells_of(sheet, columns):
        row = _row(line, cells, faults)
        if row is not None:
            rows.append(row)
    if "sample" not in columns:
        message = "the table names no sample: all rows are of one"
        issues.add("tumour.no-sample", message, place=blob.name, action="one tumour", severity="note")
    faults.close()
    named = _BUILD.search(blob.name.lower())
    return Reading(rows, build(named[0]) if named else None)


def _model(sheet: Sheet) -> dict[str, Sequence[str]]:
    """The columns of the preferred gene model that the table has."""
    titles = [t for t in sheet.header if t.startswith("Func.")]
    found = sorted((t[5:] for t in titles), key=lambda m: _MODELS.index(m) if m in _MODELS else len(_MODELS))
    end = f".{found[0]}" if found else ""
    roles = {"region": "Func", "gene": "Gene", "exonic": "ExonicFunc", "protein": "AAChange"}
    return {role: (title + end,) for role, title in roles.items()}


def _row(line: int, cells: dict[str, str], faults: Faults) -> Variant | None:
    start, end = position(cells["start"]), position(cells["end"])
    ref, alt = allele(cells["ref"]), allele(cells["alt"])
    why = (
        "no chromosome" if not cells["chromosome"]
        else "the start or end is no position" if start is None or end is None
        else "an allele is neither bases nor a dash" if ref is None or alt is None
        else "the alleles are the same" if ref == alt
        else "no sample" if not cells.get("sample", "one")
        else ""
    )  # fmt: skip
    if why or start is None or ref is None or alt is None:
        faults.add("tumour.bad-row", why, line, "left out", severity="error")
        return None
    last = start + 1 if ref == "-" else start + len(ref) - 1
    if ref != "-" and end != last:
        faults.add("tumour.end-differs", "the end does not fit the reference allele", line, "by the allele")
    name = classes.of_annovar(cells.get("region", ""), cells.get("exonic", ""), ref, alt)
    return Variant(
        cells.get("sample", ""), _gene(cells.get("gene", "")), chromosome(cells["chromosome"]), start, last,
        ref, alt, classes.kind(ref, alt), known_class(name, classes.KNOWN, line, faults),
        _protein(cells.get("protein", "")), NAN, -1, "", line,
    )  # fmt: skip


def _gene(text: str) -> str:
    """The first of several names."""
    return re.split(r"[;,(]", text)[0].strip()


def _protein(text: str) -> str:
    """The change in the first transcript that has one: ``GENE:TRANSCRIPT:exon8:c.A1256G:p.D419G,...``."""
    found = re.search(r":(p\.[^,;:]+)", text)
    return found[1] if found else ""
