"""Read a record: from its public format to a checked `Record`, all problems reported at once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

from nephroline.catalogue import Catalogue, load_catalogue
from nephroline.errors import RecordError, did_you_mean, quoted
from nephroline.quantities import Quantity, decimal_text, parse
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
from nephroline.record.rows import RowReader
from nephroline.record.shapes import (
    AssertionRow,
    BiopsyRow,
    ConditionRow,
    ExposureRow,
    ObservationRow,
    ProcedureRow,
    RecordFile,
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


class _RecordReader(RowReader):
    """Reads one record, collecting problems; one use."""

    def record(self, data: Mapping[str, Any]) -> Record:
        head = fit(self.document, self.path, data, RecordFile, self.problems)
        if head is None:
            raise RecordError(self.problems)
        if head.format < 1:
            self.complain(("format",), f"{head.format} is no format", f"formats go from 1 to {RECORD_FORMAT}")
        if head.format > RECORD_FORMAT:
            newer = f"the record is of format {head.format}, and this version reads up to {RECORD_FORMAT}"
            self.complain(("format",), newer, "install a newer version of Nephroline")
        self.clock = Clock(self.catalogue.units, self._time_zero(head))
        observations = [
            found for i, row in enumerate(head.observations) for found in self._observations(i, row)
        ]
        observations += self._head_observations(head)
        exposures = self.each("exposures", head.exposures, ExposureRow, self._exposure)
        record = Record(
            id=head.id,
            clock=self.clock,
            sex=self._sex(head.sex),
            age_zero=self._age(head),
            conditions=_ordered(self.each("conditions", head.conditions, ConditionRow, self._condition)),
            assertions=_ordered(self._assertions(head.findings)),
            biopsies=_ordered(self.each("biopsies", head.biopsies, BiopsyRow, self._biopsy)),
            observations=_ordered(observations),
            exposures=tuple(sorted(set(exposures), key=_exposure_key)),
            procedures=_ordered(self.each("procedures", head.procedures, ProcedureRow, self._procedure)),
            faults=_ordered(self.faults),
        )
        self.problems += contradictions(record, self.document, self.path, self.catalogue)
        if self.problems:
            raise RecordError(self.problems)
        return record

    # -- the head ------------------------------------------------------------------------------

    def _time_zero(self, head: RecordFile) -> date | None:
        text = head.time_zero.strip()
        if text[:1].isdigit():
            try:
                return date.fromisoformat(text)
            except ValueError:
                self.complain(
                    ("time_zero",),
                    f"{quoted(text)} is not a day of the calendar",
                    "write an ISO date such as 2014-05-31, or a word such as presentation",
                )
        return None

    def _sex(self, sex: str | None) -> str | None:
        if sex is None or sex == UNKNOWN:
            return None
        if sex not in _SEXES:
            self.complain(("sex",), f"{quoted(sex)} is not accepted", "write female, male or unknown")
        return sex

    def _age(self, head: RecordFile) -> Any:
        age = head.age if head.age != UNKNOWN else None
        if head.birth_date not in (None, UNKNOWN):
            if age is not None:
                self.complain(("birth_date",), "age and birth date are both given", "keep one of them")
            if self.clock.zero is None:
                self.complain(
                    ("birth_date",),
                    "a birth date needs `time_zero` to be a date",
                    "give `age` instead, such as 34 years",
                )
                return None
            born = self.moment(("birth_date",), head.birth_date)
            if born is not None and born.latest > 0:
                self.complain(("birth_date",), "the birth date is after time zero", "check both dates")
            return -born.latest if born else None
        if age is None:
            return None
        value = self.attempt(
            ("age",), lambda: parse(age, self.catalogue.units, accepted=self.catalogue.time_units)
        )
        if value is None:
            return None
        days = value.exact
        if days is None or not 0 <= days <= _OLDEST * self.catalogue.units["years"].factor:
            self.complain(("age",), f"{quoted(age)} is not a possible age", "write it as 34 years")
        return days

    def _head_observations(self, head: RecordFile) -> list[Observation]:
        found: list[Observation] = []
        zero = Moment(
            self.catalogue.units["d"].factor * 0,
            self.catalogue.units["d"].factor * 0,
            "0 mo" if self.clock.zero is None else self.clock.zero.isoformat(),
        )
        for name, text in (("weight", head.weight), ("height", head.height)):
            if text is not None and text != UNKNOWN:
                analyte = self.catalogue.analytes[name]
                value = self.attempt((name,), partial(self.catalogue.quantity, analyte, text))
                if value is not None:
                    found.append(Observation(name, zero, value))
        return found

    # -- rows ----------------------------------------------------------------------------------

    def _observations(self, index: int, raw: Any) -> list[Observation]:
        path: FieldPath = ("observations", index)
        if not isinstance(raw, dict):
            self.complain(path, "expected a mapping with `at` and what was observed")
            return []
        row: dict[str, Any] = raw  # pyright: ignore[reportUnknownVariableType]
        known = ObservationRow.__struct_fields__
        fixed = {k: v for k, v in row.items() if k in known}
        head = fit(self.document, (*self.path, *path), fixed, ObservationRow, self.problems)
        at = self.moment((*path, "at"), head.at) if head is not None else None
        found: list[Observation] = []
        for name, value in row.items():
            if name in known:
                continue
            analyte = self.catalogue.analytes.get(name)
            if analyte is None:
                self.complain(
                    (*path, name),
                    f"unknown analyte {quoted(name)}",
                    did_you_mean(
                        name,
                        [*self.catalogue.analytes, *known],
                        see="`nephroline units` lists all",
                    ),
                )
            elif not isinstance(value, str):
                self.complain((*path, name), f"expected a value with a unit, or a word, got {quoted(value)}")
            elif at is not None and head is not None:
                item = self._observation((*path, name), name, value, at, head)
                if item is not None:
                    found.append(item)
        return found

    def _observation(
        self, path: FieldPath, name: str, text: str, at: Moment, row: ObservationRow
    ) -> Observation | None:
        analyte = self.catalogue.analytes[name]
        word = text.strip()
        # A report such as that renal function is normal is kept under the analyte that it speaks of.
        if word == UNKNOWN:
            return Observation(analyte.speaks_of or name, at, reported=row.reported, cite=row.cite)
        if word in analyte.words:
            return Observation(analyte.speaks_of or name, at, word=word, reported=row.reported, cite=row.cite)
        if not analyte.units or (not any(c.isdigit() for c in word) and analyte.words):
            self.complain(
                path,
                f"{quoted(text)} is neither a value with a unit nor a word for {analyte.title}"
                if analyte.units
                else f"{quoted(text)} is not a word for {analyte.title}",
                did_you_mean(
                    word, analyte.words, see="accepted: " + ", ".join((*analyte.units, *analyte.words))
                ),
            )
            return None
        value = self.attempt(path, lambda: self.catalogue.quantity(analyte, word))
        return Observation(name, at, value, reported=row.reported, cite=row.cite) if value else None

    def _condition(self, path: FieldPath, row: ConditionRow) -> Condition | None:
        if row.unlisted:
            self.keep_unlisted(path, "name", row.name, row.at, self.catalogue.condition_names)
            return None
        name = self.known((*path, "name"), "condition", row.name, self.catalogue.condition_names)
        at = self.moment((*path, "at"), row.at)
        state = None if row.control == UNKNOWN else row.control
        if state is not None and state not in self.catalogue.states:
            self.complain(
                (*path, "control"),
                f"{quoted(state)} is not accepted",
                did_you_mean(
                    state,
                    self.catalogue.states,
                    see="accepted: " + ", ".join(self.catalogue.states),
                ),
            )
        present = None if row.present == UNKNOWN else bool(row.present)
        return Condition(name, at, present, state, row.cite) if name and at else None

    def _assertions(self, findings: Mapping[str, Any]) -> list[Assertion]:
        """The `findings` of a record, which are assertions here: rules conclude findings."""
        found: list[Assertion] = []
        for name, raw in findings.items():
            path: FieldPath = ("findings", name)
            if name not in self.catalogue.assertions:
                self.complain(
                    path,
                    f"unknown finding {quoted(name)}",
                    did_you_mean(
                        name,
                        self.catalogue.assertions,
                        see="known: " + ", ".join(self.catalogue.assertions),
                    ),
                )
                continue
            rows: list[tuple[FieldPath, Any]] = (
                [((*path, i), item) for i, item in enumerate(raw)] if isinstance(raw, list) else [(path, raw)]  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
            )
            for where, item in rows:
                row = fit(self.document, (*self.path, *where), item, AssertionRow, self.problems)
                at = self.moment((*where, "at"), row.at) if row else None
                if row and at:
                    found.append(Assertion(name, row.value, at, row.cite))
        return found

    def _biopsy(self, path: FieldPath, row: BiopsyRow) -> Biopsy | None:
        at = self.moment((*path, "at"), row.at)
        diagnosis = None
        if row.diagnosis is not None and row.diagnosis != UNKNOWN:
            diagnosis = self.known(
                (*path, "diagnosis"), "diagnosis", row.diagnosis, self.catalogue.diagnosis_names
            )
        if row.glomeruli is not None and not 0 <= row.glomeruli <= 500:
            self.complain((*path, "glomeruli"), f"{row.glomeruli} is not a possible number of glomeruli")
        if row.glomeruli == 0 and diagnosis is not None:
            self.complain(
                (*path, "diagnosis"),
                "a biopsy without glomeruli cannot carry a diagnosis",
                "remove the diagnosis, or correct the number of glomeruli",
            )
        return Biopsy(at, row.glomeruli, diagnosis, row.variant, row.cite) if at else None

    def _procedure(self, path: FieldPath, row: ProcedureRow) -> Procedure | None:
        at = self.moment((*path, "at"), row.at)
        return Procedure(row.name, at, row.cite) if at else None

    def _exposure(self, path: FieldPath, row: ExposureRow) -> Exposure | None:
        if row.unlisted:
            self.keep_unlisted(path, "drug", row.drug, row.start, self.catalogue.drug_names)
            return None
        drug = self.known((*path, "drug"), "drug", row.drug, self.catalogue.drug_names)
        start = self.moment((*path, "from"), row.start)
        end = self.moment((*path, "to"), row.end) if row.end not in (None, UNKNOWN) else None
        if start and end and end.latest < start.earliest:
            self.complain(
                (*path, "to"),
                f"the end ({end.label}) is before the start ({start.label})",
                "check `from` and `to`",
            )
        if row.stopped_for is not None and row.stopped_for not in self.catalogue.stop_reasons:
            self.complain(
                (*path, "stopped_for"),
                f"{quoted(row.stopped_for)} is not accepted",
                did_you_mean(
                    row.stopped_for,
                    self.catalogue.stop_reasons,
                    see="accepted: " + ", ".join(self.catalogue.stop_reasons),
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
        dose = self.attempt(
            where, partial(parse, text, self.catalogue.units, accepted=self.catalogue.dose_units)
        )
        if dose is None or drug is None:
            return dose
        known = self.catalogue.drugs[drug]
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
                self.complain(
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
                at = self.moment((*path, "from"), row.start)
                if at is not None:
                    self.faults.append(Fault(text, at, given=True))
            return None
        return dose

    def _trough_target(self, path: FieldPath, row: ExposureRow, drug: str | None) -> Quantity | None:
        text = row.trough_target
        if text is None or text == UNKNOWN:
            return None
        level = next((a for a in self.catalogue.analytes.values() if drug and a.level_of == drug), None)
        if level is None:
            if drug:
                self.complain(
                    (*path, "trough_target"),
                    f"no trough is known for {quoted(row.drug)}",
                    "remove `trough_target`",
                )
            return None
        return self.attempt((*path, "trough_target"), lambda: self.catalogue.quantity(level, text))


def _ordered(items: list[Any]) -> tuple[Any, ...]:
    """Sort by time then content, and drop repeats: the order and repeats of rows mean nothing."""
    return tuple(sorted(set(items), key=lambda item: (item.at.sort_key, repr(item))))


def _exposure_key(item: Exposure) -> tuple[Any, ...]:
    return (item.start.sort_key, item.drug, repr(item))
