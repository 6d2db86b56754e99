"""All entries together, and what is asked of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property

import msgspec

from nephroline.catalogue.files import digest
from nephroline.catalogue.formulas import Formula, Surface
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
from nephroline.errors import did_you_mean, quoted
from nephroline.exact import Fraction
from nephroline.quantities import Quantity, QuantityError, Unit, parse
from nephroline.terms import Entry

_DOSES = ("mass", "mass-rate", "dose-rate-per-mass", "dose-per-area")


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
    states: Mapping[str, str] = {}
    stop_reasons: Mapping[str, str] = {}
    burdens: Mapping[str, Burden] = {}
    entries: Mapping[str, EntryBurden] = {}
    formulas: Mapping[str, Formula] = {}
    surfaces: Mapping[str, Surface] = {}
    monitoring: Mapping[str, Schedule] = {}
    units_by_code: Mapping[str, Unit] = msgspec.field(name="units", default={})
    replaced: tuple[str, ...] = ()

    @cached_property
    def digest(self) -> str:
        """What tells its content from any other, whatever file or order it was written in."""
        parts = {
            name: msgspec.to_builtins(table, order="deterministic", enc_hook=str)
            for name, table in msgspec.structs.asdict(self).items()
        }
        return digest(msgspec.json.encode(parts, order="deterministic"))

    # -- names -------------------------------------------------------------------------------------

    @cached_property
    def units(self) -> Mapping[str, Unit]:
        """Units by every way to write them."""
        return {text: unit for unit in self.units_by_code.values() for text in unit.written}

    @cached_property
    def drug_names(self) -> Mapping[str, str]:
        """Drugs by every spelling."""
        return _names(self.drugs.values())

    @cached_property
    def condition_names(self) -> Mapping[str, str]:
        """Conditions by every spelling."""
        return _names(self.conditions.values())

    @cached_property
    def diagnosis_names(self) -> Mapping[str, str]:
        """Diagnoses by every spelling."""
        return _names(self.diagnoses.values())

    def lookup(self, kind: str, name: str, names: Mapping[str, str]) -> str:
        """Find the id behind a spelling. Raises: QuantityError with the nearest name."""
        found = names.get(spelling(name))
        if found is None and kind == "drug" and spelling(name) in self.classes:
            drugs = ", ".join(drug.id for drug in self.drugs.values() if spelling(name) in drug.classes)
            raise QuantityError(f"{quoted(name)} is a class of drugs", f"name the drug: {drugs}")
        if found is None:
            raise QuantityError(f"unknown {kind} {quoted(name)}", did_you_mean(spelling(name), names))
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
        for code in analyte.units:
            other = parse(f"{number} {code}", self.units)
            if other.dimension != value.dimension and analyte.implausible(other) is None:
                raise QuantityError(
                    f"{quoted(value.text)} is not a possible {analyte.title} (plausible: {limits})",
                    f"did you mean {code}?",
                )
        raise QuantityError(f"{quoted(value.text)} is not a possible {analyte.title}", f"plausible: {limits}")

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
        return next((self.classes[c] for c in drug.classes if self.classes[c].immunosuppressant), None)

    def belongs(self, drug: str, agent: str) -> bool:
        """Whether *drug* is *agent*, or of the class *agent*."""
        if drug == agent or agent in self.drugs[drug].classes:
            return True
        return drug in self.immunosuppressants and self._holds_all(agent)

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

    def regimen_of(self, drugs: frozenset[str]) -> Regimen | None:
        """The first regimen whose agents these drugs are, one for one."""
        if drugs not in self._regimens_of:
            self._regimens_of[drugs] = next((r for r in self.regimens.values() if self._is(r, drugs)), None)
        return self._regimens_of[drugs]

    @cached_property
    def _regimens_of(self) -> dict[frozenset[str], Regimen | None]:
        return {}

    def _is(self, regimen: Regimen, drugs: frozenset[str]) -> bool:
        return (
            len(regimen.agents) == len(drugs)
            and all(any(self.belongs(drug, agent) for drug in drugs) for agent in regimen.agents)
            and all(any(self.belongs(drug, agent) for agent in regimen.agents) for drug in drugs)
        )

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


def _names(entries: Iterable[DrugClass | Drug | Named]) -> dict[str, str]:
    return {spelling(name): e.id for e in entries for name in (e.id, e.title, *e.synonyms)}
