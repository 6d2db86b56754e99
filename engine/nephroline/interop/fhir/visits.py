"""Visits, for the dates of what was noted in them and has none of its own."""

from __future__ import annotations

from collections.abc import Mapping

from nephroline.interop.fhir.drafting import Draft
from nephroline.interop.fhir.nodes import Node, name_of, node, nodes, target, text
from nephroline.interop.fhir.reading import Use
from nephroline.interop.fhir.times import day, period

_DATED: Mapping[str, tuple[tuple[str, ...], str]] = {
    "Observation": (("effective",), "effectiveDateTime"),
    "DiagnosticReport": (("effective",), "effectiveDateTime"),
    "Condition": (("onset", "abatement", "recorded"), "recordedDate"),
    "Procedure": (("performed",), "performedDateTime"),
    "MedicationRequest": (("authored",), "authoredOn"),
    "AllergyIntolerance": (("onset", "recorded", "lastOccurrence"), "recordedDate"),
    "Immunization": (("occurrence",), "occurrenceDateTime"),
}
"""Of each kind of resource: how the elements begin that date it, and which takes the day of a visit."""
_OF_VISIT = {"coding": [{"code": "encounter-diagnosis"}]}
_CAME = ("in-progress", "onleave", "finished", "arrived", "triaged")
"""The statuses of a visit that took place."""


class Visits:
    """The visits of one patient; one use."""

    def __init__(self) -> None:
        self._days: dict[str, str] = {}
        self._dated: dict[str, list[str]] = {}
        self._why: dict[str, str] = {}
        self._diagnoses: set[str] = set()

    def note(self, visit: Node, address: str = "") -> None:
        """Keep the day of a visit; of one that took several, nobody knows the day of what was noted."""
        name, (start, end) = name_of(visit), period(node(visit, "period"))
        found = (text(one, "condition", "reference") for one in nodes(visit, "diagnosis"))
        self._diagnoses |= {target(reference) for reference in found if reference}
        twice = name in self._why
        self._why[name] = "it dates nothing, and no rule asks about visits"
        if text(visit, "status") not in _CAME:
            self._why[name] = f"its status is {text(visit, 'status') or 'not said'}"
        elif twice:
            # Of two visits of one name a reference to it means nobody knows which.
            self._days.pop(name, None)
        elif day(start) and day(start) == day(end):
            dated: list[str] = []
            for known_as in filter(None, (name, address)):
                self._days[known_as], self._dated[known_as] = day(start), dated

    def dated(self, resource: Node) -> Node:
        """A resource that has no date, with that of its visit, if it names one of a single day.

        A diagnosis of a visit is told to be one.
        """
        if not self._why:
            return resource
        if name_of(resource) in self._diagnoses:
            resource = {**resource, "category": [*nodes(resource, "category"), _OF_VISIT]}
        own, takes = _DATED.get(text(resource, "resourceType"), ((), ""))
        reference = text(resource, "encounter", "reference")
        plain = target(reference) if "://" not in reference else ""
        known = reference if reference in self._days else plain
        dated = any(element.lstrip("_").startswith(own) for element in resource)
        if not takes or known not in self._days or dated:
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
