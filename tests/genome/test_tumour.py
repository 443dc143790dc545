"""Somatic variants: one made-up tumour in every format, what is odd in a file, burden, drivers, evidence."""

from __future__ import annotations

import gzip
import random
import time

import numpy as np
import pytest

import pytwin as pt
from pytwin.errors import InputError, PytwinError
from pytwin.genome.tumour import Evidence, drivers, evidence, read_drivers, read_evidence
from pytwin.genome.tumour.checks import trimmed
from pytwin.genome.tumour.classes import CHANGES_PROTEIN, KNOWN, SEVERITY, of_annovar, of_so
from pytwin.genome.tumour.effects import short
from pytwin.genome.tumour.reads import reads_of
from pytwin.issues import Issues
from pytwin.verify import tumours

SAMPLE = "SAMPLE-1"


def put(tmp_path, text, name="t.maf"):
    path = tmp_path / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def codes(found):
    return set(found.issues.counts())


@pytest.mark.parametrize("name", tumours.FORMATS)
def test_one_tumour_in_every_format(tmp_path, name):
    tumour = pt.read_tumour(tumours.write(name, tmp_path))
    v = tumour.variants
    assert tumour.build == "GRCh38"
    assert tumour.sample == SAMPLE
    expected = [(t.gene, t.chromosome, t.start, t.end, t.ref, t.alt) for t in tumours.TUMOUR]
    assert list(zip(v.gene, v.chromosome, v.start, v.end, v.ref, v.alt, strict=True)) == expected
    assert list(v.kind) == [t.kind for t in tumours.TUMOUR]
    assert list(v.consequence) == [t.consequence for t in tumours.TUMOUR]
    assert list(v.protein) == [t.protein for t in tumours.TUMOUR]
    if name == "annovar":
        assert np.isnan(v.vaf).all()
    else:
        assert np.allclose(v.vaf, [t.alt_reads / t.depth for t in tumours.TUMOUR])
        assert list(v.depth) == [t.depth for t in tumours.TUMOUR]
    assert len(v.table["gene"]) == len(v) == 9


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_do_not_matter(tmp_path, end):
    plain = pt.read_tumour(put(tmp_path, tumours.maf())).variants.table
    assert pt.read_tumour(put(tmp_path, tumours.maf(end=end))).variants.table == plain
    packed = pt.read_tumour(put(tmp_path, gzip.compress(tumours.maf(end=end).encode()), "t.maf.gz"))
    assert packed.variants.table == plain


def test_names_of_columns_in_any_case_and_place(tmp_path):
    lines = [x.split("\t") for x in tumours.maf().splitlines()[1:]]
    order = list(range(len(lines[0])))
    random.Random(1).shuffle(order)
    lines[0] = [t.lower() for t in lines[0]]
    text = "\n".join("\t".join(row[i] for i in order) for row in lines)
    found = pt.read_tumour(put(tmp_path, text))
    assert found.variants.protein.tolist() == [t.protein for t in tumours.TUMOUR]


def edited(column, value, row=2):
    """The MAF with one cell changed; row 2 is the first variant, 1 the header."""
    lines = [x.split("\t") for x in tumours.maf().split("\n")]
    lines[row][lines[1].index(column)] = value
    return "\n".join("\t".join(x) for x in lines)


@pytest.mark.parametrize(
    ("column", "value", "code", "left"),
    [
        ("Start_Position", "0", "tumour.bad-row", 8),
        ("Start_Position", "7e6", "tumour.bad-row", 8),
        ("Start_Position", "99999999999", "tumour.bad-row", 8),
        ("Reference_Allele", "Z", "tumour.bad-row", 8),
        ("Strand", "-", "tumour.bad-row", 8),
        ("Tumor_Sample_Barcode", "", "tumour.bad-row", 8),
        ("Chromosome", "NA", "tumour.bad-row", 8),
        ("End_Position", "5", "tumour.end-differs", 9),
        ("Variant_Type", "DEL", "tumour.type-differs", 9),
        ("Variant_Classification", "Odd_Thing", "tumour.unknown-class", 9),
        ("NCBI_Build", "T2T", "tumour.unknown-build", 9),
    ],
)
def test_an_odd_cell_is_told_and_not_guessed(tmp_path, column, value, code, left):
    found = pt.read_tumours(put(tmp_path, edited(column, value)))
    assert code in codes(found)
    assert len(found.variants) == left
    place = next(i.place for i in found.issues if i.code == code)
    assert place == "t.maf:line 3"


