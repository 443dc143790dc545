"""A made-up tumour and writers of it as MAF, VCF and ANNOVAR table, for verification and tests.

The places are chosen, not a person's; the writers share nothing with the readers.
"""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import NamedTuple


class Mutation(NamedTuple):
    """One variant in the spelling of MAF, with what the other formats need."""

    gene: str
    chromosome: str
    start: int
    end: int
    ref: str
    alt: str
    kind: str
    consequence: str
    protein: str
    alt_reads: int
    depth: int
    so: str
    annovar: tuple[str, str]
    before: str = "G"  # the base before an indel


TUMOUR = (
    Mutation("BRAF", "7", 140753336, 140753336, "A", "T", "SNP", "Missense_Mutation", "p.V600E", 40, 100,
             "missense_variant", ("exonic", "nonsynonymous SNV")),
    Mutation("TP53", "17", 7674220, 7674220, "C", "T", "SNP", "Nonsense_Mutation", "p.R248*", 30, 60,
             "stop_gained", ("exonic", "stopgain")),
    Mutation("EGFR", "7", 55174772, 55174786, "GGAATTAAGAGAAGC", "-", "DEL", "In_Frame_Del", "p.E746_A750del",
             12, 80, "inframe_deletion", ("exonic", "nonframeshift deletion"), "A"),
    Mutation("NPM1", "5", 171410539, 171410540, "-", "TCTG", "INS", "Frame_Shift_Ins", "p.W288fs", 25, 70,
             "frameshift_variant", ("exonic", "frameshift insertion"), "C"),
    Mutation("KRAS", "12", 25245350, 25245351, "CC", "AA", "DNP", "Missense_Mutation", "p.G12F", 5, 200,
             "missense_variant", ("exonic", "nonframeshift substitution")),
    Mutation("APC", "5", 112839514, 112839514, "G", "-", "DEL", "Frame_Shift_Del", "p.A1305fs", 33, 90,
             "frameshift_variant", ("exonic", "frameshift deletion"), "T"),
    Mutation("PTEN", "10", 87864470, 87864470, "G", "A", "SNP", "Splice_Site", "", 9, 30,
             "splice_donor_variant&intron_variant", ("splicing", ".")),
    Mutation("TTN", "2", 178527000, 178527000, "C", "G", "SNP", "Silent", "p.L33000=", 20, 50,
             "synonymous_variant", ("exonic", "synonymous SNV")),
    Mutation("KMT2D", "X", 5000, 5000, "T", "C", "SNP", "Intron", "", 3, 40,
             "intron_variant", ("intronic", ".")),
)  # fmt: skip

FORMATS = ("maf", "vcf-mutect", "vcf-snpeff", "annovar")


def write(name: str, folder: Path) -> Path:
    """The tumour in one of ``FORMATS``."""
    if name == "maf":
        return _put(folder / "tumour.maf", maf())
    if name == "annovar":
        return _put(folder / "tumour.hg38_multianno.txt", annovar())
    if name == "vcf-mutect":
        path = folder / "tumour.vcf.gz"
        path.write_bytes(gzip.compress(vcf("CSQ").encode()))
        return path
    return _put(folder / "snpeff.vcf", vcf("ANN"))


