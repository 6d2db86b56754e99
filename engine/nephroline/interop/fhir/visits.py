"""Visits, for the dates of what was noted in them and has none of its own."""

from __future__ import annotations

from collections.abc import Mapping

from nephroline.interop.fhir.drafting import Draft
from nephroline.interop.fhir.nodes import Node, name_of, node, target, text
from nephroline.interop.fhir.reading import Use
from nephroline.interop.fhir.times import day, period

_DATED: Mapping[str, tuple[tuple[str, ...], str]] = {
    "Observation": (("effectiveDateTime", "effectiveInstant", "effectivePeriod"), "effectiveDateTime"),
    "DiagnosticReport": (("effectiveDateTime", "effectivePeriod"), "effectiveDateTime"),
    "Condition": (
        ("onsetDateTime", "onsetPeriod", "onsetAge", "onsetRange", "onsetString", "recordedDate"),
        "recordedDate",
    ),
    "Procedure": (("performedDateTime", "performedPeriod", "performedString"), "performedDateTime"),
    "MedicationRequest": (("authoredOn",), "authoredOn"),
    "AllergyIntolerance": (("onsetDateTime", "recordedDate", "lastOccurrence"), "recordedDate"),
    "Immunization": (("occurrenceDateTime", "occurrenceString"), "occurrenceDateTime"),
}
"""For each kind of resource the elements that date it, and the one that takes the day of its visit."""
_CAME = ("in-progress", "onleave", "finished", "arrived", "triaged")
"""The statuses of a visit that took place."""


class Visits:
    """The visits of one patient; one use."""

    def __init__(self) -> None:
        self._days: dict[str, str] = {}
        self._dated: dict[str, list[str]] = {}
        self._why: dict[str, str] = {}

    def note(self, visit: Node, address: str = "") -> None:
        """Keep the day of a visit; of one that took several, nobody knows the day of what was noted."""
        name, (start, end) = name_of(visit), period(node(visit, "period"))
        self._why[name] = "it dates nothing, and no rule asks about visits"
        if text(visit, "status") not in _CAME:
            self._why[name] = f"its status is {text(visit, 'status') or 'not said'}"
        elif day(start) and day(start) == day(end):
            dated: list[str] = []
            for known_as in filter(None, (name, address)):
                self._days[known_as], self._dated[known_as] = day(start), dated

    def dated(self, resource: Node) -> Node:
        """A resource that has no date, with that of its visit, if it names one of a single day."""
        own, takes = _DATED.get(text(resource, "resourceType"), ((), ""))
        reference = text(resource, "encounter", "reference")
        known = reference if reference in self._days else target(reference)
        if not takes or known not in self._days or any(element in resource for element in own):
            return resource
        self._dated[known].append(name_of(resource))
        return {**resource, takes: self._days[known]}

    def tell(self, draft: Draft) -> None:
        """Say what became of every visit."""
        for name, why in self._why.items():
            dated = self._dated.get(name, [])
            if dated:
                draft.tell(name, Use.USED, f"the date of {', '.join(dated)} ({self._days[name]})")
            else:
                draft.tell(name, Use.LEFT_OUT, because=why)
