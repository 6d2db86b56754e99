"""What missing data could change, why not, and what if: as text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from nephroline.consultation import headline
from nephroline.phrases import taken
from nephroline.terms import Certain

if TYPE_CHECKING:
    from nephroline.changes import WhatIf, WhyNot
    from nephroline.changes.whatif import Alternative
    from nephroline.consultation.answer import MarginOut, OrderOut, Outlook
    from nephroline.faces.screen import Screen

_LABEL = 13
_OUTCOMES, _WAYS = 6, 1
"""With more outcomes than the first, only so many ways to each are shown, and those not provisional."""
_PROVISIONAL = " (provisional)"


def show_outlook(out: Screen, found: Outlook) -> None:
    """What the next line depends on, and what to order."""
    if found.verdict is Certain.CERTAIN and found.although:
        _item(out, "certain", f"although not known: {', '.join(found.although)}", "green")
    if found.verdict is Certain.DEPENDS:
        _item(out, "depends on", ", ".join(found.depends_on), "yellow")
        if found.although:
            _under(out, f"not on: {', '.join(found.although)}", "dim")
    if found.presuming and (found.although or found.depends_on):
        _under(out, f"presuming the planned exposure; not known: {'; '.join(found.presuming)}", "dim")
    for number, order in enumerate(found.orders):
        _order(out, order, "to settle it" if number == 0 else "or")
    if found.complete and found.verdict is Certain.UNSETTLED:
        _item(out, "not certain", f"until it is known: {'; '.join(found.because)}", "yellow")
    elif not found.complete:
        told = "; ".join(found.because) or "not every combination of values was looked at"
        _item(out, "unsettled", told, "yellow")
    if found.verdict is Certain.UNSETTLED and found.depends_on:
        _under(out, f"it may depend on: {', '.join(found.depends_on)}", "yellow")
    show_margins(out, found)


def show_margins(out: Screen, found: Outlook) -> None:
    """How far each value stands from another answer, if that was asked for."""
    if found.margins == []:
        _item(out, "margin", "no value stands between this answer and another", "dim")
    for margin in found.margins or ():
        _margin(out, margin)


def _order(out: Screen, order: OrderOut, label: str) -> None:
    _item(out, label, f"{', '.join(order.data)}  ({order.burden})", "bold")
    ways: dict[str, list[str]] = {}
    provisional: dict[str, None] = {}
    for outcome in order.outcomes:
        mark = _PROVISIONAL if outcome.open else ""
        provisional |= dict.fromkeys(outcome.open)
        ways.setdefault(outcome.then + mark, []).append(", ".join(outcome.when))
    for then, whens in ways.items():
        many = len(order.outcomes) > _OUTCOMES
        if many and then.endswith(_PROVISIONAL):
            continue
        shown = sorted(whens, key=len)[: _WAYS if many else None]
        for when in shown:
            _under(out, f"{when} → {then}")
        if len(shown) < len(whens):
            more = len(whens) - len(shown)
            _under(out, f"… and {more} other way{'' if more == 1 else 's'} to {then}", "dim")
    if provisional:
        _under(out, f"provisional: {'; '.join(provisional)}", "dim")


def _margin(out: Screen, margin: MarginOut) -> None:
    reach = ""
    if margin.fragile is not None:
        within = "within" if margin.fragile else "beyond"
        reach = f"; {within} its ordinary variation of {margin.variation} ({margin.source})"
    else:
        reach = "; its ordinary variation has no source here"
    beyond = "below" if margin.away.startswith("-") else "above"
    mark = "fragile: " if margin.fragile else ""
    text = f"{mark}{margin.datum} {margin.value}; {beyond} {margin.cut} ({margin.away}): {margin.then}{reach}"
    _item(out, "margin", text, "yellow" if margin.fragile else "")


def show_why_not(out: Screen, found: WhyNot) -> None:
    """What would offer a regimen and fails, what keeps it out, the least that would change it."""
    if found.is_next_line:
        out.paragraph(f"{found.title} is the next line: {found.answer}.", style="bold green")
        out.paragraph(taken(found.pathway), style="dim")
        return
    out.paragraph(f"Why not {found.title}? The answer is: {found.answer}.", style="bold")
    out.paragraph(taken(found.pathway), style="dim")
    if not found.offers:
        out.paragraph("No rule of this pathway offers it.", indent=2)
    for nearest in found.offers[:1]:
        where = f" (line {nearest.line})" if nearest.line else ""
        _item(out, "would offer", f"{nearest.title}{where}", "bold")
        for text in nearest.fails:
            _under(out, f"✗ {text}")
        for text in nearest.missing:
            _under(out, f"? {text}", "yellow")
        if nearest.outranked_by:
            _under(out, f"it holds, but comes after: {nearest.outranked_by}")
    for block in found.blocks:
        until = f"; until {block.until}" if block.until else ""
        _item(out, "blocked", f"{block.title}: {'; '.join(block.because)}{until}", "red")
    ahead = [change for change in found.changes if change.can]
    past = [change for change in found.changes if not change.can]
    for change in ahead:
        _item(out, "would change", f"{' and '.join(change.edits)} → {change.then}", "green")
        _under(out, f"try: what-if … {' '.join(change.arguments)}", "dim")
    for change in past:
        _item(out, "another past", f"{' and '.join(change.edits)} → {change.then}", "dim")
    if not found.changes and found.offers:
        bound = "" if found.complete else " (the search met its bound)"
        text = f"no small change of this record makes it the next line{bound}: what fails rests on the past"
        _item(out, "would change", text, "yellow")
    for offer in found.offers[1:]:
        _item(out, "farther off", f"{offer.title}: {'; '.join([*offer.fails, *offer.missing])}", "dim")


def show_what_if(out: Screen, found: WhatIf) -> None:
    """How answers with other data differ from the one that is."""
    base = found.base
    out.paragraph(f"{base.record} at {base.as_of.label}: {headline(base)}", style="bold")
    out.paragraph(taken(base.pathway), style="dim")
    for alternative in found.alternatives:
        out.line()
        _alternative(out, alternative)


def _alternative(out: Screen, alternative: Alternative) -> None:
    edits = ", ".join(edit.text for edit in alternative.edits)
    out.paragraph(f"if {edits} (at {alternative.consultation.as_of.label})", style="bold")
    if alternative.assumes:
        out.paragraph(f"assumes that {' and '.join(alternative.assumes)} goes on", indent=2, style="dim")
    if not alternative.differences:
        out.paragraph("nothing changes", indent=2, style="dim")
    for difference in alternative.differences:
        changes = [("- ", "red", text) for text in difference.gone]
        changes += [("+ ", "green", text) for text in difference.new]
        for sign, style, text in changes:
            head = ((f"{difference.about:<{_LABEL}}", "bold"), (sign, style))
            out.hang(head, ((text, style),), _LABEL + 2)


def _item(out: Screen, label: str, text: str, style: str = "") -> None:
    out.hang(((f"{label:<{_LABEL}}", style or "bold"),), ((text, ""),), _LABEL)


def _under(out: Screen, text: str, style: str = "") -> None:
    out.paragraph(text, indent=_LABEL, style=style)
