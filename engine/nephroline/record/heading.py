"""Read the head of a record: time zero, sex, age, weight and height."""

from __future__ import annotations

from datetime import date
from functools import partial

from nephroline.errors import quoted
from nephroline.exact import Fraction
from nephroline.quantities import parse
from nephroline.record.models import Fault, Observation
from nephroline.record.observing import UNKNOWN, ObservationReader
from nephroline.record.shapes import RecordFile
from nephroline.record.times import Moment, day_of

_SEXES = {
    "female": "female",
    "f": "female",
    "woman": "female",
    "girl": "female",
    "male": "male",
    "m": "male",
    "man": "male",
    "boy": "male",
}
"""Every way to write a sex."""
_OLDEST = 130

AgeRange = tuple[Fraction, Fraction]


class HeadReader(ObservationReader):
    """Reads what stands once in a record."""

    def time_zero(self, head: RecordFile) -> date | None:
        """The date of time zero; None if it is a word."""
        text = head.time_zero.strip()
        if text[:1].isdigit():
            try:
                return date.fromisoformat(day_of(text))
            except ValueError:
                self.complain(
                    ("time_zero",),
                    f"{quoted(text)} is not a day of the calendar",
                    "write an ISO date such as 2014-05-31, or a word such as presentation",
                )
        return None

    def sex(self, sex: str | None) -> str | None:
        """Female or male, however it is written."""
        if sex is None or sex.strip().lower() == UNKNOWN:
            return None
        known = _SEXES.get(sex.strip().lower())
        if known is None:
            self.complain(("sex",), f"{quoted(sex)} is not accepted", "write female, male or unknown")
        return known

    def age(self, head: RecordFile) -> Fraction | AgeRange | None:
        """The age at time zero in days, or its bounds if it is not known better."""
        age = head.age if head.age != UNKNOWN else None
        if head.birth_date not in (None, UNKNOWN):
            if age is not None:
                self.complain(("birth_date",), "age and birth date are both given", "keep one of them")
            return self._since_birth(str(head.birth_date))
        if age is None:
            return None
        value = self.attempt(
            ("age",), lambda: parse(age, self.catalogue.units, accepted=self.catalogue.time_units)
        )
        if value is None:
            return None
        oldest = _OLDEST * self.catalogue.units["years"].factor
        if value.low is None or value.high is None or not 0 <= value.low <= value.high <= oldest:
            self.complain(("age",), f"{quoted(age)} is not a possible age", "write it as 34 years")
            return None
        return value.low if value.exact is not None else self._between(age, value.low, value.high)

    def _since_birth(self, birth_date: str | None) -> Fraction | AgeRange | None:
        if self.clock.zero is None:
            self.complain(
                ("birth_date",),
                "a birth date needs `time_zero` to be a date",
                "give `age` instead, such as 34 years",
            )
            return None
        born = self.moment(("birth_date",), birth_date)
        if born is None:
            return None
        if born.latest > 0:
            self.complain(("birth_date",), "the birth date is after time zero", "check both dates")
        if born.precise:
            return -born.latest
        return self._between(f"born {born}", -born.latest, -born.earliest)

    def _between(self, text: str, least: Fraction, most: Fraction) -> AgeRange:
        told = f"age is given as a range ({text}), and used as far as it goes: give one age if it is known"
        self.faults.append(Fault(told, self._zero))
        return least, most

    @property
    def _zero(self) -> Moment:
        label = "0 mo" if self.clock.zero is None else self.clock.zero.isoformat()
        return Moment(Fraction(0), Fraction(0), label)

    def head_observations(self, head: RecordFile) -> list[Observation]:
        """Weight and height at time zero."""
        found: list[Observation] = []
        for name, text in (("weight", head.weight), ("height", head.height)):
            if text is not None and text != UNKNOWN:
                analyte = self.catalogue.analytes[name]
                value = self.attempt((name,), partial(self.catalogue.quantity, analyte, text))
                if value is not None:
                    found.append(Observation(name, self._zero, value))
        return found
