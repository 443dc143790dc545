"""Population: how a model's parameters vary between people, as a data file."""

from __future__ import annotations

import builtins
import hashlib
import json
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pytwin.errors import InputError
from pytwin.issues import Issue
from pytwin.model import effects, references
from pytwin.model.effects import Array, Genotypes

SCALES = {"identity": 0, "log": 1, "logit": 2}
_REQUIRED = (
    "id",
    "version",
    "therapy",
    "model",
    "title",
    "citation",
    "parameters",
    "variability",
    "residual",
)


@dataclass(frozen=True, slots=True)
class Residual:
    """Error of one measured output: ``kind`` and the SDs ``a`` and ``b`` of the core's noise models.

    ``robust``, where the file has it, replaces the Therapy's: an observation beyond so many predicted SDs
    weighs less; 0 switches it off.
    """

    output: str
    kind: str
    a: float
    b: float
    citation: str
    robust: float | None = None


@dataclass(frozen=True)
class Population:
    """Typical values, covariate and genotype effects, and variances of a model's parameters.

    A Population is read from a TOML file and never changed; a new fit is a new version. ``hash`` is the
    SHA-256 of its content, whatever its layout in the file.

    Attributes
    ----------
    data : dict
        The file's content.
    place : str
        The file it came from.
    """

    data: dict[str, Any] = field(repr=False)
    place: str = ""

    @classmethod
    def load(cls, name: str) -> Population:
        """A built-in Population, for example ``"warfarin/hamberg2010@1"``; without version the newest.

        Raises
        ------
        InputError
            ``population.unknown`` when there is none of that name.
        """
        return _built_in(name)

    @classmethod
    def read(cls, path: str | Path) -> Population:
        """A Population from a file of one's own."""
        return cls.parse(Path(path).read_text(encoding="utf-8"), place=str(path))

    @classmethod
    def parse(cls, text: str, *, place: str = "") -> Population:
        """A Population from TOML text, checked."""
        try:
            data = tomllib.loads(text)
        except tomllib.TOMLDecodeError as error:
            raise InputError("population.not-toml", "the file is not TOML", place=place) from error
        missing = [k for k in _REQUIRED if k not in data]
        if missing:
            raise InputError(
                "population.incomplete", "required keys are missing: " + ", ".join(missing), place=place
            )
        effects.check_all(data.get("effects", ()), place)
        return cls(data, place)

    @classmethod
    def list(cls, therapy: str | None = None) -> list[str]:
        """Names of the built-in Populations, oldest version first."""
        root = resources.files("pytwin") / "therapies"
        names = []
        for folder in sorted(root.iterdir(), key=lambda f: f.name):
            if folder.is_dir() and (therapy in (None, folder.name)) and _folder(folder.name).is_dir():
                stems = [
                    f.name[:-5].rsplit("-", 1)
                    for f in _folder(folder.name).iterdir()
                    if f.name.endswith(".toml")
                ]
                names += [f"{folder.name}/{s}@{v}" for s, v in sorted(stems, key=lambda s: (s[0], int(s[1])))]
        return names

    @property
    def id(self) -> str:
        """For example ``"warfarin/hamberg2010"``."""
        return str(self.data["id"])

    @property
    def version(self) -> int:
        """Version; each stays loadable."""
        return int(self.data["version"])

    @property
    def name(self) -> str:
        """``id@version``."""
        return f"{self.id}@{self.version}"

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the canonical content (JSON, sorted keys)."""
        text = json.dumps(self.data, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()

    @property
    def citation(self) -> str:
        """The publication of the fit."""
        return str(self.data["citation"])

    @cached_property
    def model(self) -> Any:
        """The Model whose parameters these are."""
        from pytwin import _core

        return _core.Model(self.data["model"])

    @property
    def effects(self) -> tuple[dict[str, Any], ...]:
        """Covariate and genotype effects, in the order in which they act."""
        return tuple(self.data.get("effects", ()))

    @cached_property
    def genes(self) -> dict[str, tuple[str, ...]]:
        """Gene -> genotypes for which this Population has values, spelled ``"*1/*2"``, ``"A/G"``; for
        ``phenotype_genes`` phenotypes."""
        return effects.by_gene(self.effects)

    @cached_property
    def phenotype_genes(self) -> frozenset[str]:
        """Genes whose effects go by phenotype."""
        return effects.by_phenotype(self.effects)

    @cached_property
    def covariates(self) -> tuple[str, ...]:
        """Covariates that have an effect, or on which a missing one's reference or a variance depends."""
        return references.used(self.effects, self._references, self.spreads)

    @property
    def spreads(self) -> tuple[dict[str, Any], ...]:
        """Covariates that multiply the SD of a theta between people by ``value ** x``; with ``when =
        "missing"`` by ``value`` where they are unknown."""
        return tuple(self.data.get("spread", ()))

    @property
    def _references(self) -> tuple[dict[str, Any], ...]:
        return tuple(self.data.get("reference", ()))

    @property
    def switches(self) -> dict[str, dict[str, float]]:
        """Covariate that may start and stop -> parameter -> factor while it lasts (effects of kind
        ``factor``)."""
        found: dict[str, dict[str, float]] = {}
        for e in self.effects:
            if e["kind"] == "factor":
                found.setdefault(e["covariate"], {})[e["parameter"]] = float(e["value"])
        return found

    @cached_property
    def theta(self) -> tuple[str, ...]:
        """Names of the parameters that vary between people, in the order of ``omega``."""
        return tuple(v["parameter"] for v in self.data["variability"])

    @cached_property
    def scales(self) -> tuple[str, ...]:
        """Estimation scale of each theta: identity, log or logit."""
        return tuple(v["scale"] for v in self.data["variability"])

    @cached_property
    def omega(self) -> Array:
        """Covariance between people on the estimation scale, shape (n_theta, n_theta)."""
        sd = np.array([v["sd"] for v in self.data["variability"]], dtype=np.float64)
        correlation = np.eye(len(sd))
        for c in self.data.get("correlation", ()):
            i, j = self.theta.index(c["a"]), self.theta.index(c["b"])
            correlation[i, j] = correlation[j, i] = c["value"]
        return np.asarray(sd[:, None] * correlation * sd)

    @cached_property
    def residuals(self) -> dict[str, Residual]:
        """Output -> measurement error."""
        return {
            r["output"]: Residual(
                r["output"],
                r["kind"],
                float(r["a"]),
                float(r.get("b", 0.0)),
                r["citation"],
                float(r["robust"]) if "robust" in r else None,
            )
            for r in self.data["residual"]
        }

    @property
    def baseline(self) -> dict[str, Any] | None:
        """``{"parameter", "output", ...}``: the parameter that a measurement before treatment gives; or
        None."""
        return self.data.get("baseline")

    @cached_property
    def drift(self) -> Array:
        """Variance per hour of a random walk of each theta, shape (n_theta,); zeros where none is
        published."""
        per_hour = {
            d["parameter"]: d["variance_per_hour"] for d in self.data.get("process_noise", {}).get("walk", ())
        }
        return np.array([per_hour.get(name, 0.0) for name in self.theta])

    def filled(self, covariates: Mapping[str, Any], n: int) -> dict[str, Array]:
        """Covariates as arrays (n,), missing ones at their reference value (``references.fill``)."""
        return references.fill(self._references, self.covariates, covariates, n)

    def parameters(self, covariates: Mapping[str, Any], genotypes: Genotypes, n: int | None = None) -> Array:
        """Typical parameters of N subjects.

        Parameters
        ----------
        covariates : mapping of str to float or ndarray (N,)
            NaN or absent: the reference value is used.
        genotypes : mapping of gene to N genotypes
            All known; uncertainty about a genotype is a mixture, made by the Twin.
        n : int, optional
            N, where neither mapping shows it.

        Returns
        -------
        ndarray, shape (N, n_param)
            In the order of the model's parameters.
        """
        size = n if n is not None else _size(covariates, genotypes)
        filled = self.filled(covariates, size)
        names = [p["name"] for p in self.model.params]
        table = np.tile([float(p["value"]) for p in self.model.params], (size, 1))
        for entry in self.data["parameters"]:
            if "value" in entry:
                table[:, names.index(entry["name"])] = entry["value"]
        for effect in self.effects:
            column = names.index(effect["parameter"])
            table[:, column] = effects.apply(table[:, column], effect, filled, genotypes)
        return table

    def covariance(self, covariates: Mapping[str, Any], genotypes: Genotypes, n: int | None = None) -> Array:
        """Prior covariance of theta, shape (N, n_theta, n_theta): omega, scaled by the spreads and widened
        where a covariate is missing.

        A missing covariate with a reference SD adds the outer product of half the change of theta between its
        reference minus and plus one SD; a reference that is adjusted for it moves along.
        """
        size = n if n is not None else _size(covariates, genotypes)
        filled = self.filled(covariates, size)
        given = {
            name: np.broadcast_to(np.asarray(covariates.get(name, np.nan), dtype=np.float64), (size,))
            for name in self.covariates
        }
        unknown = {name: np.isnan(raw) for name, raw in given.items()}
        factor = references.spread(self.theta, self.spreads, filled, unknown, size)
        total = factor[:, :, None] * self.omega * factor[:, None, :]
        for reference in self._references:
            name, sd = reference["covariate"], float(reference.get("sd", 0.0))
            if sd == 0 or name not in self.covariates or not unknown[name].any():
                continue
            raw, missing = given[name], unknown[name]
            low, high = (
                self._theta_at(
                    {**covariates, name: np.where(missing, filled[name] + s, raw)}, genotypes, size
                )
                for s in (-sd, sd)
            )
            half = np.where(missing[:, None], (high - low) / 2, 0.0)
            total += half[:, :, None] * half[:, None, :]
        return total

    def _theta_at(self, covariates: Mapping[str, Any], genotypes: Genotypes, n: int) -> Array:
        return self.to_theta(self.parameters(covariates, genotypes, n))

    def theta_columns(self) -> builtins.list[int]:
        """Index of each theta among the model's parameters."""
        names = [p["name"] for p in self.model.params]
        return [names.index(t) for t in self.theta]

    def to_theta(self, parameters: Array) -> Array:
        """Natural parameters (..., n_param) to theta on the estimation scale (..., n_theta)."""
        return to_scale(parameters[..., self.theta_columns()], self.scales)

    def scale_codes(self) -> NDArray[np.int8]:
        """The core's codes of the scales, shape (n_theta,)."""
        return np.array([SCALES[s] for s in self.scales], dtype=np.int8)

    def outside(self, covariates: Mapping[str, float]) -> builtins.list[Issue]:
        """Notes for covariates outside the range that was studied."""
        notes = []
        for r in self.data.get("ranges", ()):
            value = covariates.get(r["covariate"], float("nan"))
            if value < r["lower"] or value > r["upper"]:
                span = f"{r['lower']:g} to {r['upper']:g} {r['unit']}"
                message = f"{r['covariate']} is outside the range studied, {span}"
                action = "the Population extrapolates"
                notes.append(Issue("population.outside-range", message, self.name, action))
        return notes

    def describe(self) -> str:
        """The Population as text: values, effects, variances and their sources."""
        lines = [f"{self.name}  {self.data['title']}", f"  {self.citation}", f"  sha256 {self.hash}", ""]
        lines += ["  " + str(self.data.get("provenance", {}).get("text", "")), "", "  typical values"]
        for p in self.data["parameters"]:
            lines.append(
                f"    {p['name']:8} {p.get('value', 'by genotype')!s:>12} {p['unit']:8} {p['citation']}"
            )
        lines += ["", "  effects"]
        for e in self.effects:
            what = e.get("covariate", e.get("gene"))
            lines.append(f"    {e['parameter']:8} {e['kind']:12} {what}{_untraced(e)}: {e['citation']}")
        lines += ["", "  variation between people (SD on the estimation scale)"]
        for v in self.data["variability"]:
            lines.append(f"    {v['parameter']:8} {v['sd']:g} ({v['scale']}){_untraced(v)}: {v['citation']}")
        for v in self.spreads:
            when = f"where {v['covariate']} is missing" if "when" in v else f"for each {v['covariate']}"
            lines.append(f"    {v['parameter']:8} SD x {v['value']:g} {when}: {v['citation']}")
        lines += ["", "  measurement error"]
        lines += [f"    {r.output:8} {r.kind} {r.a:g}: {r.citation}" for r in self.residuals.values()]
        return "\n".join(lines)

    def __repr__(self) -> str:
        return f"Population({self.name!r}, model {self.data['model']!r}, sha256 {self.hash[:12]})"


