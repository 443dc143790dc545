"""DAPPER over a truth and observations of Lorenz-96; run by its own environment: ``JOB FOUND METHOD``."""

from __future__ import annotations

import os
import sys
import time

os.environ["TQDM_DISABLE"] = "1"  # no bars of progress; read on import

import dapper as dpr
import dapper.da_methods as da
import numpy as np
from dapper.mods.Lorenz96.sakov2008 import HMM

RUNS = 3


def method(name: str, job: dict[str, np.ndarray]) -> object:
    options = {"N": int(job["members"]), "infl": float(job["inflation"]), "rot": bool(job["rotate"])}
    if name == "LETKF":
        return da.LETKF(loc_rad=float(job["radius"]), **options)
    return da.EnKF(name, **options)


def main() -> None:
    given, found, name = sys.argv[1:]
    job = dict(np.load(given))
    dpr.rc.liveplotting = False
    y = job["y"]
    HMM.tseq.T = len(y) * HMM.tseq.dto
    x = np.vstack([np.eye(1, job["x"].shape[1])[0], job["x"]])
    if HMM.tseq.Ko + 1 != len(y):
        raise SystemExit(f"DAPPER has {HMM.tseq.Ko + 1} observations instead of {len(y)}")
    seconds = []
    for _ in range(RUNS):
        filtering = method(name, job)
        dpr.set_seed(3000)
        begin = time.perf_counter()
        filtering.assimilate(HMM, x, y)
        seconds.append(time.perf_counter() - begin)
    np.savez(found, seconds=np.median(seconds), means=filtering.stats.mu.a)


main()
