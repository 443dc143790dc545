"""Limits of warfarin.

Sources
-------
.. [1] Warfarin sodium tablets, US prescribing information: contraindications (section 4: pregnancy,
hemorrhagic
   tendencies, recent surgery), initial and maintenance doses (2.3), pediatric use (8.4: not established),
   interactions (7).
.. [2] Holbrook AM et al., Arch Intern Med 2005;165:1095-1106: interactions that raise or lower the INR, high
   probability.
.. [3] Kovacs MJ et al., Ann Intern Med 2003;138:714-719: 10 mg is the largest initiation dose studied in a
nomogram.
"""

from __future__ import annotations

from pytwin.model.limit import KEPT, Limit, Verdict, max_daily
from pytwin.model.plan import Plan
from pytwin.record.drugs import DRUGS
from pytwin.therapies.dosing import NO_TIME
from pytwin.therapies.therapy import Patient
from pytwin.therapies.warfarin.plans import makeable
from pytwin.therapies.warfarin.record import SWITCH_DRUGS

LABEL = "US prescribing information of warfarin sodium tablets"
MAX_DAILY_MG = 15.0
MAX_START_MG = 10.0
_START_HOURS = 72.0
_YEAR_HOURS = 365 * 24.0
ADULT = 18.0
# Ages between which pregnancy has to be excluded: the World Health Organization's reproductive age is 15 to
# 49; a margin is left on both sides.
FERTILE = (12.0, 55.0)
BLEEDING = ("bleeding", "intracranial bleeding")
_OVER = ("resolved", "inactive", "remission")
# Interactions that the Populations describe; the other strong ones make every simulation doubtful.
_DESCRIBED = frozenset(drug for drugs in SWITCH_DRUGS.values() for drug in drugs)
INTERACTING = tuple(
    drug.name
    for drug in DRUGS.values()
    if {"cyp2c9 inhibitor", "cyp inducer", "vitamin k"} & set(drug.classes) and drug.name not in _DESCRIBED
)


def check_makeable(plan: Plan, patient: Patient) -> Verdict:
    """Every dose is one that whole and half tablets can make."""
    wrong = sorted({d.milligrams for d in plan.doses if not makeable(d.milligrams)})
    if wrong:
        return "broken", f"{wrong[0]:g} mg can't be made from whole and half tablets"
    return KEPT


def check_max_daily(plan: Plan, patient: Patient) -> Verdict:
    """No more than 15 mg within 24 hours."""
    most = max_daily(plan, "warfarin", _YEAR_HOURS)
    if most > MAX_DAILY_MG:
        return "broken", f"{most:g} mg within 24 hours is above {MAX_DAILY_MG:g} mg"
    return KEPT


def check_loading(plan: Plan, patient: Patient) -> Verdict:
    """No more than 10 mg a day in the first three days of a patient who is not taking warfarin."""
    most = max_daily(plan, "warfarin", _START_HOURS)
    if patient.history.current_daily(patient.hour) is None and most > MAX_START_MG:
        return "broken", f"a loading dose of {most:g} mg is above {MAX_START_MG:g} mg"
    return KEPT


def check_age(plan: Plan, patient: Patient) -> Verdict:
    """Adults only."""
    age = patient.history.covariates.get("age_lowest")
    if age is None:
        return "not excluded", "the age is unknown: under 18 can't be excluded"
    if age < ADULT:
        known = patient.history.covariates["age_highest"] < ADULT
        return ("broken" if known else "not excluded"), "under 18 years: not studied"
    return KEPT


def check_pregnancy(plan: Plan, patient: Patient) -> Verdict:
    """Contraindicated in pregnancy, which a record without evidence can't exclude in a woman of fertile
    age."""
    if _has(patient, "pregnancy"):
        return "broken", "pregnancy: contraindicated"
    sex = patient.record.patient.sex
    ages = patient.history.covariates
    fertile = (
        ages.get("age_highest", FERTILE[0]) >= FERTILE[0] and ages.get("age_lowest", FERTILE[1]) <= FERTILE[1]
    )
    if sex != "male" and fertile:
        return "not excluded", "the record does not exclude pregnancy"
    return KEPT


def check_bleeding(plan: Plan, patient: Patient) -> Verdict:
    """Contraindicated in active bleeding; a record without any condition can't exclude it."""
    if any(_has(patient, name) for name in BLEEDING):
        return "broken", "active bleeding: contraindicated"
    if len(patient.record.conditions()) == 0:
        return "not excluded", "the record has no list of conditions: active bleeding can't be excluded"
    return KEPT


def check_interactions(plan: Plan, patient: Patient) -> Verdict:
    """A strong interaction that the Population does not describe makes every simulation doubtful."""
    for drug in INTERACTING:
        if patient.record.takes(drug, patient.now):
            return "not excluded", f"{drug}: interacts with warfarin, and the Population has no effect for it"
    return KEPT


def _has(patient: Patient, name: str) -> bool:
    """Whether a condition is active at the twin's time."""
    for row in patient.record.conditions(name, valid=True):
        over = row.until not in (NO_TIME, None) and row.until < patient.now
        if row.status not in _OVER and not over and row.time <= patient.now:
            return True
    return False


LIMITS = (
    Limit("makeable", "every dose can be made from tablets", LABEL + ", section 3", check_makeable),
    Limit(
        "max-daily-dose",
        "at most 15 mg a day",
        "assumed: half above the label's usual maximum of 10 mg a day",
        check_max_daily,
    ),
    Limit(
        "loading-dose", "loading dose at most 10 mg", "Kovacs 2003; " + LABEL + ", section 2.3", check_loading
    ),
    Limit("age", "adults only", LABEL + ", section 8.4", check_age, "patient"),
    Limit("pregnancy", "not in pregnancy", LABEL + ", section 4", check_pregnancy, "patient"),
    Limit("bleeding", "not in active bleeding", LABEL + ", section 4", check_bleeding, "patient"),
    Limit("interaction", "no interaction without a model", "Holbrook 2005", check_interactions, "patient"),
)
