"""Temporal abstraction: a closed, documented algebra of questions over a timeline."""

from nephroline.features import (
    acute,
    assessment,
    latest,
    line,
    line_doses,
    line_values,
    person,
    phases,
    status,
    totals,
    treatment,
)
from nephroline.features.chart import ALL_RESPONSES, REMISSIONS, Chart, possibly_last
from nephroline.features.episodes import begun_within, is_confirmed, measured_in_other_form
from nephroline.features.latest import computed_from
from nephroline.features.person import asserted, has
from nephroline.features.phases import full_dose_since
from nephroline.features.schema import FEATURES, PARAMETERS, Feature, entering, with_trait
from nephroline.features.status import remission_lasted
from nephroline.features.totals import cumulative_dose
from nephroline.features.treatment import regimen_of
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
    "REMISSIONS",
    "Amount",
    "Chart",
    "Choice",
    "Feature",
    "Flag",
    "Missing",
    "Slot",
    "Threshold",
    "Value",
    "acute",
    "asserted",
    "assessment",
    "begun_within",
    "computed_from",
    "cumulative_dose",
    "entering",
    "full_dose_since",
    "gather",
    "has",
    "is_confirmed",
    "latest",
    "line",
    "line_doses",
    "line_values",
    "measured_in_other_form",
    "person",
    "phases",
    "possibly_last",
    "regimen_of",
    "remission_lasted",
    "status",
    "totals",
    "treatment",
    "with_trait",
]
