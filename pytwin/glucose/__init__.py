"""Glucose in diabetes: virtual patients, meals, pumps, sensors, closed loops, forecasts.

The models themselves are ``pytwin.Model("hovorka")`` and ``pytwin.Model("uvapadova")``; here is what lives
around them.
"""

from __future__ import annotations

from pytwin.glucose.control import BasalBolus, Controller, Insulin, Pid
from pytwin.glucose.events import Event, events
from pytwin.glucose.forecast import Forecast, forecast
from pytwin.glucose.learning import Dynamics, learn
from pytwin.glucose.loop import Loop, run_loop
from pytwin.glucose.meals import bites, schedule
from pytwin.glucose.patients import Patients, patients
from pytwin.glucose.pump import Pump, pump
from pytwin.glucose.sensor import Sensor, sensor
from pytwin.glucose.steady import Steady, steady_state

__all__ = [
    "BasalBolus",
    "Controller",
    "Dynamics",
    "Event",
    "Forecast",
    "Insulin",
    "Loop",
    "Patients",
    "Pid",
    "Pump",
    "Sensor",
    "Steady",
    "bites",
    "events",
    "forecast",
    "learn",
    "patients",
    "pump",
    "run_loop",
    "schedule",
    "sensor",
    "steady_state",
]
