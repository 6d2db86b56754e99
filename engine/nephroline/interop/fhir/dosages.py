"""A dosage as the record writes a dose: what its numbers say, unless its words say more or something else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from nephroline.catalogue import Catalogue
from nephroline.interop.fhir.courses import AS_NEEDED
from nephroline.interop.fhir.nodes import Node, codings, node, nodes, text, words
from nephroline.quantities import QuantityError
from nephroline.record import Dosing, read_dose
from nephroline.yamlfile import listed

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
OF_NO_ONE = "of several drugs"
"""The strength of a product that is that of none of its drugs."""
THOUSANDS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}(?!\d)")
"""A number of which nobody knows whether it holds a thousand or a decimal."""
_AMOUNT = re.compile(r"\d[\d.,]* ?(?:mg|g|mcg|µg|ug|IU|units)\b.*", re.IGNORECASE)
_HARMLESS = re.compile(r"^(?:(?:take|give|inject|orally|oral|po)\s+)+", re.IGNORECASE)
"""What may stand before the amount of a dose in words; anything else leaves the dose open."""
_NEEDED = re.compile(
    r"\b(?:as needed|as required|if needed|when needed|prn|p\.r\.n|bei bedarf|b\. ?bed)\b", re.IGNORECASE
)
_QUALIFIED = re.compile(
    r"\b(?:week\w*|wöchentlich|woche\w*|(?:mon|tues|wednes|thurs|fri|satur|sun)days?|alternate|"
    r"every other|every second|jeden zweiten|only|nur|except|außer|then|dann|unless|taper\w*|reduc\w*|"
    r"increas\w*|max\w*|up to)\b",
    re.IGNORECASE,
)
"""Words by which a dose is another than the numbers beside them say."""
_ODD_TIMING = ("timeOfDay", "dayOfWeek", "count", "countMax", "frequencyMax", "periodMax", "offset")
"""Parts of a timing by which the dose of a day is another than its frequency says."""
_PIECES = ("tablet", "tab", "capsule", "cap", "pill", "1")


class Dosages:
    """Reads dosages in the units of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._units = catalogue.units

    def read(self, row: Node, strength: str) -> tuple[str, str, str]:
        """A dose as the record writes it, what the order says, and a note."""
        printed = text(row, "text") or text(row, "patientInstruction")
        more = [printed, *(word for one in nodes(row, "additionalInstruction") for word in words(one))]
        if strength == OF_NO_ONE:
            return "", printed, "one drug of a product of several"
        if nodes(row, "modifierExtension"):
            return "", printed, "an extension changes what it means in a way that is not known here"
        if _as_needed(row) or any(map(_NEEDED.search, more)):
            return "", printed, AS_NEEDED
        amount = self._amount(row, strength)
        often = _often(row)
        tried = [f"{amount} {often}".strip()] if amount and often else []
        found = _AMOUNT.fullmatch(_HARMLESS.sub("", printed))
        if found is not None and THOUSANDS.match(found[0]) is None:
            tried.append(found[0])
        doses = [(dose, read) for dose in tried if (read := self.readable(dose)) is not None]
        if len(doses) > 1 and _differ(doses[0][1], doses[1][1]):
            return "", printed, f"it says {tried[0]}, its words say another dose"
        by_numbers_alone = len(doses) == 1 and bool(often) and doses[0][0] == tried[0]
        if by_numbers_alone and often not in _NOT_DAILY and _qualify(more):
            return "", printed, f"it says {tried[0]}, its words say more than that"
        return (doses[0][0] if doses else ""), printed, ""

    def readable(self, dose: str) -> Dosing | None:
        """A dose as it is read; none if it cannot be."""
        daily = {"mass-rate", "dose-rate-per-mass", "dose-rate-per-area", "activity-rate"}
        accepted = [unit.code for unit in self._units.values() if unit.dimension in daily]
        try:
            return read_dose(dose, self._units, accepted)
        except QuantityError:
            return None

    def key(self, dose: str) -> str:
        """What two doses have in common that are the same, however they are written."""
        read = self.readable(dose) if dose else None
        if read is None:
            return dose
        quantity = read.quantity
        return f"{quantity.low} {quantity.high} {quantity.dimension} {read.every == 2}"

    def unit_of(self, quantity: Node) -> str:
        """The unit of a quantity; empty where it has none, or its code and its words are of two."""
        code, word = text(quantity, "code"), text(quantity, "unit")
        if not code or not word or code == word:
            return code or word
        one, two = self._units.get(code), self._units.get(word)
        if two is not None and (one is None or one.code != two.code):
            return ""
        return code

    def _amount(self, row: Node, strength: str) -> str:
        rates = nodes(row, "doseAndRate")
        if len(rates) != 1:
            return ""
        quantity = node(rates[0], "doseQuantity")
        value, unit = text(quantity, "value"), self.unit_of(quantity)
        if not value:
            low, high = node(rates[0], "doseRange", "low"), node(rates[0], "doseRange", "high")
            if not text(low, "value") or self.unit_of(low) != self.unit_of(high):
                return ""
            return f"{text(low, 'value')}-{text(high, 'value')} {self.unit_of(low)}"
        if unit.strip("{}").lower().rstrip("s").split("(")[0] in _PIECES:
            size, _, kind = strength.partition(" ")
            # Only whole or half pieces of one strength make an amount.
            whole = _product(value, size) if kind else ""
            return f"{whole} {kind}" if whole else ""
        return f"{value} {unit}" if unit else ""


def _as_needed(row: Node) -> bool:
    told = [row.get(key) for key in ("asNeededBoolean", "asNeeded")]
    return any(one in (True, "true") for one in told) or any(
        key in row for key in ("asNeededCodeableConcept", "asNeededFor")
    )


def _qualify(said: list[str]) -> bool:
    return any(map(_QUALIFIED.search, said))


def _often(row: Node) -> str:
    """How often, where all that a timing says agrees."""
    code, repeat = node(row, "timing", "code"), node(row, "timing", "repeat")
    by_code = {_DAILY[one.upper()] for _, one in codings(code) if one.upper() in _DAILY}
    if len(by_code) > 1 or (_qualify(words(code)) and not by_code & _NOT_DAILY):
        return ""
    by_repeat = _repeated(repeat)
    if not by_code:
        return by_repeat
    often = by_code.pop()
    silent = not any(name in repeat for name in ("frequency", "period", *_ODD_TIMING) if name != "timeOfDay")
    return often if silent or _ALIKE.get(often, often) == _ALIKE.get(by_repeat, by_repeat) else ""


_NOT_DAILY = frozenset(("weekly", "twice weekly", "three times weekly", "every other day"))
_ALIKE = {
    "bid": "2x/d",
    "tid": "3x/d",
    "qid": "4x/d",
    "q24h": "daily",
    "q12h": "2x/d",
    "q8h": "3x/d",
    "q6h": "4x/d",
}


def _repeated(repeat: Node) -> str:
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


def _differ(one: Dosing, other: Dosing) -> bool:
    """Whether two doses of one dimension are not the same; of two dimensions nobody can tell."""
    first, second = one.quantity, other.quantity
    same = (first.low, first.high, one.every == 2) == (second.low, second.high, other.every == 2)
    return first.dimension == second.dimension and not same


def _product(count: str, size: str) -> str:
    """How much some pieces of a size are; empty where one of the two is no number."""
    try:
        return format((Decimal(count) * Decimal(size)).normalize(), "f")
    except (InvalidOperation, OverflowError):
        return ""
