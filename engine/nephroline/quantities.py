"""Exact numbers with units.

A `Quantity` is an interval of exact fractions in the base unit of its dimension. A measured value
is an interval of one point; ``< 1.0 mg/dL`` and ``125-175 ng/mL`` are honest intervals. The printed
text is kept for people.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import msgspec

from nephroline.errors import did_you_mean, quoted
from nephroline.exact import Fraction

WEEK, MONTH, YEAR = Fraction(7), Fraction("30.4375"), Fraction("365.25")
"""In days, for times that are said; the catalogue has the same (UCUM: wk, mo_j, a_j) for those read."""

_NUMBER = r"[+-]?\d{1,15}(?:[.,]\d{1,15})?"
_TEXT = re.compile(
    rf"(?P<bound>[<>≤≥]=?)?\s*(?P<low>{_NUMBER})(?:\s*(?:-|–|to)\s*(?P<high>{_NUMBER}))?\s*(?P<unit>\D.*)?"
)
_AMBIGUOUS = re.compile(r"[+-]?[1-9]\d{0,2},\d{3}")


class QuantityError(ValueError):
    """Text that is not a quantity; `help` says how to mend it."""

    def __init__(self, message: str, help: str = "") -> None:  # noqa: A002
        super().__init__(message)
        self.help = help


class Unit(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A unit: its dimension, its exact factor to the base unit of that dimension, other ways to write it.

    `ucum` is the case-sensitive UCUM code, against which the tests check the factor. `every`: days from one
    dose to the next, of a unit that doses are written in.
    """

    code: str
    dimension: str
    factor: Fraction
    ucum: str
    spellings: tuple[str, ...] = ()
    every: int = 1

    @property
    def written(self) -> tuple[str, ...]:
        """Every way to write it."""
        return (self.code, *self.spellings)


# What has no strict bound is encoded as before there were any: digests are made over that.
class Quantity(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """Bounds in base units (None: unbounded), the dimension, and the text as printed.

    `low_in`, `high_in`: whether the bound itself belongs to it; that of ``< 1.0 mg/dL`` does not.
    """

    low: Fraction | None
    high: Fraction | None
    dimension: str
    text: str
    low_in: bool = True
    high_in: bool = True

    @property
    def exact(self) -> Fraction | None:
        """The value when it is a single point, else None."""
        return self.low if self.low == self.high else None

    def __str__(self) -> str:
        return self.text


def number(text: str) -> Fraction:
    """Read an exact decimal; a decimal comma is accepted. Raises `QuantityError`."""
    if _AMBIGUOUS.fullmatch(text):
        raise QuantityError(
            f"{quoted(text)} can be read two ways",
            f"write {text.replace(',', '')} or {text.replace(',', '.')}",
        )
    try:
        return Fraction(text.replace(",", "."))
    except ValueError:
        raise QuantityError(f"{quoted(text)} is not a number") from None


def parse(text: str, units: Mapping[str, Unit], *, accepted: Iterable[str] | None = None) -> Quantity:
    """Read ``16.3 g/d``, ``"1,1 g/dL"``, ``< 1.0 mg/dL`` or ``125-175 ng/mL``.

    *units* maps every spelling to its unit; *accepted* are the unit codes allowed here.
    Raises `QuantityError`, naming the accepted units.
    """
    codes = list(dict.fromkeys(accepted if accepted is not None else (u.code for u in units.values())))
    listed = ", ".join(codes[:8])
    match = _TEXT.fullmatch(text.strip())
    if match is None:
        raise QuantityError(f"{quoted(text)} is not a number with a unit", f"write it with one of: {listed}")
    spelled = " ".join((match["unit"] or "").split())
    if not spelled:
        raise QuantityError(f"{quoted(text)} has no unit", f"add one of: {listed}")
    unit = units.get(spelled)
    if unit is None:
        known = [s for s, u in units.items() if u.code in codes]
        raise QuantityError(
            f"unknown unit {quoted(spelled)}",
            did_you_mean(spelled, known, see=f"accepted: {listed}"),
        )
    if unit.code not in codes:
        raise QuantityError(f"{quoted(spelled)} is not a unit for this", f"accepted: {listed}")
    low, high = _bounds(match)
    shown = match[0][: match.start("unit")].strip().replace(",", ".").replace("–", "-")
    return Quantity(
        None if low is None else low * unit.factor,
        None if high is None else high * unit.factor,
        unit.dimension,
        shown if unit.dimension == "count" else f"{shown} {unit.code}",
        low_in=match["bound"] != ">",
        high_in=match["bound"] != "<",
    )


def _bounds(match: re.Match[str]) -> tuple[Fraction | None, Fraction | None]:
    """Bounds as written."""
    low = number(match["low"])
    if match["bound"]:
        if match["high"]:
            raise QuantityError("a bound and a range cannot stand together", "write one of them")
        return (Fraction(0), low) if match["bound"][0] in "<≤" else (low, None)
    high = number(match["high"]) if match["high"] else low
    if high < low:
        raise QuantityError("the range runs backwards", "write the smaller number first")
    return low, high


def decimal_text(value: Fraction, places: int = 1) -> str:
    """Write a fraction with at most *places* decimals, rounded half away from zero."""
    scale = 10**places
    half = value.denominator
    whole = (2 * abs(value.numerator) * scale + half) // (2 * half)
    sign = "-" if value < 0 and whole else ""
    if not places:
        return f"{sign}{whole}"
    text = f"{sign}{whole // scale}.{whole % scale:0{places}d}"
    return text.rstrip("0").rstrip(".")
