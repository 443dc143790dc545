"""Warfarin: INR response with genotype.

The target INR of 2 to 3 and the harms of INR above 4 and below 1.5 are those of most indications (Holbrook
A et al., Chest 2012;141(2 Suppl):e152S-e184S). A record may hold another target, an observation named "target
INR", of which the last one counts; the ranges of the Objective move with it.
"""

from __future__ import annotations

from pytwin.model.objective import Objective
from pytwin.therapies.therapy import Therapy
from pytwin.therapies.warfarin.limits import LIMITS
from pytwin.therapies.warfarin.plans import candidates, round_dose
from pytwin.therapies.warfarin.record import read
from pytwin.therapies.warfarin.support import support


# Weights: time above 4 costs three times what time in range earns, time below 1.5 once; they are a stated
# choice.
def objective(target: float) -> Objective:
    """Time within half an INR of the target; harms from 1.5 above and 1 below it on, as for 2.5."""
    return (
        Objective()
        .time_in("INR", target - 0.5, target + 0.5)
        .harm("INR", above=target + 1.5, weight=3)
        .harm("INR", below=target - 1.0, weight=1)
        .burden(visits=0.1)
    )


TARGET = 2.5
OBJECTIVE = objective(TARGET)

# Predicted SDs beyond which an INR weighs less. Of clean INRs 0.3 % lie beyond; an INR of 9 that no dose
# explains moves the twin less than one that lies just there.
ROBUST = 3.0

# The Population whose starting doses real patients agree with; its INRs over time are Hamberg's
# (docs/model_cards/warfarin_iwpc.md).
POPULATION = "warfarin/iwpc@2"

THERAPY = Therapy(
    name="warfarin",
    title="warfarin dosing by INR, CYP2C9 and VKORC1",
    population=POPULATION,
    drug="warfarin",
    route="oral",
    unit="mg",
    output="INR",
    analyte="INR",
    target=TARGET,
    objective=OBJECTIVE,
    limits=LIMITS,
    read=read,
    candidates=candidates,
    round_dose=round_dose,
    support=support,
    citations=(
        "Hamberg AK et al., Clin Pharmacol Ther 2010;87:727-734",
        "Hamberg AK et al., Clin Pharmacol Ther 2007;81:529-538",
        "US prescribing information of warfarin sodium tablets",
        "Holbrook A et al., Chest 2012;141(2 Suppl):e152S-e184S",
        "Kovacs MJ et al., Ann Intern Med 2003;138:714-719",
        "Gage BF et al., Clin Pharmacol Ther 2008;84:326-331",
        "International Warfarin Pharmacogenetics Consortium, N Engl J Med 2009;360:753-764",
    ),
    robust=ROBUST,
    aims=objective,
)
