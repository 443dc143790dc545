"""Populations: values of Hamberg 2010 and 2007 as in the tables of the papers, missing covariates, hash."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin.errors import InputError
from pytwin.model import Population
from pytwin.model.effects import canonical

WILD = {"CYP2C9": ["*1/*1"], "VKORC1": ["G/G"]}


@pytest.fixture(scope="module")
def hamberg2010():
    return Population.load("warfarin/hamberg2010@1")


def typical(population, name, covariates, genotypes):
    names = [p["name"] for p in population.model.params]
    return population.parameters(covariates, genotypes)[:, names.index(name)]


def test_the_built_in_ones_are_listed_and_described():
    assert Population.list() == [
        f"warfarin/{name}" for name in ("hamberg2007@1", "hamberg2010@1", "iwpc@1", "iwpc@2", "mipd@1")
    ]
    text = Population.load("warfarin/hamberg2010").describe()
    assert "Clin Pharmacol Ther 2010;87:727" in text
    assert "amiodarone [untraced]" in text


@pytest.mark.parametrize(
    ("cyp2c9", "expected"),
    [("*1/*1", 0.348), ("*1/*2", 0.2619), ("*1/*3", 0.2162), ("*3/*2", 0.1301), ("*3/*3", 0.0844)],
)
def test_clearance_by_diplotype_at_71_years(hamberg2010, cyp2c9, expected):
    found = typical(hamberg2010, "CL", {"age": 71.0}, {"CYP2C9": [cyp2c9], "VKORC1": ["GG"]})
    assert found[0] == pytest.approx(expected)


@pytest.mark.parametrize(("vkorc1", "expected"), [("GG", 4.10), ("A/G", 3.01), ("GA", 3.01), ("AA", 1.92)])
def test_ec50_by_genotype(hamberg2010, vkorc1, expected):
    found = typical(hamberg2010, "EC50", {"age": 71.0}, {"CYP2C9": ["*1/*1"], "VKORC1": [vkorc1]})
    assert found[0] == pytest.approx(expected)


def test_age_amiodarone_and_inducers_over_many_subjects(hamberg2010):
    covariates = {
        "age": np.array([71.0, 50.0, 71.0, 71.0]),
        "amiodarone": np.array([0, 0, 1.0, np.nan]),
        "enzyme_inducer": np.array([0, 0, 0, 1.0]),
    }
    many = {g: v * 4 for g, v in WILD.items()}
    found = typical(hamberg2010, "CL", covariates, many) / 0.348
    assert np.allclose(found, [1, 1 + 0.00571 * 21, np.exp(-0.2538), (35**0.5 + 1.1816) ** 2 / 35], atol=2e-4)


def test_2007(hamberg2010):
    old = Population.load("warfarin/hamberg2007@1")
    found = typical(old, "CL", {"age": 50.0}, {"CYP2C9": ["*1/*3"], "VKORC1": ["AA"]})
    assert found[0] == pytest.approx(0.314 * (1 - 0.453) * (1 + 0.0091 * 21))
    assert typical(old, "EC50", {"age": 50.0}, {"CYP2C9": ["*1/*3"], "VKORC1": ["AA"]})[0] == 2.20
    assert old.hash != hamberg2010.hash


def test_omega(hamberg2010):
    omega = hamberg2010.omega
    assert hamberg2010.theta == ("CL", "V", "EC50", "BASE")
    assert omega[0, 0] == pytest.approx(0.089, rel=1e-5)
    assert omega[1, 1] == pytest.approx(0.054, rel=1e-5)
    assert omega[0, 1] == pytest.approx(0.84 * np.sqrt(0.089 * 0.054), rel=1e-5)
    assert hamberg2010.residuals["INR"].a == 0.20
    assert not hamberg2010.drift.any()


def test_a_missing_age_widens_clearance_alone(hamberg2010):
    known = hamberg2010.covariance({"age": 71.0}, WILD)[0]
    wider = hamberg2010.covariance({}, WILD)[0] - known
    assert wider[0, 0] == pytest.approx((0.00571 * 12) ** 2, rel=0.02)
    wider[0, 0] = 0
    assert np.allclose(wider, 0)


def test_the_hash_is_of_the_content_not_the_layout(hamberg2010):
    keys = ["id = 'warfarin/x'", "version = 1", "therapy = 'warfarin'", "model = 'hamberg2010'", "title = ''"]
    keys += ["citation = ''", "parameters = []", "variability = []", "residual = []"]
    text = "\n".join(keys)
    one, other = Population.parse(text), Population.parse("# a comment\n" + text.replace(" = ", "="))
    assert one.hash == other.hash
    assert Population.parse(text.replace("version = 1", "version = 2")).hash != one.hash


def test_a_genotype_without_a_value_is_refused(hamberg2010):
    with pytest.raises(InputError, match="unknown-genotype"):
        hamberg2010.parameters({}, {"CYP2C9": ["*1/*5"], "VKORC1": ["GG"]})


@pytest.mark.parametrize(
    ("text", "code"),
    [("= 3", "not-toml"), ("id = 3", "incomplete")],
)
def test_files_that_are_refused(text, code):
    with pytest.raises(InputError, match=code):
        Population.parse(text)


def test_an_effect_outside_the_vocabulary_is_refused(hamberg2010):
    text = 'id = "a/b"\nversion = 1\ntherapy = "a"\nmodel = "m"\ntitle = ""\ncitation = ""\nparameters = []\n'
    text += 'variability = []\nresidual = []\n[[effects]]\nparameter = "CL"\nkind = "python"\n'
    with pytest.raises(InputError, match="unknown-effect"):
        Population.parse(text)


def test_an_unknown_name():
    with pytest.raises(InputError, match="population.unknown"):
        Population.load("warfarin/nobody")


def test_outside_the_range_studied_is_noted(hamberg2010):
    assert len(hamberg2010.outside({"age": 95.0})) == 1
    assert hamberg2010.outside({"age": 71.0}) == []


@pytest.mark.parametrize(
    ("text", "expected"), [("*2/*1", "*1/*2"), ("GA", "A/G"), ("G/A", "A/G"), ("AA", "A/A")]
)
def test_one_spelling_of_a_genotype(text, expected):
    assert canonical(text) == expected