def test_alleles_may_stand_in_either_column(tmp_path):
    """The first allele is the variant where the second is the reference."""
    text = edited("Tumor_Seq_Allele2", "A")
    lines = [x.split("\t") for x in text.split("\n")]
    lines[2][lines[1].index("Tumor_Seq_Allele1")] = "T"
    found = pt.read_tumour(put(tmp_path, "\n".join("\t".join(x) for x in lines)))
    assert found.variants.alt[0] == "T"


def test_builds_that_differ_are_refused(tmp_path):
    with pytest.raises(InputError, match="different builds"):
        pt.read_tumours(put(tmp_path, edited("NCBI_Build", "hg19")))


def test_chromosomes_by_number_are_named(tmp_path):
    found = pt.read_tumours(put(tmp_path, edited("Chromosome", "23")))
    assert found.variants.chromosome[0] == "X"
    assert "tumour.numbered-chromosomes" in codes(found)


def test_shares_in_per_cent(tmp_path):
    text = tumours.maf().replace("t_ref_count\tt_alt_count\tFILTER", "x\tVAF\tFILTER")
    found = pt.read_tumour(put(tmp_path, text)).variants.vaf  # the counts of reads are now per cent
    assert np.allclose(found, [t.alt_reads / 100 for t in tumours.TUMOUR])
    small = text.replace("\t40\tPASS", "\t0.4\tPASS")
    assert pt.read_tumour(put(tmp_path, small)).variants.vaf[0] == pytest.approx(0.004)


def test_a_variant_counts_once_and_a_cut_row_not_at_all(tmp_path):
    lines = tumours.maf().split("\n")
    found = pt.read_tumours(put(tmp_path, "\n".join([*lines[:-1], lines[2], "A\tB"])))
    assert len(found.variants) == 9
    assert {"tumour.duplicate", "tumour.ragged-row"} <= codes(found)


def test_many_faults_of_a_kind_are_counted(tmp_path):
    lines = tumours.maf().split("\n")
    found = pt.read_tumours(put(tmp_path, "\n".join([*lines[:2], *["A\tB"] * 500])))
    assert len(found.issues) < 30
    assert any("480 more rows" in i.message for i in found.issues)
    assert len(found) == 0
    assert len(pt.read_tumour(put(tmp_path, "\n".join(lines[:2]))).variants) == 0


def test_several_samples(tmp_path):
    more = tumours.maf("SAMPLE-2").split("\n")[2:-1]
    path = put(tmp_path, tumours.maf() + "\n".join(more[:3]) + "\n")
    found = pt.read_tumours(path)
    assert list(found) == [SAMPLE, "SAMPLE-2"]
    assert len(found["SAMPLE-2"].variants) == 3
    assert found.mutated()["BRAF"] == 2
    assert "TTN" not in found.mutated()
    assert found.mutated(["Silent"]) == {"TTN": 1}
    with pytest.raises(InputError, match="2 samples"):
        pt.read_tumour(path)
    with pytest.raises(InputError, match="no sample of this name"):
        pt.read_tumour(path, "SAMPLE-3")
    assert len(pt.read_tumour(path, "SAMPLE-2").variants) == 3


# VCF


def vcf(*rows, header="##tumor_sample=T\n", samples=("N", "T")):
    titles = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT"
    return f"##fileformat=VCFv4.2\n{header}" + "\n".join(["\t".join([titles, *samples]), *rows]) + "\n"


