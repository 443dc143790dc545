"""simglucose's patients over a day, in an environment of its own, without controller and sensor.

``simglucose_day.py JOB.npz FOUND.npz``: insulin (n, minutes) in U/min and announced meals (minutes,) in g of
the first n patients; glucose under the skin (n, minutes + 1) and seconds a patient.
"""

from __future__ import annotations

import logging
import sys
import time

import numpy as np
from simglucose.patient.t1dpatient import Action, T1DPatient

logging.disable(logging.CRITICAL)


def main() -> None:
    job = np.load(sys.argv[1])
    insulin, meals = job["insulin"], job["meals"]
    found, seconds = [], []
    for i, doses in enumerate(insulin):
        patient = T1DPatient.withID(i + 1)
        glucose = [patient.observation.Gsub]
        begin = time.perf_counter()
        for units, grams in zip(doses, meals, strict=True):
            patient.step(Action(CHO=grams, insulin=units))
            glucose.append(patient.observation.Gsub)
        seconds.append(time.perf_counter() - begin)
        found.append(glucose)
    np.savez(sys.argv[2], y=np.array(found), seconds=np.mean(seconds))


main()
