"""Pathways and modules as they are written: the public format, and the source of its JSON Schemas.

Where an entry names no source, it cites the `source` of its file.
"""

from __future__ import annotations

from typing import Any

import msgspec

from nephroline.catalogue import ReviewDate
from nephroline.pathway.months import Counts
from nephroline.shapes import Shape
from nephroline.terms import (
    Action,
    Certainty,
    Confidence,
    Direction,
    Outcome,
    ReassessFrom,
    Response,
    Scope,
    Severity,
    StatementKind,
    Strength,
    Verdict,
)


class ThresholdEntry(Shape, frozen=True, kw_only=True):
    """A named constant: every printed form of it, who prints it, and how sure we are that they do.

    `counts`: of a length in months or years, whether it is a minimum, met after the fewest days that so many
    months can have, or a window, which reaches over the most.
    """

    title: str
    value: str | list[str]
    source: str | None = None
    cite: str = ""
    confidence: Confidence
    note: str = ""
    counts: Counts | None = None
    replaces: bool = False


class StatementEntry(Shape, frozen=True, kw_only=True):
    """What the source printed: number, kind, and grade such as 2B (or strength and certainty apart).

    `confidence`: how sure this rule base is of the text; `grade_confidence`: of its grade, if that differs.
    `reviewed`: when somebody last held it against the source, such as 2026-11.
    """

    source: str | None = None
    kind: StatementKind
    id: str = ""
    grade: str | None = None
    strength: Strength | None = None
    certainty: Certainty | None = None
    confidence: Confidence
    grade_confidence: Confidence | None = None
    reviewed: ReviewDate = ""


class DefinitionEntry(Shape, frozen=True, kw_only=True):
    """A named condition."""

    id: str
    title: str
    of: Scope
    when: str
    source: str | None = None
    cite: str = ""
    confidence: Confidence | None = None
    note: str = ""
    replaces: bool = False


class DoseEntry(Shape, frozen=True, kw_only=True):
    """A dose of a recommendation: names of thresholds for the amount and the most, and how it is given.

    `times`: in so many equal doses a day. Without an amount it is that of the regimen, given as `per` says.
    """

    amount: str | None = None
    most: str | None = None
    per: str = "day"
    times: int = 1


class TaperEntry(Shape, frozen=True, kw_only=True):
    """A stage of a taper, by names of thresholds: an amount or a share of the first dose at a time, or even.

    `every`: how often, or from how often to how seldom; then as seldom as ends `in_all` after the course
    began, or `within` from now. `down_to`: the dose at which the stage ends, at most `most`; else nil.
    `over`: in so much time, evenly.
    """

    by: str | None = None
    every: tuple[str, ...]
    down_to: str | None = None
    most: str | None = None
    over: str | None = None
    in_all: str | None = None
    within: str | None = None


class RecommendEntry(Shape, frozen=True, kw_only=True):
    """A recommendation. Line actions compete by `preference` (0 is for safety, 1 comes next).

    The other actions all stand. `silent`: the guideline gives no statement here, and the answer says so.
    `rechallenge`: the regimen may be offered although it failed before. `reassess`: a threshold of time.
    `before_first_dose`: to be done before the next line begins. `dose`: by drug, instead of the regimen's own
    or beside it; the name of a threshold alone changes only the amount. `taper`: its stages. `agent`: a
    class that is followed through all lines, about whose running course it is; with `keep`, what it is about
    of the running line; else a drug or class beside the line, for what runs of it, or with `supportive`, to
    begin it. Such
    recommendations compete among themselves.
    `direction`: of an adjustment. `ends`: it ends what has failed or must not go on. `reassess_from`: from
    when `reassess` counts. `answers`: it is the answer where nothing is to begin or to change. `spares`: the
    drug or class that it spares; where the next line is that one, it comes with or after it, not instead.
    `urgent`: of what is done beside the line, it comes first. `last_resort`: it is answered only where all
    that comes before it is out, and is no alternative to what is not.
    """

    action: Action
    regimen: str | None = None
    keep: bool = False
    agent: str | None = None
    direction: Direction | None = None
    ends: bool = False
    reassess_from: ReassessFrom | None = None
    answers: bool = False
    title: str = ""
    detail: str = ""
    dose: dict[str, str | DoseEntry] = {}
    preference: int = 1
    taper: tuple[TaperEntry, ...] = ()
    reassess: str | None = None
    silent: bool = False
    rechallenge: bool = False
    before_first_dose: bool = False
    spares: str | None = None
    urgent: bool = False
    last_resort: bool = False


class BlockEntry(Shape, frozen=True, kw_only=True):
    """A regimen, drug or class that is out, and until when.

    `before_first_dose`: what it rests on is looked at before the first dose; while that is unknown, the line
    stands, is not certain, and asks for it. `adjunct`: only as an adjunct; a regimen is begun without it.
    """

    regimen: str | None = None
    agent: str | None = None
    until: str = ""
    before_first_dose: bool = False
    adjunct: bool = False


class AlertEntry(Shape, frozen=True, kw_only=True):
    """Something to notice."""

    severity: Severity
    detail: str = ""


