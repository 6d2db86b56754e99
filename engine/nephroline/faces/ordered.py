"""The answer to an order as text: may it be given, why not, what first, what instead."""

from __future__ import annotations

from nephroline.faces.screen import Screen
from nephroline.ordering import OrderAnswer
from nephroline.phrases import ORDER_TOLD, dose_told, taken

_STYLE = {
    "not-judged": "bold yellow",
    "no": "bold red",
    "already": "bold",
    "not-now": "bold yellow",
    "unknown": "bold yellow",
    "first": "bold green",
    "yes": "bold green",
}
_LABEL = 13


def show_order(out: Screen, found: OrderAnswer) -> None:
    """The verdict, then what it rests on."""
    out.paragraph(f"{found.order} · {found.record} at {found.as_of.label}", style="bold")
    out.paragraph(taken(found.pathway), style="dim")
    _item(out, "answer", ORDER_TOLD[found.verdict], _STYLE[found.verdict])
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
