"""The answer to an order as text: may it be given, why not, what first, what instead."""

from __future__ import annotations

from nephroline.faces.screen import Screen
from nephroline.ordering import OrderAnswer
from nephroline.phrases import dose_told, taken

_SAID = {
    "not-judged": ("Not judged: the edition does not speak of this patient.", "bold yellow"),
    "no": ("No.", "bold red"),
    "already": ("It is taken already.", "bold"),
    "not-now": ("Not now: nothing forbids it, but the pathway asks for something else.", "bold yellow"),
    "unknown": ("It fits, but what is missing could forbid it.", "bold yellow"),
    "first": ("Yes, after what comes first.", "bold green"),
    "yes": ("Yes: no rule is against it.", "bold green"),
}
_LABEL = 13


def show_order(out: Screen, found: OrderAnswer) -> None:
    """The verdict, then what it rests on."""
    out.paragraph(f"{found.order} · {found.record} at {found.as_of.label}", style="bold")
    out.paragraph(taken(found.pathway), style="dim")
    said, style = _SAID[found.verdict]
    _item(out, "answer", said, style)
    if found.verdict in ("not-judged", "no", "already", "not-now"):
        for reason in found.because:
            _item(out, "because", reason)
    for fault in found.dose:
        if fault not in found.because:
            _item(out, "dose", fault, "yellow")
    for dose in found.doses:
        _item(out, "this patient", dose_told(dose))
    if found.first:
        _item(out, "first", "; ".join(found.first))
    for alert in found.alerts:
        by = f" ({'; '.join(alert.raised_by)})" if alert.raised_by else ""
        _item(out, str(alert.severity), f"{alert.title}{by}: {alert.detail}", "yellow")
    if found.needs:
        _item(out, "needs", " · ".join(found.needs))
    for item in found.instead:
        _item(out, "instead", item)
    out.line()
    out.paragraph(found.notice, style="dim italic")


def _item(out: Screen, label: str, text: str, style: str = "") -> None:
    out.hang(((f"{label:<{_LABEL}}", "bold"),), ((text, style),), _LABEL)
