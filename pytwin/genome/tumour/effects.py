"""Effects of a variant on a gene, as VEP (CSQ) or SnpEff (ANN) write them into INFO."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from urllib.parse import unquote

from pytwin.genome.tumour import classes

# The 16 fields of ANN (Cingolani et al., Variant annotations in VCF format 1.0, 2015), by their place.
_ANN = {"Allele": 0, "Consequence": 1, "SYMBOL": 3, "HGVSp": 10}
_CODES = dict(
    zip(
        [
            "Ala",
            "Arg",
            "Asn",
            "Asp",
            "Cys",
            "Gln",
            "Glu",
            "Gly",
            "His",
            "Ile",
            "Leu",
            "Lys",
            "Met",
            "Phe",
            "Pro",
            "Ser",
            "Thr",
            "Trp",
            "Tyr",
            "Val",
            "Ter",
            "Sec",
        ],
        "ARNDCQEGHILKMFPSTWYV*U",
        strict=True,
    )
)
_THREE = re.compile("|".join(_CODES))


class Effect(NamedTuple):
    """On one gene: symbol, class as in MAF, change of the protein; empty where not annotated."""

    gene: str = ""
    consequence: str = ""
    protein: str = ""


def short(protein: str) -> str:
    """``ENSP00000288602:p.Val600Glu`` as ``p.V600E``; other texts without their transcript."""
    bare = unquote(protein.rsplit(":", 1)[-1])
    return _THREE.sub(lambda m: _CODES[m[0]], bare).replace("(", "").replace(")", "")


class Annotation(NamedTuple):
    """Which INFO field holds effects, and where in it; an empty field is none."""

    field: str
    places: Mapping[str, int]

    def of(self, info: str, ref: str, alt: str, short_ref: str, short_alt: str, index: int) -> Effect:
        """The effect on the chosen transcript: the one VEP picked, else a canonical one, else the worst.

        Parameters
        ----------
        info : str
            The INFO column.
        ref, alt : str
            As in the file.
        short_ref, short_alt : str
            Without common bases.
        index : int
            Of the alternate, from 1: VEP may say ALLELE_NUM.
        """
        if not self.field:
            return Effect()
        text = next((x[len(self.field) + 1 :] for x in info.split(";") if x.startswith(f"{self.field}=")), "")
        rows = [e.split("|") for e in text.split(",") if e]
        wanted = {alt, short_alt, alt[1:] or "-" if ref[:1] == alt[:1] else alt}
        mine = [r for r in rows if self._is(r, wanted, index)]
        if not mine:
            return Effect()
        found = [self._effect(r, short_ref, short_alt) for r in mine]
        best = classes.worst([e.consequence for e in found])
        order = sorted(range(len(mine)), key=lambda i: (self._choice(mine[i]), found[i].consequence != best))
        return found[order[0]]

    def _get(self, row: list[str], name: str) -> str:
        at = self.places.get(name)
        return row[at].strip() if at is not None and at < len(row) else ""

    def _is(self, row: list[str], wanted: set[str], index: int) -> bool:
        number = self._get(row, "ALLELE_NUM")
        return number == str(index) if number else self._get(row, "Allele") in wanted

    def _choice(self, row: list[str]) -> int:
        if self._get(row, "PICK") == "1":
            return 0
        return 1 if self._get(row, "CANONICAL") == "YES" else 2

    def _effect(self, row: list[str], ref: str, alt: str) -> Effect:
        consequence = classes.of_so(self._get(row, "Consequence"), ref, alt)
        return Effect(self._get(row, "SYMBOL"), consequence, short(self._get(row, "HGVSp")))


def annotation(meta: Iterable[str]) -> Annotation:
    """What the header declares: CSQ with its own list of fields, else ANN."""
    lines = list(meta)
    for line in lines:
        if line.startswith("##INFO=<ID=CSQ") and (found := re.search(r"Format: ([^\">]+)", line)):
            return Annotation("CSQ", {name.strip(): at for at, name in enumerate(found[1].split("|"))})
    if any(line.startswith("##INFO=<ID=ANN") for line in lines):
        return Annotation("ANN", _ANN)
    return Annotation("", {})
