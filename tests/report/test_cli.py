"""The pytwin command: what it prints and writes, how it fails. Exit 1: a failed case; 2: an error."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from pytwin.cli import main
from pytwin.datasets import demo
from pytwin.errors import PytwinError

DIPLOTYPES = ("*1/*3", "A/G", "GA", "AG")


def call(*words: str | Path) -> Result:
    return CliRunner().invoke(main, [str(w) for w in words], catch_exceptions=True)


def fails_with_one_line(result: Result, code: str) -> None:
    assert result.exit_code == 2, result.output
    lines = result.stderr.strip().splitlines()
    assert len(lines) == 1, result.stderr
    assert lines[0].startswith(f"error: [{code}")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_version_states_the_intended_use():
    assert "not a medical device" in call("--version").stdout


def test_a_mistyped_command_imports_nothing_heavy():
    program = (
        "import sys, pytwin.cli; from click.testing import CliRunner;"
        "CliRunner().invoke(pytwin.cli.main, ['nonsense']);"
        "print(sorted({'matplotlib', 'jinja2', 'rich', 'msgspec'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_doctor():
    assert "python" in call("doctor").stdout
    assert "versions" in json.loads(call("doctor", "--json").stdout)


def test_verify_knows_its_suites():
    fails_with_one_line(call("verify", "nonsense"), "verify.unknown-suite")


def test_demo_from_an_empty_folder(here: Path):
    result = call("demo", "--draws", "100")
    assert result.exit_code == 0, result.output
    (report,) = here.iterdir()
    assert stat.S_IMODE(report.stat().st_mode) == 0o600
    assert str(report.name) in result.stdout
    for text in ("INR", "CYP2C9", "Parameters", "Plans over", "P(best)", "regret", "not a medical device"):
        assert text in result.stdout, text


def test_demo_writes_where_it_is_told(here: Path):
    assert call("demo", "--draws", "100", "--output", here / "a" / "b").exit_code == 0
    assert [p.name for p in here.rglob("*.html")] == ["pytwin-demo.html"]


def test_rank_keeps_the_genotype_to_itself(here: Path):
    patient = demo()
    base = ("rank", patient.record, "--genome", patient.genome, "--draws", "100", "--report", "r.html")
    hidden = call(*base)
    assert hidden.exit_code == 0, hidden.output
    written = (here / "r.html").read_text(encoding="utf-8")
    assert "CYP2C9" in hidden.stdout
    assert not [d for d in DIPLOTYPES if d in hidden.stdout or f"CYP2C9 {d}" in written or "*1/*3" in written]
    assert "*1/*3" in call(*base, "--show-genome").stdout
    assert "*1/*3" in (here / "r.html").read_text(encoding="utf-8")


def test_rank_as_json(here: Path):
    patient = demo()
    result = call("rank", patient.record, "--genome", patient.genome, "--draws", "100", "--json")
    found = json.loads(result.stdout)
    assert found["abstained"] is False
    utilities = [plan["expected_utility"] for plan in found["plans"]]
    assert utilities == sorted(utilities, reverse=True)
    assert sum(plan["p_best"] for plan in found["plans"]) == pytest.approx(1.0)
    assert found["manifest"]["population"].startswith("warfarin/")
    assert "*1/*3" not in result.stdout


def test_rank_twice_gives_the_same(here: Path):
    patient = demo()
    words = ("rank", patient.record, "--genome", patient.genome, "--draws", "100", "--json")
    assert call(*words).stdout == call(*words).stdout


def test_rank_with_what_the_record_cannot_exclude(here: Path):
    """Without a list of conditions active bleeding is not excluded; a clinician can say so."""
    bundle = json.loads(demo().record.read_text(encoding="utf-8"))
    kept = [e for e in bundle["entry"] if e["resource"]["resourceType"] != "Condition"]
    record = here / "no-conditions.json"
    record.write_text(json.dumps({**bundle, "entry": kept}), encoding="utf-8")
    genome = demo().genome
    silent = json.loads(call("rank", record, "--genome", genome, "--json", "--draws", "100").stdout)
    said = json.loads(
        call("rank", record, "--genome", genome, "--json", "--draws", "100", "--confirm", "bleeding").stdout
    )
    assert silent["abstained"]
    assert "confirm that these do not apply: bleeding" in " ".join(silent["reasons"])
    assert not said["abstained"]


def test_rank_without_genome_still_answers():
    result = call("rank", demo().record, "--draws", "100", "--json")
    assert result.exit_code == 0, result.output
    assert "Unknown" in json.loads(result.stdout)["genome"]


@pytest.mark.parametrize(
    "text",
    ["", "not json", '{"resourceType": "Bundle", "entry": [', '{"resourceType": "Bundle", "entry": []}'],
)
def test_a_bad_record_is_one_line(here: Path, text: str):
    Path("bad.json").write_text(text, encoding="utf-8")
    result = call("rank", "bad.json")
    fails_with_one_line(result, "")
    assert "Traceback" not in result.output


def test_a_bad_genome_is_one_line(here: Path):
    Path("bad.vcf").write_text("not a VCF\n", encoding="utf-8")
    fails_with_one_line(call("rank", demo().record, "--genome", "bad.vcf"), "")


def test_debug_shows_the_error(here: Path):
    Path("bad.json").write_text("not json", encoding="utf-8")
    assert isinstance(call("--debug", "rank", "bad.json").exception, PytwinError)


def test_a_missing_file_and_an_unknown_therapy(here: Path):
    assert call("rank", "nowhere.json").exit_code == 2
    fails_with_one_line(call("rank", demo().record, "--therapy", "bloodletting"), "therapy.unknown")


def test_read_tells_what_is_there():
    result = call("read", demo().record)
    assert "INR" in result.stdout
    events = json.loads(call("read", demo().record, "--json", "--events").stdout)
    assert len(events["time"]) == len(events["value"])
    counted = json.loads(call("read", demo().record, "--json").stdout)
    assert sum(row["events"] for row in counted["holds"]) == counted["events"] == len(events["time"])


def test_read_takes_several_files_and_says_what_it_left_out(here: Path):
    Path("bad.json").write_text("not json", encoding="utf-8")
    result = call("read", "bad.json", demo().record)
    assert result.exit_code == 0 and "INR" in result.stdout and "bad.json" in result.stderr
    assert call("read", "bad.json").exit_code == 1
    Path("table.csv").write_text("who,when,inr\n1,2020-01-02,2.5\n", encoding="utf-8")
    columns = {"patient": "who", "time": "when", "observations": [{"column": "inr", "analyte": "INR"}]}
    Path("map.json").write_text(json.dumps(columns), encoding="utf-8")
    result = call("read", "table.csv", "--mapping", "map.json", "--format", "csv")
    assert result.exit_code == 0 and "INR" in result.stdout


def test_models_and_info():
    listed = call("models").stdout
    for name in ("warfarin", "warfarin/hamberg2010@1", "hamberg2010"):
        assert name in listed
        told = call("info", name)
        assert told.exit_code == 0, told.output
        assert "Hamberg" in told.stdout
    assert "robertson" not in listed and "robertson" in call("models", "--all").stdout
    told = call("info", "robertson_dae").stdout
    assert "test problem" in told and "algebraic" in told
    told = call("info", "pk_1cpt_oral").stdout
    assert "in h; a model" in told and "lag ALAG1" in told
    fails_with_one_line(call("info", "nonsense"), "info.unknown")
