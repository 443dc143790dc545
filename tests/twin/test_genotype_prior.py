"""An uncertain genotype gives a mixture prior: the Population's priors, by the call's probabilities."""

from __future__ import annotations

import numpy as np
import pytest

from pytwin.errors import InputError
from pytwin.genome import Genome
from pytwin.genome.call import call_gene, missing_call, stated_call
from pytwin.genome.frequencies import Frequencies
from pytwin.genome.genotype import Genotype
from pytwin.genome.statement import Statement
from pytwin.genome.tables import load_tables
from pytwin.genome.usual import usual_genotypes
from pytwin.issues import Issues
from pytwin.model import Population
from pytwin.model.effects import canonical
from pytwin.therapies import load
from pytwin.twin import prior
from pytwin.twin.mixture import moments

GENES = sorted(load_tables().genes)
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
kind = "KIND"
gene = "GENE"
mode = "multiply"
values = { VALUES }
citation = "made up"
[[variability]]
parameter = "CL"
scale = "log"
sd = 0.3
citation = ""
[[residual]]
output = "INR"
kind = "log-additive"
a = 0.1
citation = ""
"""


def population(gene: str, values: dict[str, float], kind: str = "by_genotype") -> Population:
    listed = ", ".join(f'"{name}" = {value!r}' for name, value in values.items())
    return Population.parse(TEXT.replace("KIND", kind).replace("GENE", gene).replace("VALUES", listed))


def genome(call) -> Genome:
    calls = {**Genome.from_diplotypes({}).genes, call.gene: call}
    base = Genome.from_diplotypes({})
    return Genome(calls, None, None, Issues(), (), base.tables_version)


def half_seen(gene, seed: int):
    """A call of which a random half of the positions was seen, all as the table's reference."""
    rng = np.random.default_rng(seed)
    seen = [p for p in gene.positions if rng.random() < 0.5]
    return call_gene(gene, {p.pos: Genotype((p.ref, p.ref), False, None) for p in seen})


def prior_of(people: Population, found: Genome, make):
    therapy = load("warfarin")
    history = therapy.read(make([]), "untreated", people, None)
    options = prior.genotype_options(people, found, "White", Issues())
    (components,) = prior.build(therapy, people, [history], [options])
    return components


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("name", GENES)
def test_every_genes_call_becomes_its_exact_mixture(make, name, seed):
    """The moments of log CL are those of the call's diplotypes, each with its own mean."""
    gene = load_tables().genes[name]
    call = half_seen(gene, seed) if len(gene.positions) > 1 else missing_call(gene)
    known = genome(call).diplotypes(name, "White") or tuple(usual_genotypes(name, "White").items())
    values = {canonical(d): 0.5 + (i % 7) / 5 for i, (d, _) in enumerate(known)}
    components = prior_of(population(name, values), genome(call), make)
    assert components.weights.sum() == pytest.approx(1)
    mean, cov = moments(*components)
    listed = np.array([q for _, q in known])
    # What a call leaves unlisted (DPYD) is spread as in an untested person.
    usual = prior.genotype_frequencies(population(name, values), name, "White")
    p = listed + max(0.0, 1.0 - listed.sum()) * np.array([usual[canonical(d)] for d, _ in known])
    log = np.log([0.3 * values[canonical(d)] for d, _ in known])
    assert mean[-1] == pytest.approx(p @ log, abs=1e-12)
    assert cov[-1, -1] == pytest.approx(0.3**2 + p @ log**2 - (p @ log) ** 2, abs=1e-12)


@pytest.mark.parametrize("name", GENES)
def test_a_stated_diplotype_is_one_component(make, name):
    gene = load_tables().genes[name]
    pair = gene.diplotype_name(gene.labels[0], gene.labels[-1])
    found = genome(stated_call(gene, gene.labels[0], gene.labels[-1]))
    components = prior_of(population(name, {canonical(pair): 0.5, "x/y": 2.0}), found, make)
    assert components.weights.tolist() == [1.0]
    assert components.labels[0][name] == canonical(pair)


