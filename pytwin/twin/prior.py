"""Prior of a twin: one Gaussian component for each genotype that the data leave open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.genome.frequencies import Frequencies, traced
from pytwin.genome.usual import usual_genotypes
from pytwin.issues import Issues
from pytwin.model.actions import boluses, offsets
from pytwin.model.effects import canonical
from pytwin.model.population import Population, from_scale
from pytwin.therapies.therapy import History, Therapy
from pytwin.twin.tolerance import ATOL, RTOL

Array = NDArray[np.float64]
Options = Mapping[str, Sequence[tuple[str, float]]]

# Hours of a regimen after which it counts as steady; warfarin's slowest chain has a mean transit time of
# 118 h and S-warfarin a half-life of up to 130 h.
STEADY_HOURS = 90 * 24.0
# A patient of whom nothing is known but that he or she may be treated: median daily dose and its SD on the
# log scale, assumed wide around the 5 mg of the label; 95 % between 1.6 and 16 mg.
UNKNOWN_DAILY = 5.0
UNKNOWN_LOG_SD = 0.6
# A genotype this probable counts as known: the rest are rare alleles that were not tested.
_SURE = 0.9
_NEGLIGIBLE = 1e-9


@dataclass(frozen=True)
class Components:
    """A mixture of Gaussians over z = [states, theta on the estimation scale].

    Attributes
    ----------
    labels : tuple of dict
        Gene -> genotype, for each component.
    weights : ndarray, shape (K,)
    means, covs : ndarray, shapes (K, n_z), (K, n_z, n_z)
    params : ndarray, shape (K, n_param)
        Parameters that do not vary between people of this genotype; theta columns hold typical values.
    """

    labels: tuple[Mapping[str, str], ...]
    weights: Array
    means: Array
    covs: Array
    params: Array

    def __len__(self) -> int:
        return len(self.weights)

    def __iter__(self) -> Any:
        return iter((self.weights, self.means, self.covs))


def genotype_options(population: Population, genome: Any, race: str | None, issues: Issues) -> Options:
    """Genotypes of each gene with probabilities: what was called, else how frequent they are.

    A called genotype for which the Population has no value counts as unknown, not as the reference.
    """
    options = {}
    for gene, known in population.genes.items():
        called = called_genotypes(population, genome, gene, race)
        own = None if genome is None or gene not in genome.genes else genome.genes[gene].frequencies
        inside = [(g, p) for g, p in called if g in known and p > 0]
        lost = 1.0 - sum(p for _, p in inside)
        if not called:
            _note(issues, "genome.missing-gene", f"{gene} genotype is unknown", gene, own)
        elif lost > 1 - _SURE:
            message = f"{gene} genotype may be one for which the Population has no value"
            _note(issues, "genome.outside-population", message, gene, own)
        usual = genotype_frequencies(population, gene, race, own) if lost > _NEGLIGIBLE else {}
        options[gene] = _merge(inside, lost, usual)
    return options


def called_genotypes(
    population: Population, genome: Any, gene: str, race: str | None
) -> list[tuple[str | None, float]]:
    """What was called of a gene as the Population spells it, with probabilities; empty where nothing was.

    Genotypes, or phenotypes where the Population's effects go by them (None: CPIC assigns none). A single
    genotype needs no frequencies.
    """
    call = None if genome is None else genome.genes.get(gene)
    if call is None:
        return []
    if gene in population.phenotype_genes:
        return list(call.phenotypes(race).items())
    if len(call.pairs) == 1 and len(call.reported) == 1:
        return [(canonical(call.reported[0]), 1.0)]
    return [(canonical(name), p) for name, p in genome.diplotypes(gene, race)]


def open_genes(population: Population, genome: Any, race: str | None) -> tuple[str, ...]:
    """Genes of which a test could tell more: unknown, or several genotypes are left. A single genotype for
    which the Population has no value is not among them."""
    return tuple(g for g in population.genes if len(called_genotypes(population, genome, g, race)) != 1)


def _note(issues: Issues, code: str, message: str, gene: str, own: Frequencies | None) -> None:
    action = "a mixture of all genotypes by their frequency stands in"
    if not traced(gene, own):
        action = "a mixture of all genotypes stands in, all alleles alike: no frequencies with a source"
    issues.add(code, message, place=gene, action=action, severity="note")


def genotype_frequencies(
    population: Population, gene: str, race: str | None, own: Frequencies | None = None
) -> dict[str, float]:
    """How frequent the genotypes (phenotypes) are for which the Population has values; they sum to 1.

    By a user's ``own`` frequencies where there are some. Alike where a gene has no table, or frequencies for
    none of them.
    """
    known, by_phenotype = population.genes[gene], gene in population.phenotype_genes
    found = usual_genotypes(gene, race, phenotypes=by_phenotype, frequencies=own)
    table = found if by_phenotype else {canonical(g): p for g, p in found.items()}
    total = sum(table.get(g, 0.0) for g in known)
    if total <= 0:
        return dict.fromkeys(known, 1.0 / len(known))
    return {g: table.get(g, 0.0) / total for g in known}


def _merge(
    inside: Sequence[tuple[str | None, float]], lost: float, table: Mapping[str, float]
) -> list[tuple[str, float]]:
    mass: dict[str, float] = {}
    for genotype, p in inside:
        if genotype is not None:
            mass[genotype] = mass.get(genotype, 0.0) + p
    for genotype, p in table.items():
        mass[genotype] = mass.get(genotype, 0.0) + lost * p
    return [(g, p) for g, p in mass.items() if p > 0]


def sure_genotypes(population: Population, genome: Any, race: str | None) -> dict[str, str]:
    """Gene -> genotype where it was called with near certainty and the Population knows it."""
    sure = {}
    for gene, known in population.genes.items():
        for genotype, p in called_genotypes(population, genome, gene, race):
            if genotype is not None and p >= _SURE and genotype in known:
                sure[gene] = genotype
    return sure


def build(
    therapy: Therapy, population: Population, histories: Sequence[History], options: Sequence[Options]
) -> list[Components]:
    """Priors of many subjects at the origin of their histories, computed together.

    Parameters
    ----------
    therapy : Therapy
    population : Population
    histories, options : sequences of the same length

    Returns
    -------
    list of Components
    """
    combos = [list(product(*o.values())) for o in options]
    counts = [len(c) for c in combos]
    owner = np.repeat(np.arange(len(histories)), counts).astype(np.intp)
    genes = list(population.genes)
    labels = [{g: pair[0] for g, pair in zip(genes, c, strict=True)} for cs in combos for c in cs]
    weights = np.array([np.prod([pair[1] for pair in c]) for cs in combos for c in cs])
    params, theta, omega = _theta(population, histories, owner, labels)
    means, covs = _with_states(therapy, population, [histories[int(i)] for i in owner], params, theta, omega)
    built, first = [], 0
    for count in counts:
        rows = slice(first, first + count)
        share = weights[rows] / weights[rows].sum()
        built.append(Components(tuple(labels[rows]), share, means[rows], covs[rows], params[rows]))
        first += count
    return built


def _theta(
    population: Population,
    histories: Sequence[History],
    owner: NDArray[np.intp],
    labels: Sequence[Mapping[str, str]],
) -> tuple[Array, Array, Array]:
    """Typical parameters, theta and its covariance of all rows; a measured baseline is known exactly."""
    n = len(owner)
    covariates = {
        name: np.array([h.covariates.get(name, np.nan) for h in histories])[owner]
        for name in population.covariates
    }
    genotypes = {g: [row[g] for row in labels] for g in population.genes}
    params = population.parameters(covariates, genotypes, n)
    omega = population.covariance(covariates, genotypes, n)
    baseline = np.array([np.nan if h.baseline is None else h.baseline for h in histories])[owner]
    known = ~np.isnan(baseline)
    if population.baseline and known.any():
        name = population.baseline["parameter"]
        column = [p["name"] for p in population.model.params].index(name)
        params[known, column] = baseline[known]
        if name in population.theta:
            index = population.theta.index(name)
            omega[known, index, :] = 0.0
            omega[known, :, index] = 0.0
    return params, population.to_theta(params), omega


def _with_states(
    therapy: Therapy,
    population: Population,
    histories: Sequence[History],
    params: Array,
    theta: Array,
    omega: Array,
) -> tuple[Array, Array]:
    """Mean and covariance of z of all rows: untreated states are known, others follow from a regimen."""
    x = population.model.initial(params)
    nx, nt = x.shape[1], theta.shape[1]
    means = np.concatenate([x, theta], axis=1)
    covs = np.zeros((len(means), nx + nt, nx + nt))
    covs[:, nx:, nx:] = omega
    treated = np.array([h.start != "untreated" for h in histories])
    if treated.any():
        rows = np.flatnonzero(treated)
        chosen = [histories[int(i)] for i in rows]
        means[rows], covs[rows] = _treated(
            therapy, population, chosen, params[rows], theta[rows], omega[rows]
        )
    return means, covs


def _treated(
    therapy: Therapy,
    population: Population,
    histories: Sequence[History],
    params: Array,
    theta: Array,
    omega: Array,
) -> tuple[Array, Array]:
    """Moments of z after a long time on the regimen, by cubature over theta and, if unknown, the dose.

    Points are m +- sqrt(d) times the columns of the covariance's root, d its dimension (Arasaratnam I,
    Haykin S, IEEE Trans Autom Control 2009;54:1254-1269).
    """
    n, nt = theta.shape
    dim = nt + 1
    spread = np.array([UNKNOWN_LOG_SD if h.regimen is None else 0.0 for h in histories])
    full = np.zeros((n, dim, dim))
    full[:, :nt, :nt] = omega
    full[:, nt, nt] = spread**2
    points = _cubature(full)
    thetas = theta[:, None, :] + points[:, :, :nt]
    regimens = [h.regimen or (UNKNOWN_DAILY, 24.0) for h in histories]
    amounts = np.array([r[0] for r in regimens])[:, None] * np.exp(points[:, :, nt])
    lanes = np.repeat(params, 2 * dim, axis=0)
    lanes[:, population.theta_columns()] = from_scale(thetas.reshape(-1, nt), population.scales)
    every = np.repeat([r[1] for r in regimens], 2 * dim)
    gap = np.repeat([_gap(h) for h in histories], 2 * dim)
    x = steady_states(therapy, population, lanes, amounts.ravel(), every, gap).reshape(n, 2 * dim, -1)
    z = np.concatenate([x, thetas], axis=2)
    mean = z.mean(axis=1)
    away = z - mean[:, None, :]
    return mean, np.einsum("npi,npj->nij", away, away) / (2 * dim)


def _gap(history: History) -> float:
    """Hours from the last dose of the regimen to the origin, so that the recorded doses go on in its
    rhythm."""
    assert history.start != "untreated"
    every = history.regimen[1] if history.regimen else 24.0
    return every - (history.doses[0].time % every) if history.doses else every / 2


def _cubature(covs: Array) -> Array:
    from pytwin.twin.mixture import root

    columns = np.swapaxes(root(covs), 1, 2) * np.sqrt(covs.shape[-1])
    return np.concatenate([columns, -columns], axis=1)


def steady_states(
    therapy: Therapy, population: Population, params: Array, amounts: Array, every: Array, gap: Array
) -> Array:
    """States ``gap`` hours after the last dose of a long regimen, shape (L, n_state)."""
    doses = [np.arange(-STEADY_HOURS, 0.0, e) for e in every]
    doses = [d - d[-1] - g for d, g in zip(doses, gap, strict=True)]
    sizes = [d.size for d in doses]
    actions = boluses(np.concatenate(doses), dose_port(therapy, population), np.repeat(amounts, sizes))
    order = np.arange(len(params), dtype=np.int64)
    start = -STEADY_HOURS - 2 * float(np.max(every))
    model, end = population.model, np.array([0.0])
    batch = (params, None, start, actions, offsets(sizes), end, order, order)
    result = model.simulate(*batch, rtol=RTOL, atol=ATOL)
    return np.asarray(result["x_end"])


def dose_port(therapy: Therapy, population: Population) -> int:
    """Index of the therapy's dose port in the Population's model."""
    return [(d["drug"], d["route"]) for d in population.model.doses].index((therapy.drug, therapy.route))
