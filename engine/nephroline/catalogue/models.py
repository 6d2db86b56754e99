"""The entries of the catalogue: one struct for each kind, both what a file holds and what the engine uses."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

import msgspec

from nephroline.catalogue.fields import (
    AgentId,
    AnalyteId,
    AssertionId,
    BurdenId,
    ClassId,
    ConditionId,
    DrugId,
    ReviewDate,
    SourceId,
)
from nephroline.exact import Fraction
from nephroline.quantities import Quantity, Unit
from nephroline.shapes import Shape
from nephroline.terms import Confidence, Entry, SourceKind

_SUBSTANCE_FORMS = (
    # (mass form, substance form, factor): value_mass = value_substance x molar mass x factor
    ("mass-concentration", "substance-concentration", Fraction(1)),
    # A ratio per mole becomes a ratio per gram by dividing by the molar mass.
    ("mass-ratio", "mass-per-substance", Fraction(-1)),
)


class Source(Shape, frozen=True, kw_only=True):
    """A guideline, paper or label; `short` is how answers cite it, `reviewed` when it was looked into.

    `superseded_by`: the later edition of the same that has taken its place.
    """

    id: str
    short: str
    kind: SourceKind
    citation: str
    year: int | None = None
    reviewed: ReviewDate = ""
    superseded_by: SourceId | None = None


class Variation(Shape, frozen=True, kw_only=True):
    """How far one value can stand from the patient's true one (95 %, as a ratio), with its source."""

    value: Quantity
    source: SourceId
    confidence: Confidence
    note: str = ""

    @property
    def ratio(self) -> Fraction:
        """The same as a plain number."""
        return self.value.exact or Fraction(0)

    @property
    def text(self) -> str:
        """The same as printed."""
        return self.value.text


class Burden(Shape, frozen=True, kw_only=True):
    """What it costs to get a datum: one step of a scale."""

    id: str
    title: str


class EntryBurden(Shape, frozen=True, kw_only=True):
    """The step for a kind of entry of a chart."""

    entry: Entry
    burden: BurdenId


class Analyte(Shape, frozen=True, kw_only=True, dict=True):
    """Something observed: a number in accepted units, a word, or both. `charted`: reports draw its course.

    `short`: its title where there is little room.
    `trends`: words that tell how it changes, not how it is. `at_least`, `at_most`, `as_before`: words that
    bound the number before them, which they do not replace. `word_synonyms`: other ways to say a word;
    `not_words`: what cannot be read as it, with what to write.
    `slip_below`: where a value is asked about if it may have been written in a unit a thousand times too
    small. `superseded_by`: a later report of this in words, or in these (`superseded_by_words`), says that
    an older value is not that of now.
    """

    id: str
    title: str
    synonyms: tuple[str, ...] = ()
    short: str | None = None
    measured_in: tuple[Unit, ...] = msgspec.field(name="units", default=())
    words: tuple[str, ...] = ()
    trends: tuple[str, ...] = ()
    at_least: tuple[str, ...] = ()
    at_most: tuple[str, ...] = ()
    as_before: tuple[str, ...] = ()
    word_synonyms: Mapping[str, str] = {}
    not_words: Mapping[str, str] = {}
    slip_below: tuple[Quantity, ...] = ()
    plausible: tuple[Quantity, ...] = ()
    molar_mass: Fraction | None = None
    assessment: bool = False
    level_of: DrugId | None = None
    speaks_of: AnalyteId | None = None
    steady_words: tuple[str, ...] = ()
    superseded_by: AnalyteId | None = None
    superseded_by_words: tuple[str, ...] = ()
    burden: BurdenId | None = None
    variation: Variation | None = None
    charted: bool = False

    @cached_property
    def units(self) -> tuple[str, ...]:
        """The codes of the accepted units, the preferred one first."""
        return tuple(unit.code for unit in self.measured_in)

    @cached_property
    def bounding(self) -> frozenset[str]:
        """The words that bound the number before them, and do not replace it."""
        return frozenset((*self.at_least, *self.at_most, *self.as_before))

    @cached_property
    def meaning(self) -> Mapping[str, str]:
        """The word that each accepted report in words means, by its spelling."""
        own = {word: word for word in self.words}
        return {phrase(text): meant for text, meant in (dict(self.word_synonyms) | own).items()}

    @cached_property
    def told_instead(self) -> Mapping[str, str]:
        """What to write in place of a report that cannot be read, by its spelling."""
        return {phrase(text): remedy for text, remedy in self.not_words.items()}

    @cached_property
    def dimensions(self) -> tuple[str, ...]:
        """The dimensions of the accepted units, in their order."""
        return tuple(dict.fromkeys(unit.dimension for unit in self.measured_in))

    def convert(self, value: Fraction, source: str, target: str) -> Fraction | None:
        """Carry *value* between dimensions, through the molar mass; None when there is no way."""
        if source == target:
            return value
        if self.molar_mass is None:
            return None
        for mass, substance, sign in _SUBSTANCE_FORMS:
            factor = self.molar_mass if sign > 0 else 1 / self.molar_mass
            if (source, target) == (substance, mass):
                return value * factor
            if (source, target) == (mass, substance):
                return value / factor
        return None

    @property
    def lacks_molar_mass(self) -> bool:
        """Whether its forms by mass and by substance cannot be told as each other."""
        return self.molar_mass is None and any(
            {mass, substance} <= set(self.dimensions) for mass, substance, _ in _SUBSTANCE_FORMS
        )

    def implausible(self, quantity: Quantity) -> str | None:
        """Say which plausible range the quantity leaves; None if it leaves none that applies."""
        for limits in self.plausible:
            low, high = (
                None if v is None else self.convert(v, quantity.dimension, limits.dimension)
                for v in (quantity.low, quantity.high)
            )
            assert limits.low is not None and limits.high is not None  # noqa: S101, PT018
            bounded_above_only = low == 0 and quantity.exact is None
            if (low is not None and not bounded_above_only and not limits.low <= low <= limits.high) or (
                high is not None and not limits.low <= high <= limits.high
            ):
                return limits.text
        return None