def row(ref="A", alt="T", form="GT:AD", normal="0/0:9,0", tumour="0/1:6,3", status="PASS", pos=100):
    return f"1\t{pos}\t.\t{ref}\t{alt}\t.\t{status}\t.\t{form}\t{normal}\t{tumour}"


def test_the_tumour_is_the_sample_that_the_file_names(tmp_path):
    vaf = {}
    headers = {
        "mutect": ("##tumor_sample=T\n", ("N", "T")),
        "pedigree": ("##PEDIGREE=<Derived=T,Original=N>\n", ("N", "T")),
        "by name": ("", ("NORMAL", "TUMOR")),
        "the other one": ("", ("NORMAL", "xyz")),
        "the normal is named": ("##normal_sample=N\n", ("N", "xyz")),
    }
    for name, (header, samples) in headers.items():
        path = put(tmp_path, vcf(row(), header=header, samples=samples), "t.vcf")
        vaf[name] = pt.read_tumour(path).variants.vaf[0]
    assert all(v == pytest.approx(1 / 3) for v in vaf.values()), vaf
    unknown = put(tmp_path, vcf(row(), header="", samples=("a", "b")), "t.vcf")
    with pytest.raises(InputError, match="known to be the tumour") as error:
        pt.read_tumour(unknown)
    assert error.value.code == "tumour.which-sample"
    assert pt.read_tumour(unknown, tumour="b").variants.vaf[0] == pytest.approx(1 / 3)
    with pytest.raises(InputError, match="no sample of this name"):
        pt.read_tumour(unknown, tumour="c")


def test_filters(tmp_path):
    text = vcf(row(), row(status="germline", pos=200), row(status=".", pos=300))
    path = put(tmp_path, text, "t.vcf")
    found = pt.read_tumour(path)
    assert found.variants.start.tolist() == [100, 300]
    assert "tumour.filtered" in codes(found)
    assert pt.read_tumour(path, filters="all").variants.filter.tolist() == ["PASS", "germline", ""]
    with pytest.raises(InputError, match="pass or all"):
        pt.read_tumour(path, filters="some")


def test_what_the_tumour_has_not_is_left_out(tmp_path):
    text = vcf(
        row(tumour="0/0:9,0"),
        row(tumour="./.", pos=200),
        row(alt="<DEL>", pos=300),
        row(alt="T[2:5[", pos=400),
        row(alt="T,G", tumour="0/2:5,1,4", pos=500),
        row(alt="*", pos=600),
    )
    found = pt.read_tumours(put(tmp_path, text, "t.vcf"))
    assert list(zip(found.variants.start, found.variants.alt, strict=True)) == [(500, "G")]
    assert found.variants.vaf[0] == pytest.approx(0.4)  # of all reads at the place
    assert {
        "tumour.not-in-tumour",
        "tumour.no-genotype",
        "tumour.not-small",
        "tumour.not-annotated",
    } <= codes(found)


@pytest.mark.parametrize(
    ("fields", "ref", "alts", "expected"),
    [
        ({"AD": "6,3", "DP": "10"}, "A", ["T"], (1 / 3, 10)),
        ({"AD": "6,3,1"}, "A", ["T", "G"], (0.3, 10)),
        ({"RD": "15", "AD": "5"}, "A", ["T"], (0.25, 20)),
        ({"AU": "30,31", "TU": "10,12", "DP": "41"}, "A", ["T"], (0.25, 41)),
        ({"TAR": "20,20", "TIR": "5,6"}, "AC", ["A"], (0.2, 25)),
        ({"AF": "0.1,0.2"}, "A", ["T", "G"], (0.1, -1)),
        ({"FREQ": "12.5%", "DP": "80"}, "A", ["T"], (0.125, 80)),
        ({"AD": ".,.", "AF": "."}, "A", ["T"], (np.nan, -1)),
        ({"AD": "0,0"}, "A", ["T"], (np.nan, 0)),
        ({}, "A", ["T"], (np.nan, -1)),
    ],
)
def test_reads_of_several_callers(fields, ref, alts, expected):
    assert reads_of(fields, ref, alts, 1) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("##fileformat=VCFv4.2\n", "no line of column titles"),
        ("##fileformat=VCFv4.2\n#CHROM\tPOS\n", "not those of a VCF"),
        (vcf(samples=("a", "a")), "empty or repeated"),
    ],
)
def test_a_vcf_without_its_titles_is_refused(tmp_path, text, message):
    with pytest.raises(InputError, match=message):
        pt.read_tumours(put(tmp_path, text, "t.vcf"))


