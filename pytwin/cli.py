"""The `pytwin` command.

Commands import what they need when they run, so that ``--version`` and a mistyped option answer at once.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from pytwin.rank import Ranking

INPUT = click.Path(exists=True, dir_okay=False, path_type=Path)
SOURCE = click.Path(exists=True, path_type=Path)
FILE = click.Path(dir_okay=False, path_type=Path)
FOLDER = click.Path(file_okay=False, path_type=Path)


class Commands(click.Group):
    """Prints an error of pytwin as one line, without a traceback unless ``--debug``, and exits with 2."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and turn what pytwin raises into a message."""
        from pytwin.errors import PytwinError

        try:
            return super().invoke(ctx)
        except PytwinError as error:
            if ctx.params.get("debug"):
                raise
            click.echo(f"error: {error}", err=True)
            ctx.exit(2)


def _version(ctx: click.Context, _: click.Parameter, wanted: bool) -> None:
    if not wanted or ctx.resilient_parsing:
        return
    import pytwin
    from pytwin.doctor import INTENDED_USE

    click.echo(f"pytwin {pytwin.__version__}\nIntended use: {INTENDED_USE}.")
    ctx.exit()


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_version, help="Show it."
)
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Health digital twins: records and a genome become a twin; the twin ranks treatment plans.

    For research: options with reasons for a clinician; not a medical device.
    """


@main.command()
@click.option("--output", type=FOLDER, default=None, help="Folder of the report (default: where you are).")
@click.option("--open", "show", is_flag=True, help="Open the report in a browser.")
@click.option("--draws", type=click.IntRange(100), default=2000, show_default=True, help="Draws of the twin.")
def demo(output: Path | None, show: bool, draws: int) -> None:
    """Rank warfarin plans for the bundled synthetic patient, offline."""
    from pytwin.datasets import demo as bundled

    began = time.perf_counter()
    patient = bundled()
    folder = output or Path.cwd()
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(f"The bundled synthetic patient: {patient.record.name} and {patient.genome.name}")
    path = folder / "pytwin-demo.html"
    ranking = _rank(patient.record, patient.genome, "warfarin", draws=draws)
    _show(ranking, genome=True)
    # The patient of the demo is synthetic: the genotype is nobody's.
    ranking.report(path, genome=True)
    click.echo(f"\nReport: {path}   ({time.perf_counter() - began:.1f} s)")
    if show:
        click.launch(str(path))


@main.command()
@click.argument("record", type=INPUT)
@click.option("--genome", "genome_file", type=INPUT, default=None, help="VCF of the patient.")
@click.option("--sample", default=None, help="Sample of a VCF that holds several.")
@click.option("--therapy", default="warfarin", show_default=True, help="What is to be given.")
@click.option("--population", default=None, help="Population, for example warfarin/hamberg2010@1.")
@click.option("--horizon", default="30 d", show_default=True, help="How far ahead plans are judged.")
@click.option("--draws", type=click.IntRange(100), default=2000, show_default=True, help="Draws of the twin.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Seed of the draws.")
@click.option("--confirm", multiple=True, metavar="CODE", help="A limit that a clinician has excluded.")
@click.option("--report", "report", type=FILE, default=None, help="Write the HTML report here.")
@click.option("--show-genome", is_flag=True, help="Show diplotypes: a genome identifies its owner.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def rank(
    record: Path,
    genome_file: Path | None,
    sample: str | None,
    therapy: str,
    population: str | None,
    horizon: str,
    draws: int,
    seed: int,
    confirm: tuple[str, ...],
    report: Path | None,
    show_genome: bool,
    as_json: bool,
) -> None:
    """Rank the plans of a therapy for the patient of RECORD."""
    options: dict[str, Any] = {"horizon": horizon, "draws": draws, "seed": seed, "confirmed": confirm}
    ranking = _rank(record, genome_file, therapy, sample=sample, population=population, **options)
    if as_json:
        click.echo(_ranking_json(ranking, show_genome))
    else:
        _show(ranking, genome=show_genome)
    if report is not None:
        ranking.report(report, genome=show_genome)
        click.echo(f"Report: {report}", err=as_json)


def _rank(
    record: Path,
    genome: Path | None,
    therapy: str,
    *,
    sample: str | None = None,
    population: str | None = None,
    **options: Any,
) -> Ranking:
    """From files to a Ranking; ``options`` are those of ``Twin.rank``."""
    import pytwin as pt

    patient = pt.read_record(record)
    genes = pt.read_genome(genome, sample=sample) if genome is not None else None
    twin = pt.Twin(therapy, patient, genes, population=population).assimilate()
    return twin.rank(threads=_processors(), **options)


def _processors() -> int:
    """Processors that this process may use; the result is the same with any number of threads."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _show(ranking: Ranking, *, genome: bool) -> None:
    from pytwin.report import terminal

    terminal.show(ranking, genome=genome)


