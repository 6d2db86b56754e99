"""Temporal abstraction: a closed, documented algebra of questions over a timeline."""

from nephroline.features import assessment, line, patient, totals
from nephroline.features.chart import ALL_RESPONSES, Chart, possibly_last
from nephroline.features.line import PER_DAY, PER_WEIGHT, WEIGHT, weight_at
from nephroline.features.schema import FEATURES, PARAMETERS, Feature
from nephroline.features.totals import cumulative_dose
from nephroline.features.values import (
    Amount,
    Choice,
    Flag,
    Missing,
    Slot,
    Threshold,
    Value,
    gather,
)

__all__ = [
    "ALL_RESPONSES",
    "FEATURES",
    "PARAMETERS",
    "PER_DAY",
    "PER_WEIGHT",
    "WEIGHT",
    "Amount",
    "Chart",
    "Choice",
    "Feature",
    "Flag",
    "Missing",
    "Slot",
    "Threshold",
    "Value",
    "assessment",
    "cumulative_dose",
    "gather",
    "line",
    "patient",
    "possibly_last",
    "totals",
    "weight_at",
]
