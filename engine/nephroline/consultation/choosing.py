"""The competition for the next line: who takes part, who is blocked, who wins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

import msgspec

from nephroline.catalogue import Regimen
from nephroline.consultation.outcomes import outcome_rules_of, settled_outcome
from nephroline.consultation.run import Run, Subject, concluding
from nephroline.features import Missing
from nephroline.pathway import Block, Pathway, Recommend, Rule
from nephroline.record import Line
from nephroline.terms import Action, Outcome

Lacks = tuple[str, tuple[Missing, ...]]
"""A rule by its id, and the data that would settle it."""


class Act(msgspec.Struct, frozen=True):
    """One thing to do, on the authority of one rule that stands.

    With drugs: `agents`, and the `regimen` that they make, if it has a name; beside them without: to
    investigate, to refer, to care. `depends_on`: the data that could bring in an exception.
    """

    rule: Rule
    recommend: Recommend
    subject: Subject
    regimen: Regimen | None
    agents: frozenset[str]
    depends_on: tuple[Missing, ...]

    @property
    def action(self) -> Action:
        """What is to be done."""
        return self.recommend.action

    @property
    def what(self) -> str:
        """With what: a regimen by its id, else drugs."""
        return self.regimen.id if self.regimen else " + ".join(sorted(self.agents))

    def same_as(self, other: Act) -> bool:
        """Whether both ask for the same: then they do not conflict."""
        return self.action is other.action and self.what == other.what


class Choosing(msgspec.Struct, frozen=True):
    """The outcome of the competition; `undecided` could still overturn it."""

    chosen: Act | None
    alternatives: tuple[Act, ...]
    conflict: tuple[Act, ...]
    undecided: tuple[Lacks, ...]


@lru_cache(maxsize=500)
def _competing(pathway: Pathway, lines: int) -> Sequence[Sequence[tuple[Rule, Recommend, Subject]]]:
    """The recommendations about the line of therapy, one preference after the other, each in order of id."""
    found: dict[int, list[tuple[Rule, Recommend, Subject]]] = {}
    for rule, recommend, subject in concluding(pathway, Recommend, lines):
        if isinstance(recommend, Recommend) and recommend.action.of_line:
            found.setdefault(recommend.preference, []).append((rule, recommend, subject))
    return [group for _, group in sorted(found.items())]


def choose(run: Run, *, alternatives: bool = True) -> Choosing:
    """Let the line recommendations that stand compete by preference, without those that are blocked.

    Two that share the first preference and ask for different things are a conflict: neither wins. Without
    *alternatives*, those that come after the chosen one are not looked at.
    """
    blocks, failed = blocks_of(run), failed_lines(run)
    acts: list[Act] = []
    free: list[Act] = []
    for found in _acts(run):
        acts += found
        free += [c for c in found if c.action is Action.STOP or not _out(run, c, blocks, failed)]
        if free and not alternatives:
            break
    free.sort(key=lambda c: (c.recommend.preference, bool(c.depends_on), c.rule.id, c.subject))
    unique: list[Act] = []
    for act in free:
        if not any(act.same_as(other) for other in unique):
            unique.append(act)
    first = [c for c in unique if c.recommend.preference == unique[0].recommend.preference]
    conflict = tuple(first) if len(first) > 1 else ()
    chosen = None if conflict or not unique else unique[0]
    others = tuple(c for c in unique if c is not chosen)
    kept_out = [c for c in acts if c not in free and (chosen is None or _rivals(chosen, c.recommend))]
    unsettled = [*_undecided(run, chosen), *_revocable(run, kept_out, blocks)]
    return Choosing(chosen, others, conflict, tuple(unsettled))


def decisive(run: Run, chosen: Act | None) -> Iterator[tuple[Rule, Subject]]:
    """The rules that decided the choice: as long as each comes out as it did, it stays the same.

    These are the chosen one, those that it would not outrank, and what takes any of them out.
    """
    wanted: list[tuple[Regimen | None, frozenset[str]]] = []
    for rule, recommend, subject in run.rules(Recommend):
        if not (recommend.action.of_line or recommend.silent):
            continue
        if chosen is None or recommend.silent or recommend.preference <= chosen.recommend.preference:
            yield rule, subject
            if run.stands(rule, subject):
                wanted.append(_asked_for(run, recommend, subject))
    for rule, block, subject in run.rules(Block):
        if any(concerns(run, block, *asked) for asked in wanted):
            yield rule, subject
    regimens = {regimen for regimen, _ in wanted}
    for line in run.chart.timeline.lines:
        if run.pathway.catalogue.regimen_of(frozenset(line.drugs)) in regimens:
            yield from ((rule, line.number) for rule, _ in outcome_rules_of(run, line.number))


def _asked_for(run: Run, recommend: Recommend, subject: Subject) -> tuple[Regimen | None, frozenset[str]]:
    """The regimen and the drugs that a recommendation is about; none if it keeps a line that there is not."""
    catalogue = run.pathway.catalogue
    if not recommend.keep:
        regimen = catalogue.regimens.get(recommend.regimen or "")
        return regimen, frozenset(regimen.agents) if regimen else frozenset()
    line = run.line(subject) or run.chart.timeline.line
    agents = frozenset(line.drugs) if line is not None else frozenset[str]()
    return catalogue.regimen_of(agents), agents


def _acts(run: Run) -> Iterator[list[Act]]:
    """The line recommendations that stand, one preference after the other."""
    for group in _competing(run.pathway, len(run.chart.timeline.lines)):
        found: list[Act] = []
        for rule, recommend, subject in group:
            if run.stands(rule, subject):
                regimen, agents = _asked_for(run, recommend, subject)
                if agents or not recommend.keep:
                    waits = run.depends_on(rule, subject)
                    found.append(Act(rule, recommend, subject, regimen, agents, waits))
        yield found


def _undecided(run: Run, chosen: Act | None) -> list[Lacks]:
    """Line recommendations that are unknown, and would come before the chosen one or tie with it.

    One that asks for the same thing does not count: it would change nothing.
    """
    found: list[Lacks] = []
    for rule, recommend, subject in run.rules(Recommend):
        if (
            recommend.action.of_line
            and run.when(rule, subject) is None
            and run.excepted(rule, subject) is not True
            and (chosen is None or _rivals(chosen, recommend))
        ):
            found.append((rule.id, run.missing(rule.when, subject)))
    return found


def _revocable(run: Run, kept_out: list[Act], blocks: list[tuple[Rule, Block, Subject]]) -> list[Lacks]:
    """Blocks with an unknown exception that keep an act out."""
    return [
        (rule.id, run.depends_on(rule, subject))
        for rule, block, subject in blocks
        if run.depends_on(rule, subject)
        and any(concerns(run, block, act.regimen, act.agents) for act in kept_out)
    ]


def open_blocks(run: Run, act: Act) -> list[Lacks]:
    """What is unknown and would take the act out: a block, or that a line of it has failed."""
    found = [
        (rule.id, run.missing(rule.when, subject))
        for rule, block, subject in run.rules(Block)
        if run.when(rule, subject) is None and concerns(run, block, act.regimen, act.agents)
    ]
    if act.regimen is None or act.recommend.rechallenge:
        return found
    if act.action is not Action.START:
        return found
    for line in run.chart.timeline.lines:
        if run.pathway.catalogue.regimen_of(frozenset(line.drugs)) == act.regimen:
            found += [
                (rule.id, run.missing(rule.when, line.number))
                for rule, outcome in outcome_rules_of(run, line.number)
                if outcome is Outcome.RESISTANT and run.settled(rule, line.number) is None
            ]
    return found


def _rivals(chosen: Act, other: Recommend) -> bool:
    mine = chosen.recommend
    same = mine.action is other.action and (
        (mine.keep and other.keep) or (mine.regimen is not None and mine.regimen == other.regimen)
    )
    return other.preference <= mine.preference and not same


def blocks_of(run: Run) -> list[tuple[Rule, Block, Subject]]:
    """The blocks that stand."""
    return [found for found in run.rules(Block) if run.stands(found[0], found[2])]


def failed_lines(run: Run) -> dict[str, Line]:
    """Regimens of lines that failed with an exposure that counts."""
    found: dict[str, Line] = {}
    for line in run.chart.timeline.lines:
        regimen = run.pathway.catalogue.regimen_of(frozenset(line.drugs))
        if regimen is not None and settled_outcome(run, line) is Outcome.RESISTANT:
            found[regimen.id] = line
    return found


def concerns(run: Run, block: Block, regimen: Regimen | None, agents: frozenset[str]) -> bool:
    """Whether a block is about a regimen, or about drugs that it contains."""
    catalogue = run.pathway.catalogue
    if block.regimen is not None:
        return regimen is not None and regimen.id == block.regimen
    return any(catalogue.within(agent, str(block.agent)) for agent in agents)


def _out(
    run: Run,
    act: Act,
    blocks: list[tuple[Rule, Block, Subject]],
    failed: dict[str, Line],
) -> bool:
    if any(concerns(run, block, act.regimen, act.agents) for _, block, _ in blocks):
        return True
    recommend = act.recommend
    return (
        act.regimen is not None
        and act.regimen.id in failed
        and not recommend.rechallenge
        and recommend.action is Action.START
    )
