"""A dosage as the record writes a dose: what its numbers say, unless its words say more or something else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation

from nephroline.catalogue import Catalogue
from nephroline.exact import Fraction
from nephroline.interop.fhir.courses import AS_NEEDED
from nephroline.interop.fhir.instructions import odd_words, parts_of_day, pieces, without_packaging
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
_SAID_OF_STEPS = re.compile(r"^then\b|\bthen (?:stop|follow up)\b|\bup to \d+ days\b", re.IGNORECASE)
"""What stands in the steps of a taper, and changes no dose of them."""
_OFTEN: Mapping[str, str] = {
    r"(?:twice|two times|2 times|every 12 h(?:ours)?|q12h|alle 12 stunden|zweimal|bid|b\.i\.d|bd|2 ?x|"
    r"2 \(two\) times)": "2x/d",
    r"(?:three times|3 times|tid|t\.i\.d|tds|3 ?x|3 \(three\) times|dreimal)": "3x/d",
    r"(?:four times|4 times|qid|qds|4 ?x|4 \(four\) times)": "4x/d",
    r"(?:once[- ]daily|once a day|qd|od|every day|each day|daily|täglich|tgl\.?|mane|nocte)": "daily",
    r"(?:weekly|a week|per week|every week|/ ?wk|wöchentlich|pro woche)": "weekly",
    r"(?:every (?:other|second) day|qod|every 48 hours|alle 2 tage|jeden (?:2\.|zweiten) tag)": (
        "every other day"
    ),
}
"""How often, in words, the finer first."""
_MASS = re.compile(r"(?<![\d.,])(\d+(?:[.,]\d+)?) ?(mg|g|mcg|µg|ug)\b(?! ?/)", re.IGNORECASE)
_ANY_AMOUNT = re.compile(
    r"[\d.,½-]+ ?(?:[x×] ?[\d.,]+ ?)?(?:mg|g|mcg|µg|ug|ml|iu|units?)\b(?: ?/ ?(?:kg|m2|m²))?"
    r"(?: ?/ ?(?:d|day|tag)\b)?",
    re.IGNORECASE,
)
_SCHEDULE = re.compile(
    r"\bq ?\d+ ?h\w*|\bevery \d+ ?(?:h|hrs?|hours?)\b|\balle \d+ (?:stunden|std|tage|wochen)\b|"
    r"\b1 ?x\b(?! ?[\d/pw])|\balt\w* days?\b|"
    r"\b\d(?:[.,]5)?(?:-\d(?:[.,]5)?){2,3}\b|\bevery (?:\d+|other|second|third) (?:day|week|month)s?\b|"
    r"#? ?\b\d+ (?:cap|tab|comprim)\w*\b|\b\d+ refill\(?s?\)?|"
    r"\b(?:par jour|por dia|per dag|pro tag|uma vez)\b|"
    r"\bin \d (?:divided )?doses\b|\b\d ?[x×] ?(?:/|per|a|pro)? ?(?:week|woche)\b|\bevery (?:week|month)\b",
    re.IGNORECASE,
)
"""How often it is taken, which says nothing of an end."""
_PARTS = re.compile(r"(?<![\d-])\d(?:[.,]5)?(?:-\d(?:[.,]5)?){2,3}(?![\d-])")
_WHOLE = re.compile(r"(?:mg|g) total\b|^\W*(?:take )?\d[\d.,]* ?(?:mg|g) \(", re.IGNORECASE)
"""Words by which an amount is that of all pieces together."""
_ODD_TIMING = ("dayOfWeek", "count", "countMax", "frequencyMax", "periodMax", "offset")
"""Parts of a timing by which the dose of a day is another than its frequency says."""
_PIECES = ("tablet", "tab", "capsule", "cap", "pill", "1", "tablette", "kapsel", "stück")
_SPELT: Mapping[str, tuple[str, ...]] = {
    "mg": ("milligram", "milligrams", "milligramm", "mgs"),
    "g": ("gram", "grams", "gramm", "gm"),
    "ug": ("mcg", "microgram", "micrograms", "mikrogramm"),
}
"""How units of dose are written out beside their codes."""
_A_DAY = {"daily": 1, "2x/d": 2, "3x/d": 3, "4x/d": 4}


class Dosages:
    """Reads dosages in the units of a catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._units = catalogue.units

    def read(self, row: Node, strength: str) -> tuple[str, str, str]:
        """A dose as the record writes it, what the order says, and a note."""
        printed, *_ = more = told(row)
        if strength == OF_NO_ONE:
            return "", printed, "one drug of a product of several"
        if nodes(row, "modifierExtension"):
            return "", printed, "an extension changes what it means in a way that is not known here"
        if _as_needed(row) or any(map(as_needed, more)):
            return "", printed, AS_NEEDED
        amount = self._amount(row, strength)
        often = _often(row)
        tried = [f"{amount} {often}".strip()] if amount and often else []
        found = _AMOUNT.fullmatch(_HARMLESS.sub("", printed))
        if found is not None and THOUSANDS.match(found[0]) is None:
            tried.append(found[0])
        if not (amount and often) and not any(map(self.readable, tried)):
            tried = [*filter(None, [self._spoken(printed, strength)])]
        doses = [(dose, read) for dose in tried if (read := self.readable(dose)) is not None]
        if len(doses) > 1 and _differ(doses[0][1], doses[1][1]):
            return "", printed, f"it says {tried[0]}, its words say another dose"
        if doses and amount and often and doses[0][0] == tried[0]:
            known = {amount, _daily_total(amount, often), strength}
            if len(doses) == 1 and any(self._otherwise(said, known, often, strength) for said in more):
                return "", printed, f"it says {tried[0]}, its words say more than that"
        return (doses[0][0] if doses else ""), printed, ""

    def _spoken(self, said: str, strength: str) -> str:
        """A dose that stands in words alone: one amount, how often, and nothing else that matters.

        The amount may be so many pieces of a product that has one strength.
        """
        plain = without_packaging(said)
        masses, counts = _MASS.findall(plain), pieces(plain)
        size, _, kind = strength.partition(" ")
        in_pieces = not masses and len(counts) == 1 and bool(kind)
        if in_pieces:
            masses = [(_product(counts[0], size), kind)]
        left, times = _without_times(_MASS.sub(" ", plain))
        often = times or ({"daily"} if parts_of_day(plain) == 1 else set())
        if (
            _counted(plain)
            or len(masses) != 1
            or len(often) != 1
            or THOUSANDS.match(masses[0][0]) is not None
        ):
            return ""
        several = parts_of_day(plain) > 1 and _A_DAY.get(next(iter(often))) != parts_of_day(plain)
        # Of pieces an amount may be that of each, unless it is called the whole.
        of_each = not in_pieces and bool(counts) and _WHOLE.search(plain) is None
        if several or of_each or odd_words(left):
            return ""
        value, unit = masses[0]
        return f"{value.replace(',', '.')} {unit.lower()} {often.pop()}"

    def _otherwise(self, said: str, known: set[str], often: str, strength: str) -> bool:
        """Whether words beside the numbers of a dose say another amount, another time, or a change."""
        plain = self._without_day(_SAID_OF_STEPS.sub(" ", without_packaging(said)), known, strength)
        masses = [self._milligrams(value, unit) for value, unit in _MASS.findall(plain)]
        numbers = {self._milligrams(*one.split(" ")[:2]) for one in known if one.count(" ") == 1}
        often = _ALIKE.get(often, often)
        left, times = _without_times(_MASS.sub(" ", plain))
        parts = parts_of_day(plain)
        several_times = parts > 1 and _A_DAY.get(often) != parts
        return (
            _counted(plain)
            or bool(set(masses) - numbers)
            or not times <= {often}
            or several_times
            or self._other_pieces(plain, known, strength)
            or bool(odd_words(left))
        )

    @staticmethod
    def _without_day(said: str, known: set[str], strength: str) -> str:
        """Words without the pieces of each part of a day (``4-0-0-0``), if they make a known amount."""
        found, (size, _, unit) = _PARTS.findall(said), strength.partition(" ")
        if len(found) != 1 or not unit:
            return said
        total = sum(Fraction(one.replace(",", ".")) for one in found[0].split("-"))
        return _PARTS.sub(" ", said) if f"{_product(str(float(total)), size)} {unit}" in known else said

    def odd(self, row: Node, strength: str) -> list[str]:
        """The words of a dosage beside its amounts and times that are not known to say nothing."""
        found: list[str] = []
        for said in told(row):
            plain = _SCHEDULE.sub(" ", _SAID_OF_STEPS.sub(" ", without_packaging(said)))
            left, _ = _without_times(_ANY_AMOUNT.sub(" ", plain))
            found += odd_words(left)
        return found

    def _other_pieces(self, said: str, known: set[str], strength: str) -> bool:
        """Whether words tell a number of pieces that makes another amount, or nobody knows which."""
        found, (size, _, unit) = pieces(said), strength.partition(" ")
        amounts = {f"{_product(count, size)} {unit}" for count in found}
        return len(found) > 1 or (bool(unit) and not amounts <= known)

    @staticmethod
    def _milligrams(value: str, unit: str) -> Fraction | None:
        factor = {"g": 1000, "mg": 1}.get(unit.lower())
        try:
            return Fraction(value.replace(",", ".")) * factor if factor else Fraction(value) / 1000
        except ValueError:
            return None

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
        if one is None and _is_piece(word):
            return word
        if two is None:
            return code if word.lower() in (code.lower(), *_SPELT.get(code, ())) else ""
        return code if one is not None and one.code == two.code else ""

    def amount(self, row: Node, strength: str) -> str:
        """How much of it a dose is, in a unit; empty where that cannot be read."""
        found = self._amount(row, strength)
        return found if found and self.readable(f"{found} once") is not None else ""

    def _amount(self, row: Node, strength: str) -> str:
        told = {found for rate in nodes(row, "doseAndRate") if (found := self._rate(rate, strength))}
        # Ordered, calculated and in pieces: one amount, if they agree.
        return told.pop() if len(told) == 1 else ""

    def _rate(self, rate: Node, strength: str) -> str:
        quantity = node(rate, "doseQuantity")
        value, unit = text(quantity, "value"), self.unit_of(quantity)
        if not value:
            low, high = node(rate, "doseRange", "low"), node(rate, "doseRange", "high")
            if not text(low, "value") or self.unit_of(low) != self.unit_of(high):
                return ""
            return f"{text(low, 'value')}-{text(high, 'value')} {self.unit_of(low)}"
        if _is_piece(unit):
            size, _, kind = strength.partition(" ")
            # Only whole or half pieces of one strength make an amount.
            whole = _product(value, size) if kind else ""
            return f"{whole} {kind}" if whole else ""
        return f"{value} {unit}" if unit else ""


