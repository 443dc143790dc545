"""dynamax's unscented filter over a batch of patients, in an environment of its own.

``unscented_dynamax.py JOB.npz FOUND.npz`` reads a job and writes means and seconds; one core, vmapped over
the patients and compiled before it is timed.
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
from dynamax.nonlinear_gaussian_ssm import inference_ukf  # noqa: E402
from dynamax.nonlinear_gaussian_ssm.models import ParamsNLGSSM  # noqa: E402

jax.config.update("jax_enable_x64", True)
# It adds 1e-9 to the diagonal of what it solves for, which would move the means by more than 1e-8.
inference_ukf.psd_solve = partial(inference_ukf.psd_solve, diagonal_boost=0.0)
RUNS = 5


def program(job):
    """Means and covariances from y (T, 2)."""

    def move(z):
        x, y, u, v = z
        return z + job["dt"] * jnp.array([u, v, -x - 2 * x * y, -y - (x * x - y * y)])

    def look(z):
        return jnp.array([jnp.sqrt(z[0] ** 2 + z[1] ** 2), z[1]])

    params = ParamsNLGSSM(
        initial_mean=job["x0"],
        initial_covariance=job["P0"],
        dynamics_function=move,
        dynamics_covariance=job["Q"],
        emission_function=look,
        emission_covariance=job["R"],
    )
    rule = inference_ukf.UKFHyperParams(alpha=1.0, beta=2.0, kappa=-1.0)
    fields = ["filtered_means", "filtered_covariances"]

    def one(y):
        done = inference_ukf.unscented_kalman_filter(params, y, rule, output_fields=fields)
        return {"mean": done.filtered_means, "cov": done.filtered_covariances}

    return jax.jit(jax.vmap(one))


def main() -> None:
    job = {name: jnp.asarray(a) for name, a in np.load(sys.argv[1]).items()}
    run = program(job)
    found = jax.block_until_ready(run(job["y"]))
    seconds = []
    for _ in range(RUNS):
        begin = time.perf_counter()
        jax.block_until_ready(run(job["y"]))
        seconds.append(time.perf_counter() - begin)
    np.savez(sys.argv[2], seconds=np.median(seconds), mean=np.asarray(found["mean"]))


main()
