"""What codes of other systems are taken for: ``rules/catalogue/codes/``, a file for each system.

A code is taken for something of the catalogue, or is one of the look-alikes that are left, with why. A site
may have a file of its own for a system, in ``codes/`` of its folder of rules; it stands in the place of ours.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Literal, get_args

import msgspec

from nephroline.catalogue import CODES, Catalogue, data_root
from nephroline.errors import PathwayError, Problem, did_you_mean, quoted
from nephroline.interop.fhir.nodes import Node, codings
from nephroline.shapes import Shape, fit
from nephroline.yamlfile import Document, Place, listed, mapping, read_file

Kind = Literal[
    "analyte", "panel", "test", "sign", "condition", "absent", "diagnosis", "finding", "biopsy", "drug"
]
_KINDS: tuple[Kind, ...] = get_args(Kind)
_WRITTEN: tuple[Kind, ...] = ("analyte", "condition", "diagnosis", "finding", "biopsy")
_READ_AS: Mapping[Kind, Kind] = {
    "panel": "analyte",
    "sign": "analyte",
    "test": "condition",
    "absent": "condition",
}
"""Kinds of codes that are of an entry of another kind."""
_CATEGORY = 3
"""Signs of an ICD category; a longer code is a kind of it."""
_OF_KINDS = re.compile(r".*icd-10.*|urn:oid:2\.16\.840\.1\.113883\.6\.(3|90)")
"""Systems in which a longer code is a kind of a shorter one."""


class TakenFor(msgspec.Struct, frozen=True):
    """What a code is taken for.

    `only`: ``trough``, when the chart says that it is one; ``words``, no number of it; ``unsure``, when the
    words of the chart agree; ``session``, as long as a procedure lasts. `tells` of a test: ``both`` that a
    condition is there and that it is not, ``positive`` only that it is, ``screen`` that it is not, and else
    that it is not known.
    """

    kind: Kind
    id: str
    only: str = ""
    tells: str = ""
    confidence: str = "verified"


class Left(msgspec.Struct, frozen=True):
    """A look-alike that is not taken, and why."""

    like: str
    because: str


class TakenRow(Shape, frozen=True, kw_only=True):
    """Codes with the one thing that they are taken for; fields as in `TakenFor`."""

    codes: list[str]
    only: Literal["", "trough", "words", "unsure", "session"] = ""
    tells: Literal["", "both", "positive", "screen"] = ""
    confidence: Literal["verified", "once"] = "verified"
    analyte: str = ""
    panel: str = ""
    test: str = ""
    sign: str = ""
    condition: str = ""
    absent: str = ""
    diagnosis: str = ""
    finding: str = ""
    biopsy: str = ""
    drug: str = ""


class LeftRow(Shape, frozen=True, kw_only=True):
    """Codes that look like something and are not."""

    like: str
    because: str
    codes: list[str]


class WrittenRow(Shape, frozen=True, kw_only=True):
    """The code under which something is written; of an analyte, in this unit and what converts to it."""

    code: str
    analyte: str = ""
    unit: str = ""
    condition: str = ""
    diagnosis: str = ""
    finding: str = ""
    biopsy: str = ""


class CodesFile(Shape, frozen=True, kw_only=True):
    """The codes of one system; `also`: other names of it. `drugs_once` were read in one place only.

    `writes`: of several codes for one thing, the plain one, under which it is written.
    """

    system: str
    also: list[str] = []
    title: str
    notice: str
    takes: list[dict[str, object]] = []
    drugs: dict[str, list[str]] = {}
    drugs_once: dict[str, list[str]] = {}
    leaves: list[dict[str, object]] = []
    writes: list[dict[str, object]] = []


class Codes(msgspec.Struct, frozen=True):
    """What every code is taken for, and under which codes things are written."""

    table: Mapping[tuple[str, str], TakenFor | Left]
    notices: Mapping[str, str]
    written: Mapping[tuple[str, str, str], Sequence[tuple[str, str]]] = {}

    def of(self, system: str, code: str) -> TakenFor | Left | None:
        """What a code is taken for; of a system of kinds the code that it is a kind of."""
        found = self.table.get((system, code))
        if found is None and _OF_KINDS.fullmatch(system):
            for length in range(len(code) - 1, _CATEGORY - 1, -1):
                found = self.table.get((system, code[:length].removesuffix(".")))
                if found is not None:
                    return found
        return found

    def best(self, concept: Node) -> TakenFor | Left | None:
        """What a concept is taken for by any of its codes; else why it is left, if one is a look-alike."""
        found = [known for known in (self.of(*pair) for pair in codings(concept)) if known is not None]
        left = next((one for one in found if isinstance(one, Left)), None)
        taken = next((one for one in found if isinstance(one, TakenFor)), None)
        return taken or left

    def all_of(self, concept: Node) -> list[TakenFor]:
        """All that a concept is taken for, by each of its codes, once each."""
        found = (self.of(*pair) for pair in codings(concept))
        return list(dict.fromkeys(one for one in found if isinstance(one, TakenFor)))

    def for_writing(self, kind: Kind, entry: str, dimension: str = "") -> list[tuple[str, str]]:
        """The codes, each with its system, of an entry of the catalogue: those of others, then our own."""
        return [*self.written.get((kind, entry, dimension), ()), (OWN + kind, entry)]

    def for_any(self, kind: Kind, entry: str) -> list[tuple[str, str]]:
        """The same, whatever the dimension of its values."""
        found = [code for key, codes in self.written.items() if key[:2] == (kind, entry) for code in codes]
        return [*found, (OWN + kind, entry)]


OWN = "urn:nephroline:"
"""What our own code systems begin with, one for each kind of entry: ``urn:nephroline:analyte``."""


@lru_cache(maxsize=4)
def load_codes(catalogue: Catalogue, site: Path | None = None) -> Codes:
    """Read the codes that come with Nephroline, and those of a site. Raises: PathwayError with all faults."""
    ours = data_root("rules") / "catalogue" / CODES
    files = {file.name: file for file in sorted(ours.glob("*.yaml"))}
    if site is not None:
        files |= {file.name: file for file in sorted((site / CODES).glob("*.yaml"))}
    problems: list[Problem] = []
    table: dict[tuple[str, str], TakenFor | Left] = {}
    for kind, entries in _entries(catalogue).items():
        for entry in entries:
            table[OWN + kind, entry] = TakenFor(kind, entry)
    notices: dict[str, str] = {}
    written: dict[tuple[str, str, str], list[tuple[str, str]]] = defaultdict(list)
    for file in files.values():
        name = f"rules/catalogue/{CODES}/{file.name}" if file.parent == ours else str(file)
        document = read_file(file, name, PathwayError)
        head = fit(document, (), mapping(document.data), CodesFile, problems)
        if head is None:
            continue
        notices[head.title] = head.notice.strip()
        for place, code, meaning in _rows(document, head, catalogue, problems):
            if (head.system, code) in table:
                problems.append(
                    place.problem(f"the code {quoted(code)} stands here twice", "keep one of the two")
                )
            table |= {(system, code): meaning for system in (head.system, *head.also)}
        for key, code in _written(document, head, table, catalogue, problems):
            written[key].append((head.system, code))
    if problems:
        raise PathwayError(problems)
    return Codes(table, notices, written)


def _written(
    document: Document,
    head: CodesFile,
    table: Mapping[tuple[str, str], TakenFor | Left],
    catalogue: Catalogue,
    problems: list[Problem],
) -> Iterator[tuple[tuple[str, str, str], str]]:
    """Under which code each thing is written; a drug under its one code, if it has but one."""
    top = Place(document)
    for drug, codes in head.drugs.items():
        if len(codes) == 1:
            yield ("drug", drug, ""), codes[0]
    for i, raw in enumerate(head.writes):
        row = fit(document, ("writes", i), raw, WrittenRow, problems)
        if row is None:
            continue
        named: list[tuple[Kind, str]] = [(kind, name) for kind in _WRITTEN if (name := getattr(row, kind))]
        taken = table.get((head.system, row.code))
        if len(named) != 1 or taken != TakenFor(*named[0]):
            remedy = "name the one thing that the code is taken for above, whatever the chart says beside it"
            problems.append((top / "writes" / i).problem(f"{quoted(row.code)} is not taken for that", remedy))
            continue
        unit = catalogue.units.get(row.unit)
        if (unit is None) is (named[0][0] == "analyte"):
            problems.append(
                (top / "writes" / i).problem("an analyte is written in a unit, nothing else is", "unit: g/L")
            )
            continue
        yield (*named[0], unit.dimension if unit is not None else ""), row.code


def _rows(
    document: Document, head: CodesFile, catalogue: Catalogue, problems: list[Problem]
) -> Iterator[tuple[Place, str, TakenFor | Left]]:
    top = Place(document)
    for i, raw in enumerate(head.takes):
        row = fit(document, ("takes", i), raw, TakenRow, problems)
        if row is None:
            continue
        named: list[tuple[Kind, str]] = [(kind, getattr(row, kind)) for kind in _KINDS if getattr(row, kind)]
        if len(named) != 1:
            problems.append(
                (top / "takes" / i).problem("expected what the codes are taken for", ", ".join(_KINDS))
            )
            continue
        kind, entry = named[0]
        yield from _checked(top / "takes" / i, kind, entry, row.codes, catalogue, problems, row)
    for section, confidence in (("drugs", "verified"), ("drugs_once", "once")):
        drugs: Mapping[str, list[str]] = getattr(head, section)
        row = TakenRow(codes=[], confidence="once" if confidence == "once" else "verified")
        for drug, codes in drugs.items():
            yield from _checked(top / section / drug, "drug", drug, codes, catalogue, problems, row)
    for i, raw in enumerate(head.leaves):
        left = fit(document, ("leaves", i), raw, LeftRow, problems)
        for code in left.codes if left is not None else ():
            assert left is not None  # noqa: S101
            yield top / "leaves" / i, code, Left(left.like, left.because)


def _checked(
    place: Place,
    kind: Kind,
    entry: str,
    codes: Iterable[str],
    catalogue: Catalogue,
    problems: list[Problem],
    row: TakenRow,
) -> Iterator[tuple[Place, str, TakenFor | Left]]:
    entries = _entries(catalogue)
    known = entries[_READ_AS.get(kind, kind)]
    if entry not in known:
        problems.append(
            place.problem(f"the catalogue has no {kind} {quoted(entry)}", did_you_mean(entry, known))
        )
        return
    meaning = TakenFor(kind, entry, row.only, row.tells, row.confidence)
    for code in listed(codes):
        yield place, str(code), meaning


def _entries(catalogue: Catalogue) -> Mapping[Kind, Iterable[str]]:
    """What of the catalogue has a code of our own, by its kind."""
    return {
        "analyte": catalogue.analytes,
        "condition": catalogue.conditions,
        "diagnosis": catalogue.diagnoses,
        "finding": catalogue.assertions,
        "drug": catalogue.drugs,
        "biopsy": ("kidney",),
    }
