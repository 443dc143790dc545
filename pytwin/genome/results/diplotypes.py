"""Tables of diplotypes, long (a row for each gene) or wide (a column for each gene)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.genome.genome import Genome, Source
from pytwin.genome.known import gene_within, is_gene
from pytwin.genome.options import Options
from pytwin.genome.results.cells import Row, json_of, lines_of, plain_rows, rows_of, text_of
from pytwin.genome.stated import several
from pytwin.genome.statement import Statement
from pytwin.genome.vcf_header import SampleError

_GENE = ("gene", "genesymbol", "symbol", "locus")
_DIPLOTYPE = (
    "diplotype", "diplotypes", "genotype", "sourcediplotype", "call", "alleles", "starallele", "staralleles",
    "result",
)  # fmt: skip
_PAIRS = (("allele1", "allele2"), ("haplotype1", "haplotype2"))
_PHENOTYPE = ("phenotype", "metabolizerstatus", "metaboliserstatus", "metabolizer")
_ACTIVITY = ("activityscore", "activity", "score")
_SAMPLE = ("sample", "sampleid", "samplename", "patient", "patientid", "subject", "subjectid", "id", "iid")
_WORDS = frozenset((*_DIPLOTYPE, "", "star", "haplotypes", "1639", "consensus"))
_RSID = re.compile(r"rs\d+")
_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def plain(title: str) -> str:
    """A title in lower-case letters and digits alone."""
    return re.sub(r"[^a-z0-9]+", "", title.lower())


def recognises(head: bytes, name: str) -> bool:
    """A line of titles with gene and diplotype, or with names of known genes; or JSON that holds a gene."""
    text = head.decode("utf-8", "replace").lstrip("\ufeff")
    if text.lstrip().startswith(("{", "[")):
        return b"resourceType" not in head and any(map(is_gene, re.findall(r'"([A-Z0-9-]{2,10})"', text)))
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if not lines or "\x00" in text:
        return False
    sign = next((sign for sign in "\t;," if sign in lines[0]), "")
    titles = [cell.strip().strip('"') for cell in lines[0].split(sign)] if sign else []
    return _is_long(titles) or any(_part(title)[0] for title in titles)


def _is_long(titles: Sequence[str]) -> bool:
    names = {plain(title) for title in titles}
    told = {*_DIPLOTYPE, *_PHENOTYPE, *_ACTIVITY} & names or any(set(pair) <= names for pair in _PAIRS)
    return bool(told) and any(name in names for name in _GENE)


def _part(title: str) -> tuple[str, str]:
    """(gene, what the column says of it) of a wide table's title; ("", "") for another column."""
    gene = gene_within(title)
    if not gene or not title.upper().startswith(gene):
        return "", ""
    rest = _RSID.sub("", plain(title[len(gene) :]))
    if rest in _PHENOTYPE:
        return gene, "phenotype"
    if rest in _ACTIVITY:
        return gene, "activity"
    if rest in ("1", "2") or rest in {name for pair in _PAIRS for name in pair}:
        return gene, "allele" + rest[-1]
    return (gene, "diplotype") if rest in _WORDS else ("", "")


def _first(cells: Mapping[str, str], names: Sequence[str]) -> str:
    return next((cells[name] for name in names if cells.get(name)), "")


def score_of(text: str) -> float | None:
    """An activity score, or None."""
    found = _NUMBER.search(text)
    return float(found.group()) if found else None


def _statement(gene: str, cells: Mapping[str, str], place: str) -> Statement:
    diplotype = _first(cells, _DIPLOTYPE)
    for one, other in _PAIRS:
        if not diplotype and cells.get(one):
            diplotype = "/".join(filter(None, (cells[one], cells.get(other, ""))))
    score = score_of(_first(cells, _ACTIVITY))
    return Statement(gene, several(diplotype), _first(cells, _PHENOTYPE), score, place)


def _long(rows: Sequence[Row]) -> Iterator[tuple[str, Statement]]:
    for row in rows:
        cells = {plain(title): text for title, text in row.cells.items()}
        gene = _first(cells, _GENE)
        if gene:
            yield _first(cells, _SAMPLE), _statement(gene.upper(), cells, row.place)


def _wide(rows: Sequence[Row]) -> Iterator[tuple[str, Statement]]:
    for row in rows:
        genes: dict[str, dict[str, str]] = {}
        others = {}
        for title, text in row.cells.items():
            gene, part = _part(title)
            if gene:
                genes.setdefault(gene, {}).setdefault(part, text)
            else:
                others[plain(title)] = text
        sample = _first(others, _SAMPLE) or row.place
        for gene, cells in genes.items():
            yield sample, _statement(gene, cells, f"{row.place}, {gene}")


def statements_of(rows: Sequence[Row], name: str, sample: str | None) -> tuple[str | None, list[Statement]]:
    """The chosen sample and what the rows state about it.

    Raises
    ------
    InputError
        ``table.no-genes`` where no column or row is about a gene.
    SampleError
        Rows of several samples and none named, or none of that name.
    """
    titles = list(rows[0].cells) if rows else []
    long = _is_long(titles)
    found = list(_long(rows) if long else _wide(rows))
    if not found:
        hint = "expected are columns gene and diplotype, or one column for each gene"
        raise InputError("table.no-genes", "the table names no gene", place=name, hint=hint)
    names = tuple(dict.fromkeys(one for one, _ in found))
    if sample is None and len(names) > 1:
        hint = "name one: read_genome(path, sample=...); the exception's 'found' lists them"
        raise SampleError(
            "table.several-samples", f"the table has {len(names)} samples", names, place=name, hint=hint
        )
    if sample is not None and sample not in names:
        hint = "the exception's 'found' lists what the table has"
        raise SampleError(
            "table.sample-unknown", "the table has no sample of that name", names, place=name, hint=hint
        )
    chosen = sample if sample is not None else names[0]
    known = bool(chosen) and not any(chosen == row.place for row in rows)
    return (chosen if known else None), [statement for one, statement in found if one == chosen]


def _json_rows(value: object, name: str) -> list[Row]:
    """Rows of ``{gene: diplotype}``, ``{gene: {"diplotype": ...}}`` or a list of rows."""
    if isinstance(value, list):
        return plain_rows(value, name)
    if not isinstance(value, dict):
        return []
    for key in ("diplotypes", "genes", "results"):
        if isinstance(value.get(key), dict | list):
            return _json_rows(value[key], name)
    rows = []
    for gene, said in value.items():
        cells = dict(said) if isinstance(said, dict) else {"diplotype": said}
        rows += plain_rows([{"gene": gene, **cells}], f"{name}:/{gene}") if is_gene(str(gene).upper()) else []
    return rows


def read(source: Input, options: Options) -> Genome:
    """Read a table of diplotypes in CSV, TSV or JSON; see ``read_genome``.

    Raises
    ------
    InputError
        No table, no gene in it, or no single sample to choose.
    """
    if source.head(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in (b"{", b"["):
        rows = _json_rows(json_of(source), source.name)
    else:
        rows = rows_of(lines_of(text_of(source), source.name), source.name)
    return genome_of_rows(rows, Source(source.name, source.sha256()), options)


def genome_of_rows(rows: Sequence[Row], source: Source, options: Options) -> Genome:
    """The genome that a table states.

    Raises
    ------
    InputError
        As ``statements_of``.
    """
    sample, statements = statements_of(rows, source.name, options.sample)
    return Genome.from_statements(statements, source, sample=sample)