def _put(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8", newline="")
    return path


def maf(sample: str = "SAMPLE-1", end: str = "\n") -> str:
    """As MAF 2.4 with counts of reads."""
    titles = [
        "Hugo_Symbol",
        "NCBI_Build",
        "Chromosome",
        "Start_Position",
        "End_Position",
        "Strand",
        "Variant_Classification",
        "Variant_Type",
        "Reference_Allele",
        "Tumor_Seq_Allele1",
        "Tumor_Seq_Allele2",
        "Tumor_Sample_Barcode",
        "HGVSp_Short",
        "t_depth",
        "t_ref_count",
        "t_alt_count",
        "FILTER",
    ]
    lines = ["#version 2.4", "\t".join(titles)]
    for t in TUMOUR:
        cells = [
            t.gene,
            "GRCh38",
            f"chr{t.chromosome}",
            t.start,
            t.end,
            "+",
            t.consequence,
            t.kind,
            t.ref,
            t.ref,
        ]
        cells += [t.alt, sample, t.protein, t.depth, t.depth - t.alt_reads, t.alt_reads, "PASS"]
        lines.append("\t".join(map(str, cells)))
    return end.join([*lines, ""])


def annovar(sample: str = "SAMPLE-1", end: str = "\r") -> str:
    """As an ANNOVAR table with the columns of refGene."""
    titles = [
        "Chr",
        "Start",
        "End",
        "Ref",
        "Alt",
        "Func.refGene",
        "Gene.refGene",
        "ExonicFunc.refGene",
        "AAChange.refGene",
    ]
    lines = ["\t".join([*titles, "Tumor_Sample_Barcode"])]
    for t in TUMOUR:
        change = (
            f"{t.gene}:NM_1:exon2:c.1A>T:{t.protein},{t.gene}:NM_2:exon2:c.1A>T:p.X1Y" if t.protein else "."
        )
        last = t.start if t.ref == "-" else t.end
        cells = [
            f"chr{t.chromosome}",
            t.start,
            last,
            t.ref,
            t.alt,
            t.annovar[0],
            t.gene,
            t.annovar[1],
            change,
        ]
        lines.append("\t".join(map(str, [*cells, sample])))
    return end.join([*lines, ""])


def vcf(field: str = "CSQ", sample: str = "SAMPLE-1") -> str:
    """As a somatic VCF: normal first, effects by VEP (CSQ) or SnpEff (ANN), two rows that do not count."""
    declared = {
        "CSQ": '##INFO=<ID=CSQ,Number=.,Type=String,Description="Consequence. Format: '
        'Allele|Consequence|IMPACT|SYMBOL|CANONICAL|HGVSp">',
        "ANN": '##INFO=<ID=ANN,Number=.,Type=String,Description="Functional annotations">',
    }
    titles = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "NORMAL-1"]
    lines = ["##fileformat=VCFv4.2", f"##tumor_sample={sample}", "##normal_sample=NORMAL-1", declared[field]]
    lines += ["##contig=<ID=chr7,assembly=hg38>", "\t".join([*titles, sample])]
    for t in TUMOUR:
        lines.append(_row(t, field))
    lines.append(_row(TUMOUR[0]._replace(start=140753400), field).replace("PASS", "germline"))
    lines.append(_row(TUMOUR[0]._replace(start=140753401), field).replace("\tA\tT\t", "\tA\t<DEL>\t"))
    return "\n".join([*lines, ""])


def _row(t: Mutation, field: str) -> str:
    pos, ref, alt = t.start, t.ref, t.alt
    if "-" in (ref, alt):
        pos = t.start if ref == "-" else t.start - 1
        ref, alt = (t.before + x.strip("-") for x in (ref, alt))
    protein = f"ENSP1:{t.protein}" if t.protein else ""
    if field == "CSQ":
        named = t.alt if "-" in (t.ref, t.alt) else alt
        other = f"{named}|downstream_gene_variant|MODIFIER|OTHER||"
        effect = f"CSQ={other},{named}|{t.so}|HIGH|{t.gene}|YES|{protein.replace('=', '%3D')}"
    else:
        place = "G1|transcript|T1|protein_coding|2/3|c.1A>T"
        effect = f"ANN={alt}|{t.so}|HIGH|{t.gene}|{place}|{t.protein}|||||"
    counts = f"{t.depth - t.alt_reads},{t.alt_reads}"
    cells = [f"chr{t.chromosome}", pos, ".", ref, alt, ".", "PASS", effect, "GT:AD:DP", "0/0:50,0:50"]
    return "\t".join(map(str, [*cells, f"0/1:{counts}:{t.depth}"]))
