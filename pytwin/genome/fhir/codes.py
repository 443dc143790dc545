"""Codes of FHIR genomics.

Profiles and component codes: HL7 FHIR Genomics Reporting Implementation Guide 3.0.0 (STU 3). LOINC codes of
phenotypes and of answers: LOINC (panels of CPIC, answer list LL3856-3); only those are here that could be
checked. Gene identifiers: HGNC. Accessions of chromosomes: NCBI RefSeq, assembly GRCh38.p14; those of GRCh37
have a version lower by one.
"""

from __future__ import annotations

from typing import Any

LOINC = "http://loinc.org"
HGNC = "http://www.genenames.org"
DBSNP = "http://www.ncbi.nlm.nih.gov/snp"
REFSEQ = "http://www.ncbi.nlm.nih.gov/refseq"
PROFILE = "http://hl7.org/fhir/uv/genomics-reporting/StructureDefinition/"
CATEGORIES = (
    ("http://terminology.hl7.org/CodeSystem/observation-category", "laboratory"),
    ("http://terminology.hl7.org/CodeSystem/v2-0074", "GE"),
)
# The profile "observation-genetics" of FHIR R4 itself names the gene in an extension.
GENE_EXTENSION = "http://hl7.org/fhir/StructureDefinition/observation-geneticsGene"
# Marks what pytwin worked out from the variants beside it, so that it is not read as a laboratory's word.
REPORTED = "urn:pytwin:reported"
# Carries a genotype to the letter: its alleles, phase and phase set.
GENOTYPE_EXTENSION = "urn:pytwin:genotype"

# The words that name a component of the guide's phenotypes for which it has no code.
SCORE = "activity score"

GENOTYPE = "84413-4"
HAPLOTYPE = "84414-2"
VARIANT = "69548-6"
GENE_STUDIED = "48018-6"
DBSNP_ID = "81255-2"
REF_ALLELE = "69547-8"
ALT_ALLELE = "69551-0"
START_END = "81254-5"
COORDINATES = "92822-6"
ALLELIC_STATE = "53034-5"
ASSEMBLY = "62374-4"
CHROMOSOME_SEQUENCE = "48013-7"
GENOMIC_HGVS = "81290-9"
CHROMOSOME = "48000-4"
CYTOGENETIC = "48001-2"
SOURCE_CLASS = "48002-0"
SOMATIC = "LA6684-0"
NAMES = {
    GENOTYPE: "Genotype display name",
    HAPLOTYPE: "Haplotype name",
    VARIANT: "Genetic variant assessment",
    GENE_STUDIED: "Gene studied [ID]",
    DBSNP_ID: "dbSNP [ID]",
    REF_ALLELE: "Genomic ref allele [ID]",
    ALT_ALLELE: "Genomic alt allele [ID]",
    START_END: "Genomic allele start-end",
    COORDINATES: "Genomic coordinate system [Type]",
    ALLELIC_STATE: "Allelic state",
    ASSEMBLY: "Human reference sequence assembly version",
    CHROMOSOME_SEQUENCE: "Genomic reference sequence [ID]",
    GENOMIC_HGVS: "Genomic DNA change (gHGVS)",
}
ANSWERS = {
    "LA9633-4": "Present",
    "LA9634-2": "Absent",
    "LA18198-4": "No call",
    "LA11884-6": "Indeterminate",
    "LA6706-1": "Heterozygous",
    "LA6705-3": "Homozygous",
    "LA6707-9": "Hemizygous",
    "LA14029-5": "GRCh37",
    "LA26806-2": "GRCh38",
    "LA30100-4": "0-based interval counting",
    "LA30102-0": "1-based character counting",
    "LA9657-3": "Poor metabolizer",
    "LA10317-8": "Intermediate metabolizer",
    "LA25391-6": "Normal metabolizer",
    "LA25390-8": "Rapid metabolizer",
    "LA10315-2": "Ultrarapid metabolizer",
}
PHENOTYPES = {
    "CYP2C19": "79714-2",
    "CYP2C9": "79716-7",
    "CYP2D6": "79715-9",
    "DPYD": "79719-1",
    "TPMT": "79713-4",
}
HGNC_IDS = {
    "ABCG2": 74, "CACNA1S": 1397, "CFTR": 1884, "CYP2B6": 2615, "CYP2C19": 2621, "CYP2C9": 2623,
    "CYP2D6": 2625, "CYP3A4": 2637, "CYP3A5": 2638, "CYP4F2": 2645, "DPYD": 3012, "G6PD": 4057,
    "HLA-A": 4931, "HLA-B": 4932, "IFNL3": 18365, "MT-RNR1": 7470, "NAT2": 7646, "NUDT15": 23063,
    "RYR1": 10483, "SLCO1B1": 10959, "TPMT": 12014, "UGT1A1": 12530, "VKORC1": 23663,
}  # fmt: skip
GENES = {number: name for name, number in HGNC_IDS.items()}
_VERSIONS = (11, 12, 12, 12, 10, 12, 14, 11, 12, 11, 10, 12, 11, 9, 10, 10, 11, 10, 10, 11, 9, 11, 11, 10)
_CHROMOSOMES = (*(str(number) for number in range(1, 23)), "X", "Y")


def accession(chromosome: str) -> str:
    """RefSeq accession of a chromosome of GRCh38."""
    at = _CHROMOSOMES.index(chromosome)
    return f"NC_{at + 1:06d}.{_VERSIONS[at]}"


def chromosome_of(text: str) -> tuple[str, str]:
    """(chromosome, build) of a RefSeq accession; empty texts for another one."""
    name, _, version = text.strip().partition(".")
    number = name.removeprefix("NC_")
    if not (name.startswith("NC_") and number.isascii() and number.isdigit() and version.isdigit()):
        return "", ""
    at = int(number[:9]) - 1
    if not 0 <= at < len(_CHROMOSOMES) or len(version) > 3:
        return "", ""
    build = {_VERSIONS[at]: "GRCh38", _VERSIONS[at] - 1: "GRCh37"}.get(int(version), "")
    return (_CHROMOSOMES[at], build) if build else ("", "")


def loinc(code: str) -> dict[str, Any]:
    """A LOINC code with its name, as a CodeableConcept."""
    return {"coding": [{"system": LOINC, "code": code, "display": NAMES.get(code) or ANSWERS[code]}]}
