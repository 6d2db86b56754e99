"""What this service offers, and which data it asks for: those that its rules ask, and no more."""

from __future__ import annotations

from collections.abc import Iterator

from nephroline.interop.cds_hooks.messages import Discovery, Hook, HookService
from nephroline.interop.fhir import Codes, TakenFor
from nephroline.pathway import RuleBase
from nephroline.record import WEIGHT

PATIENT = "patient"
"""The one prefetch key without which nothing can be answered."""
_ME = "{{context.patientId}}"
_MOST_CODES = 40
"""A query with more codes is longer than some servers take."""
_WHOLE = (
    *("Condition", "Procedure", "DiagnosticReport", "AllergyIntolerance"),
    *("MedicationRequest", "MedicationStatement", "MedicationAdministration"),
)
"""Kinds of resources that are asked for whatever their codes are: words count as well, and they are few."""
_OF_BODY = {WEIGHT, "height"}
"""What doses are worked out by."""
_INCLUDES = {
    "MedicationRequest": "&_include=MedicationRequest:medication",
    "MedicationStatement": "&_include=MedicationStatement:medication",
    "MedicationAdministration": "&_include=MedicationAdministration:medication",
}
_SERVICES = {
    Hook.PATIENT_VIEW: (
        "Nephroline: the next line of therapy",
        "When a chart is opened: the next line, what has failed, what must not be given, what is missing",
    ),
    Hook.ORDER_SELECT: (
        "Nephroline: may this be ordered",
        "Judges each drug that is selected as if it were begun: what forbids it, its dose, what comes first",
    ),
    Hook.ORDER_SIGN: (
        "Nephroline: may this be signed",
        "Judges each drug among the orders to be signed as if it were begun",
    ),
}
_REQUIREMENTS = (
    "Prefetch, or a FHIR R4 server that the given token opens; without the resources of the patient "
    "answer is 412."
)


def service_id(hook: Hook) -> str:
    """The id of the service for a hook."""
    return f"nephroline-{hook}"


def hook_of(service: str) -> Hook | None:
    """The hook for which a service is called; none if there is no such service."""
    return next((hook for hook in Hook if service_id(hook) == service), None)


def discovery(base: RuleBase, templates: dict[str, str]) -> Discovery:
    """What the discovery endpoint answers for some rules, with their prefetch templates."""
    catalogue = base.catalogue
    diseases = sorted({catalogue.diagnoses[head.disease].title for head in base.heads.values()})
    services = [
        HookService(
            hook=hook,
            title=title,
            description=f"{description} ({', '.join(diseases)}).",
            id=service_id(hook),
            prefetch=templates,
            usage_requirements=_REQUIREMENTS,
        )
        for hook, (title, description) in _SERVICES.items()
    ]
    return Discovery(services=services)


def prefetch_templates(base: RuleBase, codes: Codes) -> dict[str, str]:
    """The queries that give what the rules ask: of observations by their codes, of the rest by its kind."""
    found = {PATIENT: f"Patient/{_ME}"}
    asked = sorted(_codes_asked(base, codes))
    parts = (asked[first : first + _MOST_CODES] for first in range(0, len(asked), _MOST_CODES))
    for number, part in enumerate(parts, 1):
        found[f"observations{number}"] = f"Observation?patient={_ME}&code={','.join(part)}"
    for kind in _WHOLE:
        key = f"{kind[0].lower()}{kind[1:]}s"
        found[key] = f"{kind}?patient={_ME}{_INCLUDES.get(kind, '')}"
    return found


def analytes_asked(base: RuleBase) -> frozenset[str]:
    """The analytes of which some pathway asks, judges by or computes with."""
    catalogue = base.catalogue
    names = {
        argument.name
        for pathway in map(base.pathway, base.pathway_ids)
        for question in pathway.nodes.questions.values()
        for argument in question.arguments
        if not argument.threshold
    }
    judged = {analyte.id for analyte in catalogue.assessed}
    levels = {analyte.id for analyte in catalogue.analytes.values() if analyte.level_of is not None}
    computed = {formula.source_analyte for formula in catalogue.formulas.values()}
    return frozenset((names & catalogue.analytes.keys()) | judged | levels | computed | _OF_BODY)


def _codes_asked(base: RuleBase, codes: Codes) -> Iterator[str]:
    """The codes of observations, in the systems of others, each as ``system|code``."""
    analytes = analytes_asked(base)
    for (system, code), meaning in codes.table.items():
        if system.startswith("urn:") or not isinstance(meaning, TakenFor):
            continue
        of_value = meaning.kind == "analyte" and meaning.id in analytes
        if of_value or meaning.kind in ("test", "panel"):
            yield f"{system}|{code}"
