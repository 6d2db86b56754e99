"""Answers as cards: the next line with its authority, what to notice, what is missing, and orders judged."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import msgspec

from nephroline.consultation import Consultation, cited, headline
from nephroline.consultation.answer import AlertOut, StatementRef
from nephroline.interop.cds_hooks.messages import (
    Card,
    HookAction,
    HookCoding,
    HookLink,
    HookSource,
    Indicator,
    Suggestion,
    shortened,
)
from nephroline.interop.fhir.codes import OWN
from nephroline.ordering import OrderAnswer
from nephroline.terms import Action, Answer, Severity

_INDICATORS: Mapping[Severity, Indicator] = {
    Severity.CRITICAL: "critical",
    Severity.WARNING: "warning",
    Severity.INFO: "info",
}
_OVERRIDES = {
    "known": "already known or done",
    "not-this-patient": "does not fit this patient",
    "wrong-data": "the data are wrong or incomplete",
    "patient-declines": "the patient declines",
    "specialist-advice": "a specialist advised otherwise",
}
_REASONS = [HookCoding(code=code, system=f"{OWN}override", display=text) for code, text in _OVERRIDES.items()]
_MARKDOWN = re.compile(r"([\\`*_{}\[\]()#+!|~$])")
_FORBIDDING = ("no", "not-now")
_TOLD: Mapping[str, str] = {
    "no": "not to be given",
    "not-now": "not now",
    "unknown": "cannot be judged without more data",
    "first": "may be given after what comes first",
    "already": "is taken already",
    "yes": "nothing is against it",
}


class CardMaker:
    """Makes the cards of one call; one use.

    Args:
        instance: the id of the call; the same call gives the same ids.
        links: where more can be read, on every card.
    """

    def __init__(self, instance: str, links: Sequence[HookLink] = ()) -> None:
        self._instance, self._links = instance, list(links)
        self._made = 0

    def of_answer(self, answer: Consultation, proposals: Mapping[str, Any]) -> list[Card]:
        """The cards of an answer; none where no pathway applies and nothing is to be noticed.

        *proposals*: the answer as FHIR (`answer_as_fhir`), from which suggestions take their resources.
        """
        alerts = [one for one in answer.alerts if one.severity is not Severity.INFO]
        if answer.answer.kind is Answer.NOT_APPLICABLE and not alerts and not answer.acts:
            return []
        ordered = sorted(alerts, key=lambda one: one.severity is not Severity.CRITICAL)
        return [*map(self._alert, ordered), self._line(answer, proposals)]

    def unjudged(self, summary: str, missing: Iterable[str]) -> Card:
        """A card for a record that cannot be judged: what is missing."""
        return self._card(summary, "info", HookSource(label="Nephroline"), _bullets(missing))

    def undosed(self, order: str, printed: str) -> Card:
        """A card for an order whose dose cannot be read, or is none that is ever given."""
        detail = f"The drug is judged, its dose is not: {plain(printed)}"
        return self._card(
            f"{order}: its dose was not judged", "warning", HookSource(label="Nephroline"), detail
        )

    def of_order(self, answer: OrderAnswer, draft: str = "") -> Card | None:
        """The card of an order; none where nothing is to be said. *draft*: its id, to take it back."""
        if answer.verdict == "not-judged" or (answer.verdict in ("yes", "already") and not answer.dose):
            critical = [one for one in answer.alerts if one.severity is not Severity.INFO]
            if not critical or answer.verdict == "not-judged":
                return None
        worst = min((_SEVERITIES.index(one.severity) for one in answer.alerts), default=2)
        urgent = answer.verdict == "no" and (bool(answer.blocked) or worst == 0)
        indicator: Indicator = "critical" if urgent or worst == 0 else "warning"
        summary = f"{answer.order}: {_TOLD[answer.verdict]}"
        if answer.verdict in ("yes", "already") and answer.alerts:
            summary = f"{answer.order}: {answer.alerts[0].title}"
        elif answer.because:
            summary += f": {answer.because[0]}"
        detail = [
            *_titled("Why", answer.because),
            *_titled("Blocked", (f"{one.title}{_until(one.until)}" for one in answer.blocked)),
            *_titled("Dose", answer.dose),
            *_titled("For this patient", (one.give or one.for_this_patient for one in answer.doses)),
            *_titled("First", answer.first),
            *_titled("Notice", (f"{one.title}: {one.detail}" for one in answer.alerts)),
            *_titled("Missing", answer.needs),
            *_titled("Instead", answer.instead),
        ]
        card = self._card(summary, indicator, _by_edition(answer.pathway.edition), "\n".join(detail))
        if answer.verdict in _FORBIDDING and draft:
            back = HookAction(type="delete", description=f"Take back {answer.order}", resource_id=draft)
            taken = Suggestion(label=f"Take back {answer.order}"[:_LABEL], uuid=self._id(), actions=[back])
            return msgspec.structs.replace(card, suggestions=[taken], selection_behavior="at-most-one")
        return card

    # -- the parts -------------------------------------------------------------------------------------

    def _line(self, answer: Consultation, proposals: Mapping[str, Any]) -> Card:
        line = answer.next_line
        told = [
            f"**{entry.label.upper()}** {' · '.join(map(plain, items))}"
            for entry in answer.summary
            # Whom the card is about stands in the chart that it is shown in.
            if (items := entry.items[1:] if entry.label == "patient" else entry.items)
        ]
        off = "" if line is None or line.on_guideline else " (off-guideline)"
        doubt = "" if line is None or line.certain else ", not certain"
        summary = f"{headline(answer)}{off}{doubt}"
        source = _source(line.statement) if line is not None else _by_edition(answer.pathway.edition)
        detail = "\n\n".join([*told, plain(answer.notice)])
        card = self._card(summary, "info", source, detail)
        found = list(self._suggestions(answer, proposals))
        if found:
            return msgspec.structs.replace(card, suggestions=found, selection_behavior="at-most-one")
        return card

    def _suggestions(self, answer: Consultation, proposals: Mapping[str, Any]) -> Iterator[Suggestion]:
        """The next line, if it begins something, and its alternatives: each with the drugs that it begins."""
        lines = [line for line in (answer.next_line, *answer.alternatives) if line is not None]
        by_title = {str(one.get("title")): one for one in _actions(proposals)}
        requests = {
            entry["fullUrl"]: entry["resource"]
            for entry in proposals.get("entry", ())
            if entry["resource"]["resourceType"] == "MedicationRequest"
        }
        for number, line in enumerate(lines):
            if line.action is not Action.START or line.with_or_after:
                continue
            inside = _references(by_title.get(line.title, {}))
            drugs = [requests[one] for one in inside if one in requests]
            wanted = [one for one in drugs if not one.get("doNotPerform") and one.get("dosageInstruction")]
            if not wanted:
                continue
            actions = [
                HookAction(type="create", description=f"Propose {_called(one)}", resource=_alone(one))
                for one in wanted
            ]
            off = "" if line.on_guideline else " (off-guideline)"
            first = number == 0 and line.certain
            # The regimen may hold more than has a dose here: what is created is named.
            label = f"{line.title}{off}: proposes {', '.join(map(_called, wanted))}"
            yield Suggestion(
                label=label if len(label) <= _LABEL else f"{label[: _LABEL - 2]} …",
                uuid=self._id(),
                actions=actions,
                is_recommended=first and line.on_guideline,
            )

    def _alert(self, alert: AlertOut) -> Card:
        raised = f" ({', '.join(alert.raised_by)})" if alert.raised_by else ""
        off = "" if alert.on_guideline else " (off-guideline)"
        detail = [plain(alert.detail), *(f"- {plain(reason)}" for reason in alert.because)]
        card = self._card(
            f"{alert.title}{raised}{off}",
            _INDICATORS[alert.severity],
            _source(alert.statement),
            "\n".join(filter(None, detail)),
        )
        topic = HookCoding(code=alert.id, system=f"{OWN}alert", display=alert.title)
        return msgspec.structs.replace(card, source=msgspec.structs.replace(card.source, topic=topic))

    def _card(self, summary: str, indicator: Indicator, source: HookSource, detail: str) -> Card:
        return Card(
            uuid=self._id(),
            summary=shortened(summary),
            indicator=indicator,
            source=source,
            detail=detail or msgspec.UNSET,
            override_reasons=_REASONS,
            links=self._links or msgspec.UNSET,
        )

    def _id(self) -> str:
        self._made += 1
        return str(uuid5(NAMESPACE_URL, f"{OWN}{self._instance}/{self._made}"))


_LABEL = 120
_SEVERITIES = (Severity.CRITICAL, Severity.WARNING, Severity.INFO)


def plain(text: str) -> str:
    """A text that Markdown and HTML leave as it is."""
    found = _MARKDOWN.sub(r"\\\1", text)
    return found.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _bullets(items: Iterable[str]) -> str:
    return "\n".join(f"- {plain(item)}" for item in items)


def _titled(title: str, items: Iterable[str]) -> list[str]:
    found = list(filter(None, items))
    return [f"**{title}**", "", _bullets(found), ""] if found else []


def _until(until: str) -> str:
    return f", until {until}" if until else ""


def _source(statement: StatementRef) -> HookSource:
    """Who says so, and how firmly."""
    return HookSource(label=cited(statement.citation, statement))


def _by_edition(edition: str) -> HookSource:
    return HookSource(label=edition)


def _actions(proposals: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """All actions of the RequestGroup, at whatever depth."""
    groups = [
        entry["resource"]
        for entry in proposals.get("entry", ())
        if entry["resource"]["resourceType"] == "RequestGroup"
    ]
    waiting = [action for group in groups for action in group["action"]]
    while waiting:
        action = waiting.pop(0)
        yield action
        waiting += action.get("action", [])


def _references(action: Mapping[str, Any]) -> list[str]:
    own = [action["resource"]["reference"]] if "resource" in action else []
    return own + [one for part in action.get("action", ()) for one in _references(part)]


def _called(request: Mapping[str, Any]) -> str:
    return str(request["medicationCodeableConcept"].get("text", "a drug"))


def _alone(request: Mapping[str, Any]) -> dict[str, Any]:
    """A request that stands by itself: without what refers to the Bundle in which it was written."""
    kept = {key: value for key, value in request.items() if key not in ("id", "requester")}
    return kept | {"intent": "proposal"}
