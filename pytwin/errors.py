"""Exceptions of pytwin: a code, a place, a hint, and never a patient's data."""

from __future__ import annotations


class PytwinError(Exception):
    """An error with a stable code, the place where it arose and what to do about it.

    Parameters
    ----------
    code : str
        Stable, machine-readable name such as ``"fhir.not-json"``.
    message : str
        What is wrong, without any value taken from a patient's data.
    place : str, optional
        File and position, for example ``"bundle.json:entry[3].resource"``.
    hint : str, optional
        What the user can do.
    """

    def __init__(self, code: str, message: str, *, place: str = "", hint: str = "") -> None:
        self.code = code
        self.message = message
        self.place = place
        self.hint = hint
        super().__init__(self._text())

    def _text(self) -> str:
        text = f"[{self.code}] {self.message}"
        if self.place:
            text += f" (at {self.place})"
        if self.hint:
            text += f". {self.hint}"
        return text


class InputError(PytwinError, ValueError):
    """The input is wrong; also a ``ValueError``."""


class MissingExtraError(PytwinError, ImportError):
    """An optional dependency is not installed; names the extra that brings it."""


class ComputationError(PytwinError, ArithmeticError):
    """The C core could not finish a computation for one subject."""
