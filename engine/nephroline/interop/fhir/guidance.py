"""An answer as FHIR: what is proposed, what is noticed, what is missing, and by which rules.

GuidanceResponse says whether it was decided and what data it asks for; RequestGroup what to do; DetectedIssue
what to notice or not to begin; Provenance by which rules. Nothing is an order: every intent is a proposal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from nephroline.catalogue import Catalogue, load_catalogue
from nephroline.consultation import Consultation, headline
from nephroline.consultation.answer import Need
from nephroline.errors import Problem
from nephroline.interop.fhir.bundling import Bundled
from nephroline.interop.fhir.codes import OWN, Codes, load_codes
from nephroline.interop.fhir.nodes import HL7, Resource
from nephroline.interop.fhir.proposing import Proposal
from nephroline.record import Record
from nephroline.terms import Answer, Severity

_SEVERITIES = {Severity.CRITICAL: "high", Severity.WARNING: "moderate", Severity.INFO: "low"}
_FIRST = "guidance"


def answer_as_fhir(
    answer: Consultation,
    record: Record,
    catalogue: Catalogue | None = None,
    codes: Codes | None = None,
    *,
    recorded: datetime,
) -> Resource:
    """An answer as a FHIR R4 Bundle (collection). Nothing in it is an order: every intent is a proposal.

    Times are dates if those of the record are; else they are left out, and stand in the words.

    Args:
        answer: what `consult` or `thorough` gave.
        record: the record it was given for; the subject is the Patient of its id.
        catalogue: as it was asked with; default: the one that comes with Nephroline.
        codes: under which codes things are written; default: those that come with Nephroline.
        recorded: when the answer is written, with a zone; everything else is the same for the same answer.
    """
    known = catalogue or load_catalogue()
    return _AnswerWriter(answer, record, known, codes or load_codes(known), recorded).bundle()


def outcome_of(problems: Iterable[Problem]) -> Resource:
    """Faults of an input as an OperationOutcome, each with its remedy and, where known, its field."""
    return {"resourceType": "OperationOutcome", "issue": [_issue(problem) for problem in problems]}


def _issue(problem: Problem) -> Resource:
    issue: Resource = {"severity": "error", "code": "invalid", "diagnostics": str(problem)}
    if problem.path:
        issue["expression"] = [problem.path]
    return issue


class _AnswerWriter:
    """Writes one answer; one use."""

    def __init__(
        self, answer: Consultation, record: Record, catalogue: Catalogue, codes: Codes, recorded: datetime
    ) -> None:
        self._answer = answer
        self._bundle = Bundled(answer, record, catalogue, codes)
        self._recorded = recorded.isoformat(timespec="seconds")

    def bundle(self) -> Resource:
        """All of it, the GuidanceResponse first."""
        plan = Proposal(self._answer, self._bundle).written()
        outcome = self._bundle.add(self._outcome(), "outcome")
        guidance = self._bundle.add(self._guidance(plan, outcome), _FIRST)
        issues = [
            self._bundle.add(issue, f"issue-{number}") for number, issue in enumerate(self._issues(), 1)
        ]
        made = [guidance, *([plan] if plan else []), *issues]
        self._bundle.add(self._provenance(made), "provenance")
        entries = sorted(
            self._bundle.entries, key=lambda one: one["resource"]["resourceType"] != "GuidanceResponse"
        )
        return {"resourceType": "Bundle", "type": "collection", "entry": entries}

    # -- whether it is decided -------------------------------------------------------------------------

    def _guidance(self, plan: Resource | None, outcome: Resource) -> Resource:
        answer = self._answer
        response: Resource = {
            "resourceType": "GuidanceResponse",
            "extension": [{"url": f"{OWN}answer", "valueCode": answer.answer.kind}],
            "requestIdentifier": self._bundle.group,
            "moduleUri": f"{OWN}pathway:{answer.pathway.id}",
            "status": self._status(),
            "subject": self._bundle.subject,
            **self._bundle.at("occurrenceDateTime", answer.as_of),
            "performer": self._bundle.engine,
            "reasonCode": [{"text": f"{answer.pathway.disease}, as of {answer.as_of.label}"}],
            "note": [{"text": text} for text in (headline(answer), *answer.answer.because, answer.notice)],
            "evaluationMessage": [outcome],
        }
        if plan is not None:
            response["result"] = plan
        asked = [found for need in answer.needs if (found := self._asked(need))]
        if asked:
            response["dataRequirement"] = asked
        return response

    def _status(self) -> str:
        kind, line = self._answer.answer.kind, self._answer.next_line
        if kind is Answer.NEEDS_DATA:
            return "data-required"
        if kind is Answer.CONFLICT:
            return "failure"
        return "data-requested" if self._answer.needs or (line and not line.certain) else "success"

    def _asked(self, need: Need) -> Resource | None:
        """A datum that is asked for, where FHIR has a resource for it; the OperationOutcome has all."""
        name, catalogue = need.datum, self._bundle.catalogue
        if name in catalogue.analytes:
            return _requirement("Observation", self._bundle.coding("analyte", name))
        if name in catalogue.conditions:
            return _requirement("Condition", self._bundle.coding("condition", name))
        if name in catalogue.assertions:
            return _requirement("Observation", self._bundle.coding("finding", name))
        if name == "diagnosis":
            return _requirement("DiagnosticReport", self._bundle.coding("biopsy", "kidney"))
        head = {"sex": "gender", "age": "birthDate"}.get(name)
        return {"type": "Patient", "mustSupport": [head]} if head else None

    def _outcome(self) -> Resource:
        answer = self._answer
        issues = [_said("information", "incomplete", f"missing: {need.why}") for need in answer.needs]
        issues += [_said("warning", "value", fault) for fault in answer.faults]
        issues += [_said("information", "informational", note) for note in answer.notes]
        nothing = _said("information", "informational", "nothing is missing")
        return {"resourceType": "OperationOutcome", "issue": issues or [nothing]}

    # -- what to notice --------------------------------------------------------------------------------

    def _issues(self) -> Iterator[Resource]:
        """Alerts, and what is not to be begun and until when."""
        for alert in self._answer.alerts:
            by = f"raised by {', '.join(alert.raised_by)}" if alert.raised_by else ""
            detail = "; ".join(filter(None, (alert.detail, by, *alert.because)))
            severity = {"severity": _SEVERITIES[alert.severity]}
            yield self._issue(f"{OWN}alert", alert.id, alert.title, detail) | severity
        reasons: dict[str, tuple[str, str, list[str]]] = {}
        for regimen in self._answer.blocked:
            for reason in regimen.reasons:
                until = f"until {reason.until}" if reason.until else ""
                detail = "; ".join(filter(None, (*reason.because, until)))
                reasons.setdefault(reason.rule, (reason.title, detail, []))[2].append(regimen.title)
        for rule, (title, detail, regimens) in reasons.items():
            said = f"not {', not '.join(regimens)}: {detail}"
            yield self._issue(f"{OWN}block", rule, title, said)

    def _issue(self, system: str, code: str, title: str, detail: str) -> Resource:
        return {
            "resourceType": "DetectedIssue",
            "status": "preliminary",
            "code": {"coding": [{"system": system, "code": code}], "text": title},
            "patient": self._bundle.subject,
            **self._bundle.at("identifiedDateTime", self._answer.as_of),
            "author": self._bundle.engine,
            "detail": detail,
        }

    # -- by what ---------------------------------------------------------------------------------------

    def _provenance(self, targets: list[Resource]) -> Resource:
        pathway = self._answer.pathway
        rules = {"system": f"{OWN}digest", "value": pathway.digest}
        made = {"system": f"{HL7}provenance-participant-type", "code": "assembler"}
        return {
            "resourceType": "Provenance",
            "target": targets,
            "recorded": self._recorded,
            "agent": [{"type": {"coding": [made]}, "who": self._bundle.engine}],
            "entity": [
                {
                    "role": "source",
                    "what": {"identifier": rules, "display": f"rules {pathway.id}, {pathway.edition}"},
                },
            ],
        }


def _requirement(kind: str, coding: list[Resource]) -> Resource:
    return {"type": kind, "codeFilter": [{"path": "code", "code": coding}]}


def _said(severity: str, code: str, text: str) -> Resource:
    return {"severity": severity, "code": code, "diagnostics": text}