class RuleEntry(Shape, frozen=True, kw_only=True):
    """A rule: when it holds, what it concludes, and on whose authority.

    Without a statement, here or in the `authority` of an edition, it is a choice of this rule base, and
    off-guideline. `unless` is an exception: if it holds the rule is off; if it is unknown the rule stands
    provisionally and asks for the data. `outcome`: what a finding about a line makes of that line, if
    `outcome_of` is an agent of it.
    """

    id: str
    title: str
    scope: Scope = msgspec.field(name="for", default=Scope.PATIENT)
    when: str
    unless: str | None = None
    finding: str | None = None
    outcome: Outcome | None = None
    outcome_of: str | None = None
    recommend: RecommendEntry | None = None
    block: BlockEntry | None = None
    alert: AlertEntry | None = None
    statement: StatementEntry | None = None
    rationale: str = ""
    on_guideline: bool = True
    replaces: bool = False


class AuthorityEntry(Shape, frozen=True, kw_only=True):
    """What an edition says of a rule that others state, or of a definition: who says it, and in which words.

    A statement is given whole, or not at all. `says`, `detail`, `until`, `preference`, `reassess`, `dose`
    and `taper` are those of the rule's conclusion. Never a condition: what holds when is the rule's own.
    """

    source: str | None = None
    kind: StatementKind | None = None
    id: str = ""
    grade: str | None = None
    strength: Strength | None = None
    certainty: Certainty | None = None
    confidence: Confidence | None = None
    grade_confidence: Confidence | None = None
    reviewed: ReviewDate = ""
    on_guideline: bool | None = None
    title: str | None = None
    rationale: str | None = None
    says: str | None = None
    detail: str | None = None
    until: str | None = None
    preference: int | None = None
    reassess: str | None = None
    dose: dict[str, str | DoseEntry] | None = None
    taper: tuple[TaperEntry, ...] | None = None
    cite: str = ""


class ExposureEntry(Shape, frozen=True, kw_only=True):
    """When the exposure to a drug or class on a line lets its failure count."""

    agent: str = msgspec.field(name="for")
    adequate: str
    presumed: str | None = None
    inadequate: str | None = None
    replaces: bool = False


class ResponseEntry(Shape, frozen=True, kw_only=True):
    """A response, and when an assessment is one; the first that holds counts.

    `provisional`: while it is not known whether it is one, this makes it one until then. `unconfirmed`: this
    makes it wait for another value, `because` says why.
    """

    response: Response = msgspec.field(name="is")
    when: str
    provisional: str | None = None
    unconfirmed: str | None = None
    because: str = ""
    replaces: bool = False


class GapEntry(Shape, frozen=True, kw_only=True):
    """Why an assessment is none of the responses, for the answer to say; the first that holds counts."""

    when: str
    because: str


class ApplicabilityEntry(Shape, frozen=True, kw_only=True):
    """A verdict on whether the pathway speaks of this patient; the first that holds counts.

    `without_biopsy`: it names the disease by itself, so that no biopsy is missing for it.
    """

    verdict: Verdict
    when: str
    because: str
    without_biopsy: bool = False


class ExpectsEntry(Shape, frozen=True, kw_only=True):
    """What a module needs and does not state: whoever uses it does.

    `thresholds` by dimension, `definitions` by what they are of; a finding that no rule concludes is never
    earned.
    """

    thresholds: dict[str, str] = {}
    definitions: dict[str, Scope] = {}
    findings: list[str] = []


class OutsideEntry(Shape, frozen=True, kw_only=True):
    """Who is outside the population for which an edition speaks."""

    when: str
    because: str


class _Sections(Shape, frozen=True, kw_only=True):
    """What modules and pathways have in common."""

    title: str
    uses: list[str] = []
    without: list[str] = []
    expects: ExpectsEntry = ExpectsEntry()
    catalogue: dict[str, Any] = {}
    population: list[dict[str, Any]] = []
    thresholds: dict[str, Any] = {}
    definitions: list[dict[str, Any]] = []
    exposure: list[dict[str, Any]] = []
    responses: list[dict[str, Any]] = []
    indeterminate: list[dict[str, Any]] = []
    rules: list[dict[str, Any]] = []
    authority: dict[str, Any] = {}


class ModuleFile(_Sections, frozen=True, kw_only=True):
    """Rules, definitions and numbers that several pathways use.

    `care`: it holds what goes with an edition, whatever the disease. `edition`: it is the edition of this
    name, which can be used without a disease.
    """

    module: str
    source: str | None = None
    care: bool = False
    edition: str | None = None


class PathwayFile(_Sections, frozen=True, kw_only=True):
    """The rules of one disease in one edition.

    `may_be_hidden_by`: diagnoses behind which the disease may be hidden; any other on a biopsy means that
    the pathway does not apply. `only_when_shown`: where neither a biopsy nor the pathway's own test shows the
    disease, the choice among pathways passes it over, as one that is no more likely than others.
    """

    pathway: str
    edition: str
    disease: str
    source: str
    may_be_hidden_by: list[str] = []
    only_when_shown: bool = False
    applicability: list[dict[str, Any]] = []
