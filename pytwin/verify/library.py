"""Where the reference library is."""

from __future__ import annotations

import os
from pathlib import Path


def reference_dir(explicit: str | os.PathLike[str] | None = None) -> Path | None:
    """Find the reference library.

    Parameters
    ----------
    explicit : path, optional
        A folder named by the user (``--reference``); it wins over everything else.

    Returns
    -------
    pathlib.Path or None
        The folder: ``explicit``, else ``PYTWIN_REFERENCE``, else ``shared/reference``
        beside the checkout; None where none of them is a folder.
    """
    checkout = Path(__file__).resolve().parents[2]
    for place in (explicit, os.environ.get("PYTWIN_REFERENCE"), checkout.parent / "shared" / "reference"):
        if place and Path(place).is_dir():
            return Path(place)
    return None
