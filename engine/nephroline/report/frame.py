"""The frame of a picture, and what its views are made of."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

import msgspec

from nephroline.course import DrawnCourse

Spec = dict[str, Any]
"""A part of a Vega-Lite specification."""


class Frame(msgspec.Struct, frozen=True):
    """How wide the picture is, and how time becomes its horizontal axis."""

    width: int
    begin: float
    end: float
    unit: str
    days: float
    zero: date | None
    labels: bool

    @property
    def title(self) -> str:
        """What the axis counts."""
        return f"{self.unit} from time zero" if self.zero is None else f"date (time zero {self.zero})"

    @property
    def dates(self) -> str | None:
        """How Vega puts a place of the axis as a date; None if the chart has no dates."""
        if self.zero is None:
            return None
        zero, day = self.zero, self.days * 86_400_000
        form = "%Y-%m-%d" if self.days == 1 else "%b %Y"
        return f"utcFormat(utc({zero.year}, {zero.month - 1}, {zero.day}) + datum.value * {day}, '{form}')"

    def x(self, day: float) -> float:
        """A day in units of the axis."""
        return round(day / self.days, 3)

    def pixel(self, day: float) -> float:
        """Where a day is, from the left."""
        return (day - self.begin) / (self.end - self.begin) * self.width


def frame_of(course: DrawnCourse, width: int) -> Frame:
    """The frame of a course: its unit of time by how long it is."""
    span = course.end - course.begin
    month = course.month
    units = (("days", 1.0, 4 * month), ("months", month, 120 * month), ("years", 12 * month, float("inf")))
    unit, days, _ = next(row for row in units if span <= row[2])
    # A little room at the right shows what still goes on.
    end = course.end + span * 0.02
    zero = course.replayed.scenario.record.clock.zero
    return Frame(width, course.begin, end, unit, days, zero, width > 600)


def along(frame: Frame, field: str = "x", *, axis: Spec | None = None) -> Spec:
    """The horizontal place of a mark, by a field that holds a day of the axis."""
    return {
        "field": field,
        "type": "quantitative",
        "scale": {"domain": [frame.x(frame.begin), frame.x(frame.end)], "nice": False, "zero": False},
        "axis": axis,
    }


PLAIN: Spec = {"labels": False, "ticks": False, "title": None, "grid": True, "gridOpacity": 0.6}


def view(frame: Frame, height: float, layers: list[Spec], title: str = "") -> Spec:
    """Some layers as one view, as wide as the frame."""
    found: Spec = {"width": frame.width, "height": height, "layer": layers}
    return {**found, "title": title} if title else found


def layer(mark: Spec, rows: Iterable[Spec], **encoding: Any) -> Spec:
    """A layer of marks; rows with a text speak, others are only to be seen."""
    values = list(rows)
    spoken = bool(values) and "text" in values[0]
    if spoken:
        encoding["description"] = {"field": "text"}
    return {"data": {"values": values}, "mark": {**mark, "aria": spoken}, "encoding": encoding}


def pixels(field: str) -> Spec:
    """A place in pixels, by a field that holds them."""
    return {"field": field, "type": "quantitative", "scale": None, "axis": None}
