"""What can be wrong with entries that are each well formed: their names, references, ranges and order."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import permutations
from keyword import iskeyword

from nephroline.catalogue.models import (
    Analyte,
    Drug,
    DrugClass,
    Named,
    Regimen,
    Source,
    phrase,
    spelling,
)
from nephroline.catalogue.numbers import (
    formula_faults,
    ideal_weight_faults,
    is_length,
    schedule_faults,
    supply_faults,
    surface_faults,
)
from nephroline.catalogue.placed import Placed, Tables
from nephroline.catalogue.reading import references
from nephroline.errors import Problem, did_you_mean, quoted
from nephroline.quantities import Unit
from nephroline.terms import REMISSION, Entry, Response

_ID = re.compile(r"[a-z][a-z0-9]*(?:[-_][a-z0-9]+)*")
OTHER_REGIMEN = "other"
REPORTED_RESPONSE = "response"
_RESPONSES = (*(str(response) for response in Response), REMISSION)
_DAILY = ("mass-rate", "dose-rate-per-mass")
_RXNORM = re.compile(r"\d{1,8}")
_ATC = re.compile(r"[A-Z]\d\d[A-Z]{2}\d\d")
# What may stand in one and the same place of a chart or rule must not share a name.
_NAMESPACES = (("analytes", "conditions", "assertions", "labels"), ("drugs", "classes"), ("diagnoses",))


def faults(tables: Tables) -> Iterator[Problem]:
    """Every fault of the entries of a catalogue, with its place."""
    yield from _ids(tables)
    yield from _spellings(tables)
    yield from _references(tables)
    checks = {
        "units": _unit,
        "sources": _source,
        "analytes": _analyte,
        "conditions": _condition,
        "classes": _class,
        "drugs": _drug,
        "regimens": _regimen,
        "formulas": formula_faults,
        "surfaces": surface_faults,
        "ideal_weights": ideal_weight_faults,
        "formulary": supply_faults,
        "monitoring": schedule_faults,
    }
    for table in tables.values():
        for placed in table.values():
            yield from _texts(placed)
    for section, check in checks.items():
        for placed in tables[section].values():
            yield from check(placed, placed.entry, tables)  # type: ignore[operator]
    yield from _kinds_of_entry(tables)


# -- names ---------------------------------------------------------------------------------------------


def _ids(tables: Tables) -> Iterator[Problem]:
    for section, table in tables.items():
        for key, placed in table.items():
            if section not in ("units", "entries") and not _ID.fullmatch(key):
                yield placed.problem(
                    f"{quoted(key)} cannot be an id", "use small letters, digits, - and _", ("id",)
                )
            elif iskeyword(key) or any(map(iskeyword, key.split("-"))):
                yield placed.problem(
                    f"{quoted(key)} cannot be named in a condition",
                    "leave out words such as with, not, in",
                    ("id",),
                )
    units = ((p, text) for p in tables["units"].values() for text in dict.fromkeys(p.entry.written))
    yield from _twice("units", units)
    yield from _twice("formulas", ((p, p.entry.gives) for p in tables["formulas"].values()))
    codes = ((p, p.entry.rxnorm) for p in tables["drugs"].values() if p.entry.rxnorm)
    yield from _twice("RxNorm codes", codes)


def _spellings(tables: Tables) -> Iterator[Problem]:
    """Names that would mean two things where they stand."""
    for sections in _NAMESPACES:
        named = (
            (placed, name) for s in sections for placed in tables[s].values() for name in _spelled(placed)
        )
        yield from _twice(" and ".join(sections), named)


def _spelled(placed: Placed) -> Iterable[str]:
    entry: Analyte | Named | Drug | DrugClass = placed.entry
    return dict.fromkeys(spelling(name) for name in (entry.id, entry.title, *entry.synonyms))


def _twice(what: str, named: Iterable[tuple[Placed, str]]) -> Iterator[Problem]:
    seen: dict[str, Placed] = {}
    for placed, name in named:
        other = seen.setdefault(name, placed)
        if other is not placed:
            yield placed.problem(
                f"{quoted(name)} names two things among {what}: {quoted(other.key)} ({other.place.text}) too",
                "rename one of them",
            )


def _references(tables: Tables) -> Iterator[Problem]:
    for table in tables.values():
        for placed in table.values():
            if isinstance(placed.entry, str):
                continue
            for path, name, sections in references(placed.entry):
                known = {key for section in sections for key in tables[section]}
                if name not in known:
                    kind = " or ".join(_SINGULAR[section] for section in sections)
                    yield placed.problem(f"unknown {kind} {quoted(name)}", did_you_mean(name, known), path)


_SINGULAR = {
    "sources": "source",
    "analytes": "analyte",
    "assertions": "assertion",
    "burdens": "burden",
    "classes": "class",
    "conditions": "condition",
    "drugs": "drug",
}


def _texts(placed: Placed) -> Iterator[Problem]:
    """Titles and names say something, and once."""
    for field in ("title", "short", "citation"):
        text = getattr(placed.entry, field, None)
        if isinstance(text, str) and not text.strip():
            yield placed.problem("says nothing", "write it", (field,))
    for field in ("synonyms", "spellings", "words", "measure", "full_doses"):
        names: tuple[str, ...] = getattr(placed.entry, field, ())
        if any(not spelling(name) for name in names):
            yield placed.problem("holds an empty name", "remove it", (field,))
        if len(set(names)) < len(names):
            yield placed.problem("names something twice", "keep one", (field,))


# -- each kind -----------------------------------------------------------------------------------------


def _unit(placed: Placed, unit: Unit, tables: Tables) -> Iterator[Problem]:
    if unit.factor <= 0:
        yield placed.problem(
            "a factor is greater than zero", "give the exact factor to the base unit", ("factor",)
        )


def _source(placed: Placed, source: Source, tables: Tables) -> Iterator[Problem]:
    if source.year is not None and not 1900 <= source.year <= 2100:
        yield placed.problem(f"{source.year} is no year of a source", "", ("year",))
    later = tables["sources"].get(source.superseded_by or "")
    if later is not None and not (source.year or 0) < (later.entry.year or 0):
        yield placed.problem(f"{quoted(later.key)} is no later", "name a later edition", ("superseded_by",))
    if len(source.reviewed) == len("2026-11-25"):
        try:
            date.fromisoformat(source.reviewed)
        except ValueError:
            yield placed.problem(f"{quoted(source.reviewed)} is no day of the calendar", "", ("reviewed",))


def _analyte(placed: Placed, analyte: Analyte, tables: Tables) -> Iterator[Problem]:
    if not (analyte.measured_in or analyte.words):
        yield placed.problem("has neither units nor words", "say how it is measured or reported")
    if analyte.lacks_molar_mass:
        yield placed.problem(
            "is measured by mass and by substance, but the factor between them is missing", "add `molar_mass`"
        )
    if analyte.molar_mass is not None and analyte.molar_mass <= 0:
        yield placed.problem("a molar mass is greater than zero", "in g/mol", ("molar_mass",))
    for i, limits in enumerate(analyte.plausible):
        if limits.low is None or limits.high is None or limits.low >= limits.high:
            yield placed.problem(
                "a plausible range goes from less to more", "such as 0-100 g/d", ("plausible", i)
            )
        elif not any(
            analyte.convert(limits.low, d, limits.dimension) is not None for d in analyte.dimensions
        ):
            yield placed.problem("is of none of the analyte's units", "use one of them", ("plausible", i))
    if len({limits.dimension for limits in analyte.plausible}) < len(analyte.plausible):
        yield placed.problem("two plausible ranges are of one kind of unit", "keep one", ("plausible",))
    if analyte.variation is not None and not (
        analyte.variation.value.dimension == "ratio" and (analyte.variation.value.exact or 0) > 0
    ):
        yield placed.problem("a variation is a share of the value", "such as 10 %", ("variation", "value"))
    target = tables["analytes"].get(analyte.speaks_of or "")
    if target is not None:
        if target.entry.speaks_of is not None:
            wrong = "speaks of what speaks of another analyte, or of itself"
            yield placed.problem(wrong, "name the one that is meant", ("speaks_of",))
        for word in analyte.words:
            if word not in target.entry.words:
                wrong = f"{quoted(word)} is no word of {quoted(target.key)}"
                yield placed.problem(wrong, did_you_mean(word, target.entry.words), ("words",))
    if analyte.id == REPORTED_RESPONSE:
        for word in analyte.words:
            if word not in _RESPONSES:
                yield placed.problem(
                    f"{quoted(word)} is no response", did_you_mean(word, _RESPONSES), ("words",)
                )
    yield from _said(placed, analyte)
    for i, limit in enumerate(analyte.slip_below):
        if not (limit.exact or 0) > 0 or limit.dimension not in analyte.dimensions:
            yield placed.problem(
                f"{quoted(limit.text)} is no value of it", "such as 30 mg/g", ("slip_below", i)
            )
    for word in (*analyte.steady_words, *analyte.at_least, *analyte.at_most, *analyte.as_before):
        if word not in analyte.words:
            yield placed.problem(f"{quoted(word)} is none of its words", did_you_mean(word, analyte.words))


def _said(placed: Placed, analyte: Analyte) -> Iterator[Problem]:
    """Other ways to say its words mean words that it has, and each one thing."""
    for text, word in analyte.word_synonyms.items():
        if word not in analyte.words:
            wrong = f"{quoted(word)} is none of its words"
            yield placed.problem(wrong, did_you_mean(word, analyte.words), ("word_synonyms", text))
    texts = [*analyte.words, *analyte.word_synonyms, *analyte.not_words]
    spelled = [phrase(text) for text in texts]
    for text in texts:
        if spelled.count(phrase(text)) > 1:
            yield placed.problem(f"{quoted(text)} is told twice among its words", "keep one")
            return


def _condition(placed: Placed, condition: Named, tables: Tables) -> Iterator[Problem]:
    seen = {condition.id}
    wider = condition.kind_of
    while wider is not None and wider in tables["conditions"]:
        if wider in seen:
            yield placed.problem("is a kind of itself", "remove one `kind_of`", ("kind_of",))
            return
        seen.add(wider)
        wider = tables["conditions"][wider].entry.kind_of


def _class(placed: Placed, kind: DrugClass, tables: Tables) -> Iterator[Problem]:
    members = {p.key for p in tables["drugs"].values() if kind.id in p.entry.classes}
    if kind.acts_for is not None and not is_length(kind.acts_for):
        yield placed.problem(f"{quoted(kind.acts_for.text)} is no time", "such as 6 mo", ("acts_for",))
    for field in ("full_doses", "low_up_to"):
        if kind.followed_through_lines is not bool(getattr(kind, field)):
            wrong = "a class that is followed through all lines has phases by its doses, and no other has"
            yield placed.problem(wrong, f"add `{field}`, or leave it out", (field,))
    if kind.followed_through_lines and not kind.immunosuppressant:
        yield placed.problem("is followed through lines, but is no immunosuppressant", "", ("id",))
    if not members and not kind.all_of_lines:
        yield placed.problem("the class is empty: no drug belongs to it", "add a drug, or remove it")
    for at, dose in ((("low_up_to", i), q) for i, q in enumerate(kind.low_up_to)):
        if dose.dimension not in _DAILY or not (dose.exact or 0) > 0:
            yield placed.problem(f"{quoted(dose.text)} is no dose per day", "such as 15 mg/d", at)
    if kind.counted_as is not None and kind.counted_as in tables["drugs"] and kind.counted_as not in members:
        yield placed.problem(
            f"{quoted(kind.counted_as)} is not of this class", "name one of it", ("counted_as",)
        )


def _drug(placed: Placed, drug: Drug, tables: Tables) -> Iterator[Problem]:
    if not drug.classes:
        yield placed.problem("has no class", "name one", ("classes",))
    if len(set(drug.classes)) < len(drug.classes):
        yield placed.problem("names a class twice", "keep one", ("classes",))
    known = [tables["classes"][name].entry for name in drug.classes if name in tables["classes"]]
    if sum(kind.immunosuppressant for kind in known) > 1:
        yield placed.problem("is of two classes that make lines of therapy", "keep one of them", ("classes",))
    if drug.equals is not None and drug.ratio is None:
        yield placed.problem(
            "doses that equal each other are single amounts", "such as [720 mg, 1000 mg]", ("equals",)
        )
    if drug.equals is not None and any((q.exact or 0) < 0 for q in drug.equals):
        yield placed.problem("doses that equal each other are greater than zero", "", ("equals",))
    if drug.equals is not None and {q.dimension for q in drug.equals} != {"mass"}:
        yield placed.problem(
            "doses that equal each other are masses", "such as [720 mg, 1000 mg]", ("equals",)
        )
    most = drug.most_per_day
    if most is not None and (most.dimension not in _DAILY or not (most.exact or 0) > 0):
        yield placed.problem("the most per day is a dose per day", "such as 80 mg/d", ("most_per_day",))
    if drug.rxnorm is not None and not _RXNORM.fullmatch(drug.rxnorm):
        yield placed.problem(f"{quoted(drug.rxnorm)} is no RxNorm code", "digits only", ("rxnorm",))
    if drug.atc is not None and not _ATC.fullmatch(drug.atc):
        yield placed.problem(f"{quoted(drug.atc)} is no ATC code of a substance", "such as L04AD01", ("atc",))


def _regimen(placed: Placed, regimen: Regimen, tables: Tables) -> Iterator[Problem]:
    if not regimen.agents:
        yield placed.problem("has no agent", "name the drugs or classes that make it", ("agents",))
    if len(set(regimen.agents)) < len(regimen.agents):
        yield placed.problem("names an agent twice", "keep one", ("agents",))
    both = set(regimen.agents) & set(regimen.adjuncts)
    if both:
        yield placed.problem(f"{quoted(min(both))} is agent and adjunct", "keep one", ("adjuncts",))
    for i, agent in enumerate(regimen.agents):
        if not _makes_lines(agent, tables):
            yield placed.problem(f"{quoted(agent)} is no immunosuppressant", "name one", ("agents", i))
    if len({dose.drug for dose in regimen.doses}) < len(regimen.doses):
        yield placed.problem("doses one drug twice", "keep one", ("doses",))
    if regimen.id == OTHER_REGIMEN:
        yield placed.problem(
            f"{quoted(regimen.id)} is what a line of no regimen is called", "rename it", ("id",)
        )
    agents = {*tables["drugs"], *tables["classes"]}
    if regimen.id in agents and regimen.agents != (regimen.id,):
        wrong = f"bears the name of the agent {quoted(regimen.id)}, but is not it alone"
        yield placed.problem(wrong, "rename it")
    for other in tables["regimens"].values():
        if other is placed:
            break
        if _same_drugs(regimen, other.entry, tables):
            wrong = f"can be the same drugs as {quoted(other.key)} ({other.place.text})"
            yield placed.problem(
                wrong, "a line could not be told from one of the other: keep one", ("agents",)
            )
    for i, dose in enumerate(regimen.doses):
        at = ("doses", i)
        given = (*regimen.agents, *regimen.adjuncts)
        if dose.drug in tables["drugs"] and not any(_overlap(dose.drug, agent, tables) for agent in given):
            yield placed.problem(f"{quoted(dose.drug)} is none of its agents or adjuncts", "", (*at, "drug"))
        if len(dose.amount) > 2 or not all(dose.amount) or not dose.per.strip():
            wrong = "a dose has one amount or two (from, to), and says how it is given"
            yield placed.problem(wrong, "", (*at, "amount"))
        if dose.times < 1:
            yield placed.problem("a drug is given once a day or more often", "", (*at, "times"))
    target = regimen.target and tables["analytes"].get(regimen.target.analyte)
    if target and not target.entry.measured_in:
        yield placed.problem(f"{quoted(target.key)} is not measured in units", "", ("target", "analyte"))


def _same_drugs(one: Regimen, other: Regimen, tables: Tables) -> bool:
    """Whether one set of drugs could be either of two regimens."""
    if len(one.agents) != len(other.agents):
        return False
    return any(
        all(_overlap(a, b, tables) for a, b in zip(one.agents, order, strict=True))
        for order in permutations(other.agents)
    )


def _makes_lines(agent: str, tables: Tables) -> bool:
    """Whether a drug or class makes lines of therapy; what is not known is told elsewhere."""
    if agent in tables["classes"]:
        return bool(tables["classes"][agent].entry.immunosuppressant)
    if agent not in tables["drugs"]:
        return True
    kinds = [tables["classes"].get(name) for name in tables["drugs"][agent].entry.classes]
    return any(kind.entry.immunosuppressant for kind in kinds if kind is not None)


def _overlap(one: str, other: str, tables: Tables) -> bool:
    """Whether a drug can belong to both of two agents."""
    return bool(_members(one, tables) & _members(other, tables))


def _members(agent: str, tables: Tables) -> set[str]:
    of_class = {p.key for p in tables["drugs"].values() if agent in p.entry.classes}
    return {agent, *of_class} if agent in tables["drugs"] else of_class


def _kinds_of_entry(tables: Tables) -> Iterator[Problem]:
    known = tables["entries"]
    beside = next(iter((known or tables["burdens"] or tables["units"]).values()), None)
    for entry in Entry:
        if str(entry) not in known and beside is not None:
            yield beside.problem(f"no burden for the entry {quoted(entry)}", "add one among `entries`")
