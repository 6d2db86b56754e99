"""Why not this regimen: what would offer it and fails, what keeps it out, the least that would change it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec

from nephroline.changes.moves import Move, Moves, until
from nephroline.changes.obstacles import May, Obstacle, in_the_way
from nephroline.consultation import (
    NO_LINE,
    Act,
    Advised,
    Subject,
    blocked_out,
    choose,
    concerns,
    decision_time,
    in_words,
    same_catalogue,
)
from nephroline.consultation.answer import BlockReason, PathwayRef
from nephroline.errors import UsageError, did_you_mean, quoted
from nephroline.features import FEATURES
from nephroline.lang import asks
from nephroline.missing.pausing import uncollected
from nephroline.missing.regions import Region
from nephroline.missing.state import State, state_of
from nephroline.pathway import Block, FindingOf, Recommend, Rule
from nephroline.record import Moment, Record
from nephroline.selecting import Among, select
from nephroline.terms import Answer, Outcome, Trait, Verdict

DEEPEST = 3
MOST_STATES = 150
SHOWN = 4


class Offer(msgspec.Struct, frozen=True):
    """A rule that would offer the regimen: whether it holds, what fails, what is missing."""

    rule: str
    title: str
    line: int | None
    holds: str
    fails: list[str]
    missing: list[str]
    outranked_by: str


class Change(msgspec.Struct, frozen=True):
    """A smallest set of changes after which the regimen is the next line.

    `edits` in words and `arguments` for `what-if`; `can`: all of them lie ahead. `then`: the answer.
    """

    edits: list[str]
    arguments: list[str]
    can: bool
    then: str


class WhyNot(msgspec.Struct, frozen=True):
    """Why a regimen is not the next line, or that it is; `complete`: the search met no bound."""

    regimen: str
    title: str
    is_next_line: bool
    answer: str
    offers: list[Offer]
    blocks: list[BlockReason]
    changes: list[Change]
    complete: bool
    states: int
    pathway: PathwayRef


@uncollected
def why_not(
    record: Record,
    pathway: Among,
    regimen: str,
    as_of: str | Moment | None = None,
    *,
    stops_seen: bool = True,
) -> WhyNot:
    """Tell why a regimen is not the next line, and the least that would make it so.

    Where *pathway* is None, that which `consult` would ask.
    Raises: UsageError for an unknown regimen, and as `consult`.
    """
    selected = select(record, pathway, as_of)
    pathway = selected.pathway
    known = pathway.catalogue.regimens
    if regimen not in known:
        raise UsageError.of(
            f"unknown regimen {quoted(regimen)}",
            did_you_mean(regimen, known, see="known: " + ", ".join(known)),
        )
    same_catalogue(record, pathway)
    state = state_of(record, pathway, decision_time(record, as_of), stops_seen=stops_seen)
    goal = _Goal(regimen)
    reached = goal.reached(state)
    search = _LeastChanges(goal, state)
    changes = [] if reached else search.changes()
    out = [reason for b in blocked_out(state.run) if b.regimen == regimen for reason in b.reasons]
    return WhyNot(
        regimen=regimen,
        title=known[regimen].title,
        is_next_line=reached,
        answer=_answer(state),
        offers=sorted(_offers(state, goal), key=lambda one: (len(one.fails), len(one.missing))),
        blocks=out,
        changes=changes,
        complete=search.complete,
        states=search.looked_at,
        pathway=selected.reference,
    )


def _answer(state: State) -> str:
    """The answer in words, as a consultation gives it."""
    found = state.advised
    if found.kind is Answer.NOTHING_APPLIES and state.decision.undecided:
        return NO_LINE[Answer.NEEDS_DATA]
    return in_words(state.pathway.catalogue, found)


class _Goal(msgspec.Struct, frozen=True):
    """That a regimen is the next line."""

    regimen: str

    def reached(self, state: State) -> bool:
        found = state.advised
        return found.kind in (Answer.NEXT_LINE, Answer.CONTINUE) and found.what == self.regimen

    def offers(self, state: State) -> Iterator[tuple[Rule, Subject]]:
        """The rules that ask for the regimen: by name, or because it is the running line that they keep."""
        catalogue = state.run.pathway.catalogue
        for rule, recommend, subject in state.run.rules(Recommend):
            if not recommend.of_line:
                continue
            if recommend.regimen == self.regimen:
                yield rule, subject
            line = state.run.line(subject) or state.run.chart.timeline.line
            if not recommend.keep or line is None or not line.current:
                continue
            kept = catalogue.regimen_of(frozenset(line.drugs))
            if kept is not None and kept.id == self.regimen and _about(state, rule, subject):
                yield rule, subject

    def obstacles(self, state: State, may: May) -> list[Obstacle]:
        """The atoms in the way: of the rules that would offer it, of blocks, of what comes before it."""
        run, found = state.run, list[Obstacle]()
        if not state.decision.applies:
            for verdict, node, _ in run.pathway.applicability:
                if verdict is Verdict.DOES_NOT_APPLY:
                    found += in_the_way(run, node, 0, wanted=False, may=may) or []
        offered = False
        for rule, subject in self.offers(state):
            if run.stands(rule, subject):
                offered = True
                continue
            missed = in_the_way(run, rule.when, subject, wanted=True, may=may)
            if missed is not None and rule.unless is not None:
                excepted = in_the_way(run, rule.unless, subject, wanted=False, may=may)
                missed = None if excepted is None else [*missed, *excepted]
            found += missed or []
        regimen = run.pathway.catalogue.regimens[self.regimen]
        for rule, block, subject in run.rules(Block):
            if concerns(run, block, regimen, frozenset(regimen.agents)) and run.stands(rule, subject):
                found += in_the_way(run, rule.when, subject, wanted=False, may=may) or []
        for rule, finding, subject in run.rules(FindingOf):
            line = run.line(subject)
            if (
                finding.outcome is Outcome.RESISTANT
                and line
                and run.pathway.catalogue.regimen_of(frozenset(line.drugs)) == regimen
            ):
                found += in_the_way(run, rule.when, subject, wanted=False, may=may) or []
        if offered:
            for rival in _rivals(state):
                found += in_the_way(run, rival.rule.when, rival.subject, wanted=False, may=may) or []
        return found


def _about(state: State, rule: Rule, subject: Subject) -> bool:
    """Whether a rule that keeps a line speaks of the regimen of this line."""

    def no_other_line(obstacle: Obstacle) -> bool:
        return not any(FEATURES[ask.feature].trait is Trait.AGENTS_OF_LINE for ask in asks(obstacle.atom))

    return in_the_way(state.run, rule.when, subject, wanted=True, may=no_other_line) is not None


def _rivals(state: State) -> Sequence[Act]:
    found = choose(state.run)
    return [act for act in (found.chosen, *found.alternatives, *found.conflict) if act is not None]


def _offers(state: State, goal: _Goal) -> Iterator[Offer]:
    run = state.run
    chosen = state.decision.act
    seen: set[tuple[str, tuple[str, ...]]] = set()
    for rule, subject in goal.offers(state):
        holds = run.stands(rule, subject)
        fails: list[str] = []
        if run.when(rule, subject) is False:
            fails = run.because(rule.when, subject, wanted=False)
        if rule.unless is not None and run.excepted(rule, subject):
            fails += [f"exception: {text}" for text in run.because(rule.unless, subject)]
        missing = [m.why for m in state.settled(rule, subject)[1]]
        first = holds and chosen is not None and chosen.rule.id != rule.id
        title = in_words(state.pathway.catalogue, state.advised) if first else ""
        if (rule.id, tuple(fails)) in seen:
            continue
        seen.add((rule.id, tuple(fails)))
        truth = "yes" if holds else ("unknown" if missing else "no")
        yield Offer(rule.id, rule.title, subject or None, truth, fails, missing, title)


# -- the least that would change it ------------------------------------------------------------------


class _LeastChanges:
    """Breadth first over changes that touch an obstacle, so that the first found are the smallest."""

    def __init__(self, goal: _Goal, start: State) -> None:
        self._goal, self._start = goal, start
        self._moves = Moves()
        self.complete = True
        self.looked_at = 0

    def changes(self) -> list[Change]:
        """The smallest changes that lie ahead; if another past would do with fewer, those too."""
        ahead = self._smallest(lambda move: move.can)
        others = self._smallest(lambda _: True, len(ahead[0]) - 1 if ahead else DEEPEST)
        past = [found for found in others if not all(move.can for move in found)]
        return [self._change(found) for found in (*_distinct(ahead), *_distinct(past))]

    def _smallest(self, may: Callable[[Move], bool], deepest: int = DEEPEST) -> list[tuple[Move, ...]]:
        frontier: list[tuple[tuple[Move, ...], State]] = [((), self._start)]
        tried: set[frozenset[tuple[str, str]]] = set()
        for _ in range(deepest):
            found: list[tuple[Move, ...]] = []
            after: list[tuple[tuple[Move, ...], State]] = []
            for taken, state in frontier:
                obstacles = self._goal.obstacles(state, self._movable(state, may))
                for move, there in self._moves.helpful(state, obstacles, may):
                    made = frozenset((m.key, m.edit.value) for m in (*taken, move))
                    if move.key in {m.key for m in taken} or made in tried:
                        continue
                    if taken and move.days is not None:
                        continue  # waiting comes first: it is tried before everything else
                    tried.add(made)
                    self.looked_at += 1
                    if self.looked_at > MOST_STATES:
                        self.complete = False
                        return found
                    changes = (*taken, move)
                    # Made anew from the chart, as a person would: values that hang together may move apart.
                    if self._goal.reached(there) and self._goal.reached(_made(self._start, changes)):
                        found.append(changes)
                    else:
                        after.append(((*taken, move), there))
            if found:
                return found
            frontier = after
        return []

    def _movable(self, state: State, may: Callable[[Move], bool]) -> May:
        """Whether some change that may be made touches an obstacle; asked often of the same."""
        known: dict[Obstacle, bool] = {}

        def movable(obstacle: Obstacle) -> bool:
            if obstacle not in known:
                known[obstacle] = any(may(move) for move in self._moves.touching(state, obstacle))
            return known[obstacle]

        return movable

    def _like(self, found: tuple[Move, ...], which: int, wanted: Advised) -> Sequence[Region]:
        """The neighbouring regions to which one of the changes could set its number, same answer."""
        move = found[which]
        middle = move.among()
        if middle is None or move.datum is None:
            return () if move.region is None else (move.region,)
        regions = move.datum.regions

        def same(number: int) -> bool:
            if not 0 <= number < len(regions):
                return False
            other = msgspec.structs.replace(move, region=regions[number])
            return _made(self._start, (*found[:which], other, *found[which + 1 :])).advised == wanted

        first = last = middle
        while same(first - 1):
            first -= 1
        while same(last + 1):
            last += 1
        return regions[first : last + 1]

    def _change(self, found: tuple[Move, ...]) -> Change:
        state, there = self._start, _made(self._start, found)
        now = state.run.chart.timeline.as_of
        texts: list[str] = []
        arguments: list[str] = []
        for i, move in enumerate(found):
            waiting = f" (until {until(move, now, state)})" if move.days is not None else ""
            regions = self._like(found, i, there.advised)
            texts.append(move.told(regions) + waiting)
            arguments.append(move.within(regions).edit.argument)
        return Change(
            texts,
            arguments,
            all(move.can for move in found),
            in_words(there.pathway.catalogue, there.advised),
        )


def _made(state: State, moves: Sequence[Move]) -> State:
    for move in moves:
        state = move.made(state)
    return state


def _distinct(found: Sequence[tuple[Move, ...]]) -> list[tuple[Move, ...]]:
    """One of each kind, as other values of the same data are not other changes; the likely ones first.

    To wait, or to find out what is not known, is more likely than that the patient becomes another.
    """
    kinds: dict[frozenset[str], tuple[Move, ...]] = {}
    for item in found:
        kinds.setdefault(frozenset(move.key for move in item), item)

    def unlikely(moves: tuple[Move, ...]) -> int:
        return sum(move.days is None and not move.found_out for move in moves)

    return sorted(kinds.values(), key=unlikely)[:SHOWN]
