"""All entries together, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

import msgspec

from nephroline.catalogue.files import digest, plain
from nephroline.catalogue.formulary import Supply
from nephroline.catalogue.formulas import Formula, IdealWeight, Surface
from nephroline.catalogue.models import (
    Analyte,
    Burden,
    Drug,
    DrugClass,
    EntryBurden,
    Named,
    Regimen,
    Source,
    spelling,
)
from nephroline.catalogue.schedules import Schedule
from nephroline.errors import likely_slip, quoted
from nephroline.exact import Fraction
from nephroline.quantities import Quantity, QuantityError, Unit, parse
from nephroline.terms import Entry

_DOSES = (
    "mass",
    "mass-rate",
    "dose-rate-per-mass",
    "dose-per-area",
    "dose-rate-per-area",
    "activity",
    "activity-rate",
)


_SHOWN = 8
"""So many drugs of a class are named where one is asked for."""


class Catalogue(msgspec.Struct, frozen=True, eq=False, dict=True, kw_only=True):
    """Everything that charts and rules may name, by id.

    `replaced`: entries that came with Nephroline and were changed by a site, such as ``drug cyclosporine``.
    """

    sources: Mapping[str, Source] = {}
    analytes: Mapping[str, Analyte] = {}
    classes: Mapping[str, DrugClass] = {}
    drugs: Mapping[str, Drug] = {}
    regimens: Mapping[str, Regimen] = {}
    conditions: Mapping[str, Named] = {}
    assertions: Mapping[str, Named] = {}
    diagnoses: Mapping[str, Named] = {}
    labels: Mapping[str, Named] = {}
    states: Mapping[str, str] = {}
    stop_reasons: Mapping[str, str] = {}
    purposes: Mapping[str, str] = {}
    salts: Mapping[str, str] = {}
    burdens: Mapping[str, Burden] = {}
    entries: Mapping[str, EntryBurden] = {}
    formulas: Mapping[str, Formula] = {}
    surfaces: Mapping[str, Surface] = {}
    ideal_weights: Mapping[str, IdealWeight] = {}
    formulary: Mapping[str, Supply] = {}
    monitoring: Mapping[str, Schedule] = {}
    units_by_code: Mapping[str, Unit] = msgspec.field(name="units", default={})
    replaced: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """What tells its content from any other, whatever file or order it was written in."""
        return digest(msgspec.json.encode(plain(self), order="deterministic"))

    # -- names -------------------------------------------------------------------------------------

    @cached_property
    def units(self) -> Mapping[str, Unit]:
        """Units by every way to write them."""
        return {text: unit for unit in self.units_by_code.values() for text in unit.written}

    @cached_property
    def assessed(self) -> Sequence[Analyte]:
        """The analytes by whose values a response is judged."""
        return [analyte for analyte in self.analytes.values() if analyte.assessment]

    @cached_property
    def analyte_names(self) -> Mapping[str, str]:
        """Analytes by every name of their field."""
        return {name: a.id for a in self.analytes.values() for name in (a.id, *a.synonyms)}

    @cached_property
    def drug_names(self) -> Mapping[str, str]:
        """Drugs by every spelling."""
        named = _names(drug for drug in self.drugs.values() if not drug.unnamed)
        classes = {name: self.unnamed(kind) for name, kind in self.class_names.items()}
        return classes | named

    @cached_property
    def class_names(self) -> Mapping[str, str]:
        """Classes of drugs by every spelling."""
        return _names(self.classes.values())

    def unnamed(self, kind: str) -> str:
        """The drug that stands for any drug of a class."""
        return UNNAMED + kind

    def in_records(self, drug: str) -> str:
        """A drug as records name it: any of a class by the class; what is no drug stays as it is."""
        known = self.drugs.get(drug)
        return known.classes[0] if known is not None and known.unnamed else drug

    @cached_property
    def levels(self) -> frozenset[str]:
        """The analytes by whose level a regimen is dosed."""
        return frozenset(one.target.analyte for one in self.regimens.values() if one.target is not None)

    @cached_property
    def condition_names(self) -> Mapping[str, str]:
        """Conditions by every spelling."""
        return _names(self.conditions.values())

    @cached_property
    def assertion_names(self) -> Mapping[str, str]:
        """What clinicians assert, by every spelling."""
        return _names(self.assertions.values())

    @cached_property
    def label_names(self) -> Mapping[str, str]:
        """Labels that clinicians write, by every spelling."""
        return _names(self.labels.values())

    @cached_property
    def diagnosis_names(self) -> Mapping[str, str]:
        """Diagnoses by every spelling."""
        return _names(self.diagnoses.values())

    def lookup(self, kind: str, name: str, names: Mapping[str, str]) -> str:
        """Find the id behind a spelling. Raises: QuantityError with the nearest name."""
        found = names.get(spelling(name))
        if found is None:
            raise QuantityError(f"unknown {kind} {quoted(name)}", likely_slip(spelling(name), names))
        return found

    def title(self, agent: str) -> str:
        """The title of a drug or class."""
        return (self.drugs.get(agent) or self.classes[agent]).title

    # -- quantities --------------------------------------------------------------------------------

    @cached_property
    def time_units(self) -> tuple[str, ...]:
        """Codes of the units of time."""
        return tuple(unit.code for unit in self.units_by_code.values() if unit.dimension == "time")

    @cached_property
    def dose_units(self) -> tuple[str, ...]:
        """Codes of the units a dose may be written in."""
        return tuple(unit.code for unit in self.units_by_code.values() if unit.dimension in _DOSES)

    def quantity(self, analyte: Analyte, text: str) -> Quantity:
        """Read a value of *analyte*, refusing foreign units and impossible values.

        Raises: QuantityError, with the unit that would have made sense.
        """
        value = parse(text, self.units, accepted=analyte.units)
        limits = analyte.implausible(value)
        if limits is None:
            return value
        number = value.text.rsplit(" ", 1)[0]
        others = [parse(f"{number} {code}", self.units) for code in analyte.units]
        # A slip between mass and substance is the more likely one than between sizes of one unit.
        for other in sorted(others, key=lambda other: other.dimension == value.dimension):
            code = other.text.removeprefix(number).strip()
            if other.text != value.text and analyte.implausible(other) is None:
                raise QuantityError(
                    f"{quoted(value.text)} is not a possible {analyte.title} (plausible: {limits})",
                    f"did you mean {code}?",
                )
        raise QuantityError(f"{quoted(value.text)} is not a possible {analyte.title}", f"plausible: {limits}")

    @cached_property
    def told_by_stops(self) -> Mapping[str, str]:
        """The response that a reason for stopping tells of, where it is one."""
        responses = {word for a in self.assessed for word in a.words}
        return {reason: reason for reason in self.stop_reasons if reason in responses}

    @cached_property
    def stops_for_harm(self) -> frozenset[str]:
        """The reasons for stopping that say that a drug did harm."""
        return frozenset(HARM) & set(self.stop_reasons)

    @cached_property
    def formula_of(self) -> Mapping[str, Formula]:
        """Formulas by the analyte that they give."""
        return {formula.gives: formula for formula in self.formulas.values()}

    # -- drugs and regimens ------------------------------------------------------------------------

    @cached_property
    def immunosuppressants(self) -> frozenset[str]:
        """The drugs that make lines of therapy."""
        return frozenset(drug.id for drug in self.drugs.values() if self._acting(drug))

    def class_of_lines(self, drug: str) -> DrugClass:
        """The class by which an immunosuppressant makes lines; of another drug, its first class."""
        known = self.drugs[drug]
        return self._acting(known) or self.classes[known.classes[0]]

    def _acting(self, drug: Drug) -> DrugClass | None:
        kinds = (self.classes[name] for name in drug.classes)
        return next((kind for kind in kinds if kind.makes_lines), None)

    def followed(self, drug: str) -> bool:
        """Whether a drug is followed as a course of its class, and no agent beside others."""
        return self.class_of_lines(drug).followed_through_lines

    def followed_all(self, agent: str) -> bool:
        """The same of a drug or of a class."""
        if agent in self.drugs:
            return self.followed(agent)
        return self.classes[agent].followed_through_lines

    def acting_time(self, drug: str) -> Fraction | None:
        """How many days after its last dose a drug still acts, if it is given in single doses."""
        times = (self.classes[name].acts_for for name in self.drugs[drug].classes)
        return next((time.low for time in times if time is not None), None)

    def may_belong(self, drug: str, agent: str) -> bool:
        """Whether a drug of which only the class is known may be *agent*, or of the class *agent*."""
        known = self.drugs[drug]
        if not known.unnamed or self.belongs(drug, agent):
            return False
        own = self.classes[known.classes[0]]
        if own.all_of_lines:
            return agent in self.immunosuppressants or (
                agent in self.classes and self.classes[agent].immunosuppressant
            )
        return agent in self.drugs and own.id in self.drugs[agent].classes

    def belongs(self, drug: str, agent: str) -> bool:
        """Whether *drug* is *agent*, or of the class *agent*."""
        if drug == agent or agent in self.drugs[drug].classes:
            return True
        return drug in self.immunosuppressants and self._holds_all(agent)

    def reaction_concerns(self, drug: str, agent: str) -> bool:
        """Whether a reaction to *drug* forbids *agent*, a drug or a class.

        One to a class of which no drug is named forbids each of it, and is one to every class that holds it.
        """
        if self.belongs(drug, agent):
            return True
        if not self.drugs[drug].unnamed:
            return False
        whole = self.drugs[drug].classes[0]
        if agent in self.drugs:
            return self.belongs(agent, whole)
        return all(self.belongs(one, agent) for one in self._named_of(whole))

    def _named_of(self, kind: str) -> list[str]:
        return [one.id for one in self.drugs.values() if kind in one.classes and not one.unnamed]

    def within(self, agent: str, wanted: str) -> bool:
        """The same of a drug or of a class."""
        if agent in self.drugs:
            return self.belongs(agent, wanted)
        return agent == wanted or (self.classes[agent].immunosuppressant and self._holds_all(wanted))

    def _holds_all(self, agent: str) -> bool:
        return agent in self.classes and self.classes[agent].all_of_lines

    def counted(self, drug: str, agent: str) -> Fraction | None:
        """How much of what an agent's doses are told in one part of a drug is; None if no source says."""
        reference = self.classes[agent].counted_as if agent in self.classes else None
        if reference is None or drug == reference:
            return Fraction(1)
        return self.drugs[drug].ratio

    def counted_within(self, drug: str, agent: str) -> tuple[Fraction, Fraction] | None:
        """The least and the most that `counted` may be: of an unnamed drug, over those of its class."""
        factor = self.counted(drug, agent)
        if factor is not None:
            return factor, factor
        if not self.drugs[drug].unnamed:
            return None
        named = (other for other in self.drugs if self.belongs(other, agent))
        known = [ratio for other in named if (ratio := self.counted(other, agent)) is not None]
        return (min(known), max(known)) if known else None

    def regimen_of(self, drugs: frozenset[str]) -> Regimen | None:
        """The first regimen whose agents these drugs are, one for one."""
        if drugs not in self._regimens_of:
            self._regimens_of[drugs] = next((r for r in self.regimens.values() if self._is(r, drugs)), None)
        return self._regimens_of[drugs]

    @cached_property
    def _regimens_of(self) -> dict[frozenset[str], Regimen | None]:
        return {}

    def _is(self, regimen: Regimen, given: frozenset[str]) -> bool:
        drugs = self._each_class_once(regimen, given)
        return (
            len(regimen.agents) == len(drugs)
            and all(any(self.belongs(drug, agent) for drug in drugs) for agent in regimen.agents)
            and all(any(self.belongs(drug, agent) for agent in regimen.agents) for drug in drugs)
        )

    def _each_class_once(self, regimen: Regimen, drugs: frozenset[str]) -> frozenset[str]:
        """Of a followed class that a regimen names, one drug stands for all that are given of it."""
        found = set(drugs)
        for agent in regimen.agents:
            own = sorted(
                d for d in found if agent in self.classes and self.belongs(d, agent) and self.followed(d)
            )
            found -= set(own[1:])
        return frozenset(found)

    def contains(self, regimen: Regimen, agent: str) -> bool:
        """Whether every way to give *regimen* contains the drug or class *agent*."""
        return any(self.within(wanted, agent) for wanted in regimen.agents)

    # -- burdens -----------------------------------------------------------------------------------

    def burden(self, entry: Entry, name: str) -> Burden:
        """What it costs to get a datum."""
        table: Mapping[str, Analyte | Named] = {}
        if entry is Entry.OBSERVATION:
            table = self.analytes
        elif entry in (Entry.CONDITION, Entry.ASSERTION):
            table = self.conditions if entry is Entry.CONDITION else self.assertions
        own = table[name].burden if name in table else None
        return self.burdens[own or self.entries[entry].burden]


HARM = ("toxicity", "intolerance")
"""Reasons for stopping a drug that are a reason not to give it again."""
UNNAMED = "unnamed-"
"""How the ids begin of drugs that stand for any of their class."""


def unnamed_drugs(classes: Iterable[DrugClass]) -> dict[str, Drug]:
    """For each class the drug that stands for any of it."""
    return {
        UNNAMED + kind.id: Drug(
            id=UNNAMED + kind.id, title=f"{kind.title} (not named)", classes=(kind.id,), unnamed=True
        )
        for kind in classes
    }


def _names(entries: Iterable[DrugClass | Drug | Named]) -> dict[str, str]:
    return {spelling(name): e.id for e in entries for name in (e.id, e.title, *e.synonyms)}
