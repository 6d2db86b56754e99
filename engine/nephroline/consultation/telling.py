"""A decision, and what it came from, as the public answer: words and numbers, nothing decided."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nephroline.backends import PATIENT
from nephroline.consultation.acting import acts_out, advised, drugs_given
from nephroline.consultation.acts import Act
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
    Status,
)
from nephroline.consultation.blocking import blocked_out, held_back
from nephroline.consultation.computing import derived
from nephroline.consultation.decision import Decision, answering, open_silence
from nephroline.consultation.judges import exposure_rule, gap
from nephroline.consultation.monitoring import monitoring, totals
from nephroline.consultation.naming import raised_by
from nephroline.consultation.needs import Lacking, is_presumed, lacking, needs
from nephroline.consultation.outcomes import outcome
from nephroline.consultation.parts import When
from nephroline.consultation.presenting import latest, patient, taking
from nephroline.consultation.run import Run, Subject, fill
from nephroline.consultation.wording import pathway_ref, statement_ref, when
from nephroline.features import Missing, begun_within, is_confirmed, regimen_of
from nephroline.pathway import Alert, FindingOf, Rule
from nephroline.quantities import decimal_text
from nephroline.record import Line, given_at_once
from nephroline.terms import Adequacy, Answer, Response
from nephroline.version import __version__


def told(run: Run, decision: Decision, engine: str) -> tuple[Consultation, Lacking]:
    """The answer, and what it lacks; *engine*: the backend that inferred."""
    chart, pathway = run.chart, run.pathway
    offered = [
        advised(run, act, decision) for act in (decision.act, *decision.alternatives) if act is not None
    ]
    doses_lack = [item for _, items in offered for item in items]
    advice = [line for line, _ in offered]
    lacks = lacking(run, decision, doses_lack)
    asked = needs((*lacks.next_line, *lacks.rules, *lacks.always))
    answer = Consultation(
        record=chart.timeline.record.id,
        as_of=when(chart.timeline.as_of),
        patient=patient(run),
        stops_of_the_day="seen" if chart.timeline.stops_seen else "unseen",
        pathway=pathway_ref(pathway),
        engine=EngineRef(name="nephroline", version=__version__, backend=engine),
        applicability=_applicability(run, decision),
        answer=answered(run, decision, asked),
        status=status_of(run),
        latest=latest(run),
        taking=taking(run),
        lines=[line_of(run, line) for line in chart.timeline.lines],
        findings=_findings(run),
        next_line=advice[0] if decision.act else None,
        alternatives=advice[1:] if decision.act else advice,
        acts=acts_out(run, decision, advice[0] if decision.act else None),
        blocked=blocked_out(run),
        actions=[_action(run, act) for act in decision.beside],
        alerts=_alerts(run, decision),
        monitoring=monitoring(run) if decision.applies else [],
        totals=totals(run),
        derived=derived(run),
        needs=asked,
        faults=[*_faults(run, decision), *_doses_not_shown(run, advice)],
        notes=_notes(run),
    )
    return answer, lacks


def _applicability(run: Run, decision: Decision) -> Applicability:
    applied = decision.applied
    reasons = run.because(applied.node, PATIENT) if applied.node is not None else []
    return Applicability(verdict=applied.verdict, because=[applied.because, *reasons])


def answered(
    run: Run,
    decision: Decision,
    asked: Sequence[Need],
    matters: Callable[[Missing], bool] = lambda missing: True,
) -> AnswerKind:
    """What a decision comes to, and why; *matters*: which missing data are named as leaving it open."""
    open_data = [item for _, items in decision.undecided for item in items]
    data = list(dict.fromkeys(item.datum for item in open_data if matters(item)))
    names = ", ".join(_called(run, datum) for datum in data)
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
        case Answer.NO_LINE:
            said = set(answering(run))
            because = [
                fill(run.pathway, act.recommend.title or act.rule.title)
                for act in decision.beside
                if act.rule.id in said
            ]
        case Answer.HELD_BACK:
            because = [*held_back(run, decision), *undecided]
        case Answer.NEEDS_DATA:
            silence = open_silence(run)
            words = list(dict.fromkeys(m.why for m in [*filter(matters, silence)] or silence))
            because = undecided or [f"not decided without: {', '.join(words)}"]
        case Answer.NOTHING_APPLIES:
            waiting = [f"missing: {need.why}" for need in asked[:3]]
            because = ["the conditions of none are met", *waiting]
        case _:
            because = [decision.act.rule.rationale] if decision.act else []
    return AnswerKind(kind=decision.kind, because=because)


def _called(run: Run, datum: str) -> str:
    """How people call a missing datum; what has a unit by its title."""
    analyte = run.pathway.catalogue.analytes.get(datum)
    return analyte.title if analyte is not None and analyte.units else datum.replace("_", " ")


def status_of(run: Run) -> Status:
    """The response now, and since when."""
    status, since = run.chart.status, run.chart.status_since
    known = Response(next(iter(status.options))) if len(status.options) == 1 else Response.UNKNOWN
    because = [status.text]
    doubted = bool(status.provisional) or status.unconfirmed is not False
    if known is Response.RELAPSE and is_confirmed(run.chart, run.chart.timeline.assessments[-1]):
        doubted = bool(status.provisional)
    if known in (Response.INDETERMINATE, Response.PARTIAL_REMISSION) and run.chart.timeline.assessments:
        named = gap(run.pathway, run.chart, run.chart.timeline.assessments[-1])
        because += [fill(run.pathway, named)] if named else []
    active = known in (Response.NO_RESPONSE, Response.INDETERMINATE)
    last = [item.at for item in run.chart.timeline.assessments[-1:] if active]
    return Status(
        response=known,
        since=when(since.at) if since and known not in (Response.UNKNOWN, Response.UNTREATED) else None,
        provisional=doubted and known is not Response.UNTREATED,
        because=because,
        before_treatment=any(begun_within(run.chart, at, run.chart.timeline.as_of) for at in last),
    )


def line_of(run: Run, line: Line) -> LineOut:
    """A line of therapy as judged."""
    chart = run.chart
    regimen = regimen_of(chart, line)
    exposure, best = chart.exposure(line), chart.best_response(line)
    known = exposure.options if len(exposure.options) == 1 else {Adequacy.UNKNOWN}
    word = next(iter(best.options)) if len(best.options) == 1 else "unknown"
    span = chart.timeline.span(line.start, line.end)
    weeks, most = float(decimal_text(span.least / 7)), float(decimal_text(span.most / 7))
    return LineOut(
        n=line.number,
        drugs=list(line.drugs),
        adjuncts=list(line.adjuncts),
        regimen=regimen.id if regimen else None,
        started=when(line.start),
        ended=when(line.end) if line.end else None,
        last_given=_last_given(line),
        weeks=weeks,
        weeks_most=most if most > weeks else None,
        exposure=Adequacy(next(iter(known))),
        falls_short=_falls_short(run, line) if known == {Adequacy.INADEQUATE} else [],
        best_response="none" if word == Response.NO_RESPONSE else word,
        outcome=outcome(run, line),
    )


def _last_given(line: Line) -> When | None:
    """When the last dose of a line was, if all its drugs are given in single doses."""
    rows = [row for row in line.rows if row.drug in line.drugs]
    return when(rows[-1].start) if rows and all(map(given_at_once, rows)) else None


def _falls_short(run: Run, line: Line) -> list[str]:
    """What of the exposure on a line falls short: of each agent by which it is judged."""
    found: list[str] = []
    for drug in line.drugs:
        rule = exposure_rule(run.pathway, drug)
        if rule is not None and rule.inadequate is not None and run.truth(rule.inadequate, line.number):
            found += run.because(rule.inadequate, line.number)
    return list(dict.fromkeys(found))


def _findings(run: Run) -> list[FindingOut]:
    return [
        FindingOut(
            id=conclusion.id,
            title=rule.title,
            line=subject or None,
            because=run.because(rule.when, subject),
            statement=statement_ref(run, rule.statement),
            on_guideline=rule.on_guideline,
            rests_on=list(run.pathway.depends.rests_on(rule, drugs_given(run))),
            presumed=conclusion.outcome is not None and is_presumed(run, run.line(subject)),
        )
        for rule, conclusion, subject in earned(run)
    ]


def earned(run: Run) -> list[tuple[Rule, FindingOf, Subject]]:
    """Findings that are earned, by line and id."""
    found = [item for item in run.rules(FindingOf) if run.settled(item[0], item[2])]
    of_lines = {finding.id for _, finding, subject in found if subject}
    # What a line shows is not told of the patient again.
    found = [item for item in found if item[2] or item[1].id not in of_lines]
    return sorted(found, key=lambda item: (item[2] or PATIENT, item[1].id))


def _action(run: Run, act: Act) -> ActionOut:
    return ActionOut(
        rule=act.rule.id,
        action=act.action,
        title=fill(run.pathway, act.recommend.title or act.rule.title),
        short=act.rule.title,
        statement=statement_ref(run, act.rule.statement),
        on_guideline=act.rule.on_guideline,
        because=run.because(act.rule.when, act.subject),
        depends_on=[item.why for item in act.depends_on],
        before_first_dose=act.recommend.before_first_dose,
        urgent=act.recommend.urgent,
    )


def _alerts(run: Run, decision: Decision) -> list[AlertOut]:
    return [
        AlertOut(
            id=rule.id,
            severity=alert.severity,
            title=rule.title,
            detail=fill(run.pathway, alert.detail),
            raised_by=raised_by(run, rule.when, subject),
            because=run.because(rule.when, subject),
            statement=statement_ref(run, rule.statement),
            on_guideline=rule.on_guideline,
        )
        for rule, alert, subject in alerts_of(run, decision)
    ]


def alerts_of(run: Run, decision: Decision) -> list[tuple[Rule, Alert, Subject]]:
    """Alerts that stand, loudest first; a rule about lines alerts once."""
    found: dict[str, tuple[Rule, Alert, Subject]] = {}
    for rule, alert, subject in run.rules(Alert):
        if run.stands(rule, subject) and (decision.applies or rule.care):
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


def _doses_not_shown(run: Run, advice: Sequence[LineAdvice]) -> list[str]:
    """Doses that were worked out and are not plausible: something behind them is wrong."""
    title = run.pathway.catalogue.title
    return [
        f"a dose of {title(dose.drug)} is not shown: it came out outside the plausible {dose.outside}"
        for line in advice
        for dose in line.doses
        if dose.outside
    ]


def _notes(run: Run) -> list[str]:
    """What the chart notes in words beside a drug that is taken now: shown, since no rule can read it."""
    chart = run.chart
    rows = chart.timeline.treatment.running.values()
    return [f"{chart.called(row)}: {row.note}" for row in rows if row.note]