@lru_cache(maxsize=64)
def _built_in(name: str) -> Population:
    """A built-in Population; it never changes, so it is read once."""
    known = Population.list()
    matches = [k for k in known if k == name or k.split("@")[0] == name]
    if not matches:
        hint = "Known: " + ", ".join(known)
        raise InputError("population.unknown", "no Population of this name", place=name, hint=hint)
    therapy, stem = matches[-1].split("/")
    path = _folder(therapy) / (stem.replace("@", "-") + ".toml")
    return Population.parse(path.read_text(encoding="utf-8"), place=matches[-1])


def to_scale(natural: Array, scales: Sequence[str]) -> Array:
    """Natural values (..., n) on the estimation scales."""
    columns = [_FORWARD[s](natural[..., i]) for i, s in enumerate(scales)]
    return np.stack(columns, axis=-1) if columns else np.zeros((*natural.shape[:-1], 0))


def from_scale(theta: Array, scales: Sequence[str]) -> Array:
    """Values (..., n) on the estimation scales back to natural ones."""
    columns = [_BACK[s](theta[..., i]) for i, s in enumerate(scales)]
    return np.stack(columns, axis=-1) if columns else np.zeros((*theta.shape[:-1], 0))


Scaling = dict[str, Callable[[Array], Array]]
_FORWARD: Scaling = {"identity": np.asarray, "log": np.log, "logit": lambda x: np.log(x / (1 - x))}
_BACK: Scaling = {"identity": np.asarray, "log": np.exp, "logit": lambda x: 1 / (1 + np.exp(-x))}


def _folder(therapy: str) -> Any:
    return resources.files("pytwin") / "therapies" / therapy / "populations"


def _untraced(entry: Mapping[str, Any]) -> str:
    return "" if entry.get("traced", True) else " [untraced]"


def _size(covariates: Mapping[str, Any], genotypes: Genotypes) -> int:
    sizes = [len(g) for g in genotypes.values()] + [np.size(v) for v in covariates.values()]
    return sizes[0] if sizes else 1
