"""diffrax over a batch of subjects, in an environment of its own: reads a job, writes glucose and seconds.

``diffrax_hovorka.py JOB.npz FOUND.npz RTOL [RTOL ...]``; one core. Each stretch between events is one call of
``diffeqsolve``, vmapped over subjects; all of it is compiled together and compiled before it is timed.
"""

from __future__ import annotations

import os
import sys
import time

os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})

import diffrax  # noqa: E402
import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import numpy as np  # noqa: E402

jax.config.update("jax_enable_x64", True)
RUNS = 5


def field(t, x, c):
    q1, q2, s1, s2, insulin, x1, x2, x3, d1, d2 = x
    spent = jnp.minimum(c[0], c[1] * q1) + c[4] * jnp.maximum(0.0, q1 - c[3])
    there, back = x1 * q1, c[8] * q2
    return jnp.stack([
        c[5] * d2 + c[2] * jnp.maximum(0.0, 1 - x3) + back - there - spent,
        there - back - x2 * q2,
        c[17] - c[6] * s1,
        c[6] * (s1 - s2),
        c[7] * s2 - c[16] * insulin,
        c[12] * insulin - c[9] * x1,
        c[13] * insulin - c[10] * x2,
        c[14] * insulin - c[11] * x3,
        c[15] * c[19] - c[5] * d1,
        c[5] * (d1 - d2),
    ])  # fmt: skip


def program(job):
    """glucose (n, T) from (x0, c, bolus) and a relative tolerance."""
    edges, meal, times = job["edges"], job["meal"], job["times"]

    def one(x, c, bolus, rtol):
        found = [x[None, 0]]
        for k in range(len(meal)):
            due = times[(times > edges[k]) & (times <= edges[k + 1])]
            at = due if due.size and due[-1] == edges[k + 1] else np.append(due, edges[k + 1])
            c = c.at[19].set(meal[k])
            x = x.at[2].add(bolus[k])
            done = diffrax.diffeqsolve(
                diffrax.ODETerm(field), diffrax.Dopri5(), edges[k], edges[k + 1], None, x, c,
                saveat=diffrax.SaveAt(ts=at), max_steps=100_000,
                stepsize_controller=diffrax.PIDController(rtol, 1e-3 * rtol, pcoeff=0.2, icoeff=0.4),
            )  # fmt: skip
            found.append(done.ys[: len(due), 0])
            x = done.ys[-1]
        return jnp.concatenate(found) * c[18]

    return jax.jit(jax.vmap(one, in_axes=(0, 0, 0, None)))


def main() -> None:
    job = dict(np.load(sys.argv[1]))
    arguments = (job["x0"], job["c"], job["bolus"])
    begin = time.perf_counter()
    run = program(job)
    run(*arguments, float(sys.argv[3])).block_until_ready()
    found = {"setup": time.perf_counter() - begin}
    for number, text in enumerate(sys.argv[3:]):
        seconds = []
        for _ in range(RUNS):
            begin = time.perf_counter()
            y = run(*arguments, float(text)).block_until_ready()
            seconds.append(time.perf_counter() - begin)
        found |= {f"y{number}": np.asarray(y), f"seconds{number}": np.median(seconds)}
    np.savez(sys.argv[2], **found)


main()
