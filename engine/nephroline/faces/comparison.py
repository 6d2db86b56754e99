"""Pathways side by side, as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from nephroline.comparing import Cause, Compared
from nephroline.faces.screen import Screen
from nephroline.terms import spoken

_LABEL = 13


def show_comparison(out: Screen, found: Sequence[Compared]) -> None:
    """Where pathways differ, each answer and the rules that make it; then where they agree, in a line.

    The definitions and limits behind them are the same for most decisions, so they come once, at the end.
    """
    agree = sum(item.agree for item in found)
    apart = (
        f"; they differ at {', '.join(one.at for one in found if not one.agree)}"
        if agree < len(found)
        else ""
    )
    out.hang((), ((f"{agree} of {len(found)} decisions agree{apart}", "bold"),), 0)
    out.line()
    told: dict[tuple[str, str], str] = {}
    for item in sorted(found, key=lambda one: one.agree):
        if item.agree:
            answer = next(iter(item.answers.values()))
            out.hang(((f"{item.at:<{_LABEL}}", "bold"),), ((f"agree: {answer}", "green"),), _LABEL)
        else:
            out.line((f"{item.at:<{_LABEL}}", "bold"), ("differ", "yellow"))
            for answer, names in grouped(item.answers).items():
                out.hang(((" " * _LABEL, ""),), ((answer, "bold"), (f"  ({names})", "dim")), _LABEL + 2)
        for cause in item.details:
            told_as = "; ".join(f"{text} ({names})" for text, names in grouped(cause.said).items())
            if told.setdefault((cause.title, told_as), item.at) == item.at:
                out.hang(((" " * _LABEL, ""),), ((f"{cause.title}: ", "dim"), (told_as, "")), _LABEL + 2)
        for cause in item.care:
            if told.setdefault((cause.title, str(cause.said)), item.at) == item.at:
                out.hang(((" " * _LABEL, ""),), (("beside it: ", "dim"), (_care(cause), "")), _LABEL + 2)
        if len(set(item.status.values())) > 1:
            said = "; ".join(f"{spoken(status)} ({names})" for status, names in grouped(item.status).items())
            out.paragraph(f"status: {said}", indent=_LABEL)
        for cause in item.rules:
            before = told.setdefault((cause.title, str(cause.held)), item.at)
            since = f", as at {before}" if before != item.at else ""
            out.hang(((" " * _LABEL, ""),), (("rule: ", "dim"), (cause.title + since, "")), _LABEL)
            if not since:
                _each(out, _told(cause))
    behind = {
        (kind, cause.title): cause
        for item in found
        for kind, causes in (("definition", item.definitions), ("limit", item.limits))
        for cause in causes
    }
    if behind:
        out.line()
        out.line(("Behind the differences", "bold"))
    for (kind, title), cause in behind.items():
        out.hang((("  ", ""),), ((f"{kind}: ", "dim"), (title, "")), 4)
        _each(out, grouped(cause.said), indent=4)


def grouped(said: Mapping[str, str]) -> dict[str, str]:
    """What was said, with the names of all who said it."""
    texts: dict[str, list[str]] = {}
    for name, text in said.items():
        texts.setdefault(text, []).append(name)
    return {text: ", ".join(names) for text, names in texts.items()}


def _care(cause: Cause) -> str:
    said = grouped({name: text for name, text in cause.said.items() if text})
    if len(said) > 1:
        return f"{cause.title}: " + "; ".join(f"{text} ({names})" for text, names in said.items())
    ((text, names),) = said.items()
    return f"{cause.title}, only in {names}: {text}"


def _told(cause: Cause) -> dict[str, str]:
    """What pathways say of a rule; where it holds in several, the reasons of the first speak for all."""
    first = next((cause.said[name] for name, held in cause.held.items() if held), "")
    return grouped({name: first if cause.held[name] else said for name, said in cause.said.items()})


def _each(out: Screen, said: Mapping[str, str], indent: int = _LABEL + 2) -> None:
    for text, names in said.items():
        out.hang(((" " * indent, ""),), ((f"{names}: ", "dim"), (text, "")), indent + 2)
