"""Links from variants to therapies: rows of evidence, shipped as a small table that users may replace.

A row names a gene, which of its variants it is about, a drug, the effect, how strong the evidence is, and
where it comes from. ``variant`` is a list of protein changes (``V600E``), codons (``R132``) or spans of
codons (``746-759``), separated by ``;``; ``consequence`` a list of MAF classes; both empty: any change of the
protein. A row is a hint for a clinician; what a label says holds for the cancer that the label names.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from importlib.resources import files
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from pytwin.errors import InputError
from pytwin.formats.files import load
from pytwin.genome.tumour import classes
from pytwin.genome.tumour.delimited import lines_of, missing
from pytwin.genome.tumour.variants import SomaticVariants
from pytwin.issues import Issues

# Names that tables give to what a row says, the preferred first; where its cell is blank the next is read.
ALIASES: dict[str, Sequence[str]] = {
    "gene": ("gene", "gene_name", "hugo_symbol"),
    "variant": ("variant", "protein_change", "alteration"),
    "consequence": ("consequence", "variant_classification"),
    "drug": ("drug", "drug_name", "drug_claim_primary_name", "drug_claim_name"),
    "effect": ("effect", "interaction_types", "response"),
    "level": ("level", "evidence_level"),
    "cancer": ("cancer", "disease", "tumour"),
    "source": ("source", "interaction_claim_source", "pmids", "pmid"),
}
_PATTERN = re.compile(r"(?:p\.)?(?:(\d+)-(\d+)|([A-Z*])(\d+)(.*))")
# Some files leave the first residue out: ``p.593_594insFG``.
_SPAN = re.compile(r"(?:p\.)?[A-Z*]*(\d+)(?:_[A-Z*]*(\d+))?")


class Evidence(NamedTuple):
    """One row: of whom (gene, variant, consequence, cancer), what (drug, effect), how sure, from where."""

    gene: str
    variant: str
    consequence: str
    drug: str
    effect: str
    level: str
    cancer: str
    source: str

    def about(self, consequence: str, protein: str) -> bool:
        """Whether a variant is one that the row is about."""
        wanted = [c.strip() for c in self.consequence.split(";") if c.strip()]
        if consequence not in (wanted or classes.CHANGES_PROTEIN):
            return False
        patterns = [v.strip() for v in self.variant.split(";") if v.strip()]
        return not patterns or any(_fits(p, protein) for p in patterns)


class EvidenceLink(NamedTuple):
    """A variant of a tumour with a row about it."""

    gene: str
    protein: str
    consequence: str
    vaf: float
    drug: str
    effect: str
    level: str
    cancer: str
    source: str


def _fits(pattern: str, protein: str) -> bool:
    """``V600E`` the change itself; ``R132`` any change of the codon; ``746-759`` one within the span."""
    wanted, span = _PATTERN.fullmatch(pattern), _SPAN.match(protein)
    if wanted is None or span is None:
        return False
    first, last = int(span[1]), int(span[2] or span[1])
    if wanted[1]:
        return int(wanted[1]) <= first and last <= int(wanted[2])
    if wanted[5]:
        return protein.removeprefix("p.") == pattern.removeprefix("p.")
    letter = protein.removeprefix("p.")[:1]
    return first == last == int(wanted[4]) and letter == wanted[3]


@lru_cache(maxsize=1)
def evidence() -> tuple[Evidence, ...]:
    """The rows that are shipped."""
    text = files(__package__).joinpath("evidence.tsv").read_text(encoding="utf-8")
    return _parse(text, "evidence.tsv", Issues())


def read_evidence(path: str | Path, issues: Issues | None = None) -> tuple[Evidence, ...]:
    """Rows from a tab-separated file of one's own, plain or gzip, with the columns of ``ALIASES``.

    Only a gene and a drug are needed; tables of gene-drug interactions as DGIdb exports them are read, too.

    Parameters
    ----------
    path : path
    issues : Issues, optional
        Takes rows that name no gene or no drug; they are left out.

    Raises
    ------
    InputError
        ``evidence.bad-table`` without a column of genes or of drugs.
    """
    blob = load(path)
    kept = Issues() if issues is None else issues
    return _parse("\n".join(lines_of(blob.data.decode("utf-8-sig", "replace"))), blob.name, kept)


def _parse(text: str, place: str, issues: Issues) -> tuple[Evidence, ...]:
    rows = csv.reader(StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE)
    header = [h.strip().lower() for h in next(rows, [])]
    columns = {role: [header.index(n) for n in names if n in header] for role, names in ALIASES.items()}
    lacking = [role for role in ("gene", "drug") if not columns[role]]
    if lacking:
        message = "columns are missing: " + ", ".join(lacking)
        raise InputError("evidence.bad-table", message, place=place)
    found, blank = [], 0
    for row in rows:
        cells = {role: _first(row, at) for role, at in columns.items()}
        cells["source"] = "; ".join(v for at in columns["source"] if (v := _first(row, [at])))
        if cells["gene"] and cells["drug"]:
            found.append(Evidence(**cells))
        else:
            blank += bool("".join(row).strip())
    if blank:
        message = f"{blank} rows name no gene or no drug"
        issues.add("evidence.blank-row", message, place=place, action="left out")
    return tuple(found)


def _first(row: Sequence[str], columns: Sequence[int]) -> str:
    """The first cell that is not blank."""
    texts = (row[at].strip() for at in columns if at < len(row))
    return next((t for t in texts if not missing(t)), "")


def link(variants: SomaticVariants, rows: Iterable[Evidence] | None = None) -> tuple[EvidenceLink, ...]:
    """Variants that change a protein, each with the rows about it, in the file's order."""
    table = evidence() if rows is None else rows
    by_gene: dict[str, list[Evidence]] = {}
    for row in table:
        by_gene.setdefault(row.gene, []).append(row)
    found = []
    for i, gene in enumerate(variants.gene):
        consequence, protein = variants.consequence[i], variants.protein[i]
        for row in by_gene.get(gene, ()):
            if row.about(consequence, protein):
                said: Mapping[str, str] = row._asdict()
                more = (said[k] for k in ("drug", "effect", "level", "cancer", "source"))
                found.append(EvidenceLink(gene, protein, consequence, float(variants.vaf[i]), *more))
    return tuple(found)
