"""Structural time series models: sums of levels, trends, seasons, cycles, regressions and ARMA processes.

    from pytwin.kalman import structural as st
    fitted = (st.Trend() + st.Seasonal(12) + st.Irregular()).fit(y)

Each component gives matrices that one can read (``model.linear(params)``), starts its stationary states from
their own distribution (Lyapunov) and all others exactly without a prior.

References
----------
Harvey (1989), Forecasting, Structural Time Series Models and the Kalman Filter.
Durbin & Koopman (2012), Time Series Analysis by State Space Methods, 2nd ed., ch. 3.
"""

from __future__ import annotations

from pytwin.kalman.structural.arma import AR, ARIMA, ARMA
from pytwin.kalman.structural.component import Component
from pytwin.kalman.structural.fitted import Fitted
from pytwin.kalman.structural.model import Structural
from pytwin.kalman.structural.moments import Forecast, Moments
from pytwin.kalman.structural.regression import Regression
from pytwin.kalman.structural.seasonal import Cycle, Seasonal
from pytwin.kalman.structural.trend import Irregular, Level, Trend

__all__ = [
    "AR",
    "ARIMA",
    "ARMA",
    "Component",
    "Cycle",
    "Fitted",
    "Forecast",
    "Irregular",
    "Level",
    "Moments",
    "Regression",
    "Seasonal",
    "Structural",
    "Trend",
]
