"""The answer in a few lines, in the order in which a clinician reads: made here, and shown by every face."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from nephroline.consultation.answer import (
    ActOut,
    AlertOut,
    Consultation,
    DoseOut,
    LineAdvice,
    Outlook,
    TaperOut,
)
from nephroline.consultation.blocking import FAILED
from nephroline.consultation.parts import SummaryOut, When
from nephroline.consultation.standing import (
    IMPRECISE,
    course_told,
    drugs_taken,
    none_taken,
    status_told,
    values,
    who,
)
from nephroline.consultation.wording import (
    NO_LINE,
    PLAIN_DAYS,
    capital,
    cited,
    headline,
    inside,
    spell_short,
)
from nephroline.terms import (
    Action,
    Answer,
    Severity,
    StatementKind,
    Verdict,
    spoken,
)

_UNTIL = ": until "
_MANY_TITLES = 3
_BESIDE = " with low-dose "
_AT_ONCE, _ONCE_A_DAY = "single dose", " once a day"
"""How a regimen says that the dose of a day is given at once, and how a dose that was worked out does."""
_COUNTS = (" 10^9/L", " × 10⁹/L")
"""A unit that would read as part of the number before it."""
_BRACKET = r" ?[:;(\[]"
"""What ends the words that stand for a text."""


def summarised(answer: Consultation) -> Consultation:
    """An answer with its summary."""
    entries = [_entry(label, [*items], [*basis]) for label, items, *basis in _entries(answer)]
    return msgspec.structs.replace(answer, summary=[entry for entry in entries if entry.items])


def _entry(label: str, told: list[str], basis: Sequence[Iterable[str]]) -> SummaryOut:
    why = [text for items in basis for text in items if text not in told] if told else []
    return SummaryOut(label=label, items=[one.replace(*_COUNTS) for one in told + why], basis=len(why))


_Entry = tuple[str, Iterable[str]] | tuple[str, Iterable[str], Iterable[str]]
"""A label, what is told under it, and what that is based on."""


def _entries(answer: Consultation) -> Iterator[_Entry]:
    yield "patient", who(answer)
    yield "pathway", _reserve(answer)
    yield "status", status_told(answer)
    critical = [alert for alert in answer.alerts if alert.severity is Severity.CRITICAL]
    yield from (("critical", [_alert(alert, answer.as_of)]) for alert in critical)
    yield "warning", [_warning(one) for one in answer.alerts if one.severity is Severity.WARNING]
    acts = acts_beside(answer)
    for act in acts:
        if act.act in _FIRST_OF_ALL:
            # What a critical alert says of a drug is not said again.
            known = any(spoken(act.agent) in one for alert in critical for one in alert.raised_by)
            yield act.act, [_what(act)] if known else _act(act, answer), [] if known else _authority(act)
    yield "next", _next(answer), _basis(answer)
    if answer.answer.kind is Answer.NOT_APPLICABLE:
        yield "also", _also(answer)
    yield "not", *_blocked(answer)
    starts = _starts(answer)
    if starts:
        yield "first", _before(answer)
    doubtful = answer.next_line is not None and not answer.next_line.certain
    if doubtful:
        yield "open", _open(answer)
    for act in acts:
        if act.act not in _FIRST_OF_ALL:
            running = act.act == "undecided"
            yield ("running" if running else act.act), _act(act, answer), () if running else _authority(act)
    yield "treat", [one.title for one in answer.actions if one.urgent]
    yield "drugs", [drugs_taken(one, answer.as_of) for one in answer.taking] or [none_taken(answer)]
    yield "values", values(answer)
    if not doubtful:
        yield "open", _open(answer)
    if not starts:
        yield "first", _before(answer)
    yield "course", course_told(answer)
    # Why the guideline names no line is told under NEXT, but where a drug that runs is spoken of there.
    running = answer.next_line is not None and answer.next_line.action is not Action.START
    told = set[str]() if running else set(answer.answer.because)
    yield "refer", [o.title for o in answer.actions if o.action is Action.REFER and o.title not in told]
    if answer.answer.kind is not Answer.NOT_APPLICABLE:
        yield "also", _also(answer)
    yield "in chart", answer.faults


def _reserve(answer: Consultation) -> Iterator[str]:
    """Why the pathway speaks of this patient with reserve, or not at all though something is to be done."""
    fits = answer.applicability
    if fits.verdict is Verdict.PROVISIONAL:
        yield fits.because[0]
        yield from answer.pathway.chosen_because[1:]
    elif fits.verdict is Verdict.DOES_NOT_APPLY and answer.next_line is not None:
        yield fits.because[0]


_FIRST_OF_ALL = ("stop", "hold")
"""What is done with a drug before a line begins."""


# -- what to do ----------------------------------------------------------------------------------------


def _alert(alert: AlertOut, now: When) -> str:
    by = f" ({'; '.join(_dated(one, now) for one in alert.raised_by)})" if alert.raised_by else ""
    return f"{alert.title}{by}: {alert.detail}"


def _dated(said: str, now: When) -> str:
    """A value without its time, if that is now: ``pneumonia``; else with it, ``pneumonia (at 12 mo)``."""
    what, bracket, at = said.rpartition(" (")
    if not bracket:
        return said
    at = at.removesuffix(")")
    return what if at == now.label else f"{what} ({at if at.startswith(IMPRECISE) else f'at {at}'})"


def _warning(alert: AlertOut) -> str:
    """``a drug that lowers the steroid (rifampicin 600 mg/d)``: with the first drug that raised it."""
    drugs = [one for one in alert.raised_by if "(" not in one]
    return inside(alert.title) + (f" ({drugs[0]})" if drugs else "")


def _next(answer: Consultation) -> Iterator[str]:
    line = answer.next_line
    if line is None:
        yield from _without_a_line(answer)
        yield from (f"or {_regimen(other)}" for other in answer.alternatives)
        return
    lower = f": {_taper(line.taper, answer.as_of)}" if line.taper is not None else ""
    yield _going_on(line, answer) + lower + _off(line)
    if not line.certain:
        yield "not certain (see OPEN)"
    yield from _how(answer, line)
    if answer.answer.kind in NO_LINE:
        yield f"beyond that {NO_LINE[answer.answer.kind]}"


def _basis(answer: Consultation) -> Iterator[str]:
    """Why it is this line."""
    if answer.next_line is not None:
        because = answer.answer.because[: 0 if answer.answer.kind in NO_LINE else 1]
        yield from [inside(text).removesuffix(".") for text in because]


def _without_a_line(answer: Consultation) -> Iterator[str]:
    """Why nothing is begun; what holds the line back stands below, as what must not be begun."""
    told, kind = answer.answer.because, answer.answer.kind
    if answer.outlook is not None and answer.outlook.answer:
        yield capital(headline(answer))
    elif kind is Answer.HELD_BACK:
        until = [text.partition(_UNTIL)[2] for text in told if _UNTIL in text]
        waits = f"No new treatment until {', and until '.join(until)}"
        yield waits if until else capital(headline(answer))
    else:
        if kind is not Answer.NEEDS_DATA and not (kind is Answer.NO_LINE and told):
            yield capital(headline(answer))
        yield from map(capital, told)


def _begun(line: LineAdvice) -> str:
    """The act on a line with its doses: ``Start cyclosporine 125 mg twice a day with …``."""
    doses = [f"{spoken(dose.drug)} {_dose(dose)}" for dose in line.doses]
    if not doses:
        return line.title
    names = all(spoken(dose.drug) in line.title for dose in line.doses)
    word = line.title.split(" ", 1)[0]
    return f"{word} {', with '.join(doses)}" if names else f"{line.title}: {', with '.join(doses)}"


def _going_on(line: LineAdvice, answer: Consultation) -> str:
    """The act on a line; of one that goes on with what is taken: ``Continue tacrolimus 2 mg bid``."""
    told = _begun(line)
    if line.action is Action.CONTINUE and not line.doses:
        for one in answer.taking:
            if one.dose and one.dose not in told:
                told = told.replace(one.name, f"{one.name} {one.dose}", 1)
    return told


def _dose(dose: DoseOut) -> str:
    """A dose for this patient, and on which days; as printed, where something is needed to work it out."""
    worked_out = bool(dose.least) or not dose.give
    told = (dose.give or dose.amount) if worked_out else f"{dose.amount} ({dose.give})"
    on_days = PLAIN_DAYS.sub("", dose.per)
    if on_days == _AT_ONCE and _ONCE_A_DAY in told:
        return told
    return f"{told} {on_days}" if on_days else told


def _how(answer: Consultation, line: LineAdvice) -> Iterator[str]:
    yield from _authority(line)
    if line.target:
        yield f"to a {_head(line.target)}"
    if line.detail:
        yield line.detail
    for words, after in (("or", False), ("with it or after it", True)):
        found = [one for one in answer.alternatives if one.with_or_after is after]
        # One that goes with the line is given with it: it has its dose.
        many = ", one of:" if after and len(found) > 1 else ""
        ours, off = ([one for one in found if bool(_off(one)) is whether] for whether in (False, True))
        if ours:
            yield f"{words}{many} {_named_all(ours, dosed=after and len(found) == 1)}"
        if off:
            # Said before the names, so that it is of them alone.
            how = f", {words}" if after else ""
            yield f"off-guideline{how}: {_named_all(off, dosed=after and len(found) == 1)}"
    if line.reassess_at is not None:
        days = line.reassess_at.offset_days - answer.as_of.offset_days
        yield f"reassess in {spell_short(days)}" if days else "reassess now"


def _named_all(lines: Iterable[LineAdvice], *, dosed: bool) -> str:
    return ", ".join(_regimen(one, dosed=dosed).removesuffix(_OFF) for one in lines)


_OFF = " (off-guideline)"


def _off(said: LineAdvice | ActOut) -> str:
    """What says that no guideline says so."""
    policy = said.statement.kind == StatementKind.POLICY
    return _OFF if policy or not said.on_guideline else ""


def _authority(said: LineAdvice | ActOut) -> Iterator[str]:
    """Who says so; a policy of ours is off-guideline, and no more."""
    if said.statement.kind != StatementKind.POLICY:
        yield cited(said.statement.citation, said.statement, tags=False)


def _head(title: str) -> str:
    """A text without what explains it: ``hepatitis B`` of ``hepatitis B (HBsAg, anti-HBc, anti-HBs)``."""
    return re.split(_BRACKET, title)[0]


def _before(answer: Consultation) -> Iterator[str]:
    tests = [_head(one.title) for one in answer.actions if one.before_first_dose]
    if tests and (_starts(answer) or answer.blocked):
        yield f"before the first dose: {tests[0]}"
        yield from tests[1:]


def acts_beside(answer: Consultation) -> list[ActOut]:
    """What is to be done with what runs, beside the next line."""
    told = {one.rule for one in answer.actions}
    if answer.next_line is not None:
        told.add(answer.next_line.rule)
    return [act for act in answer.acts if act.rule not in told]


def _act(act: ActOut, answer: Consultation) -> Iterator[str]:
    if act.act == "undecided":
        yield f"{act.title.partition(':')[0]}: {act.detail}"
        return
    what = _what(act)
    if act.taper is not None:
        yield f"{what}: {_taper(act.taper, answer.as_of)}"
        yield act.detail
    else:
        yield f"{what}: {act.detail}" if act.detail else what


def _what(act: ActOut) -> str:
    """The drug of an act, marked where no guideline says so."""
    verb = capital(act.act)
    return act.title.removeprefix(f"{verb} ").strip() + _off(act)


def _taper(taper: TaperOut, now: When) -> str:
    """``62.5 mg/d now … 11 mg/d in 5 wk``; of a dose of which no less can be dispensed, only its end."""
    told = [f"{row.dose} {_ahead(row.since, now)}" for row in taper.rows[:1]]
    if taper.ends is not None:
        told.append(f"off {_ahead(taper.ends, now)}")
    elif len(taper.rows) > 1:
        told.append(f"{taper.rows[-1].dose} {_ahead(taper.rows[-1].since, now)}")
    return " … ".join(told)


def _begins(answer: Consultation) -> bool:
    """Whether something is begun, or would be but for what holds it back or is missing."""
    waits = answer.answer.kind in (Answer.HELD_BACK, Answer.NEEDS_DATA, Answer.GUIDELINE_SILENT)
    return waits or _starts(answer)


def _starts(answer: Consultation) -> bool:
    """Whether the next line or an alternative to it begins something."""
    lines = (answer.next_line, *answer.alternatives)
    return any(line is not None and line.action is Action.START for line in lines)


def _ahead(then: When, now: When) -> str:
    days = then.offset_days - now.offset_days
    return f"in {spell_short(days)}" if days >= 1 else "now"


def _regimen(other: LineAdvice, *, dosed: bool = False) -> str:
    """Another line; *dosed*: with its dose, if it begins something."""
    if other.action is not Action.START:
        return inside(other.title) + _off(other)
    return (_begun(other) if dosed else other.title).removeprefix("Start ") + _off(other)


def _blocked(answer: Consultation) -> tuple[list[str], list[str]]:
    """What must not be begun now, and why, each reason once; what has failed was told before.

    Of several reasons all that is out is named first. Of what goes on, more is out. What is looked at before
    a first dose is told where something is to begin.
    """
    begins = _begins(answer)
    why: dict[str, tuple[str, list[str]]] = {}
    goes_on = {spoken(act.agent) for act in answer.acts if act.act == "continue"}
    for one in answer.blocked:
        name = one.title.partition(_BESIDE)[0]
        title = f"more {name}" if name in goes_on else one.title
        for reason in one.reasons:
            if reason.rule != FAILED and (begins or not reason.before_first_dose):
                told = f"until {reason.until}" if reason.until else inside(reason.title)
                why.setdefault(reason.rule, (told, []))[1].append(title)
    # Without what is given beside it in a low dose, which is not what the reasons are about.
    out = list(dict.fromkeys(t.partition(_BESIDE)[0] for _, titles in why.values() for t in titles))
    if len(why) == 1:
        return [", ".join(out)], [told for told, _ in why.values()]
    return out, [f"{_several(titles)}: {told}" for told, titles in why.values()]


def _several(titles: list[str]) -> str:
    left = len(titles) - _MANY_TITLES
    return ", ".join(titles) if left <= 1 else f"{', '.join(titles[:_MANY_TITLES])} and {left} more"


def _also(answer: Consultation) -> Iterator[str]:
    told = set(answer.answer.because)
    beside = [o for o in answer.actions if not (o.before_first_dose or o.urgent or o.title in told)]
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
        told += rest
        if outlook.orders or not outlook.complete or answer.next_line is None:
            yield from rest
        elif rest:
            yield f"{', '.join(rest)} could hold it back"
        yield from (why for why in outlook.because if not outlook.complete)
    elif answer.next_line is not None and not answer.next_line.certain:
        told += answer.next_line.depends_on
        yield from dict.fromkeys(answer.next_line.depends_on)
    yield from (f"{one.name}: still taken?" for one in answer.taking if not one.certain)
    # Where several data would do, the first is what is measured.
    yield from dict.fromkeys(
        need.why.partition("; ")[0] for need in answer.needs if not _named(need.why, told)
    )


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
            yield (
                f"if {' and '.join(when)} → {then}",
                [name for name in outlook.depends_on if _in(name, when)],
            )


def _in(name: str, when: Iterable[str]) -> bool:
    return any(name in text for text in when)
