"""What in a chart contradicts itself: two values of one moment, two doses of one drug, yes and no at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Any, TypeVar

from nephroline.catalogue import Analyte, Catalogue, spelling
from nephroline.errors import Problem
from nephroline.exact import Fraction
from nephroline.quantities import Quantity, QuantityError
from nephroline.record.models import Exposure, Observation, Record
from nephroline.record.slips import slips
from nephroline.record.times import Moment
from nephroline.yamlfile import Document, FieldPath, listed, mapping

_ROUNDING = Fraction("1.05")
"""Two values of one moment in units that convert (mg/dL and µmol/L) may differ so much by rounding."""

T = TypeVar("T")


def contradictions(
    record: Record, document: Document, path: FieldPath, catalogue: Catalogue
) -> Iterator[Problem]:
    """Every contradiction of a record, at the row of its document that came second."""
    rows = _Rows(document, path, record, catalogue)
    for name, first, other in _disagreeing(record, catalogue):
        title = catalogue.analytes[name].title
        told = f"{title} at {other.at} is given as both {first.text} and {other.text}"
        yield document.problem(rows.of_observation(other), told, "keep the right one")
    for slip in slips(record, catalogue):
        yield document.problem(rows.of_observation(slip.item), slip.question, slip.remedy)
    yield from _of_one_day(record, rows, catalogue)
    for before, item in _overlapping(record):
        until = before.end.label if before.end else "no end"
        title = catalogue.drugs[item.drug].title
        told = f"two rows of {title} overlap ({before.start} to {until}, and from {item.start})"
        yield document.problem((*path, "exposures"), told, "end the first where the second begins")


# -- values --------------------------------------------------------------------------------------------


def _disagreeing(record: Record, catalogue: Catalogue) -> Iterator[tuple[str, Observation, Observation]]:
    """Two values of one analyte at one moment that are not the same."""
    groups: dict[Any, list[Observation]] = defaultdict(list)
    for item in record.observations:
        if item.at.precise:
            kind = item.value.dimension if item.value else "word"
            groups[item.analyte, item.at.latest, kind].append(item)
    for (name, _, _), items in groups.items():
        first = items[0]
        for other in items[1:]:
            if first.value and other.value:
                same = (first.value.low, first.value.high) == (other.value.low, other.value.high)
            else:
                same = first.word == other.word
            if not same:
                yield name, first, other
    forms: dict[Any, list[Observation]] = defaultdict(list)
    for (name, day, _), items in groups.items():
        forms[name, day].append(items[0])
    for (name, _), firsts in forms.items():
        for first, other in combinations(firsts, 2):
            if _far_apart(catalogue.analytes[name], first.value, other.value):
                yield name, first, other


def _far_apart(analyte: Analyte, one: Quantity | None, other: Quantity | None) -> bool:
    """Whether values in forms that convert exactly cannot be one value, rounded twice."""
    if one is None or other is None:
        return False
    low, high = (
        None if bound is None else analyte.convert(bound, other.dimension, one.dimension)
        for bound in (other.low, other.high)
    )
    if low is None and high is None:
        return False
    return (low is not None and one.high is not None and low > one.high * _ROUNDING) or (
        high is not None and one.low is not None and one.low > high * _ROUNDING
    )


def _overlapping(record: Record) -> Iterator[tuple[Exposure, Exposure]]:
    """Two rows of one drug that certainly overlap: its dose would be two doses."""
    last: dict[str, Exposure] = {}
    for item in record.exposures:
        before = last.get(item.drug)
        if before and not (_may_follow(before, item) or _may_follow(item, before)):
            yield before, item
        last[item.drug] = item


def _may_follow(first: Exposure, second: Exposure) -> bool:
    """Whether the second row can begin where the first has ended."""
    return first.end is not None and first.end.earliest <= second.start.latest


# -- yes and no ----------------------------------------------------------------------------------------


def _of_one_day(record: Record, rows: _Rows, catalogue: Catalogue) -> Iterator[Problem]:
    """What is said to be so and not so on one day, and what one sex cannot have."""
    document = rows.document
    conditions = [c for c in record.conditions if c.present is not None and c.at.precise]
    for _, other in _differing(conditions, lambda c: (c.name, c.at.latest), lambda c: c.present):
        title = catalogue.conditions[other.name].title
        told = f"{title} is both there and not there at {other.at}"
        where = rows.of_named("conditions", "name", other.name, other.at, catalogue.condition_names)
        yield document.problem(where, told, "keep the right one, or give each its time")
    assertions = [a for a in record.assertions if a.at.precise]
    for _, said in _differing(assertions, lambda a: (a.name, a.at.latest), lambda a: a.value):
        told = f"{catalogue.assertions[said.name].title} is both true and false at {said.at}"
        where = (*rows.path, "findings", said.name)
        yield document.problem(where, told, "keep the right one, or give each its time")
    biopsies = [b for b in record.biopsies if b.diagnosis is not None and b.at.precise]
    for first, biopsy in _differing(biopsies, lambda b: b.at.latest, lambda b: b.diagnosis):
        names = " and ".join(catalogue.diagnoses[str(b.diagnosis)].title for b in (first, biopsy))
        where = rows.of_named(
            "biopsies", "diagnosis", str(biopsy.diagnosis), biopsy.at, catalogue.diagnosis_names
        )
        told = f"biopsies of one day ({biopsy.at}) show {names}"
        yield document.problem(where, told, "keep the right one, or give each its time")
    for item in record.conditions:
        only = catalogue.conditions[item.name].only_of
        if item.present and only is not None and record.sex not in (None, only):
            title = catalogue.conditions[item.name].title
            where = rows.of_named("conditions", "name", item.name, item.at, catalogue.condition_names)
            told = f"{title} is recorded, and the sex is {record.sex}"
            yield document.problem(where, told, "correct the one that is wrong")


def _differing(
    items: Iterable[T], about: Callable[[T], Hashable], says: Callable[[T], object]
) -> Iterator[tuple[T, T]]:
    """Pairs that speak of the same and say something else, one for each subject."""
    groups: dict[Hashable, list[T]] = defaultdict(list)
    for item in items:
        groups[about(item)].append(item)
    for group in groups.values():
        yield from [pair for pair in combinations(group, 2) if says(pair[0]) != says(pair[1])][:1]


class _Rows:
    """Finds the row of a document from which an entry was read: the last that can be it."""

    def __init__(self, document: Document, path: FieldPath, record: Record, catalogue: Catalogue) -> None:
        self.document, self.path, self._record, self._catalogue = document, path, record, catalogue
        self._data: Any = document.data
        for step in path:
            self._data = self._data[step]

    def of_observation(self, item: Observation) -> FieldPath:
        """The field of an observation."""
        for i, fields in reversed(self._section("observations", item.at)):
            for name in fields:
                analyte = self._catalogue.analytes.get(self._catalogue.analyte_names.get(name, name))
                if analyte is not None and item.analyte in (analyte.id, analyte.speaks_of):
                    return (*self.path, "observations", i, name)
        return (*self.path, "observations")

    def of_named(
        self, section: str, field: str, name: str, at: Moment, names: Mapping[str, str]
    ) -> FieldPath:
        """The row that names something of the catalogue."""
        wanted = {text for text, known in names.items() if known == name}
        for i, fields in reversed(self._section(section, at)):
            if spelling(str(fields.get(field))) in wanted:
                return (*self.path, section, i, field)
        return (*self.path, section)

    def _section(self, section: str, at: Moment) -> list[tuple[int, dict[str, Any]]]:
        rows = enumerate(map(mapping, listed(mapping(self._data).get(section))))
        return [(i, fields) for i, fields in rows if self._label(fields) == at.label]

    def _label(self, fields: Mapping[str, Any]) -> str | None:
        """The time of a row; one that cannot be read is complained of elsewhere."""
        try:
            return self._record.clock.read(fields.get("at")).label
        except QuantityError:
            return None
