"""Suite ``genome``: from files of genotypes to calls, beside readers of VCF and PyPGx's matching."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from environment import own_environment
from genome_files import RECORDS, cohort, genes, phased_gene, whole_genome
from row import Row, median_seconds, once_seconds

from pytwin.genome import Genome, read_genome, read_genomes
from pytwin.genome.call import call_gene
from pytwin.genome.genotype import Genotype
from pytwin.genome.tables import load_tables
from pytwin.genome.vcf import read_vcf
from pytwin.genome.vcf_genome import wanted
from pytwin.genome.vcf_index import _read_index
from pytwin.genome.vcf_regions import regions

_SAMPLES = 1_000
_PHASED = 100
_GENE = "CYP2C9"

Tuples = set[tuple[str, int, tuple[int | None, ...]]]


def rows() -> Iterator[Row]:
    """All rows; the whole genome is made once and kept in ``benchmarks/build``."""
    path = whole_genome()
    yield from _one_sample(path)
    yield _reading(path)
    with tempfile.TemporaryDirectory() as made:
        yield from _many(cohort(Path(made) / "cohort.vcf", _SAMPLES))
        yield _matching(phased_gene(Path(made) / "phased.vcf", _GENE, _PHASED))


def _one_sample(path: Path) -> Iterator[Row]:
    read_genome(path)
    _read_index.cache_clear()
    cold = once_seconds(lambda: read_genome(path))
    warm = median_seconds(lambda: read_genome(path))
    genome = read_genome(path)
    note = f"{RECORDS:,} records; the index is kept, with reading it {1e3 * cold:.0f} ms"
    yield Row("16 genes of a sample, indexed genome", 1e3 * warm, "ms", goal=50, note=note)
    work = [(gene, _observed(genome, gene.name)) for gene in genes()]
    alone = median_seconds(lambda: [call_gene(gene, observed) for gene, observed in work])
    yield Row("matching of the 16 genes alone", 1e3 * alone, "ms", goal=2)


def _observed(genome: Genome, gene: str) -> dict[int, Genotype]:
    return dict(genome.genes[gene].observed)


def _reading(path: Path) -> Row:
    """The genes' records of one sample, by the index: ours with every rule checked."""
    places = wanted(genes(), "GRCh38")
    ours: Tuples = {(r.chromosome, r.pos, r.gt) for r in read_vcf(path, places).records}
    own = median_seconds(lambda: read_vcf(path, places))
    try:
        theirs, other = _by_cyvcf2(path, places), median_seconds(lambda: _by_cyvcf2(path, places))
    except ImportError:
        theirs, other = ours, None
    return Row(
        "records of the genes by the index",
        1e3 * own,
        "ms",
        peer="cyvcf2",
        peer_value=None if other is None else 1e3 * other,
        note="no figure was asked for; ours holds each line to the rules of its version",
        agrees=ours == theirs,
    )


def _by_cyvcf2(path: Path, places: dict[str, list[int]]) -> Tuples:
    import cyvcf2

    file = cyvcf2.VCF(str(path))
    found: Tuples = set()
    for chromosome, positions in places.items():
        known = set(positions)
        for first, last in regions(positions):
            for record in file(f"chr{chromosome}:{first}-{last}"):
                if not known.isdisjoint(range(record.POS, record.end + 1)):
                    gt = tuple(record.genotypes[0][:-1])
                    found.add((chromosome, record.POS, gt))
    return found


def _many(path: Path) -> Iterator[Row]:
    """A cohort in one pass: all calls, beside cyvcf2 that only reads the genotypes."""
    called: list[Any] = []

    def own() -> None:
        called[:] = [genome.genes["VKORC1"].reported for genome in read_genomes(path)]

    seconds = once_seconds(own)
    alone = [read_genome(path, f"S{n}").genes["VKORC1"].reported for n in range(0, _SAMPLES, 100)]
    other = _genotypes(path)
    yield Row(
        "1,000 samples of a cohort, all calls in one pass",
        seconds,
        "s",
        peer="cyvcf2, genotypes only",
        peer_value=other,
        note="no figure was asked for; the peer calls no gene",
        agrees=called[::100] == alone and len(called) == _SAMPLES,
    )


def _genotypes(path: Path) -> float | None:
    try:
        import cyvcf2
    except ImportError:
        return None
    return once_seconds(lambda: [record.genotypes for record in cyvcf2.VCF(str(path))])


def _matching(path: Path) -> Row:
    """Star alleles of one gene from phased genotypes that have been read."""
    gene = load_tables().genes[_GENE]
    genomes = list(read_genomes(path))
    work = [_observed(genome, _GENE) for genome in genomes]
    own = median_seconds(lambda: [call_gene(gene, observed) for observed in work]) / _PHASED
    found = own_environment("pypgx", "pypgx_alleles.py", {"path": str(path), "gene": _GENE})
    agrees = found is None or all(
        set(genome.genes[_GENE].reported) == {gene.diplotype_name(str(one), str(two))}
        for genome, one, two in zip(genomes, found["first"], found["second"], strict=True)
    )
    return Row(
        f"allele matching of a sample's phased {_GENE}",
        1e3 * own,
        "ms",
        peer="PyPGx",
        peer_value=None if found is None else 1e3 * float(found["seconds"]),
        ratio_goal=1,
        agrees=agrees,
    )
