"""A decision, and what it came from, as the public answer: words and numbers, nothing decided."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nephroline.backends import PATIENT
from nephroline.consultation.answer import (
    ActionOut,
    AlertOut,
    AnswerKind,
    Applicability,
    BlockedOut,
    BlockReason,
    Consultation,
    EngineRef,
    FindingOut,
    LineAdvice,
    LineOut,
    Need,
    PathwayRef,
    StatementRef,
    Status,
    When,
)
from nephroline.consultation.choosing import Act, blocks_of, concerns, failed_lines
from nephroline.consultation.decision import Decision, open_for
from nephroline.consultation.doses import doses, numbers, target
from nephroline.consultation.judges import gap
from nephroline.consultation.monitoring import monitoring, planned, totals
from nephroline.consultation.needs import Lacking, lacking, needs
from nephroline.consultation.outcomes import outcome
from nephroline.consultation.run import Run, Subject, fill
from nephroline.consultation.wording import VERBS, title_of_line
from nephroline.features import Missing, gather
from nephroline.pathway import Alert, FindingOf, Recommend, Rule, Statement
from nephroline.quantities import decimal_text
from nephroline.record import Line, Moment
from nephroline.terms import Action, Adequacy, Answer, Response
from nephroline.version import __version__

FAILED = "already-failed"
"""The id of the standing reason not to repeat a line that failed with adequate exposure."""


def told(run: Run, decision: Decision, engine: str) -> tuple[Consultation, Lacking]:
    """The answer, and what it lacks; *engine*: the backend that inferred."""
    chart, pathway = run.chart, run.pathway
    offered = [
        _advice(run, act, decision) for act in (decision.act, *decision.alternatives) if act is not None
    ]
    doses_lack = [item for _, items in offered for item in items]
    advice = [line for line, _ in offered]
    lacks = lacking(run, decision, doses_lack)
    asked = needs((*lacks.next_line, *lacks.rules, *lacks.always))
    answer = Consultation(
        record=chart.timeline.record.id,
        as_of=_when(chart.timeline.as_of),
        pathway=PathwayRef(
            id=pathway.id,
            edition=pathway.edition,
            digest=pathway.digest,
            changed=list(pathway.catalogue.replaced) or msgspec.UNSET,
        ),
        engine=EngineRef(name="nephroline", version=__version__, backend=engine),
        applicability=_applicability(run, decision),
        answer=_answer(run, decision, asked),
        status=_status(run),
        lines=[_line(run, line) for line in chart.timeline.lines],
        findings=_findings(run),
        next_line=advice[0] if decision.act else None,
        alternatives=advice[1:] if decision.act else advice,
        blocked=blocked_out(run),
        actions=[_action(run, act) for act in decision.beside] if decision.applies else [],
        alerts=_alerts(run),
        monitoring=monitoring(run) if decision.applies else [],
        totals=totals(run),
        needs=asked,
        faults=_faults(run, decision),
    )
    return answer, lacks


def _applicability(run: Run, decision: Decision) -> Applicability:
    applied = decision.applied
    reasons = run.because(applied.node, PATIENT) if applied.node is not None else []
    return Applicability(verdict=applied.verdict, because=[applied.because, *reasons])


def _answer(run: Run, decision: Decision, asked: Sequence[Need]) -> AnswerKind:
    data = list(dict.fromkeys(item.datum for _, items in decision.undecided for item in items))
    names = ", ".join(datum.replace("_", " ") for datum in data)
    undecided = [f"not decided without: {names}"] if data else []
    match decision.kind:
        case Answer.NOT_APPLICABLE:
            because = _applicability(run, decision).because
        case Answer.CONFLICT:
            names = " and ".join(act.rule.id for act in decision.conflict)
            because = [f"these rules ask for different things: {names}"]
        case Answer.GUIDELINE_SILENT:
            silent = [fill(run.pathway, act.recommend.title or act.rule.title) for act in decision.silent]
            because = [*silent, *undecided]
        case Answer.NEEDS_DATA:
            because = undecided
        case Answer.NOTHING_APPLIES:
            waiting = [f"missing: {need.why}" for need in asked[:3]]
            because = ["no rule about the next line holds now", *waiting]
        case _:
            because = [decision.act.rule.rationale] if decision.act else []
    return AnswerKind(kind=decision.kind, because=because)


def _status(run: Run) -> Status:
    status, since = run.chart.status, run.chart.status_since
    known = Response(next(iter(status.options))) if len(status.options) == 1 else Response.UNKNOWN
    because = [status.text]
    if known is Response.INDETERMINATE:
        named = gap(run.pathway, run.chart, run.chart.timeline.assessments[-1])
        because += [fill(run.pathway, named)] if named else []
    return Status(
        response=known,
        since=_when(since.at) if since and known not in (Response.UNKNOWN, Response.UNTREATED) else None,
        because=because,
    )


def _line(run: Run, line: Line) -> LineOut:
    chart = run.chart
    regimen = run.pathway.catalogue.regimen_of(frozenset(line.drugs))
    exposure, best = chart.exposure(line), chart.best_response(line)
    known = exposure.options if len(exposure.options) == 1 else {Adequacy.UNKNOWN}
    word = next(iter(best.options)) if len(best.options) == 1 else "unknown"
    weeks = chart.timeline.span(line.start, line.end).least / 7
    return LineOut(
        n=line.number,
        drugs=list(line.drugs),
        adjuncts=list(line.adjuncts),
        regimen=regimen.id if regimen else None,
        started=_when(line.start),
        ended=_when(line.end) if line.end else None,
        weeks=float(decimal_text(weeks)),
        exposure=Adequacy(next(iter(known))),
        best_response="none" if word == Response.NO_RESPONSE else word,
        outcome=outcome(run, line),
    )


def _findings(run: Run) -> list[FindingOut]:
    return [
        FindingOut(
            id=conclusion.id,
            title=rule.title,
            line=subject or None,
            because=run.because(rule.when, subject),
            statement=_statement(run, rule.statement),
            on_guideline=rule.on_guideline,
            rests_on=list(run.pathway.depends.rests_on(rule, _drugs_given(run))),
        )
        for rule, conclusion, subject in _earned(run)
    ]


def _earned(run: Run) -> list[tuple[Rule, FindingOf, Subject]]:
    """Findings that are earned, by line and id."""
    found = [item for item in run.rules(FindingOf) if run.settled(item[0], item[2])]
    return sorted(found, key=lambda item: (item[2] or PATIENT, item[1].id))


def _advice(run: Run, act: Act, decision: Decision) -> tuple[LineAdvice, list[Missing]]:
    recommend, rule = act.recommend, act.rule
    catalogue = run.pathway.catalogue
    name = title_of_line(catalogue, act.what)
    given, missing = doses(run, act)
    rivals = decision.undecided if act is decision.act else ()
    open_rules = (item for _, items in rivals for item in items)
    open_data = gather((*act.depends_on, *open_rules, *open_for(run, act), *decision.applied.missing))
    trial = run.pathway.thresholds.get(act.regimen.minimum_trial or "") if act.regimen else None
    advice = LineAdvice(
        rule=rule.id,
        action=recommend.action,
        regimen=act.regimen.id if act.regimen else None,
        title=recommend.title or f"{VERBS[recommend.action]} {name}",
        detail=fill(run.pathway, recommend.detail),
        doses=given,
        target=target(run, act),
        minimum_trial=trial.first.text if trial and recommend.action is Action.START else "",
        reassess_at=_reassess(run, act),
        monitoring=planned(run, act.regimen) if act.regimen else [],
        statement=_statement(run, rule.statement),
        on_guideline=rule.on_guideline,
        because=run.because(rule.when, act.subject),
        certain=not open_data,
        depends_on=[item.why for item in open_data],
        rests_on=_rests_on(run, act),
    )
    return advice, missing


def _rests_on(run: Run, act: Act) -> list[str]:
    """The numbers that are not confirmed: those that say how to give a line, and those that chose it."""
    chose = run.pathway.depends.rests_on(act.rule, _drugs_given(run))
    return list(dict.fromkeys((*run.pathway.depends.unsure(numbers(act)), *chose)))


def _drugs_given(run: Run) -> frozenset[str]:
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
    due = max(start + after, timeline.now)
    return _when(timeline.record.clock.about(due, timeline.as_of.label))


def _action(run: Run, act: Act) -> ActionOut:
    return ActionOut(
        rule=act.rule.id,
        action=act.action,
        title=fill(run.pathway, act.recommend.title or act.rule.title),
        statement=_statement(run, act.rule.statement),
        on_guideline=act.rule.on_guideline,
        because=run.because(act.rule.when, act.subject),
        depends_on=[item.why for item in act.depends_on],
        before_first_dose=act.recommend.before_first_dose,
    )


def blocked_out(run: Run) -> list[BlockedOut]:
    """Every regimen the pathway may recommend that is out, with all reasons."""
    blocks, failed = blocks_of(run), failed_lines(run)
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


def _alerts(run: Run) -> list[AlertOut]:
    return [
        AlertOut(
            id=rule.id,
            severity=alert.severity,
            title=rule.title,
            detail=fill(run.pathway, alert.detail),
            because=run.because(rule.when, subject),
            statement=_statement(run, rule.statement),
            on_guideline=rule.on_guideline,
        )
        for rule, alert, subject in _loudest(run)
    ]


def _loudest(run: Run) -> list[tuple[Rule, Alert, Subject]]:
    """Alerts that stand, loudest first; a rule about lines alerts once."""
    found: dict[str, tuple[Rule, Alert, Subject]] = {}
    for rule, alert, subject in run.rules(Alert):
        if run.stands(rule, subject):
            found[rule.id] = (rule, alert, subject)
    return sorted(found.values(), key=lambda item: (item[1].severity.rank, item[0].id))


def _faults(run: Run, decision: Decision) -> list[str]:
    """Entries that were kept but not used, contradictions in the chart, ties among rules."""
    timeline = run.chart.timeline
    found = [fault.text for fault in timeline.record.faults if fault.seen_at(timeline.now)]
    found += [fault for choice in run.chart.responses for fault in choice.faults]
    if decision.conflict:
        names = ", ".join(c.rule.id for c in decision.conflict)
        found.append(f"rules of the same preference ask for different things: {names}")
    return found


def _statement(run: Run, statement: Statement) -> StatementRef:
    source = run.pathway.catalogue.sources[statement.source]
    return StatementRef(
        source=statement.source,
        id=statement.id,
        kind=str(statement.kind),
        strength=str(statement.strength),
        certainty=str(statement.certainty),
        grade=statement.grade,
        confidence=str(statement.confidence),
        citation=source.short,
    )


def _when(moment: Moment) -> When:
    return When(offset_days=float(decimal_text(moment.latest)), label=moment.label)
