"""One file of rules, read but not yet put together with others: its entries, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cached_property
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from nephroline.catalogue import Piece
from nephroline.errors import PathwayError, Problem, quoted
from nephroline.pathway.models import NAMED
from nephroline.pathway.shapes import (
    ApplicabilityEntry,
    AuthorityEntry,
    DefinitionEntry,
    ExposureEntry,
    GapEntry,
    ModuleFile,
    OutsideEntry,
    PathwayFile,
    ResponseEntry,
    RuleEntry,
    ThresholdEntry,
)
from nephroline.shapes import fit
from nephroline.yamlfile import Document, Place, listed, mapping

T = TypeVar("T")
_TOLD = ("rules", "indeterminate", "authority")
_PATHWAY_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*(?:/[a-z0-9]+(?:-[a-z0-9]+)*)+")


class Stated(NamedTuple, Generic[T]):
    """An entry, where it stands, and the module that states it."""

    entry: T
    place: Place
    module: Module


class Module(msgspec.Struct, frozen=True, eq=False, dict=True):
    """A file of rules: `id` is how others use it, `head` what it says of itself."""

    id: str
    head: ModuleFile | PathwayFile
    place: Place
    thresholds: dict[str, Stated[ThresholdEntry]]
    definitions: dict[str, Stated[DefinitionEntry]]
    rules: dict[str, Stated[RuleEntry]]
    authority: dict[str, Stated[AuthorityEntry]]
    exposure: list[Stated[ExposureEntry]]
    responses: list[Stated[ResponseEntry]]
    indeterminate: list[Stated[GapEntry]]
    population: list[Stated[OutsideEntry]]
    applicability: list[Stated[ApplicabilityEntry]]

    @property
    def is_pathway(self) -> bool:
        """Whether it is a whole pathway."""
        return isinstance(self.head, PathwayFile)

    @property
    def care(self) -> bool:
        """Whether its rules hold whatever the verdict is."""
        return isinstance(self.head, ModuleFile) and self.head.care

    @property
    def piece(self) -> Piece | None:
        """What it adds to the catalogue."""
        return Piece(self.place / "catalogue", self.head.catalogue) if self.head.catalogue else None

    @cached_property
    def named_in_texts(self) -> tuple[tuple[Place, str], ...]:
        """The thresholds that are named in texts, as doses or as times, each with its place."""
        data = mapping(self.place.document.data)
        return tuple(found for name in _TOLD for found in _named(data.get(name), self.place / name))


def read_module(document: Document) -> Module:
    """Read a file of rules by itself. Raises: PathwayError with every problem found."""
    problems: list[Problem] = []
    data = mapping(document.data)
    if "extends" in data:
        remedy = f"write uses: [{data['extends']}]"
        raise PathwayError([document.problem(("extends",), "`extends` is now `uses`", remedy)])
    kind: type[ModuleFile | PathwayFile] = PathwayFile if "pathway" in data else ModuleFile
    head = fit(document, (), document.data, kind, problems)
    if head is None:
        raise PathwayError(problems)
    module = Module(
        id=head.pathway if isinstance(head, PathwayFile) else head.module,
        head=head,
        place=Place(document),
        thresholds={},
        definitions={},
        rules={},
        authority={},
        exposure=[],
        responses=[],
        indeterminate=[],
        population=[],
        applicability=[],
    )
    if module.is_pathway and not _PATHWAY_ID.fullmatch(module.id):
        wrong = f"{quoted(module.id)} cannot be the id of a pathway"
        problems.append(
            (module.place / "pathway").problem(wrong, "call it by edition and disease: kdigo-2021/fsgs")
        )
    _Filling(module, problems).fill()
    if problems:
        raise PathwayError(problems)
    return module


class _Filling(NamedTuple):
    """Reads the entries of a module into it."""

    module: Module
    problems: list[Problem]

    def fill(self) -> None:
        module, head = self.module, self.module.head
        for name, raw in head.thresholds.items():
            self._keep(module.thresholds, name, module.place / "thresholds" / name, raw, ThresholdEntry)
        for name, raw in head.authority.items():
            self._keep(module.authority, name, module.place / "authority" / name, raw, AuthorityEntry)
        self._by_id(module.definitions, "definitions", head.definitions, DefinitionEntry)
        self._by_id(module.rules, "rules", head.rules, RuleEntry)
        for stated in self._rows("exposure", head.exposure, ExposureEntry):
            if any(stated.entry.agent == other.entry.agent for other in module.exposure):
                wrong = f"the exposure to {stated.entry.agent} is given twice"
                self.problems.append(stated.place.problem(wrong, "keep one of them"))
            module.exposure.append(stated)
        module.responses.extend(self._rows("responses", head.responses, ResponseEntry))
        module.indeterminate.extend(self._rows("indeterminate", head.indeterminate, GapEntry))
        module.population.extend(self._rows("population", head.population, OutsideEntry))
        if isinstance(head, PathwayFile):
            rows = self._rows("applicability", head.applicability, ApplicabilityEntry)
            module.applicability.extend(rows)

    def _keep(self, table: dict[str, Stated[T]], name: str, place: Place, raw: Any, shape: type[T]) -> None:
        entry = fit(place.document, place.path, raw, shape, self.problems)
        if entry is not None:
            table[name] = Stated(entry, place, self.module)

    def _rows(self, section: str, rows: list[Any], shape: type[T]) -> list[Stated[T]]:
        found: list[Stated[T]] = []
        for i, raw in enumerate(rows):
            place = self.module.place / section / i
            entry = fit(place.document, place.path, raw, shape, self.problems)
            if entry is not None:
                found.append(Stated(entry, place, self.module))
        return found

    def _by_id(self, table: dict[str, Stated[Any]], section: str, rows: list[Any], shape: type[Any]) -> None:
        for stated in self._rows(section, rows, shape):
            name: str = stated.entry.id
            if name in table:
                wrong = f"the id `{name}` is taken, by {table[name].place.text}"
                self.problems.append((stated.place / "id").problem(wrong, "rename one of them"))
            table[name] = stated


def _named(raw: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(raw, dict):
        for key, value in mapping(raw).items():
            here = place / key
            if key == "reassess" and isinstance(value, str):
                yield here, value
            elif key == "dose":
                yield from _amounts(value, here)
            else:
                yield from _named(value, here)
    elif isinstance(raw, list):
        for i, item in enumerate(listed(raw)):
            yield from _named(item, place / i)
    elif isinstance(raw, str):
        for name in NAMED.findall(raw):
            yield place, name
        if "{" in NAMED.sub("", raw) or "}" in NAMED.sub("", raw):
            # What is no name of a threshold is looked up as one, and not found.
            yield place, raw[raw.find("{") : raw.rfind("}") + 1 or None].strip("{}") or "{"


def _amounts(raw: Any, place: Place) -> Iterator[tuple[Place, str]]:
    for drug, dose in mapping(raw).items():
        if isinstance(dose, str):
            yield place / drug, dose
        for field in ("amount", "most"):
            name = mapping(dose).get(field)
            if isinstance(name, str):
                yield place / drug / field, name
