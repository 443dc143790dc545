"""From observed genotypes to a Genome, for every format that gives genotypes of positions."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

from pytwin.genome.call import Call, call_gene
from pytwin.genome.genome import Genome, Source
from pytwin.genome.genotype import OTHER, Genotype
from pytwin.genome.tables import Gene, Position, Tables, load_tables
from pytwin.issues import Issues


class Observes(Protocol):
    """Knows what one file says about positions."""

    name: str

    def observe(self, position: Position) -> Genotype | None:
        """The genotype of one position; None where the file says nothing about it."""


def called_genome(
    observer: Observes,
    *,
    build: str | None,
    sample: str | None,
    issues: Issues,
    source: Source,
    call: Callable[[Gene], Call] | None = None,
) -> Genome:
    """Call every gene of the tables from what a file says about its positions, or by ``call``."""
    tables = load_tables()
    genes = {
        name: call(gene) if call else called(gene, observer, issues) for name, gene in tables.genes.items()
    }
    if all(call.status == "no information" for call in genes.values()):
        issues.add(
            "genome.no-positions",
            "no position of the tables was called",
            place=observer.name,
            action="nothing is known",
        )
    others = _others(tables, observer)
    return Genome(genes, build, sample, issues, (source,), tables.version, others)


def called(gene: Gene, observer: Observes, issues: Issues) -> Call:
    """Call one gene, with an issue for what could not be."""
    observed = {p.pos: found for p in gene.positions if (found := observer.observe(p)) is not None}
    call = call_gene(gene, observed)
    place = f"{observer.name}:{gene.name}"
    if call.status == "no match":
        why = "an allele outside the tables" if _other(observed) else "no pair of known alleles"
        issues.add("genome.no-match", f"the genotypes fit {why}", place=place, action="gene not called")
    if call.uncalled:
        issues.add(
            "genome.uncalled",
            f"{len(call.uncalled)} of {len(gene.positions)} positions of the gene were not called",
            place=place,
            action="missing, never reference",
            found=", ".join(call.uncalled),
        )
    return call


def _other(observed: Mapping[int, Genotype]) -> bool:
    return any(OTHER in genotype.alleles for genotype in observed.values())


def _others(tables: Tables, observer: Observes) -> dict[str, tuple[Position, Genotype]]:
    """Positions that are reported beside the genes."""
    result = {}
    for gene in tables.genes.values():
        for position in gene.extra:
            found = observer.observe(position)
            if found is not None and position.rsid:
                result[position.rsid] = (position, found)
    return result
