"""The consultation: what Nephroline answers. These structs are the public JSON, and its schema.

Keys are stable. Times are days from time zero (rounded to a tenth) with the label of the chart.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from nephroline.consultation.parts import (
    DerivedOut,
    LatestOut,
    MonitoringOut,
    OfAnswer,
    PatientOut,
    SummaryOut,
    TakenOut,
    TotalOut,
    When,
)
from nephroline.terms import Action, Adequacy, Answer, Certain, Holding, Outcome, Response, Severity, Verdict
from nephroline.version import ANSWER_FORMAT

NOTICE = (
    "Research and prototyping software, not a medical device. It shows its basis so that a professional can "
    "review it independently; the decision stays with the treating clinician."
)


class PathwayRef(OfAnswer, frozen=True):
    """The pathway that answered, of which disease, with the digest of its content.

    `chosen_because`: why it was taken; empty if it was asked for by name. `changed`: entries of our
    catalogue that a site has changed; left out if there are none. `superseded_by`: the later edition that
    has taken the place of its source; left out if there is none.
    """

    id: str
    edition: str
    disease: str
    digest: str
    chosen_because: list[str] = []
    changed: list[str] | msgspec.UnsetType = msgspec.UNSET
    superseded_by: str | msgspec.UnsetType = msgspec.UNSET


class EngineRef(OfAnswer, frozen=True):
    """The program that answered."""

    name: str
    version: str
    backend: str


class Applicability(OfAnswer, frozen=True):
    """Whether the pathway speaks of this patient."""

    verdict: Verdict
    because: list[str]


class AnswerKind(OfAnswer, frozen=True):
    """What kind of answer the next line is, and why it is not another."""

    kind: Answer
    because: list[str]


class Status(OfAnswer, frozen=True):
    """The response now, and since when it has held.

    `provisional`: a value that its definition asks for is missing. `before_treatment`: active disease, last
    assessed before what is given now was begun, so that nothing is known of its effect.
    """

    response: Response
    since: When | None
    because: list[str]
    provisional: bool = False
    before_treatment: bool = False


class StatementRef(OfAnswer, frozen=True):
    """What the source printed. `confidence`: how sure this rule base is that it does; of its grade apart."""

    source: str
    id: str
    kind: str
    strength: str
    certainty: str
    grade: str
    confidence: str
    grade_confidence: str
    citation: str


class LineOut(OfAnswer, frozen=True):
    """A line of therapy as judged. `weeks` is its least possible length, `weeks_most` its most if longer.

    `falls_short`: why its exposure is inadequate, with the values. `last_given`: when the last dose was,
    if all its drugs are given in single doses, which act on.
    """

    n: int
    drugs: list[str]
    adjuncts: list[str]
    regimen: str | None
    started: When = msgspec.field(name="from")
    ended: When | None = msgspec.field(name="to")
    last_given: When | None
    weeks: float
    weeks_most: float | None
    exposure: Adequacy
    falls_short: list[str]
    best_response: str
    outcome: Outcome


class FindingOut(OfAnswer, frozen=True):
    """A label that is earned, and by which line; `rests_on` as in the next line.

    `presumed`: it judges a line whose exposure nobody confirmed.
    """

    id: str
    title: str
    line: int | None
    because: list[str]
    statement: StatementRef
    on_guideline: bool
    rests_on: list[str]
    presumed: bool = False


class DispenseOut(OfAnswer, frozen=True):
    """What to dispense for one dose, how often a day: such as 100 mg and 25 mg, twice."""

    each: str
    times_a_day: int
    of: list[str]


class DoseOut(OfAnswer, frozen=True):
    """What to give of one drug; `for_this_patient` shows the arithmetic, or what it needs; `give` does not.

    `least` and `greatest` are the bounds of what it comes to, such as ``105 mg/d`` (``mg`` for a single
    dose); empty where that is not known. `dispense`: its pieces; of a range, those to begin with. `outside`:
    the plausible range that what was worked out leaves; then no dose is shown.
    """

    drug: str
    amount: str
    per: str
    most: str
    for_this_patient: str
    give: str
    confidence: str
    least: str = ""
    greatest: str = ""
    dispense: DispenseOut | None = None
    outside: str = ""


class TaperRow(OfAnswer, frozen=True):
    """A dose of a taper: from when, how much a day, and the pieces of one dose."""

    since: When = msgspec.field(name="from")
    dose: str
    of: list[str]


class TaperOut(OfAnswer, frozen=True):
    """A taper as dated rows; `ends`: when nothing is left, none if a low dose goes on.

    `confidence`: that of the least sure of its numbers.
    """

    drug: str
    rows: list[TaperRow]
    ends: When | None
    confidence: str


class LineAdvice(OfAnswer, frozen=True):
    """A next line. `certain`: nothing unknown could turn it; else `depends_on` names what could.

    `rests_on`: the numbers and definitions behind it that are `recalled` or `policy`. `before_first_dose` and
    `alerts`: of an alternative, what is to be done first and noticed beyond what the answer says anyhow.
    `with_or_after`: it is no alternative to the next line, but comes with it, or as soon as that has worked.
    """

    rule: str
    action: Action
    regimen: str | None
    title: str
    detail: str
    doses: list[DoseOut]
    target: str
    minimum_trial: str
    reassess_at: When | None
    monitoring: list[str]
    statement: StatementRef
    on_guideline: bool
    because: list[str]
    certain: bool
    depends_on: list[str]
    rests_on: list[str]
    before_first_dose: list[str] = []
    alerts: list[str] = []
    taper: TaperOut | None = None
    with_or_after: bool = False


class ActOut(OfAnswer, frozen=True):
    """What to do with one agent, a drug or a class.

    `act`: start, continue, raise, reduce, taper, hold, stop or undecided. `regimen`: the one of
    which it is a part. `until`: when to look again, or when it ends.
    """

    agent: str
    act: str
    regimen: str | None
    title: str
    detail: str
    dose: str
    until: When | None
    certain: bool
    because: list[str]
    statement: StatementRef
    on_guideline: bool
    rule: str
    taper: TaperOut | None = None


class BlockReason(OfAnswer, frozen=True):
    """Why a regimen is out, and until when; `before_first_dose`: it is looked at where one is to begin."""

    rule: str
    title: str
    because: list[str]
    until: str
    before_first_dose: bool = False


class BlockedOut(OfAnswer, frozen=True):
    """A regimen that is out."""

    regimen: str
    title: str
    reasons: list[BlockReason]


class ActionOut(OfAnswer, frozen=True):
    """Something to do beside the line: investigate, refer, supportive care; some before its first dose.

    `short`: the same in a few words. `urgent`: it comes first among these.
    """

    rule: str
    action: Action
    title: str
    short: str
    statement: StatementRef
    on_guideline: bool
    because: list[str]
    depends_on: list[str]
    before_first_dose: bool
    urgent: bool = False


class AlertOut(OfAnswer, frozen=True):
    """Something to notice; `raised_by`: the drugs that are taken and the values by which it holds."""

    id: str
    severity: Severity
    title: str
    detail: str
    raised_by: list[str]
    because: list[str]
    statement: StatementRef
    on_guideline: bool


class Need(OfAnswer, frozen=True):
    """A datum whose value would matter, what it would tell, and the rules that ask."""

    datum: str
    why: str
    rules: list[str]


class OutcomeOut(OfAnswer, frozen=True):
    """What is answered when some data turn out so, whatever the others are.

    `open`: what would leave even that answer uncertain.
    """

    when: list[str]
    then: str
    open: list[str]


class OrderOut(OfAnswer, frozen=True):
    """Data that settle the next line whatever they turn out to be; no smaller set of them does.

    `burden` is the heaviest of theirs. `outcomes` has the answer for each region of values.
    """

    data: list[str]
    burden: str
    outcomes: list[OutcomeOut]


class OpenRule(OfAnswer, frozen=True):
    """A finding, recommendation, block or alert of which data are missing.

    `holds`: yes or no, certain although the data of `although` are unknown; or depends, on `depends_on`.
    """

    rule: str
    title: str
    concludes: str
    line: int | None
    holds: Holding
    depends_on: list[str]
    although: list[str]


class MarginOut(OfAnswer, frozen=True):
    """How far a value stands from where the answer changes: the cut, the way there, and the answer beyond.

    `fragile`: the ordinary variation of one such value reaches it (null: no source gives a variation).
    """

    datum: str
    value: str
    cut: str
    away: str
    then: str
    variation: str
    source: str
    fragile: bool | None


class Outlook(OfAnswer, frozen=True):
    """What the missing data can change; what stands here holds for every plausible value of them.

    `verdict` on the next line as a whole: certain (although the data of `although` are unknown), depends
    (on exactly the data of `depends_on`), or unsettled (`because`: no single datum would tell, or the
    search met its bound; then `complete` is false). `answer`: the line that is certain, in words, where the
    rules alone could not name it. `presuming`: what would confirm an exposure that is presumed, and that no
    certainty here reaches. `margins` are given when asked for.
    """

    verdict: Certain
    answer: str
    presuming: list[str]
    although: list[str]
    depends_on: list[str]
    because: list[str]
    orders: list[OrderOut]
    rules: list[OpenRule]
    margins: list[MarginOut] | None
    complete: bool
    states: int


class Consultation(OfAnswer, frozen=True, kw_only=True):
    """The answer for one record, at one time, under one pathway. `outlook` is given when asked for.

    `format` is the form of this JSON: it is raised when a key changes.
    """

    format: int = ANSWER_FORMAT
    record: str
    as_of: When
    patient: PatientOut
    summary: list[SummaryOut] = []
    stops_of_the_day: Literal["seen", "unseen"] = "seen"
    pathway: PathwayRef
    engine: EngineRef
    applicability: Applicability
    answer: AnswerKind
    status: Status
    latest: list[LatestOut]
    taking: list[TakenOut]
    lines: list[LineOut]
    findings: list[FindingOut]
    next_line: LineAdvice | None
    alternatives: list[LineAdvice]
    acts: list[ActOut] = []
    blocked: list[BlockedOut]
    actions: list[ActionOut]
    alerts: list[AlertOut]
    monitoring: list[MonitoringOut]
    totals: list[TotalOut]
    derived: list[DerivedOut] = []
    needs: list[Need]
    faults: list[str]
    notes: list[str]
    outlook: Outlook | None = None
    notice: str = NOTICE

    def to_json(self, *, indent: int = 0) -> str:
        """The public JSON: the same record, pathway and as-of give the same bytes."""
        raw = msgspec.json.encode(self)
        return (msgspec.json.format(raw, indent=indent) if indent else raw).decode()
