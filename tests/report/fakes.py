"""A page made of plain arrays, for the tests of layout and escaping: no twin stands behind it."""

from __future__ import annotations

import numpy as np

from pytwin.report import plots, style
from pytwin.report.figures import Axis, Band, Check, Density, Forecast, Mixture, density
from pytwin.report.page import DataRow, Page, ParameterRow, Row

AXIS = Axis(np.datetime64("2025-01-13"), 21.31)
DAYS = np.array([0.3, 2.3, 3.3, 5.3, 7.3, 9.3, 12.3, 15.3, 18.3, 21.3])
INRS = np.array([1.1, 1.3, 1.4, 2.5, 4.2, 3.7, 3.6, 2.4, 2.6, 2.1])
SPREAD = np.array([-1.645, -0.674, 0.0, 0.674, 1.645])


def band(name: str, level: float) -> Band:
    days = np.linspace(21.31, 51.31, 61)
    gap = days - days[0]
    median = 2.1 + (level - 2.1) * (1.0 - np.exp(-gap / 6.0))
    spread = 0.05 + 0.17 * (1.0 - np.exp(-gap / 10.0))
    doses = np.column_stack([np.arange(21, 51) + 0.75, np.full(30, 2.0)])
    return Band(name, days, median * np.exp(SPREAD[:, None] * spread), doses, "best in 34 %")


def forecast(names: tuple[str, ...] = ("2.5 mg daily", "2 mg daily", "3 mg daily")) -> Forecast:
    amounts = np.repeat([5.0, 4.0, 3.0, 2.0], [7, 2, 3, 9])
    taken = np.column_stack([np.arange(21) + 0.75, amounts])
    bands = tuple(band(name, 2.5 + 0.3 * i * (-1) ** i) for i, name in enumerate(names))
    past = np.linspace(0, 21.31, 80)
    course = np.interp(past, DAYS, INRS)
    fitted = Band("twin", past, course * np.exp(SPREAD[:, None] * 0.08), np.empty((0, 2)))
    return Forecast(AXIS, "INR", "1", (2.0, 3.0), np.column_stack([DAYS, INRS]), taken, bands, (4.0,), fitted)


def check() -> Check:
    low, median, high = (INRS * 0.95 * np.exp(s * 0.2) for s in (-1.645, 0.0, 1.645))
    return Check(AXIS, "INR", "1", DAYS, np.where(DAYS == 7.3, 6.4, INRS), low, median, high)


def densities() -> list[Density]:
    def one(name: str, label: str, unit: str, mean: float, sd: float) -> Density:
        before = Mixture(np.ones(1), np.array([np.log(mean)]), np.array([sd]), "log")
        means, sds = np.log(mean) + np.array([-0.2, 0.0]), sd * np.array([0.5, 0.6])
        after = Mixture(np.array([0.7, 0.3]), means, sds, "log")
        return density(name, label, unit, before, after)

    return [
        one("CL", "Clearance of S-warfarin", "L/h", 0.216, 0.298),
        one("V", "Volume of distribution", "L", 14.3, 0.232),
        one("EC50", "Concentration of half effect", "mg/L", 3.01, 0.34),
    ]


def page(name: str = "2.5 mg daily", patient: str = "SYNTHETIC-0001") -> Page:
    data = forecast((name, "2 mg daily", "3 mg daily"))
    shares = (("in 2 to 3", "74 %"), ("above 4", "2 %"), ("below 1.5", "3 %"))
    rows = tuple(
        Row(
            "=1" if i < 2 else str(i + 1), n, "", "warfarin every 24 h", ("as taken now",),
            0.71 - i / 20, 0.31 - i / 20, 0.93 - i / 25, "34 %", 0.04, shares, (20.0, 70.0, 93.0), i < 2,
        )
        for i, n in enumerate((name, "2 mg daily", "3 mg daily", "1.5 mg daily", "Label table"))
    )  # fmt: skip
    return Page(
        title="Warfarin: which dose next?",
        therapy="warfarin",
        time="3 February 2025",
        patient=(("Patient", patient), ("Sex", "female"), ("Age", "71 years"), ("At", "3 Feb 2025, 07:30")),
        headline="Two plans lead and are tied: 2.5 mg daily and 2 mg daily.",
        rows=rows,
        horizon="30 days",
        objective=("time with INR 2 to 3 (weight 1)", "INR above 4 (weight -3)"),
        excluded=(("15 mg loading", "exceeds the largest single dose of 10 mg"),),
        reasons=("The INR fell from 3.6 to 2.1 in nine days on 2 to 3 mg a day.",),
        drivers=(("Clearance", "explains 61 % of the spread"),),
        check="9 of 10 measurements lie in the 90 % interval of their forecast.",
        parameters=tuple(
            ParameterRow(d.name, d.label, d.unit, f"{d.before[1]:.3g}", f"{d.after[1]:.3g}")
            for d in densities()
        ),
        genome="used: CYP2C9, VKORC1.",
        data=(DataRow("INR", 10, "2.1", "3 Feb 2025, 07:30", "0 d", "conditions the twin"),),
        coverage=("Doses are recorded for all 21 days.",),
        issues=(("note", "INR withdrawn by the laboratory", "patient.json:entry[19]", "not used"),),
        limits=("Fitted on adults.",),
        citations=("Hamberg et al. 2010, Clin Pharmacol Ther 87:727.",),
        manifest=(("population", "warfarin/hamberg2010@1"), ("seed", "1")),
        figures={
            "forecast": style.svg(plots.forecast(data), "f1", "INR forecast"),
            "plans": style.svg(plots.plans(data), "f2", "forecasts of the plans"),
            "trace": style.svg(plots.trace(check()), "f3", "forecast check"),
            "parameters": style.svg(plots.parameters(densities()), "f4", "parameters"),
        },
    )
