"""dynamax over a batch of series, in an environment of its own: reads a job, writes moments and seconds.

``linear_dynamax.py JOB.npz FOUND.npz likelihood|filtered|smoothed``; one core, vmapped over the series and
compiled before it is timed. It knows no missing data: where nothing was observed the loading is zero at that
time and the datum 0, and the likelihood of that, which is known beforehand, is taken off again.
"""

from __future__ import annotations

import os
import sys
import time
from functools import partial

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402
from dynamax.linear_gaussian_ssm import inference  # noqa: E402

jax.config.update("jax_enable_x64", True)
# It adds 1e-9 to the diagonal of what it solves for, which would move the results by more than 1e-8.
inference.psd_solve = partial(inference.psd_solve, diagonal_boost=0.0)
RUNS = 5


def program(job, what):
    """The moments wanted from (y, whether it was observed)."""

    def one(y, seen):
        params = inference.make_lgssm_params(
            job["x0"], job["P0"], job["F"], job["Q"], seen[:, None, None] * job["H"], job["R"]
        )  # fmt: skip
        if what == "smoothed":
            done = inference.lgssm_smoother(params, y)
            return {"mean": done.smoothed_means, "cov": done.smoothed_covariances}
        done = inference.lgssm_filter(params, y)
        if what == "filtered":
            return {"mean": done.filtered_means, "cov": done.filtered_covariances}
        unseen = len(seen) - seen.sum()
        loglike = done.marginal_loglik + 0.5 * unseen * jnp.log(2 * jnp.pi * job["R"][0, 0])
        return {"loglike": loglike, "last": done.filtered_means[-1]}

    return jax.jit(jax.vmap(one))


def main() -> None:
    job = dict(np.load(sys.argv[1]))
    seen = np.isfinite(job["y"][..., 0])
    arguments = jax.device_put((np.nan_to_num(job["y"]), seen.astype(float)))
    run = program(job, sys.argv[3])
    found = jax.block_until_ready(run(*arguments))
    seconds = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        jax.block_until_ready(run(*arguments))
        seconds.append(time.perf_counter() - begin)
    np.savez(sys.argv[2], seconds=np.median(seconds), **{k: np.asarray(v) for k, v in found.items()})


main()
