"""Genotypes as Limits: what is carried, what is not known, and what a lower dose makes possible."""

from __future__ import annotations

import dataclasses
from types import SimpleNamespace

import pytest

from pytwin.errors import InputError
from pytwin.genome import Genome
from pytwin.genome.call import Diplotype, call_gene
from pytwin.genome.genotype import Genotype
from pytwin.genome.statement import Statement
from pytwin.genome.tables import load_tables
from pytwin.model import Plan
from pytwin.therapies import GenotypeGuard, genotype_limits, guards, load, read_guards
from pytwin.therapies.guards import COLUMNS, probability
from pytwin.twin import Twin

from . import events as ev


class Typed:
    """A call of a gene without an allele table, as a laboratory states it."""

    def __init__(self, *diplotypes: tuple[str, str, float]) -> None:
        self.options = tuple(Diplotype(f"{a}/{b}", (a, b), p) for a, b, p in diplotypes)

    def weighted(self, race=None):
        return self.options

    def phenotypes(self, race=None):
        return {}

    def unlisted(self, race=None):
        return 0.0


def patient(**calls):
    genome = SimpleNamespace(genes={k.replace("_", "-"): v for k, v in calls.items()}, stated={})
    record = SimpleNamespace(patient=SimpleNamespace(race=None))
    return SimpleNamespace(record=record, genome=genome if calls else None)


def daily(drug: str, amount: float) -> Plan:
    return Plan(f"{amount:g} mg").dose(drug, amount, "mg", every="24 h", until="10 d")


def verdict(drug: str, who, amount: float = 100.0, **options):
    """The strictest state of a drug's limits, with its reason."""
    found = [x.check(daily(drug, amount), who) for x in genotype_limits(drug, **options)]
    return max(found, key=lambda v: ("kept", "not excluded", "broken").index(v[0]))


CARRIERS = [
    ("abacavir", "HLA_B", "*57:01"),
    ("allopurinol", "HLA_B", "*58:01"),
    ("carbamazepine", "HLA_B", "*15:02"),
    ("oxcarbazepine", "HLA_B", "*15:02"),
    ("phenytoin", "HLA_B", "*15:02"),
]


@pytest.mark.parametrize(("drug", "gene", "allele"), CARRIERS)
def test_a_carrier_a_non_carrier_and_nobody_knows(drug, gene, allele):
    others = {"HLA_A": Typed(("*01:01", "*02:01", 1.0)), "CYP2C9": called("CYP2C9", "*1/*1")}
    carrier = patient(**others | {gene: Typed(("*07:02", allele, 1.0))})
    state, reason = verdict(drug, carrier)
    assert state == "broken"
    assert "genotype rules it out" in reason
    assert allele not in reason  # what is carried stays with the patient
    assert verdict(drug, patient(**others | {gene: Typed(("*07:02", "*08:01", 1.0))})) == ("kept", "")
    for unknown in (patient(), patient(**others), patient(**others | {gene: Typed()})):
        state, reason = verdict(drug, unknown)
        assert state == "not excluded"
        assert "is not known" in reason


def called(gene: str, diplotype: str):
    return Genome.from_diplotypes({gene: diplotype}).genes[gene]


def test_carbamazepine_has_two_genes():
    clear = Typed(("*01:01", "*02:01", 1.0))
    both = patient(HLA_B=Typed(("*07:02", "*07:02", 1.0)), HLA_A=Typed(("*31:01", "*02:01", 1.0)))
    assert verdict("carbamazepine", both)[0] == "broken"
    assert verdict("carbamazepine", patient(HLA_B=clear, HLA_A=clear))[0] == "kept"
    assert verdict("carbamazepine", patient(HLA_B=clear))[0] == "not excluded"


@pytest.mark.parametrize(
    ("allele", "state"),
    [
        ("*57:01", "broken"),
        ("*57:01:01", "broken"),
        ("HLA-B*57:01:01:02", "broken"),
        ("B*57:01", "broken"),
        ("*57", "not excluded"),  # two digits: the serotype alone
        ("*57:03", "kept"),
        ("*5701", "kept"),  # not a name of this nomenclature: no field is equal
        ("*58:01", "kept"),
    ],
)
def test_names_are_compared_by_whole_fields(allele, state):
    assert verdict("abacavir", patient(HLA_B=Typed(("*07:02", allele, 1.0))))[0] == state


