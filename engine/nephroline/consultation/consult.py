"""The one question: where does this patient stand at this time, and what is the next line?"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nephroline.backends import PATIENT, Backend, backend
from nephroline.consultation.advice import (
    Candidate,
    Choosing,
    alerts,
    blocked_out,
    choose,
    findings,
    open_blocks,
    outcome,
)
from nephroline.consultation.answer import (
    ActionOut,
    AlertOut,
    AnswerKind,
    Applicability,
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
from nephroline.consultation.doses import doses, numbers, target
from nephroline.consultation.judges import gap
from nephroline.consultation.monitoring import monitoring, planned, totals
from nephroline.consultation.needs import Lacking, lacking, needs
from nephroline.consultation.run import Run, chart_of, fill, prepare, same_catalogue
from nephroline.errors import UsageError, quoted
from nephroline.features import Missing, Slot, gather
from nephroline.lang import Node
from nephroline.pathway import Pathway, Recommend, Rule, Statement
from nephroline.quantities import QuantityError, decimal_text
from nephroline.record import Line, Moment, Record
from nephroline.terms import Action, Answer, Entry, Exposure, Response, Verdict
from nephroline.version import __version__


class Applied(msgspec.Struct, frozen=True):
    """Whether a pathway speaks of the patient, by which condition, and what could still change that."""

    verdict: Verdict
    because: str
    node: Node | None
    missing: tuple[Missing, ...]


class Consulted(msgspec.Struct, frozen=True, eq=False):
    """A consultation together with the run it came from, for explanations, and what it lacks."""

    consultation: Consultation
    run: Run
    choosing: Choosing
    lacking: Lacking


def consult(
    record: Record,
    pathway: Pathway,
    as_of: str | Moment | None = None,
    *,
    backend_name: str = "durable",
) -> Consultation:
    """Consult a pathway about a record.

    Args:
        record: the chart.
        pathway: the rules.
        as_of: the decision time (``10 mo``, ``2014-05-31``); nothing later is seen. Without it, the
            last dated item of the chart; never today.
        backend_name: ``durable``, ``reference``, or ``shadow`` (both, compared).

    Raises:
        UsageError: as-of cannot be read, lies before time zero, or the chart has no dated item.
        InferenceError: the inference engine cannot be trusted here; there is no answer.
    """
    return consulted(record, pathway, as_of, backend(backend_name)).consultation


def consulted(record: Record, pathway: Pathway, as_of: str | Moment | None, engine: Backend) -> Consulted:
    """Consult, and keep the run for explanations. Raises as `consult`."""
    moment = decision_time(record, as_of)
    same_catalogue(record, pathway)
    run = Run(pathway, chart_of(record, pathway, moment))
    run.fire(prepare(pathway, engine, late=False))
    applied = applicability(run)
    applies = applied.verdict is not Verdict.DOES_NOT_APPLY
    choosing = choose(run)
    if not applies:
        choosing = msgspec.structs.replace(choosing, chosen=None, alternatives=(), conflict=())
    chosen = choosing.chosen
    if chosen is not None and chosen.recommend.action is not Action.STOP:
        run.chart = msgspec.structs.replace(run.chart, proposed=chosen.agents)
    run.fire(prepare(pathway, engine, late=True))
    answer, lacks = _consultation(run, choosing, applied, engine, applies=applies)
    return Consulted(answer, run, choosing, lacks)


def decision_time(record: Record, as_of: str | Moment | None) -> Moment:
    """Read the decision time. Raises: UsageError."""
    if isinstance(as_of, Moment):
        moment = as_of
    elif as_of is None:
        dated = record.moments()
        if not dated:
            raise UsageError.of(
                "the record has no dated item, so there is no time to consult at",
                "give the decision time, or add an observation",
            )
        moment = dated[-1]
    else:
        try:
            moment = record.clock.read(as_of)
        except QuantityError as bad:
            raise UsageError.of(f"as-of: {bad}", bad.help) from None
    if moment.latest < 0:
        raise UsageError.of(
            f"as-of {quoted(moment.label)} is before time zero of the record",
            "give a time at or after time zero",
        )
    return moment


# -- parts of the answer -----------------------------------------------------------------------------


def _consultation(
    run: Run,
    choosing: Choosing,
    applied: Applied,
    engine: Backend,
    *,
    applies: bool,
) -> tuple[Consultation, Lacking]:
    chart, pathway = run.chart, run.pathway
    open_verdict, verdict = applied.missing, _applicability(run, applied)
    offered = [
        _advice(run, c, choosing, open_verdict)
        for c in (choosing.chosen, *choosing.alternatives)
        if c is not None
    ]
    doses_lack = [item for _, items in offered for item in items]
    advice = [line for line, _ in offered]
    lacks = lacking(run, choosing, doses_lack, open_verdict, applies=applies)
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
        engine=EngineRef(name="nephroline", version=__version__, backend=engine.name),
        applicability=verdict,
        answer=_answer(run, choosing, verdict, asked),
        status=_status(run),
        lines=[_line(run, line) for line in chart.timeline.lines],
        findings=_findings(run),
        next_line=advice[0] if choosing.chosen else None,
        alternatives=advice[1:] if choosing.chosen else advice,
        blocked=blocked_out(run),
        actions=_actions(run, applies=applies),
        alerts=_alerts(run),
        monitoring=monitoring(run) if applies else [],
        totals=totals(run),
        needs=asked,
        faults=_faults(run, choosing),
    )
    return answer, lacks


def applicability(run: Run) -> Applied:
    """The first verdict that holds, and the data that could still bring in another.

    As long as such data are missing, what follows from the verdict is not certain.
    """
    missing: list[Missing] = []
    for verdict, node, because in run.pathway.applicability:
        truth, lacking = run.judged(node, PATIENT)
        missing += lacking
        if truth:
            if verdict is not Verdict.APPLIES and not missing:
                missing.append(_unshown(run, because))
            return Applied(verdict, because, node, gather(missing))
    reason = "no biopsy shows the disease of this pathway so far"
    return Applied(Verdict.PROVISIONAL, reason, None, gather(missing) or (_unshown(run, reason),))


def _unshown(run: Run, why: str) -> Missing:
    """What a verdict short of "applies" still lacks: a biopsy, unless one shows the pathway's disease."""
    timeline = run.chart.timeline
    shown = any(biopsy.diagnosis == run.pathway.disease for biopsy in timeline.biopsies)
    return Missing("diagnosis", why, None if shown else Slot(Entry.BIOPSY, "", timeline.as_of))


