"""The page: what a template needs of each course. Text of a record is escaped by the template engine."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import msgspec

from nephroline.consultation import acts_beside, capital, headline, line_told
from nephroline.consultation.answer import (
    NOTICE,
    ActionOut,
    ActOut,
    AlertOut,
    BlockReason,
    Consultation,
    FindingOut,
    LineAdvice,
    StatementRef,
)
from nephroline.course import DecisionPoint, DrawnCourse
from nephroline.errors import InputError, UsageError
from nephroline.phrases import (
    LEGEND,
    authority,
    line_parts,
    overdue_told,
    taper_told,
    total_told,
)
from nephroline.terms import spoken

if TYPE_CHECKING:
    from jinja2 import Environment

    from nephroline.report.picture import AxisScale

_WIDE, _NARROW = 860, 330
_MANY = 1_500
"""With more points than this, narrow screens scroll the wide picture: a second one would double the file."""


class _Shown(msgspec.Struct, frozen=True):
    """A course with its pictures."""

    anchor: str
    course: DrawnCourse
    last: Consultation
    wide: str
    narrow: str
    legend: list[tuple[str, str]]


def page(courses: Sequence[DrawnCourse], *, scale: AxisScale = "linear") -> str:
    """The report of some courses. Raises: UsageError when the extra `report` is not installed."""
    environment = _environment()
    shown = [_shown(course, f"c{number}", scale) for number, course in enumerate(courses, 1)]
    here = files("nephroline.report") / "templates"
    return environment.get_template("report.html.jinja").render(
        shown=shown,
        style=report_style(),
        script=(here / "script.js").read_text(encoding="utf-8"),
        notice=NOTICE,
        confidence=LEGEND,
        engine=shown[0].last.engine,
    )


def _environment() -> Environment:
    return templates_of(
        "nephroline.report",
        {
            "words": spoken,
            "authority": _authority,
            "parts": line_parts,
            "told": line_told,
            "overdue": overdue_told,
            "total": total_told,
            "advice": advice,
            "blocked": _blocked,
            "sources": _sources,
            "tally": _tally,
            "acts": acts_beside,
            "taper": taper_told,
        },
    )


def report_style() -> str:
    """The style of the report, which other pages share."""
    return (files("nephroline.report") / "templates" / "style.css").read_text(encoding="utf-8")


def templates_of(package: str, filters: Mapping[str, Callable[..., Any]]) -> Environment:
    """The templates of a package, with what they may call. Raises: UsageError without the extra `report`."""
    try:
        from jinja2 import Environment, PackageLoader, StrictUndefined
    except ImportError:
        raise missing_extra("report") from None
    environment = Environment(
        loader=PackageLoader(package),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= dict(filters)
    return environment


def missing_extra(name: str) -> InputError:
    """That an optional part is not installed."""
    return UsageError.of(
        f"this needs the optional part {name!r}, which is not installed",
        f"python -m pip install 'nephroline[{name}]'",
    )


def _shown(course: DrawnCourse, anchor: str, scale: AxisScale) -> _Shown:
    try:
        from nephroline.report.picture import legend, picture

        wide = picture(course, width=_WIDE, scale=scale, anchor=anchor)
    except ImportError:
        raise missing_extra("report") from None
    many = sum(len(panel.points) for panel in course.panels) > _MANY
    narrow = "" if many else picture(course, width=_NARROW, scale=scale, anchor=anchor)
    responses = [phase.response for phase in course.phases]
    return _Shown(anchor, course, course.decisions[-1].answer, wide, narrow, legend(responses))


# -- what the template says --------------------------------------------------------------------------


def advice(answer: Consultation) -> str:
    """The answer about the next line in a few words."""
    return capital(headline(answer))


def _authority(item: LineAdvice | FindingOut | AlertOut | ActionOut | ActOut) -> str:
    return authority(item.statement, item.on_guideline)


def _blocked(answer: Consultation) -> list[tuple[str, BlockReason]]:
    """Each reason once, with all that it takes out."""
    reasons: dict[str, BlockReason] = {}
    regimens: dict[str, list[str]] = {}
    for out in answer.blocked:
        for reason in out.reasons:
            reasons[reason.rule] = reason
            regimens.setdefault(reason.rule, []).append(out.title)
    return [(", ".join(regimens[rule]), reason) for rule, reason in reasons.items()]


def _sources(course: DrawnCourse) -> list[str]:
    """The full citations of all that was said."""
    met = {statement.source for decision in course.decisions for statement in _statements(decision)}
    return [source.citation for source in course.pathway.catalogue.sources.values() if source.id in met]


def _statements(decision: DecisionPoint) -> Iterable[StatementRef]:
    answer = decision.answer
    if answer.next_line:
        yield answer.next_line.statement
    yield from (other.statement for other in answer.alternatives)
    yield from (finding.statement for finding in answer.findings)
    yield from (alert.statement for alert in answer.alerts)
    yield from (action.statement for action in answer.actions)


def _tally(course: DrawnCourse) -> str:
    """How often what was done agrees with what the rules say."""
    counts = Counter(deed.verdict for deed in course.replayed.deeds)
    return ", ".join(f"{count} {verdict}" for verdict, count in counts.most_common())
