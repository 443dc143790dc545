"""``read_genome``: one person's genome from a file of any format that is read, or from a mapping."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.genome.adapters import named, require_file, single, sniff
from pytwin.genome.genome import Genome
from pytwin.genome.options import Options


def read_genome(
    source: str | os.PathLike[str] | Mapping[str, str | None],
    sample: str | None = None,
    *,
    build: str | None = None,
    strand: str | None = None,
    format: str = "auto",
) -> Genome:
    """Read the pharmacogenes of one person.

    Parameters
    ----------
    source : path or mapping
        A VCF file (4.1 to 4.5, plain or bgzip, GRCh38, chromosomes with or without ``chr``); the export
        of a consumer array, also in a ZIP archive; or a mapping of gene to diplotype as
        ``Genome.from_diplotypes`` takes it.
    sample : str, optional
        Needed where the file has several samples.
    build : {"GRCh38", "GRCh37", "NCBI36"}, optional
        Says what a silent file does not; it never overrides a header, reference bases or positions that
        disagree. A VCF must be of GRCh38.
    strand : {"plus"}, optional
        Says that the letters of an array are on the plus strand, where its header does not. Without
        it letters that mean something on either strand, as A/A of an A/T SNP, are missing.
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
    if isinstance(source, Mapping):
        return Genome.from_diplotypes(source)
    if strand not in (None, "plus"):
        raise InputError("genome.strand", "strand must be 'plus' or None")
    path = Path(source)
    require_file(path)
    file = single(Input(path))
    adapter = sniff(file) if format == "auto" else named(format)
    return adapter.read(file, Options(sample, build, strand))
