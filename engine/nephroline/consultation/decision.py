"""What is to be done: one decision, made of acts. The only place that says what the answer is.

A consultation shows it in words, the outlook asks what could change it, a replay holds it against what was
done; none of them decides anything.
"""

from __future__ import annotations

import msgspec

from nephroline.backends import PATIENT
from nephroline.consultation.acts import Act, Lacks
from nephroline.consultation.choosing import asking_the_same, choose, open_blocks
from nephroline.consultation.run import Run, Subject
from nephroline.consultation.supposing import given
from nephroline.features import Missing, Slot, gather
from nephroline.lang import Node
from nephroline.pathway import Recommend, Rule
from nephroline.terms import Action, Answer, Direction, Entry, Verdict


class Applied(msgspec.Struct, frozen=True):
    """Whether a pathway speaks of the patient, by which condition, and what could still change that.

    `outside`: it is the patient, not the disease, of whom the edition does not speak.
    """

    verdict: Verdict
    because: str
    node: Node | None
    missing: tuple[Missing, ...]
    outside: bool = False

    @property
    def cares(self) -> bool:
        """Whether safety and care speak of the patient: whatever the verdict on the disease is."""
        return not self.outside


class Advised(msgspec.Struct, frozen=True):
    """What a decision comes to about the line of therapy: two that are equal advise the same.

    That data are missing is no advice: where nothing else is said, nothing applies. `rivals`: what the rules
    of a conflict ask for, whichever of them ask for it.
    """

    kind: Answer
    action: Action | None = None
    what: str = ""
    direction: Direction | None = None
    rivals: frozenset[Advised] = frozenset()


class Decision(msgspec.Struct, frozen=True):
    """What is to be done, and what leaves that open.

    `act`: the one on the line of therapy, to begin one or to go on, change or stop; `alternatives` to
    it; `conflict`: acts of one preference that ask for different things, so that none is `act`. `silent`:
    that the source says nothing more. `undecided`: rules that could still overturn this. `courses`: the act
    on each course that runs beside the line, and `courses_open` those of which it is not decided. `beside`:
    what to investigate, whom to refer to, what care to give; `on_others`: the act on each drug that makes no
    line; known once the line is. `held`: what would be the next line if nothing held it back. Where the
    pathway does not apply, safety and care alone act.
    """

    applied: Applied
    kind: Answer
    act: Act | None
    alternatives: tuple[Act, ...]
    conflict: tuple[Act, ...]
    silent: tuple[Act, ...]
    undecided: tuple[Lacks, ...]
    courses: tuple[Act, ...] = ()
    courses_open: tuple[tuple[str, Lacks], ...] = ()
    beside: tuple[Act, ...] = ()
    on_others: tuple[Act, ...] = ()
    held: tuple[Act, ...] = ()

    @property
    def applies(self) -> bool:
        """Whether the pathway speaks of the patient at all."""
        return self.applied.verdict is not Verdict.DOES_NOT_APPLY

    @property
    def proposed(self) -> frozenset[str]:
        """The drugs that the patient will have by the line, unless it is to stop."""
        going = self.act is not None and self.act.action is not Action.STOP
        return given(self.act) if self.act is not None and going else frozenset()

    @property
    def advised(self) -> Advised:
        """What it comes to."""
        act = self.act
        match self.kind:
            case Answer.CONFLICT:
                return Advised(self.kind, rivals=frozenset(map(_asking, self.conflict)))
            case Answer.NEEDS_DATA:
                return Advised(Answer.NOTHING_APPLIES)
            case Answer.NOT_APPLICABLE:
                # What safety and care do with what runs is no answer about the line.
                return Advised(self.kind)
            case _ if act is not None:
                # What is stopped counts too: silent with a line to stop is not silent without one.
                return msgspec.structs.replace(_asking(act), kind=self.kind)
            case _:
                return Advised(self.kind)


def _asking(act: Act) -> Advised:
    return Advised(Answer.NEXT_LINE, act.action, act.what, act.recommend.direction)


