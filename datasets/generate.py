"""Make the bundled files again: ``python -m pytwin.datasets.generate FOLDER``.

The positions of the VCF are read from the reference library (``genomics/tables/pgx_positions.csv``), which
``--reference`` or the variable ``PYTWIN_REFERENCE`` locates.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from pytwin.errors import InputError
from pytwin.verify.library import reference_dir

from . import bundle, course, treated, variants

SEED = 4


def record_text(seed: int = SEED) -> str:
    """The text of ``patient.json``."""
    _, lived = course.run(seed)
    return json.dumps(bundle.bundle(lived), indent=1, ensure_ascii=False) + "\n"


def genome_text(reference: Path) -> str:
    """The text of ``patient.vcf``; ``reference`` is the reference library's folder."""
    return variants.vcf(variants.read_positions(reference / "genomics/tables/pgx_positions.csv"))


def main() -> None:
    """Write the files into a folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--reference", type=Path, default=None)
    options = parser.parse_args()
    reference = options.reference or reference_dir()
    if reference is None:
        raise InputError(
            "datasets.no-reference", "the reference library was not found", hint="Give --reference."
        )
    options.folder.mkdir(parents=True, exist_ok=True)
    (options.folder / "patient.json").write_text(record_text(), encoding="utf-8", newline="\n")
    (options.folder / "treated.json").write_text(treated.text(), encoding="utf-8", newline="\n")
    (options.folder / "patient.vcf").write_text(genome_text(reference), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main()
