"""From conclusions to one next line: who competes, who is blocked, who wins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec

from nephroline.backends import PATIENT
from nephroline.catalogue import Regimen
from nephroline.consultation.answer import BlockedOut, BlockReason
from nephroline.consultation.run import Run, Subject, concluding, fill
from nephroline.features import Missing
from nephroline.pathway import Alert, Block, FindingOf, Pathway, Recommend, Rule
from nephroline.record import Line
from nephroline.terms import Action, Outcome, Response

FAILED = "already-failed"
"""The id of the standing reason not to repeat a line that failed with adequate exposure."""


class Candidate(msgspec.Struct, frozen=True):
    """A line recommendation that stands."""

    rule: Rule
    recommend: Recommend
    subject: Subject
    regimen: Regimen | None
    agents: frozenset[str]
    depends_on: tuple[Missing, ...]

    @property
    def what(self) -> tuple[str, str]:
        """What it asks for; two candidates that ask for the same do not conflict."""
        name = self.regimen.id if self.regimen else " + ".join(sorted(self.agents))
        return (str(self.recommend.action), name)


class Choosing(msgspec.Struct, frozen=True):
    """The outcome of the competition; `undecided` could still overturn it, and lack these data."""

    chosen: Candidate | None
    alternatives: tuple[Candidate, ...]
    conflict: tuple[Candidate, ...]
    undecided: tuple[tuple[str, tuple[Missing, ...]], ...]


def outcome(run: Run, line: Line) -> Outcome:
    """What became of a line: by a finding that settles it, else by response and time."""
    known = run.outcomes.get(line.number)
    if known is None:
        known = run.outcomes[line.number] = _outcome(run, line)
    return known


def _outcome(run: Run, line: Line) -> Outcome:
    settled = _settled(run, line)
    if settled is not None:
        return settled
    best = run.chart.best_response(line)
    if best.options <= {Response.COMPLETE_REMISSION, Response.PARTIAL_REMISSION}:
        return Outcome.REMISSION
    regimen = run.pathway.catalogue.regimen_of(frozenset(line.drugs))
    trial = run.pathway.thresholds.get(regimen.minimum_trial or "") if regimen else None
    if trial is not None and run.chart.timeline.span(line.start, line.end).least < trial.days:
        return Outcome.TOO_EARLY
    return Outcome.ONGOING if line.current else Outcome.INDETERMINATE


def _settled(run: Run, line: Line) -> Outcome | None:
    """The outcome of a line that a finding settles: the first in order of id."""
    return next((o for rule, o in _settling(run, line.number) if run.settled(rule, line.number)), None)


def _settling(run: Run, subject: Subject) -> Sequence[tuple[Rule, Outcome]]:
    return _outcome_rules(run.pathway, len(run.chart.timeline.lines)).get(subject, ())


@lru_cache(maxsize=500)
def _outcome_rules(pathway: Pathway, lines: int) -> Mapping[Subject, Sequence[tuple[Rule, Outcome]]]:
    """For each line the findings that settle its outcome, in order of id."""
    found: dict[Subject, list[tuple[Rule, Outcome]]] = {}
    for rule, finding, subject in concluding(pathway, FindingOf, lines):
        if isinstance(finding, FindingOf) and finding.outcome is not None and subject:
            found.setdefault(subject, []).append((rule, finding.outcome))
    return found


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
    blocks, failed = _blocks(run), _failed(run)
    candidates: list[Candidate] = []
    free: list[Candidate] = []
    for found in _candidates(run):
        candidates += found
        free += [c for c in found if c.recommend.action is Action.STOP or not _out(run, c, blocks, failed)]
        if free and not alternatives:
            break
    free.sort(key=lambda c: (c.recommend.preference, bool(c.depends_on), c.rule.id, c.subject))
    unique: list[Candidate] = []
    for candidate in free:
        if candidate.what not in [other.what for other in unique]:
            unique.append(candidate)
    first = [c for c in unique if c.recommend.preference == unique[0].recommend.preference]
    conflict = tuple(first) if len(first) > 1 else ()
    chosen = None if conflict or not unique else unique[0]
    others = tuple(c for c in unique if c is not chosen)
    kept_out = [c for c in candidates if c not in free and (chosen is None or _rivals(chosen, c.recommend))]
    unsettled = [*_undecided(run, chosen), *_revocable(run, kept_out, blocks)]
    return Choosing(chosen, others, conflict, tuple(unsettled))


def decisive(run: Run, choosing: Choosing) -> Iterator[tuple[Rule, Subject]]:
    """The rules that decided the choice: as long as each comes out as it did, it stays the same.

    These are the chosen one, those that it would not outrank, and what takes any of them out.
    """
    chosen = choosing.chosen
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
            yield from ((rule, line.number) for rule, _ in _settling(run, line.number))


def _asked_for(run: Run, recommend: Recommend, subject: Subject) -> tuple[Regimen | None, frozenset[str]]:
    """The regimen and the drugs that a recommendation is about; none if it keeps a line that there is not."""
    catalogue = run.pathway.catalogue
    if not recommend.keep:
        regimen = catalogue.regimens.get(recommend.regimen or "")
        return regimen, frozenset(regimen.agents) if regimen else frozenset()
    line = run.line(subject) or run.chart.timeline.line
    agents = frozenset(line.drugs) if line is not None else frozenset[str]()
    return catalogue.regimen_of(agents), agents


def _candidates(run: Run) -> Iterator[list[Candidate]]:
    """The line recommendations that stand, one preference after the other."""
    for group in _competing(run.pathway, len(run.chart.timeline.lines)):
        found: list[Candidate] = []
        for rule, recommend, subject in group:
            if run.stands(rule, subject):
                regimen, agents = _asked_for(run, recommend, subject)
                if agents or not recommend.keep:
                    waits = run.depends_on(rule, subject)
                    found.append(Candidate(rule, recommend, subject, regimen, agents, waits))
        yield found


def _undecided(run: Run, chosen: Candidate | None) -> list[tuple[str, tuple[Missing, ...]]]:
    """Line recommendations that are unknown, and would come before the chosen one or tie with it.

    One that asks for the same thing does not count: it would change nothing.
    """
    found: list[tuple[str, tuple[Missing, ...]]] = []
    for rule, recommend, subject in run.rules(Recommend):
        if (
            recommend.action.of_line
            and run.truths[rule.clause, subject] is None
            and (rule.unless is None or run.truths[rule.exception, subject] is not True)
            and (chosen is None or _rivals(chosen, recommend))
        ):
            found.append((rule.id, run.missing(rule.when, subject)))
    return found


def _revocable(
    run: Run, kept_out: list[Candidate], blocks: list[tuple[Rule, Block, Subject]]
) -> list[tuple[str, tuple[Missing, ...]]]:
    """Blocks with an unknown exception that keep a candidate out."""
    return [
        (rule.id, run.depends_on(rule, subject))
        for rule, block, subject in blocks
        if run.depends_on(rule, subject)
        and any(concerns(run, block, candidate.regimen, candidate.agents) for candidate in kept_out)
    ]


def open_blocks(run: Run, candidate: Candidate) -> list[tuple[str, tuple[Missing, ...]]]:
    """What is unknown and would take the candidate out: a block, or that a line of it has failed."""
    found = [
        (rule.id, run.missing(rule.when, subject))
        for rule, block, subject in run.rules(Block)
        if run.truths[rule.clause, subject] is None
        and concerns(run, block, candidate.regimen, candidate.agents)
    ]
    if candidate.regimen is None or candidate.recommend.rechallenge:
        return found
    if candidate.recommend.action is not Action.START:
        return found
    for line in run.chart.timeline.lines:
        if run.pathway.catalogue.regimen_of(frozenset(line.drugs)) == candidate.regimen:
            found += [
                (rule.id, run.missing(rule.when, line.number))
                for rule, outcome in _settling(run, line.number)
                if outcome is Outcome.RESISTANT and run.settled(rule, line.number) is None
            ]
    return found


def _rivals(chosen: Candidate, other: Recommend) -> bool:
    mine = chosen.recommend
    same = mine.action is other.action and (
        (mine.keep and other.keep) or (mine.regimen is not None and mine.regimen == other.regimen)
    )
    return other.preference <= mine.preference and not same


def _blocks(run: Run) -> list[tuple[Rule, Block, Subject]]:
    return [found for found in run.rules(Block) if run.stands(found[0], found[2])]


def _failed(run: Run) -> dict[str, Line]:
    """Regimens of lines that failed with an exposure that counts."""
    found: dict[str, Line] = {}
    for line in run.chart.timeline.lines:
        regimen = run.pathway.catalogue.regimen_of(frozenset(line.drugs))
        if regimen is not None and _settled(run, line) is Outcome.RESISTANT:
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
    candidate: Candidate,
    blocks: list[tuple[Rule, Block, Subject]],
    failed: dict[str, Line],
) -> bool:
    if any(concerns(run, block, candidate.regimen, candidate.agents) for _, block, _ in blocks):
        return True
    recommend = candidate.recommend
    return (
        candidate.regimen is not None
        and candidate.regimen.id in failed
        and not recommend.rechallenge
        and recommend.action is Action.START
    )


def blocked_out(run: Run) -> list[BlockedOut]:
    """Every regimen the pathway may recommend that is out, with all reasons."""
    blocks, failed = _blocks(run), _failed(run)
    known = {
        rule.conclusion.regimen
        for rule in run.pathway.rules.values()
        if isinstance(rule.conclusion, Recommend)
    }
    found: list[BlockedOut] = []
    for regimen in run.pathway.catalogue.regimens.values():
        if regimen.id not in known:
            continue
        reasons: list[BlockReason] = []
        for rule, block, subject in blocks:
            if concerns(run, block, regimen, frozenset(regimen.agents)):
                because = run.because(rule.when, subject)
                reasons.append(
                    BlockReason(
                        rule=rule.id,
                        title=rule.title,
                        because=because,
                        until=fill(run.pathway, block.until),
                    )
                )
        line = failed.get(regimen.id)
        if line is not None:
            text = f"line {line.number} was {regimen.title}, without remission at an exposure that counts"
            reasons.append(BlockReason(rule=FAILED, title="Already failed", because=[text], until=""))
        if reasons:
            found.append(BlockedOut(regimen=regimen.id, title=regimen.title, reasons=reasons))
    return found


def alerts(run: Run) -> list[tuple[Rule, Alert, Subject]]:
    """Alerts that stand, loudest first; a rule about lines alerts once."""
    found: dict[str, tuple[Rule, Alert, Subject]] = {}
    for rule, alert, subject in run.rules(Alert):
        if run.stands(rule, subject):
            found[rule.id] = (rule, alert, subject)
    return sorted(found.values(), key=lambda item: (item[1].severity.rank, item[0].id))


def findings(run: Run) -> list[tuple[Rule, FindingOf, Subject]]:
    """Findings that are earned, by line and id."""
    found = [item for item in run.rules(FindingOf) if run.settled(item[0], item[2])]
    return sorted(found, key=lambda item: (item[2] or PATIENT, item[1].id))
