"""A pathway as it is written: the public format, and the source of its JSON Schema."""

from __future__ import annotations

from typing import Any

import msgspec

from nephroline.shapes import Shape
from nephroline.terms import (
    Action,
    Certainty,
    Confidence,
    Outcome,
    Response,
    Scope,
    Severity,
    StatementKind,
    Strength,
    Verdict,
)


class ThresholdEntry(Shape, frozen=True, kw_only=True):
    """A named constant: every printed form of it, who prints it, and how sure we are that they do."""

    title: str
    value: str | list[str]
    source: str
    cite: str = ""
    confidence: Confidence
    note: str = ""


class StatementEntry(Shape, frozen=True, kw_only=True):
    """What the source printed: number, kind, strength and certainty."""

    source: str
    kind: StatementKind
    id: str = ""
    strength: Strength = Strength.NONE
    certainty: Certainty = Certainty.NOT_GRADED
    confidence: Confidence


class DefinitionEntry(Shape, frozen=True, kw_only=True):
    """A named condition."""

    id: str
    title: str
    of: Scope
    when: str
    source: str = ""
    cite: str = ""
    confidence: Confidence = Confidence.POLICY
    note: str = ""
    replaces: bool = False


class DoseEntry(Shape, frozen=True, kw_only=True):
    """A dose of a recommendation: names of thresholds for the amount and the most, and how it is given."""

    amount: str
    most: str | None = None
    per: str = "day"


class RecommendEntry(Shape, frozen=True, kw_only=True):
    """A recommendation. Line actions compete by `preference` (0 is for safety, 1 comes next).

    The other actions all stand. `silent`: the guideline gives no statement here, and the answer says so.
    `rechallenge`: the regimen may be offered although it failed before. `reassess`: a threshold of time.
    `before_first_dose`: to be done before the next line begins. `dose`: by drug, instead of the regimen's own
    or beside it; the name of a threshold alone changes only the amount.
    """

    action: Action
    regimen: str | None = None
    keep: bool = False
    title: str = ""
    detail: str = ""
    dose: dict[str, str | DoseEntry] = {}
    preference: int = 1
    reassess: str | None = None
    silent: bool = False
    rechallenge: bool = False
    before_first_dose: bool = False


class BlockEntry(Shape, frozen=True, kw_only=True):
    """A regimen, drug or class that is out, and until when."""

    regimen: str | None = None
    agent: str | None = None
    until: str = ""


class AlertEntry(Shape, frozen=True, kw_only=True):
    """Something to notice."""

    severity: Severity
    detail: str = ""


class RuleEntry(Shape, frozen=True, kw_only=True):
    """A rule: when it holds, what it concludes, and on whose authority.

    `unless` is an exception: if it holds the rule is off; if it is unknown the rule stands
    provisionally and asks for the data. `outcome`: what a finding about a line makes of that line.
    """

    id: str
    title: str
    scope: Scope = msgspec.field(name="for", default=Scope.PATIENT)
    when: str
    unless: str | None = None
    finding: str | None = None
    outcome: Outcome | None = None
    recommend: RecommendEntry | None = None
    block: BlockEntry | None = None
    alert: AlertEntry | None = None
    statement: StatementEntry
    rationale: str
    on_guideline: bool = True
    replaces: bool = False


class ExposureEntry(Shape, frozen=True, kw_only=True):
    """When the exposure to a drug or class on a line lets its failure count."""

    agent: str = msgspec.field(name="for")
    adequate: str
    presumed: str | None = None
    inadequate: str | None = None


class ResponseEntry(Shape, frozen=True, kw_only=True):
    """A response, and when an assessment is one; the first that holds counts."""

    response: Response = msgspec.field(name="is")
    when: str


class GapEntry(Shape, frozen=True, kw_only=True):
    """Why an assessment is none of the responses, for the answer to say; the first that holds counts."""

    when: str
    because: str


class ApplicabilityEntry(Shape, frozen=True, kw_only=True):
    """A verdict on whether the pathway speaks of this patient; the first that holds counts."""

    verdict: Verdict
    when: str
    because: str


class PathwayFile(Shape, frozen=True, kw_only=True):
    """The rules of one disease in one edition."""

    pathway: str
    title: str
    edition: str
    disease: str
    source: str
    extends: str | None = None
    without: list[str] = []
    thresholds: dict[str, Any] = {}
    definitions: list[dict[str, Any]] = []
    exposure: list[dict[str, Any]] = []
    responses: list[dict[str, Any]] = []
    indeterminate: list[dict[str, Any]] = []
    applicability: list[dict[str, Any]] = []
    rules: list[dict[str, Any]] = []
