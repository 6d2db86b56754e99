"""Pathways side by side, as text."""

from __future__ import annotations

from collections.abc import Sequence

from nephroline.comparing import Compared
from nephroline.faces.phrases import words
from nephroline.faces.screen import Screen

_LABEL = 13


def show_comparison(out: Screen, found: Sequence[Compared]) -> None:
    """Where pathways agree, in a line; where they differ, each answer and what makes the difference."""
    for item in found:
        if item.agree:
            answer = next(iter(item.answers.values()))
            out.hang(((f"{item.at:<{_LABEL}}", "bold"),), ((f"agree: {answer}", "green"),), _LABEL)
        else:
            out.line((f"{item.at:<{_LABEL}}", "bold"), ("differ", "yellow"))
            for name, answer in item.answers.items():
                out.hang(((f"  {name}: ", "bold"),), ((answer, ""),), _LABEL)
        if len(set(item.status.values())) > 1:
            said = ", ".join(f"{words(status)} ({name})" for name, status in item.status.items())
            out.paragraph(f"status: {said}", indent=_LABEL)
        for kind, causes in (("rule", item.rules), ("definition", item.definitions), ("limit", item.limits)):
            for cause in causes:
                out.hang(((" " * _LABEL, ""),), ((f"{kind}: ", "dim"), (cause.title, "bold")), _LABEL)
                for name, said in cause.said.items():
                    out.hang(((" " * (_LABEL + 2), ""),), ((f"{name} ", "dim"), (said, "")), _LABEL + 4)
    agree = sum(item.agree for item in found)
    out.line((f"{agree} of {len(found)} decisions agree", "bold"))
