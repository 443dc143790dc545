"""What a variant does to its gene, in the words of MAF; other vocabularies are translated into them.

Sequence Ontology terms go to the classes to which vcf2maf brings them, ANNOVAR's words to those of the same
meaning. A class that is in no list stays as it was found and counts neither as changing a protein nor as not.
"""

from __future__ import annotations

CHANGES_PROTEIN = frozenset(
    {"Missense_Mutation", "Nonsense_Mutation", "Nonstop_Mutation", "Splice_Site", "Translation_Start_Site",
     "Frame_Shift_Del", "Frame_Shift_Ins", "In_Frame_Del", "In_Frame_Ins"}
)  # fmt: skip
TRUNCATES = frozenset(
    {"Nonsense_Mutation", "Splice_Site", "Frame_Shift_Del", "Frame_Shift_Ins", "Translation_Start_Site"}
)
SILENT = frozenset({"Silent"})
ELSEWHERE = frozenset(
    {"Splice_Region", "Intron", "RNA", "3'UTR", "5'UTR", "3'Flank", "5'Flank", "IGR", "Targeted_Region"}
)
KNOWN = CHANGES_PROTEIN | SILENT | ELSEWHERE

# Most damaging first: of several consequences the first counts.
SEVERITY = (
    "Nonsense_Mutation", "Frame_Shift_Del", "Frame_Shift_Ins", "Splice_Site", "Nonstop_Mutation",
    "Translation_Start_Site", "In_Frame_Del", "In_Frame_Ins", "Missense_Mutation", "Splice_Region", "Silent",
    "5'UTR", "3'UTR", "RNA", "Intron", "5'Flank", "3'Flank", "IGR", "Targeted_Region",
)  # fmt: skip
_RANK = {name: rank for rank, name in enumerate(SEVERITY)}

# A frame shift, or a change in frame, is then an insertion or a deletion by the alleles' lengths.
_SHIFT, _IN_FRAME, _BY_LENGTH = "shift", "in frame", "by length"
_SO = {
    "Splice_Site": "splice_acceptor_variant splice_donor_variant transcript_ablation exon_loss_variant",
    "Nonsense_Mutation": "stop_gained",
    _SHIFT: "frameshift_variant",
    "Nonstop_Mutation": "stop_lost",
    "Translation_Start_Site": "start_lost initiator_codon_variant",
    _IN_FRAME: "inframe_insertion inframe_deletion conservative_inframe_insertion "
    "conservative_inframe_deletion disruptive_inframe_insertion disruptive_inframe_deletion",
    _BY_LENGTH: "protein_altering_variant",
    "Missense_Mutation": "missense_variant coding_sequence_variant rare_amino_acid_variant",
    "Splice_Region": "splice_region_variant splice_donor_5th_base_variant splice_donor_region_variant "
    "splice_polypyrimidine_tract_variant",
    "Silent": "synonymous_variant stop_retained_variant start_retained_variant "
    "incomplete_terminal_codon_variant NMD_transcript_variant",
    "RNA": "mature_miRNA_variant non_coding_transcript_exon_variant non_coding_transcript_variant "
    "non_coding_exon_variant exon_variant",
    "5'UTR": "5_prime_UTR_variant 5_prime_UTR_premature_start_codon_gain_variant",
    "3'UTR": "3_prime_UTR_variant",
    "Intron": "intron_variant intragenic_variant transcript_amplification",
    "5'Flank": "upstream_gene_variant",
    "3'Flank": "downstream_gene_variant",
    "IGR": "intergenic_variant intergenic_region TF_binding_site_variant regulatory_region_variant",
}
SO_TERMS = {term: name for name, terms in _SO.items() for term in terms.split()}

ANNOVAR_EXONIC = {
    "nonsynonymous snv": "Missense_Mutation",
    "synonymous snv": "Silent",
    "stopgain": "Nonsense_Mutation",
    "stopgain snv": "Nonsense_Mutation",
    "stoploss": "Nonstop_Mutation",
    "stoploss snv": "Nonstop_Mutation",
    "startloss": "Translation_Start_Site",
    "startgain": "5'UTR",
    "frameshift deletion": "Frame_Shift_Del",
    "frameshift insertion": "Frame_Shift_Ins",
    "nonframeshift deletion": "In_Frame_Del",
    "nonframeshift insertion": "In_Frame_Ins",
    "frameshift substitution": _SHIFT,
    "frameshift block substitution": _SHIFT,
    "nonframeshift substitution": _IN_FRAME,
    "nonframeshift block substitution": _IN_FRAME,
}
ANNOVAR_REGION = {
    "splicing": "Splice_Site",
    "ncrna_exonic": "RNA",
    "ncrna_intronic": "RNA",
    "ncrna_splicing": "RNA",
    "ncrna_utr5": "RNA",
    "ncrna_utr3": "RNA",
    "utr5": "5'UTR",
    "utr3": "3'UTR",
    "intronic": "Intron",
    "upstream": "5'Flank",
    "downstream": "3'Flank",
    "intergenic": "IGR",
}


def worst(names: list[str]) -> str:
    """The most damaging of several classes; one that is not known comes last."""
    return min(names, key=lambda n: _RANK.get(n, len(_RANK)), default="")


def by_alleles(name: str, ref: str, alt: str) -> str:
    """The MAF class where it depends on the alleles (``-`` is none)."""
    if name not in (_SHIFT, _IN_FRAME, _BY_LENGTH):
        return name
    grown = len(alt.strip("-")) - len(ref.strip("-"))
    if grown == 0:
        return "Missense_Mutation"
    shifts = name == _SHIFT or (name == _BY_LENGTH and grown % 3 != 0)
    return f"{'Frame_Shift' if shifts else 'In_Frame'}_{'Ins' if grown > 0 else 'Del'}"


def of_so(terms: str, ref: str, alt: str) -> str:
    """The class of Sequence Ontology terms joined by ``&``; the first unknown term as it is."""
    named = [by_alleles(SO_TERMS.get(t, t), ref, alt) for t in terms.split("&") if t]
    return worst(named)


def of_annovar(region: str, exonic: str, ref: str, alt: str) -> str:
    """The class of ANNOVAR's Func and ExonicFunc, each perhaps several words joined by ``;``."""
    words = [w.strip().lower() for w in exonic.split(";")]
    named = [by_alleles(ANNOVAR_EXONIC[w], ref, alt) for w in words if w in ANNOVAR_EXONIC]
    places = [p.strip().lower() for p in region.split(";")]
    named += [ANNOVAR_REGION[p] for p in places if p in ANNOVAR_REGION]
    unknown = next((w for w in (*words, *places) if w not in ("", ".", "na")), "")
    return worst(named) or unknown


def kind(ref: str, alt: str) -> str:
    """Variant type as in MAF: SNP, DNP, TNP, ONP, INS or DEL."""
    before, after = len(ref.strip("-")), len(alt.strip("-"))
    if before == after:
        return {1: "SNP", 2: "DNP", 3: "TNP"}.get(before, "ONP")
    return "INS" if after > before else "DEL"
