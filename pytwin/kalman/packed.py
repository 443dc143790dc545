"""Symmetric matrices as lower triangles, row by row."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pytwin.errors import InputError

__all__ = ["unpack"]


def unpack(triangle: ArrayLike) -> NDArray[np.float64]:
    """Whole symmetric matrices from packed ones.

    Parameters
    ----------
    triangle : array_like, shape (..., k (k + 1) / 2)
        a_00, a_10, a_11, a_20, ..., as `filter` and `smooth` give with ``packed=True``.

    Returns
    -------
    ndarray, shape (..., k, k)

    Raises
    ------
    InputError
        The last axis does not have the length of a triangle.
    """
    a = np.asarray(triangle, dtype=np.float64)
    length = a.shape[-1] if a.ndim else 0
    k = (math.isqrt(8 * length + 1) - 1) // 2
    if k < 1 or k * (k + 1) // 2 != length:
        raise InputError("kalman.bad-shape", f"triangle has a last axis of {length}, which no triangle has")
    rows, columns = np.tril_indices(k)
    whole = np.empty((*a.shape[:-1], k, k))
    whole[..., rows, columns] = whole[..., columns, rows] = a
    return whole
