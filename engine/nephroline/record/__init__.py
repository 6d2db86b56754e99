"""The chart of one patient: reading it, and how it stood at a decision time."""

from nephroline.record.dosing import Dosing, read_dose
from nephroline.record.lines import NOT_STOPPED, Line
from nephroline.record.models import (
    Assertion,
    Biopsy,
    Condition,
    Exposure,
    Observation,
    Procedure,
    Reaction,
    Record,
    Unlisted,
)
from nephroline.record.phases import (
    AT_ONCE,
    PER_DAY,
    PER_WEIGHT,
    dose_by_weight,
    given_at_once,
    weight_at,
    weight_dose,
    weight_near,
)
from nephroline.record.read import RecordSource, open_document, read_record, record_at
from nephroline.record.timeline import WEIGHT, Assessment, Length, Timeline
from nephroline.record.times import NEVER, Clock, Moment, is_date, span_text
from nephroline.record.treatment import Course, Treatment
from nephroline.record.windows import FullDoses, Windows

__all__ = [
    "AT_ONCE",
    "NEVER",
    "NOT_STOPPED",
    "PER_DAY",
    "PER_WEIGHT",
    "WEIGHT",
    "Assertion",
    "Assessment",
    "Biopsy",
    "Clock",
    "Condition",
    "Course",
    "Dosing",
    "Exposure",
    "FullDoses",
    "Length",
    "Line",
    "Moment",
    "Observation",
    "Procedure",
    "Reaction",
    "Record",
    "RecordSource",
    "Timeline",
    "Treatment",
    "Unlisted",
    "Windows",
    "dose_by_weight",
    "given_at_once",
    "is_date",
    "open_document",
    "read_dose",
    "read_record",
    "record_at",
    "span_text",
    "weight_at",
    "weight_dose",
    "weight_near",
]
