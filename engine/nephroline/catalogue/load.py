"""Read ``rules/catalogue/`` into a `Catalogue`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol, TypeVar

import msgspec

from nephroline.catalogue.files import data_root
from nephroline.catalogue.formulas import Formula, SexTerms, Surface
from nephroline.catalogue.models import (
    Analyte,
    Burden,
    Catalogue,
    Drug,
    DrugClass,
    Named,
    Regimen,
    RegimenDose,
    Source,
    Target,
    Variation,
    spelling,
)
from nephroline.catalogue.schedules import Schedule, Step
from nephroline.errors import PathwayError, Problem
from nephroline.exact import Fraction
from nephroline.quantities import Quantity, QuantityError, Unit, parse
from nephroline.shapes import Shape, fit
from nephroline.terms import Confidence, Entry
from nephroline.yamlfile import Document, mapping, read_bytes


class UnitEntry(Shape, frozen=True):
    """A unit; `factor` is a decimal or a ratio such as ``1/24``."""

    code: str
    dimension: str
    factor: str
    ucum: str
    spellings: tuple[str, ...] = ()


class SourceEntry(Shape, frozen=True):
    """A guideline, paper or label."""

    id: str
    short: str
    kind: str
    citation: str
    year: int | None = None


class VariationEntry(Shape, frozen=True):
    """How far one value can stand from the true one, with its source."""

    value: str
    source: str
    confidence: Confidence
    note: str = ""


class AnalyteEntry(Shape, frozen=True):
    """Something that can be observed."""

    id: str
    title: str
    units: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    plausible: tuple[str, ...] = ()
    molar_mass: str | None = None
    assessment: bool = False
    level_of: str | None = None
    speaks_of: str | None = None
    steady_words: tuple[str, ...] = ()
    burden: str | None = None
    variation: VariationEntry | None = None
    charted: bool = False


class BurdenEntry(Shape, frozen=True):
    """A step of the scale of burdens."""

    id: str
    title: str


class EntryBurdenEntry(Shape, frozen=True):
    """The burden of a kind of entry."""

    entry: Entry
    burden: str


class NamedEntry(Shape, frozen=True):
    """A condition, assertion or diagnosis."""

    id: str
    title: str
    synonyms: tuple[str, ...] = ()
    volunteered: bool = False
    excluded_by: str | None = None
    burden: str | None = None


class ClassEntry(Shape, frozen=True):
    """A class of drugs."""

    id: str
    title: str
    immunosuppressant: bool = False
    adjunct_up_to: tuple[str, ...] = ()
    adjunct_beside: dict[str, tuple[str, ...]] = {}
    counted_as: str | None = None
    all_of_lines: bool = False
    synonyms: tuple[str, ...] = ()
    cite: str = ""


class DrugEntry(Shape, frozen=True):
    """A drug."""

    id: str
    title: str
    drug_class: str = msgspec.field(name="class")
    synonyms: tuple[str, ...] = ()
    rxnorm: str | None = None
    atc: str | None = None
    equals: tuple[str, str] | None = None
    most_per_day: str | None = None
    cite: str = ""


class DoseEntry(Shape, frozen=True):
    """What to give of one drug, by names of thresholds."""

    drug: str
    amount: tuple[str, ...]
    per: str
    most: str | None = None
    times: int = 1


class TargetEntry(Shape, frozen=True):
    """A target level, by names of thresholds."""

    analyte: str
    low: str
    high: str


class RegimenEntry(Shape, frozen=True):
    """Drugs in combination."""

    id: str
    title: str
    agents: tuple[str, ...]
    adjuncts: tuple[str, ...] = ()
    doses: tuple[DoseEntry, ...] = ()
    target: TargetEntry | None = None
    minimum_trial: str | None = None
    monitoring: tuple[str, ...] = ()


class SexTermsEntry(Shape, frozen=True):
    """Constants of a formula for one sex."""

    sex: str
    kappa: str
    below: str
    factor: str


class FormulaEntry(Shape, frozen=True):
    """An equation that computes one analyte from another."""

    id: str
    title: str
    gives: str
    source_analyte: str = msgspec.field(name="from")
    unit: str
    scale: str
    above: str
    per_year: str
    sexes: tuple[SexTermsEntry, ...]
    least_age: str
    source: str
    confidence: Confidence
    bounds: str = ""


class SurfaceEntry(Shape, frozen=True):
    """An equation for the body surface."""

    id: str
    title: str
    divisor: str
    source: str
    confidence: Confidence


class StepEntry(Shape, frozen=True):
    """How often, and until when."""

    every: str
    until: str | None = None


class ScheduleEntry(Shape, frozen=True):
    """What to measure under a drug or class."""

    agent: str
    measure: tuple[str, ...]
    steps: tuple[StepEntry, ...]
    source: str
    confidence: Confidence
    after_change: str | None = None
    note: str = ""


class _HasId(Protocol):
    @property
    def id(self) -> str: ...


T = TypeVar("T")
H = TypeVar("H", bound=_HasId)

FILES: Mapping[str, Mapping[str, type[Any]]] = {
    "units": {"units": UnitEntry},
    "sources": {"sources": SourceEntry},
    "analytes": {"analytes": AnalyteEntry},
    "conditions": {
        "conditions": NamedEntry,
        "assertions": NamedEntry,
        "diagnoses": NamedEntry,
        "states": str,
        "stop_reasons": str,
    },
    "burdens": {"burdens": BurdenEntry, "entries": EntryBurdenEntry},
    "drugs": {"classes": ClassEntry, "drugs": DrugEntry},
    "regimens": {"regimens": RegimenEntry},
    "formulas": {"formulas": FormulaEntry, "surfaces": SurfaceEntry},
    "monitoring": {"monitoring": ScheduleEntry},
}
"""Each catalogue file and the lists it holds."""


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """Read the catalogue that comes with Nephroline, once. Raises: PathwayError."""
    return read_catalogue(data_root("rules") / "catalogue")


def read_catalogue(folder: Path) -> Catalogue:
    """Read and cross-check a catalogue folder. Raises: PathwayError with every problem found."""
    return _Reader(folder).catalogue()


class _Reader:
    """Read the files of one folder; one use."""

    def __init__(self, folder: Path) -> None:
        self._problems: list[Problem] = []
        self._documents: dict[str, Document] = {}
        contents = {name: (folder / f"{name}.yaml").read_bytes() for name in FILES}
        for name, content in contents.items():
            self._documents[name] = read_bytes(content, f"rules/catalogue/{name}.yaml", PathwayError)
        self._units: dict[str, Unit] = {}

    def catalogue(self) -> Catalogue:
        for entry in self._entries("units", "units", UnitEntry):
            unit = Unit(entry.code, entry.dimension, Fraction(entry.factor), entry.ucum)
            self._units |= dict.fromkeys((entry.code, *entry.spellings), unit)
        sources = [
            Source(e.id, e.short, e.kind, e.citation.strip(), e.year)
            for e in self._entries("sources", "sources", SourceEntry)
        ]
        analytes = [self._analyte(i, e) for i, e in self._numbered("analytes", "analytes", AnalyteEntry)]
        class_entries = self._entries("drugs", "classes", ClassEntry)
        classes = [
            DrugClass(
                e.id,
                e.title,
                e.immunosuppressant,
                self._doses("classes", i, e.adjunct_up_to),
                e.counted_as,
                e.all_of_lines,
                {name: self._doses("classes", i, doses) for name, doses in e.adjunct_beside.items()},
            )
            for i, e in enumerate(class_entries)
        ]
        immunosuppressants = {c.id for c in classes if c.immunosuppressant}
        drug_entries = self._entries("drugs", "drugs", DrugEntry)
        drugs = [
            Drug(
                e.id,
                e.title,
                e.drug_class,
                e.drug_class in immunosuppressants,
                self._doses("drugs", i, (e.most_per_day,))[0] if e.most_per_day else None,
                e.cite,
                e.rxnorm,
                e.atc,
                self._equivalence(i, e.equals),
            )
            for i, e in enumerate(drug_entries)
        ]
        regimens = [_regimen(e) for e in self._entries("regimens", "regimens", RegimenEntry)]
        conditions = self._entries("conditions", "conditions", NamedEntry)
        diagnoses = self._entries("conditions", "diagnoses", NamedEntry)
        drug_names = _names(drug_entries)
        found = Catalogue(
            units=self._units,
            analytes=_by_id(analytes),
            classes=_by_id(classes),
            drugs=_by_id(drugs),
            drug_names=drug_names,
            agent_names=_names(class_entries) | drug_names,
            regimens=_by_id(regimens),
            conditions=_by_id(
                [Named(e.id, e.title, excluded_by=e.excluded_by, burden=e.burden) for e in conditions]
            ),
            condition_names=_names(conditions),
            assertions=_by_id(
                [
                    Named(e.id, e.title, e.volunteered, burden=e.burden)
                    for e in self._entries("conditions", "assertions", NamedEntry)
                ]
            ),
            diagnoses=_by_id([Named(e.id, e.title) for e in diagnoses]),
            diagnosis_names=_names(diagnoses),
            sources=_by_id(sources),
            states=tuple(self._entries("conditions", "states", str)),
            burdens=_by_id([Burden(e.id, e.title) for e in self._entries("burdens", "burdens", BurdenEntry)]),
            entry_burdens={e.entry: e.burden for e in self._entries("burdens", "entries", EntryBurdenEntry)},
            stop_reasons=tuple(self._entries("conditions", "stop_reasons", str)),
            formulas={f.gives: f for f in self._formulas(_by_id(analytes))},
            surfaces=tuple(
                Surface(e.id, e.title, float(e.divisor), e.source, e.confidence)
                for e in self._entries("formulas", "surfaces", SurfaceEntry)
            ),
            schedules=tuple(
                self._schedule(i, e) for i, e in self._numbered("monitoring", "monitoring", ScheduleEntry)
            ),
        )
        self._cross_check(found)
        if self._problems:
            raise PathwayError(self._problems)
        return found

    def _equivalence(self, index: int, equals: tuple[str, str] | None) -> Fraction | None:
        """How much of the drug as which its class is counted one part of a drug is."""
        if equals is None:
            return None
        own, counted = self._doses("drugs", index, equals)
        return counted.exact / own.exact if own.exact and counted.exact else None

    def _schedule(self, index: int, entry: ScheduleEntry) -> Schedule:
        document, path = self._documents["monitoring"], ("monitoring", index)
        steps: list[Step] = []
        for step in entry.steps:
            every = self._read(document, path, step.every)
            until = self._read(document, path, step.until) if step.until else None
            steps.append(
                Step(
                    (every.low if every else None) or Fraction(1),
                    until.low if until else None,
                    step.every,
                    step.until or "",
                )
            )
        change = self._read(document, path, entry.after_change) if entry.after_change else None
        return Schedule(
            entry.agent,
            entry.measure,
            tuple(steps),
            change.low if change else None,
            entry.source,
            entry.confidence,
            entry.note,
        )

    def _formulas(self, analytes: Mapping[str, Analyte]) -> list[Formula]:
        document = self._documents["formulas"]
        found: list[Formula] = []
        for i, entry in self._numbered("formulas", "formulas", FormulaEntry):
            gives, unit = analytes.get(entry.gives), self._units.get(entry.unit)
            least = self._read(document, ("formulas", i, "least_age"), entry.least_age)
            if gives is None or entry.source_analyte not in analytes or unit is None or least is None:
                self._problems.append(
                    document.problem(("formulas", i), "unknown analyte or unit", "see analytes.yaml")
                )
                continue
            found.append(
                Formula(
                    entry.id,
                    entry.title,
                    entry.gives,
                    entry.source_analyte,
                    unit.dimension,
                    unit.factor,
                    gives.dimensions[0],
                    float(entry.scale),
                    float(entry.above),
                    float(entry.per_year),
                    self._units["years"].factor,
                    {s.sex: SexTerms(float(s.kappa), float(s.below), float(s.factor)) for s in entry.sexes},
                    least.low or Fraction(0),
                    entry.source,
                    entry.confidence,
                    entry.bounds,
                )
            )
        return found

    def _entries(self, name: str, section: str, shape: type[T]) -> list[T]:
        return [entry for _, entry in self._numbered(name, section, shape)]

    def _numbered(self, name: str, section: str, shape: type[T]) -> list[tuple[int, T]]:
        document = self._documents[name]
        rows: list[Any] = mapping(document.data).get(section, [])
        fitted = [(i, fit(document, (section, i), row, shape, self._problems)) for i, row in enumerate(rows)]
        return [(i, entry) for i, entry in fitted if entry is not None]

    def _analyte(self, index: int, entry: AnalyteEntry) -> Analyte:
        document = self._documents["analytes"]
        for code in entry.units:
            if code not in self._units:
                self._problems.append(
                    document.problem(("analytes", index, "units"), f"unknown unit {code}", "see units.yaml")
                )
        limits = [self._read(document, ("analytes", index, "plausible"), text) for text in entry.plausible]
        return Analyte(
            entry.id,
            entry.title,
            entry.units,
            tuple({self._units[c].dimension: None for c in entry.units if c in self._units}),
            entry.words,
            tuple(q for q in limits if q is not None),
            Fraction(entry.molar_mass) if entry.molar_mass else None,
            entry.assessment,
            entry.level_of,
            entry.speaks_of,
            entry.steady_words,
            entry.burden,
            self._variation(("analytes", index, "variation"), entry.variation),
            entry.charted,
        )

    def _variation(self, path: tuple[str | int, ...], entry: VariationEntry | None) -> Variation | None:
        value = self._read(self._documents["analytes"], path, entry.value) if entry else None
        if entry is None or value is None or value.exact is None:
            return None
        return Variation(value.exact, value.text, entry.source, entry.confidence, entry.note)

    def _doses(self, section: str, index: int, texts: Sequence[str]) -> tuple[Quantity, ...]:
        read = [self._read(self._documents["drugs"], (section, index), text) for text in texts]
        return tuple(q for q in read if q is not None)

    def _read(self, document: Document, path: tuple[str | int, ...], text: str) -> Quantity | None:
        try:
            return parse(text, self._units)
        except QuantityError as bad:
            self._problems.append(document.problem(path, str(bad), bad.help))
            return None

    def _cross_check(self, found: Catalogue) -> None:
        document = self._documents["regimens"]
        for i, regimen in enumerate(found.regimens.values()):
            for agent in (*regimen.agents, *regimen.adjuncts, *(d.drug for d in regimen.doses)):
                if agent not in found.drugs and agent not in found.classes:
                    self._problems.append(
                        document.problem(("regimens", i), f"unknown drug or class {agent}", "see drugs.yaml")
                    )
        document = self._documents["drugs"]
        for i, kind in enumerate(found.classes.values()):
            if kind.counted_as is not None and kind.counted_as not in found.drugs:
                self._problems.append(document.problem(("classes", i), f"unknown drug {kind.counted_as}"))
        document = self._documents["analytes"]
        for i, analyte in enumerate(found.analytes.values()):
            if analyte.burden is not None and analyte.burden not in found.burdens:
                self._problems.append(document.problem(("analytes", i), f"unknown burden {analyte.burden}"))
            if analyte.variation is not None and analyte.variation.source not in found.sources:
                wrong = f"unknown source {analyte.variation.source}"
                self._problems.append(
                    document.problem(("analytes", i, "variation"), wrong, "see sources.yaml")
                )
        document = self._documents["monitoring"]
        for i, schedule in enumerate(found.schedules):
            unknown = [m for m in schedule.measures if m not in found.analytes]
            if schedule.agent not in {*found.drugs, *found.classes}:
                unknown.append(schedule.agent)
            if schedule.source not in found.sources:
                unknown.append(schedule.source)
            if unknown:
                self._problems.append(document.problem(("monitoring", i), f"unknown {', '.join(unknown)}"))
        document = self._documents["burdens"]
        for entry in Entry:
            if found.entry_burdens.get(entry) not in found.burdens:
                self._problems.append(document.problem(("entries",), f"no burden for the entry {entry}"))
        document = self._documents["drugs"]
        for i, drug in enumerate(found.drugs.values()):
            if drug.drug_class not in found.classes:
                self._problems.append(
                    document.problem(("drugs", i, "class"), f"unknown class {drug.drug_class}")
                )


def _regimen(entry: RegimenEntry) -> Regimen:
    return Regimen(
        entry.id,
        entry.title,
        entry.agents,
        entry.adjuncts,
        tuple(RegimenDose(d.drug, d.amount, d.per, d.most, d.times) for d in entry.doses),
        Target(entry.target.analyte, entry.target.low, entry.target.high) if entry.target else None,
        entry.minimum_trial,
        entry.monitoring,
    )


def _by_id(items: Iterable[H]) -> dict[str, H]:
    return {item.id: item for item in items}


def _names(entries: Iterable[Any]) -> dict[str, str]:
    return {spelling(name): e.id for e in entries for name in (e.id, e.title, *e.synonyms)}
