"""The messages of CDS Hooks 2.0, as they are sent and received.

Field names are those of the specification (https://cds-hooks.hl7.org/2.0/), in its spelling when written.
Nothing that is empty is sent, as it asks, but the list of cards.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Literal

import msgspec

Indicator = Literal["info", "warning", "critical"]
"""How urgent a card is, in order of increasing urgency."""

MOST_SUMMARY = 139
"""A summary is shorter than 140 characters."""


class Message(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """What all messages share: camel case, and nothing that is empty."""


class Hook(StrEnum):
    """The hooks on which this service is called."""

    PATIENT_VIEW = "patient-view"
    ORDER_SELECT = "order-select"
    ORDER_SIGN = "order-sign"


class HookService(Message, frozen=True):
    """A service as the discovery describes it."""

    hook: Hook
    title: str
    description: str
    id: str
    prefetch: dict[str, str]
    usage_requirements: str


class Discovery(Message, frozen=True):
    """The answer of the discovery."""

    services: list[HookService]


class Authorization(Message, frozen=True, rename=None):
    """A token with which the client's FHIR server may be read."""

    access_token: str
    token_type: str = "Bearer"  # noqa: S105 - the name of a scheme
    expires_in: int = 0
    scope: str = ""
    subject: str = ""


class HookRequest(Message, frozen=True):
    """A call of a service. `prefetch`: for each key a resource, or null where there is none.

    `extension`: under ``org.nephroline`` an object whose ``asOf`` is the day of the answer, if not today.
    """

    hook: str
    hook_instance: str
    context: dict[str, Any]
    fhir_server: str = ""
    fhir_authorization: Authorization | None = None
    prefetch: dict[str, Any] | None = None
    extension: dict[str, Any] | None = None


class HookCoding(Message, frozen=True):
    """A code of a code system, in words."""

    code: str
    system: str
    display: str


class HookSource(Message, frozen=True):
    """On whose authority a card speaks."""

    label: str
    topic: HookCoding | None = None


class HookAction(Message, frozen=True):
    """What a suggestion does: a resource that is created, or one that is deleted, by its id."""

    type: Literal["create", "delete"]
    description: str
    resource: Mapping[str, Any] | None = None
    resource_id: str = ""


class Suggestion(Message, frozen=True):
    """What can be done by one click."""

    label: str
    uuid: str
    actions: list[HookAction]
    is_recommended: bool = False


class HookLink(Message, frozen=True, omit_defaults=False):
    """Where more can be read."""

    label: str
    url: str
    type: Literal["absolute"] = "absolute"


class Card(Message, frozen=True, omit_defaults=False):
    """What is shown to the clinician; `detail` is GitHub Flavored Markdown."""

    uuid: str
    summary: str
    indicator: Indicator
    source: HookSource
    detail: str | msgspec.UnsetType = msgspec.UNSET
    suggestions: list[Suggestion] | msgspec.UnsetType = msgspec.UNSET
    selection_behavior: Literal["at-most-one", "any"] | msgspec.UnsetType = msgspec.UNSET
    override_reasons: list[HookCoding] | msgspec.UnsetType = msgspec.UNSET
    links: list[HookLink] | msgspec.UnsetType = msgspec.UNSET


class Cards(Message, frozen=True, omit_defaults=False):
    """The answer to a call; without a card there is no advice."""

    cards: list[Card]


class Accepted(Message, frozen=True):
    """A suggestion that was accepted."""

    id: str


class Override(Message, frozen=True):
    """Why a card was overridden, in a code of the card or in the clinician's words."""

    reason: dict[str, Any] = {}
    user_comment: str = ""


class FeedbackItem(Message, frozen=True):
    """What became of one card."""

    card: str
    outcome: Literal["accepted", "overridden"]
    outcome_timestamp: str
    accepted_suggestions: list[Accepted] = []
    override_reason: Override | None = None


class Feedback(Message, frozen=True):
    """What became of the cards of a service."""

    feedback: list[FeedbackItem]


def shortened(text: str) -> str:
    """A text as a summary: in one line, shorter than 140 characters."""
    plain = " ".join(text.split())
    return plain if len(plain) <= MOST_SUMMARY else f"{plain[: MOST_SUMMARY - 2].rstrip()} …"
