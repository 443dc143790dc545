"""Issues: what was odd in an input, where, and what was done about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Literal

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Issue:
    """One oddity of an input.

    ``found`` holds the offending text for a person who asks for it; ``str()`` and
    ``repr()`` leave it out, so that no patient data leaves by a log or an exception.
    """

    code: str
    message: str
    place: str = ""
    action: str = ""
    severity: Severity = "warning"
    found: str = field(default="", repr=False)

    def __str__(self) -> str:
        text = f"{self.severity} [{self.code}] {self.message}"
        if self.place:
            text += f" (at {self.place})"
        if self.action:
            text += f": {self.action}"
        return text


class Issues:
    """An ordered list of issues that can be counted and filtered by code."""

    def __init__(self, items: Iterable[Issue] = ()) -> None:
        self._items = list(items)

    def add(
        self,
        code: str,
        message: str,
        *,
        place: str = "",
        action: str = "",
        severity: Severity = "warning",
        found: str = "",
    ) -> None:
        """Append one issue."""
        self._items.append(Issue(code, message, place, action, severity, found))

    def extend(self, other: Iterable[Issue]) -> None:
        """Append all issues of another list."""
        self._items.extend(other)

    def with_code(self, code: str) -> Issues:
        """Issues whose code is ``code`` or starts with ``code`` and a dot."""
        return Issues(i for i in self._items if i.code == code or i.code.startswith(code + "."))

    def counts(self) -> dict[str, int]:
        """Number of issues by code."""
        return dict(Counter(i.code for i in self._items))

    def __iter__(self) -> Iterator[Issue]:
        return iter(self._items)

    def __len__(self) -> int:
        return len(self._items)

    def __getitem__(self, index: int) -> Issue:
        return self._items[index]

    def __repr__(self) -> str:
        counts = ", ".join(f"{code} x{n}" for code, n in sorted(self.counts().items()))
        return f"Issues({counts or 'none'})"
