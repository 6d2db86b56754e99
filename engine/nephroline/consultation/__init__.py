"""Record + pathway + as-of → Consultation."""

from nephroline.consultation.acts import Act
from nephroline.consultation.answer import NOTICE, Consultation
from nephroline.consultation.blocking import FAILED, blocked_out, regimens_out
from nephroline.consultation.choosing import choose, concerns, decisive
from nephroline.consultation.consult import Consulted, consult, consulted, decided, decision_time
from nephroline.consultation.decision import (
    Advised,
    Applied,
    Decision,
    applicability,
    decide,
    open_data,
    open_for,
)
from nephroline.consultation.judges import rests_on
from nephroline.consultation.needs import needs, presumed_exposures
from nephroline.consultation.run import LazyRun, Run, Subject, chart_of, fill, same_catalogue
from nephroline.consultation.summary import acts_beside, summarised
from nephroline.consultation.telling import answered
from nephroline.consultation.wording import (
    NO_LINE,
    PLAIN_DAYS,
    capital,
    cited,
    headline,
    in_words,
    inside,
    line_told,
    pathway_ref,
    response_told,
    spell,
)

__all__ = [
    "FAILED",
    "NOTICE",
    "NO_LINE",
    "PLAIN_DAYS",
    "Act",
    "Advised",
    "Applied",
    "Consultation",
    "Consulted",
    "Decision",
    "LazyRun",
    "Run",
    "Subject",
    "acts_beside",
    "answered",
    "applicability",
    "blocked_out",
    "capital",
    "chart_of",
    "choose",
    "cited",
    "concerns",
    "consult",
    "consulted",
    "decide",
    "decided",
    "decision_time",
    "decisive",
    "fill",
    "headline",
    "in_words",
    "inside",
    "line_told",
    "needs",
    "open_data",
    "open_for",
    "pathway_ref",
    "presumed_exposures",
    "regimens_out",
    "response_told",
    "rests_on",
    "same_catalogue",
    "spell",
    "summarised",
]
