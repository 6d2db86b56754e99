"""Temporal abstraction: a closed, documented algebra of questions over a timeline."""

from nephroline.features import (
    assessment,
    latest,
    line,
    line_doses,
    line_values,
    person,
    status,
    totals,
    treatment,
)
from nephroline.features.chart import ALL_RESPONSES, Chart, possibly_last
from nephroline.features.line_doses import PER_DAY, PER_WEIGHT, WEIGHT, weight_at
from nephroline.features.schema import FEATURES, PARAMETERS, Feature, entering, with_trait
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
    "entering",
    "gather",
    "latest",
    "line",
    "line_doses",
    "line_values",
    "person",
    "possibly_last",
    "status",
    "totals",
    "treatment",
    "weight_at",
    "with_trait",
]
