"""PharmCAT's own unit tests: which diplotypes are reported for each file.

How the expectations are read: reference library, genomics/CASES.md, section 2.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pytwin.genome import Call, read_genome
from pytwin.genome.tables import load_tables
from pytwin.verify.case import Case, at_least, equal, info
from pytwin.verify.genome_tables import labelled
from pytwin.verify.run import Context

Kind = Literal["reported", "matched", "called", "not called", "recommended"]
_SOURCE = "PharmCAT unit tests (reference library, genomics/pharmcat_tests)"
_EXACT = ("testPrintCpicCalls", "testPrintCalls", "testSourceDiplotypes")
# These tests give CYP2D6 by an outside call that no VCF holds; CASES.md, section 2, names them.
_OUTSIDE = ("CYP2D6",)
_WITHOUT_TABLE = ("CFTR", "G6PD", "RYR1", "CACNA1S")
_SUITE_GENE = {"DpydTest": "DPYD"}


@dataclass(frozen=True)
class Expectation:
    """What one test expects of one gene."""

    test: str
    vcf: str
    gene: str
    kind: Kind
    diplotypes: tuple[str, ...]


def expectations(folder: Path) -> list[Expectation]:
    """Every expectation of the manifest that a matcher can meet, tests of absent genes included."""
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    return [found for test in manifest for found in _of_test(test)]


def _of_test(test: dict[str, Any]) -> Iterator[Expectation]:
    expected = test["expected"]
    everything = expected.get("note_flag_true_in_call", False)

    def make(gene: str, kind: Kind, names: list[str]) -> Expectation:
        return Expectation(test["id"], test["vcf"], gene, kind, tuple(names))

    if test["gene"]:
        yield make(test["gene"], "reported" if everything else "matched", expected["diplotypes"])
        return
    which: Kind = "matched" if everything else "reported"
    genes = _genes(test)
    exact = {genes[0]: expected["expectedCalls"]} if "expectedCalls" in expected and genes else {}
    calls = [(a["fn"], re.findall(r'"([^"]*)"', a["args"])) for a in expected.get("assertions", [])]
    for name, args in calls:
        if name in _EXACT and len(args) > 1:
            exact[args[0]] = args[1:]
    for gene, names in exact.items():
        yield make(gene, which, names)
    for name, args in calls:
        if name in ("testCalledByMatcher", "testNotCalledByMatcher"):
            kind: Kind = "called" if name == "testCalledByMatcher" else "not called"
            yield from (make(gene, kind, []) for gene in args if gene not in exact)
    if "recommendedDiplotypes" in expected:
        yield make(genes[0], "recommended", ["/".join(expected["recommendedDiplotypes"])])


def _genes(test: dict[str, Any]) -> list[str]:
    """Genes that a pipeline test speaks of, the first being that of ``expectedCalls``."""
    suite = test["id"].split(".")[0]
    if suite in _SUITE_GENE:
        return [_SUITE_GENE[suite]]
    texts = [a["args"] for a in test["expected"].get("assertions", [])] + test.get("builder_chain", [])
    found = [name for text in texts for name in re.findall(r'"([A-Z][A-Z0-9]{3,7})"', text)]
    return list(dict.fromkeys(found))


def _sides(diplotype: str) -> tuple[str, ...]:
    """A diplotype's sides, sorted; a combination is the set of its alleles."""
    return tuple(sorted(" + ".join(sorted(side.strip("[]").split(" + "))) for side in diplotype.split("/")))


def is_met(wanted: Expectation, call: Call) -> bool:
    """Whether a call is exactly what the test expects."""
    if wanted.kind == "called":
        return bool(call.reported)
    if wanted.kind == "not called":
        return not call.reported
    names = labelled(call.table)
    found = {_sides(_plain(name, names)) for name in getattr(call, wanted.kind)}
    return found == {_sides(name) for name in wanted.diplotypes}


def _plain(name: str, labels: dict[str, str]) -> str:
    """A reported diplotype in CPIC's names: VKORC1 is reported by the letters of its minus strand."""
    back = {label: key for key, label in labels.items() if len(label) == 1 and key != label}
    return "/".join(back[letter] for letter in name) if back else name


def cases(context: Context) -> Iterator[Case]:
    """All cases of PharmCAT's tests."""
    folder = context.folder("genomics", "pharmcat_tests")
    tables = load_tables().genes
    all_of_them = expectations(folder)
    usable = [e for e in all_of_them if e.gene in tables and e.gene not in _OUTSIDE]
    exact, total = Counter[str](), Counter[str]()
    genomes: dict[str, dict[str, Call]] = {}
    for wanted in usable:
        if wanted.vcf not in genomes:
            genomes[wanted.vcf] = dict(read_genome(folder / wanted.vcf).genes)
        met = is_met(wanted, genomes[wanted.vcf][wanted.gene])
        total[wanted.gene] += 1
        exact[wanted.gene] += met
        if not met:
            got = " or ".join(genomes[wanted.vcf][wanted.gene].reported) or "no call"
            yield info(
                f"missed: {wanted.test} {wanted.gene}",
                got,
                expected=" or ".join(wanted.diplotypes),
                source=_SOURCE,
            )
    for gene in sorted(total):
        yield equal(
            f"{gene} expectations of PharmCAT's tests that are exact",
            total[gene],
            exact[gene],
            source=_SOURCE,
        )
    share = exact.total() / max(total.total(), 1)
    yield at_least("share of the expectations that are exact", 0.95, share, source=_SOURCE)
    absent = Counter(e.gene for e in all_of_them if e.gene in (*_WITHOUT_TABLE, *_OUTSIDE))
    for gene, count in sorted(absent.items()):
        why = "given by an outside call" if gene in _OUTSIDE else "no allele table"
        yield info(f"not applicable: {gene}, {why}", count, source=_SOURCE)
