"""A course as a picture: a Vega-Lite specification, drawn to SVG without a browser.

Colours are CSS variables of the page, so that one picture serves light, dark and paper. Every mark that
shows a datum carries its text; what has no single value is drawn between its bounds, and words as flags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Literal

from nephroline.consultation import headline
from nephroline.course import Bar, DrawnCourse, Event, Panel, Point
from nephroline.report.frame import PLAIN, Frame, Spec, along, frame_of, layer, pixels, view
from nephroline.terms import Response

AxisScale = Literal["linear", "log"]

_PANEL, _ROW, _FLAG, _NUMBER = 120, 26, 16, 20
_LETTER = 5.9
"""About how wide a letter of a label is, in pixels."""
_MARGIN = 42
_DODGE = 12
_DECADE = 10
_LINK = re.compile(r'xlink:href="[^"#]*#')
_FEW = 400
"""With more points than this, they are drawn small and without lines."""

COLOURS = {
    Response.COMPLETE_REMISSION: "var(--complete)",
    Response.PARTIAL_REMISSION: "var(--partial)",
    Response.RELAPSE: "var(--relapse)",
    Response.NO_RESPONSE: "var(--none)",
    Response.INDETERMINATE: "var(--unsure)",
}


def picture(course: DrawnCourse, *, width: int, scale: AxisScale = "linear", anchor: str = "") -> str:
    """The picture of a course as SVG; decisions link to ``#<anchor>-<number>``."""
    import vl_convert

    svg = vl_convert.vegalite_to_svg(spec_of(course, width=width, scale=scale, anchor=anchor))
    # The converter makes links absolute, from an address of its own; ours stay on the page. It writes how a
    # font slants where a style stands, which means nothing there, and which a page may not bring along.
    return _LINK.sub('href="#', svg).replace(' style="italic"', ' font-style="italic"')


def spec_of(course: DrawnCourse, *, width: int, scale: AxisScale = "linear", anchor: str = "") -> Spec:
    """The Vega-Lite specification of a course."""
    frame = frame_of(course, width)
    views = [_decisions(course, frame, anchor)]
    views += [_panel(course, panel, frame, scale) for panel in course.panels]
    views += [view for view in (_drugs(course, frame), _happenings(course, frame)) if view]
    # The last view tells the time again, at the foot.
    views[-1]["layer"][0]["encoding"]["x"]["axis"] = _axis(frame, "bottom")
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "description": f"Course of {course.title}",
        "background": None,
        "padding": 4,
        "vconcat": views,
        "spacing": 34,
        "bounds": "flush",
        "config": _CONFIG,
    }


_CONFIG: Spec = {
    "font": "system-ui, sans-serif",
    "view": {"stroke": "var(--line)", "fill": None},
    "axis": {
        "labelColor": "var(--muted)",
        "titleColor": "var(--muted)",
        "gridColor": "var(--line)",
        "domainColor": "var(--line)",
        "tickColor": "var(--line)",
        "labelFontSize": 11,
        "titleFontSize": 11,
        "titleFontWeight": "normal",
    },
    "title": {
        "color": "var(--ink)",
        "fontSize": 12,
        "fontWeight": 600,
        "anchor": "start",
        "frame": "group",
        "offset": 6,
    },
    "text": {"color": "var(--ink)", "fontSize": 11},
}


# -- the strip of decisions --------------------------------------------------------------------------


def _decisions(course: DrawnCourse, frame: Frame, anchor: str) -> Spec:
    rows: list[Spec] = []
    ends: list[float] = []
    for decision in course.decisions:
        here = frame.pixel(decision.day)
        row = _free_row(ends, here, 20)
        said = headline(decision.answer)
        rows.append(
            {
                "x": frame.x(decision.day),
                "y": row * _NUMBER + _NUMBER / 2,
                "number": str(decision.number),
                "text": f"decision {decision.number} at {decision.when}: {said}",
                "href": f"#{anchor}-{decision.number}",
            }
        )
    encoding = {"x": along(frame, axis=_axis(frame, orient="top")), "y": pixels("y")}
    numbers = [{k: row[k] for k in ("x", "y", "number")} for row in rows]
    circle = {"type": "circle", "size": 290, "color": "var(--accent)", "opacity": 1}
    layers = [
        layer(circle, rows, **encoding, href={"field": "href"}),
        layer(
            {"type": "text", "color": "var(--paper)", "fontSize": 10, "fontWeight": 600},
            numbers,
            **encoding,
            text={"field": "number"},
        ),
    ]
    return view(frame, max(len(ends), 1) * _NUMBER + 4, layers, "decisions")