def test_what_laboratories_leave_open_is_a_mixture(make):
    """Two diplotypes stated, or two sources that differ: both, by their frequency."""
    told = [
        [Statement("CYP2C9", ("*1/*1", "*1/*3"))],
        [Statement("CYP2C9", ("*1/*1",)), Statement("CYP2C9", ("*1/*3",))],
    ]
    for statements in told:
        found = Genome.from_statements(statements)
        known = dict(found.diplotypes("CYP2C9", "White"))
        assert set(known) == {"*1/*1", "*1/*3"}
        values = {"*1/*1": 1.0, "*1/*3": 0.6, "*3/*3": 0.3}
        components = prior_of(population("CYP2C9", values), found, make)
        weights = {c["CYP2C9"]: w for c, w in zip(components.labels, components.weights, strict=True)}
        assert weights == pytest.approx(known)


def test_frequencies_of_a_users_own():
    own = Frequencies({"CYP2C9": {"*2": 0.5, "*3": 0.1}}, "mine")
    found = usual_genotypes("CYP2C9", frequencies=own)
    assert found["*2/*3"] / found["*2/*2"] == pytest.approx(2 * 0.1 / 0.5)
    people = population("CYP2C9", {"*2/*2": 0.5, "*3/*3": 1.0})
    issues = Issues()
    assert prior.genotype_frequencies(people, "CYP2C9", None, own)["*2/*2"] == pytest.approx(25 / 26)
    assert prior.genotype_frequencies(people, "CYP2C9", None)["*2/*2"] != pytest.approx(25 / 26)
    prior.genotype_options(population("SLCO1B1", {"*1/*1": 1.0}), None, None, issues)
    assert "all alleles alike" in issues[0].action


def test_phenotypes_are_a_vocabulary_of_their_own(make):
    values = {"Normal Metabolizer": 1.0, "Intermediate Metabolizer": 0.7, "Poor Metabolizer": 0.4}
    people = population("CYP2C9", values, "by_phenotype")
    assert people.genes["CYP2C9"] == tuple(values)
    (one,) = prior_of(people, Genome.from_diplotypes({"CYP2C9": "*3/*3"}), make).labels
    assert one == {"CYP2C9": "Poor Metabolizer"}
    call = half_seen(load_tables().genes["CYP2C9"], 3)
    components = prior_of(people, genome(call), make)
    shares = call.phenotypes("White")
    lost = 1 - sum(shares.get(v, 0.0) for v in values)
    usual = usual_genotypes("CYP2C9", "White", phenotypes=True)
    total = sum(usual[v] for v in values)
    for label, weight in zip(components.labels, components.weights, strict=True):
        name = label["CYP2C9"]
        expected = shares.get(name, 0.0) + lost * usual[name] / total
        assert weight == pytest.approx(expected, abs=1e-12)


def test_a_gene_without_a_table_is_open_and_alike(make):
    people = population("CYP2D6X", {"Poor Metabolizer": 0.5, "Normal Metabolizer": 1.0}, "by_phenotype")
    components = prior_of(people, None, make)
    assert components.weights.tolist() == [0.5, 0.5]


def test_one_gene_goes_by_one_vocabulary():
    effect = TEXT[TEXT.index("[[effects]]") : TEXT.index("[[variability]]")]
    other = effect.replace("KIND", "by_phenotype").replace("VALUES", '"Poor Metabolizer" = 0.5')
    text = TEXT.replace("[[variability]]", other + "[[variability]]", 1)
    text = text.replace("KIND", "by_genotype").replace("VALUES", '"*1/*1" = 1').replace("GENE", "CYP2C9")
    with pytest.raises(InputError, match="by genotype and by phenotype"):
        Population.parse(text)


def test_the_therapys_table_is_the_populations_numbers():
    therapy = load("warfarin")
    rows = therapy.genotype_effects
    people = Population.load(therapy.population)
    assert {r.gene for r in rows} == set(people.genes)
    assert all(r.source and r.population == people.name for r in rows)
    clearance = {r.genotype: r for r in rows if r.gene == "CYP2C9"}
    for genotype, row in clearance.items():
        found = people.parameters({"age": 71.0}, {"CYP2C9": [genotype], "VKORC1": ["G/G"]})
        wildtype = people.parameters({"age": 71.0}, {"CYP2C9": ["*1/*1"], "VKORC1": ["G/G"]})
        column = [p["name"] for p in people.model.params].index("CL")
        assert found[0, column] / wildtype[0, column] == pytest.approx(row.value / clearance["*1/*1"].value)
        assert (row.parameter, row.action, row.unit) == ("CL", "is", "L/h")
