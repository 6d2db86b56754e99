"""Where the patient stands, in short: who it is, values, drugs, response, and the course of therapy."""

from __future__ import annotations

from collections.abc import Iterator

from nephroline.consultation.answer import Consultation, LineOut
from nephroline.consultation.parts import DerivedOut, LatestOut, TakenOut, When
from nephroline.consultation.wording import inside, length_told, response_told, spell_short
from nephroline.terms import Adequacy, Outcome, Response, Verdict, spoken


def who(answer: Consultation) -> Iterator[str]:
    """Who the patient is, when this is, and which pathway answers."""
    patient = answer.patient
    yield answer.record
    yield ", ".join(filter(None, (patient.sex, patient.age, patient.weight))) or "age and sex not charted"
    yield f"{patient.diagnosis} on biopsy" if patient.diagnosis else "no diagnosis on biopsy"
    yield from patient.conditions
    yield from (_computed(one, answer.as_of) for one in answer.derived)
    before = "" if answer.stops_of_the_day == "seen" else ", before what ends that day"
    yield f"{_at(answer.as_of.label)}{before}"
    fits = answer.applicability.verdict
    doubt = "" if fits is Verdict.APPLIES else f", {spoken(fits)}"
    pathway = answer.pathway
    disease = "" if patient.diagnosis == pathway.disease else f" {pathway.disease}"
    later = f", superseded by {pathway.superseded_by}" if pathway.superseded_by else ""
    yield f"{pathway.edition}{disease}{later}{doubt}"


def _at(label: str) -> str:
    """A time of its own in a line: ``at 18 mo``; a date speaks for itself."""
    return label if "-" in label else f"at {label}"


def _computed(one: DerivedOut, now: When) -> str:
    """``eGFR 98, stable``; with its time, if that is not the decision time, and with what was told since."""
    shown = f"{one.title} {one.value.split(' ')[0]}"
    if one.at.offset_days != now.offset_days:
        shown = f"{shown} {_ago(one.at, now)}"
    if one.then:
        return f"{shown}, then {one.then}"
    return f"{shown}, {one.trend}" if one.trend else shown


def values(answer: Consultation) -> Iterator[str]:
    """``proteinuria 9.5 g/d (was 9, 17 wk ago)``; with its time, if that is not the decision time.

    The value before it is told of the first alone: of creatinine, eGFR tells which way it goes.
    """
    first = True
    for one in answer.latest:
        if one.judged_by:
            now = answer.as_of
            today = one.at.offset_days == now.offset_days
            then = "" if today else f" {_ago(one.at, now)}"
            trend = f", then {one.then}" if one.then else ""
            yield f"{one.short} {one.value}{_was(one, now) if first and today else ''}{then}{trend}"
            first = False


def _was(one: LatestOut, now: When) -> str:
    if one.before_at is None:
        return ""
    number, _, unit = one.before.partition(" ")
    shown = number if one.value.endswith(f" {unit}") else one.before
    return f" (was {shown}, {_ago(one.before_at, now)})"


def drugs_taken(one: TakenOut, now: When) -> str:
    """``losartan 100 mg/d for 13 wk``; of single doses when the last was: ``rituximab 1 g 6 mo ago``."""
    dose = f" {one.dose}" if one.dose else ""
    long = _for(one.since, now)
    if one.at_once:
        long = "now" if one.since.offset_days == now.offset_days else _ago(one.since, now)
    return f"{'' if one.certain else 'perhaps '}{one.name}{dose} {long}"


def none_taken(answer: Consultation) -> str:
    """That nothing is taken, and when the last line ended: ``none now; prednisolone ended 12 d ago``.

    Of single doses, which act on, when the last was.
    """
    last = answer.lines[-1] if answer.lines else None
    if last is None or last.ended is None:
        return "none charted"
    drugs = " + ".join(spoken(drug) for drug in last.drugs)
    at, word = (last.ended, "ended ") if last.last_given is None else (last.last_given, "")
    today = at.offset_days == answer.as_of.offset_days
    return f"none now; {drugs} {word}{'today' if today else _ago(at, answer.as_of)}"


