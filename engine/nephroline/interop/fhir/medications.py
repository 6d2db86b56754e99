"""Medications: orders, statements and dispenses as courses; administrations and vaccines as single doses."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal, InvalidOperation

from nephroline.catalogue import Catalogue, phrase, spelling
from nephroline.interop.fhir.applied import acts_locally
from nephroline.interop.fhir.codes import Codes, Left, TakenFor
from nephroline.interop.fhir.courses import AS_NEEDED, UNKNOWN, Administered, Prescribed
from nephroline.interop.fhir.dosages import OF_NO_ONE, THOUSANDS, Dosages, as_needed, told
from nephroline.interop.fhir.drafting import NotUsed
from nephroline.interop.fhir.instructions import duration, not_taken, passes, times_of_day
from nephroline.interop.fhir.medicine_words import BEYOND, NOT_GIVEN, NOT_IT, ONCE
from nephroline.interop.fhir.nodes import (
    Node,
    codings,
    denied,
    doubted,
    name_of,
    node,
    nodes,
    target,
    text,
    title_of,
    words,
)
from nephroline.interop.fhir.times import after, day, effective, first_day, period
from nephroline.yamlfile import listed

_ORDERS = ("order", "original-order", "reflex-order", "filler-order", "instance-order")
_ENDED = ("completed", "stopped")
_STATES: Mapping[str, tuple[str, ...]] = {
    "MedicationRequest": ("active", "on-hold", "completed", "stopped", "unknown"),
    "MedicationStatement": ("active", "completed", "intended", "stopped", "on-hold", "unknown", "not-taken"),
    "MedicationDispense": ("completed", "stopped", "unknown"),
    "MedicationAdministration": ("completed", "in-progress", "stopped", "on-hold", "unknown"),
}
"""The statuses of what was given, or may have been."""
_NOTHING = (
    *("entered-in-error", "cancelled", "draft", "declined", "not-done", "preparation"),
    *("in-progress", "on-hold"),
)
"""The statuses, of those that are left, of what was not; a dispense that is not handed over was not."""
_STRENGTH = re.compile(
    r"(?<![\d.,-])(?P<value>\d+(?:[.,]\d+)?) ?(?P<unit>mg|g|mcg|ug|µg)\b(?! ?(?:/|per\b|pro\b|in\b))",
    re.IGNORECASE,
)
_COUNTS = re.compile(r"\d|\b(?:one|two|three|four|five|six|half|eine?|zwei|drei)\b", re.IGNORECASE)
_SEVERAL = " / "
"""What stands between the drugs of one product."""
_MOST_WORDS = 4


class Medications:
    """Reads medications; Medication resources are looked up by their references."""

    def __init__(self, codes: Codes, catalogue: Catalogue, known: Mapping[str, Node]) -> None:
        self._codes, self._catalogue, self._known = codes, catalogue, known
        self._dosages = Dosages(catalogue)

    def read(self, resource: Node) -> Iterator[Prescribed | Administered | NotUsed]:
        """What a resource says was given."""
        kind, state = text(resource, "resourceType"), text(resource, "status")
        if kind == "Immunization":
            yield self._vaccine(resource, state)
            return
        product = self._product(resource)
        concept = node(product, "code") or node(resource, "medicationCodeableConcept")
        name, drugs, strength = self._drug(resource, product, concept)
        other = self._contradicted(concept, drugs) or self._referred(resource, drugs)
        if not drugs and denied(name):
            yield NotUsed(f"{name}: it names no drug")
        elif not name:
            yield NotUsed("it names no drug", odd=True)
        elif NOT_IT.search(name):
            yield NotUsed(f"{name}: its name says that it is not taken", odd=True)
        elif several := self._several(concept):
            yield NotUsed(f"{name}: its codes name {' and '.join(several)}", odd=True)
        elif other:
            yield NotUsed(f"{name}: its code says {drugs[0]}, its words say {other}", odd=True)
        elif text(product, "status") == "entered-in-error":
            yield NotUsed(f"{name}: the Medication was entered in error")
        elif state not in _STATES[kind]:
            told = f"its status is {state}" if state in _NOTHING else "its status cannot be read"
            yield NotUsed(f"{name}: {told}", odd=state not in _NOTHING)
        elif kind == "MedicationRequest" and not _ordered(resource):
            yield NotUsed(f"{name}: its intent is {text(resource, 'intent') or 'not said'}, not an order")
        elif resource.get("doNotPerform") not in (None, False, "false"):
            yield NotUsed(f"{name}: an order not to give it")
        elif acts_locally(resource, product, concept, name):
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
        said = BEYOND.sub(" ", said)
        parts = re.findall(r"[^\W\d_]+", said)
        found: dict[str, None] = {}
        first = 0
        while first < len(parts):
            tried = [
                (names.get(spelling(" ".join(parts[first : first + n]))), n)
                for n in range(_MOST_WORDS, 0, -1)
            ]
            known, length = next(((drug, n) for drug, n in tried if drug is not None), (None, 1))
            # A salt names no drug of its own behind what it is the salt of.
            if known is not None and not (
                length == 1 and first and parts[first].lower() in self._catalogue.salts
            ):
                found[known] = None
            first += length
        return list(found)

    def _product(self, resource: Node) -> Node:
        """The Medication that a resource refers to, contained or not; empty if it names none."""
        reference = text(resource, "medicationReference", "reference")
        if not reference:
            return {}
        inside = {f"#{text(one, 'id')}": one for one in nodes(resource, "contained")}
        return inside.get(reference) or self._known.get(reference) or self._known.get(target(reference)) or {}

    def _drug(self, resource: Node, product: Node, concept: Node) -> tuple[str, list[str], str]:
        """What a medication is called, the drugs of the catalogue in it, and the strength of a piece."""
        said = [*words(concept), text(resource, "medicationReference", "display")]
        name = next(filter(None, said), "") or ", ".join(code for _, code in codings(concept))
        parts = nodes(product, "ingredient")
        inside_it = [drug for part in parts for drug in self.named(node(part, "itemCodeableConcept"))]
        drugs = self.named(concept) or self._first_in(filter(None, said)) or inside_it
        alone = len(drugs) < 2 and len(parts) < 2 and not any(_SEVERAL in one for one in said)
        return name, drugs, self._strength(parts, said) if alone else OF_NO_ONE

    def _contradicted(self, concept: Node, drugs: Sequence[str]) -> str:
        """The drug that the words of a concept name, where its code names one of another class."""
        said = self._first_in(words(concept))
        if len(drugs) != 1 or not said or drugs[0] in said:
            return ""
        known = self._catalogue.drugs
        mine = set(known[drugs[0]].classes)
        return "" if any(mine & set(known[one].classes) for one in said) else said[0]

    def _referred(self, resource: Node, drugs: Sequence[str]) -> str:
        """The drug that a reference to a Medication is said to be, where that is another one."""
        display = text(resource, "medicationReference", "display")
        return self._contradicted({"text": display}, drugs) if display else ""

    def _several(self, concept: Node) -> list[str]:
        """The drugs of a concept whose codes name some of different classes."""
        found = {one.id for one in self._codes.all_of(concept) if one.kind == "drug"}
        known = self._catalogue.drugs
        shared = [kind for one in found for kind in set(known[one].classes)]
        return sorted(found) if not any(shared.count(kind) == len(found) for kind in shared) else []

    def _strength(self, parts: Sequence[Node], said: Sequence[str]) -> str:
        if len(parts) == 1:
            top, bottom = node(parts[0], "strength", "numerator"), node(parts[0], "strength", "denominator")
            if text(bottom, "value") in ("", "1"):
                return f"{text(top, 'value')} {text(top, 'code') or text(top, 'unit')}".strip()
        for one in said:
            found = list(_STRENGTH.finditer(one))
            if len(found) == 1 and THOUSANDS.fullmatch(found[0]["value"]) is None:
                return f"{found[0]['value'].replace(',', '.')} {found[0]['unit'].lower()}"
        return ""

    # -- courses ---------------------------------------------------------------------------------------

    def _courses(
        self, resource: Node, kind: str, state: str, name: str, drug: str, strength: str
    ) -> Iterator[Prescribed | Administered | NotUsed]:
        start, end = self._interval(resource, kind, state)
        if not start:
            yield NotUsed(f"{name}: nothing says when it was begun", odd=True)
            return
        if end not in ("", UNKNOWN) and first_day(end) < first_day(start) and not start.startswith(day(end)):
            # Nobody knows which of the two is wrong: but an end was said.
            yield NotUsed(f"{name}: its end ({end}) lies before its beginning", odd=True)
            end = UNKNOWN
        rows = nodes(resource, "dosageInstruction") or nodes(resource, "dosage")
        # "As directed" says no more of a dose than nothing does.
        silent = not any("doseAndRate" in row or any(map(_COUNTS.search, told(row))) for row in rows)
        # Why somebody says that it is not taken, where the status says that it is.
        doubt = UNKNOWN if state == "active" and any(map(NOT_IT.search, self._reasons(resource))) else ""
        if any(map(_of_one_dose, rows)) and kind != "MedicationDispense":
            yield from self._ordered_once(resource, name, drug, start, state, rows, strength)
            return
        if drug in self._catalogue.immunosuppressants and (other := self._for_another(resource)):
            why = f"{name}: given for {other}; whether that is the disease of this chart is not read"
            yield NotUsed(why, odd=True)
        rows = sorted(rows or [{}], key=lambda row: _number(text(row, "sequence")))
        steps = _in_steps(rows)
        refilled = text(resource, "dispenseRequest", "numberOfRepeatsAllowed") not in ("", "0")
        spans = list(_spans(rows, start, end, steps=steps, refilled=refilled))
        if state == "completed" and end == UNKNOWN:
            planned = list(_spans(rows, start, "", steps=steps, refilled=refilled))
            if all(until not in ("", UNKNOWN) for _, until, _ in planned):
                # What is completed was taken as it was planned.
                spans, end = planned, planned[-1][1]
        if not all(lasts for *_, lasts in spans[:-1]):
            # Of the first step its beginning is known, and of the others nothing.
            rows, spans = rows[:1], [(spans[0][0], UNKNOWN, False)]
        noted = [text(note, "text") for note in nodes(resource, "note")]
        if any(duration(said) == {} for said in noted) or (
            any(passes(self._dosages.odd(row, strength)) for row in rows)
        ):
            # Something is said of its end that cannot be read.
            spans = [(since, until or UNKNOWN, lasts) for since, until, lasts in spans]
        if any(not_taken(said) for said in (*noted, *(one for row in rows for one in told(row)))):
            doubt, spans = UNKNOWN, [(since, UNKNOWN, lasts) for since, _, lasts in spans]
        if end == UNKNOWN:
            # Nobody knows how many of its steps were taken, nor how much of the first.
            first = min(spans, key=lambda span: first_day(span[0]))[0]
            kept = [number for number, span in enumerate(spans) if span[0] == first][: 1 if steps else None]
            rows, spans = [rows[n] for n in kept], [(first, UNKNOWN, True) for _ in kept]
        for number, (row, (since, until, lasts)) in enumerate(zip(rows, spans, strict=True)):
            dose, printed, note = self._dosages.read(row, strength)
            if as_needed(name):
                dose, note = "", AS_NEEDED
            yield Prescribed(
                name_of(resource),
                kind,
                drug or name,
                bool(drug),
                since,
                until,
                dose,
                self._stopped(resource) if number == len(rows) - 1 else "",
                {"not-taken": "no", "unknown": UNKNOWN, "intended": UNKNOWN}.get(state, doubt),
                printed or name,
                note if lasts else note or "how long it lasts cannot be read",
                same_as=self._dosages.key(dose),
                silent=silent,
                piece=strength if state == "active" and kind == "MedicationRequest" else "",
                times=times_of_day(row),
                of_order=_order_of(nodes(resource, "authorizingPrescription")),
            )

    def _interval(self, resource: Node, kind: str, state: str) -> tuple[str, str]:
        if kind == "MedicationStatement":
            start, end = period(node(resource, "effectivePeriod"))
            start = start or text(resource, "effectiveDateTime")
        elif kind == "MedicationDispense":
            start = text(resource, "whenHandedOver") or text(resource, "whenPrepared")
            # FHIR counts it in days.
            end = after(start, {"unit": "d"} | {**node(resource, "daysSupply")})
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
        planned = kind != "MedicationStatement" or not end
        if (state in ("stopped", "on-hold") and planned) or (not end and state in _ENDED):
            # What was stopped need not have gone on to its planned end.
            end = UNKNOWN
        return (start if day(start) else ""), end

    def _for_another(self, resource: Node) -> str:
        """What it was given for in words, if they name no disease or purpose of the catalogue."""
        ours = {*self._catalogue.diagnosis_names, *map(spelling, self._catalogue.purposes)}
        for concept in nodes(resource, "reasonCode"):
            coded = any(one.kind == "diagnosis" for one in self._codes.all_of(concept))
            said = [f"-{spelling(word)}-" for word in words(concept)]
            if said and not coded and not any(f"-{one}-" in word for one in ours for word in said):
                return title_of(concept)
        return ""

    def _stopped(self, resource: Node) -> str:
        """The reason for stopping, where its words are those of the record."""
        said = map(phrase, self._reasons(resource))
        return next((word for word in said if word in self._catalogue.stop_reasons), "")

    @staticmethod
    def _reasons(resource: Node) -> list[str]:
        reasons = [node(resource, "statusReason"), *nodes(resource, "statusReason")]
        return [word for reason in reasons for word in words(reason)]

    # -- single doses ----------------------------------------------------------------------------------

    def _ordered_once(
        self,
        resource: Node,
        name: str,
        drug: str,
        start: str,
        state: str,
        rows: Sequence[Node],
        strength: str,
    ) -> Iterator[Administered | NotUsed]:
        """An order of one dose, or of one on each day that it names: it was given if it is completed."""
        if state != "completed":
            yield NotUsed(f"{name}: ordered once, and nothing says that it was given", odd=True)
            return
        amount = self._dosages.amount(rows[0], strength) if len(rows) == 1 else ""
        events = [
            str(one) for row in rows for one in listed(node(row, "timing").get("event")) if day(str(one))
        ]
        for at in events or [start]:
            yield Administered(name_of(resource), drug or name, bool(drug), at, amount, text(rows[0], "text"))

    def _single(self, resource: Node, name: str, drug: str, strength: str) -> Administered | NotUsed:
        period_of = period(node(resource, "effectivePeriod"))
        at = effective(resource) if text(resource, "effectiveDateTime") else period_of[0]
        if not day(at):
            return NotUsed(f"{name}: nothing says when it was given", odd=True)
        state = text(resource, "status")
        if state == "unknown":
            return NotUsed(f"{name}: nobody knows whether it was given", odd=True)
        noted = [text(one, "text") for one in (node(resource, "dosage"), *nodes(resource, "note"))]
        if any(map(NOT_GIVEN.search, [*noted, *self._reasons(resource)])):
            return NotUsed(f"{name}: its words say that it was not given, or not whole", odd=True)
        dose = node(resource, "dosage", "dose")
        value, unit = text(dose, "value"), self._dosages.unit_of(dose)
        if value and _number(value) == 0:
            return NotUsed(f"{name}: nothing was given")
        # Of what was stopped nobody knows how much was given.
        told = value and unit and strength != OF_NO_ONE and state == "completed"
        readable = bool(told) and self._dosages.readable(f"{value} {unit} once") is not None
        amount = f"{value} {unit}" if readable else ""
        order = _order_of(nodes(resource, "request"))
        printed = text(resource, "dosage", "text")
        return Administered(name_of(resource), drug or name, bool(drug), at, amount, printed, order)

    def _vaccine(self, resource: Node, state: str) -> Administered | NotUsed:
        concept, at = node(resource, "vaccineCode"), text(resource, "occurrenceDateTime")
        name, drugs = title_of(concept), self.named(concept)
        left = self._codes.best(concept)
        if state != "completed":
            odd = state not in ("entered-in-error", "not-done")
            return NotUsed(f"{name}: its status {'cannot be read' if odd else f'is {state}'}", odd=odd)
        if any(map(doubted, words(concept))):
            return NotUsed(f"{name}: its words deny or doubt it", odd=True)
        if len(drugs) != 1 or self._contradicted(concept, drugs):
            why = left.because if isinstance(left, Left) else "no vaccine that the catalogue has"
            return NotUsed(f"{name}: {why}")
        if not day(at):
            return NotUsed(f"{name}: nothing says when it was given", odd=True)
        return Administered(name_of(resource), drugs[0], True, at, "", name)


def _order_of(references: Sequence[Node]) -> str:
    """The order that a dispense or an administration names; empty where it names none, or several."""
    return target(text(references[0], "reference")) if len(references) == 1 else ""


def _ordered(resource: Node) -> bool:
    """Whether it is an order, or a plan by which a patient reports what is taken (as US Core writes it)."""
    reported = resource.get("reportedBoolean") in (True, "true") or "reportedReference" in resource
    return text(resource, "intent") in _ORDERS or (text(resource, "intent") == "plan" and reported)


_Span = tuple[str, str, bool]
"""From when to when, and whether that could be read."""


def _in_steps(rows: Sequence[Node]) -> bool:
    """Whether dosages follow each other; those of one place in the sequence go together."""
    places = [text(row, "sequence") for row in rows]
    return all(places) and len(set(places)) == len(places)


def _of_one_dose(row: Node) -> bool:
    """Whether a dosage is of one dose: by its count, by its time, or in words."""
    repeat = node(row, "timing", "repeat")
    by_time = "event" in node(row, "timing") and not any(key in repeat for key in ("frequency", "period"))
    return text(repeat, "count") == "1" or by_time or any(map(ONCE.search, told(row)))


def _in_words(row: Node) -> Node | None:
    """How long a dosage lasts by its words; empty where it ends nobody knows when."""
    found = [one for said in told(row) if (one := duration(said)) is not None]
    return None if not found else found[0] if len(found) == 1 else {}


def _spans(
    rows: Sequence[Node], start: str, end: str, *, steps: bool, refilled: bool = False
) -> Iterator[_Span]:
    """From when to when each dosage is taken; of the last, no longer than the whole.

    *refilled*: what words say of the time is that of one supply, and others may follow.
    """
    reached = ""
    several = len(rows) > 1 and not steps
    for number, row in enumerate(rows):
        repeat = node(row, "timing", "repeat")
        since, until = period(node(repeat, "boundsPeriod"))
        lasting = node(repeat, "boundsDuration")
        spoken = None if lasting or until or "boundsRange" in repeat else _in_words(row)
        lasting = lasting or ({} if refilled or spoken is None else spoken)
        counted = any(key in repeat for key in ("count", "countMax"))
        bounded = bool(lasting) or "boundsRange" in repeat or spoken is not None or (counted and not until)
        readable = True
        if not since and steps:
            since = reached
        if bounded and not until:
            until = after(since or start, lasting) if lasting else ""
            readable = bool(until)
            # Of several that are in no order nobody knows which comes first.
            until = UNKNOWN if several or not until else until
        last = number == len(rows) - 1
        if not until:
            until = end if last or not since else ""
        elif end and until != UNKNOWN and first_day(end) < first_day(until):
            until = end
        reached = until if steps and until != UNKNOWN else ""
        yield since or start, until, readable


def _number(place: str) -> Decimal:
    """A place in a sequence; what is none comes first."""
    try:
        return Decimal(place)
    except InvalidOperation:
        return Decimal(0)
