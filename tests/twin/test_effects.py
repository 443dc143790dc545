"""Effects of a calibration: exponential, a genotype's effect in a group, adjusted references, spreads."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin.errors import InputError
from pytwin.model import Population
from pytwin.model.effects import apply, check

TEXT = """
id = "warfarin/test"
version = 1
therapy = "warfarin"
model = "hamberg2010"
title = ""
citation = ""
[[parameters]]
name = "CL"
value = 0.3
unit = "L/h"
citation = ""
[[effects]]
parameter = "CL"
kind = "exponential"
covariate = "height"
slope = 0.01
centre = 170
citation = ""
[[effects]]
parameter = "CL"
kind = "power"
covariate = "weight"
exponent = 0.5
centre = 80
citation = ""
[[effects]]
parameter = "EC50"
kind = "by_genotype"
gene = "VKORC1"
mode = "multiply"
group = "race_black"
values = { "G/G" = 1.0, "A/G" = 1.1, "A/A" = 1.2 }
citation = ""
[[variability]]
parameter = "CL"
scale = "log"
sd = 0.3
citation = ""
[[spread]]
parameter = "CL"
covariate = "race_asian"
value = 1.5
citation = ""
[[residual]]
output = "INR"
kind = "log-additive"
a = 0.2
citation = ""
[[reference]]
covariate = "height"
value = 165
sd = 5
adjust = [{ covariate = "male", slope = 10, centre = 0 }, { covariate = "weight", slope = 0.2, centre = 70 }]
citation = ""
[[reference]]
covariate = "weight"
value = 70
sd = 10
citation = ""
"""


@pytest.fixture(scope="module")
def population() -> Population:
    return Population.parse(TEXT)


def test_exponential_serves_numbers_and_groups() -> None:
    effect = {
        "kind": "exponential",
        "parameter": "CL",
        "covariate": "x",
        "slope": 0.1,
        "centre": 2.0,
        "citation": "",
    }
    check(effect, "here")
    found = apply(np.full(2, 3.0), effect, {"x": np.array([2.0, 7.0])}, {})
    assert np.allclose(found, [3, 3 * np.exp(0.5)])


def test_an_effect_may_hold_for_a_group_only(population) -> None:
    covariates = {"race_black": np.array([0.0, 1, 1, 1])}
    genotypes = {"VKORC1": ["A/A", "AA", "G/A", "G/G"]}
    table = population.parameters(covariates, genotypes)
    names = [p["name"] for p in population.model.params]
    ratio = table[:, names.index("EC50")] / table[3, names.index("EC50")]
    assert np.allclose(ratio, [1, 1.2, 1.1, 1])


def test_an_effect_with_a_field_missing_is_refused() -> None:
    with pytest.raises(InputError, match="bad-effect"):
        check({"kind": "exponential", "parameter": "CL", "covariate": "x", "citation": ""}, "here")


def test_an_effect_that_sets_a_value_has_no_group() -> None:
    effect = {"kind": "allele_sum", "parameter": "CL", "gene": "G", "values": {}, "citation": ""}
    check(effect, "here")
    with pytest.raises(InputError, match="bad-effect"):
        check({**effect, "group": "x"}, "here")


def test_a_missing_covariate_takes_a_reference_adjusted_for_the_others(population) -> None:
    assert set(population.covariates) == {"height", "weight", "race_black", "male", "race_asian"}
    filled = population.filled({"male": np.array([0.0, 1, 1]), "weight": np.array([np.nan, 90, 90])}, 3)
    assert np.allclose(filled["height"], [165, 179, 179])
    assert np.allclose(filled["weight"], [70, 90, 90])
    known = population.filled({"male": 1.0, "height": 150.0}, 1)
    assert known["height"][0] == 150


def test_a_missing_covariate_widens_and_moves_those_that_follow_it(population) -> None:
    base = {"male": 1.0, "race_asian": 0.0, "race_black": 0.0}
    known = population.covariance({**base, "height": 170.0, "weight": 70.0}, {"VKORC1": ["GG"]}, 1)[0, 0, 0]
    no_height = population.covariance({**base, "weight": 70.0}, {"VKORC1": ["GG"]}, 1)[0, 0, 0]
    neither = population.covariance(base, {"VKORC1": ["GG"]}, 1)[0, 0, 0]
    assert known == pytest.approx(0.09)
    assert no_height == pytest.approx(0.09 + 0.05**2)
    weight = (np.log(80 / 60) * 0.5 + 0.01 * 0.2 * 20) / 2
    assert neither == pytest.approx(0.09 + 0.05**2 + weight**2)


def test_a_spread_multiplies_the_sd_of_a_group(population) -> None:
    covariates = {"race_asian": np.array([0.0, 1.0]), "height": 170.0, "weight": 80.0}
    found = population.covariance(covariates, {"VKORC1": ["GG", "GG"]}, 2)[:, 0, 0]
    assert np.allclose(np.sqrt(found), [0.3, 0.45])
    assert "SD x 1.5 for each race_asian" in population.describe()


def test_a_spread_may_hold_where_a_covariate_is_missing() -> None:
    more = """[[spread]]
parameter = "CL"
covariate = "height"
when = "missing"
value = 2.0
citation = ""
[[residual]]"""
    population = Population.parse(TEXT.replace("[[residual]]", more, 1))
    covariates = {"male": 1.0, "race_asian": 0.0, "height": np.array([170.0, np.nan]), "weight": 70.0}
    known, unknown = population.covariance(covariates, {"VKORC1": ["GG", "GG"]}, 2)[:, 0, 0]
    assert known == pytest.approx(0.09)
    assert unknown == pytest.approx(0.6**2 + 0.05**2)
    assert "SD x 2 where height is missing" in population.describe()
