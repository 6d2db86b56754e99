"""Record + pathway + as-of → Consultation."""

from nephroline.consultation.advice import FAILED, Choosing
from nephroline.consultation.answer import NOTICE, Consultation
from nephroline.consultation.consult import Consulted, consult, consulted, decision_time
from nephroline.consultation.run import Run

__all__ = [
    "FAILED",
    "NOTICE",
    "Choosing",
    "Consultation",
    "Consulted",
    "Run",
    "consult",
    "consulted",
    "decision_time",
]