def _for(since: When, now: When) -> str:
    """For how long: ``for 17 wk``, ``from now on``; of a time that is not precise, since when."""
    if since.label.startswith(IMPRECISE):
        return f"since {since.label}"
    days = now.offset_days - since.offset_days
    return f"for {spell_short(days)}" if days else "from now on"


def _ago(then: When, now: When) -> str:
    """How long before now: ``17 wk ago``; of a time that is not precise, when."""
    if then.label.startswith(IMPRECISE):
        return then.label
    return f"{spell_short(now.offset_days - then.offset_days)} ago"


_REPORTED = "as reported"
_LASTS = 7
"""Days from which on it is said that a response lasts; one seen since then is said to be seen (wording)."""
IMPRECISE = ("between ", "before ")
"""How a time that is not precise begins."""


def status_told(answer: Consultation) -> Iterator[str]:
    """The response with when it was seen, and what is earned by it."""
    status = answer.status
    reported = _REPORTED in (status.because or [""])[0]
    seen = ", reported" if reported else ""
    if status.since and not status.before_treatment:
        today = status.since.offset_days == answer.as_of.offset_days
        if today:
            seen = ", reported now" if reported else ", seen now"
        else:
            told = " (reported)" if reported else ""
            # A value of yesterday does not show how long that has been so.
            soon = answer.as_of.offset_days - status.since.offset_days < _LASTS
            seen = (
                f"{told}, seen {_ago(status.since, answer.as_of)}"
                if soon
                else f"{told} {_for(status.since, answer.as_of)}"
            )
    no_response = status.response is Response.NO_RESPONSE and not status.before_treatment
    now = "no remission" if no_response else response_told(status)
    if status.response is Response.UNKNOWN and reported:
        now, seen = f"response not clear: {status.because[0]}", ""
    yield f"{now}{seen}{', provisional' if status.provisional else ''}"
    earned = [one for one in answer.findings if one.id != status.response]
    # The latest resistance comes first; harm done by a drug stands with that drug too.
    harmed = {line.n for line in answer.lines if line.outcome is Outcome.INTOLERANT}
    earned.sort(key=lambda one: (one.line in harmed, one.line is None, -(one.line or 0)))
    yield from dict.fromkeys(f"{inside(one.title)}{' (presumed)' if one.presumed else ''}" for one in earned)
    yield from status.because[1:]


def course_told(answer: Consultation) -> Iterator[str]:
    """Each line and what became of it, the latest first."""
    relapsed = answer.status.response is Response.RELAPSE
    for line in reversed(answer.lines):
        yield _line(line, relapsed=relapsed and line is answer.lines[-1])


def _line(line: LineOut, *, relapsed: bool) -> str:
    """``prednisolone 17 wk: resistant``; where it matters, with what is wrong with the exposure."""
    drugs = " + ".join(spoken(drug) for drug in line.drugs)
    long = length_told(line, short=True)
    so_far = " so far" if line.ended is None else ""
    match line.outcome:
        case Outcome.REMISSION:
            became = spoken(line.best_response)
        case Outcome.INTOLERANT:
            became = "not tolerated"
        case Outcome.RESISTANT:
            became = "failed, not to be repeated"
        case Outcome.TOO_EARLY:
            became = "too early to judge"
        case Outcome.ONGOING | Outcome.INDETERMINATE:
            became = {"none": "no response", "unknown": "response not known"}.get(
                line.best_response, spoken(line.best_response)
            )
        case _:
            became = spoken(line.outcome)
    if relapsed:
        became = "relapse" if line.best_response == "none" else f"{became}, then relapse"
    weak = line.exposure in (Adequacy.INADEQUATE, Adequacy.UNKNOWN)
    judged = line.outcome in (Outcome.ONGOING, Outcome.INDETERMINATE)
    doubt = ", too little given"
    if line.exposure is Adequacy.UNKNOWN:
        doubt = ", whether enough was given is not known"
    return f"{drugs} {long}{so_far}: {became}{doubt if weak and judged else ''}"
