"""Outside calls: PharmCAT's file of them, and how they join what a file of genotypes shows.

The file has up to four columns without titles: gene, diplotype, phenotype, activity score (PharmCAT,
"Outside Call Format").
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from pytwin.formats.files import Input
from pytwin.genome.call import Call
from pytwin.genome.genome import Genome, Source
from pytwin.genome.known import gene_within, is_gene
from pytwin.genome.options import Options
from pytwin.genome.results.cells import lines_of, text_of
from pytwin.genome.results.diplotypes import score_of
from pytwin.genome.stated import several
from pytwin.genome.statement import Statement, parts, stated_pairs
from pytwin.genome.tables import Gene, load_tables
from pytwin.genome.witness import Pair, narrowed, of_pairs, witnessed
from pytwin.issues import Issues


def recognises(head: bytes, name: str) -> bool:
    """A first line of two to four cells between tabs, of which the first alone is a gene."""
    text = head.decode("utf-8", "replace").lstrip("\ufeff")
    first = next((line for line in text.splitlines() if line.strip() and line[0] != "#"), "")
    gene, *others = (cell.strip() for cell in first.split("\t"))
    return is_gene(gene) and 0 < len(others) < 4 and not any(gene_within(cell) for cell in others)


def read(source: Input, options: Options) -> Genome:
    """Read a file of outside calls; see ``read_genome``."""
    statements = []
    for number, cells in lines_of(text_of(source), source.name):
        gene, diplotype, phenotype, score = [*cells, "", "", "", ""][:4]
        place = f"{source.name}:line {number}"
        statements.append(Statement(gene, several(diplotype), phenotype, score_of(score), place))
    return Genome.from_statements(statements, Source(source.name, source.sha256()))


def joined(genome: Genome, stated: Mapping[str, Sequence[Statement]], sources: tuple[Source, ...]) -> Genome:
    """A genome together with what others state about its genes.

    A stated diplotype that the genotypes allow is taken. One that they exclude is an issue, and both what
    they allow and what is stated remain. A diplotype with an allele that no variant shows (a gene's
    deletion or copies, an allele outside the tables) cannot be excluded, and is taken with a note.
    """
    tables = load_tables().genes
    genes = dict(genome.genes)
    for name, statements in stated.items():
        for one in statements if name in tables else ():
            pairs = stated_pairs(tables[name], one, genome.issues)
            if pairs:
                genes[name] = _join(tables[name], genes[name], pairs, one, genome.issues)
    together = {
        name: (*genome.stated.get(name, ()), *stated.get(name, ())) for name in {**genome.stated, **stated}
    }
    return replace(genome, genes=genes, stated=together, sources=(*genome.sources, *sources))


def allows(call: Call, pair: Pair) -> bool:
    """Whether the genotypes of a call leave a pair of alleles possible."""
    return call.allows(*pair)


def _join(gene: Gene, call: Call, pairs: list[Pair], statement: Statement, issues: Issues) -> Call:
    place = statement.place
    named = pairs if statement.diplotypes else []
    if call.status == "no information":
        return witnessed(gene, [of_pairs(gene, pairs)], named, call if call.observed else None)
    # an allele that no variant shows
    hidden = any(part not in gene.order for pair in pairs for name in pair for part in parts(name))
    if call.status == "no match" or hidden:
        message = "what is stated cannot be compared with the genotypes"
        issues.add("genome.outside-unseen", message, place=place, action="taken as stated")
        return witnessed(gene, [of_pairs(gene, pairs)], named, call)
    inside = [pair for pair in pairs if allows(call, pair)]
    if inside:
        return witnessed(gene, [narrowed(call, inside)], inside if statement.diplotypes else (), call)
    issues.add(
        "genome.outside-differs",
        "the genotypes exclude what is stated about the gene",
        place=place,
        action="both remain possible",
        severity="error",
    )
    return witnessed(gene, [call.weighted, of_pairs(gene, pairs)], (), call)
