"""CDS Hooks 2.0 (https://cds-hooks.hl7.org/2.0/): what is offered, how a call is read, and its cards."""

from nephroline.interop.cds_hooks.cards import CardMaker
from nephroline.interop.cds_hooks.discovery import (
    PATIENT,
    analytes_asked,
    discovery,
    hook_of,
    prefetch_templates,
    service_id,
)
from nephroline.interop.cds_hooks.drafts import orders_in
from nephroline.interop.cds_hooks.messages import (
    Authorization,
    Card,
    Cards,
    Discovery,
    Feedback,
    FeedbackItem,
    Hook,
    HookLink,
    HookRequest,
)
from nephroline.interop.cds_hooks.requests import (
    about_another,
    as_of,
    chart_of,
    drafts_of,
    is_partial,
    medications_of,
    missing_keys,
    patient_id,
    query,
    read_feedback,
    read_request,
)

__all__ = [
    "PATIENT",
    "Authorization",
    "Card",
    "CardMaker",
    "Cards",
    "Discovery",
    "Feedback",
    "FeedbackItem",
    "Hook",
    "HookLink",
    "HookRequest",
    "about_another",
    "analytes_asked",
    "as_of",
    "chart_of",
    "discovery",
    "drafts_of",
    "hook_of",
    "is_partial",
    "medications_of",
    "missing_keys",
    "orders_in",
    "patient_id",
    "prefetch_templates",
    "query",
    "read_feedback",
    "read_request",
    "service_id",
]