def of(genome):
    return SimpleNamespace(record=SimpleNamespace(patient=SimpleNamespace(race=None)), genome=genome)


@pytest.mark.parametrize(
    ("statement", "state"),
    [
        (("HLA-B", ("*07:02/*57:01",)), "broken"),
        (("HLA-B", ("HLA-B*07:02/HLA-B*57:01:01",)), "broken"),
        (("HLA-B", ("*07:02/*08:01",)), "kept"),
        (("HLA-B", ("*07:02/*57",)), "not excluded"),
        (("HLA-B", ("*07:02",)), "not excluded"),
        (("HLA-B", ("*57:01",)), "broken"),
        (("HLA-B", ("*07:02/*57:01", "*07:02/*08:01")), "not excluded"),
        (("HLA-B", (), "*57:01 positive"), "broken"),
        (("HLA-B", (), "HLA-B*57:01 negative"), "kept"),
        (("HLA-B", (), "*58:01 negative"), "not excluded"),
        (("HLA-B", ("*07:02/*08:01",), "*57:01 positive"), "not excluded"),
        (("HLA-A", ("*01:01/*02:01",)), "not excluded"),
    ],
)
def test_what_a_laboratory_states_of_hla(statement, state):
    genome = Genome.from_statements([Statement(*statement)])
    assert verdict("abacavir", of(genome))[0] == state


def test_sources_that_differ_leave_it_open():
    told = [Statement("HLA-B", ("*07:02/*57:01",)), Statement("HLA-B", ("*07:02/*08:01",))]
    assert verdict("abacavir", of(Genome.from_statements(told)))[0] == "not excluded"
    assert verdict("abacavir", of(Genome.from_statements(told[:1] * 2)))[0] == "broken"


@pytest.mark.parametrize(
    ("gene", "drug", "phenotype", "state"),
    [
        ("CYP2D6", "codeine", "Ultrarapid Metabolizer", "broken"),
        ("CYP2D6", "codeine", "CYP2D6 poor metaboliser", "broken"),
        ("CYP2D6", "codeine", "Normal Metabolizer", "kept"),
        ("CYP2D6", "codeine", "PM", "broken"),
        ("CYP2D6", "codeine", "see the report", "not excluded"),
        ("G6PD", "rasburicase", "Deficient", "broken"),
        ("G6PD", "rasburicase", "Normal", "kept"),
        ("DPYD", "fluorouracil", "Poor Metabolizer", "broken"),
        ("SLCO1B1", "simvastatin", "Poor Function", "broken"),
        ("SLCO1B1", "simvastatin", "Normal Function", "kept"),
    ],
)
def test_what_a_laboratory_states_of_phenotypes(gene, drug, phenotype, state):
    genome = Genome.from_statements([Statement(gene, (), phenotype)])
    assert verdict(drug, of(genome))[0] == state


def test_dpyd_by_its_own_call():
    """A carrier of *2A is an intermediate metabolizer; a file without any position excludes nothing."""
    carrier = Genome.from_diplotypes({"DPYD": "Reference/c.1905+1G>A (*2A)"})
    both = Genome.from_diplotypes({"DPYD": "c.1905+1G>A (*2A)/c.1905+1G>A (*2A)"})
    clear = Genome.from_diplotypes({"DPYD": "Reference/Reference"})
    found = {
        (who, dose): verdict("capecitabine", of(genome), dose, usual=3000.0)[0]
        for who, genome in (("carrier", carrier), ("both", both), ("clear", clear), ("none", None))
        for dose in (3000.0, 1500.0)
    }
    assert found == {
        ("carrier", 3000.0): "broken",
        ("carrier", 1500.0): "kept",
        ("both", 3000.0): "broken",
        ("both", 1500.0): "broken",
        ("clear", 3000.0): "kept",
        ("clear", 1500.0): "kept",
        ("none", 3000.0): "not excluded",
        ("none", 1500.0): "not excluded",
    }


