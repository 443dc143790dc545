"""What the report says, as texts and numbers: the template lays a `Page` out and decides nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from markupsafe import Markup

USE = (
    "For research. It lists options with reasons for a clinician, who decides; it is not a medical device "
    "and gives no alarm or time-critical advice."
)


@dataclass(frozen=True, slots=True)
class Row:
    """One plan of the ranking; numbers are what the Objective made of the simulated courses.

    Attributes
    ----------
    what : str
        Its daily amounts where the name does not tell them.
    tags : tuple of str
        Where it comes from.
    shares : tuple of (label, text)
        Expected share of the time in each range of the Objective.
    span : triple of float
        Low, expected and high utility as positions from 0 to 100 on the common bar.
    """

    rank: str
    name: str
    kind: str
    what: str
    tags: tuple[str, ...]
    utility: float
    low: float
    high: float
    p_best: str
    regret: float
    shares: tuple[tuple[str, str], ...]
    span: tuple[float, float, float]
    tied: bool = False


@dataclass(frozen=True, slots=True)
class DataRow:
    """One kind of data that the twin used, or could have used."""

    what: str
    count: int
    last: str
    when: str
    age: str
    use: str


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """A parameter before and after the observations, as texts."""

    name: str
    label: str
    unit: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class TrustRow:
    """One thing that speaks for (good) or against (caution) the Population in this patient, or is unknown."""

    topic: str
    state: str
    text: str


@dataclass(frozen=True, slots=True)
class NextRow:
    """An observation that could be made: what, when, its forecast, how far it narrows the dose, and what a
    genotype would be worth to the choice of plans, as texts."""

    what: str
    when: str
    forecast: str
    narrows: str
    best: bool = False
    worth: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """The whole report.

    Attributes
    ----------
    figures : dict of str to Markup
        SVG by name: ``forecast``, ``plans``, ``trace``, ``parameters``; a missing one is left out.
    """

    title: str
    therapy: str
    time: str
    patient: tuple[tuple[str, str], ...]
    headline: str
    abstained: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()
    horizon: str = ""
    objective: tuple[str, ...] = ()
    excluded: tuple[tuple[str, str], ...] = ()
    reasons: tuple[str, ...] = ()
    drivers: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    trust: tuple[TrustRow, ...] = ()
    next_rows: tuple[NextRow, ...] = ()
    next_note: str = ""
    worth_note: str = ""
    check: str = ""
    parameters: tuple[ParameterRow, ...] = ()
    genome: str = ""
    data: tuple[DataRow, ...] = ()
    coverage: tuple[str, ...] = ()
    issues: tuple[tuple[str, str, str, str], ...] = ()
    limits: tuple[str, ...] = ()
    citations: tuple[str, ...] = ()
    manifest: tuple[tuple[str, str], ...] = ()
    figures: dict[str, Markup] = field(default_factory=dict)
    use: str = USE
