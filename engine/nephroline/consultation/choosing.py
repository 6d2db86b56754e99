"""The competition for the next line: who takes part, who is blocked, who wins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache

import msgspec

from nephroline.catalogue import Regimen
from nephroline.consultation.acts import Act, Lacks, in_order, sharing_first, undoes
from nephroline.consultation.outcomes import failed_agents, outcome_rules_of, settled_outcome
from nephroline.consultation.run import Run, Subject, concluding
from nephroline.features import regimen_of
from nephroline.pathway import Block, Pathway, Recommend, Rule
from nephroline.record import Line
from nephroline.terms import About, Action, Direction, Outcome


class Choosing(msgspec.Struct, frozen=True):
    """The outcome of the competition; `undecided` could still overturn it.

    `courses`: what is to be done with courses that run beside the line; `courses_open`: the classes of which
    that is not decided. `held`: what would be begun or raised if nothing blocked it, where nothing else is.
    """

    chosen: Act | None
    alternatives: tuple[Act, ...]
    conflict: tuple[Act, ...]
    undecided: tuple[Lacks, ...]
    courses: tuple[Act, ...] = ()
    courses_open: tuple[tuple[str, Lacks], ...] = ()
    held: tuple[Act, ...] = ()


@lru_cache(maxsize=500)
def _competing(pathway: Pathway, lines: int) -> Sequence[Sequence[tuple[Rule, Recommend, Subject]]]:
    """The recommendations about the line of therapy, one preference after the other, each in order of id."""
    found: dict[int, list[tuple[Rule, Recommend, Subject]]] = {}
    for rule, recommend, subject in concluding(pathway, Recommend, lines):
        if isinstance(recommend, Recommend) and recommend.of_line and recommend.about is About.LINE:
            found.setdefault(recommend.preference, []).append((rule, recommend, subject))
    return [group for _, group in sorted(found.items())]


def choose(run: Run, *, alternatives: bool = True, care_alone: bool = False) -> Choosing:
    """Let the recommendations that stand compete by preference, without those that are blocked.

    Those about the line compete for the one act on it; those about a course that runs through all lines, for
    the one act on that. The act on the course is that on the line if the course is the line and nothing else
    is to begin; beside another line whose act is not decided it is none. Two that share the first preference
    and ask for different things are a conflict: neither wins; of two for safety the more cautious does.
    Without *alternatives*, those that come after the chosen one are not looked at. *care_alone*: only rules
    of safety and care take part.
    """
    blocks, failed = blocks_of(run), failed_lines(run)
    acts: list[Act] = []
    free: list[Act] = []
    for standing in _acts(run):
        found = [act for act in standing if act.rule.care or not care_alone]
        acts += found
        free += [c for c in found if not _out(run, c, blocks, failed)]
        if free and not alternatives:
            break
    unique = in_order(free)
    conflict = sharing_first(unique)
    chosen = None if conflict or not unique else unique[0]
    beside_it = (c for c in unique if c is not chosen and not c.recommend.last_resort)
    others = tuple(c for c in beside_it if not undoes(c, chosen))
    kept_out = [c for c in acts if c not in free and (chosen is None or _rivals(chosen, c.recommend))]
    unsettled = [*_undecided(run, chosen), *_revocable(run, kept_out, blocks)]
    courses, at_odds = _course_acts(run, blocks, care_alone)
    held = [] if unique else [act for act in acts if _blocked(run, act, blocks)]
    open_courses = _courses_open(run, courses)
    if chosen is None and not conflict:
        conflict = at_odds
        waits = bool(unsettled) and _runs_beside_a_line(run)
        chosen = next(iter(courses), None) if not conflict and not waits else None
        unsettled += [lacks for _, lacks in open_courses]
    beside = tuple(
        act
        for act in courses
        if act is not chosen and (chosen is None or not _holds(run, chosen, str(act.course)))
    )
    still_open = [
        (agent, lacks) for agent, lacks in open_courses if chosen is None or not _holds(run, chosen, agent)
    ]
    return Choosing(
        chosen, others, conflict, tuple(unsettled), beside, tuple(still_open), tuple(in_order(held))
    )


def _runs_beside_a_line(run: Run) -> bool:
    """Whether a line of other agents runs: then the act on a course is none on the line that is undecided."""
    line = run.chart.timeline.line
    return line is not None and not all(run.pathway.catalogue.followed(drug) for drug in line.drugs)


def _holds(run: Run, chosen: Act, course: str) -> bool:
    """Whether a line that begins says itself what is to be done with a course."""
    agents = chosen.regimen.agents if chosen.regimen is not None else ()
    within = run.pathway.catalogue.within
    return chosen.action is Action.START and any(within(agent, course) for agent in agents)


def _course_acts(
    run: Run, blocks: list[tuple[Rule, Block, Subject]], care_alone: bool
) -> tuple[list[Act], tuple[Act, ...]]:
    """For each course that runs through all lines the one act on it; and those that are at odds."""
    found: list[Act] = []
    at_odds: tuple[Act, ...] = ()
    for agent, group in _about_courses(run.pathway).items():
        drugs, regimen = _in_course(run, agent)
        standing = [
            Act(rule, recommend, 0, regimen, drugs, run.depends_on(rule, 0), agent)
            for rule, recommend in group
            if run.stands(rule, 0) and drugs and (rule.care or not care_alone)
        ]
        unique = in_order(act for act in standing if not _out(run, act, blocks, {}))
        conflict = sharing_first(unique)
        at_odds = (*at_odds, *conflict)
        if unique and not conflict:
            found.append(unique[0])
    return found, at_odds


def _in_course(run: Run, agent: str) -> tuple[frozenset[str], Regimen | None]:
    """The drugs of a followed class that are taken, or may be; and the regimen that they are alone."""
    taken, catalogue = run.chart.timeline.treatment.perhaps_taken, run.pathway.catalogue
    drugs = frozenset(d for d, row in taken.items() if catalogue.belongs(d, agent) and row.purpose is None)
    return drugs, catalogue.regimen_of(drugs) if drugs else None


@lru_cache(maxsize=100)
def _about_courses(pathway: Pathway) -> Mapping[str, Sequence[tuple[Rule, Recommend]]]:
    """The recommendations about courses that run through all lines, by their class."""
    found: dict[str, list[tuple[Rule, Recommend]]] = {}
    for rule, recommend, _ in concluding(pathway, Recommend, 0):
        if isinstance(recommend, Recommend) and recommend.about is About.COURSE:
            found.setdefault(str(recommend.agent), []).append((rule, recommend))
    return found


def _courses_open(run: Run, acts: Sequence[Act]) -> list[tuple[str, Lacks]]:
    """Recommendations about courses that are unknown, and would come before the act on it or tie with it."""
    chosen = {act.course: act for act in acts}
    return [
        (agent, (rule.id, run.missing(rule.when, 0)))
        for agent, group in _about_courses(run.pathway).items()
        for rule, recommend in group
        if run.when(rule, 0) is None
        and run.excepted(rule, 0) is not True
        and _in_course(run, agent)[0]
        and (
            (act := chosen.get(agent)) is None
            or (recommend.preference <= act.recommend.preference and recommend.action is not act.action)
        )
    ]


def decisive(run: Run, chosen: Act | None) -> Iterator[tuple[Rule, Subject]]:
    """The rules that decided the choice: as long as each comes out as it did, it stays the same.

    These are the chosen one, those that it would not outrank, and what takes any of them out. An act on a
    course is outranked by every line that would begin.
    """
    wanted: list[tuple[Regimen | None, frozenset[str]]] = []
    last = None if chosen is None or chosen.course is not None else chosen.recommend.preference
    for rule, recommend, subject in run.rules(Recommend):
        if not (recommend.of_line or recommend.silent or recommend.answers):
            continue
        if recommend.about is About.COURSE:
            if last is None:
                yield rule, subject
            continue
        speaks = recommend.silent or recommend.answers
        if last is None or speaks or recommend.preference <= last:
            yield rule, subject
            if run.stands(rule, subject):
                wanted.append(_asked_for(run, recommend, subject))
    for rule, block, subject in run.rules(Block):
        if any(concerns(run, block, *asked) for asked in wanted):
            yield rule, subject
    regimens = {regimen for regimen, _ in wanted}
    for line in run.chart.timeline.lines:
        if regimen_of(run.chart, line) in regimens:
            yield from ((rule, line.number) for rule, _ in outcome_rules_of(run, line.number))


def _asked_for(run: Run, recommend: Recommend, subject: Subject) -> tuple[Regimen | None, frozenset[str]]:
    """The regimen and the drugs that a recommendation is about; none if it keeps a line that there is not."""
    catalogue = run.pathway.catalogue
    if not recommend.keep:
        regimen = catalogue.regimens.get(recommend.regimen or "")
        return regimen, frozenset(regimen.agents) if regimen else frozenset()
    line = run.line(subject) or run.chart.timeline.line
    if line is None:
        return None, frozenset()
    own = frozenset(
        drug for drug in line.drugs if recommend.agent is None or catalogue.within(drug, recommend.agent)
    )
    return regimen_of(run.chart, line) if len(own) == len(line.drugs) else None, own


def _acts(run: Run) -> Iterator[list[Act]]:
    """The line recommendations that stand, one preference after the other."""
    for group in _competing(run.pathway, len(run.chart.timeline.lines)):
        found: list[Act] = []
        for rule, recommend, subject in group:
            if run.stands(rule, subject):
                regimen, agents = _asked_for(run, recommend, subject)
                if (agents or not recommend.keep) and not _begins_nothing(run, recommend, agents):
                    waits = run.depends_on(rule, subject)
                    found.append(Act(rule, recommend, subject, regimen, agents, waits))
        yield found


def taken_already(run: Run, agent: str) -> bool:
    """Whether an agent is taken: not what is given in courses, or followed through all lines."""
    catalogue = run.pathway.catalogue
    taken = [drug for drug in run.chart.timeline.running if catalogue.acting_time(drug) is None]
    return not catalogue.followed_all(agent) and any(catalogue.within(drug, agent) for drug in taken)


def beside_lines(run: Run, decided: Iterable[Act], *, care_alone: bool = False) -> tuple[Act, ...]:
    """For each drug that runs beside the line the one act on it; and what of such drugs is to begin.

    Of a drug on which is *decided* already nothing more is said.
    """
    catalogue = run.pathway.catalogue
    told = {drug for act in decided for drug in act.agents}
    taken = [drug for drug in run.chart.timeline.treatment.perhaps_taken if drug not in told]
    begun: list[Act] = []
    on_drugs: dict[str, list[Act]] = {}
    for rule, recommend, subject in run.rules(Recommend):
        agent = recommend.agent
        if recommend.about is not About.BESIDE or agent is None or not run.stands(rule, subject):
            continue
        if care_alone and not rule.care:
            continue
        waits = run.depends_on(rule, subject)
        drugs = [drug for drug in taken if catalogue.within(drug, agent)]
        if recommend.action.of_line:
            for drug in drugs:
                act = Act(rule, recommend, subject, None, frozenset({drug}), waits)
                on_drugs.setdefault(drug, []).append(act)
        elif not drugs:
            begun.append(Act(rule, recommend, subject, None, frozenset({agent}), waits))
    changed = (min(acts, key=lambda act: (act.leaves, act.rule.id)) for _, acts in sorted(on_drugs.items()))
    return (*changed, *begun)


def _begins_nothing(run: Run, recommend: Recommend, agents: frozenset[str]) -> bool:
    """Whether all that would begin is taken; what is followed may be begun again at another dose."""
    own = [agent for agent in agents if not run.pathway.catalogue.followed_all(agent)]
    return recommend.action is Action.START and bool(own) and all(taken_already(run, a) for a in own)


def _unknown(run: Run) -> Iterator[tuple[Rule, Recommend, Subject]]:
    """Line recommendations of which it is not known whether they hold."""
    for rule, recommend, subject in run.rules(Recommend):
        if (
            recommend.of_line
            and recommend.about is About.LINE
            and run.when(rule, subject) is None
            and run.excepted(rule, subject) is not True
        ):
            yield rule, recommend, subject


def _undecided(run: Run, chosen: Act | None) -> list[Lacks]:
    """Line recommendations that are unknown, and would come before the chosen one or tie with it.

    One that asks for the same thing does not count: it would change nothing.
    """
    return [
        (rule.id, run.missing(rule.when, subject))
        for rule, recommend, subject in _unknown(run)
        if chosen is None or _rivals(chosen, recommend)
    ]


def asking_the_same(run: Run, chosen: Act) -> list[tuple[Rule, Subject]]:
    """Line recommendations that are unknown, ask for what is chosen, and would come before or tie with it."""
    return [
        (rule, subject)
        for rule, recommend, subject in _unknown(run)
        if recommend.preference <= chosen.recommend.preference and _asks_the_same(chosen.recommend, recommend)
    ]


def _revocable(run: Run, kept_out: list[Act], blocks: list[tuple[Rule, Block, Subject]]) -> list[Lacks]:
    """Blocks with an unknown exception that keep an act out."""
    return [
        (rule.id, run.depends_on(rule, subject))
        for rule, block, subject in blocks
        if run.depends_on(rule, subject)
        and any(concerns(run, block, act.regimen, act.agents) for act in kept_out)
    ]


def open_blocks(run: Run, act: Act, *, looked_at: bool = True) -> list[Lacks]:
    """What is unknown and would take out an act that gives more: a block, or that a line of it has failed.

    *looked_at*: also what is looked at before the first dose.
    """
    if not _gives_more(act):
        return []
    found = [
        (rule.id, run.missing(rule.when, subject))
        for rule, block, subject in run.rules(Block)
        if (looked_at or not block.before_first_dose)
        and run.when(rule, subject) is None
        and concerns(run, block, act.regimen, act.agents)
    ]
    if act.regimen is None or act.recommend.rechallenge or act.action is not Action.START:
        return found
    for line in run.chart.timeline.lines:
        if regimen_of(run.chart, line) == act.regimen:
            found += [
                (rule.id, run.missing(rule.when, line.number))
                for rule, outcome in outcome_rules_of(run, line.number)
                if outcome is Outcome.RESISTANT and run.settled(rule, line.number) is None
            ]
    return found


def _rivals(chosen: Act, other: Recommend) -> bool:
    mine = chosen.recommend
    if chosen.course is not None:
        return True
    return other.preference <= mine.preference and not _asks_the_same(mine, other)


def _asks_the_same(one: Recommend, other: Recommend) -> bool:
    """Whether two recommendations about the line ask for the same, in whatever direction."""
    return one.action is other.action and (
        (one.keep and other.keep) or (one.regimen is not None and one.regimen == other.regimen)
    )


def blocks_of(run: Run) -> list[tuple[Rule, Block, Subject]]:
    """The blocks that stand."""
    return [found for found in run.rules(Block) if run.stands(found[0], found[2])]


def failed_lines(run: Run) -> dict[str, Line]:
    """Regimens of lines that failed with an exposure that counts."""
    found: dict[str, Line] = {}
    for line in run.chart.timeline.lines:
        regimen = regimen_of(run.chart, line)
        if regimen is not None and settled_outcome(run, line) is Outcome.RESISTANT:
            found[regimen.id] = line
    for agent, line in failed_agents(run).items():
        for regimen in run.pathway.catalogue.regimens.values():
            if regimen.agents == (agent,):
                found.setdefault(regimen.id, line)
    return found


def concerns(run: Run, block: Block, regimen: Regimen | None, agents: frozenset[str]) -> bool:
    """Whether a block is about a regimen, or about drugs that are its agents."""
    catalogue = run.pathway.catalogue
    if block.regimen is not None or block.adjunct:
        return regimen is not None and regimen.id == block.regimen
    return any(catalogue.within(agent, str(block.agent)) for agent in agents)


def _gives_more(act: Act) -> bool:
    """Whether an act begins or raises something: only then a block takes it out."""
    return act.action is Action.START or act.recommend.direction is Direction.RAISE


def _blocked(run: Run, act: Act, blocks: list[tuple[Rule, Block, Subject]]) -> bool:
    return _gives_more(act) and any(concerns(run, block, act.regimen, act.agents) for _, block, _ in blocks)


def _out(
    run: Run,
    act: Act,
    blocks: list[tuple[Rule, Block, Subject]],
    failed: dict[str, Line],
) -> bool:
    if _blocked(run, act, blocks):
        return True
    recommend = act.recommend
    return (
        act.regimen is not None
        and act.regimen.id in failed
        and not recommend.rechallenge
        and recommend.action is Action.START
    )
