"""A call of CDS Hooks, answered: the chart read, the line or the orders judged, and the cards made."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
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
from nephroline.ordering import order
from nephroline.record import Record, read_record
from nephroline.selecting import consult
from nephroline.service.questions import Desk
from nephroline.service.store import Made
from nephroline.terms import Answer
from nephroline.yamlfile import listed

_MOST_ORDERS = 20


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
) -> HookAnswer:
    """The answer to a call, as of today if it names no earlier day.

    *absent*: what the client's server does not hold, and why. No card where the chart tells of no disease of
    which a pathway speaks.
    """
    cards = CardMaker(f"{request.hook}/{request.hook_instance}", links)
    today = as_of(request, datetime.now().astimezone().date())
    bundle = chart_of(request, fetched)
    try:
        data = read_fhir(bundle, desk.base.catalogue, desk.codes).record
        if absent:
            left = (f"not read: {key}: {why}" for key, why in absent.items())
            data["unread"] = [*listed(data.get("unread")), *left]
        record = read_record(data, desk.base.catalogue)
    except RecordError as bad:
        told = [str(problem) for problem in bad.problems]
        return HookAnswer([cards.unjudged("Nephroline cannot read this chart", told)])
    if not _concerned(record, desk):
        return HookAnswer([])
    answer = consult(record, desk.base, today.isoformat())
    if not record.biopsies and answer.answer.kind in (Answer.NOT_APPLICABLE, Answer.NOTHING_APPLIES):
        return HookAnswer([])
    if request.hook == Hook.PATIENT_VIEW:
        written = answer_as_fhir(answer, record, desk.base.catalogue, desk.codes, recorded=datetime.now(UTC))
        found = cards.of_answer(answer, _of_patient(written, request))
    else:
        found = _orders(desk, record, request, cards, today)
    if not found:
        return HookAnswer([])
    return HookAnswer(found, _made(answer, data, request, found))


def _concerned(record: Record, desk: Desk) -> bool:
    """Whether a chart tells of a disease of the kidney at all: a biopsy, or a value it is judged by."""
    judged = {analyte.id for analyte in desk.base.catalogue.assessed}
    return bool(record.biopsies) or any(one.analyte in judged for one in record.observations)


def _orders(desk: Desk, record: Record, request: HookRequest, cards: CardMaker, today: date) -> list[Card]:
    found: list[Card] = []
    others = medications_of(request)
    for draft in drafts_of(request)[:_MOST_ORDERS]:
        if about_another(draft, request):
            why = f"{name_of(draft)} is an order for another patient than the one of this call"
            found.append(cards.unjudged("An order is for another patient", [why]))
            continue
        for text in orders_in(draft, others, desk.base.catalogue, desk.codes, today):
            try:
                answer = order(record, desk.base, text, today.isoformat())
            except UsageError:
                # A dose that charts write and orders do not: the drug is judged without it.
                answer = order(record, desk.base, text.partition(" ")[0], today.isoformat())
            card = cards.of_order(answer, name_of(draft))
            if card is not None:
                found.append(card)
    return found


def _of_patient(written: dict[str, Any], request: HookRequest) -> dict[str, Any]:
    """What is proposed, for the patient by the id of the client."""
    subject = {"reference": f"Patient/{patient_id(request)}"}
    for entry in written["entry"]:
        if "subject" in entry["resource"]:
            entry["resource"]["subject"] = subject
    return written


def _made(answer: Consultation, data: dict[str, Any], request: HookRequest, cards: list[Card]) -> Made:
    return Made(
        patient=patient_id(request),
        record=data,
        answer=msgspec.to_builtins(answer),
        as_of=answer.as_of.label,
        pathway=answer.pathway.id,
        digest=answer.pathway.digest,
        engine=answer.engine.version,
        asked_by=request.hook,
        cards=[card.uuid for card in cards],
    )
