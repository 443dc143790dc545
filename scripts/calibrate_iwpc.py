"""Calibrate the Population ``warfarin/iwpc`` on the patients of the reference library.

    python scripts/calibrate_iwpc.py [--reference DIR] [--compare]

Reads ``pkpd/iwpc/iwpc_dev.csv`` at run time, fits the effects on the stable dose to the patients with age and
dose (``pytwin/verify/iwpc_fit.py``), prints them, cross-validates them and writes
``pytwin/therapies/warfarin/populations/iwpc-2.toml``. ``--compare`` prints cross-validated errors and
log-densities of three kinds of errors. Aggregates alone leave this script.
"""

from __future__ import annotations

import argparse
import hashlib
from math import inf
from pathlib import Path

import numpy as np

from pytwin.model.population import Population
from pytwin.verify import iwpc_fit, warfarin_iwpc
from pytwin.verify.iwpc_figures import REPEATS, errors, validation, within
from pytwin.verify.iwpc_population import VERSION, population, to_toml
from pytwin.verify.iwpc_validation import Subjects, Table, cross_validate, folds, table
from pytwin.verify.library import reference_dir
from pytwin.verify.run import Context

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "pytwin" / "therapies" / "warfarin" / "populations" / f"iwpc-{VERSION}.toml"
ATTRIBUTION = (
    "International Warfarin Pharmacogenetics Consortium data, PharmGKB/ClinPGx (CC BY-SA 4.0), N Engl J Med "
    "2009;360:753-764; the estimates here are aggregate figures"
)
METHOD = (
    "Posterior mode of effects on log dose at steady state, log CL + log EC50 + g(target INR), g by the "
    "model. Student-t errors, the scale by race group and by what is missing, the degrees of freedom by "
    "likelihood; Gaussian priors on the effects, centred on Hamberg 2010, Gage 2008 and IWPC 2009; unknown "
    "genotypes as mixtures by race group, a missing weight or height by regression on sex, race group and "
    "age. SDs from the central 80 % of residuals, by race group and by what is missing, shrunk to all. A "
    "target that is not stated counts as 2.5. Only CL x EC50 is identified by stable doses: the split "
    "between them, V, its correlation, the time course and the errors of INRs are those of Hamberg 2010."
)


def provenance(path: Path, fit: iwpc_fit.Fit) -> dict[str, object]:
    """Where the numbers are from."""
    return {
        "text": METHOD,
        "n": fit.patients,
        "method": "penalised maximum likelihood, expectation and maximisation",
        "data": ATTRIBUTION,
        "input": "reference library, pkpd/iwpc/iwpc_dev.csv, patients with age and dose",
        "input_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "script": "scripts/calibrate_iwpc.py",
        "total_sd": round(fit.spread.overall, 4),
        "freedom": fit.freedom,
    }


def main() -> None:
    """Fit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, default=None)
    parser.add_argument("--compare", action="store_true")
    given = parser.parse_args()
    context = Context(reference_dir(given.reference))
    records = warfarin_iwpc.read_all(context)
    whole = warfarin_iwpc.patients_of([r for r in records if warfarin_iwpc.complete(r)])
    partly = warfarin_iwpc.patients_of([r for r in records if not warfarin_iwpc.complete(r)])
    seen, more = (table(Subjects(p.records, p.target, p.dose)) for p in (whole, partly))
    if given.compare:
        compare(seen, more, whole.dose)
    found = iwpc_fit.fit(seen.doses.with_others(more.doses))
    for name, value in found.effects.items():
        centre, width = iwpc_fit.PRIORS[name]
        print(f"{name:24} {value:9.4f}   n {found.counts[name]:5}   prior {centre:7.3f} +- {width:g}")
    print(f"{found.freedom:g} degrees of freedom", found.scale)
    print("SD of log dose", found.spread)
    path = context.folder("pkpd", "iwpc", "iwpc_dev.csv")
    people = population(found, provenance(path, found))
    repeats = [cross_validate(seen, repeat=k, others=more)[0] for k in range(REPEATS)]
    clinical = warfarin_iwpc.ALGORITHMS["clinical"](whole.covariates)
    people.data["validation"] = validation(whole, repeats, clinical)
    OUT.write_text(to_toml(people.data), encoding="utf-8")
    print(Population.read(OUT).describe())


def compare(seen: Table, more: Table, dose: np.ndarray) -> None:
    """Cross-validated errors and log-densities of Gaussian errors and of Student-t ones."""
    for name, freedoms in {"gauss": (inf,), "t, 4": (4.0,), "t, likeliest": iwpc_fit.FREEDOMS}.items():
        quantiles = cross_validate(seen, others=more, freedoms=freedoms)[0]
        fold, other = folds(dose.size), folds(more.target.size)
        density = 0.0
        for k in range(fold.max() + 1):
            fitted = seen.doses.of(fold != k).with_others(more.doses.of(other != k))
            density += iwpc_fit.log_density(seen.doses.of(fold == k), iwpc_fit.fit(fitted, freedoms)).sum()
        mae, share = errors(quantiles, dose).mean(), 100 * within(quantiles, dose).mean()
        print(f"{name:14} log-density {density:.1f}, MAE {mae:.3f} mg/week, within 20 % {share:.2f}")


if __name__ == "__main__":
    main()
