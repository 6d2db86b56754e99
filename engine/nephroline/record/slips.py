"""Values that look like a slip between a unit and one a thousand times as large."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from nephroline.catalogue import Analyte, Catalogue
from nephroline.exact import Fraction
from nephroline.quantities import Quantity, Unit
from nephroline.record.models import Observation, Record

_STEP = 1000
_NEAR = 5
"""How many times as large or small as another value a value is that may be one of the same course."""


class Slip(NamedTuple):
    """A value that is below what a healthy person has, and that in a larger unit would fit the others."""

    item: Observation
    other: Observation
    likely: Unit

    @property
    def question(self) -> str:
        """What looks wrong."""
        return (
            f"{self.item.text} ({self.item.at}) beside {self.other.text} ({self.other.at})"
            " looks like a slip of the unit"
        )

    @property
    def remedy(self) -> str:
        """How to mend or to confirm it."""
        return f"did you mean {self.likely.code}? if it is printed so, add `as_printed: true` to the row"


def slips(record: Record, catalogue: Catalogue) -> Iterator[Slip]:
    """Every value that is to be asked about, once."""
    for name, analyte in catalogue.analytes.items():
        if analyte.slip_below:
            measured = (item for item in record.observations if item.analyte == name)
            written = [found for item in measured if (found := _written(item, catalogue)) is not None]
            for limit in analyte.slip_below:
                yield from _below(limit, written, analyte)


class _Written(NamedTuple):
    """A value that is one number, with the unit in which it is written."""

    amount: Fraction
    unit: Unit
    item: Observation


def _written(item: Observation, catalogue: Catalogue) -> _Written | None:
    value = item.value
    if value is None or value.exact is None:
        return None
    return _Written(value.exact, catalogue.units[value.text.rsplit(" ", 1)[-1]], item)


def _below(limit: Quantity, written: Sequence[_Written], analyte: Analyte) -> Iterator[Slip]:
    """Values below a limit that would fit others of their form in a unit a thousand times as large."""
    alike = sorted(
        (found for found in written if found.unit.dimension == limit.dimension), key=lambda f: f.amount
    )
    by_unit = {
        unit.code: [found for found in alike if found.unit == unit]
        for unit in analyte.measured_in
        if unit.dimension == limit.dimension
    }
    for found in alike:
        likely = next((u for u in analyte.measured_in if _a_step_above(u, found.unit)), None)
        if limit.exact is None or likely is None or found.item.as_printed:
            continue
        if not 0 < found.amount < limit.exact:
            continue
        for code, others in by_unit.items():
            # A small whole number in the unit of the others is what a laboratory prints of a healthy person.
            if code == found.unit.code and "." not in found.item.text:
                continue
            at = bisect_left(others, found.amount * _STEP / _NEAR, key=lambda other: other.amount)
            if at < len(others) and others[at].amount <= found.amount * _STEP * _NEAR:
                yield Slip(found.item, others[at].item, likely)
                break


def _a_step_above(unit: Unit, other: Unit) -> bool:
    return unit.dimension == other.dimension and unit.factor == other.factor * _STEP
