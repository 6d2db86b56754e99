"""Observations: laboratory values, vital signs, and tests that say whether a condition is there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Context, Decimal
from functools import lru_cache
from typing import NamedTuple

from nephroline.catalogue import Analyte, Catalogue, phrase, spelling
from nephroline.exact import Fraction
from nephroline.interop.fhir.codes import Codes, Left, TakenFor
from nephroline.interop.fhir.conditions import Asserted, of_others
from nephroline.interop.fhir.dosages import THOUSANDS
from nephroline.interop.fhir.drafting import NotUsed
from nephroline.interop.fhir.nodes import Node, codings, denied, node, nodes, text, title_of, words
from nephroline.interop.fhir.times import effective
from nephroline.quantities import QuantityError, decimal_text, number, parse

_USED = ("final", "amended", "corrected", "preliminary")
# Words of laboratories, and the SNOMED CT codes that stand for them in results.
_POSITIVE = frozenset(
    (
        *("positive", "detected", "reactive", "present", "pos", "yes", "+", "positiv", "reaktiv"),
        *("positif", "positivo", "positiva", "positief", "réactif", "reativo", "reactivo"),
        *("10828004", "260373001", "11214006", "52101004"),
    )
)
_NEGATIVE = frozenset(
    (
        *("negative", "not detected", "non-reactive", "nonreactive", "none detected", "undetected", "absent"),
        *(
            "undetectable",
            "neg",
            "neg.",
            "no",
            "non reactive",
            "negativ",
            "nicht reaktiv",
            "nicht nachweisbar",
            "négatif",
            "négative",
            "negativo",
            "negativa",
            "negatief",
            "non réactif",
            "não reativo",
            "no reactivo",
            "260385009",
            "260415000",
            "131194007",
            "2667000",
            "272519000",
        ),
    )
)
_TROUGH = re.compile(r"\b(?:trough|pre[- ]?dose|talspiegel|dalspiegel|taux résiduel|c0)\b", re.IGNORECASE)
_HALF_A_DAY = re.compile(r"\b1[123](?:[.,]\d)? ?(?:h|hrs?|hours?|std|stunden?)\b", re.IGNORECASE)
"""The time after a dose at which a trough is taken."""
_AFTER_DOSE = re.compile(r"\b(?:post[- ]?dose|after (?:the )?(?:\w+ )?dose|peak|c2)\b", re.IGNORECASE)
_TROUGH_DENIED = re.compile(r"\b(?:not|no|kein) (?:a )?(?:trough|talspiegel)\b", re.IGNORECASE)
_NO_TROUGH = re.compile(
    r"range|target|post|peak|after|unknown|unbekannt|yesterday|bereich|\d ?(?:h|hrs?|hours?|std|stunden?)\b|"
    r"\?|invalid|h(?:a)?emoly|missed|request|vergessen|following|nach\b|late\b|already|angefordert|ordered|non-?trough|c2\b|bereits|\btook\b|pending",
    re.IGNORECASE,
)
"""Words by which a note that names a trough does not say that this level is one."""
_URINE = re.compile(
    r"\b(?:urin\w*|harn\w*|orina|ascit\w*|aszites\w*|liquor|csf|cerebrospinal|peritone\w*|pleura\w*|drain\w*|"
    r"dialysate|dialysat)\b",
    re.IGNORECASE,
)
"""Words of another fluid than blood."""
_NOT_MEASURED = re.compile(
    r"\b(?:goal|ideal|birth|baby|newborn|fetal|fetus|target|wunsch\w*|ziel\w*|geburt\w*)\b", re.IGNORECASE
)
_WHERE = re.compile(r"\b(?:serum|plasma|blood|level|measurement|total|im|in)\b", re.IGNORECASE)
_DIGITS, _MEASURED = 16, 12
_NO_UNIT = ("1", "{ratio}")
_PER_NORMAL = "ULN"


class Value(NamedTuple):
    """One value of an observation: of which analyte, at what time, and as the record writes it."""

    analyte: str
    at: str
    written: str
    printed: str = ""
    note: str = ""


class Tested(NamedTuple):
    """What a test says of a condition: it is there, it is not, or that is not known; `test`: which one."""

    condition: str
    at: str
    present: bool | None
    printed: str
    test: str = ""


Found = Value | Tested | Asserted | NotUsed


def observed(resource: Node, codes: Codes, catalogue: Catalogue) -> Iterator[Found]:
    """What an Observation says, with its components."""
    state = text(resource, "status")
    if state not in _USED:
        yield NotUsed(f"its status is {state or 'not said'}")
        return
    at = effective(resource)
    reader = _ValueReader(resource, codes, catalogue, at, state)
    parts = nodes(resource, "component")
    own = list(reader.read(resource))
    answered = any(not isinstance(one, NotUsed) for one in own)
    valued = any(key.startswith("value") for key in resource)
    if not parts or answered or valued:
        yield from own
    for part in parts:
        yield from reader.read(part)
    if not parts and not answered and nodes(resource, "hasMember"):
        yield NotUsed("a panel: its members are read")


@lru_cache(maxsize=4096)
def _called(said: str) -> tuple[str, str]:
    """What words call a value, also without where it was measured; a chart says few things many times."""
    return spelling(said), spelling(_WHERE.sub(" ", said))


class _ValueReader:
    """Reads the values of one Observation; one use."""

    def __init__(self, resource: Node, codes: Codes, catalogue: Catalogue, at: str, state: str) -> None:
        self._codes, self._catalogue, self._at = codes, catalogue, at
        self._note, self._resource = ("" if state == "final" else state), resource

    def read(self, element: Node) -> Iterator[Found]:
        """The value of the observation itself, or of one component."""
        concept = node(element, "code")
        title = title_of(concept)
        meaning = self._codes.best(concept)
        if isinstance(meaning, TakenFor) and any(map(of_others, words(concept))):
            yield NotUsed(f"{title}: of the family, not of the patient", odd=True)
        elif isinstance(meaning, Left):
            yield NotUsed(f"{title}: looks like {meaning.like} and is not: {meaning.because}")
        elif meaning is None and any(map(self._is_named, words(concept))):
            yield NotUsed(f"{title}: named as a value that rules read, under no code known here", odd=True)
        elif meaning is None:
            yield NotUsed(f"{title}: no rule reads it")
        elif meaning.kind == "panel":
            yield NotUsed(f"{title}: a panel, its parts are read")
        elif not self._at:
            yield NotUsed(f"{title}: it has no date", odd=True)
        elif meaning.kind == "analyte" and any(
            self._of_else(meaning.id, said) for said in (*words(concept), *self._specimen())
        ):
            yield NotUsed(f"{title}: its words tell of something else than its code", odd=True)
        elif meaning.kind == "test":
            yield self._test(element, meaning, title)
        elif meaning.kind in ("analyte", "sign"):
            yield self._value(element, meaning, title)
        elif meaning.kind == "condition":
            yield self._test(element, TakenFor("test", meaning.id, tells="both"), title)
        elif meaning.kind == "absent":
            yield self._absence(element, meaning, title)
        elif meaning.kind == "finding" and isinstance(element.get("valueBoolean"), bool):
            yield Asserted(meaning.id, self._at, element["valueBoolean"], title)
        else:
            yield NotUsed(f"{title}: a code of another kind of resource", odd=True)

    def _is_named(self, said: str) -> bool:
        """Whether words name an analyte of the catalogue, perhaps with where it was measured."""
        names = self._catalogue.analyte_names
        return any(one in names for one in _called(said))

    def _specimen(self) -> list[str]:
        """What the specimen is called, inside the resource or by its reference."""
        inside = {f"#{text(one, 'id')}": one for one in nodes(self._resource, "contained")}
        specimen = node(self._resource, "specimen")
        kind = node(inside.get(text(specimen, "reference"), {}), "type")
        return [*filter(None, [text(specimen, "display")]), *words(kind)]

    def _about(self) -> list[str]:
        """What the observation says in words beside its value."""
        concepts = (node(self._resource, "code"), node(self._resource, "method"))
        notes = (text(note, "text") for note in nodes(self._resource, "note"))
        return [*(said for one in concepts for said in words(one)), *notes]

    def _of_else(self, analyte: str, said: str) -> bool:
        """Whether words tell of a goal or a birth, or of urine where the code does not."""
        of_urine = _URINE.search(said) is not None and "uri" not in self._catalogue.analytes[analyte].title
        return of_urine or _NOT_MEASURED.search(said) is not None

    def _value(self, element: Node, meaning: TakenFor, title: str) -> Found:
        analyte = self._catalogue.analytes[meaning.id]
        about = self._about()
        sentences = (part for one in about for part in re.split(r"[.;](?!\d)", one))
        said = [one for one in sentences if _TROUGH.search(one)]
        doubted = any(denied(one) or _NO_TROUGH.search(_HALF_A_DAY.sub(" ", one)) for one in said)
        if meaning.only == "trough" and (not said or doubted):
            return NotUsed(f"{title}: nothing says that the level is a trough", odd=True)
        is_trough = analyte.id in self._catalogue.levels
        if is_trough and any(_AFTER_DOSE.search(one) or _TROUGH_DENIED.search(one) for one in about):
            return NotUsed(f"{title}: its words say that the level is no trough", odd=True)
        absent = ", ".join(words(node(element, "dataAbsentReason")))
        if absent or status_of_absence(element):
            return NotUsed(f"{title}: no value ({absent or status_of_absence(element)})")
        quantity = node(element, "valueQuantity")
        if quantity:
            if meaning.only == "words":
                return NotUsed(
                    f"{title}: a number of another test than the one whose limits are printed", odd=True
                )
            return self._number(element, quantity, analyte, title)
        spoken = _said(element)
        if not spoken:
            return NotUsed(f"{title}: it has no value that can be read", odd=True)
        for word in spoken:
            known = analyte.meaning.get(phrase(word))
            if known is not None:
                return Value(analyte.id, self._at, known, word if word != known else "", self._note)
        for word in spoken:
            if THOUSANDS.match(word.lstrip("<>=≤≥ ")):
                return NotUsed(f"{title}: {word!r} may hold a thousand or a decimal", odd=True)
            try:
                parse(word, self._catalogue.units, accepted=analyte.units)
            except QuantityError:
                continue
            return Value(analyte.id, self._at, word, "", self._note)
        return NotUsed(f"{title}: {spoken[0]!r} is no value of {analyte.title} that can be read", odd=True)

    def _number(self, element: Node, quantity: Node, analyte: Analyte, title: str) -> Found:
        written = _quantity(quantity)
        if not written:
            return NotUsed(f"{title}: its quantity has no number", odd=True)
        tried = [text(quantity, "code"), text(quantity, "unit")]
        read = [self._catalogue.units.get(_plain(unit)) for unit in tried]
        if read[0] is not None and read[1] is not None and read[0].code != read[1].code:
            return NotUsed(
                f"{title} {written}: its unit is {tried[0]} by code, {tried[1]} in words", odd=True
            )
        tried += [_plain(unit) for unit in tried]
        for high in nodes(element, "referenceRange"):
            # A range of normal often tells the unit that the value leaves out.
            if not any(tried):
                tried += [text(high, "high", "code"), text(high, "high", "unit"), text(high, "low", "unit")]
        for unit in dict.fromkeys(filter(None, tried)):
            if unit in _NO_UNIT:
                continue
            value = f"{written} {unit}"
            try:
                parse(value, self._catalogue.units, accepted=analyte.units)
            except QuantityError:
                continue
            return self._in_multiples(element, quantity, analyte, unit) or Value(
                analyte.id, self._at, value, "", self._note
            )
        unit = next(filter(None, tried), "")
        wrong = f"the unit {unit} is none of {analyte.title}" if unit else "it has no unit"
        return NotUsed(f"{title} {written}: {wrong}", odd=True)

    def _in_multiples(self, element: Node, quantity: Node, analyte: Analyte, unit: str) -> Value | None:
        """A value as a multiple of the upper limit of normal, for what is judged by it."""
        if analyte.units[0] != _PER_NORMAL or unit == _PER_NORMAL or text(quantity, "comparator"):
            return None
        for normal in filter(_of_the_healthy, nodes(element, "referenceRange")):
            high = node(normal, "high")
            same = (text(high, "code") or text(high, "unit")) in (
                text(quantity, "code"),
                text(quantity, "unit"),
            )
            try:
                limit, value = number(text(high, "value")), number(text(quantity, "value"))
            except QuantityError:
                continue
            if same and limit > 0:
                multiple: Fraction = value / limit
                printed = f"{_quantity(quantity)} {unit}, normal up to {text(high, 'value')}"
                return Value(
                    analyte.id, self._at, f"{decimal_text(multiple, 3)} {_PER_NORMAL}", printed, self._note
                )
        return None

    def _absence(self, element: Node, meaning: TakenFor, title: str) -> Found:
        """What says by its code that something is not there: true of it, it is not."""
        found = self._test(element, TakenFor("test", meaning.id, tells="both"), title)
        if isinstance(found, Tested) and found.present is True:
            return found._replace(present=False)
        return NotUsed(f"{title}: neither positive nor negative", odd=True)

    def _test(self, element: Node, meaning: TakenFor, title: str) -> Found:
        absent = ", ".join(words(node(element, "dataAbsentReason"))) or status_of_absence(element)
        if absent:
            return NotUsed(f"{title}: no value ({absent})")
        said = _said(element)
        plain = {word.lower() for word in said}
        quantity = node(element, "valueQuantity")
        flags = {code for one in nodes(element, "interpretation") for _, code in codings(one)}
        positive = bool(plain & _POSITIVE) or bool(flags & {"POS", "DET", "RR"})
        negative = bool(plain & _NEGATIVE) or bool(flags & {"NEG", "ND", "NR"})
        for pair in codings(node(element, "valueCodeableConcept")):
            answer = self._codes.of(*pair)
            if isinstance(answer, TakenFor) and answer.id == meaning.id:
                positive, negative = answer.kind == "condition", answer.kind == "absent"
        if "valueBoolean" in element:
            positive, negative = element["valueBoolean"] is True, element["valueBoolean"] is False
        printed = f"{title}: {', '.join(said) or _quantity(quantity) or ', '.join(sorted(flags))}"
        if positive is negative:
            return NotUsed(f"{printed or title}: neither positive nor negative", odd=True)
        if positive:
            there = None if meaning.tells == "screen" else True
            return Tested(meaning.id, self._at, there, printed, title)
        if meaning.tells == "positive":
            return NotUsed(f"{printed}: a negative result does not exclude it")
        return Tested(meaning.id, self._at, False, printed, title)


def _of_the_healthy(limits: Node) -> bool:
    """Whether a reference range is that of healthy people, as far as it says of whom."""
    concept = node(limits, "type")
    plain = _NORMAL.fullmatch(text(limits, "text")) is not None
    if nodes(limits, "appliesTo") or node(limits, "age") or not plain:
        return False
    return all(
        said.lower().startswith("normal") for said in (*words(concept), *(c for _, c in codings(concept)))
    )


_NORMAL = re.compile(
    r"(?:normal\w*|reference|range|referenzbereich|norm|bis|up to|to|adults?|[\d.,<>=≤≥ /:()–-]|"
    r"U|L|IU|[ukm]kat)*",
    re.IGNORECASE,
)
"""What the words of a range of healthy adults hold; any others are of somebody or something else."""


def status_of_absence(element: Node) -> str:
    """The code of a reason for which a value is absent."""
    return next((code for _, code in codings(node(element, "dataAbsentReason"))), "")


def _quantity(quantity: Node) -> str:
    value = text(quantity, "value")
    if len(value) > _DIGITS:
        # No laboratory measures so: it is what a computer made of a number.
        value = format(Decimal(value).normalize(Context(prec=_MEASURED)), "f")
    return f"{text(quantity, 'comparator')} {value}".strip() if value else ""


def _plain(unit: str) -> str:
    """A UCUM unit without its annotations: ``mg/g{creat}``."""
    kept, inside = "", False
    for sign in unit:
        inside = (inside or sign == "{") and sign != "}"
        if not inside and sign != "}":
            kept += sign
    return kept


def _said(element: Node) -> list[str]:
    """What a value says in words, in its codes and by its number where that has no unit of its own."""
    concept = node(element, "valueCodeableConcept")
    found = [text(element, "valueString"), *words(concept), *(code for _, code in codings(concept))]
    return [word for word in dict.fromkeys(filter(None, found)) if word.lower() not in _NOTHING]


_NOTHING = ("-", "--", "---", ".", "none", "null", "nan", "n/a", "na", "nil")
"""What stands where there is no value."""