def test_an_uncertain_call_is_never_ranked_by_its_likelier_half():
    call = Typed(("*07:02", "*57:01", 0.01), ("*07:02", "*08:01", 0.99))
    state, reason = verdict("abacavir", patient(HLA_B=call))
    assert state == "not excluded"
    assert "0.01" in reason
    assert verdict("abacavir", patient(HLA_B=call), negligible=0.02)[0] == "kept"
    both = Typed(("*07:02", "*57:01", 0.5), ("*08:01", "*57:01", 0.5))
    assert verdict("abacavir", patient(HLA_B=both))[0] == "broken"


def test_dpyd_allows_half_to_an_intermediate_and_nothing_to_a_poor_metabolizer():
    class Metabolizer(Typed):
        def __init__(self, **shares):
            super().__init__()
            self.shares = {k.replace("_", " ") or None: v for k, v in shares.items()}

        def phenotypes(self, race=None):
            return self.shares

    def state(amount, call, usual=3000.0):
        return verdict("capecitabine", patient(DPYD=call), amount, usual=usual)[0]

    poor, middle = Metabolizer(Poor_Metabolizer=1.0), Metabolizer(Intermediate_Metabolizer=1.0)
    normal = Metabolizer(Normal_Metabolizer=1.0)
    assert [state(a, normal) for a in (3000, 1500)] == ["kept", "kept"]
    assert [state(a, middle) for a in (3000, 1500.1, 1500)] == ["broken", "broken", "kept"]
    assert [state(a, poor) for a in (3000, 100)] == ["broken", "broken"]
    assert state(1500, Metabolizer(Normal_Metabolizer=0.9, Intermediate_Metabolizer=0.1)) == "kept"
    assert state(3000, Metabolizer(Normal_Metabolizer=0.9, Intermediate_Metabolizer=0.1)) == "not excluded"
    assert state(1500, middle, usual=None) == "broken"  # no usual dose: none counts as reduced
    none = Metabolizer()
    none.shares = {None: 1.0}  # an allele without a function
    assert state(3000, none) == "not excluded"
    reason = verdict("capecitabine", patient(DPYD=middle), 3000, usual=3000)[1]
    assert "50% of the usual dose" in reason


def test_a_missing_position_is_not_excluded():
    """CYP2C9 *3/*3 rules siponimod out; a file without the position of *3 can't exclude it."""
    gene = load_tables().genes["CYP2C9"]
    reference = {p.pos: Genotype((p.ref, p.ref)) for p in gene.positions}
    assert verdict("siponimod", patient(CYP2C9=call_gene(gene, reference)))[0] == "kept"
    (three,) = [p for p in gene.positions if p.rsid == "rs1057910"]
    rest = {k: v for k, v in reference.items() if k != three.pos}
    assert verdict("siponimod", patient(CYP2C9=call_gene(gene, rest)))[0] == "not excluded"
    assert verdict("siponimod", patient(CYP2C9=called("CYP2C9", "*3/*3")))[0] == "broken"
    assert verdict("siponimod", patient(CYP2C9=called("CYP2C9", "*1/*3")))[0] == "kept"


def test_a_plan_without_the_drug_keeps_the_limit():
    (limit,) = genotype_limits("abacavir")
    assert limit.check(daily("tenofovir", 300), patient()) == ("kept", "")
    assert genotype_limits("tenofovir") == ()


@pytest.fixture(scope="module")
def guarded():
    """Warfarin with a made-up rule, as any Therapy can take one."""
    rule = GenotypeGuard("warfarin", "CYP2C9", "allele", ("*3",), "reduce", 0.6, "", "made up", "made up")
    base = load("warfarin")
    return dataclasses.replace(base, limits=(*base.limits, *genotype_limits("warfarin", 5.0, [rule])))


