"""A call of CDS Hooks, answered: the chart read, the line or the orders judged, and the cards made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, tzinfo
from typing import Any

import msgspec

from nephroline.consultation import Consultation
from nephroline.errors import RecordError, UsageError
from nephroline.interop.cds_hooks import (
    Card,
    CardMaker,
    Hook,
    HookLink,
    HookRequest,
    about_another,
    as_of,
    chart_of,
    drafts_of,
    medications_of,
    orders_in,
    patient_id,
)
from nephroline.interop.fhir import answer_as_fhir, read_fhir
from nephroline.interop.fhir.nodes import name_of
from nephroline.ordering import OrderAnswer, order
from nephroline.record import Record, read_record
from nephroline.selecting import consult
from nephroline.service.questions import Desk
from nephroline.service.store import Made
from nephroline.terms import Answer
from nephroline.yamlfile import listed

_MOST_ORDERS = 50


class HookAnswer(msgspec.Struct, frozen=True):
    """The cards of a call, and the decision behind them, to be kept."""

    cards: list[Card]
    made: Made | None = None


def answered(
    desk: Desk,
    request: HookRequest,
    fetched: Mapping[str, Any],
    absent: Mapping[str, str],
    links: list[HookLink],
    zone: tzinfo | None = None,
) -> HookAnswer:
    """The answer to a call, as of today if it names no earlier day.

    *zone* says what day it is (none: the server's own). *absent*: what the client's server does not hold,
    and why; it is told on a card. No other card where the chart tells of no disease that a pathway is about.
    """
    cards = CardMaker(f"{request.hook}/{request.hook_instance}/{patient_id(request)}", links)
    today = as_of(request, datetime.now(UTC).astimezone(zone).date())
    left = [f"not read: {key}: {why}" for key, why in absent.items()]
    beside = [cards.unjudged("Nephroline could not read some of the data", left)] if left else []
    try:
        data = read_fhir(chart_of(request, fetched), desk.base.catalogue, desk.codes).record
        if left:
            data["unread"] = [*listed(data.get("unread")), *left]
        record = read_record(data, desk.base.catalogue)
    except RecordError as bad:
        told = [str(problem) for problem in bad.problems]
        return HookAnswer([cards.unjudged("Nephroline cannot read this chart", told), *beside])
    if not _concerned(record, desk):
        return HookAnswer(beside)
    answer = consult(record, desk.base, today.isoformat())
    if not record.biopsies and answer.answer.kind in (Answer.NOT_APPLICABLE, Answer.NOTHING_APPLIES):
        return HookAnswer(beside)
    orders: list[OrderAnswer] = []
    if request.hook == Hook.PATIENT_VIEW:
        written = answer_as_fhir(answer, record, desk.base.catalogue, desk.codes, recorded=datetime.now(UTC))
        found = cards.of_answer(answer, _of_patient(written, request))
    else:
        found, orders = _orders(desk, record, request, cards, today)
    found += beside
    return HookAnswer(found, _made(answer, data, request, found, orders))


def _concerned(record: Record, desk: Desk) -> bool:
    """Whether a chart tells of a disease of the kidney at all: a biopsy, or a value it is judged by."""
    judged = {analyte.id for analyte in desk.base.catalogue.assessed}
    return bool(record.biopsies) or any(one.analyte in judged for one in record.observations)


def _orders(
    desk: Desk, record: Record, request: HookRequest, cards: CardMaker, today: date
) -> tuple[list[Card], list[OrderAnswer]]:
    """The cards of draft orders, and how each was judged. What is not judged is told, each on one card."""
    found: list[Card] = []
    judged: list[OrderAnswer] = []
    unjudged: list[str] = []
    others, drafts = medications_of(request), drafts_of(request)
    for draft in drafts[:_MOST_ORDERS]:
        if about_another(draft, request):
            why = f"{name_of(draft)} is an order for another patient than the one of this call"
            found.append(cards.unjudged("An order is for another patient", [why]))
            continue
        ordered = orders_in(draft, others, desk.base.catalogue, desk.codes, today)
        if not ordered:
            unjudged.append(f"{name_of(draft)}: it names no drug that is known here")
        for text, printed in ordered:
            answer, undosed = _judged(record, desk, text, printed, today)
            judged.append(answer)
            if answer.verdict == "not-judged":
                unjudged.append(f"{answer.order}: {'; '.join(answer.because)}")
            card = cards.of_order(answer, name_of(draft) if draft.get("id") else "")
            if card is not None:
                found.append(card)
            if undosed:
                found.append(cards.undosed(answer.order, undosed))
    unjudged += [f"{name_of(draft)}: more than are judged at once" for draft in drafts[_MOST_ORDERS:]]
    if unjudged:
        found.append(cards.unjudged(f"Nephroline has not judged {len(unjudged)} of these orders", unjudged))
    return found, judged


def _judged(record: Record, desk: Desk, text: str, printed: str, today: date) -> tuple[OrderAnswer, str]:
    """An order judged; and its dose, where that charts write so and orders do not: then only its drug is."""
    try:
        return order(record, desk.base, text, today.isoformat()), printed
    except UsageError:
        drug, _, dose = text.partition(" ")
        return order(record, desk.base, drug, today.isoformat()), dose


def _of_patient(written: dict[str, Any], request: HookRequest) -> dict[str, Any]:
    """What is proposed, for the patient by the id of the client."""
    subject = {"reference": f"Patient/{patient_id(request)}"}
    for entry in written["entry"]:
        if "subject" in entry["resource"]:
            entry["resource"]["subject"] = subject
    return written


def _made(
    answer: Consultation,
    data: dict[str, Any],
    request: HookRequest,
    cards: list[Card],
    orders: list[OrderAnswer],
) -> Made:
    return Made.of(
        answer,
        data,
        request.hook,
        patient=patient_id(request),
        cards=[card.uuid for card in cards],
        orders=[msgspec.to_builtins(one) for one in orders],
    )
