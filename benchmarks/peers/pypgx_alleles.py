"""PyPGx's allele matching of a phased VCF, in an environment of its own.

``pypgx_alleles.py JOB.npz FOUND.npz``: path and gene; the alleles that lead each strand's candidates, by
sample, and the seconds a sample that ``predict_alleles`` takes once the file has been read.
"""

from __future__ import annotations

import sys
import time

import numpy as np
from fuc import pyvcf
from pypgx import sdk
from pypgx.api import utils


def main() -> None:
    job = np.load(sys.argv[1])
    frame = pyvcf.VcfFrame.from_file(str(job["path"]))
    metadata = {
        "Platform": "WGS",
        "Gene": str(job["gene"]),
        "Assembly": "GRCh38",
        "SemanticType": "VcfFrame[Consolidated]",
        "Program": "Beagle",
    }
    begin = time.perf_counter()
    found = utils.predict_alleles(sdk.Archive(metadata, frame)).data
    seconds = (time.perf_counter() - begin) / len(frame.samples)
    lead = [found[name].str.split(";").str[0].to_numpy(dtype=str) for name in ("Haplotype1", "Haplotype2")]
    np.savez(sys.argv[2], first=lead[0], second=lead[1], seconds=seconds)


main()
