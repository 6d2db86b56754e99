"""What a decision comes to, in words."""

from __future__ import annotations

from nephroline.catalogue import Catalogue
from nephroline.consultation.decision import Advised
from nephroline.terms import Action, Answer

VERBS = {
    Action.START: "Start",
    Action.CONTINUE: "Continue",
    Action.ADJUST: "Adjust",
    Action.TAPER: "Taper",
    Action.STOP: "Stop",
}


def in_words(catalogue: Catalogue, advised: Advised) -> str:
    """What is advised about the line of therapy: ``start tacrolimus``, ``the guideline is silent``."""
    match advised.kind:
        case Answer.NOT_APPLICABLE:
            return "the pathway does not apply"
        case Answer.GUIDELINE_SILENT if advised.action is None:
            return "the guideline is silent"
        case Answer.GUIDELINE_SILENT:
            return f"{_line(catalogue, advised)}; beyond that the guideline is silent"
        case Answer.CONFLICT:
            return f"rules conflict: {advised.what}"
        case Answer.NOTHING_APPLIES:
            return "no rule about the next line holds"
        case _:
            return _line(catalogue, advised)


def _line(catalogue: Catalogue, advised: Advised) -> str:
    verb = VERBS[advised.action].lower() if advised.action else ""
    return f"{verb} {title_of_line(catalogue, advised.what)}"


def title_of_line(catalogue: Catalogue, what: str) -> str:
    """The title of a regimen, or of the drugs of an act that makes none."""
    known = catalogue.regimens.get(what)
    return known.title if known else " + ".join(catalogue.title(name) for name in what.split(" + "))
