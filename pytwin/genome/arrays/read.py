"""The genome of a consumer array: build found out, each position by its rsID or its place, strand care."""

from __future__ import annotations

from collections import defaultdict
from typing import NamedTuple

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.genome.arrays.alleles import combine
from pytwin.genome.arrays.places import BUILDS, place_par, telling_positions, votes
from pytwin.genome.arrays.rows import ArrayFile, Snp, Wanted, read_array
from pytwin.genome.arrays.strand import orient
from pytwin.genome.genome import Genome, Source
from pytwin.genome.genotype import MISSING, Genotype
from pytwin.genome.observed import called_genome
from pytwin.genome.options import Options
from pytwin.genome.tables import Position, Tables, load_tables

_STRAND = {
    "array.strand-other": (
        "the letters fit the table on the other strand only",
        "read on the other strand",
        True,
    ),
    "array.strand-ambiguous": ("the letters fit both strands, and the file states none", "missing", False),
    "array.strand-contradicted": ("the letters fit the other strand than the file states", "missing", False),
    "array.indel-unclear": ("I and D do not tell which of the table's alleles is meant", "missing", False),
    "array.not-in-table": ("the letters fit the table on neither strand", "missing", False),
}


def read(source: Input, options: Options) -> Genome:
    """Read the export of a consumer array; see ``read_genome``.

    Raises
    ------
    InputError
        No columns of an array, a build that cannot be, several samples and none named.
    """
    tables = load_tables()
    if options.build not in (None, *BUILDS):
        message = f"build must be one of {', '.join(BUILDS)}"
        raise InputError("genome.build-unknown", message, place=source.name)
    file = read_array(source, options.sample, wanted(tables))
    build = find_build(file, tables, options.build)
    observer = ArrayObserver(file, build, options.strand == "plus")
    genome = called_genome(
        observer,
        build=build,
        sample=file.sample,
        issues=file.issues,
        source=Source(source.name, source.sha256()),
    )
    return genome.with_issues(file.issues.finish(file.name))


def wanted(tables: Tables) -> Wanted:
    """Rows that are looked for: by rsID and by place in both builds, with those that tell the build."""
    places = set()
    for gene in tables.genes.values():
        for position in (*gene.positions, *gene.extra):
            places.add((position.chromosome, position.pos))
            if position.pos37 is not None:
                places.add((position.chromosome, position.pos37))
    return Wanted(frozenset(telling_positions(tables)), frozenset(places))


def find_build(file: ArrayFile, tables: Tables, stated: str | None = None) -> str | None:
    """The build of an export: by positions of known rsIDs, else by its header, else as stated.

    Returns
    -------
    str or None
        ``NCBI36``, ``GRCh37``, ``GRCh38``; None where nothing tells it.
    """
    telling = telling_positions(tables)
    rows = [(name, snp.chromosome, snp.pos) for snp in file.snps for name in snp.ids]
    found = votes(rows, telling)
    named = file.build_named or stated
    if not found:
        build = named
    else:
        (build, most), *others = found.most_common()
        if others or (named and named != build):
            file.issues.add(
                "genome.build-conflict",
                f"{most} of {sum(found.values())} known positions are of one build"
                + ("" if named in (None, build) else ", the header names another"),
                place=file.name,
                action=f"read as {build}",
            )
    if build is None:
        file.issues.add(
            "genome.build-unknown",
            "neither header nor positions tell the genome build",
            place=file.name,
            action="SNPs are found by their rsID alone",
            severity="note",
        )
    elif build == "NCBI36":
        file.issues.add(
            "genome.build-36",
            "the file is of build NCBI36 (hg18)",
            place=file.name,
            action="SNPs are found by their rsID alone, and its strand is not relied on",
        )
    return build


class _Read(NamedTuple):
    """One row in the table's letters."""

    alleles: tuple[str | None, ...]
    line: int


class ArrayObserver:
    """What the rows of an export say about positions of the tables."""

    def __init__(self, file: ArrayFile, build: str | None, plus: bool = False) -> None:
        self.name = file.name
        self.issues = file.issues
        self.build = build
        self.plus = (file.plus or plus) and build != "NCBI36"
        self.by_id: dict[str, list[Snp]] = defaultdict(list)
        self.by_place: dict[tuple[str, int], list[Snp]] = defaultdict(list)
        for snp in file.snps:
            chromosome: str | None = snp.chromosome
            if chromosome == "PAR":
                chromosome = place_par(snp.pos, build)
            if chromosome is None:
                self._note("array.par", "the position is in no pseudo-autosomal region", snp, "not used")
                continue
            for name in snp.ids:
                self.by_id[name].append(snp)
            self.by_place[chromosome, snp.pos].append(snp)

    def observe(self, position: Position) -> Genotype | None:
        """The genotype of one position; None where the export has no row of it."""
        snps = self._rows(position)
        read = [found for snp in snps if (found := self._read(position, snp)) is not None]
        if not read:
            return None
        together: tuple[str | None, ...] | None = read[0].alleles
        for other in read[1:]:
            together = None if together is None else combine(together, other.alleles)
        if together is None:
            message = "rows of the position contradict each other"
            self._note("genome.contradiction", message, snps[0], "missing", position)
            return MISSING
        first, second = [*together, None][:2]
        genotype = Genotype((first, second))
        if genotype.missing and not any(any(snp.alleles) for snp in snps):
            message = "the position was not called"
            self._note("genome.no-call", message, snps[0], "missing, never reference", position)
        return genotype

    def _expected(self, position: Position) -> int | None:
        return {"GRCh37": position.pos37, "GRCh38": position.pos}.get(self.build or "")

    def _rows(self, position: Position) -> list[Snp]:
        """Rows of a position: by its rsID, and in a known build by its place."""
        expected = self._expected(position)
        plain = all(len(letters) == 1 for letters in (position.ref, *position.alts))
        rows = []
        for snp in self.by_id.get(position.rsid or "", ()):
            # Arrays place an insertion or deletion at its first changed base, or the one before.
            elsewhere = plain and expected is not None and snp.pos != expected
            if snp.chromosome != position.chromosome or elsewhere:
                message = "the rsID stands at another position than the tables have"
                self._note("array.position", message, snp, "row not used", position)
            else:
                rows.append(snp)
        if expected is not None and plain:
            rows += [s for s in self.by_place.get((position.chromosome, expected), ()) if s not in rows]
        return rows

    def _read(self, position: Position, snp: Snp) -> _Read | None:
        oriented = orient(position, snp.alleles, self.plus)
        if oriented.issue:
            message, action, used = _STRAND[oriented.issue]
            self._note(oriented.issue, message, snp, action, position)
            if not used and position.rsid not in snp.ids:
                return None  # another variant at the same place says nothing
        return _Read(oriented.alleles, snp.line)

    def _note(self, code: str, message: str, snp: Snp, action: str, position: Position | None = None) -> None:
        label = f", {position.label}" if position else ""
        self.issues.add(code, message, place=f"{self.name}:line {snp.line}{label}", action=action)
