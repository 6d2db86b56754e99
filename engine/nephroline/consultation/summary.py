"""The answer in a few lines, in the order in which a clinician reads: made here, and shown by every face."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import msgspec

from nephroline.consultation.answer import (
    ActOut,
    AlertOut,
    Consultation,
    DoseOut,
    LineAdvice,
    LineOut,
    Outlook,
    TaperOut,
)
from nephroline.consultation.blocking import FAILED, HELD
from nephroline.consultation.parts import LatestOut, SummaryOut, TakenOut
from nephroline.consultation.wording import (
    NO_LINE,
    capital,
    cited,
    headline,
    inside,
    length_told,
    response_told,
)
from nephroline.terms import Action, Adequacy, Answer, Outcome, Severity, Verdict, spoken

_MANY_TITLES = 3
_BRACKET = r" ?[:;(\[]"
"""What ends the words that stand for a text."""


def summarised(answer: Consultation) -> Consultation:
    """An answer with its summary."""
    entries = [SummaryOut(label=label, items=[*items]) for label, items in _entries(answer)]
    return msgspec.structs.replace(answer, summary=[entry for entry in entries if entry.items])


def _entries(answer: Consultation) -> Iterator[tuple[str, Iterable[str]]]:
    yield "patient", _who(answer)
    if answer.applicability.verdict is Verdict.PROVISIONAL:
        yield "pathway", [answer.applicability.because[0], *answer.pathway.chosen_because[1:]]
    yield "values", _values(answer)
    yield "taking", [_taken(one) for one in answer.taking] or ["no drug that is charted"]
    yield "status", _status(answer)
    yield "tried", _lines(answer.lines)
    for alert in answer.alerts:
        if alert.severity is Severity.CRITICAL:
            yield "critical", [_alert(alert)]
    yield "next", _next(answer)
    if answer.answer.kind is Answer.NOT_APPLICABLE:
        yield "also", _also(answer)
    for act in _acts(answer):
        yield ("running" if act.act == "undecided" else act.act), _act(act)
    yield "not", _blocked(answer)
    yield "before", [_head(one.title) for one in answer.actions if one.before_first_dose]
    yield "warning", [_warning(one) for one in answer.alerts if one.severity is Severity.WARNING]
    told = set(answer.answer.because)
    yield "refer", [o.title for o in answer.actions if o.action is Action.REFER and o.title not in told]
    yield "open", _open(answer)
    if answer.answer.kind is not Answer.NOT_APPLICABLE:
        yield "also", _also(answer)
    yield "not used", answer.faults


# -- the patient ---------------------------------------------------------------------------------------


def _who(answer: Consultation) -> Iterator[str]:
    patient = answer.patient
    yield answer.record
    yield ", ".join(filter(None, (patient.sex, patient.age, patient.weight))) or "age and sex not charted"
    for one in answer.derived:
        yield f"{one.title} {one.value.split(' ')[0]}" + (f", {one.trend}" if one.trend else "")
    before = "" if answer.stops_of_the_day == "seen" else ", before what ends that day"
    yield f"{answer.as_of.label}{before}"
    fits = answer.applicability.verdict
    doubt = "" if fits is Verdict.APPLIES else f", {spoken(fits)}"
    yield f"{answer.pathway.edition} {answer.pathway.disease}{doubt}"


def _values(answer: Consultation) -> Iterator[str]:
    """``proteinuria 9.5 g/d (9 at 0 mo)``; with its time, if that is not the decision time.

    The value before it is told of the first alone: of creatinine, eGFR tells which way it goes.
    """
    first = True
    for one in answer.latest:
        if one.judged_by:
            then = "" if one.at.label == answer.as_of.label else f" at {one.at.label}"
            trend = f", then {one.then}" if one.then else ""
            yield f"{one.short} {one.value}{then}{_before(one) if first else ''}{trend}"
            first = False


def _before(one: LatestOut) -> str:
    if one.before_at is None:
        return ""
    number, _, unit = one.before.partition(" ")
    shown = number if one.value.endswith(f" {unit}") else one.before
    return f" ({shown} at {one.before_at.label})"


def _taken(one: TakenOut) -> str:
    dose = f" {one.dose}" if one.dose else ""
    return f"{'' if one.certain else 'perhaps '}{one.name}{dose} since {one.since.label}"


def _status(answer: Consultation) -> Iterator[str]:
    status = answer.status
    since = f" since {status.since.label}" if status.since and not status.before_treatment else ""
    yield f"{response_told(status)}{since}{', provisional' if status.provisional else ''}"
    earned = [one for one in answer.findings if one.id != status.response]
    # What a line has earned, such as resistance, comes before what the patient has.
    told = (one.title for one in sorted(earned, key=lambda one: one.line is None))
    yield from dict.fromkeys(map(inside, told))
    yield from status.because[1:]


def _lines(lines: list[LineOut]) -> Iterator[str]:
    """Each line and what became of it, the latest first."""
    yield from map(_line, reversed(lines))


def _line(line: LineOut) -> str:
    """``prednisolone 17 wk: resistant``; where it matters, with what is wrong with the exposure."""
    drugs = " + ".join(spoken(drug) for drug in line.drugs)
    long = length_told(line, short=True)
    so_far = " so far" if line.ended is None else ""
    match line.outcome:
        case Outcome.REMISSION:
            became = spoken(line.best_response)
        case Outcome.INTOLERANT:
            became = "not tolerated"
        case Outcome.TOO_EARLY:
            became = "too early to judge"
        case Outcome.ONGOING | Outcome.INDETERMINATE:
            became = {"none": "no response", "unknown": "response not known"}.get(
                line.best_response, spoken(line.best_response)
            )
        case _:
            became = spoken(line.outcome)
    weak = line.exposure in (Adequacy.INADEQUATE, Adequacy.UNKNOWN)
    judged = line.outcome in (Outcome.ONGOING, Outcome.INDETERMINATE)
    exposure = f", exposure {line.exposure}" if weak and judged else ""
    return f"{drugs} {long}{so_far}: {became}{exposure}"


# -- what to do ----------------------------------------------------------------------------------------


def _alert(alert: AlertOut) -> str:
    by = f" ({'; '.join(alert.raised_by)})" if alert.raised_by else ""
    return f"{alert.title}{by}: {alert.detail}"


def _warning(alert: AlertOut) -> str:
    """``a drug that lowers the steroid (rifampicin 600 mg/d)``: with the first that raised it."""
    by = f" ({alert.raised_by[0]})" if alert.raised_by else ""
    return f"{inside(alert.title)}{by}"


def _next(answer: Consultation) -> Iterator[str]:
    line = answer.next_line
    if line is None:
        yield from _without_a_line(answer)
        yield from (f"or {_regimen(other)}" for other in answer.alternatives)
        return
    yield _begun(line)
    if not line.certain:
        yield "not certain"
    yield from _how(answer, line)
    if answer.answer.kind in NO_LINE:
        yield f"beyond that {NO_LINE[answer.answer.kind]}"


def _without_a_line(answer: Consultation) -> Iterator[str]:
    """Why nothing is begun; what holds the line back stands below, as what must not be begun."""
    told, kind = answer.answer.because, answer.answer.kind
    if answer.outlook is not None and answer.outlook.answer:
        yield capital(headline(answer))
    elif kind is Answer.HELD_BACK:
        held = next((text for text in told if text.startswith(HELD)), "")
        yield f"{capital(headline(answer))}: {held.removeprefix(HELD)}" if held else capital(headline(answer))
    else:
        if kind is not Answer.NEEDS_DATA:
            yield capital(headline(answer))
        yield from map(capital, told)


def _begun(line: LineAdvice) -> str:
    """The act on a line with its doses: ``Start cyclosporine 125 mg twice a day with …``."""
    doses = [f"{spoken(dose.drug)} {_dose(dose)}" for dose in line.doses]
    if not doses:
        return line.title
    names = all(spoken(dose.drug) in line.title for dose in line.doses)
    word = line.title.split(" ", 1)[0]
    return f"{word} {' with '.join(doses)}" if names else f"{line.title}: {' with '.join(doses)}"


def _dose(dose: DoseOut) -> str:
    """A dose for this patient; as printed, where something is needed to work it out."""
    if dose.least or not dose.give:
        return dose.give or dose.amount
    return f"{dose.amount} ({dose.give})"


def _how(answer: Consultation, line: LineAdvice) -> Iterator[str]:
    yield _authority(line)
    if line.target:
        yield f"to a {re.split(_BRACKET, line.target)[0]}"
    if line.taper is not None:
        yield _taper(line.taper)
    for words, after in (("or", False), ("with it or after it", True)):
        others = [_regimen(one) for one in answer.alternatives if one.with_or_after is after]
        if others:
            yield f"{words} {', '.join(others)}"
    if line.reassess_at is not None:
        yield f"judge at {line.reassess_at.label}"
    if line.detail:
        yield line.detail


def _authority(said: LineAdvice | ActOut) -> str:
    off = "" if said.on_guideline else "off-guideline, "
    return off + cited(said.statement.citation, said.statement, tags=False)


def _head(title: str) -> str:
    """What is to be done, without how: ``hepatitis B`` of ``hepatitis B (HBsAg, anti-HBc, anti-HBs)``."""
    return re.split(_BRACKET, title)[0]


def _acts(answer: Consultation) -> list[ActOut]:
    """What is to be done with what runs, beside the next line."""
    told = {one.rule for one in answer.actions}
    if answer.next_line is not None:
        told.add(answer.next_line.rule)
    return [act for act in answer.acts if act.rule not in told]


def _act(act: ActOut) -> Iterator[str]:
    verb = capital(act.act)
    if act.act == "undecided":
        yield f"{act.title.partition(':')[0]}: {act.detail}"
        return
    what = act.title.removeprefix(verb).strip() if act.title.startswith(f"{verb} ") else act.title
    if act.taper is not None:
        yield f"{what}: {_taper(act.taper)}"
        yield act.detail
    else:
        yield f"{what}: {act.detail}" if act.detail else what
    yield _authority(act)


def _taper(taper: TaperOut) -> str:
    """``62.5 mg/d at 17 wk … 11 mg/d at 22 wk``."""
    first, last = taper.rows[0], taper.rows[-1]
    down = f" … {last.dose} at {last.since.label}" if last is not first else ""
    ends = f", off at {taper.ends.label}" if taper.ends is not None else ""
    return f"{first.dose} at {first.since.label}{down}{ends}"


def _regimen(other: LineAdvice) -> str:
    verb = f"{capital(str(other.action))} "
    return other.title.removeprefix(verb) + ("" if other.on_guideline else " (off-guideline)")


def _blocked(answer: Consultation) -> Iterator[str]:
    """What must not be begun now, and until when, for each reason once; what has failed was told before."""
    why: dict[str, tuple[str, list[str]]] = {}
    for one in answer.blocked:
        for reason in one.reasons:
            if reason.rule != FAILED:
                told = f"until {reason.until}" if reason.until else inside(reason.title)
                why.setdefault(reason.rule, (told, []))[1].append(one.title)
    for told, titles in why.values():
        yield f"{_several(titles)}: {told}"


def _several(titles: list[str]) -> str:
    left = len(titles) - _MANY_TITLES
    return ", ".join(titles) if left <= 1 else f"{', '.join(titles[:_MANY_TITLES])} and {left} more"


def _also(answer: Consultation) -> Iterator[str]:
    told = set(answer.answer.because)
    beside = [one for one in answer.actions if not one.before_first_dose and one.title not in told]
    for kind in (Action.INVESTIGATE, Action.SUPPORTIVE):
        ours = sorted((one for one in beside if one.action is kind), key=lambda one: not one.on_guideline)
        yield from (inside(one.short) for one in ours)
        overdue = len({one.measure for one in answer.monitoring if one.overdue})
        if kind is Action.INVESTIGATE and overdue:
            yield f"{overdue} check{'' if overdue == 1 else 's'} overdue"
    yield from (inside(one.title) for one in answer.alerts if one.severity is Severity.INFO)


# -- what is open --------------------------------------------------------------------------------------


def _open(answer: Consultation) -> Iterator[str]:
    """What could change the answer, and how; then what else is missing: each datum once."""
    outlook = answer.outlook
    told: list[str] = []
    if outlook is not None:
        for text, names in _outcomes(answer, outlook):
            told += names
            yield text
        rest = [name for name in outlook.depends_on if not _named(name, told)]
        if rest:
            told += rest
            yield ", ".join(rest) + ("" if outlook.orders else " could hold it back")
        yield from (why for why in outlook.because if not outlook.complete)
    elif answer.next_line is not None and not answer.next_line.certain:
        told += answer.next_line.depends_on
        yield from answer.next_line.depends_on
    yield from (need.why for need in answer.needs if not _named(need.why, told))


def _named(why: str, told: Iterable[str]) -> bool:
    return any(name in why or why in name for name in told)


def _outcomes(answer: Consultation, outlook: Outlook) -> Iterator[tuple[str, list[str]]]:
    """The ways in which the answer could be another: the shortest of each, with the data it names."""
    if not outlook.orders:
        return
    here = headline(answer).lower()
    ways: dict[str, list[str]] = {}
    for outcome in outlook.orders[0].outcomes:
        known = ways.get(outcome.then)
        if known is None or len(outcome.when) < len(known):
            ways[outcome.then] = outcome.when
    nothing = NO_LINE[Answer.NOT_APPLICABLE]
    for then, when in sorted(ways.items(), key=lambda way: (way[0].startswith(nothing), len(way[1]))):
        if not then.lower().startswith(here):
            yield f"{', '.join(when)} → {then}", [name for name in outlook.depends_on if _in(name, when)]


def _in(name: str, when: Iterable[str]) -> bool:
    return any(name in text for text in when)
