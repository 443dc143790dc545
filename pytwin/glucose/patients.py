"""Published virtual patients as rows of a model's parameters and states."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.model import Model

Array = NDArray[np.float64]
PMOL_PER_UNIT = 6000.0


@dataclass(frozen=True, slots=True, repr=False)
class Patients:
    """Virtual patients of one model; n of them.

    Attributes
    ----------
    model : str
        The model that they belong to.
    names : tuple of str, length n
        Such as ``"adult#001"``.
    params : ndarray, shape (n, n_param)
        Parameters in the model's order.
    x0 : ndarray, shape (n, n_state)
        The published start, held by ``basal``.
    basal : ndarray, shape (n,)
        Basal insulin, U/h.
    carb_ratio : ndarray, shape (n,)
        Carbohydrate that one unit of insulin covers, g/U.
    correction : ndarray, shape (n,)
        Fall of glucose by one unit of insulin, mg/dL/U.
    daily_insulin : ndarray, shape (n,)
        U a day.
    age : ndarray, shape (n,)
        Years.
    citation, licence : str
        Where they come from, and on what terms.
    """

    model: str
    names: tuple[str, ...]
    params: Array
    x0: Array
    basal: Array
    carb_ratio: Array
    correction: Array
    daily_insulin: Array
    age: Array
    citation: str
    licence: str

    def __len__(self) -> int:
        return len(self.names)

    def take(self, which: Iterable[str | int]) -> Patients:
        """Some of them, by name or position, in the order given and as often as named.

        Raises
        ------
        InputError
            ``glucose.unknown-patient``.
        """
        at = [self._position(w) for w in which]
        names = tuple(self.names[i] for i in at)
        numbers = {f: getattr(self, f)[at] for f in _NUMBERS}
        return Patients(self.model, names, **numbers, citation=self.citation, licence=self.licence)

    def _position(self, which: str | int) -> int:
        if isinstance(which, str) and which in self.names:
            return self.names.index(which)
        if not isinstance(which, str) and -len(self) <= which < len(self):
            return int(which)
        hint = f"There is {', '.join(self.names)}"
        raise InputError("glucose.unknown-patient", "there is no such patient", place=str(which), hint=hint)

    def __repr__(self) -> str:
        shown = ", ".join(self.names[:3]) + (", ..." if len(self) > 3 else "")
        return f"Patients({self.model}: {len(self)}, {shown})"


_NUMBERS = ("params", "x0", "basal", "carb_ratio", "correction", "daily_insulin", "age")


def patients(which: str = "uvapadova", *names: str) -> Patients:
    """Published virtual patients.

    Parameters
    ----------
    which : str
        ``"uvapadova"``: the 30 of the UVA/Padova simulator of 2008: ten adolescents, adults and children
        each.
    *names : str
        Only these, for example ``"adult#001"``.

    Raises
    ------
    InputError
        ``glucose.unknown-patients`` or ``glucose.unknown-patient``.

    Examples
    --------
    >>> patients("uvapadova", "adult#001").basal.round(3)
    array([1.267])
    """
    if which != "uvapadova":
        message = "there are no published patients of this name"
        raise InputError("glucose.unknown-patients", message, place=str(which), hint="There is uvapadova")
    everyone = _uvapadova()
    return everyone.take(names) if names else everyone


@lru_cache
def _uvapadova() -> Patients:
    text = resources.files("pytwin.glucose").joinpath("uvapadova.toml").read_text(encoding="utf-8")
    data = tomllib.loads(text)
    rows = data["patients"].values()
    published = _columns(data["params"], [r["params"] for r in rows])
    start = _columns(data["start"], [r["start"] for r in rows])
    treatment = _columns(data["treatment"], [r["treatment"] for r in rows])
    found = Patients(
        model=data["model"],
        names=tuple(data["patients"]),
        params=Model("uvapadova").rows(_params(published)),
        x0=Model("uvapadova").rows(_start(published, start), of="states"),
        basal=60 * published["u2ss"] * published["BW"] / PMOL_PER_UNIT,
        carb_ratio=treatment["CR"],
        correction=treatment["CF"],
        daily_insulin=treatment["TDI"],
        age=treatment["age"],
        citation=data["citation"],
        licence=data["licence"],
    )
    for name in _NUMBERS:
        getattr(found, name).setflags(write=False)
    return found


def _columns(names: list[str], rows: list[list[float]]) -> dict[str, Array]:
    return dict(zip(names, np.array(rows, dtype=np.float64).T.copy(), strict=True))


def _params(published: dict[str, Array]) -> dict[str, Any]:
    own = {name: values for name, values in published.items() if name not in ("Gb", "u2ss")}
    return {**own, "G0": published["Gb"]}


def _start(published: dict[str, Array], start: dict[str, Array]) -> dict[str, Any]:
    """Insulin under the skin from pmol/kg to U; what the file leaves out follows from the rest."""
    units = published["BW"] / PMOL_PER_UNIT
    delayed = dict.fromkeys(("I1", "Id"), published["Ib"])
    depots = {name: start[name] * units for name in ("Isc1", "Isc2")}
    return {**start, **depots, **delayed, "Gsc": start["Gp"]}
