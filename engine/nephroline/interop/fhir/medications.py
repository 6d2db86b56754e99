"""Medications: orders, statements, dispenses and administrations as courses and single doses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from nephroline.catalogue import Catalogue, phrase, spelling
from nephroline.interop.fhir.codes import Codes, TakenFor
from nephroline.interop.fhir.courses import AS_NEEDED, UNKNOWN, Administered, Prescribed
from nephroline.interop.fhir.drafting import NotUsed
from nephroline.interop.fhir.nodes import Node, codings, denied, name_of, node, nodes, target, text, words
from nephroline.interop.fhir.times import after, day, effective, first_day, period
from nephroline.quantities import QuantityError
from nephroline.record import Dosing, read_dose
from nephroline.yamlfile import listed

_ORDERS = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
_ENDED = ("completed", "stopped")
_DAILY: Mapping[str, str] = {
    "QD": "daily",
    "BID": "bid",
    "TID": "tid",
    "QID": "qid",
    "QOD": "every other day",
    "AM": "daily",
    "PM": "daily",
    "BED": "daily",
    "Q4H": "q4h",
    "Q6H": "q6h",
    "Q8H": "q8h",
    "WK": "weekly",
}
_STRENGTH = re.compile(
    r"(?<![\d.,])(?P<value>\d+(?:[.,]\d+)?) ?(?P<unit>mg|g|mcg|ug|µg)\b(?! ?/)", re.IGNORECASE
)
_THOUSANDS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}")
"""A number of which nobody knows whether it holds a thousand or a decimal."""
_AMOUNT = re.compile(r"\d[\d.,]* ?(?:mg|g|mcg|µg|ug|IU|units)\b.*", re.IGNORECASE)
_LOCAL = re.compile(
    r"\b(?:eye|ear|nasal|nose|topical|ophthalmic|otic|inhal\w*|ointment|cream|lotion|shampoo|puffs?|spray|gel|"
    r"enema|foam|pessary|vaginal|intra-?articular|intra-?vitreal|implant|mouth-?wash|eye-?drops?|"
    r"augen\w*|ohren\w*|nasen\w*|salbe|creme|spray|mundsp\w*|einlauf|zäpfchen|tropfen)\b",
    re.IGNORECASE,
)
"""Words of a product, a form or a route of what acts where it is put, not in the body."""
_APPLIED = re.compile(
    r"^(?:apply|instil|inhale)\b|^\d+ (?:puffs?|drops?|sprays?|inhalations?|hübe?|tropfen)\b", re.IGNORECASE
)
"""How instructions for it begin."""
_LOCAL_ROUTES = frozenset(
    ("54485002", "6064005", "46713006", "10547007", "447694001", "16857009", "18679011000001101")
)
"""Routes of SNOMED CT: ophthalmic, topical, nasal, otic, respiratory tract, vaginal, inhalation."""
_SEVERAL = " / "
"""What stands between the drugs of one product."""
_OF_NO_ONE = "of several drugs"
"""The strength of a product that is that of none of its drugs."""
_MOST_WORDS = 4
_HARMLESS = re.compile(r"^(?:(?:take|give|inject|orally|oral|po)\s+)+", re.IGNORECASE)
"""What may stand before the amount of a dose in words; anything else leaves the dose open."""
_ODD_TIMING = ("timeOfDay", "dayOfWeek", "count", "countMax", "frequencyMax", "periodMax", "offset")
"""Parts of a timing by which the dose of a day is another than its frequency says."""
_PIECES = ("tablet", "tab", "capsule", "cap", "pill")


class Medications:
    """Reads medications; Medication resources are looked up by their references."""

    def __init__(self, codes: Codes, catalogue: Catalogue, known: Mapping[str, Node]) -> None:
        self._codes, self._catalogue, self._known = codes, catalogue, known

    def read(self, resource: Node) -> Iterator[Prescribed | Administered | NotUsed]:
        """What a resource says was given."""
        kind, state = text(resource, "resourceType"), text(resource, "status")
        name, drugs, strength = self._drug(resource)
        if not drugs and denied(name):
            yield NotUsed(f"{name}: it names no drug")
        elif not name:
            yield NotUsed("it names no drug", odd=True)
        elif state in ("entered-in-error", "cancelled", "draft", "declined", "not-done", "preparation"):
            yield NotUsed(f"{name}: its status is {state}")
        elif kind == "MedicationRequest" and text(resource, "intent") not in _ORDERS:
            yield NotUsed(f"{name}: its intent is {text(resource, 'intent') or 'not said'}, not an order")
        elif kind == "MedicationRequest" and resource.get("doNotPerform") is True:
            yield NotUsed(f"{name}: an order not to give it")
        elif self._local(resource, name):
            yield NotUsed(f"{name}: given to one place, not to the body")
        elif kind == "MedicationAdministration":
            for drug in drugs or [""]:
                yield self._single(resource, name, drug, strength)
        else:
            for drug in drugs or [""]:
                yield from self._courses(resource, kind, state, name, drug, strength)

    # -- the drug --------------------------------------------------------------------------------------

    def named(self, concept: Node) -> list[str]:
        """The drugs of the catalogue that a concept names, by codes or words; of a product perhaps two."""
        meaning = self._codes.best(concept)
        if isinstance(meaning, TakenFor) and meaning.kind == "drug":
            return [meaning.id]
        return self._first_in(words(concept))

    def _first_in(self, said: Iterable[str]) -> list[str]:
        """The drugs that stand in the first words that name any."""
        for one in said:
            drugs = self._in_words(one)
            if drugs:
                return drugs
        return []

    def _in_words(self, said: str) -> list[str]:
        """The drugs that stand in the name of a product, such as ``prednisolone 5 MG Oral Tablet``."""
        names = self._catalogue.drug_names
        whole = names.get(spelling(said))
        if whole is not None:
            return [whole]
        parts = re.findall(r"[^\W\d_]+(?:-[^\W\d_]+)*", said)
        found: dict[str, None] = {}
        first = 0
        while first < len(parts):
            tried = [
                (names.get(spelling(" ".join(parts[first : first + n]))), n)
                for n in range(_MOST_WORDS, 0, -1)
            ]
            known, length = next(((drug, n) for drug, n in tried if drug is not None), (None, 1))
            if known is not None:
                found[known] = None
            first += length
        return list(found)

    def _local(self, resource: Node, name: str) -> bool:
        """Whether a medicine acts where it is put, by its name, form, route or how its instructions begin."""
        rows = [*nodes(resource, "dosageInstruction"), *nodes(resource, "dosage")]
        routes = [node(row, "route") for row in rows]
        said = [
            name,
            *words(node(self._product(resource), "form")),
            *(w for one in routes for w in words(one)),
        ]
        coded = any(code in _LOCAL_ROUTES for one in routes for _, code in codings(one))
        applied = any(_APPLIED.search(text(row, "text")) for row in rows)
        return coded or applied or any(map(_LOCAL.search, said))

    def _product(self, resource: Node) -> Node:
        """The Medication that a resource refers to, contained or not; empty if it names none."""
        reference = text(resource, "medicationReference", "reference")
        if not reference:
            return {}
        inside = {f"#{text(one, 'id')}": one for one in nodes(resource, "contained")}
        return inside.get(reference) or self._known.get(reference) or self._known.get(target(reference)) or {}

    def _drug(self, resource: Node) -> tuple[str, list[str], str]:
        """What a medication is called, the drugs of the catalogue in it, and the strength of a piece."""
        product = self._product(resource)
        concept = node(product, "code") or node(resource, "medicationCodeableConcept")
        said = [*words(concept), text(resource, "medicationReference", "display")]
        name = next(filter(None, said), "") or ", ".join(code for _, code in codings(concept))
        parts = nodes(product, "ingredient")
        inside_it = [drug for part in parts for drug in self.named(node(part, "itemCodeableConcept"))]
        drugs = self.named(concept) or self._first_in(filter(None, said)) or inside_it
        alone = len(drugs) < 2 and len(parts) < 2 and not any(_SEVERAL in one for one in said)
        return name, drugs, self._strength(parts, said) if alone else _OF_NO_ONE

    def _strength(self, parts: Sequence[Node], said: Sequence[str]) -> str:
        if len(parts) == 1:
            top, bottom = node(parts[0], "strength", "numerator"), node(parts[0], "strength", "denominator")
            if text(bottom, "value") in ("", "1"):
                return f"{text(top, 'value')} {text(top, 'code') or text(top, 'unit')}".strip()
        for one in said:
            found = list(_STRENGTH.finditer(one))
            if len(found) == 1 and _THOUSANDS.fullmatch(found[0]["value"]) is None:
                return f"{found[0]['value'].replace(',', '.')} {found[0]['unit'].lower()}"
        return ""

    # -- courses ---------------------------------------------------------------------------------------

    def _courses(
        self, resource: Node, kind: str, state: str, name: str, drug: str, strength: str
    ) -> Iterator[Prescribed | NotUsed]:
        start, end = self._interval(resource, kind, state)
        if not start:
            yield NotUsed(f"{name}: nothing says when it was begun", odd=True)
            return
        taken = {"not-taken": "no", "unknown": UNKNOWN, "intended": UNKNOWN}.get(state, "")
        stopped = self._stopped(resource)
        rows = nodes(resource, "dosageInstruction") or nodes(resource, "dosage") or [{}]
        rows = sorted(rows, key=lambda row: _number(text(row, "sequence")))
        places = [text(row, "sequence") for row in rows]
        # Steps of a taper follow each other; those of one place in the sequence go together.
        steps = all(places) and len(set(places)) == len(places)
        if end == UNKNOWN:
            # Nobody knows how many of its steps were taken, nor how much of the first.
            rows = rows[:1] if steps else rows
        label, reached = name_of(resource), ""
        for number, row in enumerate(rows):
            dose, printed, note = self._dose(row, strength)
            since, until = period(node(row, "timing", "repeat", "boundsPeriod"))
            lasts = node(row, "timing", "repeat", "boundsDuration")
            if lasts or reached:
                since = (reached if steps else "") or start
                until = after(since, lasts) if lasts else end
                if lasts and not until and number < len(rows) - 1:
                    yield NotUsed(f"{name}: how long a step of it lasts cannot be read", odd=True)
                    return
                reached = until if lasts else reached
            last = number == len(rows) - 1
            yield Prescribed(
                label,
                kind,
                drug or name,
                bool(drug),
                since or start,
                UNKNOWN if end == UNKNOWN and last else until or (end if last or not since else ""),
                dose,
                stopped if last else "",
                taken,
                printed or name,
                note,
            )

    def _interval(self, resource: Node, kind: str, state: str) -> tuple[str, str]:
        if kind == "MedicationStatement":
            start, end = period(node(resource, "effectivePeriod"))
            start = start or text(resource, "effectiveDateTime")
        elif kind == "MedicationDispense":
            start = text(resource, "whenHandedOver") or text(resource, "whenPrepared")
            end = after(start, node(resource, "daysSupply"))
        else:
            start = text(resource, "authoredOn")
            bounds = [
                period(node(r, "timing", "repeat", "boundsPeriod"))
                for r in nodes(resource, "dosageInstruction")
            ]
            starts = sorted((one for one, _ in bounds if one), key=first_day)
            ends = sorted((two for _, two in bounds if two), key=first_day)
            start = starts[0] if starts else start
            end = ends[-1] if ends and len(ends) == len(bounds) else ""
        if state in ("stopped", "on-hold") or (not end and state in _ENDED):
            # What was stopped need not have gone on to its planned end.
            end = UNKNOWN
        return (start if day(start) else ""), end

    def _stopped(self, resource: Node) -> str:
        """The reason for stopping, where its words are those of the record."""
        reasons = [node(resource, "statusReason"), *nodes(resource, "statusReason")]
        said = [phrase(word) for reason in reasons for word in words(reason)]
        return next((word for word in said if word in self._catalogue.stop_reasons), "")

    # -- doses -----------------------------------------------------------------------------------------

    def _dose(self, row: Node, strength: str) -> tuple[str, str, str]:
        """A dose as the record writes it, what the order says, and a note."""
        printed = text(row, "text") or text(row, "patientInstruction")
        if strength == _OF_NO_ONE:
            return "", printed, "one drug of a product of several"
        if row.get("asNeededBoolean") is True or "asNeededCodeableConcept" in row:
            return "", printed, AS_NEEDED
        amount = self._amount(row, strength)
        often = self._often(row)
        tried = [f"{amount} {often}".strip()] if amount and often else []
        found = _AMOUNT.fullmatch(_HARMLESS.sub("", printed))
        if found is not None:
            tried.append(found[0])
        doses = [(dose, read) for dose in tried if (read := self._readable(dose)) is not None]
        if len(doses) > 1 and _differ(doses[0][1], doses[1][1]):
            return "", printed, f"it says {tried[0]}, its words say another dose"
        return (doses[0][0] if doses else ""), printed, ""

    def _readable(self, dose: str) -> Dosing | None:
        """A dose as it is read; none if it cannot be."""
        units = self._catalogue.units
        daily = {"mass-rate", "dose-rate-per-mass", "dose-rate-per-area", "activity-rate"}
        accepted = [unit.code for unit in units.values() if unit.dimension in daily]
        try:
            return read_dose(dose, units, accepted)
        except QuantityError:
            return None

    def _amount(self, row: Node, strength: str) -> str:
        rates = nodes(row, "doseAndRate")
        if len(rates) != 1:
            return ""
        quantity = node(rates[0], "doseQuantity")
        value, unit = text(quantity, "value"), text(quantity, "code") or text(quantity, "unit")
        if not value:
            low, high = node(rates[0], "doseRange", "low"), node(rates[0], "doseRange", "high")
            if not text(low, "value") or text(low, "unit") != text(high, "unit"):
                return ""
            return f"{text(low, 'value')}-{text(high, 'value')} {text(low, 'code') or text(low, 'unit')}"
        if unit.strip("{}").lower().rstrip("s").split("(")[0] in _PIECES or unit in ("1", ""):
            size, _, kind = strength.partition(" ")
            # Only whole or half pieces of one strength make an amount.
            whole = _product(value, size) if kind else ""
            return f"{whole} {kind}" if whole else ""
        return f"{value} {unit}"

    def _often(self, row: Node) -> str:
        timing = node(row, "timing")
        for _, code in codings(node(timing, "code")):
            if code.upper() in _DAILY:
                return _DAILY[code.upper()]
        repeat = node(timing, "repeat")
        count, length, unit = (text(repeat, name) for name in ("frequency", "period", "periodUnit"))
        count = count or ("1" if length and unit else "")
        if not count or any(name in repeat for name in _ODD_TIMING) or len(listed(repeat.get("when"))) > 1:
            return ""
        if unit == "d" and length == "1":
            return "daily" if count == "1" else f"{count}x/d"
        if unit == "d" and length == "2" and count == "1":
            return "every other day"
        if unit == "h" and count == "1":
            return f"q{length}h"
        if unit == "wk" and length == "1":
            return {"1": "weekly", "2": "twice weekly", "3": "three times weekly"}.get(count, "")
        return ""

    def _single(self, resource: Node, name: str, drug: str, strength: str) -> Administered | NotUsed:
        period_of = period(node(resource, "effectivePeriod"))
        at = effective(resource) if text(resource, "effectiveDateTime") else period_of[0]
        if not day(at):
            return NotUsed(f"{name}: nothing says when it was given", odd=True)
        dose = node(resource, "dosage", "dose")
        value, unit = text(dose, "value"), text(dose, "code") or text(dose, "unit")
        told = value and unit and strength != _OF_NO_ONE
        amount = f"{value} {unit}" if told and self._readable(f"{value} {unit} once") is not None else ""
        return Administered(
            name_of(resource), drug or name, bool(drug), at, amount, text(resource, "dosage", "text")
        )


def _differ(one: Dosing, other: Dosing) -> bool:
    """Whether two doses of one dimension are not the same; of two dimensions nobody can tell."""
    first, second = one.quantity, other.quantity
    same = (first.low, first.high, one.every == 2) == (second.low, second.high, other.every == 2)
    return first.dimension == second.dimension and not same


def _number(place: str) -> Decimal:
    """A place in a sequence; what is none comes first."""
    try:
        return Decimal(place)
    except InvalidOperation:
        return Decimal(0)


def _product(count: str, size: str) -> str:
    """How much some pieces of a size are; empty where one of the two is no number."""
    try:
        return format((Decimal(count) * Decimal(size)).normalize(), "f")
    except InvalidOperation:
        return ""
