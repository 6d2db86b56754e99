"""An answer about the next line, in words."""

from __future__ import annotations

from nephroline.catalogue import Catalogue
from nephroline.consultation import VERBS
from nephroline.outlook.states import Said, State
from nephroline.terms import Answer


def said(state: State, outcome: object) -> str:
    """An answer about the next line, in words."""
    assert isinstance(outcome, Said)  # noqa: S101
    catalogue = state.run.pathway.catalogue
    match outcome.kind:
        case Answer.NOT_APPLICABLE:
            return "the pathway does not apply"
        case Answer.GUIDELINE_SILENT if outcome.action is None:
            return "the guideline is silent"
        case Answer.GUIDELINE_SILENT:
            return f"{_line(catalogue, outcome)}; beyond that the guideline is silent"
        case Answer.CONFLICT:
            return f"rules conflict: {outcome.what}"
        case Answer.NOTHING_APPLIES:
            return "no rule about the next line holds"
        case _:
            return _line(catalogue, outcome)


def _line(catalogue: Catalogue, outcome: Said) -> str:
    known = catalogue.regimens.get(outcome.what)
    names = outcome.what.split(" + ")
    title = known.title if known else " + ".join(catalogue.title(name) for name in names)
    verb = VERBS[outcome.action] if outcome.action else ""
    return f"{verb.lower()} {title}"
