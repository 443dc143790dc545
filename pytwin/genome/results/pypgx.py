"""Results of PyPGx: a row for each sample with Genotype and Phenotype, one file or archive a gene."""

from __future__ import annotations

from collections.abc import Sequence

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.genome.genome import Genome, Source
from pytwin.genome.known import gene_within, is_gene
from pytwin.genome.options import Options
from pytwin.genome.results.cells import Row, lines_of, rows_of, text_of
from pytwin.genome.results.diplotypes import genome_of_rows, plain

_TITLES = {"genotype", "phenotype", "haplotype1", "haplotype2"}


def recognises(head: bytes, name: str) -> bool:
    """The titles that PyPGx gives its results."""
    first = head.decode("utf-8", "replace").lstrip("\ufeff").split("\n", 1)[0]
    return "\t" in first and {plain(title) for title in first.split("\t")} >= _TITLES


def is_archive(members: Sequence[Input]) -> bool:
    """Whether the files of a ZIP archive are an archive of PyPGx: metadata and data."""
    return {member.name for member in members} == {"metadata.txt", "data.tsv"}


def read(source: Input, options: Options) -> Genome:
    """Read a table of results; the gene is named in a column, by the caller or in the file's name.

    Raises
    ------
    InputError
        ``pypgx.gene`` where nothing names the gene; no single sample to choose.
    """
    return _read(source, options.gene or gene_within(source.name), options, source)


def read_archive(members: Sequence[Input], options: Options, source: Input) -> Genome:
    """Read an archive of results; its metadata name the gene.

    Raises
    ------
    InputError
        Not of type results, or as ``read``.
    """
    by_name = {member.name: member for member in members}
    lines = (line.partition("=") for line in text_of(by_name["metadata.txt"]).splitlines())
    metadata = {key.strip(): value.strip() for key, _, value in lines}
    if "Results" not in metadata.get("SemanticType", ""):
        message = "the archive holds something else than results of PyPGx"
        raise InputError("format.unsupported", message, place=source.name)
    return _read(by_name["data.tsv"], metadata.get("Gene", ""), options, source)


def _read(table: Input, gene: str, options: Options, source: Input) -> Genome:
    rows = rows_of(lines_of(text_of(table), table.name), table.name)
    named = [_titled(row, gene) for row in rows]
    if rows and not all(is_gene(row.cells["gene"]) for row in named):
        hint = "name it: read_genome(path, gene='CYP2D6')"
        raise InputError(
            "pypgx.gene", "nothing tells of which gene the results are", place=source.name, hint=hint
        )
    return genome_of_rows(named, Source(source.name, source.sha256()), options)


def _titled(row: Row, gene: str) -> Row:
    """The row with its gene, and its first column, which has no title, as the sample."""
    cells = {plain(title): text for title, text in row.cells.items()}
    kept: dict[str, str] = {key: cells[key] for key in ("genotype", "phenotype") if key in cells}
    sample = cells.get("", cells.get("sample", ""))
    return Row(row.place, {"sample": sample, "gene": cells.get("gene") or gene} | kept)
