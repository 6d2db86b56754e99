"""What a decision comes to, and who says so, in words; for every face the same."""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from nephroline.catalogue import Catalogue
from nephroline.consultation.answer import Consultation, LineOut, PathwayRef, StatementRef, Status
from nephroline.consultation.decision import Advised
from nephroline.consultation.parts import When
from nephroline.consultation.run import Run
from nephroline.features import Threshold
from nephroline.pathway import Pathway, Recommend, Statement
from nephroline.quantities import MONTH, WEEK, YEAR, decimal_text
from nephroline.record import Moment
from nephroline.terms import Answer, Response, spoken


def act_word(recommend: Recommend) -> str:
    """What an act is in one word: an adjustment by its direction."""
    return str(recommend.direction or recommend.action)


def verb(recommend: Recommend) -> str:
    """The word with which the title of an act begins."""
    return act_word(recommend).capitalize()


NO_LINE = {
    Answer.GUIDELINE_SILENT: "the guideline names no next line",
    Answer.NO_LINE: "nothing is begun now",
    Answer.HELD_BACK: "the next line is held back",
    Answer.NEEDS_DATA: "not decided, data are missing",
    Answer.NOTHING_APPLIES: "no rule about the next line holds",
    Answer.NOT_APPLICABLE: "the pathway does not apply",
    Answer.CONFLICT: "rules conflict",
}
"""Why there is no next line."""


PLAIN_DAYS = re.compile(r"^(?:day|dose)?(?:, )?(?:in \w+ doses)? ?")
"""What a dose itself says of when it is given: that it is of a day, or of each of its parts."""


def headline(answer: Consultation) -> str:
    """The next line of an answer, or why there is none."""
    if answer.next_line is not None:
        return answer.next_line.title
    if answer.outlook is not None and answer.outlook.answer:
        return answer.outlook.answer
    return NO_LINE.get(answer.answer.kind, NO_LINE[Answer.NEEDS_DATA])


def response_told(status: Status) -> str:
    """How the disease stands: the response, unless nothing was assessed since what is given now was begun.

    Where it is not known, what it may be.
    """
    if status.before_treatment:
        return "not assessed since treatment began"
    may_be = status.because[0] if status.because else ""
    open_between = status.response == Response.UNKNOWN and " or " in may_be
    return f"not settled: {may_be}" if open_between else spoken(status.response)


def capital(text: str) -> str:
    """A text that begins a line."""
    return text[:1].upper() + text[1:]


def inside(text: str) -> str:
    """A text that stands inside a line: its first letter small, unless it begins an abbreviation."""
    return text[:1].lower() + text[1:] if text[1:2].islower() or text[1:2] == " " else text


_SPELLS = (
    (2 * float(YEAR), float(YEAR), "years", "y"),
    (182, float(MONTH), "months", "mo"),
    (28, float(WEEK), "weeks", "wk"),
)


def spell(days: float) -> str:
    """A length of time in the unit in which one would say it: ``12 days``, ``17 weeks``, ``4 years``."""
    for least, length, unit, _ in _SPELLS:
        if days >= least:
            return f"{days / length:.0f} {unit}"
    return f"{days:.0f} day{'' if round(days) == 1 else 's'}"


def spell_short(days: float) -> str:
    """The same where there is little room: ``12 d``, ``17 wk``, ``4 y``."""
    for least, length, _, unit in _SPELLS:
        if days >= least:
            return f"{days / length:.0f} {unit}"
    return f"{days:.0f} d"


def cited(
    citation: str, statement: Statement | StatementRef, *, kind: bool = False, tags: bool = True
) -> str:
    """What a source printed: ``KDIGO 2012 6.4.1 (2B)``; the *kind* of a recommendation if it is asked for.

    A grade that is less or more sure than its text bears its own tag: ``6.4.1 (2B [recalled])``.
    """
    plain = statement.kind in ("recommendation", "policy") or statement.kind in citation
    named = "" if plain and not kind else f" {spoken(statement.kind)}"
    number = f" {statement.id}" if statement.id else ""
    apart = tags and str(statement.grade_confidence) != str(statement.confidence)
    tag = f" [{statement.grade_confidence}]" if apart else ""
    grade = f" ({statement.grade}{tag})" if statement.grade else ""
    return f"{citation}{named}{number}{grade}"


