"""What a feature can be: an amount between bounds, a choice among words, or a truth that may be unknown.

Unknown is part of the value, never a default: an amount may have wide or no bounds, a choice several
options, a flag no truth. `missing` names the data that would make it known.

Values never form a cycle, so the garbage collector is told to pass them by (``gc=False``).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import msgspec

from nephroline.catalogue import Analyte
from nephroline.exact import Fraction
from nephroline.quantities import Quantity
from nephroline.record import Moment
from nephroline.terms import Confidence, Entry


class Slot(msgspec.Struct, frozen=True, gc=False):
    """Where a datum belongs in a chart: the kind of entry, its name, and its time.

    `name` is an analyte, condition, assertion or drug; `at` is None for what has no time, such as sex.
    """

    entry: Entry
    name: str = ""
    at: Moment | None = None


class Missing(msgspec.Struct, frozen=True, gc=False):
    """A datum that is not there, and what it would tell.

    `slot` says where it would be entered; None if no single entry would supply it.
    """

    datum: str
    why: str
    slot: Slot | None = None


class Amount(msgspec.Struct, frozen=True, gc=False):
    """A quantity between `low` and `high` (None: unbounded), in base units of its dimension.

    `low_in`, `high_in`: whether the bound itself belongs to it. `absent`: it is known that there is none, as
    of the dose of a drug that is not taken; then no comparison holds.
    """

    low: Fraction | None
    high: Fraction | None
    dimension: str
    text: str
    missing: tuple[Missing, ...] = ()
    analyte: Analyte | None = None
    low_in: bool = True
    high_in: bool = True
    absent: bool = False

    def carried(self, dimension: str) -> Amount | None:
        """The same in another form of its analyte, exactly; None if it does not convert."""
        if self.dimension == dimension:
            return self
        if self.analyte is None:
            return None
        low, high = (
            None if bound is None else self.analyte.convert(bound, self.dimension, dimension)
            for bound in (self.low, self.high)
        )
        if low is None and high is None:
            return None
        return msgspec.structs.replace(self, low=low, high=high, dimension=dimension)

    @property
    def known(self) -> bool:
        """Whether it has any bound."""
        return self.low is not None or self.high is not None


class Choice(msgspec.Struct, frozen=True, gc=False):
    """One of `options`; known when there is one. `faults`: what contradicts itself in the chart.

    `provisional`: what would confirm it, where it is taken to be so until then. `unconfirmed`: of a relapse,
    whether it waits for another value, and by what data that would be known.
    """

    options: frozenset[str]
    text: str
    missing: tuple[Missing, ...] = ()
    faults: tuple[str, ...] = ()
    provisional: tuple[Missing, ...] = ()
    unconfirmed: bool | None = False
    doubt: tuple[Missing, ...] = ()


class Flag(msgspec.Struct, frozen=True, gc=False):
    """True, false, or (None) unknown."""

    truth: bool | None
    text: str
    missing: tuple[Missing, ...] = ()


Value = Amount | Choice | Flag


class Threshold(msgspec.Struct, frozen=True, eq=False):
    """A named, cited constant. `forms` holds the printed value for each dimension it is printed in.

    KDIGO prints one proteinuria cut-off in g/d, mg/g and mg/mmol, and the three are not exact
    conversions of each other: a value is compared in the form it was reported in.
    """

    name: str
    title: str
    forms: Mapping[str, Quantity]
    source: str
    cite: str
    confidence: Confidence
    note: str = ""
    amounts: dict[str, Amount] = {}

    def __post_init__(self) -> None:
        made = {
            d: Amount(q.low, q.high, d, q.text, low_in=q.low_in, high_in=q.high_in)
            for d, q in self.forms.items()
        }
        msgspec.structs.force_setattr(self, "amounts", made)

    @property
    def first(self) -> Quantity:
        """The form that is printed first."""
        return next(iter(self.forms.values()))

    @property
    def days(self) -> Fraction:
        """The length in days of a threshold of time."""
        value = self.forms["time"].exact
        assert value is not None  # noqa: S101
        return value

    def cut(self, dimension: str, analyte: Analyte | None) -> Fraction | None:
        """Where it cuts values of a dimension, in base units; None if it does not speak of them."""
        same = self.forms.get(dimension)
        if same is not None:
            return same.exact
        if analyte is None:
            return None
        for kind, form in self.forms.items():
            if form.exact is not None:
                carried = analyte.convert(form.exact, kind, dimension)
                if carried is not None:
                    return carried
        return None

    def form_for(self, amount: Amount) -> tuple[Amount, Amount] | None:
        """The printed form to compare *amount* with, and the amount carried to that form.

        The reported form comes first; else a form that converts exactly, else None.
        """
        same = self.amounts.get(amount.dimension)
        if same is not None:
            return same, amount
        for dimension, form in self.amounts.items():
            carried = amount.carried(dimension)
            if carried is not None:
                return form, carried
        return None


def no_amount(dimension: str, text: str) -> Amount:
    """An amount that is known not to be there."""
    return Amount(None, None, dimension, text, absent=True)


def unknown_amount(dimension: str, *missing: Missing, text: str = "unknown") -> Amount:
    """An amount of which nothing is known."""
    return Amount(None, None, dimension, text, tuple(missing))


def gather(missing: Iterable[Missing]) -> tuple[Missing, ...]:
    """Each missing datum once, in order of first mention."""
    return tuple(dict.fromkeys(missing))
