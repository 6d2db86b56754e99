"""What the chart shows at the decision time: the patient, the latest values, the drugs that are taken."""

from __future__ import annotations

from collections.abc import Sequence

from nephroline.catalogue import Analyte
from nephroline.consultation.parts import LatestOut, PatientOut, TakenOut
from nephroline.consultation.run import Run
from nephroline.consultation.weighing import known
from nephroline.consultation.wording import disease_told, spell_short, when
from nephroline.features import Flag, Value, asserted, has
from nephroline.quantities import YEAR
from nephroline.record import WEIGHT, Condition, Observation, Timeline, given_at_once
from nephroline.terms import Response, spoken


def patient(run: Run) -> PatientOut:
    """Who the patient is."""
    record, now = run.chart.timeline.record, run.chart.timeline.now
    ages = [str(int((zero + now) / YEAR)) for zero in record.ages_zero]
    weights = known(run, WEIGHT)
    last = weights[-1] if weights else None
    return PatientOut(
        sex=record.sex or "",
        age=f"{'-'.join(dict.fromkeys(ages))} y" if ages else "",
        weight=last.text if last is not None else "",
        diagnosis=_diagnosis(run),
        conditions=[*_conditions(run), *_judged(run), *_reactions(run)],
    )


def _conditions(run: Run) -> list[str]:
    """The conditions that are there, the last noted first; of a kind and what it is a kind of, the kind."""
    timeline, known = run.chart.timeline, run.pathway.catalogue.conditions
    last = {entry.name: entry for entry in timeline.conditions}
    there = {
        name: entry
        for name, entry in last.items()
        if entry.present
        and _holds(has(run.chart, name))
        and not (known[name].passes and _old(entry, timeline))
    }
    wider = {known[name].kind_of for name in there}
    shown = [entry for name, entry in there.items() if name not in wider]
    shown.sort(key=lambda entry: entry.at.sort_key, reverse=True)
    return [_condition(entry, known[entry.name].title, timeline) for entry in shown]


def _judged(run: Run) -> list[str]:
    """What a clinician volunteered and what still holds, such as that steroids are judged unsuitable."""
    known = run.pathway.catalogue.assertions.values()
    asked = [one for one in known if one.volunteered]
    # Without what explains it in brackets.
    return [one.title.partition(" (")[0] for one in asked if _holds(asserted(run.chart, one.id))]


def _reactions(run: Run) -> list[str]:
    """The drugs to which an adverse reaction is charted."""
    named = (run.pathway.catalogue.title(one.drug) for one in run.chart.timeline.reactions)
    return [f"reaction to {name}" for name in dict.fromkeys(named)]


def _condition(entry: Condition, title: str, timeline: Timeline) -> str:
    """``uncontrolled hypertension (10 mo ago)``: a state that was noted long ago with its time."""
    if not entry.state:
        return title
    ago = f" ({spell_short(float(timeline.now - entry.at.latest))} ago)" if _old(entry, timeline) else ""
    return f"{spoken(entry.state)} {title}{ago}"


def _old(entry: Condition, timeline: Timeline) -> bool:
    """Whether a condition was noted before what counts as now."""
    return entry.at.latest < timeline.now - timeline.windows.current


def _holds(value: Value) -> bool:
    return isinstance(value, Flag) and value.truth is True


def _diagnosis(run: Run) -> str:
    shown = [one.diagnosis for one in run.chart.timeline.biopsies if one.diagnosis is not None]
    return disease_told(run.pathway.catalogue, shown[-1]) if shown else ""


def latest(run: Run) -> list[LatestOut]:
    """The latest value or word of every analyte of the chart, in the order of the catalogue."""
    found = (_latest(run, analyte) for analyte in run.pathway.catalogue.analytes.values())
    return [one for one in found if one is not None]


def _latest(run: Run, analyte: Analyte) -> LatestOut | None:
    if set(analyte.words) >= {str(Response.COMPLETE_REMISSION)}:
        # A response that is told in words is the status, not a value.
        return None
    items = [item for item in run.chart.timeline.observations.get(analyte.id, ()) if _tells(item)]
    if not items:
        return None
    open_words = analyte.bounding | set(analyte.trends)
    values = [item for item in items if item.value is not None or item.word not in open_words]
    last = (values or items)[-1]
    now = [item for item in items if item.at == last.at]
    before = [item for item in items if item.at != last.at and _alike(item, last)]
    return LatestOut(
        analyte=analyte.id,
        title=analyte.title,
        short=analyte.short or analyte.title,
        value=_texts(now),
        at=when(last.at),
        before=before[-1].text if before else "",
        before_at=when(before[-1].at) if before else None,
        then=items[-1].text if values and items[-1].at != last.at else "",
        judged_by=analyte.charted or analyte.level_of in run.chart.timeline.treatment.perhaps_taken,
    )


def _tells(item: Observation) -> bool:
    return item.value is not None or item.word is not None


def _alike(one: Observation, other: Observation) -> bool:
    """Whether two values are of one form, or both are words."""
    if one.value is None or other.value is None:
        return one.value is other.value
    return one.value.dimension == other.value.dimension


def _texts(items: Sequence[Observation]) -> str:
    return ", ".join(dict.fromkeys(item.text for item in items))


def taking(run: Run) -> list[TakenOut]:
    """The drugs that are or may be taken: immunosuppressants first, then as they were begun."""
    timeline, catalogue = run.chart.timeline, run.pathway.catalogue
    rows, running = timeline.treatment.perhaps_taken, timeline.treatment.running
    ordered = sorted(
        rows,
        key=lambda d: (d not in catalogue.immunosuppressants, d not in running, rows[d].start.sort_key, d),
    )
    return [
        TakenOut(
            drug=drug,
            name=run.chart.called(rows[drug]),
            dose=dose.text if (dose := rows[drug].dose) is not None else "",
            since=when(rows[drug].start),
            certain=drug in running,
            at_once=given_at_once(rows[drug]),
        )
        for drug in ordered
    ]
