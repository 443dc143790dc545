"""Model: organs wired together, as the core holds them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin import _core
from pytwin.errors import InputError
from pytwin.model.plan import Plan
from pytwin.model.result import Result

Array = NDArray[np.float64]
Field = dict[str, Any]
# Parameters or states: rows, or values by name (the others keep those of the model's sheet).
Values = ArrayLike | Mapping[str, ArrayLike] | None


def models(*, problems: bool = False) -> tuple[str, ...]:
    """Names of the models that are built in; with ``problems`` also the integrators' test problems."""
    names = _core.model_names()
    return names if problems else tuple(name for name in names if not _core.Model(name).problem)


class Model:
    """A built-in model: its sheet, its equations on arrays and its simulation.

    Parameters
    ----------
    name : str
        One of :func:`models`, for example ``"hamberg2010"``.

    Raises
    ------
    InputError
        ``model.unknown`` when there is no such model.

    Examples
    --------
    >>> plan = Plan("5 mg daily").dose("warfarin", 5, "mg", every="24 h", until="30 d")
    >>> Model("hamberg2010").simulate([0, 240, 720], plan, {"CL": 0.3})["INR"].round(2)
    array([1.  , 2.02, 2.11])
    """

    def __init__(self, name: str) -> None:
        if name not in _core.model_names():
            hint = f"There is {', '.join(models())}"
            raise InputError("model.unknown", "there is no model of this name", place=str(name), hint=hint)
        self._core = _core.Model(name)

    name = property(lambda self: str(self._core.name), doc="How the model is called.")
    title = property(lambda self: str(self._core.title), doc="One line.")
    citation = property(lambda self: str(self._core.citation), doc="Where the model was published.")
    equations = property(lambda self: str(self._core.equations), doc="The equations as text.")

    @property
    def organs(self) -> tuple[Field, ...]:
        """The organs: dicts with name, title, citation, equations."""
        return self._core.organs

    @property
    def states(self) -> tuple[Field, ...]:
        """The states: dicts with name, unit, doc, value (initial), lower, upper."""
        return self._core.states

    @property
    def params(self) -> tuple[Field, ...]:
        """The parameters: dicts with name, unit, doc, value (default), lower, upper."""
        return self._core.params

    @property
    def outputs(self) -> tuple[Field, ...]:
        """The outputs: dicts with name, unit, doc, value, lower, upper."""
        return self._core.outputs

    @property
    def doses(self) -> tuple[Field, ...]:
        """Where doses enter: dicts with drug, route, unit, state, bioavailability, factor."""
        return self._core.doses

    @property
    def core(self) -> _core.Model:
        """The core's own object, for functions that take arrays only."""
        return self._core

    def rows(self, values: Values = None, *, of: Literal["params", "states"] = "params") -> Array:
        """Parameters or states as rows.

        Parameters
        ----------
        values : array_like, mapping or None
            ``(n,)`` or ``(B, n)`` in the order of the sheet; or by name, each a number or ``(B,)``. What a
            mapping does not name keeps the sheet's value.

        Returns
        -------
        ndarray, shape (n,) or (B, n)
        """
        fields: tuple[Field, ...] = getattr(self, of)
        if values is None or isinstance(values, Mapping):
            return _rows_by_name(values or {}, fields, of)
        rows = np.asarray(values, dtype=np.float64)
        if rows.ndim not in (1, 2) or rows.shape[-1] != len(fields):
            expected = f"expected ({len(fields)},) or (batch, {len(fields)})"
            raise InputError("model.bad-shape", f"{of} has shape {rows.shape}, {expected}", place=of)
        return rows

    def simulate(
        self,
        times: ArrayLike,
        plan: Plan | Sequence[Plan] | NDArray[Any] | None = None,
        params: Values = None,
        x0: Values = None,
        *,
        start: float = 0.0,
        outputs: Sequence[str] | None = None,
        rtol: float = 1e-9,
        atol: float = 1e-11,
        max_steps: int = 100_000,
        threads: int = 1,
        errors: Literal["raise", "status"] = "raise",
        progress: Callable[[float], object] | None = None,
    ) -> Result:
        """Simulate one subject or a batch under one plan or several.

        Parameters
        ----------
        times : array_like, shape (T,)
            Hours at which outputs are wanted, ascending, none before ``start``.
        plan : Plan, sequence of Plan, array of _core.PLAN_DTYPE or None
            What is given; several plans are each simulated for every subject.
        params, x0 : array_like, mapping or None
            See :meth:`rows`. ``x0`` None: the model's states at rest.
        start : float
            The hour of ``x0``.
        outputs : sequence of str, optional
            Names of the outputs wanted; None: all.
        rtol, atol : float
            Tolerances of a step. The defaults hold INR of both Hamberg models to 1e-8.
        errors : {"raise", "status"}
            Whether a lane that fails raises, or is left with its status.

        Returns
        -------
        Result
            ``y`` has shape (T, m), with (B,) in front for a batch and (P,) in front for a sequence of plans.

        Raises
        ------
        InputError
            Shapes, names, times or plans that do not fit.
        ComputationError
            A lane failed and ``errors`` is "raise".
        """
        hours = np.asarray(times, dtype=np.float64)
        if hours.ndim != 1:
            raise InputError(
                "model.bad-shape", f"times has shape {hours.shape}, expected (T,)", place="times"
            )
        rows, states, is_batch = self._lanes(params, x0)
        plans = self._actions(plan, float(hours[-1]) if hours.size else start)
        chosen = self._chosen(outputs)
        n, size = rows.shape[0], len(plans)
        found = self._core.simulate(
            rows,
            states,
            start,
            np.concatenate(plans),
            np.cumsum([0, *map(len, plans)]),
            hours,
            np.tile(np.arange(n, dtype=np.int64), size),
            np.repeat(np.arange(size, dtype=np.int64), n),
            np.array(chosen, dtype=np.int32),
            rtol=rtol,
            atol=atol,
            max_steps=max_steps,
            threads=threads,
            progress=progress,
        )
        dims = {"subject": n} if is_batch else {}
        if not (plan is None or isinstance(plan, Plan | np.ndarray)):
            dims = {"plan": size, **dims}
        result = self._result(hours, chosen, found, dims)
        if errors == "raise":
            result.raise_for_status()
        return result

    def _lanes(self, params: Values, x0: Values) -> tuple[Array, Array | None, bool]:
        """Rows of parameters and states (or None), and whether a batch was given."""
        rows = self.rows(params)
        states = None if x0 is None else self.rows(x0, of="states")
        sizes = {a.shape[0] for a in (rows, states) if a is not None and a.ndim == 2}
        if len(sizes) > 1:
            message = f"params and x0 have {' and '.join(map(str, sorted(sizes)))} rows"
            raise InputError("model.bad-shape", message, place="params, x0")
        n = sizes.pop() if sizes else 1
        is_batch = rows.ndim == 2 or (states is not None and states.ndim == 2)
        full = np.ascontiguousarray(np.broadcast_to(rows, (n, rows.shape[-1])))
        if states is not None:
            states = np.ascontiguousarray(np.broadcast_to(states, (n, states.shape[-1])))
        return full, states, is_batch

    def _actions(self, plan: Any, horizon: float) -> list[NDArray[Any]]:
        if plan is None:
            return [np.zeros(0, dtype=_core.PLAN_DTYPE)]
        if isinstance(plan, np.ndarray):
            return [plan]
        if isinstance(plan, Plan):
            return [plan.actions(self, horizon)]
        found = [p if isinstance(p, np.ndarray) else p.actions(self, horizon) for p in plan]
        if not found:
            raise InputError("model.no-plan", "an empty sequence of plans", place="plan")
        return found

    def _chosen(self, outputs: Sequence[str] | None) -> list[int]:
        names = [o["name"] for o in self.outputs]
        for name in outputs or ():
            if name not in names:
                hint = f"There is {', '.join(names)}"
                raise InputError(
                    "model.unknown-output", "the model has no such output", place=name, hint=hint
                )
        return list(range(len(names))) if outputs is None else [names.index(name) for name in outputs]

    def _result(self, hours: Array, chosen: list[int], found: dict[str, Any], dims: dict[str, int]) -> Result:
        lead = tuple(dims.values())
        return Result(
            times=hours,
            y=found["y"].reshape(*lead, hours.size, len(chosen)),
            names=tuple(self.outputs[i]["name"] for i in chosen),
            units=tuple(self.outputs[i]["unit"] for i in chosen),
            x_end=found["x_end"].reshape(*lead, len(self.states)),
            states=tuple(s["name"] for s in self.states),
            status=found["status"].reshape(lead),
            stop=found["stop"].reshape(lead),
            model=self.name,
            dims=tuple(dims),
        )

    def describe(self) -> str:
        """The model as text: equations, states, parameters, outputs, doses, citation."""
        parts = [f"{self.name}: {self.title}", "", self.equations, ""]
        for title, fields in (
            ("states", self.states),
            ("parameters", self.params),
            ("outputs", self.outputs),
        ):
            width = max(len(f["name"]) for f in fields)
            parts += [title, *(f"  {f['name']:<{width}}  {_number(f, title)}{f['doc']}" for f in fields), ""]
        parts += ["doses", *(f"  {d['drug']}, {d['route']}, in {d['unit']}" for d in self.doses), ""]
        cited = dict.fromkeys([self.citation, *(o["citation"] for o in self.organs)])
        return "\n".join([*parts, "citations", *(f"  {c}" for c in cited)])

    def __repr__(self) -> str:
        return f"Model({self.name!r})"

    def __reduce__(self) -> tuple[type[Model], tuple[str]]:
        return Model, (self.name,)

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(f['name'])}</td><td>{f['value']:g}</td><td>{escape(f['unit'])}</td>"
            f"<td>{escape(f['doc'])}</td></tr>"
            for f in self.params
        )
        head = "<tr><th>parameter</th><th>value</th><th>unit</th><th></th></tr>"
        return (
            f"<p><b>{escape(self.name)}</b>: {escape(self.title)}</p><pre>{escape(self.equations)}</pre>"
            f"<table>{head}{rows}</table><p>{escape(self.citation)}</p>"
        )


def _rows_by_name(values: Mapping[str, ArrayLike], fields: tuple[Field, ...], of: str) -> Array:
    names = [f["name"] for f in fields]
    for name in values:
        if name not in names:
            hint = f"There is {', '.join(names)}"
            raise InputError("model.unknown-name", f"no such name among the {of}", place=str(name), hint=hint)
    columns = [np.asarray(values.get(f["name"], f["value"]), dtype=np.float64) for f in fields]
    try:
        return np.stack(np.broadcast_arrays(*columns), axis=-1)
    except ValueError as error:
        message = f"the values of the {of} have different lengths"
        raise InputError("model.bad-shape", message, place=of) from error


def _number(field: Field, title: str) -> str:
    unit = "" if field["unit"] == "1" else " " + field["unit"]
    value = f"{field['value']:g}{unit}  " if title != "outputs" else f"{unit.strip() or '1'}  "
    return f"{value:<14}"
