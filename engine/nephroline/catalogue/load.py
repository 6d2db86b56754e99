"""Read ``rules/catalogue/``, and what modules add to it, into a `Catalogue`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from nephroline.catalogue.catalogue import Catalogue
from nephroline.catalogue.checks import faults
from nephroline.catalogue.files import data_root
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
)
from nephroline.catalogue.placed import Placed
from nephroline.catalogue.reading import read_entry
from nephroline.catalogue.schedules import Schedule
from nephroline.errors import PathwayError, Problem, did_you_mean, quoted
from nephroline.quantities import Unit
from nephroline.yamlfile import Document, FieldPath, mapping, read_file

SECTIONS: Mapping[str, type[Any]] = {
    "units": Unit,
    "sources": Source,
    "burdens": Burden,
    "entries": EntryBurden,
    "analytes": Analyte,
    "conditions": Named,
    "assertions": Named,
    "diagnoses": Named,
    "states": str,
    "stop_reasons": str,
    "classes": DrugClass,
    "drugs": Drug,
    "regimens": Regimen,
    "formulas": Formula,
    "surfaces": Surface,
    "monitoring": Schedule,
}
"""The lists of the catalogue, and what each holds. Units come first: others are read by them."""


class Piece(NamedTuple):
    """Part of a catalogue: a file, or the section of a module at `path`. `packaged`: it is ours."""

    document: Document
    path: FieldPath
    data: Mapping[str, Any]
    packaged: bool = False


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """Read the catalogue that comes with Nephroline, once. Raises: PathwayError."""
    return read_catalogue(data_root("rules") / "catalogue")


def read_catalogue(folder: Path, added: Sequence[Piece] = ()) -> Catalogue:
    """Read and check a catalogue folder, and what is added to it. Raises: PathwayError with every problem."""
    return _Reader([*pieces_of(folder), *added]).catalogue()


def pieces_of(folder: Path) -> Iterator[Piece]:
    """Every file of a catalogue folder, and of the folders in it. Raises: PathwayError."""
    for file in sorted(folder.rglob("*.yaml")):
        document = read_file(file, f"rules/catalogue/{file.relative_to(folder).as_posix()}", PathwayError)
        yield Piece(document, (), mapping(document.data), packaged=True)


class _Reader:
    """Read pieces into one catalogue; one use."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self._problems: list[Problem] = []
        self._replaced: list[str] = []

    def catalogue(self) -> Catalogue:
        self._unknown_sections()
        found: dict[str, dict[str, Placed]] = {}
        spellings: dict[str, Unit] = {}
        for section, shape in SECTIONS.items():
            found[section] = self._section(section, shape, spellings)
            if section == "units":
                units: Iterable[Unit] = (placed.entry for placed in found[section].values())
                spellings |= {text: unit for unit in units for text in (unit.code, *unit.spellings)}
        if not self._problems:
            self._problems += faults(found)
        if self._problems:
            raise PathwayError(self._problems)
        tables = {name: {k: p.entry for k, p in table.items()} for name, table in found.items()}
        tables["units_by_code"] = tables.pop("units")
        return Catalogue(**tables, replaced=tuple(sorted(self._replaced)))

    def _unknown_sections(self) -> None:
        for piece in self._pieces:
            for name in piece.data:
                if name not in SECTIONS:
                    self._problems.append(
                        piece.document.problem(
                            (*piece.path, name),
                            f"the catalogue has no section {quoted(name)}",
                            did_you_mean(name, SECTIONS, see="sections: " + ", ".join(SECTIONS)),
                        )
                    )

    def _section(self, section: str, shape: type[Any], units: Mapping[str, Unit]) -> dict[str, Placed]:
        found: dict[str, Placed] = {}
        for piece in self._pieces:
            rows: Any = piece.data.get(section) or []
            if not isinstance(rows, list):
                self._complain(piece.document, (*piece.path, section), "expected a list of entries")
                continue
            for i, raw in enumerate(rows):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
                path = (*piece.path, section, i)
                fields: dict[str, Any] = dict(mapping(raw))
                replaces = fields.pop("replaces", False) is True
                known = shape is str or not isinstance(raw, dict)
                entry = read_entry(
                    piece.document, path, raw if known else fields, shape, units, self._problems
                )
                if entry is not None:
                    placed = Placed(section, entry, piece.document, path)
                    self._add(found, placed, replaces=replaces, packaged=piece.packaged)
        return found

    def _add(self, found: dict[str, Placed], placed: Placed, *, replaces: bool, packaged: bool) -> None:
        known = found.get(placed.key)
        if known is not None and not replaces:
            self._complain(
                placed.document,
                placed.path,
                f"the id {quoted(placed.key)} is taken, by {known.place}",
                "rename it, or add `replaces: true` to change that entry",
            )
        elif known is None and replaces:
            self._complain(
                placed.document,
                placed.path,
                f"there is no {quoted(placed.key)} to replace among the {placed.section}",
                did_you_mean(placed.key, found, see="remove `replaces`"),
            )
        elif replaces and not packaged:
            self._replaced.append(f"{placed.section}: {placed.key} ({placed.document.file})")
        found[placed.key] = placed

    def _complain(self, document: Document, path: FieldPath, message: str, remedy: str = "") -> None:
        self._problems.append(document.problem(path, message, remedy))
