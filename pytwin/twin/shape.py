"""Whether a twin's Gaussians stand for the exact posterior."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytwin.errors import InputError
from pytwin.estimation.shape import Shape
from pytwin.twin import filtering

if TYPE_CHECKING:
    from pytwin.twin.twin import Twin

__all__ = ["shape"]


def shape(twin: Twin) -> Shape:
    """Whether each component's mean and covariance stand for the exact posterior.

    Where ``shape().fires``, ``assimilate(method="posterior")`` has the moments, and ``"particle"`` the
    rest. It costs as much as ``"posterior"``.

    Returns
    -------
    Shape
        Of ``pytwin.estimation``; a row a component.

    Raises
    ------
    InputError
        ``twin.is-prior``: nothing was assimilated. ``estimation.has-process-noise``: parameters of this
        Population change.
    """
    p = twin._parts
    if p.filtered is None:
        raise InputError("twin.is-prior", "a prior is Gaussian by construction", place="shape")
    return filtering.judge(p.therapy, p.population, p.prior, p.history, p.components)
