"""Records: one patient's data over time, read from files or built from events."""

from __future__ import annotations

from pytwin.record.csvmap import Mapping, load_mapping
from pytwin.record.out import write_records
from pytwin.record.read import EventStream, RecordIterator, read_record, read_records, stream_events
from pytwin.record.record import PatientInfo, Record, Source
from pytwin.record.resolver import Resolver
from pytwin.record.table import Event, EventTable
from pytwin.record.terminology import Terminology
from pytwin.record.time import NAIVE, NAT, Instant, iso, parse_time

__all__ = [
    "NAIVE",
    "NAT",
    "Event",
    "EventStream",
    "EventTable",
    "Instant",
    "Mapping",
    "PatientInfo",
    "Record",
    "RecordIterator",
    "Resolver",
    "Source",
    "Terminology",
    "iso",
    "load_mapping",
    "parse_time",
    "read_record",
    "read_records",
    "stream_events",
    "write_records",
]