def _ranking_json(ranking: Ranking, genome: bool) -> str:
    from pytwin.report import view

    return json.dumps(view.data(ranking, genome=genome), indent=1, allow_nan=False)


@main.command()
@click.argument("sources", metavar="FILE...", nargs=-1, required=True, type=SOURCE)
@click.option("--format", "stated", default="auto", show_default=True, help="Format, where not recognised.")
@click.option("--mapping", type=INPUT, default=None, help="TOML or JSON: what the columns of a table mean.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, one record a line.")
@click.option("--events", is_flag=True, help="With --json: every event instead of counts.")
@click.option("--therapy", default=None, help="Add what this therapy needs: present, stale or missing.")
def read(
    sources: tuple[Path, ...],
    stated: str,
    mapping: Path | None,
    as_json: bool,
    events: bool,
    therapy: str | None,
) -> None:
    """Show what the records in FILE... hold and what was odd; folders and archives too.

    Exits with 1 where nothing could be read.
    """
    from pytwin.issues import Issues
    from pytwin.record import read_records
    from pytwin.report import records, view

    count = 0
    left_out = Issues()
    for source in sources:
        found = read_records(source, format=stated, mapping=mapping, errors="list")
        for record in found:
            count += 1
            if as_json:
                shown = view.plain(record.events.to_dict()) if events else records.data(record, therapy)
                click.echo(json.dumps(shown, allow_nan=False))
            else:
                records.show(record, therapy)
            if sys.stderr.isatty() and not sys.stdout.isatty():
                click.echo(f"\r{count} records", err=True, nl=False)
        left_out.extend(found.issues)
    for issue in left_out:
        click.echo(f"  {issue}", err=True)
    sys.exit(0 if count else 1)


@main.command()
@click.argument("source", metavar="FILE", type=INPUT)
@click.option("--sample", default=None, help="Sample of a file that holds several.")
@click.option("--build", default=None, help="GRCh38 or GRCh37, where the file does not say it.")
@click.option("--gene", default=None, help="Gene of PyPGx results that do not name it.")
@click.option(
    "--outside", type=INPUT, default=None, help="Outside calls: CYP2D6, HLA, a laboratory's report."
)
@click.option("--format", "stated", default="auto", show_default=True, help="Format, where not recognised.")
@click.option("--fhir", type=FILE, default=None, help="Write the genome as FHIR Observations here.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def genome(
    source: Path,
    sample: str | None,
    build: str | None,
    gene: str | None,
    outside: Path | None,
    stated: str,
    fhir: Path | None,
    as_json: bool,
) -> None:
    """Show the pharmacogenes of FILE: genotypes, which identify their owner, and what is open.

    FILE is a VCF, the export of a consumer array, a table of diplotypes, a result of PharmCAT or
    PyPGx, or FHIR. Names of samples are not shown.
    """
    from pytwin.genome import read_genome
    from pytwin.report import genomes

    found = read_genome(source, sample, build=build, gene=gene, outside=outside, format=stated)
    if as_json:
        click.echo(json.dumps(genomes.data(found), allow_nan=False))
    else:
        genomes.show(found)
    if fhir is not None:
        fhir.write_text(json.dumps(found.to_fhir(), indent=1, allow_nan=False), encoding="utf-8")


@main.command()
@click.option("--all", "problems", is_flag=True, help="Add the test problems of the integrators.")
def models(problems: bool) -> None:
    """List the therapies, populations and models that are built in."""
    from pytwin.report import catalogue

    catalogue.show_list(problems=problems)


@main.command()
@click.argument("name")
def info(name: str) -> None:
    """Show equations, units and citations of a model, a population or a therapy."""
    from pytwin.report import catalogue

    catalogue.show_one(name)


@main.command()
@click.argument("suite", required=False)
@click.option("--reference", type=FOLDER, default=None, help="The reference library.")
@click.option("--full", is_flag=True, help="Add the long cases.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def verify(suite: str | None, reference: Path | None, full: bool, as_json: bool) -> None:
    """Run the reference cases of SUITE, or of all; exit 1 when one fails."""
    from pytwin.verify import run

    def say(text: str) -> None:
        click.echo(text, err=True)

    report = run(suite, reference, full, progress=say if sys.stderr.isatty() else None)
    if as_json:
        click.echo(report.to_json())
    else:
        from pytwin.report import terminal

        terminal.verification(report)
    sys.exit(0 if report.passed else 1)


@main.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def doctor(as_json: bool) -> None:
    """Show versions, processor level, BLAS and threads."""
    from pytwin.doctor import doctor as examine
    from pytwin.doctor import doctor_text

    click.echo(json.dumps(examine(), indent=1) if as_json else doctor_text())


if __name__ == "__main__":
    main()
