"""What every row of a record needs to be read: its place, the catalogue, the clock, a list of problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from nephroline.catalogue import Catalogue, spelling
from nephroline.errors import Problem, quoted
from nephroline.quantities import QuantityError
from nephroline.record.models import Fault
from nephroline.record.shapes import Row
from nephroline.record.times import Clock, Moment
from nephroline.shapes import fit
from nephroline.yamlfile import Document, FieldPath

R = TypeVar("R", bound=Row)
T = TypeVar("T")


class RowReader:
    """Reads rows of the record that stands at a path of a document, and notes every problem; one use."""

    def __init__(self, document: Document, path: FieldPath, catalogue: Catalogue) -> None:
        self.document, self.path, self.catalogue = document, path, catalogue
        self.problems: list[Problem] = []
        self.faults: list[Fault] = []
        self.clock = Clock(catalogue.units)

    def complain(self, path: FieldPath, message: str, remedy: str = "") -> None:
        """Note a fault of a field."""
        self.problems.append(self.document.problem((*self.path, *path), message, remedy))

    def attempt(self, path: FieldPath, read: Callable[[], T]) -> T | None:
        """What a quantity or time reads as; a fault of it is noted."""
        try:
            return read()
        except QuantityError as bad:
            self.complain(path, str(bad), bad.help)
            return None

    def moment(self, path: FieldPath, raw: Any) -> Moment | None:
        """A time."""
        return self.attempt(path, lambda: self.clock.read(raw))

    def each(
        self,
        section: str,
        rows: list[dict[str, Any]],
        shape: type[R],
        build: Callable[[FieldPath, R], T | None],
    ) -> list[T]:
        """The rows of a section that can be used, built."""
        found: list[T] = []
        for i, raw in enumerate(rows):
            row = fit(self.document, (*self.path, section, i), raw, shape, self.problems)
            item = build((section, i), row) if row is not None else None
            if item is not None:
                found.append(item)
        return found

    def known(self, path: FieldPath, kind: str, name: str, names: Mapping[str, str]) -> str | None:
        """The name by which the catalogue has something; an unknown one is noted."""
        try:
            return self.catalogue.lookup(kind, name, names)
        except QuantityError as bad:
            listed = {"drug": "drugs", "condition": "conditions", "diagnosis": "diagnoses"}[kind]
            see = f"`nephroline units {listed}` lists all"
            if kind != "diagnosis":
                see += "; if none is meant, add `unlisted: true`, and no rule reads it"
            self.complain(path, str(bad), f"{bad.help} {see}" if bad.help else see)
            return None

    def keep_unlisted(
        self, path: FieldPath, field: str, name: str, at: Any, names: Mapping[str, str]
    ) -> None:
        """Keep what its author says that the catalogue does not have, as an entry that is not used."""
        if spelling(name) in names:
            remedy = "leave out `unlisted: true`, so that it counts"
            self.complain((*path, field), f"the catalogue has {quoted(name)}", remedy)
        moment = self.moment((*path, "at" if field == "name" else "from"), at)
        if moment is not None:
            given = field != "name"
            self.faults.append(Fault(f"{name}: not in the catalogue, so no rule reads it", moment, given))
