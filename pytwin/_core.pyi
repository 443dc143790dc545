from typing import Final

FEATURES: Final[frozenset[str]]
LEVEL: Final[str]
LEVELS: Final[tuple[str, ...]]
BUILD: Final[dict[str, str]]
STATUS: Final[dict[str, tuple[int, str]]]

def blas_info() -> dict[str, str | int]: ...
def _alloc_fail_at(nth: int, /) -> None: ...
def _alloc_live() -> int: ...