def _free_row(ends: list[float], start: float, width: float) -> int:
    """The first row that is free from a place on; it is taken for this width."""
    for row, end in enumerate(ends):
        if end <= start:
            ends[row] = start + width
            return row
    ends.append(start + width)
    return len(ends) - 1


def _axis(frame: Frame, orient: str) -> Spec:
    axis: Spec = {
        "orient": orient,
        "title": frame.title,
        "tickCount": frame.width // (70 if frame.zero is None else 100),
        "grid": True,
        "gridOpacity": 0.6,
    }
    return axis if frame.dates is None else {**axis, "labelExpr": frame.dates}


# -- a panel of one analyte --------------------------------------------------------------------------


def _panel(course: DrawnCourse, panel: Panel, frame: Frame, wanted: AxisScale) -> Spec:
    scale = wanted if _spread(panel) > _DECADE else "linear"
    low, high = _domain(panel, scale)
    y = {
        "type": "quantitative",
        "scale": {"domain": [low, high], "nice": False, "type": scale, "zero": scale == "linear"},
    }
    axis = {"title": None, "tickCount": 4, "minExtent": _MARGIN, "maxExtent": _MARGIN, "format": ",~r"}
    where: Callable[[str], Spec] = lambda field: {**y, "field": field, "axis": axis}  # noqa: E731
    rules, names = _limits(panel, frame, (low, high), scale, where)
    layers = [_shading(course, frame), *rules]
    if len(panel.points) <= _FEW:
        layers.append(_lines(panel, frame, low, where))
    layers += [*_ranges(panel, frame, low, where), *_points(panel, frame, low, where)]
    layers += [*_flags(panel, frame), *names]
    return view(frame, _PANEL, layers, f"{panel.title}, {panel.unit}")


def _spread(panel: Panel) -> float:
    """How many times the largest value is the smallest."""
    values = [v for p in panel.numbers for v in (p.low, p.high) if v]
    values += [limit.value for limit in panel.limits]
    return max(values, default=1.0) / min(values, default=1.0)


def _domain(panel: Panel, scale: AxisScale) -> tuple[float, float]:
    values = [v for p in panel.numbers for v in (p.low, p.high) if v is not None]
    values += [limit.value for limit in panel.limits]
    if not values:
        return 0.0, 1.0
    if scale == "linear":
        return 0.0, max(values) * 1.15
    positive = [v for v in values if v > 0] or [1.0]
    return min(positive) / 1.6, max(positive) * 1.6


def _shading(course: DrawnCourse, frame: Frame) -> Spec:
    rows = [
        {
            "x": frame.x(phase.start),
            "x2": frame.x(phase.end),
            "fill": COLOURS[phase.response],
        }
        for phase in course.phases
    ]
    colour = {"field": "fill", "type": "nominal", "scale": None}
    return layer({"type": "rect"}, rows, x=along(frame, axis=PLAIN), x2={"field": "x2"}, fill=colour)


def _limits(
    panel: Panel,
    frame: Frame,
    domain: tuple[float, float],
    scale: AxisScale,
    where: Callable[[str], Spec],
) -> tuple[list[Spec], list[Spec]]:
    """The thresholds as lines, and their names, apart from each other, to be drawn over everything."""
    rows: list[Spec] = []
    lowest = float(_PANEL)
    for limit in sorted(panel.limits, key=lambda limit: limit.value):
        if limit.value < domain[0]:
            continue
        place = min(_height(limit.value, domain, scale) - 5, lowest)
        lowest = place - _DODGE
        name = f"{limit.text}  {limit.title}" if frame.labels else limit.text
        rows.append(
            {"y": limit.value, "name": name, "place": max(place, 5), "text": f"{limit.title}: {limit.text}"}
        )
    rule = {"type": "rule", "color": "var(--limit)", "strokeDash": [4, 3]}
    label = {"type": "text", "align": "left", "x": 4, "color": "var(--limit)", "fontSize": 10}
    names = [{k: v for k, v in row.items() if k != "text"} for row in rows]
    halo = {**label, "stroke": "var(--paper)", "strokeWidth": 3, "opacity": 0.8}
    told = [layer(mark, names, y=pixels("place"), text={"field": "name"}) for mark in (halo, label)]
    return [layer(rule, rows, y=where("y"))], told


