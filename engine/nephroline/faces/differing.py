"""Two sets of answers beside each other, for the screen."""

from __future__ import annotations

from typing import Any

import msgspec

from nephroline.answers import Comparison, Divergence, Key
from nephroline.faces.commanding import count
from nephroline.faces.screen import Screen

_PLACES = 3
"""Of the answers in which one change is seen, so many are named."""
_LONGEST = 300


def show_differences(out: Screen, found: Comparison) -> None:
    """Print each change once, with how often and where it is seen; then the sums."""
    for item in found.changed:
        _change(out, item)
    for title, keys in (("only in OLD", found.only_old), ("only in NEW", found.only_new)):
        for key in keys[:_PLACES]:
            out.paragraph(f"{title}: {_where(key)}")
        if len(keys) > _PLACES:
            out.paragraph(f"{title}: and {len(keys) - _PLACES} more")
    more = f", {len(found.only_old)} only in OLD" if found.only_old else ""
    more += f", {len(found.only_new)} only in NEW" if found.only_new else ""
    out.paragraph(f"{count(found.same, 'answer')} the same, {found.differing} different{more}")


def _change(out: Screen, item: Divergence) -> None:
    out.line((item.place, "bold"), (f"  in {count(len(item.where), 'answer')}", ""))
    out.paragraph(f"- {_text(item.before)}", indent=2, style="red")
    out.paragraph(f"+ {_text(item.after)}", indent=2, style="green")
    for key in item.where[:_PLACES]:
        out.paragraph(_where(key), indent=4, style="dim")


def _text(value: Any) -> str:
    if value is None:
        return "(nothing)"
    text = value if isinstance(value, str) else msgspec.json.encode(value).decode()
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _where(key: Key) -> str:
    scenario, pathway, at, kind = key
    return f"{scenario} · {at} · {pathway} · {kind}"
