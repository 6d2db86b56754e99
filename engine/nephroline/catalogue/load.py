"""Read ``rules/catalogue/``, and what modules add to it, into a `Catalogue`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from nephroline.catalogue.catalogue import Catalogue, unnamed_drugs
from nephroline.catalogue.checks import faults
from nephroline.catalogue.files import data_root
from nephroline.catalogue.formulary import Supply
from nephroline.catalogue.formulas import Formula, IdealWeight, Surface
from nephroline.catalogue.keeping import kept
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
from nephroline.yamlfile import Place, listed, mapping, read_file

SECTIONS: Mapping[str, type[Any]] = {
    "units": Unit,
    "sources": Source,
    "burdens": Burden,
    "entries": EntryBurden,
    "analytes": Analyte,
    "conditions": Named,
    "assertions": Named,
    "diagnoses": Named,
    "labels": Named,
    "states": str,
    "stop_reasons": str,
    "purposes": str,
    "salts": str,
    "classes": DrugClass,
    "drugs": Drug,
    "regimens": Regimen,
    "formulas": Formula,
    "surfaces": Surface,
    "ideal_weights": IdealWeight,
    "formulary": Supply,
    "monitoring": Schedule,
}
"""The lists of the catalogue, and what each holds. Units come first: others are read by them."""


CODES = "codes"
"""The folder of a catalogue in which codes of other systems stand; they are read only where they are met."""


class Piece(NamedTuple):
    """Part of a catalogue: a file, or the section of a module. `packaged`: it is ours."""

    place: Place
    data: Mapping[str, Any]
    packaged: bool = False


@lru_cache(maxsize=1)
def load_catalogue() -> Catalogue:
    """Read the catalogue that comes with Nephroline, once. Raises: PathwayError."""
    return kept("catalogue", lambda: read_catalogue(data_root("rules") / "catalogue"))


def read_catalogue(folder: Path, added: Sequence[Piece] = ()) -> Catalogue:
    """Read and check a catalogue folder, and what is added to it. Raises: PathwayError with every problem."""
    return _CatalogueReader([*pieces_of(folder), *added]).catalogue()


def pieces_of(folder: Path) -> Iterator[Piece]:
    """Every file of a catalogue folder, and of the folders in it. Raises: PathwayError."""
    ours = folder == data_root("rules") / "catalogue"
    found = sorted(file for kind in ("*.yaml", "*.yml") for file in folder.rglob(kind))
    files = [file for file in found if file.relative_to(folder).parts[0] != CODES]
    for file in files:
        name = f"rules/catalogue/{file.relative_to(folder).as_posix()}" if ours else str(file)
        document = read_file(file, name, PathwayError)
        if not mapping(document.data):
            remedy = "sections: " + ", ".join(SECTIONS)
            raise PathwayError([document.problem((), "is no part of a catalogue: it has no section", remedy)])
        yield Piece(Place(document), mapping(document.data), packaged=True)
    if not files:
        raise PathwayError.of("the catalogue is empty", "copy the files of rules/catalogue", file=str(folder))


class _CatalogueReader:
    """Read pieces into one catalogue; one use."""

    def __init__(self, pieces: Sequence[Piece]) -> None:
        self._pieces = pieces
        self._problems: list[Problem] = []
        self._replaced: list[str] = []
        self._changed: set[tuple[str, str]] = set()

    def catalogue(self) -> Catalogue:
        self._unknown_sections()
        found: dict[str, dict[str, Placed]] = {}
        spellings: dict[str, Unit] = {}
        for section, shape in SECTIONS.items():
            found[section] = self._section(section, shape, spellings)
            if section == "units":
                units: Iterable[Unit] = (placed.entry for placed in found[section].values())
                spellings |= {text: unit for unit in units for text in unit.written}
        if not self._problems:
            self._problems += faults(found)
        if self._problems:
            raise PathwayError(self._problems)
        tables = {name: {k: p.entry for k, p in table.items()} for name, table in found.items()}
        tables["units_by_code"] = tables.pop("units")
        tables["drugs"] |= unnamed_drugs(tables["classes"].values())
        return Catalogue(**tables, replaced=tuple(sorted(self._replaced)))

    def _unknown_sections(self) -> None:
        for place, data, _ in self._pieces:
            for name in data:
                if name not in SECTIONS:
                    remedy = did_you_mean(name, SECTIONS, see="sections: " + ", ".join(SECTIONS))
                    wrong = f"the catalogue has no section {quoted(name)}"
                    self._problems.append((place / name).problem(wrong, remedy))

    def _section(self, section: str, shape: type[Any], units: Mapping[str, Unit]) -> dict[str, Placed]:
        found: dict[str, Placed] = {}
        for place, data, packaged in self._pieces:
            rows: Any = data.get(section, [])
            if not isinstance(rows, list) or (section in data and not rows):
                self._problems.append((place / section).problem("expected a list of entries"))
            for i, raw in enumerate(listed(rows)):
                here = place / section / i
                fields = mapping(raw)
                replaces = fields.get("replaces", False) in (True, "true")
                entry = read_entry(
                    here,
                    {k: v for k, v in fields.items() if k != "replaces"} or raw,
                    shape,
                    units,
                    self._problems,
                )
                if entry is not None:
                    self._add(found, Placed(section, entry, here), replaces=replaces, packaged=packaged)
        return found

    def _add(self, found: dict[str, Placed], placed: Placed, *, replaces: bool, packaged: bool) -> None:
        known = found.get(placed.key)
        if known is not None and not replaces:
            self._problems.append(
                placed.problem(
                    f"the id {quoted(placed.key)} is taken, by {known.place.text}",
                    "rename it, or add `replaces: true` to change that entry",
                )
            )
        elif known is None and replaces:
            self._problems.append(
                placed.problem(
                    f"there is no {quoted(placed.key)} to replace among the {placed.section}",
                    did_you_mean(placed.key, found, see="remove `replaces`"),
                )
            )
        elif replaces and not packaged:
            if known is not None and (placed.section, placed.key) in self._changed:
                wrong = f"{quoted(placed.key)} is changed already, by {known.place.text}"
                self._problems.append(placed.problem(wrong, "keep one of the two"))
            self._changed.add((placed.section, placed.key))
            self._replaced.append(f"{placed.section}: {placed.key} ({placed.place.document.file})")
        found[placed.key] = placed
