"""The closed vocabularies that every floor shares."""

from __future__ import annotations

from enum import StrEnum


def spoken(name: str) -> str:
    """An id as people say it."""
    return str(name).replace("-", " ")


class Response(StrEnum):
    """How the disease stands at one assessment, or on the whole."""

    COMPLETE_REMISSION = "complete-remission"
    PARTIAL_REMISSION = "partial-remission"
    RELAPSE = "relapse"
    NO_RESPONSE = "no-response"
    INDETERMINATE = "indeterminate"
    UNKNOWN = "unknown"
    UNTREATED = "untreated"


REMISSION = "remission"
"""A remission of which a report does not say whether it was complete."""


class Adequacy(StrEnum):
    """Whether a line was given at a dose and for a level that lets its failure count."""

    ADEQUATE = "adequate"
    PRESUMED = "presumed"
    INADEQUATE = "inadequate"
    UNKNOWN = "unknown"


class Phase(StrEnum):
    """How high the dose of a course is; `none` while it does not run."""

    HIGH = "high"
    REDUCED = "reduced"
    LOW = "low"
    NONE = "none"


HIGH_ONLY, LOW_ONLY = frozenset((Phase.HIGH,)), frozenset((Phase.LOW,))
"""The phases of a dose of which the phase is known."""


class Outcome(StrEnum):
    """What became of a line of therapy."""

    RESISTANT = "resistant"
    REMISSION = "remission"
    INTOLERANT = "intolerant"
    ONGOING = "ongoing"
    TOO_EARLY = "too-early"
    INDETERMINATE = "indeterminate"


class Entry(StrEnum):
    """A kind of entry in a chart."""

    OBSERVATION = "observation"
    CONDITION = "condition"
    STATE = "state"
    ASSERTION = "assertion"
    BIOPSY = "biopsy"
    GLOMERULI = "glomeruli"
    SEX = "sex"
    AGE = "age"
    DOSE = "dose"
    TROUGH_TARGET = "trough-target"
    STOP_REASON = "stop-reason"


class Reads(StrEnum):
    """What a feature reads of a chart, at most: what else changes leaves its answer as it was."""

    PERSON = "person"
    CONDITIONS = "conditions"
    BIOPSIES = "biopsies"
    EXPOSURES = "exposures"
    SERIES = "series"
    ALL = "all"


class Trait(StrEnum):
    """What other rooms must know of a feature beside its type."""

    BARE = "bare"
    """A bare name of an analyte stands for it."""
    AGENTS_OF_LINE = "agents-of-line"
    """It tells of what drugs a line consists."""
    IN_USE = "in-use"
    """It asks whether a drug is in use, which can be stopped."""
    STOP_REASON = "stop-reason"
    """It asks why a line was stopped."""
    LEVEL = "level"
    """It has the form of a level of the drug that it is asked of."""
    EXPOSURE = "exposure"
    """It asks for the pathway's judgement of exposure."""
    ACROSS_ASSESSMENTS = "across-assessments"
    """It compares an assessment with those before it."""
    WITHIN_A_TIME = "within-a-time"
    """It compares a value with those of a time before it, which its second parameter names."""
    AFTER_CHOICE = "after-choice"
    """It is known only when the next line is chosen."""


class Scope(StrEnum):
    """What a definition or rule speaks of."""

    PATIENT = "patient"
    LINE = "line"
    ASSESSMENT = "assessment"


class Action(StrEnum):
    """What a recommendation asks for."""

    START = "start"
    CONTINUE = "continue"
    ADJUST = "adjust"
    TAPER = "taper"
    STOP = "stop"
    INVESTIGATE = "investigate"
    REFER = "refer"
    SUPPORTIVE = "supportive"

    @property
    def of_line(self) -> bool:
        """Whether it decides the line of therapy, and so competes to be the next line."""
        return self in _LINE_ACTIONS


class Direction(StrEnum):
    """Which way a dose is adjusted."""

    RAISE = "raise"
    REDUCE = "reduce"
    HOLD = "hold"


class About(StrEnum):
    """What a recommendation is about."""

    LINE = "line"
    """The line of therapy: to begin one, or what runs of it, all or the agent that is named."""
    COURSE = "course"
    """The course of a class that is followed through all lines."""
    BESIDE = "beside"
    """A drug beside the line: what runs of it, or that it is begun."""


class ReassessFrom(StrEnum):
    """From when the time to the next judgement counts."""

    NOW = "now"
    LINE = "line"
    FULL_DOSE = "full-dose"
    REMISSION = "remission"


_LINE_ACTIONS = (Action.START, Action.CONTINUE, Action.ADJUST, Action.TAPER, Action.STOP)


class Severity(StrEnum):
    """How loud an alert is."""

    CRITICAL = "critical"
    WARNING = "warning"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the loudest."""
        return list(Severity).index(self)


class SourceKind(StrEnum):
    """What a source is; a case report or a trial is no guideline to be on."""

    GUIDELINE = "guideline"
    CASE_REPORT = "case-report"
    TRIAL = "trial"
    REVIEW = "review"
    COHORT = "cohort"
    LABEL = "label"
    POLICY = "policy"


class Verdict(StrEnum):
    """Whether a pathway speaks of this patient."""

    APPLIES = "applies"
    PROVISIONAL = "provisional"
    DOES_NOT_APPLY = "does-not-apply"


class Answer(StrEnum):
    """What kind of answer the next line is; silence of the guideline is not missing data."""

    NEXT_LINE = "next-line"
    CONTINUE = "continue"
    GUIDELINE_SILENT = "guideline-silent"
    NO_LINE = "no-line"
    HELD_BACK = "held-back"
    NEEDS_DATA = "needs-data"
    NOTHING_APPLIES = "nothing-applies"
    NOT_APPLICABLE = "not-applicable"
    CONFLICT = "conflict"


class Certain(StrEnum):
    """Whether missing data can change an answer."""

    CERTAIN = "certain"
    DEPENDS = "depends"
    UNSETTLED = "unsettled"


class Holding(StrEnum):
    """Whether something holds, whatever the missing data are."""

    YES = "yes"
    NO = "no"
    DEPENDS = "depends"
    UNSETTLED = "unsettled"


class StatementKind(StrEnum):
    """What the source printed."""

    RECOMMENDATION = "recommendation"
    PRACTICE_POINT = "practice-point"
    DEFINITION = "definition"
    TABLE = "table"
    PROSE = "prose"
    TRIAL = "trial"
    LABEL = "label"
    CASE_SERIES = "case-series"
    POLICY = "policy"


class Strength(StrEnum):
    """Strength of a graded statement, with KDIGO's digit."""

    STRONG = "1"
    WEAK = "2"
    NOT_GRADED = "not-graded"
    NONE = "none"


class Certainty(StrEnum):
    """Certainty of the evidence behind a statement."""

    HIGH = "high"
    MODERATE = "moderate"
    LOW = "low"
    VERY_LOW = "very-low"
    NOT_GRADED = "not-graded"

    @property
    def letter(self) -> str:
        """KDIGO's letter, A to D; empty when the statement is not graded."""
        return {"high": "A", "moderate": "B", "low": "C", "very-low": "D"}.get(self.value, "")


class Confidence(StrEnum):
    """How sure this rule base is that a source says so."""

    VERIFIED = "verified"
    VERIFIED_2 = "verified-2"
    RECALLED = "recalled"
    DERIVED = "derived"
    POLICY = "policy"