def decide(run: Run, *, alternatives: bool = True) -> Decision:
    """Say what is to be done; without *alternatives*, none is looked for beside the first."""
    applied = applicability(run)
    if applied.verdict is Verdict.DOES_NOT_APPLY:
        return _care_alone(run, applied)
    found = choose(run, alternatives=alternatives)
    chosen = found.chosen
    silent = () if found.conflict or (chosen is not None and _goes_on(chosen)) else _silent(run)
    if found.conflict:
        kind = Answer.CONFLICT
    elif silent:
        kind = Answer.GUIDELINE_SILENT
    elif chosen is not None:
        kind = Answer.CONTINUE if chosen.action is Action.CONTINUE else Answer.NEXT_LINE
    elif _answering(run):
        kind = Answer.NO_LINE
    elif found.held:
        kind = Answer.HELD_BACK
    else:
        kind = Answer.NEEDS_DATA if found.undecided or _open_words(run) else Answer.NOTHING_APPLIES
    return Decision(
        applied,
        kind,
        chosen,
        found.alternatives,
        found.conflict,
        silent,
        found.undecided,
        found.courses,
        found.courses_open,
        held=found.held if kind is Answer.HELD_BACK else (),
    )


def _care_alone(run: Run, applied: Applied) -> Decision:
    """What safety and care do with what runs, where the pathway does not speak of the patient's disease."""
    if not applied.cares:
        return Decision(applied, Answer.NOT_APPLICABLE, None, (), (), (), ())
    found = choose(run, alternatives=False, care_alone=True)
    going = None if found.chosen is None or found.chosen.action is Action.START else found.chosen
    return Decision(applied, Answer.NOT_APPLICABLE, going, (), (), (), (), found.courses)


def _goes_on(act: Act) -> bool:
    """Whether the source says what follows: it cannot be silent then."""
    return act.action is not Action.STOP and not act.recommend.ends and act.rule.on_guideline


def _silent(run: Run) -> tuple[Act, ...]:
    """The rules that say that the source is silent."""
    return tuple(
        _without_drugs(run, rule, recommend, subject)
        for rule, recommend, subject in run.rules(Recommend)
        if recommend.silent and run.stands(rule, subject)
    )


def _answering(run: Run) -> list[Rule]:
    """The rules that stand and say that nothing is to begin or to change."""
    return [rule for rule, one, subject in run.rules(Recommend) if one.answers and run.stands(rule, subject)]


def _open_words(run: Run) -> bool:
    """Whether it is unknown that the source is silent, or that nothing is to begin."""
    return any(
        (one.answers or one.silent) and run.settled(rule, subject) is None
        for rule, one, subject in run.rules(Recommend)
    )


def answering(run: Run) -> list[str]:
    """The ids of the rules that say that nothing is to begin or to change."""
    return [rule.id for rule in _answering(run)]


def _without_drugs(run: Run, rule: Rule, recommend: Recommend, subject: Subject) -> Act:
    return Act(rule, recommend, subject, None, frozenset(), run.depends_on(rule, subject))


def beside(run: Run, *, care_alone: bool = False) -> tuple[Act, ...]:
    """What is to be done beside the line, each once: to refer, to investigate, to care."""
    found: dict[str, Act] = {}
    for rule, recommend, subject in run.rules(Recommend):
        if not recommend.action.of_line and run.stands(rule, subject) and (rule.care or not care_alone):
            found[rule.id] = _without_drugs(run, rule, recommend, subject)
    order = [Action.REFER, Action.INVESTIGATE, Action.SUPPORTIVE]
    return tuple(sorted(found.values(), key=lambda act: (order.index(act.action), act.rule.id)))


# -- whether the pathway applies -----------------------------------------------------------------------


