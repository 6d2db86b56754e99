"""Doses as they are prescribed: how much, how often, how many times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from nephroline.errors import quoted
from nephroline.exact import Fraction
from nephroline.quantities import Quantity, QuantityError, Unit, parse

_MOST_TIMES = 24
_MOST_COUNT = 100
_DAY, _ALTERNATE_DAYS = 24, 48
_FORMS = "write 60 mg/d, 100 mg bid, 40 mg every other day, 10 mg/wk, or single doses as 1 g x2"

_PER_DAY: Mapping[str, tuple[Fraction, int]] = {
    text: (share, every)
    for share, every, texts in (
        (Fraction(1), 1, "qd, od, daily, die, mane, nocte, qam, qhs, a day, per day, once daily, once a day"),
        (Fraction(1), 1, "every day, each day, every morning, in the morning, at night"),
        (Fraction(2), 1, "bid, bd, bds, twice daily, twice a day, twice per day"),
        (Fraction(3), 1, "tid, tds, three times daily, three times a day, thrice daily"),
        (Fraction(4), 1, "qid, qds, four times daily, four times a day"),
        (Fraction(1, 2), 2, "qod, eod, every other day, every second day, alternate days, alternate day"),
        (Fraction(1, 2), 2, "on alternate days, alternate-day, per 2 days, every 2 days"),
        (Fraction(1, 7), 1, "weekly, once weekly, once a week, every week, a week, per week, qw, qwk"),
        (Fraction(2, 7), 1, "twice weekly, twice a week, biw, 2x weekly"),
        (Fraction(3, 7), 1, "three times weekly, three times a week, thrice weekly, tiw, 3x weekly"),
    )
    for text in texts.split(", ")
}
"""How many doses a day a frequency makes, and every how many days it is given."""
_ONCE = ("once", "stat", "single dose", "as a single dose", "one dose", "once only")
_HOURS = re.compile(r"(?:q ?|every |/ ?)(?P<hours>\d{1,2}) ?(?:h|hr|hrs|hours?|hourly)")
_TIMES = re.compile(r"[x×]? ?(?P<times>\d{1,2}) ?(?:x|×|times)?(?: ?/ ?(?:d|day)| a day| daily| per day)")
_COUNTED = (
    re.compile(r"(?P<count>\d{1,3}) ?[x×] ?(?P<dose>\d.*)"),
    re.compile(r"(?P<dose>\d.*(?:[^\W\d]| ))[x×] ?(?P<count>\d{1,3})(?: doses?)?"),
)
# A frequency stands after a blank; only hours may join the unit by a stroke.
_OFTEN = re.compile(
    r"(?P<amount>[<>≤≥]?=? ?\d[\d.,]*(?: ?(?:-|–|to) ?\d[\d.,]*)? ?[^\s\d]\S*?)(?P<often>\s.+|/ ?\d+ ?h.*)"
)

_DAILY: Mapping[str, str] = {
    "mass": "mass-rate",
    "dose-per-mass": "dose-rate-per-mass",
    "dose-per-area": "dose-rate-per-area",
    "activity": "activity-rate",
}
"""The dimension of a single dose, and of so much per day; one base unit is that of the other, per day."""


class Dosing(msgspec.Struct, frozen=True, gc=False):
    """A dose: per day, or single amounts of which `count` were given.

    `every`: 2 of a dose that is given on alternate days (its quantity is what that makes per day), 1 of any
    other that is given again and again, None of single amounts.
    """

    quantity: Quantity
    count: int = 1
    every: int | None = None


def read_dose(text: str, units: Mapping[str, Unit], accepted: Iterable[str]) -> Dosing:
    """Read a dose as a chart has it: ``1 mg/kg/d``, ``100 mg bid``, ``10 mg/wk``, ``1 g x2``, ``40 mg``.

    *units* and *accepted* are as in `quantities.parse`; where a unit per day is accepted, so is its single
    dose with a frequency. Of what is not one number with a unit, the text is kept as it was written.
    Raises: QuantityError, with the forms that are accepted.
    """
    codes = tuple(accepted)
    plain = " ".join(text.split())
    for pattern in _COUNTED:
        counted = pattern.fullmatch(plain)
        if counted is not None:
            return _several(plain, counted, units, codes)
    try:
        found = parse(plain, units, accepted=codes)
    except QuantityError as bad:
        match = _OFTEN.fullmatch(plain)
        often = match["often"].strip().lower().replace(".", "") if match else ""
        once, share = often in _ONCE, _share(often)
        if match is None or not (once or share):
            raise QuantityError(str(bad), f"{bad.help}; {_FORMS}" if bad.help else _FORMS) from None
        single = msgspec.structs.replace(_single(match["amount"], units, codes), text=plain)
        return Dosing(single) if share is None else _repeated(single, *share)
    if found.dimension in _DAILY:
        return Dosing(found)
    return Dosing(found, every=2 if found.text.endswith("/2d") else 1)


def _several(text: str, match: re.Match[str], units: Mapping[str, Unit], codes: tuple[str, ...]) -> Dosing:
    """Single doses: the amount of one, and how many."""
    count = int(match["count"])
    if not 1 <= count <= _MOST_COUNT:
        raise QuantityError(f"{quoted(text)} is not a possible number of doses", _FORMS)
    single = _single(match["dose"], units, codes)
    return Dosing(msgspec.structs.replace(single, text=text), count)


def _single(text: str, units: Mapping[str, Unit], codes: tuple[str, ...]) -> Quantity:
    """A single dose, in a unit that is accepted or whose dose per day is."""
    known = {unit.dimension for unit in units.values() if unit.code in codes}
    wanted = {single for single, daily in _DAILY.items() if single in known or daily in known}
    single = dict.fromkeys(unit.code for unit in units.values() if unit.dimension in wanted)
    try:
        return parse(text, units, accepted=single)
    except QuantityError as bad:
        raise QuantityError(f"{bad} as a single dose", _FORMS) from None


def _repeated(single: Quantity, share: Fraction, every: int) -> Dosing:
    """What a dose that is given again and again makes in a day."""
    low, high = (None if bound is None else bound * share for bound in (single.low, single.high))
    daily = msgspec.structs.replace(single, low=low, high=high, dimension=_DAILY[single.dimension])
    return Dosing(daily, every=every)


def _share(often: str) -> tuple[Fraction, int] | None:
    """How many doses a day a frequency makes, and every how many days."""
    if often in _PER_DAY:
        return _PER_DAY[often]
    hours = _HOURS.fullmatch(often)
    if hours is not None and 0 < (gap := int(hours["hours"])) <= _ALTERNATE_DAYS:
        return Fraction(_DAY, gap), 2 if gap == _ALTERNATE_DAYS else 1
    times = _TIMES.fullmatch(often)
    if times is not None and 0 < int(times["times"]) <= _MOST_TIMES:
        return Fraction(int(times["times"])), 1
    return None
