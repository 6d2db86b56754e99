"""The chart of one patient: reading it, and how it stood at a decision time."""

from nephroline.record.models import (
    Assertion,
    Biopsy,
    Condition,
    Exposure,
    Observation,
    Procedure,
    Record,
)
from nephroline.record.read import RecordSource, open_document, read_record, record_at
from nephroline.record.timeline import FAR, Assessment, Length, Timeline
from nephroline.record.times import Clock, Moment, is_date, span_text
from nephroline.record.treatment import NOT_STOPPED, Course, Line, Windows

__all__ = [
    "FAR",
    "NOT_STOPPED",
    "Assertion",
    "Assessment",
    "Biopsy",
    "Clock",
    "Condition",
    "Course",
    "Exposure",
    "Length",
    "Line",
    "Moment",
    "Observation",
    "Procedure",
    "Record",
    "RecordSource",
    "Timeline",
    "Windows",
    "is_date",
    "open_document",
    "read_record",
    "record_at",
    "span_text",
]
