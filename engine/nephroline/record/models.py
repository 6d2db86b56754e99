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
    """One thing observed at one time: a number, a word kept as a word, or explicitly unknown."""

    analyte: str
    at: Moment
    value: Quantity | None = None
    word: str | None = None
    reported: bool = False
    cite: str = ""

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
    """One drug at one dose over one interval; `end` None means that no stop is recorded."""

    drug: str
    start: Moment
    end: Moment | None = None
    dose: Quantity | None = None
    trough_target: Quantity | None = None
    stopped_for: str | None = None
    cite: str = ""


class Procedure(msgspec.Struct, frozen=True, gc=False):
    """Something done to the patient, such as ultrafiltration."""

    name: str
    at: Moment
    cite: str = ""


class Fault(msgspec.Struct, frozen=True, gc=False):
    """An entry that was kept but not used, and why; `given`: it is of something that was given."""

    text: str
    at: Moment
    given: bool = False

    def seen_at(self, now: Fraction) -> bool:
        """Whether as-of sees the entry, as it would if it were used."""
        return self.at.latest < now if self.given else self.at.latest <= now


class Record(msgspec.Struct, frozen=True):
    """A chart. `age_zero` is in days at time zero; `faults` are entries kept but not used.

    `age_supposed`: the age is not the patient's own, but stands for a range of ages.
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
    faults: tuple[Fault, ...] = ()
    age_supposed: bool = False

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

    def moments(self) -> tuple[Moment, ...]:
        """Every time from time zero on at which something is dated, in order, one for each day reached."""
        times: dict[Fraction, Moment] = {}
        items: tuple[Condition | Assertion | Biopsy | Observation | Procedure, ...] = (
            *self.conditions,
            *self.assertions,
            *self.biopsies,
            *self.observations,
            *self.procedures,
        )
        dated = [item.at for item in items]
        dated += [t for e in self.exposures for t in (e.start, e.end) if t is not None]
        dated = [moment for moment in dated if moment.latest >= 0]
        for moment in sorted(dated, key=lambda m: (m.latest, not m.precise, m.label)):
            times.setdefault(
                moment.latest,
                Moment(moment.latest, moment.latest, moment.label.rsplit(" to ", 1)[-1]),
            )
        return tuple(times.values())
