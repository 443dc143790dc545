"""Ranking: plans in order, with how sure the order is and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.model.limit import Exclusion
from pytwin.model.objective import Objective
from pytwin.model.plan import Plan
from pytwin.rank.drivers import Drivers
from pytwin.rank.html import ranking_html
from pytwin.rank.information import GenotypeValue

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Ranking:
    """Plans in order of expected utility; arrays are in the order of ``plans``.

    Attributes
    ----------
    twin : Twin
    objective : Objective
    horizon : float
        Hours.
    plans : tuple of Plan
        Best first; empty when the ranking abstains.
    expected_utility, standard_error : ndarray, shape (P,)
        Mean over draws and its Monte-Carlo standard error.
    interval : ndarray, shape (P, 2)
        5 and 95 % of the utility over the patients that the twin could be.
    p_best : ndarray, shape (P,)
        Share of draws in which the plan is the best one.
    regret : ndarray, shape (P,)
        Expected loss against the best plan of each draw.
    shares : dict of str to ndarray, shape (P,)
        Expected share of time of each term of the Objective.
    groups : tuple of int, shape (P,)
        Plans with the same number are tied.
    excluded : tuple of Exclusion
        Plans that break a Limit or can't be shown to keep it; each unpacks to (plan, reason).
    reasons : tuple of str
        Why the ranking abstains; empty when it does not.
    drivers : Drivers or None
    manifest : dict
        What is needed to run it again, and the ages of the data.
    trajectories : dict of str to (times (T,), quantiles (5, T))
        Plan name -> the observed output at the levels ``levels``, latent value.
    genotyping : tuple of GenotypeValue
        What knowing each missing or uncertain genotype would be worth to this choice, and all of them
        together; empty where all are known. A ranking that abstains for lack of a genotype alone has it, too.
    """

    twin: Any
    objective: Objective
    horizon: float
    plans: tuple[Plan, ...]
    expected_utility: Array
    standard_error: Array
    interval: Array
    p_best: Array
    regret: Array
    shares: Mapping[str, Array]
    groups: tuple[int, ...]
    excluded: tuple[Exclusion, ...]
    reasons: tuple[str, ...]
    drivers: Drivers | None
    manifest: dict[str, Any]
    trajectories: Mapping[str, tuple[Array, Array]]
    levels: tuple[float, ...] = ()
    genotyping: tuple[GenotypeValue, ...] = ()

    @classmethod
    def abstention(
        cls,
        twin: Any,
        objective: Objective,
        excluded: Sequence[Exclusion],
        reasons: tuple[str, ...],
        manifest: dict[str, Any],
        horizon: float,
        genotyping: tuple[GenotypeValue, ...] = (),
    ) -> Ranking:
        """A Ranking that abstains."""
        none = np.zeros(0)
        return cls(
            twin, objective, horizon, (), none, none, np.zeros((0, 2)), none, none, {}, (), tuple(excluded),
            reasons, None, manifest, {}, genotyping=genotyping,
        )  # fmt: skip

    @property
    def warnings(self) -> tuple[str, ...]:
        """Conflicts between the data and the twin that do not stop a ranking."""
        return tuple(str(c) for c in self.twin.conflicts if not c.abstain)

    @property
    def abstained(self) -> bool:
        """Whether the data do not support a ranking; then ``reasons`` says why."""
        return bool(self.reasons)

    @property
    def ties(self) -> tuple[tuple[Plan, ...], ...]:
        """Groups of two or more plans that are tied, best group first."""
        grouped = [
            tuple(p for p, g in zip(self.plans, self.groups, strict=True) if g == k)
            for k in sorted(set(self.groups))
        ]
        return tuple(g for g in grouped if len(g) > 1)

    @property
    def ranks(self) -> tuple[str, ...]:
        """``"1"``, or ``"1="`` for tied plans."""
        return tuple(f"{g + 1}=" if self.groups.count(g) > 1 else f"{g + 1}" for g in self.groups)

    @property
    def best(self) -> tuple[Plan, ...]:
        """The leading plan and those tied with it."""
        return tuple(p for p, g in zip(self.plans, self.groups, strict=True) if g == 0)

    @property
    def table(self) -> dict[str, list[Any]]:
        """Columns: rank, plan, expected_utility, standard_error, low, high, p_best, regret, and shares of
        time."""
        columns: dict[str, list[Any]] = {
            "rank": list(self.ranks),
            "plan": [p.name for p in self.plans],
            "expected_utility": self.expected_utility.tolist(),
            "standard_error": self.standard_error.tolist(),
            "low": self.interval[:, 0].tolist(),
            "high": self.interval[:, 1].tolist(),
            "p_best": self.p_best.tolist(),
            "regret": self.regret.tolist(),
        }
        columns.update({name: values.tolist() for name, values in self.shares.items()})
        return columns

    def report(self, path: str | Path, **options: Any) -> Path:
        """Write the HTML report."""
        from pytwin import report

        written: Path = report.write(self, path, **options)
        return written

    def plot(self, what: str = "forecast") -> Any:
        """A figure: the ``forecast`` of the leading plan, or the leading ``plans`` side by side."""
        from pytwin.report import plots

        return plots.of_ranking(self, what)

    def __repr__(self) -> str:
        if self.abstained:
            worth = "".join(f"\n      genotyping {g}" for g in self.genotyping)
            return f"<Ranking: abstained: {'; '.join(self.reasons)}{worth}>"
        facts = self.manifest
        lines = [f"<Ranking over {self.horizon / 24:g} d, {facts['draws']} draws, seed {facts['seed']}"]
        for i, plan in enumerate(self.plans):
            low, high = self.interval[i]
            lines.append(
                f"  {self.ranks[i]:>3} {plan.name:40.40} utility {self.expected_utility[i]:6.3f} "
                f"({low:.2f} to {high:.2f})  best in {self.p_best[i]:5.1%}  regret {self.regret[i]:.3f}"
            )
        lines += [f"      genotyping {g}" for g in self.genotyping]
        lines += [f"      warning: {w}" for w in self.warnings]
        lines += [f"      {e.plan.name:40.40} not ranked: {e.reason}" for e in self.excluded]
        return "\n".join(lines) + ">"

    def _repr_html_(self) -> str:
        return ranking_html(self)