def test_a_made_up_therapy_ranks_what_its_genotype_allows(make, guarded, sensitive, wild):
    record = make([ev.inr(0, 1.0)])
    plans = [guarded.plan("5 mg", [5.0]), guarded.plan("3 mg", [3.0])]

    def ranked(genome, **options):
        return Twin(guarded, record, genome).assimilate().rank(plans, draws=50, **options)

    assert {p.name for p in ranked(wild).plans} == {"5 mg", "3 mg"}
    found = ranked(sensitive)
    assert [p.name for p in found.plans] == ["3 mg"]
    (apart,) = found.excluded
    assert (apart.code, apart.state, apart.citation) == ("genotype-cyp2c9", "broken", "made up")
    assert "*3" not in repr(found)
    half = Genome.from_diplotypes({"VKORC1": "A/G"})
    unknown = ranked(half)
    assert [p.name for p in unknown.plans] == ["3 mg"]
    assert unknown.excluded[0].state == "not excluded"
    assert len(ranked(half, confirmed=["genotype-cyp2c9"]).plans) == 2
    assert len(ranked(sensitive, confirmed=["genotype-cyp2c9"]).plans) == 1


def test_the_shipped_rules_cite_and_name_phenotypes_that_exist():
    tables = load_tables().genes
    for rule in guards():
        assert rule.source and rule.reason, rule
        if rule.gene in tables and rule.when == "phenotype":
            known = {text for _, text in tables[rule.gene].pairs.values()}
            assert not known or known & set(rule.matches), rule


@pytest.mark.reference
def test_the_shipped_rules_agree_with_cpic(reference):
    """Where the recommendation table has the pair, what it says is to avoid, to change or to reduce."""
    import csv
    import gzip

    path = reference / "genomics" / "tables" / "cpic_recommendations_via_pypgx.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    seen = 0
    for rule in guards():
        for match in rule.matches:
            for text in _texts(rows, rule, match):
                words = ("educe", "lternative") if rule.action == "reduce" else ("void", "lternative")
                words += ("10 mg/m2",) if rule.action == "reduce" else ()
                assert any(w in text for w in words), (rule, text)
                seen += 1
    assert seen >= 15


def _texts(rows, rule, match):
    """Recommendations for a phenotype of a gene, the other gene being normal."""
    for row in rows:
        pair = {row["Gene1"]: row["Phenotype1"], row["Gene2"]: row["Phenotype2"]}
        others = [v for k, v in pair.items() if k not in (rule.gene, "None")]
        if (
            row["Drug"] == rule.drug
            and pair.get(rule.gene) == match
            and set(others) <= {"Normal Metabolizer"}
        ):
            yield row["Recommendation"]


def test_users_bring_their_own_rules(tmp_path):
    path = tmp_path / "rules.tsv"
    row = ["drugx", "GENEX", "phenotype", "Bad; Worse", "reduce", "0.5", "", "harm", "a paper"]
    path.write_text("\t".join(COLUMNS) + "\n" + "\t".join(row) + "\n")
    (rule,) = read_guards(path)
    assert (rule.matches, rule.share) == (("Bad", "Worse"), 0.5)
    assert genotype_limits("drugx", 10.0, [rule])[0].code == "genotype-genex"


@pytest.mark.parametrize(
    ("column", "value"),
    [("when", "maybe"), ("matches", " "), ("action", "ban"), ("share", "2"), ("share", "x"), ("drug", "")],
)
def test_a_rule_that_says_nothing_is_refused(tmp_path, column, value):
    row = dict.fromkeys(COLUMNS, "") | {"drug": "d", "gene": "G", "when": "allele", "matches": "*1"}
    row |= {"action": "reduce", "share": "0.5"} | {column: value}
    path = tmp_path / "rules.tsv"
    path.write_text("\t".join(COLUMNS) + "\n" + "\t".join(row[c] for c in COLUMNS) + "\n")
    with pytest.raises(InputError, match=r"rules\.tsv:2"):
        read_guards(path)
    path.write_text("drug\n")
    with pytest.raises(InputError, match="columns are missing"):
        read_guards(path)


def test_nothing_known_is_open():
    assert probability(guards()[0], None) == (0.0, 1.0)
