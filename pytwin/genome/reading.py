"""``read_genome``: one person's genome from a file of any format that is read, a mapping or a data frame."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pytwin.errors import InputError
from pytwin.formats.archive import unpacked
from pytwin.formats.files import Input
from pytwin.genome import vcf_genome
from pytwin.genome.adapters import named, require_file, single, sniff
from pytwin.genome.cohort import cohort_genomes
from pytwin.genome.frequencies import Frequencies
from pytwin.genome.genome import Genome, Source
from pytwin.genome.options import Options
from pytwin.genome.results import pypgx
from pytwin.genome.results.cells import Row, frame_rows
from pytwin.genome.results.diplotypes import genome_of_rows
from pytwin.genome.results.outside import joined
from pytwin.genome.vcf_record import Quality

PathLike = str | os.PathLike[str]


def read_genome(
    source: PathLike | Mapping[str, str | None] | Any,
    sample: str | None = None,
    *,
    build: str | None = None,
    strand: str | None = None,
    gene: str | None = None,
    outside: PathLike | Mapping[str, str | None] | Any = None,
    frequencies: Frequencies | None = None,
    filters: str | Collection[str] | None = None,
    min_gq: float | None = None,
    min_depth: int | None = None,
    validate: bool = False,
    format: str = "auto",
) -> Genome:
    """Read the pharmacogenes of one person.

    Parameters
    ----------
    source : path, mapping or data frame
        A VCF file (4.1 to 4.5, plain, gzip or bgzip, of GRCh38 or GRCh37, chromosomes with or without
        ``chr``; with an index beside it only the blocks of the genes are read); the export
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
    frequencies : Frequencies, optional
        Allele frequencies that weigh what the genotypes leave open, instead of those shipped.
    filters : "PASS" or collection of str, optional
        Of a VCF: ``"PASS"`` makes every genotype missing whose FILTER or FT is neither PASS nor a dot;
        names make those missing in which one of them stands. By default FILTER is not used, as PharmCAT
        does it, and a genotype whose FILTER is not PASS is listed. QUAL is never used.
    min_gq, min_depth : number, optional
        Of a VCF: a genotype with a lower GQ (RGQ where there is none) or DP, or without, is missing.
        None by default.
    validate : bool
        Of a VCF: hold every line and sample to the rules of its version, and list what breaks them.
        By default that is done for the header and the lines of wanted positions; others are held to the
        shape of their first five columns, and not even read where the file has an index.
    format : str, optional
        Of ``pytwin.genome.adapters.FORMATS``; by default it is recognised by content.

    Returns
    -------
    Genome
        A position that is absent, filtered out or not called is missing, never reference.

    Raises
    ------
    InputError
        Of no format that is read, cut or damaged, of another build, or no single sample to choose.
    """
    if strand not in (None, "plus"):
        raise InputError("genome.strand", "strand must be 'plus' or None")
    quality = Quality.of(filters, min_gq, min_depth)
    genome = _read(source, Options(sample, build, strand, gene, quality, validate), format)
    if frequencies is not None:
        genome = genome.with_frequencies(frequencies)
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
    if format in ("auto", "vcf") and vcf_genome.recognises(b"", file.name.lower().removesuffix(".gz")):
        return vcf_genome.read(file, options)
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


def read_genomes(
    source: PathLike,
    samples: Sequence[str] | None = None,
    *,
    build: str | None = None,
    filters: str | Collection[str] | None = None,
    min_gq: float | None = None,
    min_depth: int | None = None,
    validate: bool = False,
) -> Iterator[Genome]:
    """Read the pharmacogenes of all samples of a VCF file in one pass.

    Parameters
    ----------
    source : path
        A VCF file.
    samples : sequence of str, optional
        Those to read, in this order; all by default, in the file's order.
    build, filters, min_gq, min_depth, validate
        As for ``read_genome``, which gives the same genome for each sample.

    Returns
    -------
    iterator of Genome
        ``Genome.sample`` names whose each is. The file has been read when the first is asked for.

    Raises
    ------
    InputError
        As ``read_genome``, before the first genome.
    """
    path = Path(source)
    require_file(path)
    file = Input(path)
    if sniff(file).name != "vcf":
        message = "several samples are read from a VCF file alone"
        raise InputError("format.unsupported", message, place=file.name, hint="read_genome reads one")
    quality = Quality.of(filters, min_gq, min_depth)
    return cohort_genomes(path, Options(build=build, quality=quality, validate=validate), samples)
