"""From a Ranking to the report's page: every sentence and number that the report shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from pytwin.report import confidence, series, words
from pytwin.report.page import DataRow, Page, ParameterRow, Row

if TYPE_CHECKING:
    from markupsafe import Markup

    from pytwin.issues import Issue
    from pytwin.rank import Ranking
    from pytwin.twin import Twin

_ISSUES_SHOWN = 40
_PLANS_DRAWN = 6


def page(ranking: Ranking, *, genome: bool = False, patient: bool = True, figures: bool = True) -> Page:
    """The report's content.

    Parameters
    ----------
    ranking : Ranking
    genome : bool, optional
        Show diplotypes. A genome identifies its owner, so the default names the genes alone.
    patient : bool, optional
        Show the patient's identifier.
    figures : bool, optional
        Draw the figures.
    """
    twin = ranking.twin
    return Page(
        title=words.sentence(twin.therapy.title),
        therapy=twin.therapy.name,
        time=words.instant(twin.time, series.offset_minutes(twin)),
        patient=_patient(twin, patient),
        headline=headline(ranking),
        abstained=ranking.reasons,
        rows=_rows(ranking),
        horizon=words.days(ranking.horizon),
        objective=tuple(str(ranking.objective).split(", ")),
        excluded=tuple((e.plan.name, e.reason) for e in ranking.excluded),
        reasons=_reasons(ranking),
        drivers=_drivers(ranking),
        warnings=ranking.warnings,
        trust=confidence.trust_rows(twin, genome),
        **confidence.next_fields(ranking),
        check=_check(twin),
        parameters=_parameters(twin),
        genome=_genome(twin, genome),
        data=_data(twin),
        coverage=tuple(f"{c.what}: {c.text}" for c in twin.coverage if c.what not in twin.population.genes),
        issues=_issues(twin),
        limits=_limits(ranking),
        citations=tuple(dict.fromkeys([twin.population.citation, *twin.therapy.citations])),
        manifest=tuple(flat(ranking.manifest)),
        figures=_figures(ranking) if figures else {},
    )


def _patient(twin: Twin, identified: bool) -> tuple[tuple[str, str], ...]:
    person, age = twin.record.patient, twin.record.age(twin.time)
    facts = [
        ("Patient", person.id if identified else ""),
        ("Sex", person.sex or ""),
        ("Age", "" if age is None else f"{int(age)} years"),
        ("Twin stands at", words.instant(twin.time, series.offset_minutes(twin))),
        ("Measurements used", str(twin.n_assimilated)),
    ]
    return tuple((label, value) for label, value in facts if value)


def headline(ranking: Ranking) -> str:
    """The result in one sentence; ties are told as ties."""
    if ranking.abstained:
        return "The data of this patient do not support a ranking."
    names = [words.bare(plan.name) for plan in ranking.best]
    if len(names) == 1:
        return words.sentence(f"{names[0]} leads over the next {words.days(ranking.horizon)}.")
    lead = (
        words.listed(names[:4]) if len(names) <= 4 else f"{words.listed(names[:3])} and {len(names) - 3} more"
    )
    span = words.days(ranking.horizon)
    return f"{words.count(len(names))} plans are tied for the lead over the next {span}: {lead}."


def _rows(ranking: Ranking) -> tuple[Row, ...]:
    if not ranking.plans:
        return ()
    low, high = float(ranking.interval.min()), float(ranking.interval.max())
    scale = 100.0 / max(high - low, 1e-9)
    found = []
    for i, plan in enumerate(ranking.plans):
        values = (ranking.interval[i, 0], ranking.expected_utility[i], ranking.interval[i, 1])
        a, b, c = (float(scale * (v - low)) for v in values)
        rank = ranking.ranks[i]
        shares = tuple((name, words.percent(float(share[i]))) for name, share in ranking.shares.items())
        found.append(
            Row(
                rank=f"={rank.rstrip('=')}" if rank.endswith("=") else rank,
                name=words.bare(plan.name),
                kind=plan.kind,
                what=words.schedule(plan, ranking.horizon),
                tags=words.tags(plan.name),
                utility=float(values[1]),
                low=float(values[0]),
                high=float(values[2]),
                p_best=words.percent(float(ranking.p_best[i])),
                regret=float(ranking.regret[i]),
                shares=shares,
                span=(a, b, c),
                tied=rank.endswith("="),
            )
        )
    return tuple(found)


def _reasons(ranking: Ranking) -> tuple[str, ...]:
    """What the leading plan is expected to do, and how sure the order is."""
    if not ranking.plans:
        return ()
    shares = [f"{name} for {words.percent(float(share[0]))}" for name, share in ranking.shares.items()]
    name = ranking.plans[0].name
    origin = f", {' and '.join(words.tags(name))}" if words.tags(name) else ""
    lines = [f"Expected share of the time under {words.bare(name)}{origin}: {words.listed(shares)}."]
    lines.append(
        f"It is the best plan in {words.percent(float(ranking.p_best[0]))} of the simulated courses."
    )
    follower = next((i for i, group in enumerate(ranking.groups) if group != ranking.groups[0]), None)
    if follower is not None:
        loss = ranking.expected_utility[0] - ranking.expected_utility[follower]
        lines.append(
            f"The first plan that is not tied, {words.bare(ranking.plans[follower].name)}, loses {loss:.3f}."
        )
    if ranking.excluded:
        lines.append(f"{words.plans(len(ranking.excluded))} not ranked; the reasons are below.")
    return tuple(lines)


def _drivers(ranking: Ranking) -> tuple[tuple[str, str], ...]:
    if ranking.drivers is None:
        return ()
    drivers = ranking.drivers
    terms = [
        (name, f"{value:+.3f} utility for the leading plan against {words.bare(drivers.against)}")
        for name, value in sorted(drivers.terms.items(), key=lambda item: -abs(item[1]))
        if abs(value) >= 0.0005
    ]
    shares = [
        (name, f"explains {words.percent(share)} of the uncertainty of the leading plan's utility")
        for name, share in sorted(drivers.utility.items(), key=lambda item: -item[1])
        if share >= 0.02
    ]
    return tuple([*terms, *shares])


def _check(twin: Twin) -> str:
    if not twin.trace:
        return ""
    inside = sum(point.inside for point in twin.trace)
    return f"{inside} of {len(twin.trace)} measurements lie in the 90 % interval of their forecast."


def _parameters(twin: Twin) -> tuple[ParameterRow, ...]:
    return tuple(
        ParameterRow(
            p.name,
            words.sentence(p.doc or p.name),
            words.unit(p.unit),
            words.interval(p.prior),
            words.interval(p.posterior),
        )
        for p in twin.summary().parameters
    )


def _genome(twin: Twin, shown: bool) -> str:
    sure = twin.genotypes
    known = [f"{gene} {sure[gene]}" if shown else gene for gene in twin.population.genes if gene in sure]
    unknown = [gene for gene in twin.population.genes if gene not in sure]
    lines = [f"Used: {', '.join(known)}."] if known else []
    if unknown:
        lines.append(f"Unknown or uncertain, hence averaged over genotypes: {', '.join(unknown)}.")
    if known and not shown:
        lines.append("Genotypes are not shown, because a genome identifies its owner.")
    return " ".join(lines)


def _data(twin: Twin) -> tuple[DataRow, ...]:
    rows = [_measured(twin), _doses(twin), *_covariates(twin)]
    return tuple(row for row in rows if row is not None)


def _measured(twin: Twin) -> DataRow | None:
    rows = [r for r in twin.record.observations(twin.therapy.analyte) if r.usable and r.time <= twin.time]
    if not rows:
        return DataRow(twin.therapy.analyte, 0, "", "", "", "missing")
    last = rows[-1]
    baseline = " and 1 baseline" if twin.history.baseline is not None else ""
    return DataRow(
        twin.therapy.analyte,
        len(rows),
        f"{last.comparator}{last.value:g}",
        words.instant(last.time, series.offset_minutes(twin)),
        words.age(twin.time - last.time),
        f"{twin.n_assimilated} condition the twin{baseline}",
    )


def _doses(twin: Twin) -> DataRow | None:
    given = [d for d in twin.history.doses if d.time <= twin.hour and d.amount > 0]
    what = f"{twin.therapy.drug} doses"
    if not given:
        return DataRow(what, 0, "", "", "", f"start: {twin.history.start}")
    last = twin.history.origin + round(given[-1].time * 3_600_000_000)
    sources = ", ".join(sorted({d.source for d in given}))
    return DataRow(
        what,
        len(given),
        f"{given[-1].amount:g} {twin.therapy.unit}",
        words.instant(last, series.offset_minutes(twin)),
        words.age(twin.time - last),
        f"from {sources}; start: {twin.history.start}",
    )


def _covariates(twin: Twin) -> Iterable[DataRow]:
    units = {r["covariate"]: str(r["unit"]) for r in twin.population.data.get("ranges", ())}
    for name in twin.population.covariates:
        value = twin.history.covariates.get(name)
        if name in twin.population.switches:
            shown = "taken" if value else "not in the record"
        else:
            shown = _amount(value, units.get(name))
        known = value is not None and (name not in twin.population.switches or value > 0)
        yield DataRow(name.replace("_", " "), int(known), shown, "", "", "shifts the prior")


def _amount(value: float | None, unit: str | None) -> str:
    """A covariate as text; one without a range that is 0 or 1 says whether the patient is of a group."""
    if value is None:
        return "unknown"
    if unit is None and value in (0.0, 1.0):
        return "yes" if value else "no"
    return f"{value:.3g} {unit or ''}".strip()


def _issues(twin: Twin) -> tuple[tuple[str, str, str, str], ...]:
    """Issues of record, genome and twin; those that differ in their place alone are told once."""
    groups: dict[tuple[str, str, str], list[Issue]] = {}
    for source in (twin.record.issues, getattr(twin.genome, "issues", ()), twin.issues):
        for issue in source:
            groups.setdefault((issue.severity, issue.message, issue.action), []).append(issue)
    lines = []
    for (severity, message, action), found in groups.items():
        places = list(dict.fromkeys(issue.place for issue in found if issue.place))
        more = f" and {len(places) - 1} more" if len(places) > 1 else ""
        lines.append((severity, words.sentence(message), f"{places[0] if places else ''}{more}", action))
    order = {"error": 0, "warning": 1, "note": 2}
    return tuple(sorted(lines, key=lambda line: order.get(line[0], 3))[:_ISSUES_SHOWN])


def _limits(ranking: Ranking) -> tuple[str, ...]:
    population = ranking.twin.population
    studied = [
        f"{r['covariate']} {r['lower']:g} to {r['upper']:g} {r['unit']}"
        for r in population.data.get("ranges", ())
    ]
    lines = [str(population.data.get("provenance", {}).get("text", ""))]
    if studied:
        lines.append(f"Studied in: {'; '.join(studied)}.")
    lines.append(
        "Forecasts assume that doses are taken as planned and that diet and other drugs stay as they are."
    )
    if ranking.manifest.get("confirmed"):
        lines.append(f"Confirmed by the user, not by the record: {', '.join(ranking.manifest['confirmed'])}.")
    lines.append("A ranking holds for the data above; it grows old as new measurements and doses come.")
    return tuple(line for line in lines if line)


def _figures(ranking: Ranking) -> dict[str, Markup]:
    from pytwin.report import plots, style

    twin, found = ranking.twin, {}
    analyte = twin.therapy.analyte
    if ranking.plans:
        data = series.forecast(ranking, _PLANS_DRAWN)
        found["forecast"] = style.svg(
            plots.forecast(data), "forecast", f"{analyte} measured and forecast, with doses"
        )
        found["plans"] = style.svg(plots.plans(data), "plans", f"{analyte} forecast of the leading plans")
    if twin.trace:
        label = f"{analyte} measurements and their forecasts"
        found["trace"] = style.svg(plots.trace(twin), "trace", label)
    if twin.population.theta:
        label = "parameters before and after the measurements"
        found["parameters"] = style.svg(plots.parameters(twin), "parameters", label)
    return found


def flat(values: Mapping[str, Any], prefix: str = "") -> Iterable[tuple[str, str]]:
    """A manifest as pairs of texts, without what the report shows elsewhere."""
    for key, value in values.items():
        if key in ("data", "citations", "intended_use"):
            continue
        name = f"{prefix}{key}".replace("_", " ")
        if isinstance(value, Mapping):
            yield from flat(value, f"{name} ")
        elif isinstance(value, list | tuple):
            texts = [" ".join(map(str, v)) if isinstance(v, list | tuple) else str(v) for v in value]
            yield name, "; ".join(texts) or "none"
        else:
            yield name, str(value)


def data(ranking: Ranking, *, genome: bool = False) -> dict[str, Any]:
    """The ranking as JSON-ready data, for pipelines."""
    twin = ranking.twin
    columns = ranking.table if ranking.plans else {}
    names = list(columns)
    rows = [dict(zip(names, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    found = {
        "therapy": twin.therapy.name,
        "abstained": ranking.abstained,
        "reasons": list(ranking.reasons),
        "headline": headline(ranking),
        "plans": [row | {"doses": str(p)} for row, p in zip(rows, ranking.plans, strict=True)],
        "ties": [[p.name for p in group] for group in ranking.ties],
        "excluded": [{"plan": e.plan.name, "reason": e.reason, "code": e.code} for e in ranking.excluded],
        "drivers": None if ranking.drivers is None else vars(ranking.drivers),
        "parameters": [
            {"name": p.name, "unit": p.unit, "prior": p.prior, "posterior": p.posterior}
            for p in twin.summary().parameters
        ],
        "genome": _genome(twin, genome),
        "issues": [{"severity": s, "message": m, "place": p, "action": a} for s, m, p, a in _issues(twin)],
        "warnings": list(ranking.warnings),
        "conflicts": [asdict(c) for c in twin.conflicts],
        "trust": [asdict(t) for t in twin.trust(genome=genome)],
        "next_observation": asdict(confidence.next_of(ranking)),
        "genotyping": [asdict(g) for g in ranking.genotyping],
        "manifest": ranking.manifest,
    }
    return dict(plain(found))


def plain(value: Any) -> Any:
    """Arrays, tuples and mappings as lists and dicts; a number that is not finite as None."""
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, np.ndarray):
        return [plain(v) for v in value.tolist()]
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    return None if isinstance(value, float) and not np.isfinite(value) else value
