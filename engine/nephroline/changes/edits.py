"""Changes to a record as a person would make them: set, remove, wait.

They are made in the record's own format, so that a changed record can be saved and is read, and
refused, like any other.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

import msgspec

from nephroline.catalogue import Catalogue, spelling
from nephroline.errors import InputError, UsageError, did_you_mean, likely_slip, quoted
from nephroline.exact import Fraction
from nephroline.quantities import QuantityError, decimal_text, parse
from nephroline.record import Clock, Moment, Record, is_date

_YES, _NO = ("yes", "true", "present"), ("no", "false", "absent")
_FORMS = "write it as NAME=VALUE: creatinine=2.5mg/dL, biopsy.diagnosis=mcd, pregnancy=no, sex=female"
_FARTHEST = Fraction(20 * 365)
"""In days; only catches slips of the pen."""
_TIGHT = re.compile(r"(\d)\s*([A-Za-zµ%])")


class Edit(msgspec.Struct, frozen=True):
    """One change: ``set`` a name to a value, ``remove`` a name, or ``wait`` for a time."""

    verb: str
    name: str = ""
    value: str = ""

    @property
    def text(self) -> str:
        """As people read it."""
        if self.verb == "wait":
            return f"wait {self.value}"
        name = self.name.replace("_", " ").replace(".", " ")
        return f"remove {name}" if self.verb == "remove" else f"{name} = {self.value}"

    @property
    def argument(self) -> str:
        """As it is written on the command line."""
        if self.verb == "set":
            return f"--set {_quoted(f'{self.name}={self.value}')}"
        return f"--{self.verb} {_quoted(self.value or self.name)}"


def _quoted(text: str) -> str:
    return f"'{text}'" if re.search(r"[\s<>|&;()]", text) else text


def setting(text: str) -> Edit:
    """Read ``NAME=VALUE``. Raises: UsageError."""
    name, equals, value = text.partition("=")
    if not (equals and name.strip() and value.strip()):
        raise UsageError.of(f"{quoted(text)} sets nothing", _FORMS)
    return Edit("set", name.strip(), value.strip())


def several(text: str) -> tuple[Edit, ...]:
    """Read changes in one text: ``creatinine=1.0 mg/dL; remove hiv; wait 8 wk``. Raises: UsageError."""
    found: list[Edit] = []
    for part in filter(None, (piece.strip() for piece in text.split(";"))):
        verb, _, rest = part.partition(" ")
        if verb in ("wait", "remove") and rest.strip():
            found.append(Edit("wait", value=rest.strip()) if verb == "wait" else Edit("remove", rest.strip()))
        else:
            found.append(setting(part))
    if not found:
        raise UsageError.of("an alternative without changes", _FORMS)
    return tuple(found)


class Changed(msgspec.Struct, frozen=True):
    """A record's data after some changes, and the decision time, which waiting has moved.

    `assumes`: drugs that were stopped or changed at the decision time or later, and that go on in the wait.
    """

    data: Mapping[str, Any]
    at: str
    assumes: tuple[str, ...] = ()


def changed(
    data: Mapping[str, Any], edits: Sequence[Edit], record: Record, at: Moment, catalogue: Catalogue
) -> Changed:
    """Make changes to the data of a record. Raises: UsageError, naming the change."""
    return _Changer(data, record.clock, at, catalogue).all(edits)


def in_order(edits: Iterable[Edit]) -> list[Edit]:
    """Changes in the order in which they are made: waiting first, so that what is set is known at its end."""
    return sorted(edits, key=lambda edit: edit.verb != "wait")


class _Changer:
    """Makes changes one after the other; one use."""

    def __init__(self, data: Mapping[str, Any], clock: Clock, at: Moment, catalogue: Catalogue) -> None:
        self._data: dict[str, Any] = copy.deepcopy(dict(data))
        self._clock, self._at, self._catalogue = clock, at, catalogue
        self._assumes: dict[str, None] = {}

    def all(self, edits: Sequence[Edit]) -> Changed:
        names = [edit.name for edit in edits if edit.verb != "remove"]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            what = f"sets {quoted(twice)}" if twice else "waits"
            raise UsageError.of(f"one alternative {what} twice", "give it once; --also asks about another")
        if any(edit.verb == "wait" for edit in edits):
            self._forget_the_future()
        for edit in in_order(edits):
            {"wait": self._wait, "set": self._set, "remove": self._remove}[edit.verb](edit)
        return Changed(self._data, self._label, tuple(self._assumes))

    @property
    def _label(self) -> str:
        """The decision time in a form that reads back exactly."""
        try:
            if self._clock.read(self._at.label).latest == self._at.latest:
                return self._at.label
        except QuantityError:
            pass
        return f"{decimal_text(self._at.latest, 12)} d"

    def _forget_the_future(self) -> None:
        """Drop what as-of does not see: after a wait it must not come into sight."""
        data, now = self._data, self._at.latest
        for section in ("conditions", "biopsies", "observations", "procedures"):
            rows: list[dict[str, Any]] = data.get(section, [])
            data[section] = [row for row in rows if self._clock.read(row["at"]).latest <= now]
        findings: dict[str, Any] = data.get("findings", {})
        for name, old in list(findings.items()):
            findings[name] = [row for row in _rows(old) if self._clock.read(row["at"]).latest <= now]
        given: list[dict[str, Any]] = data.get("exposures", [])
        data["exposures"] = [row for row in given if self._clock.read(row["from"]).latest < now]
        for row in data["exposures"]:
            if row.get("to") not in (None, "unknown") and self._clock.read(row["to"]).latest >= now:
                row.pop("to")
                row.pop("stopped_for", None)
                self._assumes[str(row["drug"])] = None

    def _wait(self, edit: Edit) -> None:
        try:
            if is_date(edit.value):
                length: Fraction | None = self._clock.read(edit.value).latest - self._at.latest
            else:
                length = parse(edit.value, self._catalogue.units, accepted=self._catalogue.time_units).exact
        except QuantityError as bad:
            raise UsageError.of(f"wait: {bad}", f"{bad.help}; or write 8 wk, 3 mo, or a date") from None
        if length is None or not 0 <= length <= _FARTHEST:
            raise UsageError.of(
                f"wait: {quoted(edit.value)} is not a time ahead that can be planned",
                "write 8 wk, 3 mo, or a date",
            )
        later = self._clock.at(self._at.latest + length, self._at.label)
        # Where the record writes dates, a wait ends on a day.
        self._at = self._clock.read(later.label) if is_date(later.label) else later

    # -- set -----------------------------------------------------------------------------------

    def _set(self, edit: Edit) -> None:
        name, before, moment = edit.name.partition("@")
        if before:
            # What is set at another time is set as of then.
            now, self._at = self._at, self._moment(moment.strip())
            if self._at.latest > now.latest:
                raise UsageError.of(
                    f"{edit.name}: {self._at.label} is after the decision at {now.label}, so not seen",
                    "set it at an earlier time, or give --at or --wait",
                )
            self._set(msgspec.structs.replace(edit, name=name.strip()))
            self._at = now
            return
        catalogue = self._catalogue
        head, _, tail = name.partition(".")
        plain = spelling(name)
        if head == "biopsy":
            self._set_biopsy(tail, edit.value)
        elif head in ("dose", "trough_target", "stopped_for") and tail:
            self._set_exposure(head, tail, edit.value)
        elif name in ("sex", "age"):
            self._data[name] = edit.value
            if name == "age":
                self._data.pop("birth_date", None)
                self._data["age"] = self._age_zero(edit.value)
        elif name in catalogue.analyte_names:
            self._observe(catalogue.analyte_names[name], _spaced(edit.value))
        elif plain in catalogue.condition_names:
            self._note_condition(catalogue.condition_names[plain], edit.value)
        elif name in catalogue.assertions:
            rows = self._data.setdefault("findings", {})
            new = {"value": self._truth(edit), "at": self._label}
            rows[name] = [*(row for row in _rows(rows.get(name)) if not self._is_now(row["at"])), new]
        else:
            raise self._unknown(name)

    def _moment(self, text: str) -> Moment:
        for section in ("observations", "biopsies"):
            for row in self._data.get(section, []):
                moment = self._clock.read(row["at"])
                if moment.label == text:
                    return moment
        try:
            return self._clock.read(text)
        except QuantityError as bad:
            raise UsageError.of(f"{quoted(text)}: {bad}", bad.help) from None

    def _age_zero(self, text: str) -> str:
        """The age at time zero of someone who has this age now."""
        units = self._catalogue.units
        try:
            days = parse(_spaced(text), units, accepted=self._catalogue.time_units).exact
        except QuantityError as bad:
            raise UsageError.of(f"age: {bad}", "write age=34 years") from None
        zero = (days or Fraction(0)) - self._at.latest
        if zero < 0:
            raise UsageError.of(f"age {quoted(text)} is younger than the record is long", "check it")
        return f"{decimal_text(zero, 12)} d"

    def _observe(self, name: str, value: str) -> None:
        rows: list[dict[str, Any]] = self._data.setdefault("observations", [])
        target = self._catalogue.analytes[name].speaks_of or name
        for row in rows:
            if self._is_now(row.get("at")):
                for key in [key for key in row if key in self._catalogue.analyte_names]:
                    other = self._catalogue.analyte_names[key]
                    if (self._catalogue.analytes[other].speaks_of or other) == target:
                        del row[key]
        if name in ("weight", "height") and self._at.latest == 0:
            self._data.pop(name, None)
        rows.append({"at": self._label, name: value})

    def _note_condition(self, name: str, value: str) -> None:
        word = value.strip().lower()
        if word not in (*_YES, *_NO, *self._catalogue.states):
            raise UsageError.of(
                f"{name}: unknown value {quoted(value)}",
                f"write yes, no, or {', '.join(self._catalogue.states)}",
            )
        row: dict[str, Any] = {"name": name, "at": self._label}
        if word in _NO:
            row["present"] = False
        elif word not in _YES:
            row["control"] = word
        names = self._catalogue.condition_names
        kept = [
            other
            for other in self._data.get("conditions", [])
            if names.get(spelling(str(other.get("name")))) != name or not self._is_now(other.get("at"))
        ]
        self._data["conditions"] = [*kept, row]

    def _set_biopsy(self, field: str, value: str) -> None:
        if field not in ("diagnosis", "glomeruli"):
            raise UsageError.of(
                f"biopsy has no {quoted(field)}" if field else "what of the biopsy is to be set?",
                "write biopsy.diagnosis=… or biopsy.glomeruli=…",
            )
        rows: list[dict[str, Any]] = self._data.setdefault("biopsies", [])
        now = [row for row in rows if self._is_now(row.get("at"))]
        if not now:
            now = [{"at": self._label}]
            rows.append(now[0])
        now[-1][field] = value

    def _set_exposure(self, field: str, drug: str, value: str) -> None:
        names = self._catalogue.drug_names
        known = names.get(spelling(drug))
        if known is None:
            raise UsageError.of(f"unknown drug {quoted(drug)}", likely_slip(spelling(drug), names))
        rows = [
            row
            for row in self._data.get("exposures", [])
            if names.get(spelling(str(row.get("drug")))) == known
            and self._clock.read(row["from"]).latest < self._at.latest
            and (field != "stopped_for" or "to" in row)
        ]
        if not rows and field == "stopped_for":
            raise UsageError.of(
                f"{drug} was not stopped before {self._label}", "there is no stop to give a reason for"
            )
        if not rows:
            raise UsageError.of(f"{drug} was not given before {self._label}", "there is no row to change")
        rows[-1][field] = _spaced(value) if field != "stopped_for" else value

    def _truth(self, edit: Edit) -> bool:
        word = edit.value.strip().lower()
        if word not in _YES + _NO:
            raise UsageError.of(f"{edit.name}: {quoted(edit.value)} is neither yes nor no", "write yes or no")
        return word in _YES

    def _is_now(self, at: Any) -> bool:
        moment = self._clock.read(at) if at is not None else None
        return moment is not None and moment.precise and moment.latest == self._at.latest

    # -- remove --------------------------------------------------------------------------------

    def _remove(self, edit: Edit) -> None:
        if not self._removed(edit.name):
            raise UsageError.of(
                f"there is no {quoted(edit.name)} to remove",
                "the record does not name it; `replay` draws what it holds",
            )

    def _removed(self, name: str) -> bool:
        """Whether there was something to remove."""
        catalogue, data = self._catalogue, self._data
        plain = spelling(name)
        if name in ("sex", "age", "birth_date", "weight", "height") and name in data:
            del data[name]
            return True
        if name in ("biopsy", "biopsies"):
            found = bool(data.get("biopsies"))
            data["biopsies"] = []
            return found
        if name in catalogue.analytes:
            rows = [row for row in data.get("observations", []) if name in row]
            for row in rows:
                del row[name]
            return bool(rows)
        if plain in catalogue.condition_names:
            return self._drop("conditions", "name", catalogue.condition_names, plain)
        if name in catalogue.assertions:
            return data.get("findings", {}).pop(name, None) is not None
        if plain in catalogue.drug_names:
            return self._drop("exposures", "drug", catalogue.drug_names, plain)
        raise self._unknown(name)

    def _drop(self, section: str, field: str, names: Mapping[str, str], plain: str) -> bool:
        rows: list[dict[str, Any]] = self._data.get(section, [])
        kept = [row for row in rows if names.get(spelling(str(row[field]))) != names[plain]]
        self._data[section] = kept
        return len(kept) < len(rows)

    def _unknown(self, name: str) -> InputError:
        catalogue = self._catalogue
        if spelling(name) in catalogue.drug_names:
            return UsageError.of(
                f"{quoted(name)} is a drug: what of it is to be set?",
                f"write dose.{name}=…, trough_target.{name}=… or stopped_for.{name}=…",
            )
        known = [
            *catalogue.analytes,
            *catalogue.conditions,
            *catalogue.condition_names,
            *catalogue.assertions,
            "biopsy.diagnosis",
            "biopsy.glomeruli",
            "sex",
            "age",
        ]
        return UsageError.of(
            f"unknown datum {quoted(name)}", did_you_mean(name, known, see="`nephroline units` lists all")
        )


def _rows(entry: Any) -> list[dict[str, Any]]:
    """The rows of an assertion: one, several, or none."""
    return list(cast("list[dict[str, Any]]", entry)) if isinstance(entry, list) else [entry] if entry else []


def _spaced(value: str) -> str:
    """``2.5mg/dL`` as people type it, with the blank before the unit."""
    return _TIGHT.sub(r"\1 \2", value, count=1)
