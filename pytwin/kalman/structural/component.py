"""What all components of a structural model have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pytwin.kalman.structural.block import Block
from pytwin.kalman.structural.parameter import Group

if TYPE_CHECKING:
    from pytwin.kalman.structural.model import Structural

__all__ = ["Component"]


class Component(ABC):
    """A term of y_t = term + term + ...; add terms to get a `Structural` model."""

    name: str

    @abstractmethod
    def groups(self) -> tuple[Group, ...]:
        """The parameters, each with the component's name in front."""

    @abstractmethod
    def block(self, values: Mapping[str, Any], steps: int) -> Block:
        """The matrices at the parameters ``values``, numbers or arrays of one shape."""

    def of(self, which: NDArray[np.intp]) -> Component:
        """The component of the series `which`, counted over all leading axes."""
        return self

    def __add__(self, other: Component | Structural) -> Structural:
        from pytwin.kalman.structural.model import Structural

        return Structural(self) + other
