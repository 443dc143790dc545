"""Calibrate the Population ``warfarin/iwpc`` on the patients of the reference library.

    python scripts/calibrate_iwpc.py [--reference DIR] [--compare]

Reads ``pkpd/iwpc/iwpc_dev.csv`` at run time, fits the effects on the stable dose to the patients with height,
weight, age and dose (``pytwin/verify/iwpc_fit.py``), prints them and writes
``pytwin/therapies/warfarin/populations/iwpc-1.toml``. ``--compare`` prints cross-validated errors of three
likelihoods. Aggregates alone leave this script.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import numpy as np

from pytwin.verify import iwpc_fit, warfarin_iwpc
from pytwin.verify.iwpc_population import population, to_toml
from pytwin.verify.iwpc_validation import Subjects, Table, cross_validate, table
from pytwin.verify.library import reference_dir
from pytwin.verify.run import Context

ROOT = Path(__file__).resolve().parents[1]
OUT = ROOT / "pytwin" / "therapies" / "warfarin" / "populations" / "iwpc-1.toml"
ATTRIBUTION = (
    "International Warfarin Pharmacogenetics Consortium data, PharmGKB/ClinPGx (CC BY-SA 4.0), N Engl J Med "
    "2009;360:753-764; the estimates here are aggregate figures"
)
METHOD = (
    "Posterior mode of effects on log dose at steady state, log CL + log EC50 + g(target INR), g by the "
    "model; "
    "Student-t errors with 4 degrees of freedom; Gaussian priors on the effects, centred on Hamberg 2010, "
    "Gage 2008 and IWPC 2009; unknown genotypes as mixtures by race group. SDs from the central 80 % of "
    "residuals, by race group shrunk to all. A target that is not stated counts as 2.5. Only CL x EC50 is "
    "identified by stable doses: the split between them, V, its correlation, the time course and the errors "
    "of INRs are those of Hamberg 2010."
)


def provenance(path: Path, fit: iwpc_fit.Fit) -> dict[str, object]:
    """Where the numbers are from."""
    return {
        "text": METHOD,
        "n": fit.patients,
        "method": "penalised maximum likelihood, expectation and maximisation",
        "data": ATTRIBUTION,
        "input": "reference library, pkpd/iwpc/iwpc_dev.csv, patients with height, weight, age and dose",
        "input_sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "script": "scripts/calibrate_iwpc.py",
        "total_sd": round(fit.sd, 4),
    }


def main() -> None:
    """Fit, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--reference", type=Path, default=None)
    parser.add_argument("--compare", action="store_true")
    given = parser.parse_args()
    context = Context(reference_dir(given.reference))
    patients = warfarin_iwpc.read(context)
    seen = table(Subjects(patients.records, patients.target, patients.dose))
    if given.compare:
        compare(seen, patients.dose)
    found = iwpc_fit.fit(seen.doses)
    for name, value in found.effects.items():
        centre, width = iwpc_fit.PRIORS[name]
        print(f"{name:24} {value:9.4f}   n {found.counts[name]:5}   prior {centre:7.3f} +- {width:g}")
    print(f"SD of log dose {found.sd:.4f}", {k: round(v, 4) for k, v in found.group_sd.items()})
    path = context.folder("pkpd", "iwpc", "iwpc_dev.csv")
    people = population(found, provenance(path, found))
    OUT.write_text(to_toml(people.data), encoding="utf-8")
    print(people)


def compare(seen: Table, dose: np.ndarray) -> None:
    """Cross-validated errors of three likelihoods."""
    kinds: tuple[iwpc_fit.Likelihood, ...] = ("student-t", "gauss", "laplace")
    for kind in kinds:
        median = cross_validate(seen, likelihood=kind)[0][:, 1]
        error = np.abs(median - dose)
        share = 100 * (error <= 0.2 * dose).mean()
        print(f"{kind:10} MAE {error.mean():.3f} mg/week, within 20 % {share:.2f}")


if __name__ == "__main__":
    main()
