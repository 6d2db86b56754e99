"""Features of how the disease stands: the response now, and relapses."""

from __future__ import annotations

from nephroline.exact import Fraction
from nephroline.features.chart import Chart
from nephroline.features.schema import feature
from nephroline.features.values import (
    Amount,
    Threshold,
    Value,
    unknown_amount,
)
from nephroline.quantities import decimal_text
from nephroline.record import span_text


@feature("response", gives="choice:response", says="response now")
def response(chart: Chart) -> Value:
    """The response at the last assessment within `current_window`; `untreated` before the first line."""
    return chart.status


@feature("response_lasted", gives="amount:time", says="time in the present response")
def response_lasted(chart: Chart) -> Value:
    """The time since the present response was first seen, without a break."""
    since = chart.status_since
    if since is None:
        return unknown_amount("time", chart.unassessed("since when the response holds"))
    span = chart.timeline.span(since.at, None)
    return Amount(span.least, span.most, "time", f"{span_text(span.least)} (since {since.at})")


@feature("relapses", ("threshold:time",), gives="amount:count", says="relapses within {0}")
def relapses(chart: Chart, window: Threshold) -> Value:
    """How many relapses certainly began within the window before as-of."""
    since = chart.timeline.now - window.days
    return _count([a.at.label for a in chart.relapses if a.at.earliest >= since])


@feature(
    "relapses_on",
    ("agent", "threshold:time"),
    gives="amount:count",
    says="relapses on {0} or within {1} of its end",
)
def relapses_on(chart: Chart, agent: str, after: Threshold) -> Value:
    """How many relapses began while a drug or class was given, or within the window after its end."""
    timeline = chart.timeline
    courses = [c for c in timeline.courses if timeline.catalogue.belongs(c.drug, agent)]
    return _count(
        [
            a.at.label
            for a in chart.relapses
            if any(
                c.start.latest < a.at.earliest and (c.end is None or a.at.latest <= c.end.latest + after.days)
                for c in courses
            )
        ]
    )


def _count(labels: list[str]) -> Amount:
    number = Fraction(len(labels))
    shown = f" ({', '.join(labels)})" if labels else ""
    return Amount(number, number, "count", f"{decimal_text(number)}{shown}")
