"""Which genes are known: those with an allele table, and those that are kept as others state them."""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

from pytwin.genome.tables import load_tables

_REPORTED = """
ABCB1 ADRA2A ANKK1 ATP7B BCHE CACNA1S CFTR COMT CYP1A1 CYP1A2 CYP1B1 CYP2A6 CYP2A13 CYP2C8 CYP2E1 CYP2F1
CYP2J2 CYP2R1 CYP2S1 CYP2W1 CYP3A7 CYP3A43 CYP4A11 CYP4A22 CYP4B1 CYP17A1 CYP19A1 CYP26A1 DRD2 F2 F5 G6PD
GRIK4 GSTM1 GSTP1 GSTT1 HTR2A HTR2C IFNL4 ITPA MT-RNR1 MTHFR NAT1 OPRM1 POR PTGIS RYR1 SLC15A2 SLC22A2 SLC6A4
SLCO1B3 SLCO2B1 SULT1A1 TBXAS1 UGT1A4 UGT2B7 UGT2B15 UGT2B17 XPC
"""
_STATED = frozenset(_REPORTED.split())
_HLA = re.compile(r"HLA-[A-Z]{1,4}[0-9]{0,2}")


def is_gene(name: str) -> bool:
    """Whether a name is the symbol of a known gene."""
    return name in load_tables().genes or name in _STATED or bool(_HLA.fullmatch(name))


@lru_cache(maxsize=4096)
def gene_within(text: str) -> str:
    """The known gene that a title or file name begins with or holds as a word; empty for none."""
    for token in re.split(r"[^A-Z0-9-]+", text.upper()):
        pieces = token.split("-")
        pairs = ("-".join(pair) for pair in itertools.pairwise(pieces))
        found = next((name for name in (*pairs, *pieces) if is_gene(name)), "")
        if found:
            return found
    return ""
