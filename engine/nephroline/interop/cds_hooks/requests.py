"""A call of a service, read: whose chart, what was prefetched, and which orders are drafts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import msgspec

from nephroline.errors import UsageError, quoted
from nephroline.interop.cds_hooks.discovery import PATIENT
from nephroline.interop.cds_hooks.messages import Feedback, Hook, HookRequest
from nephroline.interop.fhir.nodes import Node, is_id, name_of, node, nodes, target, text
from nephroline.yamlfile import listed, mapping

_TOKEN = "{{context.patientId}}"  # noqa: S105 - a prefetch token of CDS Hooks
_ORDERS = ("MedicationRequest",)
_REQUESTS = msgspec.json.Decoder(HookRequest, float_hook=Decimal)
_FEEDBACK = msgspec.json.Decoder(Feedback)


def read_request(content: bytes, hook: Hook) -> HookRequest:
    """A call as it was sent. Raises: UsageError, with the field, if it is none for this hook."""
    try:
        found = _REQUESTS.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ArithmeticError) as bad:
        raise UsageError.of(f"no CDS Hooks request: {bad}", "send what CDS Hooks 2.0 describes") from None
    if found.hook != hook:
        raise UsageError.of(
            f"hook: this service is called for {hook}, not {quoted(found.hook)}",
            "call the service of the hook",
        )
    if not found.hook_instance.strip():
        raise UsageError.of("hookInstance: it is empty", "send a UUID for each call")
    if not is_id(patient_id(found)):
        raise UsageError.of(
            "context.patientId: no id of a patient", "send the FHIR id of the patient in the context"
        )
    sent = mapping((found.prefetch or {}).get(PATIENT))
    if sent and text(sent, "resourceType") == "Patient" and text(sent, "id") != patient_id(found):
        raise UsageError.of(
            "prefetch.patient: another patient than that of the context", "send the patient of the context"
        )
    if hook is not Hook.PATIENT_VIEW and not mapping(found.context.get("draftOrders")):
        raise UsageError.of("context.draftOrders: no Bundle", "send the draft orders as a Bundle")
    return found


def read_feedback(content: bytes) -> Feedback:
    """Feedback as it was sent. Raises: UsageError if it is none."""
    try:
        return _FEEDBACK.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as bad:
        raise UsageError.of(f"no feedback: {bad}", "send what CDS Hooks 2.0 describes") from None


def patient_id(request: HookRequest) -> str:
    """The id of the patient of a call, without the kind."""
    return text(request.context, PATIENT + "Id").removeprefix("Patient/")


def as_of(request: HookRequest, today: date) -> date:
    """The day of the answer: today, unless the call names an earlier one. Raises: UsageError."""
    told = text(request.extension or {}, "org.nephroline", "asOf")
    if not told:
        return today
    try:
        found = date.fromisoformat(told)
    except ValueError:
        raise UsageError.of(f"extension: {quoted(told)} is no day", "give asOf as 2020-01-31") from None
    return min(found, today)


def missing_keys(request: HookRequest, templates: Mapping[str, str]) -> list[str]:
    """The prefetch keys that the client did not fill, or filled with an error.

    A key that is there and null says that there is no such resource; of the patient that is no answer.
    """
    prefetch = request.prefetch or {}
    return [
        key
        for key in templates
        if key not in prefetch
        or (key == PATIENT and not mapping(prefetch[key]))
        or is_partial(mapping(prefetch[key]))
    ]


def is_partial(part: Node) -> bool:
    """Whether a part is not all that was asked: an error, one that holds one, a page that others follow."""
    if text(part, "resourceType") == "OperationOutcome":
        return True
    follows = any(text(link, "relation") == "next" for link in nodes(part, "link"))
    return follows or any(map(_is_error, nodes(part, "entry")))


def _is_error(entry: Node) -> bool:
    resource = mapping(entry.get("resource"))
    severities = {text(issue, "severity") for issue in nodes(resource, "issue")}
    return text(resource, "resourceType") == "OperationOutcome" and bool(severities & {"error", "fatal"})


def query(template: str, request: HookRequest) -> str:
    """A template with the patient of a call in it."""
    return template.replace(_TOKEN, patient_id(request))


def chart_of(request: HookRequest, fetched: Mapping[str, Any]) -> dict[str, Any]:
    """Everything that is known of the patient, as one Bundle: what was prefetched, and what was fetched."""
    parts = {**(request.prefetch or {}), **fetched}
    entries = [{"resource": resource} for part in parts.values() for resource in _resources(mapping(part))]
    return {"resourceType": "Bundle", "type": "collection", "entry": entries}


def _resources(part: Node) -> Iterator[Node]:
    """The resources of a prefetched part: of a Bundle its entries, without what tells of errors."""
    if text(part, "resourceType") != "Bundle":
        found = [part]
    else:
        found = [mapping(entry.get("resource")) for entry in nodes(part, "entry")]
    yield from (one for one in found if text(one, "resourceType") not in ("", "OperationOutcome"))


def drafts_of(request: HookRequest) -> list[Node]:
    """The draft orders of drugs that are to be judged: of a selection those that are selected."""
    bundle = mapping(request.context.get("draftOrders"))
    found = [one for one in _resources(bundle) if text(one, "resourceType") in _ORDERS]
    chosen = {target(str(one)) for one in listed(request.context.get("selections"))}
    if request.hook == Hook.ORDER_SELECT and chosen:
        names = {name_of(one) for one in _resources(bundle)}
        if not chosen <= names:
            raise UsageError.of(
                "context.selections: one is none of the draft orders", "name them as MedicationRequest/id"
            )
        found = [one for one in found if name_of(one) in chosen]
    return found


def medications_of(request: HookRequest) -> list[Node]:
    """The Medication resources among the draft orders, to which these may refer."""
    bundle = mapping(request.context.get("draftOrders"))
    return [one for one in _resources(bundle) if text(one, "resourceType") == "Medication"]


def about_another(draft: Node, request: HookRequest) -> bool:
    """Whether a draft is an order for somebody else."""
    subject = text(node(draft, "subject"), "reference")
    return bool(subject) and subject.rpartition("/")[2] != patient_id(request)