def _height(value: float, domain: tuple[float, float], scale: AxisScale) -> float:
    """Where a value is, from the top, in pixels."""
    from math import log

    low, high = domain
    share = log(value / low) / log(high / low) if scale == "log" else (value - low) / (high - low)
    return _PANEL * (1 - share)


def _lines(panel: Panel, frame: Frame, low: float, where: Callable[[str], Spec]) -> Spec:
    """Lines between values measured one after the other; anything less sure between them breaks the line."""

    def sure(point: Point) -> bool:
        return point.value is not None and point.start == point.end and point.value >= low

    rows = [
        {"x": frame.x(point.start), "y": point.value, "run": run}
        for run, (known, points) in enumerate(groupby(panel.points, sure))
        if known
        for point in points
    ]
    mark = {"type": "line", "color": "var(--accent)", "strokeWidth": 1.2, "opacity": 0.7}
    return layer(mark, rows, x=along(frame, axis=PLAIN), y=where("y"), detail={"field": "run"})


def _ranges(panel: Panel, frame: Frame, low: float, where: Callable[[str], Spec]) -> list[Spec]:
    """Values at an uncertain time as bars along it, uncertain values as bars from bound to bound."""
    wide, tall = list[Spec](), list[Spec]()
    for point in panel.numbers:
        middle = (point.start + point.end) / 2
        if point.value is None:
            bottom, top = max(point.low or low, low), point.high
            if top is not None:
                tall.append({"x": frame.x(middle), "y": bottom, "y2": top, "text": point.text})
        if point.start < point.end:
            level = point.value if point.value is not None else point.high
            ends = {"x": frame.x(point.start), "x2": frame.x(point.end)}
            wide.append({**ends, "y": level, "text": point.text})
    mark = {"type": "rule", "color": "var(--accent)", "opacity": 0.55, "strokeWidth": 5}
    return [
        layer(mark, wide, x=along(frame, axis=PLAIN), x2={"field": "x2"}, y=where("y")),
        layer(mark, tall, x=along(frame, axis=PLAIN), y=where("y"), y2={"field": "y2"}),
    ]


def _points(panel: Panel, frame: Frame, low: float, where: Callable[[str], Spec]) -> list[Spec]:
    rows = [
        {"x": frame.x(point.start), "y": point.value, "text": point.text}
        for point in panel.numbers
        if point.value is not None and point.start == point.end and point.value >= low
    ]
    size = 60 if len(panel.points) <= _FEW else 12
    mark = {"type": "circle", "size": size, "color": "var(--accent)", "opacity": 1}
    return [layer(mark, rows, x=along(frame, axis=PLAIN), y=where("y"))]


def _flags(panel: Panel, frame: Frame) -> list[Spec]:
    """Reports in words, on the upper edge: they have no height."""
    flags, names = list[Spec](), list[Spec]()
    ends: list[float] = []
    for point in panel.points:
        if not point.word:
            continue
        row = {"x": frame.x(point.end), "y": 8, "text": point.text}
        flags.append(row)
        here = frame.pixel(point.end)
        needed = len(point.word) * _LETTER + 14
        if here + needed <= frame.width and not any(here < end for end in ends):
            ends.append(here + needed)
            names.append({"x": row["x"], "y": 8, "name": point.word})
    x = along(frame, axis=PLAIN)
    flag = {"type": "point", "shape": "triangle-right", "size": 70, "color": "var(--word)", "filled": True}
    label = {"type": "text", "align": "left", "dx": 7, "color": "var(--word)", "fontStyle": "italic"}
    return [
        layer({**flag, "opacity": 1}, flags, x=x, y=pixels("y")),
        layer(label, names, x=x, y=pixels("y"), text={"field": "name"}),
    ]


