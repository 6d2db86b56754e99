"""Record + pathway + as-of → Consultation."""

from nephroline.consult.advice import FAILED, Choosing
from nephroline.consult.answer import NOTICE, Consultation
from nephroline.consult.consult import Consulted, consult, consulted, decision_time
from nephroline.consult.run import Run

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