def test_other_files_are_refused(tmp_path):
    for text in ("", "a,b\n1,2\n", "<xml/>"):
        with pytest.raises(InputError, match="no variants are read"):
            pt.read_tumours(put(tmp_path, text, "t.txt"))
    with pytest.raises(InputError, match="no header"):
        pt.read_tumours(put(tmp_path, "", "t.maf"))
    with pytest.raises(InputError, match="Variant_Classification"):
        pt.read_tumours(put(tmp_path, "Hugo_Symbol\tTumor_Sample_Barcode\n", "t.txt"))


def test_words_of_annotators():
    assert of_so("missense_variant&splice_region_variant", "A", "T") == "Missense_Mutation"
    assert of_so("frameshift_variant", "-", "A") == "Frame_Shift_Ins"
    assert of_so("protein_altering_variant", "AAA", "-") == "In_Frame_Del"
    assert of_so("protein_altering_variant", "AA", "-") == "Frame_Shift_Del"
    assert of_so("brand_new_term", "A", "T") == "brand_new_term"
    assert of_annovar("exonic;splicing", "synonymous SNV", "A", "T") == "Splice_Site"
    assert of_annovar("exonic", "stopgain", "A", "T") == "Nonsense_Mutation"
    assert of_annovar("exonic", "unknown", "A", "T") == "unknown"
    assert of_annovar("", "", "A", "T") == ""
    assert set(SEVERITY) == KNOWN
    assert CHANGES_PROTEIN < KNOWN
    assert short("ENSP00000288602.6:p.Val600Glu") == "p.V600E"
    assert short("p.(Arg248Ter)") == "p.R248*"
    assert short("ENSP1:p.Leu33%3D") == "p.L33="


# Burden, drivers, evidence


@pytest.fixture(scope="module")
def tumour(tmp_path_factory):
    return pt.read_tumour(tumours.write("maf", tmp_path_factory.mktemp("t")))


def test_burden_by_hand(tumour):
    found = tumour.burden(2.0)
    assert (found.counted, found.per_megabase, found.undecided) == (7, 3.5, 0)
    assert found.low < 3.5 < found.high
    assert tumour.burden(2.0, "coding").counted == 8
    assert tumour.burden(2.0, min_vaf=0.05).counted == 6
    assert tumour.burden(2.0, min_depth=80).counted == 4
    assert "Merino" in found.source
    assert "5% of reads" in tumour.burden(2.0, min_vaf=0.05).source
    for size in (0.0, -1.0, float("nan"), float("inf")):
        with pytest.raises(InputError, match="megabases"):
            tumour.burden(size)
    with pytest.raises(InputError, match="no such definition"):
        tumour.burden(1.0, "all")


def test_what_is_not_known_is_undecided_not_counted(tmp_path):
    odd = pt.read_tumour(put(tmp_path, edited("Variant_Classification", "Odd_Thing")))
    assert (odd.burden(1.0).counted, odd.burden(1.0).undecided) == (6, 1)
    table = pt.read_tumour(tumours.write("annovar", tmp_path))
    assert (table.burden(1.0, min_vaf=0.05).counted, table.burden(1.0, min_vaf=0.05).undecided) == (0, 7)
    bare = pt.read_tumour(put(tmp_path, vcf(row(), row(pos=200)), "t.vcf"))
    assert (bare.burden(1.0).counted, bare.burden(1.0).undecided) == (0, 2)