# -- drugs and events --------------------------------------------------------------------------------


def _drugs(course: DrawnCourse, frame: Frame) -> Spec | None:
    """A row for each drug, with the dose beside its name where there is room."""
    rows: dict[str, list[Bar]] = {}
    for bar in sorted(course.bars, key=lambda bar: not bar.line_drug):
        rows.setdefault(bar.drug, []).append(bar)
    if not rows:
        return None
    bars, names, arrows = list[Spec](), list[Spec](), list[Spec]()
    for number, (drug, given) in enumerate(rows.items()):
        top = number * _ROW
        taken = 0.0
        for bar in sorted(given, key=lambda bar: bar.start):
            end = frame.end if bar.end is None else bar.end
            hue = "var(--drug)" if bar.line_drug else "var(--beside)"
            place = {"x": frame.x(bar.start), "x2": frame.x(end), "y": top + 14, "y2": top + 22}
            bars.append({**place, "fill": hue, "text": bar.text})
            if bar.end is None:
                arrows.append({"x": frame.x(frame.end), "y": top + 18, "fill": hue})
            label = f"{drug} {bar.dose}".strip() if bar is given[0] else bar.dose
            start = max(min(frame.pixel(bar.start), frame.width - len(label) * _LETTER), 0)
            if label and start >= taken:
                taken = start + len(label) * _LETTER + 8
                names.append({"px": start, "y": top + 7, "name": label})
    colour = {"field": "fill", "type": "nominal", "scale": None}
    mark = {"type": "rect", "stroke": "var(--paper)", "strokeWidth": 1}
    x = along(frame, axis=PLAIN)
    layers = [
        layer(mark, bars, x=x, x2={"field": "x2"}, y=pixels("y"), y2={"field": "y2"}, fill=colour),
        layer(
            {"type": "point", "shape": "triangle-right", "filled": True, "opacity": 1, "size": 110},
            arrows,
            x=x,
            y=pixels("y"),
            fill=colour,
        ),
        layer(
            {"type": "text", "align": "left", "baseline": "middle"},
            names,
            x=pixels("px"),
            y=pixels("y"),
            text={"field": "name"},
        ),
    ]
    return view(frame, len(rows) * _ROW + 4, layers, "drugs")


_SHAPES = {"biopsy": "diamond", "condition": "circle", "procedure": "square"}


def _happenings(course: DrawnCourse, frame: Frame) -> Spec | None:
    if not course.events:
        return None
    marks, names = list[Spec](), list[Spec]()
    ends: list[float] = []
    for event in sorted(course.events, key=lambda event: event.start):
        here = frame.pixel(event.end)
        shown = _short(event, frame)
        row = _free_row(ends, here, len(shown) * _LETTER + 24)
        y = row * _FLAG + _FLAG / 2
        text = f"{event.text} ({event.when})"
        marks.append({"x": frame.x(event.end), "y": y, "text": text, "shape": _SHAPES[event.kind]})
        left = here + len(shown) * _LETTER + 14 <= frame.width
        names.append({"px": here + (9 if left else -9 - len(shown) * _LETTER), "y": y, "name": shown})
    shape = {"field": "shape", "type": "nominal", "scale": None}
    mark = {"type": "point", "size": 60, "color": "var(--event)", "filled": True, "opacity": 1}
    layers = [
        layer(mark, marks, x=along(frame, axis=PLAIN), y=pixels("y"), shape=shape),
        layer(
            {"type": "text", "align": "left", "baseline": "middle"},
            names,
            x=pixels("px"),
            y=pixels("y"),
            text={"field": "name"},
        ),
    ]
    return view(frame, len(ends) * _FLAG + 4, layers, "biopsies, conditions, procedures")


def _short(event: Event, frame: Frame) -> str:
    most = 60 if frame.labels else 26
    return event.text if len(event.text) <= most else event.text[: most - 1] + "…"


def legend(phases: Sequence[Response]) -> list[tuple[str, str]]:
    """The responses that are shaded, with their colours."""
    return [(str(r).replace("-", " "), colour) for r, colour in COLOURS.items() if r in phases]
