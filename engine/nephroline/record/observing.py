"""Read what was observed: numbers with units, words kept as words, and what charts write for them."""

from __future__ import annotations

from typing import Any

from nephroline.catalogue import Analyte, phrase
from nephroline.errors import did_you_mean, quoted
from nephroline.quantities import Quantity, QuantityError, parse
from nephroline.record.models import Fault, Observation
from nephroline.record.rows import RowReader
from nephroline.record.shapes import ObservationRow
from nephroline.record.times import Moment
from nephroline.shapes import fit
from nephroline.yamlfile import FieldPath

UNKNOWN = "unknown"


class ObservationReader(RowReader):
    """Reads the rows of what was observed; each analyte of the catalogue is a field of them."""

    def observations(self, index: int, raw: Any) -> list[Observation]:
        """What one row says, of one moment."""
        path: FieldPath = ("observations", index)
        if not isinstance(raw, dict):
            self.complain(path, "expected a mapping with `at` and what was observed")
            return []
        row: dict[str, Any] = raw  # pyright: ignore[reportUnknownVariableType]
        known = ObservationRow.__struct_fields__
        fixed = {k: v for k, v in row.items() if k in known}
        head = fit(self.document, (*self.path, *path), fixed, ObservationRow, self.problems)
        at = self.moment((*path, "at"), head.at) if head is not None else None
        observed = {name: value for name, value in row.items() if name not in known}
        if head is not None and head.entered_in_error:
            if at is not None:
                said = ", ".join(f"{name} {value}" for name, value in observed.items())
                self.strike(said or "observation", at)
            return []
        found: list[Observation] = []
        for name, value in observed.items():
            analyte = self.catalogue.analytes.get(self.catalogue.analyte_names.get(name, name))
            if analyte is None:
                self.complain(
                    (*path, name),
                    f"unknown analyte {quoted(name)}",
                    did_you_mean(
                        name,
                        [*self.catalogue.analyte_names, *known],
                        see="`nephroline units` lists all",
                    ),
                )
            elif not isinstance(value, str):
                self.complain((*path, name), f"expected a value with a unit, or a word, got {quoted(value)}")
            elif at is not None and head is not None:
                item = self._observation((*path, name), analyte, value.strip(), at, head)
                if item is not None:
                    found.append(item)
        return found

    def _observation(
        self, path: FieldPath, analyte: Analyte, text: str, at: Moment, row: ObservationRow
    ) -> Observation | None:
        # A report such as that renal function is normal is kept under the analyte that it speaks of.
        about = analyte.speaks_of or analyte.id
        if text == UNKNOWN:
            return Observation(about, at, reported=row.reported, cite=row.cite)
        meant = analyte.meaning.get(phrase(text))
        if meant is not None:
            return Observation(about, at, word=meant, reported=row.reported, cite=row.cite)
        instead = analyte.told_instead.get(phrase(text))
        if instead is not None:
            self.complain(path, f"{quoted(text)} cannot be read as {analyte.title}", instead)
            return None
        if not analyte.units or (not any(c.isdigit() for c in text) and analyte.words):
            self.complain(
                path,
                f"{quoted(text)} is neither a value with a unit nor a word for {analyte.title}"
                if analyte.units
                else f"{quoted(text)} is not a word for {analyte.title}",
                did_you_mean(
                    text, analyte.words, see="accepted: " + ", ".join((*analyte.units, *analyte.words))
                ),
            )
            return None
        value = self._value(path, analyte, text, at, row)
        if value is None:
            return None
        return Observation(
            analyte.id, at, value, reported=row.reported, cite=row.cite, as_printed=row.as_printed
        )

    def _value(
        self, path: FieldPath, analyte: Analyte, text: str, at: Moment, row: ObservationRow
    ) -> Quantity | None:
        """A number; an impossible one that is printed so is kept as an entry that is not used."""
        try:
            return self.catalogue.quantity(analyte, text)
        except QuantityError as bad:
            remedy, readable = bad.help, _readable(analyte, text, self.catalogue.units)
            if readable and row.as_printed:
                self.faults.append(Fault(f"{bad}: printed so, not used ({at})", at))
                return None
            if readable:
                remedy += "; if the source prints it so, add `as_printed: true`, and it is kept but not used"
            self.complain(path, str(bad), remedy)
            return None


def _readable(analyte: Analyte, text: str, units: Any) -> bool:
    """Whether a text that cannot be a value of an analyte is one of its quantities all the same."""
    try:
        parse(text, units, accepted=analyte.units)
    except QuantityError:
        return False
    return True
