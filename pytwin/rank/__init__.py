"""Ranking: plans in order, with expected utility, interval, probability of being best, regret, and the
reasons."""

from __future__ import annotations

from pytwin.rank.drivers import Drivers
from pytwin.rank.information import GenotypeValue
from pytwin.rank.ranking import Ranking
from pytwin.rank.run import rank

__all__ = ["Drivers", "GenotypeValue", "Ranking", "rank"]
