"""What an untested person's genotype may be: every diplotype of a gene by how frequent it is."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from pytwin.errors import InputError
from pytwin.genome.frequencies import Frequencies, diplotype_frequencies, pair_weights
from pytwin.genome.phenotype import phenotype
from pytwin.genome.tables import Gene, load_tables


@lru_cache(maxsize=64)
def _shipped(gene: Gene, race: str | None) -> tuple[tuple[str, str, float], ...]:
    return _pairs(gene, race, None)


def _pairs(
    gene: Gene, race: str | None, frequencies: Frequencies | None
) -> tuple[tuple[str, str, float], ...]:
    """All pairs of the table's alleles with their Hardy-Weinberg weights."""
    labels = gene.labels
    pairs = np.column_stack(np.triu_indices(len(labels))).astype(np.intp)
    weights = pair_weights(gene, labels, pairs, race, frequencies)
    return tuple((labels[a], labels[b], float(w)) for (a, b), w in zip(pairs, weights, strict=True))


def usual_genotypes(
    gene: str, race: str | None = None, *, phenotypes: bool = False, frequencies: Frequencies | None = None
) -> dict[str, float]:
    """Frequencies of a gene's diplotypes, or of its phenotypes, in a race group.

    Parameters
    ----------
    gene : str
    race : str, optional
        One of ``frequencies.groups()``; anything else is the mixture of all groups.
    phenotypes : bool
        Phenotypes instead; diplotypes without one are left out, so the sum may be below 1.
    frequencies : Frequencies, optional
        A user's; for a gene in it they replace the shipped ones.

    Returns
    -------
    dict of str to float
        The diplotypes of the common alleles where the gene has a list of them, else all; empty for a gene
        without an allele table.
    """
    table = load_tables().genes.get(gene)
    if table is None:
        return {}
    own = frequencies is not None and gene in frequencies.genes
    if not phenotypes and not own:
        try:
            return diplotype_frequencies(gene, race)
        except (KeyError, InputError):  # no list of common alleles
            pass
    pairs = _pairs(table, race, frequencies) if own else _shipped(table, race)
    if not phenotypes:
        return {table.diplotype_name(a, b): w for a, b, w in pairs}
    found: dict[str, float] = {}
    for a, b, weight in pairs:
        name = phenotype(table, a, b).name
        if name is not None:
            found[name] = found.get(name, 0.0) + weight
    return found