def test_drivers(tumour, tmp_path):
    found = {d.gene: d.expected for d in tumour.drivers()}
    expected = {
        "BRAF": True,
        "TP53": True,
        "EGFR": True,
        "NPM1": True,
        "KRAS": True,
        "APC": True,
        "PTEN": True,
    }
    assert found == expected
    path = put(tmp_path, "gene\trole\tsource\nTTN\toncogene\tmine\nTP53\toncogene\tmine\n", "d.tsv")
    own = tumour.drivers(read_drivers(path))
    assert [(d.gene, d.expected, d.source) for d in own] == [("TP53", False, "mine")]
    for text in ("gene\trole\n", "gene\trole\tsource\nX\tbad\ty\n"):
        with pytest.raises(InputError, match=r"d\.tsv"):
            read_drivers(put(tmp_path, text, "d.tsv"))
    assert all(d.source for d in drivers())
    names = [(d.gene, d.source) for d in drivers()]
    assert len(names) == len(set(names))


def test_evidence_of_the_made_up_tumour(tumour):
    found = {(e.gene, e.drug, e.effect) for e in tumour.evidence()}
    assert ("BRAF", "vemurafenib", "sensitive") in found
    assert ("EGFR", "osimertinib", "sensitive") in found
    assert ("KRAS", "cetuximab", "resistant") in found
    assert ("KRAS", "sotorasib", "sensitive") not in found  # G12F is not G12C
    assert {g for g, *_ in found} == {"BRAF", "EGFR", "KRAS"}
    assert all(e.source and e.level for e in evidence())


@pytest.mark.parametrize(
    ("pattern", "protein", "fits"),
    [
        ("V600E", "p.V600E", True),
        ("p.V600E", "V600E", True),
        ("V600E", "p.V600K", False),
        ("R132", "p.R132H", True),
        ("R132", "p.R1320H", False),
        ("R132", "p.K132H", False),
        ("746-759", "p.E746_A750del", True),
        ("746-749", "p.E746_A750del", False),
        ("746-759", "p.L747P", True),
        ("E746", "p.E746_A750del", False),
        ("572-630", "p.593_594insFG", True),
        ("572-592", "p.593_594insFG", False),
        ("572-630", "p.598_598E>EMV", True),
        ("R132", "p.132_133insA", False),
        ("V600E", "", False),
        ("1-9", "p.?", False),
    ],
)
def test_patterns(pattern, protein, fits):
    row = Evidence("G", pattern, "Missense_Mutation;In_Frame_Del", "d", "", "", "", "")
    assert row.about("Missense_Mutation", protein) is fits
    assert row.about("Silent", protein) is False


def test_evidence_of_ones_own_replaces_the_shipped(tumour, tmp_path):
    text = (
        "Gene\tinteraction_claim_source\tinteraction_types\tdrug_claim_name\tdrug_claim_primary_name\t"
        "drug_name\tdrug_chembl_id\tPMIDs\nTP53\tA\tinhibitor\tx\ty\t\tC\t1\nTP53\tA\t\tx\tN/A\tz\tC\t\n\tA\t\tx\ty\tz\t\t\n"
    )
    issues = Issues()
    rows = read_evidence(put(tmp_path, gzip.compress(text.encode()), "drugs.tsv.gz"), issues)
    assert [(r.drug, r.effect, r.source) for r in rows] == [("y", "inhibitor", "A; 1"), ("z", "", "A")]
    assert "1 rows" in issues[0].message
    found = tumour.evidence(rows)
    assert [(e.gene, e.drug, e.protein) for e in found] == [
        ("TP53", "y", "p.R248*"),
        ("TP53", "z", "p.R248*"),
    ]
    with pytest.raises(InputError, match="columns are missing: drug"):
        read_evidence(put(tmp_path, "gene\n", "e.tsv"))


