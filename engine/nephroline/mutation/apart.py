"""What a scenario could expect of one answer that another does not meet."""

from __future__ import annotations

from typing import Any

from nephroline.consultation import Consultation
from nephroline.expecting import LISTS, VERBS, WORDS, words


def telling_apart(one: Consultation, other: Consultation) -> dict[str, Any]:
    """An expectation that one answer meets and another does not; empty if none can be written.

    It names what differs: first what is to be done and the labels, else the words.
    """
    found: dict[str, Any] = {}
    for name, of in WORDS.items():
        if of(one) != of(other):
            found[name] = of(one)
    listed = {name: (of(one), of(other)) for name, of in LISTS.items() if name != "next_line"}
    listed["acts"] = _acts(one), _acts(other)
    for name, (ours, theirs) in listed.items():
        lost = [each for each in ours if each not in theirs]
        new = [each for each in theirs if each not in ours]
        found |= ({name: lost} if lost else {}) | ({f"not_{name}": new} if new else {})
    for name in ("exposure", "outcome"):
        lines = {str(line.n): str(getattr(line, name)) for line in other.lines}
        changed = {
            str(line.n): str(getattr(line, name))
            for line in one.lines
            if lines.get(str(line.n)) != str(getattr(line, name))
        }
        if changed:
            found[name] = changed
    if one.status.provisional != other.status.provisional:
        found["provisional"] = one.status.provisional
    if not found:
        told = [text.casefold() for text in words(other)]
        said = next((t for t in words(one) if t and not any(t.casefold() in each for each in told)), None)
        if said is not None:
            found["said"] = [said]
    return found


def _acts(answer: Consultation) -> list[str]:
    """The acts that can be expected, as a scenario writes them."""
    return [f"{act.act} {act.agent}" for act in answer.acts if act.act in VERBS]
