"""Results of PharmCAT: the JSON of its matcher and its phenotyper, and the table of its reporter.

The JSON files hold genotypes by position: from these the genes are called anew, so that a position which
PharmCAT had to take for reference stays missing; what it called is compared. Calls that it had from outside,
and genes without an allele table, are taken as they are.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.genome.genome import Genome, Source
from pytwin.genome.genotype import OTHER, Genotype
from pytwin.genome.known import is_gene
from pytwin.genome.observed import called_genome
from pytwin.genome.options import Options
from pytwin.genome.results.cells import Row, json_of, lines_of, rows_of, text_of
from pytwin.genome.results.diplotypes import plain, score_of
from pytwin.genome.results.outside import allows, joined
from pytwin.genome.stated import is_missing
from pytwin.genome.statement import Statement, grouped, stated_pairs
from pytwin.genome.tables import Position, load_tables
from pytwin.issues import Issues

_REPORT = {"gene", "sourcediplotype", "phenotype"}


def recognises(head: bytes, name: str) -> bool:
    """Keys or titles that PharmCAT alone writes."""
    if head.lstrip()[:1] == b"{":
        return any(
            key in head for key in (b'"matcherMetadata"', b'"namedAlleleMatcherVersion"', b'"geneReports"')
        )
    return _titles_at(head.decode("utf-8", "replace")) is not None


def _titles_at(text: str) -> int | None:
    """Which of the first two lines holds the report's titles."""
    for at, line in enumerate(text.splitlines()[:2]):
        if {plain(title) for title in line.split("\t")} >= _REPORT:
            return at
    return None


def read(source: Input, options: Options) -> Genome:
    """Read a result of PharmCAT; see ``read_genome``.

    Raises
    ------
    InputError
        Not JSON or not of the known form.
    """
    origin = Source(source.name, source.sha256())
    if source.head(64).lstrip()[:1] == b"{":
        return _from_json(json_of(source), origin)
    text = text_of(source)
    lines = lines_of(text, source.name)
    at = next((at for at, (_, cells) in enumerate(lines[:2]) if {plain(c) for c in cells} >= _REPORT), None)
    if at is None:
        raise InputError("pharmcat.titles", "the report lacks its titles", place=source.name)
    return _from_report(rows_of(lines[at:], source.name), origin)


def _from_report(rows: list[Row], origin: Source) -> Genome:
    """The table of the reporter; several rows of a gene are the diplotypes that it left open."""
    issues = Issues()
    found: dict[str, list[dict[str, str]]] = defaultdict(list)
    places: dict[str, str] = {}
    for row in rows:
        cells = {plain(title): text for title, text in row.cells.items()}
        found[cells["gene"]].append(cells)
        places.setdefault(cells["gene"], row.place)
    statements = []
    for gene, several in found.items():
        if any(cells.get("missingpositions", "").lower() == "yes" for cells in several):
            message = "positions were missing, which the report takes for reference"
            action = "kept as stated; the file of variants tells more"
            issues.add("genome.positions-missing", message, place=places[gene], action=action)
        texts = tuple(dict.fromkeys(_diplotype(cells) for cells in several))
        first = several[0]
        same = len({cells["phenotype"] for cells in several}) == 1
        phenotype = first["phenotype"].strip() if same else ""
        score = score_of(first.get("activityscore", "")) if same else None
        statements.append(Statement(gene, texts, phenotype, score, places[gene]))
    return Genome.from_statements(statements, origin, issues=issues)


