"""FHIR resources as plain JSON: what stands in them, whatever else may be wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, cast

from nephroline.yamlfile import listed, mapping

Node = Mapping[str, Any]
"""A resource or an element of one."""
Resource = dict[str, Any]
"""A resource, or an element of one, that is written."""
HL7 = "http://terminology.hl7.org/CodeSystem/"
UCUM = "http://unitsofmeasure.org"


def node(parent: Node, *names: str) -> Node:
    """The element at a path of names; empty where there is none."""
    found: Node = parent
    for name in names:
        found = mapping(found.get(name))
    return found


def nodes(parent: Node, name: str) -> list[Node]:
    """The elements of a list; one that stands alone counts as a list of one."""
    value = parent.get(name)
    if not value:
        return []
    return [mapping(item) for item in (listed(value) if isinstance(value, list) else [value]) if item]


def text(parent: Node, *names: str) -> str:
    """The text or number at a path of names; empty where there is none."""
    value: Any = parent.get(names[0])
    for name in names[1:]:
        value = cast("Node", value).get(name) if isinstance(value, dict) else None
    if isinstance(value, str):
        return value.strip()
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, float):
        # Of a resource that somebody else has read already.
        value = Decimal(repr(value))
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() and abs(value.adjusted()) < _DIGITS else ""
    return str(value) if isinstance(value, int) else ""


_DIGITS = 30
"""A number of more digits is none that anybody has measured."""


def name_of(resource: Node) -> str:
    """How a resource is named to the reader: ``Observation/42``."""
    return f"{text(resource, 'resourceType') or 'resource'}/{text(resource, 'id') or '(no id)'}"


def is_id(name: str) -> bool:
    """Whether a name can be the id of a resource."""
    return _ID.fullmatch(name) is not None


NOBODY = "unknown"
"""The id of a record of which no resource names the patient."""
_ID = re.compile(r"[A-Za-z0-9.-]{1,64}")


def target(reference: str) -> str:
    """The type and id at the end of a reference, whatever server or version it names: ``Patient/42``."""
    plain = reference.partition("/_history")[0].removeprefix("urn:uuid:")
    return "/".join(plain.split("/")[-2:])


def denied(said: str) -> bool:
    """Whether words deny or doubt what they name: no known allergy to it, not a trough, excluded."""
    return _DENIED.search(said) is not None


_DENIED = re.compile(
    r"\b(?:no|not(?! tolerat)|never|none|without|denies|denied|negative|excluded?|excludes|rule[ds]? out|"
    r"unlikely|tolerates|nkda|kein\w*|ohne|nicht(?! vertr)|suspected|suspicion|possible|probable|v\.? ?a|"
    r"pas de?|geen|nega|negad[oa]|sem|sin|não|niet|disproved|delabel\w+)\b|\bpas d['’]|\bin error\b",
    re.IGNORECASE,
)


def doubted(said: str) -> bool:
    """Whether words that name a disease deny it, only suspect it, or tell of a risk or a test for it.

    They do so at their beginning or end: ``without complications`` denies no diabetes.
    """
    return _DOUBTED.search(said) is not None


_DOUBTED = re.compile(
    r"^\W*(?:no|not|never|none|without|denies|exclu\w+|r/o|kein\w*|ohne|pas de?|geen|sem|sin|não|niet|"
    r"nicht(?! (?:primär|näher|\w+abhängig))|ausschluss|"
    r"suspicio\w+|possible|probable|presumed|presumptive|query|question\w*|differential|dd|"
    r"at risk|risk (?:of|for)|screening|contact|exposure|immunity)\b|^\W*\?|\?\W*$|\?(?= )|^\W*pas d['’]|"
    r"\b(?:exclu(?:ded|sion)|rul(?:e|ed|ing) out|not (?:confirmed|found|present|seen|detected|done|needed)|"
    r"does not have|unlikely|suspected|ausgeschlossen|verdacht|absent|absence|negative|denied|declined|"
    r"refused|resolved|in remission|evaluation for|v\.? ?a|z\.? ?a|rule[ds]?-out|in error|screening|"
    r"likely|working diagnosis|drohend\w*|threatened|s/o|donor|non-?\w+ic|"
    r"concern(?:ing|s)? for|to be confirmed|evaluate for|unklar\w*|nicht gesichert|risk assessment|"
    r"prevention|prophyla\w+|\w+prophylaxe|risque|risco|riesgo|exclu[ea]?s?|descartad[oa]|écarté\w*|"
    r"non retenu\w*|uitgesloten|impaired|"
    r"fraglich\w*|möglich\w*|(?:un)?wahrscheinlich\w*|ausschlu(?:ss|ß)\w*|ausschlie(?:ss|ß)\w*|abklär\w*|"
    r"abzuklären\w*|verdachts\w*|verd|nein|verneint)\b|[(:-] *(?:no|possible|probable)\W*$",
    re.IGNORECASE,
)


def codings(concept: Node) -> Iterator[tuple[str, str]]:
    """The codes of a CodeableConcept with their systems."""
    for coding in nodes(concept, "coding"):
        code = text(coding, "code")
        if code:
            yield text(coding, "system"), code


def words(concept: Node) -> list[str]:
    """What a CodeableConcept says in words, its own text first."""
    found = [text(concept, "text"), *(text(coding, "display") for coding in nodes(concept, "coding"))]
    return list(dict.fromkeys(filter(None, found)))


def title_of(concept: Node) -> str:
    """What a concept is called: its first words, else its codes."""
    return next(iter(words(concept)), "") or ", ".join(code for _, code in codings(concept)) or "no code"


def status(resource: Node, name: str, known: Iterable[str]) -> str:
    """A status of some codes, in whatever coding or words it stands; ``?`` if it has another, or several."""
    said = [text(resource, name)]
    for concept in nodes(resource, name):
        said += [*(code for _, code in codings(concept)), *words(concept)]
    plain = [one.lower() for one in said if one]
    found = {one for one in plain if one in known}
    return found.pop() if len(found) == 1 else "?" if plain else ""
