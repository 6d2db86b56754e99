"""A roadmap as a diagram: DOT for Graphviz, Mermaid, or SVG drawn by Graphviz."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

from nephroline.errors import UsageError
from nephroline.roadmap import Landmark, Road, Roadmap

_WRAP = 24
_SHAPES = {
    "start": "shape=circle fixedsize=true width=1.25",
    "regimen": 'shape=box style="rounded,filled"',
    "finding": 'shape=box style=filled margin="0.12,0.04"',
    "end": "shape=octagon style=filled",
}
_FILLS = {"start": "#ffffff", "regimen": "#dbeafe", "finding": "#fef3c7", "end": "#e5e7eb"}
_BRACKETS = {"start": ("((", "))"), "regimen": ("(", ")"), "finding": ("[", "]"), "end": ("{{", "}}")}
_GONE, _OTHER, _INK = "#b42318", "#8c959f", "#1b1f24"


def dot(roadmap: Roadmap) -> str:
    """The diagram in the language of Graphviz; conditions are tooltips."""
    return "\n".join(["digraph pathway {", *(f"  {line}" for line in _dot(roadmap)), "}", ""])


def _dot(roadmap: Roadmap) -> Iterator[str]:
    yield f'graph [rankdir=TB label={_quoted(roadmap.title)} labelloc=t fontname="Helvetica" fontsize=14'
    yield '       nodesep=0.35 ranksep=0.7 bgcolor="white"];'
    yield f'node [fontname="Helvetica" fontsize=11 color="{_OTHER}" fontcolor="{_INK}"];'
    yield f'edge [fontname="Helvetica" fontsize=9 color="{_OTHER}" fontcolor="{_INK}"];'
    for place in roadmap.places:
        here = place.stays or place.next_line
        line = f' color="{_GONE}" penwidth=2.5' if here else ""
        label = _quoted("\n".join(_label(place)))
        look = f'{_SHAPES[place.kind]} fillcolor="{_FILLS[place.kind]}"{line}'
        yield f"{_quoted(place.id)} [label={label} {look}];"
    for way in roadmap.ways:
        line = f' color="{_GONE}" penwidth=2.5' if way.gone else ""
        dashed = "" if way.on_guideline else " style=dashed"
        name, tip = _quoted(_named(way)), _quoted(f"{way.rule}: {way.condition}")
        yield (
            f"{_quoted(way.start)} -> {_quoted(way.end)} "
            f"[label={name} tooltip={tip} labeltooltip={tip}{dashed}{line}];"
        )


def mermaid(roadmap: Roadmap) -> str:
    """The diagram in Mermaid."""
    lines = ["---", f"title: {_plain(roadmap.title)}", "---", "flowchart LR"]
    numbers = {place.id: f"p{number}" for number, place in enumerate(roadmap.places)}
    for place in roadmap.places:
        before, after = _BRACKETS[place.kind]
        label = "<br>".join(_plain(line) for line in _label(place))
        lines.append(f'  {numbers[place.id]}{before}"{label}"{after}:::{place.kind}')
    for number, way in enumerate(roadmap.ways):
        arrow = "-->" if way.on_guideline else "-.->"
        label = _plain(_named(way).replace("\n", " "))
        lines.append(f'  {numbers[way.start]} {arrow}|"{label}"| {numbers[way.end]}')
        if way.gone:
            lines.append(f"  linkStyle {number} stroke:{_GONE},stroke-width:3px")
    here = [numbers[place.id] for place in roadmap.places if place.stays or place.next_line]
    lines += [f"  classDef {kind} fill:{fill},stroke:{_OTHER}" for kind, fill in _FILLS.items()]
    if here:
        lines.append(f"  classDef here stroke:{_GONE},stroke-width:3px")
        lines.append(f"  class {','.join(here)} here")
    return "\n".join([*lines, ""])


_LIBRARY = re.compile(r"lib\S+\.so\S*(?=:)")


def svg(roadmap: Roadmap) -> str:
    """The diagram as SVG. Raises: UsageError when the extra `graph`, or a library it needs, is not there."""
    try:
        import pygraphviz
    except ImportError as bad:
        library = _LIBRARY.search(str(bad))
        if library:
            raise UsageError.of(
                f"drawing needs a library of the system: {library[0]}",
                "Debian: apt install libglib2.0-0; or ask for --format dot or mermaid",
            ) from None
        raise UsageError.of(
            "drawing needs the optional part 'graph', which is not installed",
            "python -m pip install 'nephroline[graph]', or ask for --format dot or mermaid",
        ) from None
    return pygraphviz.AGraph(string=dot(roadmap)).draw(format="svg", prog="dot").decode()


def _label(place: Landmark) -> list[str]:
    wrapped = _wrapped(place.title, 14 if place.kind == "start" else _WRAP)
    return [*wrapped, *place.stays, *(["next line now"] if place.next_line else [])]


def _named(way: Road) -> str:
    grade = f" ({way.grade})" if way.grade else ""
    return "\n".join(_wrapped(f"{way.title}{grade}", _WRAP))


def _wrapped(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def _plain(text: str) -> str:
    """Text that Mermaid reads as text."""
    for sign, entity in (("#", "#35;"), ('"', "#quot;"), ("<", "#lt;"), (">", "#gt;")):
        text = text.replace(sign, entity)
    return text