def _diplotype(cells: Mapping[str, str]) -> str:
    """The source diplotype; of an unphased DPYD, which is a list of alleles, the one that is looked up."""
    text = cells["sourcediplotype"]
    return text if "/" in text else cells.get("recommendationlookupdiplotype", "") or text


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _dicts(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _reports(data: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """(gene, report) of either file; older phenotypers had one set of reports for each guideline."""
    for report in _dicts(data.get("results")):
        yield _text(report.get("gene")), report
    reports = data.get("geneReports")
    for gene, report in reports.items() if isinstance(reports, dict) else ():
        if isinstance(report, dict) and "sourceDiplotypes" not in report and "variants" not in report:
            yield from ((name, inner) for name, inner in report.items() if isinstance(inner, dict))
        elif isinstance(report, dict):
            yield gene, report


def _statement(gene: str, report: Mapping[str, Any], place: str) -> Statement:
    diplotypes = _dicts(report.get("sourceDiplotypes")) or _dicts(report.get("diplotypes"))
    texts = [_text(one.get("label")) or _text(one.get("name")) for one in diplotypes]
    first: dict[str, Any] = diplotypes[0] if len(diplotypes) == 1 else {}
    phenotypes = first.get("phenotypes")
    named = [text for text in phenotypes if not is_missing(text)] if isinstance(phenotypes, list) else []
    score = score_of(str(first.get("activityScore") or ""))
    return Statement(gene, tuple(filter(None, texts)), "; ".join(map(str, named)), score, place)


class _Positions:
    """Genotypes by position of the variants that a result lists."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.by_place: dict[tuple[str, int], Genotype] = {}
        self.by_id: dict[str, Genotype] = {}

    def add(self, variant: Mapping[str, Any], chromosome: str) -> None:
        """One listed variant; a call that is null was missing."""
        call = _text(variant.get("call")) or _text(variant.get("vcfCall"))
        parts = re.split(r"[/|]", call)
        if not call or len(parts) > 2:
            return
        letters = [None if part in ("", ".") else part.upper() for part in parts]
        phase_set = variant.get("phaseSet")
        phased = "|" in call
        first, second = [*letters, None][:2]
        genotype = Genotype(
            (first, second), phased, str(phase_set) if phased and phase_set is not None else None
        )
        position = variant.get("position")
        if isinstance(position, int):
            self.by_place[chromosome.removeprefix("chr"), position] = genotype
        rsid = _text(variant.get("dbSnpId")) or _text(variant.get("rsid"))
        if rsid:
            self.by_id[rsid] = genotype

    def observe(self, position: Position) -> Genotype | None:
        """The genotype of one position, in the table's letters."""
        found = self.by_place.get((position.chromosome, position.pos)) or self.by_id.get(position.rsid or "")
        if found is None:
            return None
        known = (None, position.ref, *position.alts)
        first, second = (letter if letter in known else OTHER for letter in found.alleles)
        return Genotype((first, second), found.phased, found.phase_set)


def _from_json(data: Any, origin: Source) -> Genome:
    if not isinstance(data, dict):
        raise InputError("pharmcat.form", "the JSON is no result of PharmCAT", place=origin.name)
    metadata = data.get("matcherMetadata") or data.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    build = _text(metadata.get("genomeBuild"))
    if build and not build.startswith("GRCh38"):
        message = "the result is of another build than GRCh38"
        raise InputError("genome.build-other", message, place=origin.name)
    tables, issues = load_tables().genes, Issues()
    positions = _Positions(origin.name)
    called: list[Statement] = []
    outside: list[Statement] = []
    for gene, report in _reports(data):
        place = f"{origin.name}:{gene}" if is_gene(gene) else origin.name
        statement = _statement(gene, report, place)
        if gene in tables and report.get("callSource", "MATCHER") == "MATCHER":
            chromosome = _text(report.get("chr")) or _text(report.get("chromosome"))
            for variant in (*_dicts(report.get("variants")), *_dicts(report.get("variantsOfInterest"))):
                positions.add(variant, chromosome)
            called.append(statement)
        elif not all(map(is_missing, statement.diplotypes)) or not is_missing(statement.phenotype):
            outside.append(statement)
    if not called and not outside:
        raise InputError("pharmcat.form", "the JSON holds no call of a gene", place=origin.name)
    genome = called_genome(
        positions,
        build="GRCh38" if positions.by_place else None,
        sample=_text(metadata.get("sampleId")) or None,
        issues=issues,
        source=origin,
    )
    _compare(genome, called)
    return joined(genome, grouped(outside, issues), ())


def _compare(genome: Genome, called: list[Statement]) -> None:
    """An issue where the genotypes exclude what PharmCAT called from them."""
    for one in called:
        call = genome.genes[one.gene]
        if call.status == "no information" or all("/" not in text for text in one.diplotypes):
            continue
        stated = stated_pairs(call.table, one, genome.issues)
        if stated and not any(allows(call, pair) for pair in stated):
            genome.issues.add(
                "genome.outside-differs",
                "the genotypes exclude the diplotype that the file states",
                place=one.place,
                action="called from the genotypes",
                severity="error",
            )
