"""Genome: one person's diplotypes, phenotypes, and which positions could not be called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from pytwin.genome.call import Call, Marginal
from pytwin.genome.frequencies import Frequencies
from pytwin.genome.genotype import Genotype
from pytwin.genome.known import is_gene
from pytwin.genome.rows import GenomeRow, genome_row, html_table, stated_row
from pytwin.genome.stated import is_missing, several
from pytwin.genome.statement import Statement, calls_of, digest, grouped
from pytwin.genome.tables import Position, load_tables
from pytwin.issues import Issues


class Source(NamedTuple):
    """Where a genome came from: a file's name and the SHA-256 of its bytes."""

    name: str
    sha256: str


class Callability(NamedTuple):
    """How many of a gene's positions were called, which were not, and the alleles that leaves untested."""

    called: int
    total: int
    uncalled: tuple[str, ...]
    untested: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Genome:
    """One person's genotypes; ``repr`` and ``issues`` hold no genotype and no sample name.

    Attributes
    ----------
    genes : mapping of str to Call
        A call for every gene of the tables, also where nothing is known.
    build : str or None
        Of the file: ``GRCh38``, ``GRCh37``, or ``NCBI36`` (arrays); None where no file of positions was
        read or it covers none. Calls are always in the tables' GRCh38.
    sample : str or None
    issues : Issues
    sources : tuple of Source
    tables_version : str
        Version of the allele tables.
    others : mapping
        Positions that are reported beside the genes, by rsID.
    stated : mapping of str to tuple of Statement
        What sources state about genes, also about those without an allele table.
    """

    genes: Mapping[str, Call] = field(repr=False)
    build: str | None
    sample: str | None = field(repr=False)
    issues: Issues
    sources: tuple[Source, ...]
    tables_version: str
    others: Mapping[str, tuple[Position, Genotype]] = field(default_factory=dict, repr=False)
    stated: Mapping[str, tuple[Statement, ...]] = field(default_factory=dict, repr=False)

    @classmethod
    def from_diplotypes(cls, diplotypes: Mapping[str, str | None], source: str = "diplotypes") -> Genome:
        """A genome from stated diplotypes.

        Parameters
        ----------
        diplotypes : mapping
            Gene to diplotype: ``"*1/*2"``; for VKORC1 ``"A/G"``, ``"GG"``, ``"-1639 G/A"`` or plus-strand
            ``"C/T"``. None, blank and words such as ``"NA"`` are missing. A star allele outside the table
            is kept and has no function. Text that is no diplotype, and genes without a table, become
            issues of severity ``error`` and count as missing.
        source : str
            Name for places and provenance.

        Returns
        -------
        Genome
        """
        stated = [
            Statement(
                gene,
                () if is_missing(text) else several(str(text)),
                place=f"{source}:{gene}" if is_gene(gene) else source,
            )
            for gene, text in diplotypes.items()
        ]
        return cls.from_statements(stated, source)

    @classmethod
    def from_statements(
        cls,
        statements: Iterable[Statement],
        source: str | Source = "statements",
        *,
        sample: str | None = None,
        issues: Issues | None = None,
    ) -> Genome:
        """A genome from what sources state about genes; where they differ, all that is stated remains.

        Parameters
        ----------
        statements : iterable of Statement
        source : str or Source
            Name for provenance, or name and hash of a file.
        sample : str, optional
        issues : Issues, optional
            What was odd so far.

        Returns
        -------
        Genome
            Genes without an allele table are kept in ``stated`` as they are written.
        """
        issues = Issues() if issues is None else issues
        stated = grouped(statements, issues)
        genes = calls_of(stated, issues)
        origin = Source(source, digest(genes)) if isinstance(source, str) else source
        return cls(genes, None, sample, issues, (origin,), load_tables().version, stated=stated)

    def with_issues(self, issues: Issues) -> Genome:
        """The same genome with another list of issues."""
        return replace(self, issues=issues)

    def to_fhir(self, subject: str | None = None, effective: str | None = None) -> dict[str, Any]:
        """The genome as FHIR, by the guide "Genomics Reporting" 3.0.0.

        Parameters
        ----------
        subject : str, optional
            Reference to the patient, as ``"Patient/7"``.
        effective : str, optional
            When the observations hold, as FHIR writes a time.

        Returns
        -------
        dict
            A Bundle (JSON) of Observations: a variant for each observed position, the genotype and the
            phenotype of each gene, and what others state. It holds no name of a sample, and
            ``read_genome`` reads it back as the same genome.
        """
        from pytwin.genome.fhir.write import bundle

        return bundle(self, subject, effective)

    def diplotypes(self, gene: str, race: str | None = None) -> tuple[tuple[str, float], ...]:
        """Possible diplotypes of a gene with probabilities summing to 1, likeliest first.

        Parameters
        ----------
        gene : str
        race : str, optional
            A group of ``pytwin.genome.frequencies.groups()`` whose allele frequencies weigh what the data
            leave open; anything else is the mixture of all groups.

        Returns
        -------
        tuple of (str, float)
            Empty where nothing is known about the gene, or no known alleles explain the data. Of a gene
            without an allele table what is stated, alike.
        """
        call = self.genes.get(gene)
        if call is not None:
            return tuple((d.name, d.probability) for d in call.weighted(race))
        named = dict.fromkeys(text for one in self.stated.get(gene, ()) for text in one.diplotypes)
        return tuple((text, 1 / len(named)) for text in named)

    def marginal(
        self, gene: str, groups: Mapping[str, Iterable[str]] | None = None, race: str | None = None
    ) -> Marginal:
        """Diplotypes over groups of alleles, with the share that carries an allele outside all groups.

        Parameters
        ----------
        gene : str
        groups : mapping, optional
            Group name to its alleles, for example ``{"*1": ["*1", "*9"], "*2": ["*2"], "*3": ["*3"]}``;
            by default ``*1``, ``*2``, ``*3`` alone for a star-allele gene, else every allele alone.
        race : str, optional
            As in ``diplotypes``.

        Returns
        -------
        Marginal
        """
        call = self.genes.get(gene)
        if call is None:
            return Marginal((), 0.0)
        names = ("*1", "*2", "*3") if call.table.separator else call.table.labels
        return call.marginal(groups or {name: (name,) for name in names}, race)

    def genotype(self, rsid: str) -> tuple[str | None, str | None] | None:
        """Plus-strand alleles of one position, None for one not seen; None where there is no record of it."""
        if rsid in self.others:
            return self.others[rsid][1].alleles
        for call in self.genes.values():
            for position in call.table.positions:
                if position.rsid == rsid:
                    found = call.observed.get(position.pos)
                    return found.alleles if found else None
        return None

    def with_frequencies(self, frequencies: Frequencies | None) -> Genome:
        """The same genome, what it leaves open weighed by a table that a user supplies."""
        genes = {name: call.with_frequencies(frequencies) for name, call in self.genes.items()}
        return replace(self, genes=genes)

    @property
    def callability(self) -> dict[str, Callability]:
        """For each gene how many positions were called, and what could not be tested."""
        result = {}
        for name, call in self.genes.items():
            total = len(call.table.positions)
            result[name] = Callability(call.called, total, call.uncalled, call.untested)
        return result

    @property
    def table(self) -> tuple[GenomeRow, ...]:
        """One row for each gene of the tables, then for each that is only stated."""
        rows = [genome_row(call, self.stated.get(name, ())) for name, call in self.genes.items()]
        others = [stated_row(name, said) for name, said in self.stated.items() if name not in self.genes]
        return (*rows, *others)

    def plot(self) -> Any:
        """Phenotypes of each gene about which something is known, with their probabilities.

        Returns
        -------
        Figure
            Of matplotlib, in no registry; it shows phenotypes, so it identifies its owner.
        """
        from pytwin.report import genomes

        return genomes.plot(self)

    def __repr__(self) -> str:
        states = ", ".join(f"{name} {call.status}" for name, call in self.genes.items())
        return f"Genome({states}; {len(self.issues)} issues)"

    def _repr_html_(self) -> str:
        note = f"allele tables {self.tables_version}, {len(self.issues)} issues; research use only"
        return html_table(self.table, note)