class DrugClass(Shape, frozen=True, kw_only=True):
    """A class of drugs; immunosuppressants make lines of therapy.

    `counted_as`: the drug in which doses of the class are told, if they are not alike. `all_of_lines`: every
    immunosuppressant belongs to it. `followed_through_lines`: it is followed as one course with phases,
    whatever else runs, and is a line of its own only while nothing else does; `low_up_to`: at or below any
    of these doses its phase is low, and `full_doses` are the thresholds of the pathway from which on it is
    high. `acts_for`: how long after its last dose a drug of the class still acts.
    """

    id: str
    title: str
    synonyms: tuple[str, ...] = ()
    immunosuppressant: bool = False
    followed_through_lines: bool = False
    low_up_to: tuple[Quantity, ...] = ()
    full_doses: tuple[str, ...] = ()
    acts_for: Quantity | None = None
    counted_as: DrugId | None = None
    all_of_lines: bool = False
    cite: str = ""

    @property
    def makes_lines(self) -> bool:
        """Whether its drugs are immunosuppressants."""
        return self.immunosuppressant or self.all_of_lines


class Drug(Shape, frozen=True, kw_only=True):
    """A drug, its classes, its codes where verified; `most_per_day` guards against slips of the pen.

    `equals`: so much of it counts as so much of the drug as which its class is counted; None if no source
    says. `unnamed`: it stands for any drug of its class, where a chart tells no more.
    """

    id: str
    title: str
    classes: tuple[ClassId, ...]
    synonyms: tuple[str, ...] = ()
    most_per_day: Quantity | None = None
    equals: tuple[Quantity, Quantity] | None = None
    rxnorm: str | None = None
    atc: str | None = None
    cite: str = ""
    unnamed: bool = False

    @property
    def ratio(self) -> Fraction | None:
        """How much of the drug as which its class is counted one part of it is."""
        if self.equals is None:
            return None
        own, counted = (quantity.exact for quantity in self.equals)
        return counted / own if own and counted else None


class LessDose(Shape, frozen=True, kw_only=True):
    """From an age on, a share of a dose less; both by names of thresholds of the pathway."""

    from_age: str
    by: str


class RegimenDose(Shape, frozen=True):
    """What to give of one drug; amounts are names of thresholds of the pathway. `times`: doses a day.

    `less`: what is taken off by age; of several that of the greatest age reached, as they do not add up.
    `weight`: whether a dose by weight goes by the actual weight or, in the obese, by the adjusted one.
    """

    drug: DrugId
    amount: tuple[str, ...]
    per: str
    most: str | None = None
    times: int = 1
    less: tuple[LessDose, ...] = ()
    weight: Literal["actual", "adjusted"] = "actual"


class Target(Shape, frozen=True, kw_only=True):
    """The level to reach, by names of thresholds."""

    analyte: AnalyteId
    low: str
    high: str


class Regimen(Shape, frozen=True, kw_only=True):
    """Drugs in combination; `agents` are drugs or classes, each met by exactly one drug.

    `alternating`: agents or adjuncts that take turns, so that a pause in one while another is given ends no
    line.
    """

    id: str
    title: str
    agents: tuple[AgentId, ...]
    adjuncts: tuple[AgentId, ...] = ()
    alternating: tuple[AgentId, ...] = ()
    doses: tuple[RegimenDose, ...] = ()
    target: Target | None = None
    minimum_trial: str | None = None
    monitoring: tuple[str, ...] = ()

    @property
    def thresholds(self) -> tuple[str, ...]:
        """Names of all thresholds the regimen needs from a pathway."""
        names = [name for dose in self.doses for name in (*dose.amount, dose.most)]
        names += [name for dose in self.doses for less in dose.less for name in (less.from_age, less.by)]
        names += [self.target.low, self.target.high] if self.target else []
        return tuple(name for name in (*names, self.minimum_trial) if name)


class Named(Shape, frozen=True, kw_only=True):
    """A condition, assertion, diagnosis, or a label that clinicians write.

    A volunteered assertion or condition that is not stated does not hold. `excluded_by` is an assertion that
    says a condition is not there. `kind_of`: where the condition is there, so is that one. `only_of`: the sex
    that alone can have it. `short`: its title where there is little room. `passes`: an entry older than the
    pathway's current window says nothing of now. `unlike`: words by which a name that sounds like it is
    another thing, whatever the code beside it says.
    """

    id: str
    title: str
    short: str | None = None
    synonyms: tuple[str, ...] = ()
    volunteered: bool = False
    excluded_by: AssertionId | None = None
    kind_of: ConditionId | None = None
    only_of: Literal["female", "male"] | None = None
    passes: bool = False
    unlike: tuple[str, ...] = ()
    burden: BurdenId | None = None


def phrase(text: str) -> str:
    """The form in which reports in words are compared; signs are kept, for ``2+`` and ``-`` are reports."""
    return "-".join(text.replace("_", " ").lower().split())


def spelling(name: str) -> str:
    """The form in which names are compared: lower case, words joined by dashes."""
    return "-".join(name.replace("_", " ").replace("-", " ").lower().split())
