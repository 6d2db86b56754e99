"""What a rule concludes, and who states it: from entries to typed objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from nephroline.catalogue import Catalogue, Regimen, RegimenDose
from nephroline.errors import Problem, did_you_mean, quoted
from nephroline.features import Threshold
from nephroline.pathway.authority import POLICY_SOURCE, Told
from nephroline.pathway.models import Alert, Block, Conclusion, FindingOf, Recommend, Statement
from nephroline.pathway.shapes import DoseEntry, RuleEntry, StatementEntry
from nephroline.terms import Certainty, StatementKind, Strength
from nephroline.yamlfile import Place

_CONCLUSIONS = ("finding", "recommend", "block", "alert")
POLICY = "policy"
_DOSES = ("mass", "mass-rate", "dose-rate-per-mass", "dose-per-mass", "dose-per-area")
_NO_GUIDELINE = ("case-report", "trial")


class Concluding(NamedTuple):
    """Reads conclusions against a catalogue and thresholds; what is wrong is added to `problems`."""

    catalogue: Catalogue
    thresholds: Mapping[str, Threshold]
    problems: list[Problem]

    def _complain(self, place: Place, message: str, remedy: str = "") -> None:
        self.problems.append(place.problem(message, remedy))

    # -- who states it -----------------------------------------------------------------------------

    def statement(self, told: Told) -> Statement | None:
        """What the source printed."""
        entry, place = told.statement, told.place
        if entry is None:
            self._complain(place, "a statement has a kind and a confidence", "add both")
            return None
        source = entry.source or told.module.head.source or ""
        if told.policy:
            # A choice is that of the file if its source is one for choices, else of this rule base.
            known = self.catalogue.sources.get(source)
            source = source if known and known.kind == POLICY else POLICY_SOURCE
        if not source:
            self._complain(place, "names no source", "add `source`, here or at the head of the file")
        elif source not in self.catalogue.sources:
            see = "see rules/catalogue/sources.yaml"
            self._complain(
                place / "source",
                f"unknown source {quoted(source)}",
                did_you_mean(source, self.catalogue.sources, see=see),
            )
        strength, certainty = self._graded(entry, place)
        graded = strength in (Strength.STRONG, Strength.WEAK)
        if graded and (entry.kind is not StatementKind.RECOMMENDATION or not entry.id):
            self._complain(
                place, "only a numbered recommendation carries a grade", "give `id`, or drop the grade"
            )
        known = self.catalogue.sources.get(source)
        if known and told.entry.on_guideline and known.kind in _NO_GUIDELINE:
            self._complain(place, f"{known.short} is no guideline", "add `on_guideline: false` to the rule")
        return Statement(source, entry.kind, entry.id, strength, certainty, entry.confidence, entry.reviewed)

    def _graded(self, entry: StatementEntry, place: Place) -> tuple[Strength, Certainty]:
        """Strength and certainty, as given apart or as a grade such as 2B."""
        if entry.grade is None:
            return entry.strength or Strength.NONE, entry.certainty or Certainty.NOT_GRADED
        if entry.strength is not None or entry.certainty is not None:
            self._complain(place / "grade", "says strength and certainty already", "keep the grade alone")
        if entry.grade == Strength.NOT_GRADED:
            return Strength.NOT_GRADED, Certainty.NOT_GRADED
        letters = {c.letter: c for c in Certainty if c.letter}
        strength, letter = entry.grade[:1], entry.grade[1:]
        if strength not in ("1", "2") or letter not in letters:
            wrong = f"{quoted(entry.grade)} is no grade"
            self._complain(place / "grade", wrong, "write 1 or 2 and A to D, such as 2B, or not-graded")
            return Strength.NONE, Certainty.NOT_GRADED
        return Strength(strength), letters[letter]

    # -- what it concludes -------------------------------------------------------------------------

    def conclusion(self, place: Place, entry: RuleEntry) -> Conclusion | None:
        """The one thing that a rule concludes."""
        given = [name for name in _CONCLUSIONS if getattr(entry, name) is not None]
        if len(given) != 1:
            self._complain(
                place,
                f"a rule concludes one thing, got {' and '.join(given) or 'none'}",
                "keep one of finding, recommend, block, alert",
            )
            return None
        if entry.finding is not None:
            return FindingOf(entry.finding, entry.outcome)
        if entry.alert is not None:
            return Alert(entry.alert.severity, entry.alert.detail)
        if entry.block is not None:
            return self._block(place / "block", entry)
        return self._recommend(place / "recommend", entry)

    def _block(self, place: Place, entry: RuleEntry) -> Block | None:
        block = entry.block
        assert block is not None  # noqa: S101
        if (block.regimen is None) == (block.agent is None):
            self._complain(place, "a block names a regimen or an agent", "keep one of the two")
            return None
        if block.regimen is not None:
            self._known(place / "regimen", "regimen", block.regimen, self.catalogue.regimens)
        agents = {**self.catalogue.drugs, **self.catalogue.classes}
        if block.agent is not None:
            self._known(place / "agent", "drug or class", block.agent, agents)
        return Block(block.regimen, block.agent, block.until)

    def _of(self, place: Place, name: str, what: str, dimensions: Sequence[str]) -> None:
        """A threshold that is there, and of one of some dimensions."""
        limit = self.thresholds.get(name)
        if limit is None:
            self._known(place, "threshold", name, self.thresholds)
        elif not set(limit.forms) & set(dimensions):
            wrong = f"{quoted(name)} is not {what}, but {' or '.join(limit.forms)}"
            self._complain(place, wrong, f"name a threshold of {' or '.join(dimensions)}")

    def _known(self, place: Place, kind: str, name: str, table: Mapping[str, object]) -> None:
        if name not in table:
            self._complain(place, f"unknown {kind} {quoted(name)}", did_you_mean(name, table))

    def _recommend(self, place: Place, entry: RuleEntry) -> Recommend | None:
        given = entry.recommend
        assert given is not None  # noqa: S101
        regimen = self.catalogue.regimens.get(given.regimen) if given.regimen else None
        if given.regimen is not None and regimen is None:
            self._known(place / "regimen", "regimen", given.regimen, self.catalogue.regimens)
            return None
        if given.action.of_line and regimen is None and not given.keep and not given.silent:
            self._complain(
                place, f"`{given.action}` needs a regimen", "name it, or `keep: true` for the running one"
            )
        dose = {drug: _dose(drug, one, regimen) for drug, one in given.dose.items()}
        for dose_given in (*dose.values(), *(regimen.doses if regimen else ())):
            most = (dose_given.most,) if dose_given.most else ()
            for name in (*dose_given.amount, *most):
                self._of(place, name, "a dose", _DOSES)
        for name in (given.reassess, regimen.minimum_trial if regimen else None):
            if name:
                self._of(place, name, "a time", ("time",))
        if regimen and regimen.target:
            analyte = self.catalogue.analytes[regimen.target.analyte]
            for name in (regimen.target.low, regimen.target.high):
                self._of(place, name, f"a level of {analyte.title}", analyte.dimensions)
        for drug in given.dose:
            self._known(place / "dose", "drug", drug, self.catalogue.drugs)
        return Recommend(
            given.action,
            given.regimen,
            given.keep,
            given.title,
            given.detail,
            dose,
            given.preference,
            given.reassess,
            given.silent,
            given.rechallenge,
            given.before_first_dose,
        )


def _dose(drug: str, entry: str | DoseEntry, regimen: Regimen | None) -> RegimenDose:
    """A dose of a recommendation: a name changes the amount of the regimen's own dose."""
    if isinstance(entry, DoseEntry):
        return RegimenDose(drug, (entry.amount,), entry.per, entry.most)
    own = next((dose for dose in regimen.doses if dose.drug == drug), None) if regimen else None
    return msgspec.structs.replace(own or RegimenDose(drug, (), "day"), amount=(entry,))
