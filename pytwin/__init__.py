"""pytwin: health digital twins with a C core."""

from __future__ import annotations
