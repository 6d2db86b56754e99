"""What a rule concludes, and who states it: from entries to typed objects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

import msgspec

from nephroline.catalogue import Catalogue, Regimen, RegimenDose
from nephroline.errors import Problem, did_you_mean, quoted
from nephroline.features import Threshold
from nephroline.pathway.authority import POLICY_SOURCE, Told
from nephroline.pathway.conclusions import (
    Alert,
    Block,
    Conclusion,
    FindingOf,
    Recommend,
    Statement,
    TaperStage,
)
from nephroline.pathway.shapes import DoseEntry, RecommendEntry, RuleEntry, StatementEntry, TaperEntry
from nephroline.terms import About, Action, Certainty, SourceKind, StatementKind, Strength
from nephroline.yamlfile import Place

_CONCLUSIONS = ("finding", "recommend", "block", "alert")
_DOSES = ("mass", "mass-rate", "dose-rate-per-mass", "dose-per-mass", "dose-per-area")
_BY_WEIGHT = ("dose-rate-per-mass", "dose-per-mass")
_NO_GUIDELINE = (SourceKind.CASE_REPORT, SourceKind.TRIAL)


class Concluder(NamedTuple):
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
        known = self.catalogue.sources.get(source)
        if told.policy and not (known and known.kind is SourceKind.POLICY):
            # A choice is that of the file if its source is one for choices, else of this rule base.
            source = POLICY_SOURCE
            known = self.catalogue.sources.get(source)
        wrong = unsourced(source, self.catalogue)
        if wrong is not None:
            self._complain(place / "source" if source else place, *wrong)
        strength, certainty = self._graded(entry, place)
        graded = strength in (Strength.STRONG, Strength.WEAK)
        if graded and (entry.kind is not StatementKind.RECOMMENDATION or not entry.id):
            self._complain(
                place, "only a numbered recommendation carries a grade", "give `id`, or drop the grade"
            )
        if known and told.entry.on_guideline and known.kind in _NO_GUIDELINE:
            self._complain(place, f"{known.short} is no guideline", "add `on_guideline: false` to the rule")
        if entry.grade_confidence is not None and not graded:
            self._complain(place, "no grade to be sure of", "drop `grade_confidence`")
        return Statement(
            source,
            entry.kind,
            entry.id,
            strength,
            certainty,
            entry.confidence,
            entry.grade_confidence or entry.confidence,
            entry.reviewed,
        )

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
            if entry.outcome_of is not None:
                self._agent(place / "outcome_of", entry.outcome_of)
            return FindingOf(entry.finding, entry.outcome, entry.outcome_of)
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
        if block.agent is not None:
            self._agent(place / "agent", block.agent)
        if block.adjunct and block.agent is None:
            self._complain(place, "an adjunct is an agent", "add `agent`, or drop `adjunct`")
        return Block(block.regimen, block.agent, block.until, block.before_first_dose, block.adjunct)

    def _agent(self, place: Place, name: str) -> None:
        agents = {**self.catalogue.drugs, **self.catalogue.classes}
        self._known(place, "drug or class", name, agents)

    def _of(self, place: Place, name: str, what: str, dimensions: Sequence[str]) -> None:
        """A threshold of one of some dimensions; one that is not there is told elsewhere."""
        limit = self.thresholds.get(name)
        if limit is not None and not set(limit.forms) & set(dimensions):
            wrong = f"{quoted(name)} is not {what}, but {' or '.join(limit.forms)}"
            self._complain(place, wrong, f"name a threshold of {' or '.join(dimensions)}")

    def _doses(self, place: Place, dose: RegimenDose) -> None:
        for name in (*dose.amount, *((dose.most,) if dose.most else ())):
            self._of(place, name, "a dose", _DOSES)
        self._rising(place, dose.amount)
        for name in dose.amount if dose.less else ():
            self._of(place, name, "a dose by weight, the only one that is lowered by age", _BY_WEIGHT)
        for less in dose.less:
            self._of(place, less.from_age, "an age", ("time",))
            self._of(place, less.by, "a share", ("ratio",))
        self._rising(place, [less.from_age for less in dose.less])

    def _regimen(self, place: Place, regimen: Regimen) -> None:
        """What a regimen of the catalogue takes from the thresholds of this pathway."""
        target = regimen.target
        for name in regimen.thresholds:
            self._known(place, "threshold", name, self.thresholds)
        for dose in regimen.doses:
            self._doses(place, dose)
        if regimen.minimum_trial:
            self._of(place, regimen.minimum_trial, "a time", ("time",))
        if target:
            analyte = self.catalogue.analytes[target.analyte]
            for name in (target.low, target.high):
                self._of(place, name, f"a level of {analyte.title}", analyte.dimensions)
            self._rising(place, (target.low, target.high))

    def _rising(self, place: Place, names: Sequence[str]) -> None:
        """The lower of two thresholds stands first."""
        limits = [self.thresholds[name] for name in names if name in self.thresholds]
        for one, other in pairwise(limits):
            for dimension in one.forms.keys() & other.forms.keys():
                low, high = one.forms[dimension].exact, other.forms[dimension].exact
                if low is not None and high is not None and low > high:
                    wrong = f"{quoted(one.name)} is above {quoted(other.name)}"
                    self._complain(place, wrong, "put the lower first")

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
        about = self._about(place, given)
        named = given.keep or given.silent or given.agent is not None
        if (given.direction is not None) != (given.action is Action.ADJUST):
            wrong = f"`{given.action}` {'has no' if given.direction else 'needs a'} direction"
            self._complain(place, wrong, "raise, reduce or hold goes with `adjust`")
        if given.action.of_line and regimen is None and not named:
            self._complain(
                place, f"`{given.action}` needs a regimen", "name it, or `keep: true` for the running one"
            )
        if given.keep and given.regimen:
            wrong = "keeps the running line and names a regimen"
            self._complain(place / "keep", wrong, "keep one of the two")
        if given.preference < 0:
            self._complain(place / "preference", "a preference is 0 (safety), 1, 2 …", "write one of these")
        dose = {drug: _dose(drug, one, regimen) for drug, one in given.dose.items()}
        for drug, own in dose.items():
            self._known(place / "dose", "drug", drug, self.catalogue.drugs)
            if not own.amount:
                self._complain(place / "dose", f"the regimen has no dose of {drug}", "give its amount")
            self._doses(place / "dose", own)
        if given.reassess:
            self._of(place / "reassess", given.reassess, "a time", ("time",))
        if regimen:
            self._regimen(place / "regimen", regimen)
        if given.spares is not None:
            self._agent(place / "spares", given.spares)
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
            given.agent,
            given.direction,
            given.ends,
            given.reassess_from,
            given.answers,
            about,
            tuple(self._stage(place / "taper" / i, given, stage) for i, stage in enumerate(given.taper)),
            given.spares,
            given.urgent,
            given.last_resort,
        )

    def _stage(self, place: Place, given: RecommendEntry, stage: TaperEntry) -> TaperStage:
        """A stage of a taper, its thresholds of the right kinds."""
        if given.action is not Action.TAPER:
            self._complain(place, f"`{given.action}` has no taper", "only `taper` has")
        if (stage.by is None) == (stage.over is None):
            self._complain(place, "a stage goes by so much at a time, or evenly", "give `by` or `over`")
        if len(stage.every) not in (1, 2):
            self._complain(place / "every", "how often, or from how often to how seldom", "give one or two")
        if stage.by:
            self._of(place / "by", stage.by, "a step", ("mass-rate", "ratio"))
        for name in (stage.down_to, stage.most):
            if name:
                self._of(place, name, "a dose a day", ("mass-rate", "dose-rate-per-mass"))
        times: list[tuple[str, str | None]] = [("every", name) for name in stage.every]
        times += [("over", stage.over), ("in_all", stage.in_all), ("within", stage.within)]
        for field, name in times:
            if name:
                self._known(place / field, "threshold", name, self.thresholds)
                self._of(place / field, name, "a time", ("time",))
        return TaperStage(
            stage.by, stage.every, stage.down_to, stage.most, stage.over, stage.in_all, stage.within
        )

    def _about(self, place: Place, given: RecommendEntry) -> About:
        """What a recommendation is about, by the agent that it names."""
        agent = given.agent
        if agent is None:
            return About.LINE
        self._agent(place / "agent", agent)
        if agent not in {**self.catalogue.drugs, **self.catalogue.classes}:
            return About.LINE
        if given.regimen is not None:
            self._complain(place / "agent", "names an agent and a regimen", "keep one of the two")
        kind = self.catalogue.classes.get(agent)
        if kind is not None and kind.followed_through_lines:
            return About.COURSE
        if given.keep:
            return About.LINE
        return About.BESIDE


def unsourced(source: str, catalogue: Catalogue) -> tuple[str, str] | None:
    """What is wrong with the source that something cites, and the remedy."""
    if not source:
        return "names no source", "add `source`, here or at the head of the file"
    if source in catalogue.sources:
        return None
    see = "see rules/catalogue/sources.yaml"
    return f"unknown source {quoted(source)}", did_you_mean(source, catalogue.sources, see=see)


def _dose(drug: str, entry: str | DoseEntry, regimen: Regimen | None) -> RegimenDose:
    """A dose of a recommendation: a name changes the amount of the regimen's own dose, `per` alone when."""
    own = next((dose for dose in regimen.doses if dose.drug == drug), None) if regimen else None
    base = own or RegimenDose(drug, (), "day")
    if not isinstance(entry, DoseEntry):
        return msgspec.structs.replace(base, amount=(entry,))
    if entry.amount is None:
        return msgspec.structs.replace(base, per=entry.per)
    return RegimenDose(drug, (entry.amount,), entry.per, entry.most, entry.times)
