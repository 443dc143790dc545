"""Genomes as FHIR: every sample of PharmCAT's tests comes back equal."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pytwin.errors import InputError
from pytwin.genome import Genome, read_genome
from pytwin.verify.case import Case, equal
from pytwin.verify.run import Context

_SOURCE = "reference library, genomics/pharmcat_tests; genomes written as FHIR and read again"


def cases(context: Context) -> Iterator[Case]:
    """All cases of FHIR genomics."""
    folder = context.folder("genomics", "pharmcat_tests", "manifest.json").parent
    paths = sorted((*folder.glob("vcf_built/*.vcf"), *folder.glob("vcf_files/*.vcf")))
    read, same = 0, 0
    with tempfile.TemporaryDirectory() as place:
        for path in paths if context.full else paths[::4]:
            try:
                genome = read_genome(path)
            except InputError:
                continue
            if not _content(genome)[:-1]:
                continue
            read += 1
            target = Path(place) / "genome.json"
            target.write_text(json.dumps(genome.to_fhir()), encoding="utf-8")
            same += _content(read_genome(target)) == _content(genome)
    yield equal("FHIR: genomes that come back equal", read, same, source=_SOURCE)


def _content(genome: Genome) -> list[Any]:
    calls = [
        (name, call.status, call.diplotypes, call.reported, dict(call.observed))
        for name, call in genome.genes.items()
        if call.observed
    ]
    return [*calls, dict(genome.others)]
