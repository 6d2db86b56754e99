"""Read a record: from its public format to a checked `Record`, all problems reported at once."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from nephroline.catalogue import Catalogue, load_catalogue, spelling
from nephroline.errors import Problem, RecordError, did_you_mean, quoted
from nephroline.quantities import Quantity, QuantityError, decimal_text, parse
from nephroline.record.agreement import contradictions
from nephroline.record.models import (
    Assertion,
    Biopsy,
    Condition,
    Exposure,
    Fault,
    Observation,
    Procedure,
    Record,
)
from nephroline.record.shapes import (
    AssertionRow,
    BiopsyRow,
    ConditionRow,
    ExposureRow,
    ObservationRow,
    ProcedureRow,
    RecordFile,
    Row,
)
from nephroline.record.times import Clock, Moment
from nephroline.shapes import fit
from nephroline.version import RECORD_FORMAT
from nephroline.yamlfile import Document, FieldPath, mapping, read_bytes, read_file

RecordSource = str | Path | bytes | Mapping[str, Any] | Document
"""A path, the bytes of a YAML or JSON document, or data already read."""

UNKNOWN = "unknown"
_SEXES = ("female", "male")
_OLDEST = 130
R = TypeVar("R", bound=Row)
T = TypeVar("T")


def read_record(source: RecordSource, catalogue: Catalogue | None = None) -> Record:
    """Read one patient's chart.

    A scenario is accepted too: its `record` is taken.

    Raises:
        RecordError: with every problem found, each naming file, line, field and remedy.
    """
    document = open_document(source)
    path: FieldPath = ()
    if {"scenario", "record"} <= set(mapping(document.data)):
        path = ("record",)
    return record_at(document, path, catalogue or load_catalogue())


def open_document(source: RecordSource) -> Document:
    """Read a record or scenario file as data with places. Raises: RecordError."""
    if isinstance(source, Document):
        return source
    if isinstance(source, Mapping):
        return Document(_plain(dict(source), 0), "record")
    if isinstance(source, bytes):
        return read_bytes(source, "input", RecordError)
    if isinstance(source, Record):
        raise RecordError.of(
            "a record that was read cannot be changed", "pass its file, its text or its data"
        )
    return read_file(Path(source), str(source), RecordError)


def record_at(document: Document, path: FieldPath, catalogue: Catalogue) -> Record:
    """Read the record that stands at *path* of a document. Raises: RecordError."""
    data: Any = document.data
    for step in path:
        data = data[step]
    if not isinstance(data, dict):
        raise RecordError([document.problem(path, "expected a record: a mapping with `id`")])
    return _RecordReader(document, path, catalogue).record(data)  # pyright: ignore[reportUnknownArgumentType]


def _plain(value: Any, depth: int) -> Any:
    """Bring data given by a caller to what the YAML reader yields: numbers become text."""
    if depth > 40:
        raise RecordError.of("the record is nested too deeply", "flatten it")
    if isinstance(value, Mapping):
        return {str(k): _plain(v, depth + 1) for k, v in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list | tuple):
        return [_plain(v, depth + 1) for v in value]  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, date):
        return value.isoformat()[:10]
    return str(value)  # pyright: ignore[reportUnknownArgumentType]


class _RecordReader:
    """Read one record, collecting problems; one use."""

    def __init__(self, document: Document, path: FieldPath, catalogue: Catalogue) -> None:
        self._document, self._path, self._catalogue = document, path, catalogue
        self._problems: list[Problem] = []
        self._faults: list[Fault] = []
        self._clock = Clock(catalogue.units)

    def record(self, data: Mapping[str, Any]) -> Record:
        head = fit(self._document, self._path, data, RecordFile, self._problems)
        if head is None:
            raise RecordError(self._problems)
        if head.format < 1:
            self._complain(
                ("format",), f"{head.format} is no format", f"formats go from 1 to {RECORD_FORMAT}"
            )
        if head.format > RECORD_FORMAT:
            newer = f"the record is of format {head.format}, and this version reads up to {RECORD_FORMAT}"
            self._complain(("format",), newer, "install a newer version of Nephroline")
        self._clock = Clock(self._catalogue.units, self._time_zero(head))
        observations = [
            found for i, row in enumerate(head.observations) for found in self._observations(i, row)
        ]
        observations += self._head_observations(head)
        exposures = self._each("exposures", head.exposures, ExposureRow, self._exposure)
        record = Record(
            id=head.id,
            clock=self._clock,
            sex=self._sex(head.sex),
            age_zero=self._age(head),
            conditions=_ordered(self._each("conditions", head.conditions, ConditionRow, self._condition)),
            assertions=_ordered(self._assertions(head.findings)),
            biopsies=_ordered(self._each("biopsies", head.biopsies, BiopsyRow, self._biopsy)),
            observations=_ordered(observations),
            exposures=tuple(sorted(set(exposures), key=_exposure_key)),
            procedures=_ordered(self._each("procedures", head.procedures, ProcedureRow, self._procedure)),
            faults=_ordered(self._faults),
        )
        self._problems += contradictions(record, self._document, self._path, self._catalogue)
        if self._problems:
            raise RecordError(self._problems)
        return record

    # -- helpers -------------------------------------------------------------------------------

    def _complain(self, path: FieldPath, message: str, remedy: str = "") -> None:
        self._problems.append(self._document.problem((*self._path, *path), message, remedy))

    def _try(self, path: FieldPath, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except QuantityError as bad:
            self._complain(path, str(bad), bad.help)
            return None

    def _moment(self, path: FieldPath, raw: Any) -> Moment | None:
        return self._try(path, lambda: self._clock.read(raw))

    def _each(
        self,
        section: str,
        rows: list[dict[str, Any]],
        shape: type[R],
        build: Callable[[FieldPath, R], T | None],
    ) -> list[T]:
        found: list[T] = []
        for i, raw in enumerate(rows):
            row = fit(self._document, (*self._path, section, i), raw, shape, self._problems)
            item = build((section, i), row) if row is not None else None
            if item is not None:
                found.append(item)
        return found

    def _known(self, path: FieldPath, kind: str, name: str, names: Mapping[str, str]) -> str | None:
        try:
            return self._catalogue.lookup(kind, name, names)
        except QuantityError as bad:
            listed = {"drug": "drugs", "condition": "conditions", "diagnosis": "diagnoses"}[kind]
            see = f"`nephroline units {listed}` lists all"
            if kind != "diagnosis":
                see += "; if none is meant, add `unlisted: true`, and no rule reads it"
            self._complain(path, str(bad), f"{bad.help} {see}" if bad.help else see)
            return None

    def _keep_unlisted(
        self, path: FieldPath, field: str, name: str, at: Any, names: Mapping[str, str]
    ) -> None:
        """Keep what its author says that the catalogue does not have, as an entry that is not used."""
        if spelling(name) in names:
            remedy = "leave out `unlisted: true`, so that it counts"
            self._complain((*path, field), f"the catalogue has {quoted(name)}", remedy)
        moment = self._moment((*path, "at" if field == "name" else "from"), at)
        if moment is not None:
            self._faults.append(Fault(f"{name}: not in the catalogue, so no rule reads it", moment))

    # -- the head ------------------------------------------------------------------------------

    def _time_zero(self, head: RecordFile) -> date | None:
        text = head.time_zero.strip()
        if text[:1].isdigit():
            try:
                return date.fromisoformat(text)
            except ValueError:
                self._complain(
                    ("time_zero",),
                    f"{quoted(text)} is not a day of the calendar",
                    "write an ISO date such as 2014-05-31, or a word such as presentation",
                )
        return None

    def _sex(self, sex: str | None) -> str | None:
        if sex is None or sex == UNKNOWN:
            return None
        if sex not in _SEXES:
            self._complain(("sex",), f"{quoted(sex)} is not accepted", "write female, male or unknown")
        return sex

    def _age(self, head: RecordFile) -> Any:
        age = head.age if head.age != UNKNOWN else None
        if head.birth_date not in (None, UNKNOWN):
            if age is not None:
                self._complain(("birth_date",), "age and birth date are both given", "keep one of them")
            if self._clock.zero is None:
                self._complain(
                    ("birth_date",),
                    "a birth date needs `time_zero` to be a date",
                    "give `age` instead, such as 34 years",
                )
                return None
            born = self._moment(("birth_date",), head.birth_date)
            if born is not None and born.latest > 0:
                self._complain(("birth_date",), "the birth date is after time zero", "check both dates")
            return -born.latest if born else None
        if age is None:
            return None
        value = self._try(
            ("age",), lambda: parse(age, self._catalogue.units, accepted=self._catalogue.time_units)
        )
        if value is None:
            return None
        days = value.exact
        if days is None or not 0 <= days <= _OLDEST * self._catalogue.units["years"].factor:
            self._complain(("age",), f"{quoted(age)} is not a possible age", "write it as 34 years")
        return days

    def _head_observations(self, head: RecordFile) -> list[Observation]:
        found: list[Observation] = []
        zero = Moment(
            self._catalogue.units["d"].factor * 0,
            self._catalogue.units["d"].factor * 0,
            "0 mo" if self._clock.zero is None else self._clock.zero.isoformat(),
        )
        for name, text in (("weight", head.weight), ("height", head.height)):
            if text is not None and text != UNKNOWN:
                analyte = self._catalogue.analytes[name]
                value = self._try((name,), partial(self._catalogue.quantity, analyte, text))
                if value is not None:
                    found.append(Observation(name, zero, value))
        return found

    # -- rows ----------------------------------------------------------------------------------

    def _observations(self, index: int, raw: Any) -> list[Observation]:
        path: FieldPath = ("observations", index)
        if not isinstance(raw, dict):
            self._complain(path, "expected a mapping with `at` and what was observed")
            return []
        row: dict[str, Any] = raw  # pyright: ignore[reportUnknownVariableType]
        known = ObservationRow.__struct_fields__
        fixed = {k: v for k, v in row.items() if k in known}
        head = fit(self._document, (*self._path, *path), fixed, ObservationRow, self._problems)
        at = self._moment((*path, "at"), head.at) if head is not None else None
        found: list[Observation] = []
        for name, value in row.items():
            if name in known:
                continue
            analyte = self._catalogue.analytes.get(name)
            if analyte is None:
                self._complain(
                    (*path, name),
                    f"unknown analyte {quoted(name)}",
                    did_you_mean(
                        name,
                        [*self._catalogue.analytes, *known],
                        see="`nephroline units` lists all",
                    ),
                )
            elif not isinstance(value, str):
                self._complain((*path, name), f"expected a value with a unit, or a word, got {quoted(value)}")
            elif at is not None and head is not None:
                item = self._observation((*path, name), name, value, at, head)
                if item is not None:
                    found.append(item)
        return found

    def _observation(
        self, path: FieldPath, name: str, text: str, at: Moment, row: ObservationRow
    ) -> Observation | None:
        analyte = self._catalogue.analytes[name]
        word = text.strip()
        if word == UNKNOWN:
            return Observation(analyte.speaks_of or name, at, reported=row.reported, cite=row.cite)
        if word in analyte.words:
            return Observation(analyte.speaks_of or name, at, word=word, reported=row.reported, cite=row.cite)
        if not analyte.units or (not any(c.isdigit() for c in word) and analyte.words):
            self._complain(
                path,
                f"{quoted(text)} is neither a value with a unit nor a word for {analyte.title}"
                if analyte.units
                else f"{quoted(text)} is not a word for {analyte.title}",
                did_you_mean(
                    word, analyte.words, see="accepted: " + ", ".join((*analyte.units, *analyte.words))
                ),
            )
            return None
        value = self._try(path, lambda: self._catalogue.quantity(analyte, word))
        return Observation(name, at, value, reported=row.reported, cite=row.cite) if value else None

    def _condition(self, path: FieldPath, row: ConditionRow) -> Condition | None:
        if row.unlisted:
            self._keep_unlisted(path, "name", row.name, row.at, self._catalogue.condition_names)
            return None
        name = self._known((*path, "name"), "condition", row.name, self._catalogue.condition_names)
        at = self._moment((*path, "at"), row.at)
        state = None if row.control == UNKNOWN else row.control
        if state is not None and state not in self._catalogue.states:
            self._complain(
                (*path, "control"),
                f"{quoted(state)} is not accepted",
                did_you_mean(
                    state,
                    self._catalogue.states,
                    see="accepted: " + ", ".join(self._catalogue.states),
                ),
            )
        present = None if row.present == UNKNOWN else bool(row.present)
        return Condition(name, at, present, state, row.cite) if name and at else None

    def _assertions(self, findings: Mapping[str, Any]) -> list[Assertion]:
        found: list[Assertion] = []
        for name, raw in findings.items():
            path: FieldPath = ("findings", name)
            if name not in self._catalogue.assertions:
                self._complain(
                    path,
                    f"unknown finding {quoted(name)}",
                    did_you_mean(
                        name,
                        self._catalogue.assertions,
                        see="known: " + ", ".join(self._catalogue.assertions),
                    ),
                )
                continue
            rows: list[tuple[FieldPath, Any]] = (
                [((*path, i), item) for i, item in enumerate(raw)] if isinstance(raw, list) else [(path, raw)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            )
            for where, item in rows:
                row = fit(self._document, (*self._path, *where), item, AssertionRow, self._problems)
                at = self._moment((*where, "at"), row.at) if row else None
                if row and at:
                    found.append(Assertion(name, row.value, at, row.cite))
        return found

    def _biopsy(self, path: FieldPath, row: BiopsyRow) -> Biopsy | None:
        at = self._moment((*path, "at"), row.at)
        diagnosis = None
        if row.diagnosis is not None and row.diagnosis != UNKNOWN:
            diagnosis = self._known(
                (*path, "diagnosis"), "diagnosis", row.diagnosis, self._catalogue.diagnosis_names
            )
        if row.glomeruli is not None and not 0 <= row.glomeruli <= 500:
            self._complain((*path, "glomeruli"), f"{row.glomeruli} is not a possible number of glomeruli")
        if row.glomeruli == 0 and diagnosis is not None:
            self._complain(
                (*path, "diagnosis"),
                "a biopsy without glomeruli cannot carry a diagnosis",
                "remove the diagnosis, or correct the number of glomeruli",
            )
        return Biopsy(at, row.glomeruli, diagnosis, row.variant, row.cite) if at else None

    def _procedure(self, path: FieldPath, row: ProcedureRow) -> Procedure | None:
        at = self._moment((*path, "at"), row.at)
        return Procedure(row.name, at, row.cite) if at else None

    def _exposure(self, path: FieldPath, row: ExposureRow) -> Exposure | None:
        if row.unlisted:
            self._keep_unlisted(path, "drug", row.drug, row.start, self._catalogue.drug_names)
            return None
        drug = self._known((*path, "drug"), "drug", row.drug, self._catalogue.drug_names)
        start = self._moment((*path, "from"), row.start)
        end = self._moment((*path, "to"), row.end) if row.end not in (None, UNKNOWN) else None
        if start and end and end.latest < start.earliest:
            self._complain(
                (*path, "to"),
                f"the end ({end.label}) is before the start ({start.label})",
                "check `from` and `to`",
            )
        if row.stopped_for is not None and row.stopped_for not in self._catalogue.stop_reasons:
            self._complain(
                (*path, "stopped_for"),
                f"{quoted(row.stopped_for)} is not accepted",
                did_you_mean(
                    row.stopped_for,
                    self._catalogue.stop_reasons,
                    see="accepted: " + ", ".join(self._catalogue.stop_reasons),
                ),
            )
        dose = self._dose(path, row, drug)
        target = self._trough_target(path, row, drug)
        if not (drug and start):
            return None
        return Exposure(drug, start, end, dose, target, row.stopped_for, row.cite)

    def _dose(self, path: FieldPath, row: ExposureRow, drug: str | None) -> Quantity | None:
        text = row.dose
        if text is None or text == UNKNOWN:
            return None
        where = (*path, "dose")
        dose = self._try(
            where, partial(parse, text, self._catalogue.units, accepted=self._catalogue.dose_units)
        )
        if dose is None or drug is None:
            return dose
        known = self._catalogue.drugs[drug]
        most = known.most_per_day
        highest = dose.high if dose.high is not None else dose.low
        if (
            most
            and most.high is not None
            and dose.dimension == most.dimension
            and highest
            and highest > most.high
        ):
            if not row.as_printed:
                self._complain(
                    where,
                    f"{quoted(dose.text)} is not a possible dose of {known.title}",
                    f"at most {most.text}; if the source prints it so, add `as_printed: true`"
                    " and the dose is kept but not used",
                )
            else:
                times = decimal_text(highest / most.high, 0)
                text = (
                    f"{known.title} {dose.text} is printed so, {times} times the most that is given"
                    f" ({most.text}; {known.cite}): the dose is not used; ask the author"
                )
                at = self._moment((*path, "from"), row.start)
                if at is not None:
                    self._faults.append(Fault(text, at))
            return None
        return dose

    def _trough_target(self, path: FieldPath, row: ExposureRow, drug: str | None) -> Quantity | None:
        text = row.trough_target
        if text is None or text == UNKNOWN:
            return None
        level = next((a for a in self._catalogue.analytes.values() if drug and a.level_of == drug), None)
        if level is None:
            if drug:
                self._complain(
                    (*path, "trough_target"),
                    f"no trough is known for {quoted(row.drug)}",
                    "remove `trough_target`",
                )
            return None
        return self._try((*path, "trough_target"), lambda: self._catalogue.quantity(level, text))


def _ordered(items: list[Any]) -> tuple[Any, ...]:
    """Sort by time then content, and drop repeats: the order and repeats of rows mean nothing."""
    return tuple(sorted(set(items), key=lambda item: (item.at.sort_key, repr(item))))


def _exposure_key(item: Exposure) -> tuple[Any, ...]:
    return (item.start.sort_key, item.drug, repr(item))
