"""The contract of line, course and phase, timeline by timeline."""

from __future__ import annotations

import pytest
from timelines import Drawn, drawing, pathway_in, record_in, timelines

from nephroline.backends import backend
from nephroline.consultation import consulted
from nephroline.exact import Fraction
from nephroline.features import FEATURES, Amount, Chart, Choice
from nephroline.pathway import Pathway
from nephroline.record import Line, Moment, Record

ALL = list(timelines())
BY_FILE = pytest.mark.parametrize("drawn", [pytest.param(drawn, id=file.stem) for file, drawn in ALL])


@pytest.fixture(scope="module")
def pathway(tmp_path_factory: pytest.TempPathFactory) -> Pathway:
    return pathway_in(tmp_path_factory.mktemp("timelines"))


def chart_at(record: Record, pathway: Pathway, at: str) -> Chart:
    return consulted(record, pathway, at, backend("reference")).run.chart


def times(moment: Moment | None) -> tuple[object, object] | None:
    return None if moment is None else (moment.earliest, moment.latest)


@BY_FILE
def test_lines(drawn: Drawn, pathway: Pathway) -> None:
    record = record_in(drawn, pathway)
    lines = chart_at(record, pathway, drawn.at).timeline.lines

    def told(line: Line) -> tuple[object, ...]:
        reason = "" if line.stopped_for is None else line.stopped_for
        return ([*line.drugs], [*line.adjuncts], times(line.start), times(line.end), reason)

    read = record.clock.read
    assert [told(line) for line in lines] == [
        (
            e.drugs,
            e.beside,
            times(read(e.start)),
            times(read(e.end) if e.end is not None else None),
            e.stopped_for,
        )
        for e in drawn.lines
    ]


@BY_FILE
def test_steroid_course(drawn: Drawn, pathway: Pathway) -> None:
    record = record_in(drawn, pathway)
    for look in drawn.steroid:
        chart = chart_at(record, pathway, look.at)
        phase = FEATURES["phase"].compute(chart, "glucocorticoid")
        time = FEATURES["time_at_full_dose"].compute(chart, "glucocorticoid")
        assert isinstance(phase, Choice)
        assert isinstance(time, Amount)
        least, _, most = look.full_dose.removesuffix(" d").partition(" to ")
        line = chart.timeline.line
        assert (look.at, " or ".join(sorted(phase.options)), [*line.drugs] if line else []) == (
            look.at,
            look.phase,
            look.line,
        )
        assert (look.at, time.low, time.high) == (look.at, Fraction(least), Fraction(most or least))


def test_replays_do_not_see_the_stops_of_the_day(pathway: Pathway) -> None:
    drawn = next(drawn for file, drawn in ALL if file.stem.startswith("b-"))
    record = record_in(drawn, pathway)
    seen = consulted(record, pathway, "300 d", backend("reference"))
    before = consulted(record, pathway, "300 d", backend("reference"), stops_seen=False)
    assert seen.run.chart.timeline.line is None
    running = before.run.chart.timeline.line
    assert running is not None
    assert running.drugs == ("tacrolimus",)


@BY_FILE
def test_drawing(drawn: Drawn, pathway: Pathway) -> None:
    assert drawn.drawing.rstrip("\n") == drawing(drawn, record_in(drawn, pathway))
