"""Genome: one person's diplotypes, phenotypes, and which positions could not be called."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

from pytwin.genome.build import require_grch38
from pytwin.genome.call import Call, Marginal, call_gene, missing_call, stated_call
from pytwin.genome.genotype import OTHER, Genotype
from pytwin.genome.observe import Observer
from pytwin.genome.stated import is_missing, parse_diplotype
from pytwin.genome.tables import Gene, Position, Tables, load_tables
from pytwin.genome.vcf import read_vcf
from pytwin.genome.vcf_stream import file_hash
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


class GenomeRow(NamedTuple):
    """One line of ``Genome.table``."""

    gene: str
    status: str
    reported: str
    likeliest: str
    probability: float | None
    phenotype: str | None
    activity_score: float | None
    called: int
    total: int


@dataclass(frozen=True, eq=False)
class Genome:
    """One person's genotypes; ``repr`` and ``issues`` hold no genotype and no sample name.

    Attributes
    ----------
    genes : mapping of str to Call
        A call for every gene of the tables, also where nothing is known.
    build : str or None
        ``GRCh38``; None where no file was read or it covers no position.
    sample : str or None
    issues : Issues
    sources : tuple of Source
    tables_version : str
        Version of the allele tables.
    """

    genes: Mapping[str, Call] = field(repr=False)
    build: str | None
    sample: str | None = field(repr=False)
    issues: Issues
    sources: tuple[Source, ...]
    tables_version: str
    others: Mapping[str, tuple[Position, Genotype]] = field(default_factory=dict, repr=False)

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
        tables, issues = load_tables(), Issues()
        for name in diplotypes:
            if name not in tables.genes:
                _issue(
                    issues, "genome.gene-unknown", "there is no allele table for the gene", source, "not used"
                )
        genes = {
            name: _stated(gene, diplotypes[name], issues, source)
            if name in diplotypes
            else missing_call(gene)
            for name, gene in tables.genes.items()
        }
        text = json.dumps({name: call.reported for name, call in genes.items()}, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return cls(genes, None, None, issues, (Source(source, digest),), tables.version)

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
            Empty where nothing is known about the gene, or no known alleles explain the data.
        """
        call = self.genes.get(gene)
        return tuple((d.name, d.probability) for d in call.weighted(race)) if call else ()

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
        """One row for each gene."""
        return tuple(_row(call) for call in self.genes.values())

    def __repr__(self) -> str:
        states = ", ".join(f"{name} {call.status}" for name, call in self.genes.items())
        return f"Genome({states}; {len(self.issues)} issues)"

    def _repr_html_(self) -> str:
        head = "".join(f"<th>{text.replace('_', ' ')}</th>" for text in GenomeRow._fields)
        rows = "".join(
            f"<tr>{''.join(f'<td>{_cell(value)}</td>' for value in row)}</tr>" for row in self.table
        )
        note = f"allele tables {escape(self.tables_version)}, {len(self.issues)} issues; research use only"
        return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table><p>{note}</p>"


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3g}" if isinstance(value, float) else escape(str(value))


def _row(call: Call) -> GenomeRow:
    likeliest = call.diplotypes[0] if call.diplotypes else None
    total = len(call.table.positions)
    return GenomeRow(
        call.gene,
        call.status,
        " or ".join(call.reported),
        likeliest.name if likeliest else "",
        likeliest.probability if likeliest else None,
        call.phenotype,
        call.activity_score,
        call.called,
        total,
    )


def _issue(issues: Issues, code: str, message: str, place: str, action: str, found: str = "") -> None:
    issues.add(code, message, place=place, action=action, severity="error", found=found)


def _stated(gene: Gene, text: object, issues: Issues, source: str) -> Call:
    place = f"{source}:{gene.name}"
    if is_missing(text):
        issues.add("genome.missing", "no genotype is given", place=place, action="missing, never reference")
        return missing_call(gene)
    pair = parse_diplotype(gene, str(text))
    if pair is None:
        _issue(
            issues, "genome.diplotype-unreadable", "not a diplotype of the gene", place, "missing", str(text)
        )
        return missing_call(gene)
    if any(gene.allele(name) is None for name in pair):
        issues.add(
            "genome.allele-unknown",
            "an allele that the tables do not list",
            place=place,
            action="kept, no function",
        )
    return stated_call(gene, *pair)


def _wanted(genes: Iterable[Gene]) -> dict[str, list[int]]:
    """Positions to look for, in both builds: the older one tells a file of GRCh37."""
    wanted: dict[str, set[int]] = {}
    for gene in genes:
        for position in (*gene.positions, *gene.extra):
            # A block or deletion that reaches into an indel's REF counts too.
            span = range(position.pos, position.pos + len(position.ref))
            wanted.setdefault(gene.chromosome, set()).update(span)
            if position.pos37 is not None:
                wanted[gene.chromosome].add(position.pos37)
    return {chromosome: sorted(positions) for chromosome, positions in wanted.items()}


def _called(gene: Gene, observer: Observer, issues: Issues) -> Call:
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


def read_genome(path: str | Path, sample: str | None = None, *, build: str | None = None) -> Genome:
    """Read the pharmacogenes of one sample from a VCF file.

    Parameters
    ----------
    path : path
        VCF 4.1 to 4.5, plain or gzip (bgzip), GRCh38, chromosomes with or without ``chr``.
    sample : str, optional
        Needed where the file has several samples.
    build : {"GRCh38"}, optional
        Says what a silent header does not; it never overrides a header or reference bases that disagree.

    Returns
    -------
    Genome
        A position that is absent or ``./.`` is missing, never reference. FILTER and QUAL are not used;
        a genotype whose FILTER is not PASS is listed.

    Raises
    ------
    InputError
        Not a readable VCF, cut or damaged, of another build than GRCh38, or no single sample to choose.
    """
    path = Path(path)
    tables = load_tables()
    file = read_vcf(path, _wanted(tables.genes.values()), sample)
    found_build = require_grch38(file, tables.genes.values(), build)
    observer = Observer(path.name, file.records, file.issues)
    genes = {name: _called(gene, observer, file.issues) for name, gene in tables.genes.items()}
    if all(call.status == "no information" for call in genes.values()):
        file.issues.add(
            "genome.no-positions",
            "no position of the tables was called",
            place=path.name,
            action="nothing is known",
        )
    source = Source(path.name, file_hash(path))
    return Genome(
        genes, found_build, file.sample, file.issues, (source,), tables.version, _others(tables, observer)
    )


def _others(tables: Tables, observer: Observer) -> dict[str, tuple[Position, Genotype]]:
    """Positions that are reported beside the genes."""
    result = {}
    for gene in tables.genes.values():
        for position in gene.extra:
            found = observer.observe(position)
            if found is not None and position.rsid:
                result[position.rsid] = (position, found)
    return result