def _is_piece(unit: str) -> bool:
    return unit.strip("{}").lower().rstrip("s").split("(")[0] in _PIECES


def as_needed(said: str) -> bool:
    """Whether words say that it is taken only when it is needed."""
    return _NEEDED.search(said) is not None


def _as_needed(row: Node) -> bool:
    told = [row.get(key) for key in ("asNeededBoolean", "asNeeded")]
    return any(one in (True, "true") for one in told) or any(
        key in row for key in ("asNeededCodeableConcept", "asNeededFor")
    )


def told(row: Node) -> list[str]:
    """All that a dosage says in words, first that of the order itself."""
    own = [text(row, "text"), text(row, "patientInstruction")]
    printed = own[0] or own[1]
    more = [word for one in nodes(row, "additionalInstruction") for word in words(one)]
    return list(dict.fromkeys([printed, *filter(None, own), *more]))


def _counted(said: str) -> bool:
    """Whether words tell so many of an amount and, beside that, how often: ``2 x 500 mg twice daily``."""
    rest, count = _COUNTED.subn(" ", said)
    return count > 0 and not _times(rest) <= {"daily"}


_COUNTED = re.compile(r"(?<![\d.,])(?!1 ?[x×])\d{1,2} ?[x×] ?(?=\d)", re.IGNORECASE)


