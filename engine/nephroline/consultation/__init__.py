"""Record + pathway + as-of → Consultation."""

from nephroline.consultation.advice import (
    FAILED,
    Candidate,
    Choosing,
    blocked_out,
    choose,
    concerns,
    decisive,
    open_blocks,
)
from nephroline.consultation.answer import NOTICE, Consultation
from nephroline.consultation.consult import (
    VERBS,
    Consulted,
    applicability,
    consult,
    consulted,
    decision_time,
)
from nephroline.consultation.judges import rests_on
from nephroline.consultation.needs import needs, presumed_exposures
from nephroline.consultation.run import Run, Subject, chart_of, fill, same_catalogue

__all__ = [
    "FAILED",
    "NOTICE",
    "VERBS",
    "Candidate",
    "Choosing",
    "Consultation",
    "Consulted",
    "Run",
    "Subject",
    "applicability",
    "blocked_out",
    "chart_of",
    "choose",
    "concerns",
    "consult",
    "consulted",
    "decision_time",
    "decisive",
    "fill",
    "needs",
    "open_blocks",
    "presumed_exposures",
    "rests_on",
    "same_catalogue",
]
