"""What is to be done, in words: the advice on the line, and an act for each agent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from nephroline.consultation.acts import Act, Lacks
from nephroline.consultation.answer import ActOut, LineAdvice
from nephroline.consultation.choosing import taken_already
from nephroline.consultation.decision import Decision, open_for, provisional_data
from nephroline.consultation.doses import adjuncts_out, doses, numbers, target
from nephroline.consultation.monitoring import planned
from nephroline.consultation.parts import When
from nephroline.consultation.run import Run, fill
from nephroline.consultation.supposing import Precautions, precautions
from nephroline.consultation.tapers import taper
from nephroline.consultation.wording import act_word, statement_ref, title_of_line, verb, when
from nephroline.exact import Fraction
from nephroline.features import Amount, Missing, full_dose_since, gather, remission_lasted
from nephroline.pathway import Recommend
from nephroline.record import Line, given_at_once
from nephroline.terms import LOW_ONLY, Action, Direction, ReassessFrom


def advised(run: Run, act: Act, decision: Decision) -> tuple[LineAdvice, list[Missing]]:
    """The advice on the line that an act gives, and what its doses lack."""
    recommend, rule = act.recommend, act.rule
    name = _running(run, act, title=True) if act.recommend.keep or act.course else _begun(run, act)
    given, missing = doses(run, act)
    open_data = depends_on(run, act, decision)
    first = precautions(run, act) if act in decision.alternatives else Precautions()
    trial = run.pathway.thresholds.get(act.regimen.minimum_trial or "") if act.regimen else None
    advice = LineAdvice(
        rule=rule.id,
        action=recommend.action,
        regimen=act.regimen.id if act.regimen else None,
        title=recommend.title or f"{verb(recommend)} {name}",
        detail=fill(run.pathway, recommend.detail),
        doses=given,
        target=target(run, act),
        minimum_trial=trial.first.text if trial and recommend.action is Action.START else "",
        reassess_at=_reassess(run, act),
        monitoring=planned(run, act.regimen) if act.regimen and recommend.action is not Action.STOP else [],
        statement=statement_ref(run, rule.statement),
        on_guideline=rule.on_guideline,
        because=run.because(rule.when, act.subject),
        certain=not open_data,
        depends_on=[item.why for item in open_data],
        rests_on=_rests_on(run, act),
        before_first_dose=list(first.before),
        alerts=list(first.alerts),
        taper=taper(run, act),
        with_or_after=act in decision.alternatives and _spares(run, act, decision.act),
    )
    return advice, missing


def depends_on(run: Run, act: Act, decision: Decision) -> tuple[Missing, ...]:
    """The data that leave an act on a line uncertain; none, if nothing unknown could turn it."""
    rivals = decision.undecided if act is decision.act else ()
    open_rules = (item for _, items in rivals for item in items)
    taken_so = provisional_data(run)
    return gather((*act.depends_on, *open_rules, *open_for(run, act), *taken_so, *decision.applied.missing))


def _spares(run: Run, act: Act, chosen: Act | None) -> bool:
    """Whether an act spares what the chosen one begins."""
    spared = act.recommend.spares
    if spared is None or chosen is None or chosen.action is not Action.START:
        return False
    return any(run.pathway.catalogue.within(agent, spared) for agent in chosen.agents)


def _begun(run: Run, act: Act) -> str:
    """What begins: the regimen by its title, or its agents where an adjunct of it is out."""
    catalogue, regimen = run.pathway.catalogue, act.regimen
    if regimen is not None and set(regimen.adjuncts) & set(adjuncts_out(run)) and regimen.doses:
        dosed = [
            d.drug for d in regimen.doses if not any(catalogue.within(d.drug, a) for a in regimen.agents)
        ]
        if dosed:
            return " and ".join(catalogue.title(agent) for agent in regimen.agents)
    return title_of_line(catalogue, act.what)


def _rests_on(run: Run, act: Act) -> list[str]:
    """The numbers that are not confirmed: those that say how to give a line, and those that chose it."""
    chose = run.pathway.depends.rests_on(act.rule, drugs_given(run))
    return list(dict.fromkeys((*run.pathway.depends.unsure(numbers(act)), *chose)))


def drugs_given(run: Run) -> frozenset[str]:
    """The drugs of the lines so far."""
    return frozenset(drug for line in run.chart.timeline.lines for drug in line.drugs)


def _reassess(run: Run, act: Act) -> When | None:
    """When to judge: counted from now for a line that starts or changes, else from its start."""
    recommend, timeline = act.recommend, run.chart.timeline
    if recommend.reassess is None:
        return None
    after = run.pathway.thresholds[recommend.reassess].days
    line = run.line(act.subject) or timeline.line
    kept = recommend.action is Action.CONTINUE and line is not None
    start = line.start.latest if kept and line is not None else timeline.now
    match recommend.reassess_from:
        case ReassessFrom.NOW:
            start = timeline.now
        case ReassessFrom.FULL_DOSE if act.course is not None:
            begun = full_dose_since(run.chart, act.course)
            start = begun.latest if begun is not None else timeline.now
        case ReassessFrom.REMISSION:
            start = _remission_since(run)
        case _:
            pass
    due = max(start + after, timeline.now)
    return when(timeline.record.clock.about(due, timeline.as_of.label))


def _remission_since(run: Run) -> Fraction:
    lasted = remission_lasted(run.chart)
    assert isinstance(lasted, Amount)  # noqa: S101
    return run.chart.timeline.now - (lasted.low or 0)


def acts_out(run: Run, decision: Decision, advice: LineAdvice | None) -> list[ActOut]:
    """What is to be done with each agent: those of the line, then those of courses beside it."""
    found: list[ActOut] = []
    for act, agent, word in acts_named(run, decision):
        if act is None:
            found.append(_undecided(run, agent, [lacks for n, lacks in decision.courses_open if n == agent]))
        elif any(act is one for one in decision.on_others):
            found.append(_on_other(run, act, agent, word))
        else:
            found.append(_act(run, act, agent, word, advice if act is decision.act else None))
    return found


_UNDECIDED = "undecided"


def acts_named(run: Run, decision: Decision) -> Iterator[tuple[Act | None, str, str]]:
    """What is to be done with each agent in a word, and the act that says so; none, while that is open."""
    act = decision.act
    if act is not None:
        agents = act.regimen.agents if act.action is Action.START and act.regimen else sorted(act.agents)
        moved = set(act.recommend.dose)
        for agent in agents:
            still = act.course is None and act.action is Action.ADJUST and moved and agent not in moved
            goes_on = still or (act.action is Action.START and taken_already(run, agent))
            yield act, agent, "continue" if goes_on else act_word(act.recommend)
    for one in decision.courses:
        yield one, str(one.course), act_word(one.recommend)
    told = {one.course for one in (act, *decision.courses) if one is not None}
    for agent in dict.fromkeys(name for name, _ in decision.courses_open):
        if agent not in told:
            yield None, agent, _UNDECIDED
    for one in decision.on_others:
        (agent,) = one.agents
        yield one, agent, act_word(one.recommend) if one.action.of_line else "start"


def _on_other(run: Run, act: Act, agent: str, word: str) -> ActOut:
    """An act on a drug that makes no line."""
    catalogue, treatment = run.pathway.catalogue, run.chart.timeline.treatment
    row = treatment.perhaps_taken.get(agent)
    name = run.chart.called(row) if row is not None else catalogue.title(agent)
    shown = fill(run.pathway, act.recommend.title)
    return ActOut(
        agent=agent,
        act=word,
        regimen=None,
        title=shown if word == "start" else f"{word.capitalize()} {name}",
        detail=fill(run.pathway, act.recommend.detail),
        dose=row.dose.text if row is not None and row.dose is not None else "",
        until=None,
        certain=not act.depends_on,
        because=run.because(act.rule.when, act.subject),
        statement=statement_ref(run, act.rule.statement),
        on_guideline=act.rule.on_guideline,
        rule=act.rule.id,
    )


def _act(run: Run, act: Act, agent: str, word: str, advice: LineAdvice | None) -> ActOut:
    recommend, rule = act.recommend, act.rule
    running = run.chart.timeline.running
    own = running.get(agent) if act.course is None else None
    given = advice.doses if advice is not None else doses(run, act)[0]
    planned = [d.for_this_patient or d.amount for d in given if run.pathway.catalogue.within(d.drug, agent)]
    dose = ", ".join(planned) or (own.dose.text if own and own.dose and word != "start" else "")
    if act.course is not None and not planned:
        dose = _running(run, act)
    title = recommend.title or f"{verb(recommend)} {_running(run, act, title=True)}" if act.course else ""
    shown = fill(run.pathway, recommend.detail)
    certain = advice.certain if advice is not None else not act.depends_on
    return ActOut(
        agent=agent,
        act=word,
        regimen=act.regimen.id if act.regimen else None,
        title=title or (advice.title if advice else "") or f"{word} {agent}",
        detail=shown,
        dose=dose,
        until=advice.reassess_at if advice is not None else _reassess(run, act),
        certain=certain,
        because=advice.because if advice is not None else run.because(rule.when, act.subject),
        statement=statement_ref(run, rule.statement),
        on_guideline=rule.on_guideline,
        rule=rule.id,
        taper=advice.taper if advice is not None else taper(run, act),
    )


def _undecided(run: Run, agent: str, open_rules: Sequence[Lacks]) -> ActOut:
    """That it is not decided what to do with a course, and what would decide it."""
    rule = run.pathway.rules[open_rules[0][0]]
    missing = gather(item for _, items in open_rules for item in items)
    concluded = [run.pathway.rules[name].conclusion for name, _ in open_rules]
    ways = dict.fromkeys(act_word(one) for one in concluded if isinstance(one, Recommend))
    title = run.pathway.catalogue.title(agent)
    return ActOut(
        agent=agent,
        act=_UNDECIDED,
        regimen=None,
        title=f"{title[0].upper()}{title[1:]}: not decided",
        detail=f"{' or '.join(ways)}, by what is missing; until then it goes on, and is not ended at once",
        dose="",
        until=None,
        certain=False,
        because=[item.why for item in missing],
        statement=statement_ref(run, rule.statement),
        on_guideline=rule.on_guideline,
        rule=rule.id,
    )


def _running(run: Run, act: Act, *, title: bool = False) -> str:
    """What is taken of the agents of an act on what runs: drugs, and the dose of a course.

    In a *title*, from which dose one goes down.
    """
    down = title and (act.action is Action.TAPER or act.recommend.direction is Direction.REDUCE)
    timeline, catalogue = run.chart.timeline, run.pathway.catalogue
    rows = timeline.treatment.perhaps_taken
    line = run.line(act.subject) or timeline.line
    told: list[str] = []
    lasting = [drug for drug in act.agents if drug not in rows or not given_at_once(rows[drug])]
    for drug in sorted(lasting or act.agents):
        row = rows.get(drug)
        name = (row.name if row else "") or catalogue.drugs[drug].title
        dose = row.dose if act.course and row else None
        told.append(f"{name} {'from ' if down else ''}{dose.text}" if dose else name)
    # What ends does not end the steroid beside it, which is tapered.
    alone = act.course or line is None or act.recommend.action is Action.STOP
    beside = "" if alone or line is None else _low_beside(run, line)
    return " and ".join(told) + beside


def _low_beside(run: Run, line: Line) -> str:
    """What of a followed class is taken beside a line at a low dose, which belongs to its regimen."""
    treatment, catalogue = run.chart.timeline.treatment, run.pathway.catalogue
    low = [
        catalogue.drugs[drug].title
        for drug, row in treatment.running.items()
        if drug in line.adjuncts and catalogue.followed(drug) and treatment.phases(row) == LOW_ONLY
    ]
    return f" with low-dose {' and '.join(low)}" if low else ""
