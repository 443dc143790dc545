"""Tumours: somatic variants (MAF, VCF, ANNOVAR), mutational burden, driver genes, links to therapies."""

from __future__ import annotations

from pytwin.genome.tumour.burden import Burden
from pytwin.genome.tumour.drivers import Driver, DriverVariant, drivers, read_drivers
from pytwin.genome.tumour.evidence import Evidence, EvidenceLink, evidence, read_evidence
from pytwin.genome.tumour.reading import read_tumour, read_tumours
from pytwin.genome.tumour.tumour import Tumour, Tumours
from pytwin.genome.tumour.variants import SomaticVariants

__all__ = [
    "Burden",
    "Driver",
    "DriverVariant",
    "Evidence",
    "EvidenceLink",
    "SomaticVariants",
    "Tumour",
    "Tumours",
    "drivers",
    "evidence",
    "read_drivers",
    "read_evidence",
    "read_tumour",
    "read_tumours",
]