def _times(said: str) -> set[str]:
    """How often, as words say it."""
    return _without_times(said)[1]


def _without_times(said: str) -> tuple[str, set[str]]:
    """What else words say, and how often; the finer words go before those that stand in them."""
    found: set[str] = set()
    for pattern, often in _OFTEN.items():
        said, count = re.subn(
            rf"\b{pattern}(?!\w)(?: (?:daily|a day|per day|täglich))?", " ", said, flags=re.IGNORECASE
        )
        found |= {often} if count else set()
    return said, found


def _daily_total(amount: str, often: str) -> str:
    """How much an amount makes in a day; empty where nobody can say."""
    count = _A_DAY.get(_ALIKE.get(often, often))
    value, _, unit = amount.partition(" ")
    whole = _product(value, str(count)) if count else ""
    return f"{whole} {unit}" if whole else ""


def _often(row: Node) -> str:
    """How often, where all that a timing says agrees."""
    code, repeat = node(row, "timing", "code"), node(row, "timing", "repeat")
    by_code = {_DAILY[one.upper()] for _, one in codings(code) if one.upper() in _DAILY}
    said = {often for word in words(code) for often in _times(word)}
    by_code = by_code or {often for often in said if len(said) == 1}
    if len(by_code) > 1 or not said <= {_ALIKE.get(often, often) for often in by_code}:
        return ""
    by_repeat = _repeated(repeat)
    if not by_code:
        return by_repeat
    often = by_code.pop()
    silent = not any(name in repeat for name in ("frequency", "period", *_ODD_TIMING))
    return often if silent or _ALIKE.get(often, often) == _ALIKE.get(by_repeat, by_repeat) else ""


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
    count, length, unit = (_plain(text(repeat, name)) for name in ("frequency", "period", "periodUnit"))
    if (length, unit) == ("7", "d"):
        length, unit = "1", "wk"
    if (count, length, unit) == ("7", "1", "wk"):
        count, unit = "1", "d"
    count = count or ("1" if length and unit else "")
    at_hours = len(listed(repeat.get("timeOfDay")))
    whens = len(listed(repeat.get("when")))
    if not (count or length or unit) and (whens or at_hours):
        # At each of them, every day.
        count, length, unit = str(whens or at_hours), "1", "d"
    odd = any(name in repeat for name in _ODD_TIMING)
    if not count or odd or any(places and str(places) != count for places in (at_hours, whens)):
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


def _plain(number: str) -> str:
    """A whole number without its decimals: 1.0 is 1."""
    return re.sub(r"\.0+$", "", number)


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
