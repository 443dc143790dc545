"""Tab-separated tables of variants: comment lines, a header, and rows that fit it or become issues."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from pytwin.errors import InputError
from pytwin.formats.files import Blob
from pytwin.issues import Issues, Severity

_MISSING = frozenset({"", ".", "na", "n/a", "nan", "none", "null", "--", "__unknown__"})
# Rows of one fault that are told one by one; the rest are counted.
_TOLD = 20


@dataclass(frozen=True)
class Sheet:
    """A table's header and rows.

    Attributes
    ----------
    name : str
        Of the file.
    header : tuple of str
        Column names as found.
    comments : tuple of str
        Lines that begin with ``#`` before the header.
    rows : list of (line, cells)
    """

    name: str
    header: tuple[str, ...]
    comments: tuple[str, ...]
    rows: list[tuple[int, list[str]]]

    def column(self, *names: str) -> int | None:
        """Index of the first of some names, whatever their case; None where the table has none."""
        found = {title.strip().lower(): at for at, title in reversed(list(enumerate(self.header)))}
        return next((found[n.lower()] for n in names if n.lower() in found), None)


class Faults:
    """Issues about rows: the first ones of each code with their line, then their number."""

    def __init__(self, issues: Issues, name: str) -> None:
        self._issues = issues
        self._name = name
        self._counts: dict[tuple[str, str, str, Severity], int] = {}

    def add(
        self,
        code: str,
        message: str,
        line: int,
        action: str,
        *,
        severity: Severity = "warning",
        found: str = "",
    ) -> None:
        """One row's fault."""
        key: tuple[str, str, str, Severity] = (code, message, action, severity)
        self._counts[key] = self._counts.get(key, 0) + 1
        if self._counts[key] <= _TOLD:
            place = f"{self._name}:line {line}"
            self._issues.add(
                code,
                message,
                place=place,
                action=action,
                severity=severity,
                found=found,
            )

    def close(self) -> None:
        """Tell how many more there were of each."""
        for (code, message, action, severity), n in self._counts.items():
            if n > _TOLD:
                text = f"{message}, in {n - _TOLD} more rows"
                self._issues.add(code, text, place=self._name, action=action, severity=severity)


def text_of(blob: Blob, issues: Issues) -> str:
    """The file as text; bytes that are no UTF-8 are read as Latin-1, with an issue."""
    try:
        return blob.data.decode("utf-8-sig")
    except UnicodeDecodeError:
        issues.add("text.not-utf8", "the text is not UTF-8", place=blob.name, action="read as Latin-1")
        return blob.data.decode("latin-1")


def lines_of(text: str) -> list[str]:
    """Lines, whichever of the three line ends the file has; other separators stay in their cells."""
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def read_sheet(blob: Blob, faults: Faults, issues: Issues) -> Sheet:
    """A table whose first line that is not blank and no comment is the header.

    Raises
    ------
    InputError
        ``tumour.no-header`` for a file without one.
    """
    comments: list[str] = []
    header: tuple[str, ...] | None = None
    rows: list[tuple[int, list[str]]] = []
    for number, line in enumerate(lines_of(text_of(blob, issues)), start=1):
        if not line.strip() or (line.startswith("#") and (header is None or line.startswith("##"))):
            comments += [line] if line.strip() else []
            continue
        cells = [_unquoted(c) for c in line.split("\t")]
        if header is None:
            header = tuple(cells)
        elif len(cells) == len(header):
            rows.append((number, cells))
        elif len(cells) > len(header) and not any(c.strip() for c in cells[len(header) :]):
            rows.append((number, cells[: len(header)]))
        else:
            message = "the row has another number of fields than the header"
            faults.add("tumour.ragged-row", message, number, "left out", severity="error")
    if header is None:
        raise InputError("tumour.no-header", "the table has no header", place=blob.name)
    return Sheet(blob.name, header, tuple(comments), rows)


def _unquoted(cell: str) -> str:
    text = cell.strip()
    return text[1:-1].replace('""', '"') if len(text) > 1 and text[0] == text[-1] == '"' else text


def missing(text: str) -> bool:
    """Whether a cell says that there is nothing."""
    return text.strip().lower() in _MISSING


def require(sheet: Sheet, wanted: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Columns by role; each role may have several names.

    Raises
    ------
    InputError
        ``tumour.missing-column``.
    """
    found = {role: sheet.column(*names) for role, names in wanted.items()}
    lacking = [wanted[role][0] for role, at in found.items() if at is None]
    if lacking:
        message = "columns are missing: " + ", ".join(lacking)
        raise InputError("tumour.missing-column", message, place=sheet.name)
    return {role: at for role, at in found.items() if at is not None}


def optional(sheet: Sheet, wanted: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Columns by role, of those that the table has."""
    found = {role: sheet.column(*names) for role, names in wanted.items()}
    return {role: at for role, at in found.items() if at is not None}


def cells_of(sheet: Sheet, columns: Mapping[str, int]) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row as role -> text, blank where the cell says missing."""
    for number, cells in sheet.rows:
        yield number, {k: "" if missing(cells[at]) else cells[at].strip() for k, at in columns.items()}
