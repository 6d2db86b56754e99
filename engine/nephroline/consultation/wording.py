"""What a decision comes to, and who says so, in words; for every face the same."""

from __future__ import annotations

from nephroline.catalogue import Catalogue
from nephroline.consultation.answer import Consultation, StatementRef
from nephroline.consultation.decision import Advised
from nephroline.pathway import Statement
from nephroline.terms import Action, Answer, spoken

VERBS = {
    Action.START: "Start",
    Action.CONTINUE: "Continue",
    Action.ADJUST: "Adjust",
    Action.TAPER: "Taper",
    Action.STOP: "Stop",
}


NO_LINE = {
    Answer.GUIDELINE_SILENT: "the guideline is silent",
    Answer.NEEDS_DATA: "not decided, data are missing",
    Answer.NOTHING_APPLIES: "no rule about the next line holds",
    Answer.NOT_APPLICABLE: "the pathway does not apply",
    Answer.CONFLICT: "rules conflict",
}
"""Why there is no next line."""


def headline(answer: Consultation) -> str:
    """The next line of an answer, or why there is none."""
    if answer.next_line is not None:
        return answer.next_line.title
    if answer.outlook is not None and answer.outlook.answer:
        return answer.outlook.answer
    return NO_LINE.get(answer.answer.kind, NO_LINE[Answer.NEEDS_DATA])


def cited(citation: str, statement: Statement | StatementRef, *, kind: bool = False) -> str:
    """What a source printed: ``KDIGO 2012 6.4.1 (2B)``; the *kind* of a recommendation if it is asked for."""
    plain = statement.kind in ("recommendation", "policy") or statement.kind in citation
    named = "" if plain and not kind else f" {spoken(statement.kind)}"
    number = f" {statement.id}" if statement.id else ""
    grade = f" ({statement.grade})" if statement.grade else ""
    return f"{citation}{named}{number}{grade}"


def in_words(catalogue: Catalogue, advised: Advised) -> str:
    """What is advised about the line of therapy: ``start tacrolimus``, ``the guideline is silent``."""
    match advised.kind:
        case Answer.CONFLICT:
            return f"{NO_LINE[advised.kind]}: {advised.what}"
        case Answer.GUIDELINE_SILENT if advised.action is not None:
            return f"{_line(catalogue, advised)}; beyond that {NO_LINE[advised.kind]}"
        case kind if kind in NO_LINE:
            return NO_LINE[kind]
        case _:
            return _line(catalogue, advised)


def _line(catalogue: Catalogue, advised: Advised) -> str:
    verb = VERBS[advised.action].lower() if advised.action else ""
    return f"{verb} {title_of_line(catalogue, advised.what)}"


def title_of_line(catalogue: Catalogue, what: str) -> str:
    """The title of a regimen, or of the drugs of an act that makes none."""
    known = catalogue.regimens.get(what)
    return known.title if known else " + ".join(catalogue.title(name) for name in what.split(" + "))
