"""Consumer arrays: builds, strands, no-calls, indels, duplicates, samples; and nothing silently wrong."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from pytwin.errors import InputError
from pytwin.formats.files import Input
from pytwin.genome import Genome, SampleError, read_genome
from pytwin.genome.arrays import read_array
from pytwin.genome.arrays.alleles import combine
from pytwin.genome.arrays.read import wanted
from pytwin.genome.arrays.strand import orient
from pytwin.genome.tables import Position, load_tables

PLUS = "# genotypes are on the plus strand of the human reference, build 37\n"
TITLES = "# rsid\tchromosome\tposition\tgenotype\n"
VKORC1 = ("rs9923231", "16", 31107689, 31096368)
CYP2C9_2 = ("rs1799853", "10", 96702047, 94942290)
CYP2C9_3 = ("rs1057910", "10", 96741053, 94981296)

Array = Callable[..., Genome]


@pytest.fixture
def array(tmp_path: Path) -> Array:
    """Write rows of an export and read them."""

    def read(rows: Iterable[str], above: str = PLUS, **options: str) -> Genome:
        path = tmp_path / "export.txt"
        path.write_text(above + TITLES + "".join(row + "\n" for row in rows), encoding="utf-8")
        return read_genome(path, **options)

    return read


def row(snp: tuple[str, str, int, int], genotype: str, build: int = 37) -> str:
    name, chromosome, pos37, pos38 = snp
    return f"{name}\t{chromosome}\t{pos37 if build == 37 else pos38}\t{genotype}"


def codes(genome: Genome) -> set[str]:
    return set(genome.issues.counts()) - {"genome.uncalled", "genome.no-positions"}


@pytest.mark.parametrize("build", [37, 38])
def test_known_positions_tell_the_build(array: Array, build: int) -> None:
    rows = [row(VKORC1, "CT", build), row(CYP2C9_2, "TC", build), row(CYP2C9_3, "AA", build)]
    genome = array(rows, above="# plus strand\n")
    assert genome.build == f"GRCh{build}"
    assert genome.diplotypes("VKORC1") == (("AG", 1.0),)
    assert genome.genotype("rs1799853") == ("T", "C")
    assert genome.diplotypes("CYP2C9")[0][0] == "*1/*2"
    assert codes(genome) == set()


def test_positions_win_over_a_header_that_names_another_build(array: Array) -> None:
    genome = array([row(VKORC1, "CT", 38)])
    assert genome.build == "GRCh38"
    assert codes(genome) == {"genome.build-conflict"}


def test_a_position_of_neither_build_is_not_used(array: Array) -> None:
    genome = array([f"rs9923231\t16\t{VKORC1[2] + 7}\tCT", row(CYP2C9_2, "CC")])
    assert genome.diplotypes("VKORC1") == ()
    assert codes(genome) == {"array.position"}
    assert genome.genotype("rs1799853") == ("C", "C")


def test_build_36_is_read_by_rsid_and_its_strand_is_not_relied_on(array: Array) -> None:
    rows = ["rs3094315\t1\t742429\tAA", "rs9923231\t16\t31015190\tGA"]
    genome = array(rows, above="# plus strand, build 36\n")
    assert genome.build == "NCBI36"
    assert codes(genome) == {"genome.build-36", "array.strand-other"}
    assert genome.diplotypes("VKORC1") == (("AG", 1.0),)


def test_without_a_build_rsids_are_used_alone(array: Array) -> None:
    genome = array([f"x1\t16\t{VKORC1[2]}\tCT"], above="")
    assert genome.diplotypes("VKORC1") == ()
    assert "genome.build-unknown" in codes(genome)
    stated = array([f"i4000415\t16\t{VKORC1[2]}\tCT"], above="", build="GRCh37")
    assert stated.diplotypes("VKORC1") == (("AG", 1.0),)


def test_another_name_at_a_known_place_is_that_position(array: Array) -> None:
    genome = array([f"i4000415\t16\t{VKORC1[2]}\tTT"])
    assert genome.diplotypes("VKORC1") == (("AA", 1.0),)


@pytest.mark.parametrize(
    ("letters", "plus", "expected", "issue"),
    [
        ("CT", True, ("C", "T"), ""),
        ("GA", False, ("C", "T"), "array.strand-other"),
        ("GG", False, ("C", "C"), "array.strand-other"),
        ("GA", True, (None, None), "array.strand-contradicted"),
        ("CA", False, (None, None), "array.not-in-table"),
    ],
)
def test_strand_of_a_snp_whose_letters_tell_it(
    letters: str, plus: bool, expected: tuple[str | None, ...], issue: str
) -> None:
    position = Position("16", 1, None, "rs1", "C", ("T",))
    assert orient(position, tuple(letters), plus) == (expected, issue)


@pytest.mark.parametrize(("ref", "alt"), ["AT", "TA", "CG", "GC"])
def test_strand_of_an_ambiguous_snp(ref: str, alt: str) -> None:
    position = Position("1", 1, None, "rs1", ref, (alt,))
    for homozygous in ((ref, ref), (alt, alt)):
        assert orient(position, homozygous, True) == (homozygous, "")
        assert orient(position, homozygous, False) == ((None, None), "array.strand-ambiguous")
    # both letters are the same on either strand
    assert orient(position, (ref, alt), False) == ((ref, alt), "")
    assert orient(position, (ref,), False) == ((None,), "array.strand-ambiguous")


def test_no_genotype_is_ever_taken_for_its_complement() -> None:
    """Over all SNPs of the tables: what is read equals what was written, or is missing."""
    turned = str.maketrans("ACGT", "TGCA")
    for gene in load_tables().genes.values():
        for position in gene.positions:
            known = (position.ref, *position.alts)
            if any(len(letters) > 1 for letters in known):
                continue
            for one in known:
                for other in known:
                    for strand in (turned, {}):
                        written = (one.translate(strand), other.translate(strand))
                        found = orient(position, written, False).alleles
                        assert found == (None, None) or sorted(map(str, found)) == sorted((one, other))


def test_ambiguous_snp_can_be_stated_to_be_on_the_plus_strand(array: Array) -> None:
    gene = load_tables().genes["CYP2C9"]
    found = next(p for p in gene.positions if p.rsid and p.pos37 and (p.ref, p.alts) == ("G", ("C",)))
    rows = [f"{found.rsid}\t10\t{found.pos37}\tGG"]
    genome = array(rows, above="")
    assert codes(genome) == {"array.strand-ambiguous"}
    assert genome.genotype(str(found.rsid)) == (None, None)
    assert array(rows, above="", strand="plus").genotype(str(found.rsid)) == ("G", "G")
    with pytest.raises(InputError, match=r"genome\.strand"):
        array(rows, strand="minus")


@pytest.mark.parametrize("text", ["--", "00", "-", "0", "NC", "", "?"])
def test_a_no_call_is_missing(array: Array, text: str) -> None:
    genome = array([row(VKORC1, text), row(CYP2C9_2, "CC")])
    assert genome.diplotypes("VKORC1") == ()
    assert codes(genome) == {"genome.no-call"}


def test_a_half_call_keeps_what_was_seen(array: Array) -> None:
    genome = array([row(VKORC1, "T-")])
    assert {name for name, _ in genome.diplotypes("VKORC1")} == {"AG", "AA"}


@pytest.mark.parametrize(
    ("text", "expected"), [("II", ("GA", "GA")), ("DI", ("G", "GA")), ("DD", ("G", "G"))]
)
def test_insertion_and_deletion_letters(array: Array, text: str, expected: tuple[str, str]) -> None:
    """CYP2C9 *6, rs9332131, GA to G; arrays place it at the base before or at the changed one."""
    for pos in (96709038, 96709039):
        genome = array([f"rs9332131\t10\t{pos}\t{text}", row(CYP2C9_2, "CC")])
        assert genome.genotype("rs9332131") == expected
        assert codes(genome) == set()


def test_indel_letters_at_a_snp_say_nothing(array: Array) -> None:
    genome = array([row(VKORC1, "DI")])
    assert genome.diplotypes("VKORC1") == ()
    assert codes(genome) == {"array.indel-unclear"}


def test_repeated_rows_are_reported_and_a_contradiction_is_missing(array: Array) -> None:
    same = array([row(VKORC1, "CT"), row(VKORC1, "TC")])
    assert codes(same) == {"array.duplicate"}
    assert same.diplotypes("VKORC1") == (("AG", 1.0),)
    other = array([row(VKORC1, "CT"), row(VKORC1, "TT")])
    assert codes(other) == {"array.duplicate", "genome.contradiction"}
    assert other.diplotypes("VKORC1") == ()
    assert combine(("A", "B"), ("B", "A")) == ("A", "B")


def test_several_samples_must_be_chosen(tmp_path: Path) -> None:
    path = tmp_path / "report.txt"
    rows = [
        f"{name}\trs9923231\t16\t{VKORC1[2]}\tC\t{letter}" for name, letter in (("ANNA", "T"), ("BERTA", "C"))
    ]
    titles = "Sample ID\tSNP Name\tChr\tPosition\tAllele1 - Plus\tAllele2 - Plus"
    path.write_text("\n".join(["[Header]", "Content\tGSA", "[Data]", titles, *rows]) + "\n")
    with pytest.raises(SampleError) as caught:
        read_genome(path)
    assert caught.value.found == ("ANNA", "BERTA")
    assert "ANNA" not in str(caught.value)
    assert read_genome(path, sample="BERTA").diplotypes("VKORC1") == (("GG", 1.0),)
    with pytest.raises(SampleError, match="sample-unknown"):
        read_genome(path, sample="CLARA")


def test_the_zip_archive_that_makers_send_is_read(tmp_path: Path) -> None:
    path = tmp_path / "export.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("genome_v5.txt", PLUS + TITLES + row(VKORC1, "CT") + "\n")
    assert read_genome(path).diplotypes("VKORC1") == (("AG", 1.0),)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("other.txt", "x")
    with pytest.raises(InputError, match=r"archive\.several"):
        read_genome(path)


def test_a_file_of_rows_alone_is_read(tmp_path: Path) -> None:
    path = tmp_path / "bare.csv"
    path.write_text(f"rs9923231,16,{VKORC1[2]},C,T\n")
    assert read_genome(path).diplotypes("VKORC1") == (("AG", 1.0),)


def test_many_bad_rows_are_counted_not_listed(array: Array) -> None:
    genome = array([row(VKORC1, "CT"), *(f"rs{n}\t1\tnowhere\tAA" for n in range(100))])
    found = genome.issues.with_code("array.place")
    assert len(found) == 21
    assert "80 more" in found[20].message


def test_no_genotype_in_texts(array: Array) -> None:
    genome = array(
        [row(VKORC1, "GA"), row(CYP2C9_2, "T-"), row(CYP2C9_3, "XX"), "rs1\t1\tx\tGATTACA"], above=""
    )
    texts = [repr(genome), *(str(i) + repr(i) for i in genome.issues), *map(repr, genome.genes.values())]
    assert not any(secret in text for text in texts for secret in ("GA", "T-", "XX", "GATTACA"))


def _written(rng: random.Random) -> tuple[list[str], list[str]]:
    """(rows of an array, lines of a VCF) with the same random genotypes of every SNP of the tables."""
    rows, lines = [], []
    for gene in load_tables().genes.values():
        for position in gene.positions:
            known = (position.ref, *position.alts)
            if position.rsid is None or position.pos37 is None or any(len(letters) > 1 for letters in known):
                continue
            numbers = [rng.choice((0, 0, 0, rng.randrange(len(known)))) for _ in range(2)]
            rows.append(
                f"{position.rsid}\t{gene.chromosome}\t{position.pos37}\t{''.join(known[n] for n in numbers)}"
            )
            alts = ",".join(position.alts)
            fixed = [f"chr{gene.chromosome}", str(position.pos), position.rsid, position.ref, alts]
            lines.append("\t".join([*fixed, ".", "PASS", ".", "GT", f"{numbers[0]}/{numbers[1]}"]))
    return rows, lines


@pytest.mark.parametrize("seed", range(3))
def test_an_array_says_what_a_vcf_with_the_same_genotypes_says(
    array: Array, tmp_path: Path, seed: int
) -> None:
    rows, lines = _written(random.Random(seed))
    path = tmp_path / "same.vcf"
    header = [
        "##fileformat=VCFv4.2",
        "##reference=GRCh38",
        '##FORMAT=<ID=GT,Number=1,Type=String,Description="G">',
    ]
    titles = "\t".join(["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT", "S"])
    path.write_text("\n".join([*header, titles, *lines]) + "\n")
    one, other = array(rows), read_genome(path, build="GRCh38")
    assert one.build == "GRCh37" and len(rows) > 400
    for name, call in one.genes.items():
        expected = other.genes[name]
        assert {p: sorted(map(str, g.alleles)) for p, g in call.observed.items()} == {
            p: sorted(map(str, g.alleles)) for p, g in expected.observed.items()
        }
        assert (call.status, call.reported) == (expected.status, expected.reported), name


@pytest.mark.parametrize("seed", range(3))
def test_a_row_less_never_narrows_the_diplotypes(array: Array, seed: int) -> None:
    rng = random.Random(seed)
    rows = ["rs9923231\t16\t31107689\tCT"]
    gene = load_tables().genes["CYP2C9"]
    for position in gene.positions:
        if position.rsid and position.pos37 and len(position.ref) == 1 and len(position.alts[0]) == 1:
            rows.append(f"{position.rsid}\t10\t{position.pos37}\t{position.ref}{position.ref}")
    rows = [row(CYP2C9_2, "CT") if text.startswith("rs1799853\t") else text for text in rows]
    whole = {name for name, _ in array(rows).diplotypes("CYP2C9")}
    for _ in range(5):
        less = list(rows)
        del less[rng.randrange(1, len(less))]
        assert whole <= {name for name, _ in array(less).diplotypes("CYP2C9")}


@pytest.mark.parametrize(
    "titles", [TITLES, "rsid,chromosome,position,genotype\n", "name,chr,pos,allele1,allele2\n"]
)
def test_rows_that_nobody_looks_for_are_checked_all_the_same(tmp_path: Path, titles: str) -> None:
    """Most rows take a short way: what is kept and what is odd is the same as on the long one."""
    rng = random.Random(titles)
    pieces = (
        ["rs1", "rs9923231", "i7", "rs,2", ""],
        ["1", "16", "X", "Y", "MT", "26", "PAR", "--", "0", "chr2"],
        ["5", "31107689", "0", "x", "-3", "9" * 12],
        ["AA", "CT", "--", "A", "AGT", "DI", "NN", "", "0"],
    )
    sign = "\t" if "\t" in titles else ","
    rows = []
    for number in range(3000):
        name, *others = (rng.choice(part) if rng.random() < 0.2 else part[0] for part in pieces)
        cells = [name if rng.random() < 0.05 else f"rs{number}", *others]
        if "allele1" in titles:
            cells[3:] = [cells[3][:1], cells[3][1:]]
        rows.append(sign.join(cells))
    path = tmp_path / "x.txt"
    path.write_text(titles + "\n".join(rows) + "\n")
    chosen = wanted(load_tables())
    every, some = read_array(Input(path)), read_array(Input(path), None, chosen)
    assert some.snps == [snp for snp in every.snps if chosen.keeps(snp)]
    assert some.rows == every.rows
    assert list(some.issues.finish("x")) == list(every.issues.finish("x"))
