"""What every row of a record needs to be read: its place, the catalogue, the clock, a list of problems."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from nephroline.catalogue import Catalogue
from nephroline.errors import Problem
from nephroline.quantities import QuantityError
from nephroline.record.models import Fault
from nephroline.record.shapes import Row
from nephroline.record.times import Clock, Moment
from nephroline.shapes import fit
from nephroline.yamlfile import Document, FieldPath, mapping

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
            if row is not None and row.entered_in_error:
                self.strike_row((section, i), mapping(raw))
                continue
            item = build((section, i), row) if row is not None else None
            if item is not None:
                found.append(item)
        return found

    def strike(self, said: str, at: Moment, *, given: bool = False) -> None:
        """Keep what was struck out in the chart as an entry that is not used."""
        self.faults.append(Fault(f"{said} ({at}): entered in error", at, given))

    def strike_row(self, path: FieldPath, raw: Mapping[str, Any]) -> None:
        """Keep a row that was struck out as an entry that is not used."""
        field = "at" if "at" in raw else "from"
        moment = self.moment((*path, field), raw.get(field))
        if moment is not None:
            told = [raw.get(name) for name in ("drug", "name", "dose", "diagnosis")]
            kind = ["biopsy"] if path[0] == "biopsies" else []
            said = " ".join([*kind, *(str(text) for text in told if text)])
            self.strike(said, moment, given=field == "from")

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

    def keep_unlisted(self, path: FieldPath, name: str, at: Any) -> None:
        """Keep what the catalogue does not have, as an entry that is not used."""
        moment = self.moment((*path, "at"), at)
        if moment is not None:
            text = f"{name}: not in the catalogue, so no rule reads it"
            self.faults.append(Fault(text, moment, dated=True))

    def listed_all_the_same(self, name: str, at: Moment, *, given: bool = False) -> None:
        """Say that an entry counts, although its author did not expect the catalogue to have it."""
        text = f"{name}: marked as unlisted, but the catalogue has it, so it counts"
        self.faults.append(Fault(text, at, given))
