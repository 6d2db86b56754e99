"""Read what was given: exposures as prescribed, single doses, classes, drugs that are not listed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from nephroline.catalogue import spelling
from nephroline.errors import did_you_mean, quoted
from nephroline.quantities import Quantity, QuantityError, decimal_text
from nephroline.record.dosing import Dosing, read_dose
from nephroline.record.models import Exposure, Fault, Reaction, Unlisted
from nephroline.record.observing import UNKNOWN
from nephroline.record.rows import RowReader
from nephroline.record.shapes import ExposureRow, ReactionRow
from nephroline.record.times import Moment
from nephroline.shapes import fit
from nephroline.yamlfile import FieldPath, mapping


class GivingReader:
    """Reads the rows of what was given with the reader of their record; one use.

    `unlisted`: what the catalogue knows neither by name nor by class.
    """

    def __init__(self, rows: RowReader) -> None:
        self._rows, self._catalogue = rows, rows.catalogue
        self.unlisted: list[Unlisted] = []

    def exposures(self, given: Sequence[Mapping[str, Any]]) -> list[Exposure]:
        """Every exposure; one row of single doses makes one for each dose."""
        found: list[Exposure] = []
        for i, raw in enumerate(given):
            path: FieldPath = ("exposures", i)
            rows = self._rows
            row = fit(rows.document, (*rows.path, *path), raw, ExposureRow, rows.problems)
            if row is not None and row.entered_in_error:
                rows.strike_row(path, mapping(raw))
            elif row is not None:
                found += self._exposures(path, row)
        return found

    def reaction(self, path: FieldPath, row: ReactionRow) -> Reaction | None:
        """An adverse reaction."""
        names = self._catalogue.drug_names
        drug = self._rows.known((*path, "drug"), "drug", row.drug, names)
        at = self._rows.moment((*path, "at"), row.at)
        return Reaction(drug, at, row.what, row.cite) if drug and at else None

    # -- one row -------------------------------------------------------------------------------

    def _exposures(self, path: FieldPath, row: ExposureRow) -> Iterator[Exposure]:
        if row.doses and (row.dose or row.start or row.end):
            self._rows.complain(
                (*path, "doses"), "single doses stand beside dose, from or to", "keep one of both"
            )
            return
        if not row.doses and row.start is None:
            self._rows.complain(
                path, "the field `from` is missing", "add it, or `doses` with the time of each"
            )
            return
        starts = [(((*path, "doses", i), "at"), dose.at) for i, dose in enumerate(row.doses)]
        at = [self._rows.moment((*where, field), time) for (where, field), time in starts]
        start = self._rows.moment((*path, "from"), row.start) if not row.doses else (at[0] if at else None)
        drug = self._drug(path, row, start)
        self._check_words(path, row)
        if drug is None or start is None:
            return
        name = row.drug if self._catalogue.drugs[drug].unnamed else ""
        purpose = self._other_purpose(row.purpose)
        shared = Exposure(
            drug,
            start,
            stopped_for=row.stopped_for,
            cite=row.cite,
            taken=None if row.taken == "yes" else row.taken,
            purpose=purpose,
            name=name,
            note=row.note,
            trough_target=self._trough_target(path, row, drug),
        )
        change = msgspec.structs.replace
        if row.doses:
            for i, single in enumerate(row.doses):
                when = at[i]
                amount = self._dosing((*path, "doses", i, "amount"), single.amount, row, drug)
                if when is not None:
                    last = i == len(row.doses) - 1
                    reason = row.stopped_for if last else None
                    dose = amount.quantity if amount else None
                    yield change(shared, start=when, end=when, dose=dose, stopped_for=reason)
            return
        end = self._end(path, row, start)
        dosing = self._dosing((*path, "dose"), row.dose, row, drug)
        dose = dosing.quantity if dosing else None
        acts = self._catalogue.acting_time(drug) is not None
        counted = dosing is not None and dosing.count > 1
        if end is None and (acts or counted) and dose is not None and dose.dimension in _SINGLE:
            # A single amount of a drug that acts on is one dose, and several that are counted are so many:
            # there is no end to ask for.
            end = start
        every, count = (dosing.every or 1, dosing.count) if dosing else (1, 1)
        if end is not None:
            # What ended was given before, if only the day before, and ends no sooner than it can have begun.
            if start.latest > end.latest:
                latest = max(start.earliest, end.latest - 1)
                shared = change(shared, start=change(start, latest=latest))
            end = change(end, earliest=max(end.earliest, start.earliest))
        yield change(shared, end=end, dose=dose, every=every, count=count)

    def _drug(self, path: FieldPath, row: ExposureRow, start: Moment | None) -> str | None:
        """The drug of the catalogue; that which stands for a class; or None, and what it is was kept."""
        catalogue, rows = self._catalogue, self._rows
        known = catalogue.drug_names.get(spelling(row.drug)) or (self._within(row) if row.unlisted else None)
        if row.kind is not None:
            kind = catalogue.class_names.get(spelling(row.kind))
            if kind is None:
                return self._of_no_class(path, row, row.kind, known, start)
            if known is not None and not catalogue.belongs(known, kind):
                title = catalogue.classes[kind].title
                wrong = f"{quoted(row.drug)} is not of the class {title}"
                rows.complain((*path, "class"), wrong, "leave out `class`")
                return None
            return known or catalogue.unnamed(kind)
        if known is not None and row.unlisted and start is not None:
            rows.listed_all_the_same(row.drug, start, given=True)
        if known is not None or not row.unlisted:
            return known or rows.known((*path, "drug"), "drug", row.drug, catalogue.drug_names)
        if start is not None:
            text = (
                f"{row.drug}: not in the catalogue, so no rule reads it; with `class` it counts as one of it"
            )
            rows.faults.append(Fault(text, start, given=True))
            self._perhaps_treatment(path, row, start)
        return None

    def _perhaps_treatment(self, path: FieldPath, row: ExposureRow, start: Moment) -> None:
        """Keep a drug of which nothing is known as possible treatment, if its row speaks of the disease.

        Charts hold many drugs of other specialties: what is neither given for the disease nor ended for what
        the disease did is not taken for treatment of it.
        """
        end = self._end(path, row, start)
        if self._other_purpose(row.purpose) is not None:
            return
        own = row.purpose not in (None, UNKNOWN)
        if own or (row.stopped_for in self._catalogue.told_by_stops and end is not None):
            self.unlisted.append(Unlisted(row.drug, start, row.stopped_for, None if own else end))

    def _of_no_class(
        self, path: FieldPath, row: ExposureRow, kind: str, known: str | None, start: Moment | None
    ) -> str | None:
        """The drug of a row whose class is not in the catalogue: a slip is refused, another class is told."""
        near = did_you_mean(kind, self._catalogue.class_names, cutoff=0.7)
        if near or not row.unlisted:
            remedy = f"{near} `nephroline units classes`".strip()
            self._rows.complain((*path, "class"), f"unknown class {quoted(kind)}", remedy)
        elif known is None and start is not None:
            told = f"{row.drug}: neither it nor its class {quoted(kind)} is in the catalogue"
            self._rows.faults.append(Fault(f"{told}, so no rule reads it", start, given=True))
        return known

    def _within(self, row: ExposureRow) -> str | None:
        """The one drug of the catalogue that an unlisted name holds as a word of its own."""
        names = self._catalogue.drug_names
        found = {names[word] for word in map(spelling, re.findall(r"[\w-]+", row.drug)) if word in names}
        return found.pop() if len(found) == 1 else None

    def _check_words(self, path: FieldPath, row: ExposureRow) -> None:
        reasons = self._catalogue.stop_reasons
        if row.stopped_for is not None and row.stopped_for not in reasons:
            remedy = did_you_mean(row.stopped_for, reasons, see="accepted: " + ", ".join(reasons))
            self._rows.complain((*path, "stopped_for"), f"{quoted(row.stopped_for)} is not accepted", remedy)

    def _other_purpose(self, purpose: str | None) -> str | None:
        """What a drug is given for, if that is not the disease of this chart."""
        if purpose is None or purpose == UNKNOWN:
            return None
        own = spelling(purpose) in self._catalogue.diagnosis_names or spelling(purpose) in {
            spelling(word) for word in self._catalogue.purposes
        }
        return None if own else purpose

    def _end(self, path: FieldPath, row: ExposureRow, start: Moment) -> Moment | None:
        if row.end is None:
            return None
        if row.end == UNKNOWN:
            return self._rows.clock.unknown_after(start)
        end = self._rows.moment((*path, "to"), row.end)
        if end is not None and end.latest < start.earliest:
            self._rows.complain(
                (*path, "to"),
                f"the end ({end.label}) is before the start ({start.label})",
                "check `from` and `to`",
            )
        return end

    # -- doses ---------------------------------------------------------------------------------

    def _dosing(self, where: FieldPath, text: str | None, row: ExposureRow, drug: str) -> Dosing | None:
        """The dose as prescribed; one that cannot be is noted, and not used."""
        if text is None or text == UNKNOWN:
            return None
        known = self._catalogue.drugs[drug]
        read = partial(read_dose, text, self._catalogue.units, self._catalogue.dose_units)
        if known.unnamed and row.unlisted:
            # Whatever unit a drug has that is not listed: its dose is not compared with any.
            try:
                return read()
            except QuantityError:
                return None
        dosing = self._rows.attempt(where, read)
        possible = dosing is not None and self._possible(where, dosing.quantity, row, drug)
        return dosing if possible else None

    def _possible(self, where: FieldPath, dose: Quantity, row: ExposureRow, drug: str) -> bool:
        """Whether a dose is one that is given; of another it is said that it is not used."""
        known = self._catalogue.drugs[drug]
        if dose.low is not None and dose.low < 0:
            wrong = f"{quoted(dose.text)} is not a possible dose of {known.title}"
            self._rows.complain(where, wrong, "a dose is not negative; of an end write `to`")
            return False
        most = known.most_per_day
        highest = dose.high if dose.high is not None else dose.low
        if most is None or most.high is None or not highest:
            return True
        if dose.dimension != most.dimension or highest <= most.high:
            return True
        if not row.as_printed:
            self._rows.complain(
                where,
                f"{quoted(dose.text)} is not a possible dose of {known.title}",
                f"at most {most.text}; if the source prints it so, add `as_printed: true`"
                " and the dose is kept but not used",
            )
            return False
        times = decimal_text(highest / most.high, 0)
        told = (
            f"{known.title} {dose.text} is printed so, {times} times the most that is given"
            f" ({most.text}; {known.cite}): the dose is not used; ask the author"
        )
        at = self._rows.moment((*where[:-1], "from"), row.start)
        if at is not None:
            self._rows.faults.append(Fault(told, at, given=True))
        return False

    def _trough_target(self, path: FieldPath, row: ExposureRow, drug: str) -> Quantity | None:
        text = row.trough_target
        if text is None or text == UNKNOWN:
            return None
        level = next((a for a in self._catalogue.analytes.values() if a.level_of == drug), None)
        if level is None:
            self._rows.complain(
                (*path, "trough_target"),
                f"no trough is known for {quoted(row.drug)}",
                "remove `trough_target`",
            )
            return None
        return self._rows.attempt((*path, "trough_target"), lambda: self._catalogue.quantity(level, text))


_SINGLE = ("mass", "dose-per-mass", "dose-per-area")
"""Dimensions of an amount that is given once."""
