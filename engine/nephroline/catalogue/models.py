"""What the catalogue knows, as frozen objects."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property

import msgspec

from nephroline.catalogue.files import digest
from nephroline.catalogue.formulas import Formula, Surface
from nephroline.catalogue.schedules import Schedule
from nephroline.errors import did_you_mean, quoted
from nephroline.exact import Fraction
from nephroline.quantities import Quantity, QuantityError, Unit, parse
from nephroline.terms import Confidence, Entry

_SUBSTANCE_FORMS = (
    # (mass form, substance form, factor): value_mass = value_substance x molar mass x factor
    ("mass-concentration", "substance-concentration", Fraction(1)),
    # A ratio per mole becomes a ratio per gram by dividing by the molar mass.
    ("mass-ratio", "mass-per-substance", Fraction(-1)),
)


class Source(msgspec.Struct, frozen=True):
    """A guideline, paper or label; `short` is how answers cite it."""

    id: str
    short: str
    kind: str
    citation: str
    year: int | None = None


class Variation(msgspec.Struct, frozen=True):
    """How far one value can stand from the patient's true one (95 %, as a ratio), with its source."""

    ratio: Fraction
    text: str
    source: str
    confidence: Confidence
    note: str = ""


class Burden(msgspec.Struct, frozen=True):
    """What it costs to get a datum: one step of a scale."""

    id: str
    title: str


class Analyte(msgspec.Struct, frozen=True):
    """Something observed: a number in accepted units, a word, or both. `charted`: reports draw its course."""

    id: str
    title: str
    units: tuple[str, ...]
    dimensions: tuple[str, ...]
    words: tuple[str, ...]
    plausible: tuple[Quantity, ...]
    molar_mass: Fraction | None = None
    assessment: bool = False
    level_of: str | None = None
    speaks_of: str | None = None
    steady_words: tuple[str, ...] = ()
    burden: str | None = None
    variation: Variation | None = None
    charted: bool = False

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


class DrugClass(msgspec.Struct, frozen=True):
    """A class of drugs; immunosuppressants make lines of therapy.

    `counted_as`: the drug in which doses of the class are told, if they are not alike. `all_of_lines`: every
    immunosuppressant belongs to it. `adjunct_up_to`: at or below any of these doses it is an adjunct of a
    line; `adjunct_beside`: beside a class, at or below any of these, if its doses are told in that drug.
    """

    id: str
    title: str
    immunosuppressant: bool = False
    adjunct_up_to: tuple[Quantity, ...] = ()
    counted_as: str | None = None
    all_of_lines: bool = False
    adjunct_beside: Mapping[str, tuple[Quantity, ...]] = {}


class Drug(msgspec.Struct, frozen=True):
    """A drug, its class, its codes where verified; `most_per_day` guards against slips of the pen.

    `equals`: how much of the drug as which its class is counted one part of it is; None if no source says.
    """

    id: str
    title: str
    drug_class: str
    immunosuppressant: bool
    most_per_day: Quantity | None = None
    cite: str = ""
    rxnorm: str | None = None
    atc: str | None = None
    equals: Fraction | None = None


class RegimenDose(msgspec.Struct, frozen=True):
    """What to give of one drug; amounts are names of thresholds of the pathway. `times`: doses a day."""

    drug: str
    amount: tuple[str, ...]
    per: str
    most: str | None = None
    times: int = 1


class Target(msgspec.Struct, frozen=True):
    """The level to reach, by names of thresholds."""

    analyte: str
    low: str
    high: str


class Regimen(msgspec.Struct, frozen=True):
    """Drugs in combination; `agents` are drugs or classes, each met by exactly one drug."""

    id: str
    title: str
    agents: tuple[str, ...]
    adjuncts: tuple[str, ...] = ()
    doses: tuple[RegimenDose, ...] = ()
    target: Target | None = None
    minimum_trial: str | None = None
    monitoring: tuple[str, ...] = ()

    @property
    def thresholds(self) -> tuple[str, ...]:
        """Names of all thresholds the regimen needs from a pathway."""
        names = [name for dose in self.doses for name in (*dose.amount, dose.most)]
        names += [self.target.low, self.target.high] if self.target else []
        return tuple(name for name in (*names, self.minimum_trial) if name)


