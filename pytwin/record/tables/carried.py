"""Rows of a table that pytwin wrote: what stands beside them is put back."""

from __future__ import annotations

from typing import Any

from pytwin.errors import InputError
from pytwin.record.carry import loaded, person_of, restored
from pytwin.record.sink import Sink
from pytwin.record.table import EventTable
from pytwin.record.tables.encode import note_unusable
from pytwin.record.tables.frames import Coded


class Carried:
    """The people and events of one file; rows are kept until its end, because resources span pieces.

    Parameters
    ----------
    sink : Sink
    source : str
        File name, for issues.

    Attributes
    ----------
    keys : dict of str to str
        The identifiers of the people so far, by what stands for them in the file.
    """

    def __init__(self, sink: Sink, source: str) -> None:
        self._sink = sink
        self._source = source
        self.keys: dict[str, str] = {}
        self._tables: list[EventTable] = []

    def _content(self, text: str, row: int) -> dict[str, Any]:
        try:
            return loaded(text) if text else {}
        except InputError as error:
            self._damaged(error, row)
            return {}

    def _damaged(self, error: InputError, row: int) -> None:
        place = f"{self._source}:row {row}, column pytwin"
        self._sink.log().add(error.code, error.message, place, "read without it", "error")

    def people(self, subjects: Coded, texts: Coded, first: int) -> list[dict[str, Any]]:
        """What stands beside each row; the people among it are written into the sink."""
        contents = self.contents(texts, first)
        for row, (content, subject) in enumerate(zip(contents, subjects.codes.tolist(), strict=True), first):
            if content.get("person"):
                self._person(subjects.texts[subject], content, row)
        return contents

    def contents(self, texts: Coded, first: int) -> list[dict[str, Any]]:
        """What stands beside each row."""
        return [self._content(texts.texts[code], row) for row, code in enumerate(texts.codes.tolist(), first)]

    def _person(self, subject: str, content: dict[str, Any], row: int) -> None:
        try:
            info, genotypes = person_of(content)
        except InputError as error:
            self._damaged(error, row)
            return
        self.keys[subject] = info.id
        self._sink.person(info.id, info)
        self._sink.genotypes(info.id, genotypes)

    def events(self, table: EventTable, contents: list[dict[str, Any]], first: int) -> None:
        """Rows of a piece whose position is that of their content, counted from ``first``."""
        rows = []
        for event, position in zip(table, table.position.tolist(), strict=True):
            content = contents[position - first]
            if "person" in content:
                continue
            found = event._replace(patient=self.keys.get(event.patient, event.patient))
            try:
                rows.append(restored(found, content))
            except InputError as error:
                self._damaged(error, position)
                rows.append(found)
        table = EventTable(rows)
        note_unusable(table, self._sink.log(), self._source)
        self._tables.append(table)

    def done(self) -> None:
        """Hand the rows over."""
        if self._tables:
            self._sink.table(EventTable.concat(self._tables))
