"""What in a chart contradicts itself: two values of one moment, two doses of one drug."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from nephroline.catalogue import Catalogue
from nephroline.errors import Problem
from nephroline.record.models import Exposure, Observation, Record
from nephroline.yamlfile import Document, FieldPath, listed, mapping


def contradictions(
    record: Record, document: Document, path: FieldPath, catalogue: Catalogue
) -> Iterator[Problem]:
    """Every contradiction of a record, at the row of its document that came second."""
    for name, first, other in _disagreeing(record):
        where = _row_of(other, document, path, record)
        title = catalogue.analytes[name].title
        told = f"{title} at {other.at} is given as both {first.text} and {other.text}"
        yield document.problem(where, told, "keep the right one")
    for before, item in _overlapping(record):
        until = before.end.label if before.end else "no end"
        title = catalogue.drugs[item.drug].title
        told = f"two rows of {title} overlap ({before.start} to {until}, and from {item.start})"
        yield document.problem((*path, "exposures"), told, "end the first where the second begins")


def _disagreeing(record: Record) -> Iterator[tuple[str, Observation, Observation]]:
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


def _row_of(item: Observation, document: Document, path: FieldPath, record: Record) -> FieldPath:
    data: Any = document.data
    for step in path:
        data = data[step]
    for i, row in enumerate(listed(mapping(data).get("observations"))):
        fields = mapping(row)
        if item.analyte in fields and record.clock.read(fields["at"]).label == item.at.label:
            return (*path, "observations", i, item.analyte)
    return (*path, "observations")


def _overlapping(record: Record) -> Iterator[tuple[Exposure, Exposure]]:
    """Two rows of one drug that certainly overlap: its dose would be two doses."""
    last: dict[str, Exposure] = {}
    for item in record.exposures:
        before = last.get(item.drug)
        if before and (before.end is None or before.end.earliest > item.start.latest):
            yield before, item
        last[item.drug] = item
