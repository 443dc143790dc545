"""``read_genome``: one person's genome from a file of any format that is read, a mapping or a data frame."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pytwin.errors import InputError
from pytwin.formats.archive import unpacked
from pytwin.formats.files import Input
from pytwin.genome.adapters import named, require_file, single, sniff
from pytwin.genome.genome import Genome, Source
from pytwin.genome.options import Options
from pytwin.genome.results import pypgx
from pytwin.genome.results.cells import Row, frame_rows
from pytwin.genome.results.diplotypes import genome_of_rows
from pytwin.genome.results.outside import joined

PathLike = str | os.PathLike[str]


def read_genome(
    source: PathLike | Mapping[str, str | None] | Any,
    sample: str | None = None,
    *,
    build: str | None = None,
    strand: str | None = None,
    gene: str | None = None,
    outside: PathLike | Mapping[str, str | None] | Any = None,
    format: str = "auto",
) -> Genome:
    """Read the pharmacogenes of one person.

    Parameters
    ----------
    source : path, mapping or data frame
        A VCF file (4.1 to 4.5, plain or bgzip, chromosomes with or without ``chr``); the export
        of a consumer array, also in a ZIP archive; a table of diplotypes (CSV, TSV, JSON, a data frame of
        pandas, polars or Arrow); a result of PharmCAT or PyPGx; or a mapping of gene to diplotype
        as ``Genome.from_diplotypes`` takes it.
    sample : str, optional
        Needed where the file has several samples.
    build : {"GRCh38", "GRCh37", "NCBI36"}, optional
        Says what a silent file does not; it never overrides a header, reference bases or positions that
        disagree.
    strand : {"plus"}, optional
        Says that the letters of an array are on the plus strand, where its header does not. Without
        it letters that mean something on either strand, as A/A of an A/T SNP, are missing.
    gene : str, optional
        The gene of PyPGx results that do not name it.
    outside : path, mapping or data frame, optional
        What a laboratory or another tool calls, of any kind that states diplotypes: needed for CYP2D6
        copies and HLA, which variants do not show. What the genotypes exclude is an issue, and both remain.
    format : str, optional
        Of ``pytwin.genome.adapters.FORMATS``; by default it is recognised by content.

    Returns
    -------
    Genome
        A position that is absent or not called is missing, never reference. FILTER and QUAL of a VCF
        are not used; a genotype whose FILTER is not PASS is listed.

    Raises
    ------
    InputError
        Of no format that is read, cut or damaged, of another build, or no single sample to choose.
    """
    if strand not in (None, "plus"):
        raise InputError("genome.strand", "strand must be 'plus' or None")
    genome = _read(source, Options(sample, build, strand, gene), format)
    if outside is None:
        return genome
    other = _read(outside, Options(gene=gene), "auto")
    if not other.stated:
        message = "the outside calls state nothing about a gene"
        raise InputError("genome.outside-empty", message, place=other.sources[0].name)
    genome.issues.extend(issue for issue in other.issues if issue.code != "genome.uncalled")
    return joined(genome, other.stated, other.sources)


def _read(source: Any, options: Options, format: str) -> Genome:
    if isinstance(source, Mapping):
        return Genome.from_diplotypes(source)
    if not isinstance(source, str | os.PathLike):
        return _from_frame(source, options)
    path = Path(source)
    require_file(path)
    file = Input(path)
    members = list(unpacked(file))
    if pypgx.is_archive(members):
        return pypgx.read_archive(members, options, file)
    file = single(members, file)
    adapter = sniff(file) if format == "auto" else named(format)
    return adapter.read(file, options)


def _from_frame(frame: Any, options: Options) -> Genome:
    rows: list[Row] | None = frame_rows(frame)
    if rows is None:
        message = "a genome is read from a path, a mapping of gene to diplotype, or a data frame"
        raise InputError("genome.source", message)
    return genome_of_rows(rows, Source("data frame", ""), options)