def applicability(run: Run) -> Applied:
    """The first verdict that holds, and the data that could still bring in another.

    As long as such data are missing, what follows from the verdict is not certain.
    """
    missing: list[Missing] = []
    outside = {id(node) for node, _ in run.pathway.population}
    for verdict, node, because in run.pathway.applicability:
        truth, lacking = run.judged(node, PATIENT)
        missing += lacking
        if truth:
            if node in run.pathway.without_biopsy:
                missing = []
            if verdict is not Verdict.APPLIES and not missing:
                missing.append(_unshown(run, because))
            return Applied(verdict, because, node, gather(missing), id(node) in outside)
    reason = "no biopsy shows the disease of this pathway so far"
    return Applied(Verdict.PROVISIONAL, reason, None, gather(missing) or (_unshown(run, reason),))


def _unshown(run: Run, why: str) -> Missing:
    """What a verdict short of "applies" still lacks: a biopsy, unless one shows the pathway's disease."""
    timeline = run.chart.timeline
    shown = any(biopsy.diagnosis == run.pathway.disease for biopsy in timeline.biopsies)
    return Missing("diagnosis", why, None if shown else Slot(Entry.BIOPSY, "", timeline.as_of))


# -- what could change it ------------------------------------------------------------------------------


def open_data(run: Run, decision: Decision) -> tuple[Missing, ...]:
    """The data that could change what a decision comes to; without what a first dose waits for."""
    if not decision.applies:
        return _other_verdicts(run)
    undecided = [item for _, items in decision.undecided for item in items]
    undecided += provisional_data(run)
    for act in decision.conflict if decision.act is None else (decision.act,):
        undecided += open_for(run, act, looked_at=False)
    if all(act.depends_on for act in decision.held):
        undecided += [item for act in decision.held for item in act.depends_on]
    if decision.kind is not Answer.CONFLICT:
        undecided += _open_silence(run, decision)
    return gather((*undecided, *decision.applied.missing))


def provisional_data(run: Run) -> tuple[Missing, ...]:
    """What would confirm the response now, where it is only taken to be so."""
    return run.chart.status.provisional


def open_for(run: Run, act: Act, *, looked_at: bool = True) -> tuple[Missing, ...]:
    """The data that could take an act out: by an exception, by a block, by a line that has failed.

    *looked_at*: also those that are looked at before the first dose.
    """
    blocks = open_blocks(run, act, looked_at=looked_at)
    return gather((*act.depends_on, *(item for _, items in blocks for item in items)))


def _other_verdicts(run: Run) -> tuple[Missing, ...]:
    """What could bring in a verdict that comes before: data that only confirm this one do not count."""
    found: list[Missing] = []
    for verdict, node, _ in run.pathway.applicability:
        truth, lacking = run.judged(node, PATIENT)
        if truth:
            break
        if verdict is not Verdict.DOES_NOT_APPLY:
            found += lacking
    return gather(found)


def _open_silence(run: Run, decision: Decision) -> tuple[Missing, ...]:
    """What could still tell whether the source is silent; it matters only without a line to go on with.

    Whether there is one may rest on who asks for it: the source, or a choice of the rules.
    """
    act = decision.act
    others = [] if act is None else _asking_too(run, act)
    if act is not None and _goes_on(act) and not others:
        return ()
    if decision.silent:
        waits = [silent.depends_on for silent in decision.silent]
        found = gather(item for items in waits for item in items) if all(waits) else ()
    else:
        found = open_silence(run)
        if not found and not _silent(run):
            return ()
    return gather((*found, *(item for rule, subject in others for item in run.missing(rule.when, subject))))


def _asking_too(run: Run, act: Act) -> list[tuple[Rule, Subject]]:
    """What is unknown, would come before an act, and asks for the same on another authority."""
    return [
        (rule, subject)
        for rule, subject in asking_the_same(run, act)
        if rule.on_guideline is not act.rule.on_guideline
    ]


def open_silence(run: Run) -> tuple[Missing, ...]:
    """What would tell whether the source is silent, or whether nothing is to begin."""
    lacking = (
        item
        for rule, recommend, subject in run.rules(Recommend)
        if (recommend.silent or recommend.answers) and run.settled(rule, subject) is None
        for item in run.lacking(rule, subject)
    )
    return gather(lacking)
