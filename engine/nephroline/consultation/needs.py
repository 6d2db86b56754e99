"""What is missing: every datum that kept an answer open, what it would tell, and who asks."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from nephroline.consultation.answer import Need
from nephroline.consultation.choosing import open_blocks
from nephroline.consultation.decision import Decision, provisional_data
from nephroline.consultation.run import Run
from nephroline.features import Missing, gather
from nephroline.pathway import Alert, FindingOf, Recommend
from nephroline.record import Line
from nephroline.terms import Adequacy, Severity

_DIAGNOSIS = "diagnosis"
"""A biopsy is asked for by rules of its own."""

Asked = tuple[str, Missing]
"""A rule, and what it lacks."""


class Lacking(msgspec.Struct, frozen=True):
    """What is asked for: to choose the next line, for a rule of its own, or for its own sake."""

    next_line: tuple[Asked, ...]
    rules: tuple[Asked, ...]
    always: tuple[Asked, ...]


def lacking(run: Run, decision: Decision, doses: Iterable[Missing]) -> Lacking:
    """Every datum that matters by three-valued logic, with the rules that ask for it.

    Of a patient of whom the edition does not speak, what could show that it does.
    """
    if not decision.applied.cares:
        verdict = decision.applied.missing
        return Lacking(tuple(("applicability", one) for one in verdict if one.datum != _DIAGNOSIS), (), ())
    chosen: list[Asked] = []
    always: list[Asked] = []
    if decision.applies:
        chosen += _open_recommendations(run, decision)
        chosen += _open_blocks(run, decision)
        chosen += _open_words(run, decision)
        always += _open_alternatives(run, decision)
        chosen += [(rule, item) for _, (rule, items) in decision.courses_open for item in items]
        verdict = decision.applied.missing
        chosen += [("applicability", missing) for missing in verdict if missing.datum != _DIAGNOSIS]
        always += [("dose", missing) for missing in doses]
    always += [("response", missing) for missing in provisional_data(run)]
    always += _presumed_exposures(run)
    return Lacking(tuple(chosen), (*_open_findings(run), *_open_alerts(run)), tuple(always))


def needs(asked: Iterable[Asked]) -> list[Need]:
    """Every datum that is asked for, each once, with the rules that ask."""
    whys: dict[str, dict[str, None]] = {}
    rules: dict[str, set[str]] = {}
    for rule, missing in asked:
        whys.setdefault(missing.datum, {})[missing.why] = None
        rules.setdefault(missing.datum, set()).add(rule)
    return [Need(datum=datum, why="; ".join(why), rules=sorted(rules[datum])) for datum, why in whys.items()]


def _open_recommendations(run: Run, decision: Decision) -> Iterable[Asked]:
    for name, missing in decision.undecided:
        yield from ((name, item) for item in missing)
    for rule, _, subject in run.rules(Recommend):
        if run.stands(rule, subject):
            yield from ((rule.id, item) for item in run.depends_on(rule, subject))


def _open_blocks(run: Run, decision: Decision) -> Iterable[Asked]:
    for act in (decision.act, *decision.conflict):
        if act is not None:
            for name, missing in open_blocks(run, act):
                yield from ((name, item) for item in missing)


def _open_alternatives(run: Run, decision: Decision) -> Iterable[Asked]:
    """What could take an alternative out: it is asked for, though the first line does not depend on it."""
    for act in decision.alternatives:
        yield from ((act.rule.id, item) for item in act.depends_on)
        for name, missing in open_blocks(run, act):
            yield from ((name, item) for item in missing)


def _open_words(run: Run, decision: Decision) -> Iterable[Asked]:
    """What would tell whether the source is silent, where there is no act at all."""
    if decision.act is not None or decision.silent:
        return
    for rule, one, subject in run.rules(Recommend):
        if (one.silent or one.answers) and run.settled(rule, subject) is None:
            yield from ((rule.id, item) for item in run.lacking(rule, subject))


def _open_findings(run: Run) -> Iterable[Asked]:
    """Findings that are open about the running line or the patient now."""
    for rule, _, subject in run.rules(FindingOf):
        line = run.line(subject)
        if (line is None or line.current) and run.settled(rule, subject) is None:
            yield from ((rule.id, item) for item in run.lacking(rule, subject))


def _presumed_exposures(run: Run) -> Iterable[Asked]:
    """What would confirm a presumed exposure that a finding counts on."""
    for rule, finding, subject in run.rules(FindingOf):
        line = run.line(subject)
        if line is None or not run.settled(rule, subject) or finding.outcome is None:
            continue
        yield from ((rule.id, item) for item in _confirming(run, line))


def presumed_exposures(run: Run) -> tuple[Missing, ...]:
    """What would confirm the exposures that are presumed on any line."""
    return gather(item for line in run.chart.timeline.lines for item in _confirming(run, line))


def _confirming(run: Run, line: Line) -> tuple[Missing, ...]:
    """What would confirm the exposure on a line, if it is presumed."""
    return run.chart.exposure(line).missing if is_presumed(run, line) else ()


def is_presumed(run: Run, line: Line | None) -> bool:
    """Whether the exposure on a line, if it is one, may be no more than presumed."""
    return line is not None and str(Adequacy.PRESUMED) in run.chart.exposure(line).options


def _open_alerts(run: Run) -> Iterable[Asked]:
    for rule, alert, subject in run.rules(Alert):
        if alert.severity is Severity.CRITICAL and run.when(rule, subject) is None:
            yield from ((rule.id, item) for item in run.missing(rule.when, subject))