class Named(msgspec.Struct, frozen=True):
    """A condition, assertion or diagnosis.

    A volunteered assertion that is not made does not hold. `excluded_by` is an assertion that says a
    condition is not there.
    """

    id: str
    title: str
    volunteered: bool = False
    excluded_by: str | None = None
    burden: str | None = None


class Catalogue(msgspec.Struct, frozen=True, eq=False, dict=True):
    """Everything that charts and rules may name, by id; `*_names` map every spelling to its id.

    `formulas` go by the analyte that they give.
    """

    units: Mapping[str, Unit]
    analytes: Mapping[str, Analyte]
    classes: Mapping[str, DrugClass]
    drugs: Mapping[str, Drug]
    drug_names: Mapping[str, str]
    agent_names: Mapping[str, str]
    regimens: Mapping[str, Regimen]
    conditions: Mapping[str, Named]
    condition_names: Mapping[str, str]
    assertions: Mapping[str, Named]
    diagnoses: Mapping[str, Named]
    diagnosis_names: Mapping[str, str]
    sources: Mapping[str, Source]
    states: tuple[str, ...] = ()
    stop_reasons: tuple[str, ...] = ()
    burdens: Mapping[str, Burden] = {}
    entry_burdens: Mapping[Entry, str] = {}
    formulas: Mapping[str, Formula] = {}
    surfaces: tuple[Surface, ...] = ()
    schedules: tuple[Schedule, ...] = ()

    @cached_property
    def digest(self) -> str:
        """What tells its content from any other, whatever file or order it was written in."""
        parts = {
            name: sorted(map(_encoded, part.items() if isinstance(part, Mapping) else part))
            for name, part in msgspec.structs.asdict(self).items()
        }
        return digest(_encoded(parts))

    @cached_property
    def time_units(self) -> tuple[str, ...]:
        """Codes of the units of time."""
        return tuple({u.code: None for u in self.units.values() if u.dimension == "time"})

    @cached_property
    def dose_units(self) -> tuple[str, ...]:
        """Codes of the units a dose may be written in."""
        kinds = ("mass", "mass-rate", "dose-rate-per-mass", "dose-per-area")
        return tuple({u.code: None for u in self.units.values() if u.dimension in kinds})

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

    def belongs(self, drug: str, agent: str) -> bool:
        """Whether *drug* is *agent*, or of the class *agent*."""
        known = self.drugs[drug]
        return agent in (drug, known.drug_class) or (known.immunosuppressant and self._holds_all(agent))

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
        return self.drugs[drug].equals

    def title(self, agent: str) -> str:
        """The title of a drug or class."""
        return (self.drugs.get(agent) or self.classes[agent]).title

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

    def burden(self, entry: Entry, name: str) -> Burden:
        """What it costs to get a datum."""
        table: Mapping[str, Analyte | Named] = {}
        if entry is Entry.OBSERVATION:
            table = self.analytes
        elif entry in (Entry.CONDITION, Entry.ASSERTION):
            table = self.conditions if entry is Entry.CONDITION else self.assertions
        own = table[name].burden if name in table else None
        return self.burdens[own or self.entry_burdens[entry]]

    def lookup(self, kind: str, name: str, names: Mapping[str, str]) -> str:
        """Find the id behind a spelling. Raises: QuantityError with the nearest name."""
        found = names.get(spelling(name))
        if found is None and kind == "drug" and spelling(name) in self.classes:
            drugs = ", ".join(drug.id for drug in self.drugs.values() if drug.drug_class == spelling(name))
            raise QuantityError(f"{quoted(name)} is a class of drugs", f"name the drug: {drugs}")
        if found is None:
            raise QuantityError(f"unknown {kind} {quoted(name)}", did_you_mean(spelling(name), names))
        return found


def _encoded(part: object) -> bytes:
    return msgspec.json.encode(part, order="deterministic", enc_hook=str)


def spelling(name: str) -> str:
    """The form in which names are compared: lower case, words joined by dashes."""
    return "-".join(name.replace("_", " ").replace("-", " ").lower().split())