# Privacy and damage


def test_nothing_of_the_owner_is_shown(tmp_path):
    path = put(tmp_path, edited("Start_Position", "123x45"))
    many = pt.read_tumours(path)
    texts = [
        repr(many),
        repr(many[SAMPLE]),
        repr(many.variants),
        *map(str, many.issues),
        *map(repr, many.issues),
    ]
    with pytest.raises(InputError) as error:
        pt.read_tumour(path, "NOBODY")
    texts.append(str(error.value))
    for text in texts:
        assert SAMPLE not in text
        assert "V600E" not in text
        assert "123x45" not in text
        assert "NOBODY" not in text


def mutants(data: bytes, seed: int):
    """Copies with bytes changed, cut, doubled or moved; and cells that are odd."""
    rng = random.Random(seed)
    odd = [
        b"",
        b"\t",
        b"\n",
        b"\r",
        b"\x00",
        b"\xff\xfe",
        b"9" * 30,
        b"-1",
        b"NA",
        b"|",
        b",",
        b";",
        b"=",
        b"%",
        b".",
    ]
    for _ in range(150):
        at, size = rng.randrange(len(data)), rng.choice((0, 1, 1, 3, 40))
        piece = rng.choice([*odd, data[at : at + 60], bytes([rng.randrange(256)])])
        yield data[:at] + piece + data[at + size :]
    for _ in range(30):
        yield data[: rng.randrange(len(data))]


@pytest.mark.parametrize("name", tumours.FORMATS)
def test_damage_never_crashes_a_reader(tmp_path, name):
    path = tumours.write(name, tmp_path)
    data = path.read_bytes()
    data = gzip.decompress(data) if path.suffix == ".gz" else data
    whole = set(_keys(pt.read_tumours(path)))
    wild = 0
    for k, mutant in enumerate(mutants(data, 11)):
        target = tmp_path / f"m{k}{''.join(path.suffixes[:1])}"
        target.write_bytes(mutant)
        try:
            found = pt.read_tumours(target)
        except PytwinError:
            continue
        v = found.variants
        assert (v.start > 0).all()
        assert ((v.vaf >= 0) & (v.vaf <= 1) | np.isnan(v.vaf)).all()
        assert all(set(r) <= set("ACGTN-") for r in v.ref)
        for tumour in found.values():
            tumour.burden(1.0)
            tumour.drivers()
            tumour.evidence()
        wild += len(set(_keys(found)) - whole) > 2
    assert wild < 10  # a changed byte changes its own rows


def _keys(found):
    v = found.variants
    return zip(v.chromosome, v.start, v.ref, v.alt, strict=True)


@pytest.mark.parametrize("cut", [0.3, 0.9])
def test_a_cut_gzip_file_is_refused(tmp_path, cut):
    data = gzip.compress(tumours.maf().encode())
    with pytest.raises(InputError, match="cut off"):
        pt.read_tumours(put(tmp_path, data[: int(len(data) * cut)], "t.maf.gz"))


@pytest.mark.reference
def test_the_leukaemia_of_the_reference(reference):
    from pytwin.verify import genome_tumour
    from pytwin.verify.run import Context

    found = list(genome_tumour.cases(Context(reference)))
    assert len(found) > 50
    assert not [c.name for c in found if not c.passed]


def test_long_alleles_are_trimmed_in_linear_time() -> None:
    """A million equal bases: cut one by one they took minutes."""
    start = time.process_time()
    assert trimmed(5, "A" * 10**6, "A" * 10**6 + "C")[:2] == (10**6 + 4, 10**6 + 5)
    assert trimmed(10, "CAT", "CGT") == (11, 11, "A", "G")
    assert time.process_time() - start < 1.0