def _applicability(run: Run, applied: Applied) -> Applicability:
    reasons = run.because(applied.node, PATIENT) if applied.node is not None else []
    return Applicability(verdict=applied.verdict, because=[applied.because, *reasons])


def _answer(run: Run, choosing: Choosing, verdict: Applicability, asked: Sequence[Need]) -> AnswerKind:
    chosen = choosing.chosen
    silent = [
        fill(run.pathway, recommend.title or rule.title)
        for rule, recommend, subject in run.rules(Recommend)
        if recommend.silent and run.stands(rule, subject)
    ]
    if verdict.verdict is Verdict.DOES_NOT_APPLY:
        return AnswerKind(kind=Answer.NOT_APPLICABLE, because=verdict.because)
    if choosing.conflict:
        names = " and ".join(c.rule.id for c in choosing.conflict)
        return AnswerKind(kind=Answer.CONFLICT, because=[f"these rules ask for different things: {names}"])
    open_rules = choosing.undecided
    if chosen is not None and not (silent and chosen.recommend.action is Action.STOP):
        kind = Answer.CONTINUE if chosen.recommend.action is Action.CONTINUE else Answer.NEXT_LINE
        return AnswerKind(kind=kind, because=[chosen.rule.rationale])
    data = list(dict.fromkeys(item.datum for _, items in open_rules for item in items))
    names = ", ".join(datum.replace("_", " ") for datum in data)
    undecided_for = [f"not decided without: {names}"] if data else []
    if silent:
        return AnswerKind(kind=Answer.GUIDELINE_SILENT, because=[*silent, *undecided_for])
    if open_rules:
        return AnswerKind(kind=Answer.NEEDS_DATA, because=undecided_for)
    waiting = [f"missing: {need.why}" for need in asked[:3]]
    return AnswerKind(
        kind=Answer.NOTHING_APPLIES, because=["no rule about the next line holds now", *waiting]
    )


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
    known = exposure.options if len(exposure.options) == 1 else {Exposure.UNKNOWN}
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
        exposure=Exposure(next(iter(known))),
        best_response="none" if word == Response.NO_RESPONSE else word,
        outcome=outcome(run, line),
    )


def _findings(run: Run) -> list[FindingOut]:
    return [
        FindingOut(
            id=conclusion.id,
            title=rule.title,
            line=subject or None,
            because=_because(run, rule, subject),
            statement=_statement(run, rule.statement),
            on_guideline=rule.on_guideline,
            rests_on=list(run.pathway.depends.rests_on(rule, _drugs_given(run))),
        )
        for rule, conclusion, subject in findings(run)
    ]


def _because(run: Run, rule: Rule, subject: int) -> list[str]:
    return run.because(rule.when, subject)


