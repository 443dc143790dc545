"""Learning from INRs: the suite, its adapter, and that a Record takes the same way as the trial files."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from pytwin.genome import Genome
from pytwin.model.population import Population
from pytwin.record import Event, PatientInfo, Record
from pytwin.twin import Twin
from pytwin.verify import mipd, run
from pytwin.verify.replay import forecasts, maintenance
from pytwin.verify.warfarin_trial import POPULATION, TARGET

ORIGIN = 1_704_067_200_000_000
HOUR = 3_600_000_000
SUMMARY = "ID,cyp2c9_code,age,vkorc1_n_A,oracle_maintenance_mg\n1,2,55.5,1,2.5\n2,0,48,0,6\n"
REGIMEN = """ID,day,hour,INR_before_dose,dose_given_mg
1,1,0,1.2,20.0
1,2,24,2.0,1.0
1,3,48,2.3,8.0
2,1,0,1.0,5.0
2,2,24,1.1,0.0
2,3,48,1.2,5.0
"""
PHASE = """ID,Time,Observable,Value,Duration,Dose
7,24.0,INR,1.3,,
7,72.0,INR,1.9,,
7,,CYP2C9,4.0,,
7,,Age,66.5,,
7,,VKORC1,2.0,,
7,0.0,,,0.01,10.0
7,24.0,,,0.01,7.5
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "summary_dev.csv").write_text(SUMMARY)
    (tmp_path / "pkpd_bayes_given_dev.csv").write_text(REGIMEN)
    (tmp_path / "trial_phase_III_dev.csv").write_text(PHASE)
    return tmp_path


def test_a_regimen_is_read_with_genotype_and_oracle(place: Path) -> None:
    trial = mipd.read_regimen(place, "Bayesian")
    assert trial.genotypes[0] == {"CYP2C9": "*1/*3", "VKORC1": "A/G"}
    assert [(d.time, d.amount) for d in trial.histories[0].doses] == [(0, 20), (24, 1), (48, 8)]
    np.testing.assert_array_equal(trial.values, [[1.2, 2.0, 2.3], [1.0, 1.1, 1.2]])
    assert mipd.read_oracle(place) == {1: 2.5, 2: 6.0}
    assert (list(trial.even.ids), list(trial.odd.ids)) == ([2], [1])


def test_a_phase_is_read_whatever_the_order_of_its_columns(place: Path) -> None:
    trial = mipd.read_phase(place, "III")
    assert trial.genotypes == ({"CYP2C9": "*2/*3", "VKORC1": "A/A"},)
    history = trial.histories[0]
    assert history.covariates == {"age": 66.5}
    assert [(d.time, d.amount) for d in history.doses] == [(0, 10), (24, 7.5)]


def test_what_is_not_seen_yet_is_not_used(place: Path) -> None:
    seen = mipd.read_regimen(place, "Bayesian").seen(2).histories[0]
    assert (list(seen.times), seen.end) == ([0.0, 24.0], 24.0)
    assert [d.time for d in seen.doses] == [0.0]
    none = mipd.read_regimen(place, "Bayesian").seen(0).histories[0]
    assert (none.times.size, none.doses, none.end) == (0, (), 0.0)


def test_without_observations_a_forecast_is_that_of_the_covariates(place: Path) -> None:
    trial, population = mipd.read_regimen(place, "Bayesian"), Population.load(POPULATION)
    blind = forecasts(population, trial, covariates_only=True)
    learned = forecasts(population, trial)
    np.testing.assert_allclose(blind.median[:, 0], learned.median[:, 0])
    assert (learned.median[:, 2] != blind.median[:, 2]).all()
    assert np.isfinite(blind.low).all()


def test_a_record_takes_the_same_way(place: Path) -> None:
    """Every INR, the one before treatment too, is an observation of a Population without a baseline."""
    trial, population = mipd.read_regimen(place, "Bayesian").odd, Population.load(POPULATION)
    history = trial.histories[0]
    twin = Twin("warfarin", _record(history), Genome.from_diplotypes(trial.genotypes[0]), population)
    assimilated = twin.assimilate()
    replayed = forecasts(population, trial)
    np.testing.assert_allclose([p.median for p in assimilated.trace], replayed.median[0], rtol=1e-9)
    until = assimilated.dose_for(TARGET, draws=4000).median
    assert until == pytest.approx(maintenance(population, trial, 3, TARGET)[0], rel=0.03)


def _record(history: mipd.History) -> Record:
    events = [
        Event(time=ORIGIN + int(d.time * HOUR), kind="administration", status="completed", name="warfarin",
              value=d.amount, unit="mg", route="oral")
        for d in history.doses
    ] + [
        Event(time=ORIGIN + int(t * HOUR), kind="observation", status="final", system="LOINC", code="6301-6",
              name="INR", value=float(v), unit="{INR}")
        for t, v in zip(history.times, history.values, strict=True)
    ]  # fmt: skip
    return Record.from_events(PatientInfo(id="P", age_years=history.covariates["age"]), events)


def test_the_population_is_the_template_filled_in(checkout: Path) -> None:
    """Numbers come from scripts/calibrate_mipd.py, all else from its template."""
    template = (checkout / "scripts" / "mipd_template.toml").read_text(encoding="utf-8")
    folder = checkout / "pytwin" / "therapies" / "warfarin" / "populations"
    pattern = re.sub(r"@\w+@", lambda _: r"[-+.e\d]+", re.escape(template))
    assert re.fullmatch(pattern, (folder / "mipd-1.toml").read_text(encoding="utf-8"))


@pytest.mark.reference
def test_learning_from_inrs(reference: Path) -> None:
    report = run("warfarin-trial", reference)
    failed = [f"{c.name}: expected {c.expected}, got {c.got}" for c in report.judged if not c.passed]
    assert failed == []
    assert len(report.judged) == 30