def in_words(catalogue: Catalogue, advised: Advised) -> str:
    """What is advised about the line of therapy, such as ``start tacrolimus``, or why nothing is."""
    match advised.kind:
        case Answer.CONFLICT:
            told = sorted(_line(catalogue, one) for one in advised.rivals)
            return f"{NO_LINE[advised.kind]}: {' or '.join(told)}"
        case Answer.GUIDELINE_SILENT if advised.action is not None:
            return f"{_line(catalogue, advised)}; beyond that {NO_LINE[advised.kind]}"
        case kind if kind in NO_LINE:
            return NO_LINE[kind]
        case _:
            return _line(catalogue, advised)


def _line(catalogue: Catalogue, advised: Advised) -> str:
    word = advised.direction or advised.action or ""
    return f"{word} {title_of_line(catalogue, advised.what)}"


def title_of_line(catalogue: Catalogue, what: str) -> str:
    """The title of a regimen, or of the drugs of an act that makes none."""
    known = catalogue.regimens.get(what)
    return known.title if known else " + ".join(catalogue.title(name) for name in what.split(" + "))


def length_told(line: LineOut, *, short: bool = False) -> str:
    """How long a line lasted, or between what: ``17.4 weeks``, or in *short* ``17 wk``.

    One that was begun nobody knows when has no most.
    """
    figures, unit = (".0f", "wk") if short else ("g", "weeks")
    least = format(line.weeks, figures)
    if line.weeks_most is None:
        return f"{least} {unit}"
    if line.weeks_most > _LIFELONG:
        return f"at least {least} {unit}" if line.weeks >= 1 else "length not known"
    most = format(line.weeks_most, figures)
    return f"between {least} and {most} {unit}" if short else f"{least} to {most} {unit}"


_LIFELONG = 52 * 60


def line_told(line: LineOut) -> str:
    """A line of therapy in one sentence."""
    drugs = " + ".join(spoken(drug) for drug in line.drugs)
    beside = f" (with {', '.join(spoken(a) for a in line.adjuncts)})" if line.adjuncts else ""
    end = line.ended.label if line.ended else "now"
    best = spoken(line.best_response)
    short = f" ({'; '.join(line.falls_short)})" if line.falls_short else ""
    long = length_told(line)
    return (
        f"{drugs}{beside}, {line.started.label} to {end} ({long}), exposure {line.exposure}{short},"
        f" best response {best} → {spoken(line.outcome)}"
    )


def disease_told(catalogue: Catalogue, name: str) -> str:
    """A disease in a word, if it has one."""
    known = catalogue.diagnoses.get(name)
    return name if known is None else known.short or known.title


def pathway_ref(pathway: Pathway, chosen_because: Iterable[str] = ()) -> PathwayRef:
    """A pathway as an answer names it, and why it was chosen."""
    sources = pathway.catalogue.sources
    source = sources.get(pathway.source)
    later = None if source is None else sources.get(source.superseded_by or "")
    return PathwayRef(
        id=pathway.id,
        edition=pathway.edition,
        disease=disease_told(pathway.catalogue, pathway.disease),
        digest=pathway.digest,
        chosen_because=list(chosen_because),
        changed=list(pathway.catalogue.replaced) or msgspec.UNSET,
        superseded_by=msgspec.UNSET if later is None else later.short,
    )


def statement_ref(run: Run, statement: Statement) -> StatementRef:
    """On whose authority a rule speaks, with its source in short."""
    source = run.pathway.catalogue.sources[statement.source]
    return StatementRef(
        source=statement.source,
        id=statement.id,
        kind=str(statement.kind),
        strength=str(statement.strength),
        certainty=str(statement.certainty),
        grade=statement.grade,
        confidence=str(statement.confidence),
        grade_confidence=str(statement.grade_confidence),
        citation=source.short,
    )


def when(moment: Moment) -> When:
    """A moment as the public answer gives it."""
    return When(offset_days=float(decimal_text(moment.latest)), label=moment.label)


def weakest(limits: Iterable[Threshold]) -> str:
    """The confidence of the least sure number."""
    order = ("policy", "recalled", "derived", "verified-2", "verified")
    found = sorted((str(limit.confidence) for limit in limits), key=order.index)
    return found[0] if found else ""