VERBS = {
    Action.START: "Start",
    Action.CONTINUE: "Continue",
    Action.ADJUST: "Adjust",
    Action.TAPER: "Taper",
    Action.STOP: "Stop",
}


def _advice(
    run: Run, candidate: Candidate, choosing: Choosing, open_verdict: tuple[Missing, ...]
) -> tuple[LineAdvice, list[Missing]]:
    recommend, rule = candidate.recommend, candidate.rule
    catalogue = run.pathway.catalogue
    name = (
        candidate.regimen.title
        if candidate.regimen
        else " + ".join(catalogue.title(agent) for agent in sorted(candidate.agents))
    )
    given, missing = doses(run, candidate)
    rivals = list(choosing.undecided) if candidate is choosing.chosen else []
    rivals += open_blocks(run, candidate)
    open_rules = [item for _, items in rivals for item in items]
    open_data = gather((*candidate.depends_on, *open_rules, *open_verdict))
    trial = run.pathway.thresholds.get(candidate.regimen.minimum_trial or "") if candidate.regimen else None
    advice = LineAdvice(
        rule=rule.id,
        action=recommend.action,
        regimen=candidate.regimen.id if candidate.regimen else None,
        title=recommend.title or f"{VERBS[recommend.action]} {name}",
        detail=fill(run.pathway, recommend.detail),
        doses=given,
        target=target(run, candidate),
        minimum_trial=trial.first.text if trial and recommend.action is Action.START else "",
        reassess_at=_reassess(run, candidate),
        monitoring=planned(run, candidate.regimen) if candidate.regimen else [],
        statement=_statement(run, rule.statement),
        on_guideline=rule.on_guideline,
        because=_because(run, rule, candidate.subject),
        certain=not open_data,
        depends_on=[item.why for item in open_data],
        rests_on=_rests_on(run, candidate),
    )
    return advice, missing


def _rests_on(run: Run, candidate: Candidate) -> list[str]:
    """The numbers that are not confirmed: those that say how to give a line, and those that chose it."""
    chose = run.pathway.depends.rests_on(candidate.rule, _drugs_given(run))
    return list(dict.fromkeys((*run.pathway.depends.unsure(numbers(candidate)), *chose)))


def _drugs_given(run: Run) -> frozenset[str]:
    return frozenset(drug for line in run.chart.timeline.lines for drug in line.drugs)


def _reassess(run: Run, candidate: Candidate) -> When | None:
    """When to judge: counted from now for a line that starts or changes, else from its start."""
    recommend, timeline = candidate.recommend, run.chart.timeline
    if recommend.reassess is None:
        return None
    after = run.pathway.thresholds[recommend.reassess].days
    line = run.line(candidate.subject) or timeline.line
    kept = recommend.action is Action.CONTINUE and line is not None
    start = line.start.latest if kept and line is not None else timeline.now
    due = max(start + after, timeline.now)
    return _when(timeline.record.clock.about(due, timeline.as_of.label))


def _actions(run: Run, *, applies: bool) -> list[ActionOut]:
    if not applies:
        return []
    found: dict[str, ActionOut] = {}
    for rule, recommend, subject in run.rules(Recommend):
        if recommend.action.of_line or not run.stands(rule, subject):
            continue
        found[rule.id] = ActionOut(
            rule=rule.id,
            action=recommend.action,
            title=fill(run.pathway, recommend.title or rule.title),
            statement=_statement(run, rule.statement),
            on_guideline=rule.on_guideline,
            because=_because(run, rule, subject),
            depends_on=[item.why for item in run.depends_on(rule, subject)],
            before_first_dose=recommend.before_first_dose,
        )
    order = [Action.REFER, Action.INVESTIGATE, Action.SUPPORTIVE]
    return sorted(found.values(), key=lambda action: (order.index(action.action), action.rule))


def _alerts(run: Run) -> list[AlertOut]:
    return [
        AlertOut(
            id=rule.id,
            severity=alert.severity,
            title=rule.title,
            detail=fill(run.pathway, alert.detail),
            because=_because(run, rule, subject),
            statement=_statement(run, rule.statement),
            on_guideline=rule.on_guideline,
        )
        for rule, alert, subject in alerts(run)
    ]


def _faults(run: Run, choosing: Choosing) -> list[str]:
    """Entries that were kept but not used, contradictions in the chart, ties among rules."""
    timeline = run.chart.timeline
    found = [fault.text for fault in timeline.record.faults if fault.at.latest < timeline.now]
    found += [fault for choice in run.chart.responses for fault in choice.faults]
    if choosing.conflict:
        names = ", ".join(c.rule.id for c in choosing.conflict)
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
