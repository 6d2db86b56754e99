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
    for name, of_list in LISTS.items():
        ours, theirs = of_list(one), of_list(other)
        lost = [each for each in ours if each not in theirs]
        if lost and name != "next_line":
            found[name] = lost
        new = [each for each in theirs if each not in ours]
        if new and name != "next_line":
            found[f"not_{name}"] = new
    ours, theirs = ([f"{act.act} {act.agent}" for act in each.acts] for each in (one, other))
    for name, verbs in (
        ("acts", [each for each in ours if each not in theirs]),
        ("not_acts", [each for each in theirs if each not in ours]),
    ):
        wanted = [each for each in verbs if each.split(" ", 1)[0] in VERBS]
        if wanted:
            found[name] = wanted
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
        theirs = [text.casefold() for text in words(other)]
        said = next((t for t in words(one) if t and not any(t.casefold() in each for each in theirs)), None)
        if said is not None:
            found["said"] = [said]
    return found
