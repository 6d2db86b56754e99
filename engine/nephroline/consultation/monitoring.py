"""What to measure while drugs run, and when each is due; how much of each was given in all."""

from __future__ import annotations

from nephroline.catalogue import Regimen, Schedule, often
from nephroline.consultation.parts import MonitoringOut, TotalOut
from nephroline.consultation.run import Run
from nephroline.consultation.wording import when
from nephroline.exact import Fraction
from nephroline.features import Amount, cumulative_dose
from nephroline.quantities import decimal_text
from nephroline.record import Course


def monitoring(run: Run) -> list[MonitoringOut]:
    """The next value of every analyte that a running drug asks for, soonest first, one for each analyte.

    A value is due so long after the last one since the drug began, or after its start, as the schedule says.
    """
    timeline, catalogue = run.chart.timeline, run.pathway.catalogue
    found: dict[str, MonitoringOut] = {}
    for course in timeline.courses:
        if course.end is not None:
            continue
        for schedule in catalogue.monitoring.values():
            if catalogue.belongs(course.drug, schedule.agent):
                for measure in schedule.measure:
                    item = _next(run, course, schedule, measure)
                    known = found.get(measure)
                    if known is None or item.due.offset_days < known.due.offset_days:
                        found[measure] = item
    return sorted(found.values(), key=lambda item: (item.due.offset_days, item.measure))


def _next(run: Run, course: Course, schedule: Schedule, measure: str) -> MonitoringOut:
    timeline, catalogue = run.chart.timeline, run.pathway.catalogue
    begun = course.start.latest
    seen = [o for o in timeline.observations.get(measure, ()) if o.at.latest > begun and (o.value or o.word)]
    last = seen[-1].at if seen else None
    since = last.latest if last else begun
    step = schedule.step_at(since - begun)
    due = since + step.days
    changes = [row.start.latest for row in course.rows[1:] if row.start.latest >= since]
    if schedule.after_change is not None and schedule.after_change.low and changes:
        due = min(due, changes[0] + schedule.after_change.low)
    late = timeline.now - due
    return MonitoringOut(
        measure=measure,
        title=catalogue.analytes[measure].title,
        drug=course.drug,
        every=often(step.every.text),
        last=when(last) if last else None,
        due=when(timeline.record.clock.about(due, timeline.as_of.label)),
        days_overdue=float(decimal_text(late, 0)),
        overdue=late > 0,
        citation=catalogue.sources[schedule.source].short,
        confidence=str(schedule.confidence),
    )


def planned(run: Run, regimen: Regimen) -> list[str]:
    """What to measure under a regimen, and how often; then what else the catalogue names for it."""
    catalogue = run.pathway.catalogue
    agents = (*regimen.agents, *regimen.adjuncts)
    rows: dict[str, list[Schedule]] = {}
    for schedule in catalogue.monitoring.values():
        if any(catalogue.within(agent, schedule.agent) for agent in agents):
            for measure in schedule.measure:
                rows.setdefault(measure, []).append(schedule)
    texts: dict[str, list[str]] = {}
    for measure, schedules in rows.items():
        closest = min(schedules, key=lambda schedule: schedule.steps[0].days)
        told = f"{closest.text} [{closest.confidence}]"
        texts.setdefault(told, []).append(catalogue.analytes[measure].title)
    return [f"{', '.join(titles)} {text}" for text, titles in texts.items()] + list(regimen.monitoring)


def totals(run: Run) -> list[TotalOut]:
    """How much of every immunosuppressant was given so far, and for how long."""
    timeline, catalogue = run.chart.timeline, run.pathway.catalogue
    given = dict.fromkeys(c.drug for c in timeline.courses if c.drug in catalogue.immunosuppressants)
    found: list[TotalOut] = []
    for drug in given:
        amount = cumulative_dose(run.chart, drug)
        assert isinstance(amount, Amount)  # noqa: S101
        spans = [timeline.span(c.start, c.end) for c in timeline.courses if c.drug == drug]
        least, most = (sum(days, Fraction(0)) for days in ([s.least for s in spans], [s.most for s in spans]))
        found.append(
            TotalOut(
                drug=drug,
                weeks=float(decimal_text(least / 7)),
                weeks_most=float(decimal_text(most / 7)),
                amount=amount.text,
                needs=[item.why for item in amount.missing],
            )
        )
    return found
