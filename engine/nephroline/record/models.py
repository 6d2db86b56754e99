"""The chart of one patient as frozen objects: quantities read, times placed, names resolved.

What a chart does not say stays unknown. Exposures are the one closed list: a drug that is not
listed was not given.
"""

from __future__ import annotations

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.exact import Fraction
from nephroline.quantities import Quantity
from nephroline.record.times import Clock, Moment


class Observation(msgspec.Struct, frozen=True, gc=False):
    """One thing observed at one time: a number, a word kept as a word, or explicitly unknown.

    `as_printed`: its author has confirmed a value that looks like a slip.
    """

    analyte: str
    at: Moment
    value: Quantity | None = None
    word: str | None = None
    reported: bool = False
    cite: str = ""
    as_printed: bool = False

    @property
    def text(self) -> str:
        """The value in words."""
        if self.value is not None:
            return self.value.text
        return self.word.replace("-", " ") if self.word else "unknown"


class Condition(msgspec.Struct, frozen=True, gc=False):
    """A condition that is there, is not there, or (None) is no longer known; with its state if told."""

    name: str
    at: Moment
    present: bool | None = True
    state: str | None = None
    cite: str = ""


class Assertion(msgspec.Struct, frozen=True, gc=False):
    """Something a clinician asserted, such as that secondary causes are excluded."""

    name: str
    value: bool
    at: Moment
    cite: str = ""


class Biopsy(msgspec.Struct, frozen=True, gc=False):
    """A kidney biopsy; no glomeruli means that nothing can be read from it."""

    at: Moment
    glomeruli: int | None = None
    diagnosis: str | None = None
    variant: str | None = None
    cite: str = ""


class Exposure(msgspec.Struct, frozen=True, gc=False):
    """One drug at one dose over one interval; `end` None means that no stop is recorded.

    `every`: days from one dose to the next. `count`: so many single doses of this amount. `taken`: whether
    it was taken as prescribed (no, partly, unknown), if the chart doubts it. `purpose`: the other disease
    for which it is given. `name`: what the chart calls a drug of which only the class is known. `note`: what
    the chart says beside it in words.
    """

    drug: str
    start: Moment
    end: Moment | None = None
    dose: Quantity | None = None
    trough_target: Quantity | None = None
    stopped_for: str | None = None
    cite: str = ""
    every: int = 1
    count: int = 1
    taken: str | None = None
    purpose: str | None = None
    name: str = ""
    note: str = ""


class Unlisted(msgspec.Struct, frozen=True, gc=False):
    """Something given of which the catalogue knows neither name nor class: it may be of any.

    `end`: that whose reason tells of the disease; None where it was given for the disease by its own words.
    """

    name: str
    start: Moment
    stopped_for: str | None = None
    end: Moment | None = None


class Reaction(msgspec.Struct, frozen=True, gc=False):
    """An adverse reaction to a drug for which it is not to be given again."""

    drug: str
    at: Moment
    what: str = ""
    cite: str = ""


class Procedure(msgspec.Struct, frozen=True, gc=False):
    """Something done to the patient, such as ultrafiltration."""

    name: str
    at: Moment
    cite: str = ""


class Fault(msgspec.Struct, frozen=True, gc=False):
    """An entry that was kept but not used, and why; `given`: it is of something that was given.

    `dated`: it is a fact of its own at that time, not a fault of one that is there or was struck out.
    """

    text: str
    at: Moment
    given: bool = False
    dated: bool = False

    def seen_at(self, now: Fraction) -> bool:
        """Whether as-of sees the entry, as it would if it were used."""
        return self.at.latest < now if self.given else self.at.latest <= now


class Record(msgspec.Struct, frozen=True):
    """A chart. `age_zero` is in days at time zero; `faults` are entries kept but not used.

    `age_supposed`: the age is not the patient's own, but stands for a range of ages. `age_between`: its
    bounds at time zero, if the chart says no more.
    """

    id: str
    clock: Clock
    sex: str | None = None
    age_zero: Fraction | None = None
    conditions: tuple[Condition, ...] = ()
    assertions: tuple[Assertion, ...] = ()
    biopsies: tuple[Biopsy, ...] = ()
    observations: tuple[Observation, ...] = ()
    exposures: tuple[Exposure, ...] = ()
    procedures: tuple[Procedure, ...] = ()
    reactions: tuple[Reaction, ...] = ()
    unlisted: tuple[Unlisted, ...] = ()
    faults: tuple[Fault, ...] = ()
    age_supposed: bool = False
    age_between: tuple[Fraction, Fraction] | None = None

    @property
    def ages_zero(self) -> tuple[Fraction, ...]:
        """The age at time zero (days): one, its two bounds, or none; one that is only supposed is none."""
        if self.age_between is not None:
            return self.age_between
        return () if self.age_zero is None or self.age_supposed else (self.age_zero,)

    def foreign(self, catalogue: Catalogue) -> str | None:
        """Something that it names and a catalogue does not have; None if it was read with that one."""
        kinds = (
            (catalogue.drugs, (e.drug for e in self.exposures)),
            (catalogue.analytes, (o.analyte for o in self.observations)),
            (catalogue.conditions, (c.name for c in self.conditions)),
            (catalogue.assertions, (a.name for a in self.assertions)),
            (catalogue.diagnoses, (b.diagnosis for b in self.biopsies if b.diagnosis)),
        )
        return next((name for table, names in kinds for name in names if name not in table), None)

    def moments(self, most: int | None = None) -> tuple[Moment, ...]:
        """Every time from time zero on at which something is dated, in order, one for each day reached.

        With *most*, no more of them than that, evenly chosen, the last among them.
        """
        times: dict[Fraction, Moment] = {}
        dated = list(self._facts)
        dated += [t for e in self.exposures for t in (e.start, e.end) if t is not None]
        dated = [moment for moment in dated if moment.latest >= 0 and not moment.open]
        for moment in sorted(dated, key=lambda m: (m.latest, not m.precise, m.label)):
            times.setdefault(moment.latest, self.clock.reached(moment))
        found = tuple(times.values())
        if most is None or len(found) <= most:
            return found
        step = Fraction(len(found) - 1, max(most - 1, 1))
        return tuple(found[len(found) - 1 - round(i * step)] for i in reversed(range(most)))

    @property
    def _facts(self) -> tuple[Moment, ...]:
        items: tuple[Condition | Assertion | Biopsy | Observation | Procedure | Reaction, ...] = (
            *self.conditions,
            *self.assertions,
            *self.biopsies,
            *self.observations,
            *self.procedures,
            *self.reactions,
        )
        return tuple(item.at for item in items)

    def last_fact(self) -> Moment | None:
        """The time of the last fact: what was observed or said, a start, or a stop that has a reason.

        An end without a reason may be a plan, and so may a further step of a course that has such an end.
        """
        dated = list(self._facts)
        dated += [fault.at for fault in self.faults if fault.dated]
        dated += [e.end for e in self.exposures if e.end is not None and e.stopped_for is not None]
        begun: set[str] = set()
        for exposure in self.exposures:
            if exposure.drug not in begun or exposure.end is None or exposure.stopped_for is not None:
                dated.append(exposure.start)
            begun.add(exposure.drug)
        dated = [moment for moment in dated if not moment.open]
        dated = [moment for moment in dated if moment.latest >= 0] or dated
        last = max(dated, key=lambda moment: (moment.latest, moment.precise), default=None)
        return None if last is None else self.clock.reached(last)
