"""Features of one line of therapy."""

from __future__ import annotations

from itertools import pairwise

from nephroline.exact import Fraction
from nephroline.features.chart import ALL_RESPONSES, Chart
from nephroline.features.doses import counted_amount, counted_dose, uncounted
from nephroline.features.patient import doubts, latest_word, risen
from nephroline.features.schema import feature
from nephroline.features.values import (
    Amount,
    Choice,
    Flag,
    Missing,
    Slot,
    Threshold,
    Value,
    gather,
    unknown_amount,
)
from nephroline.record import NOT_STOPPED, Exposure, Line, Moment, Span, span_text
from nephroline.terms import Entry, Reads

WEIGHT = "weight"
"""The analyte that carries between a dose per day and a dose per weight."""

PER_DAY, PER_WEIGHT = "mass-rate", "dose-rate-per-mass"


def _length(span: Span, missing: tuple[Missing, ...] = ()) -> Amount:
    text = span_text(span.least)
    if span.most != span.least:
        text += f" to {span_text(span.most)}"
    return Amount(span.least, span.most, "time", text, missing)


@feature("line.current", gives="flag", says="the line is running", reads=Reads.EXPOSURES)
def current(_chart: Chart, line: Line) -> Value:
    """Whether the line is running just before as-of."""
    return Flag(
        line.current,
        f"line {line.number} " + ("is running" if line.current else f"ended at {line.end}"),
    )


@feature("line.latest_line", gives="flag", says="the line is the latest", reads=Reads.EXPOSURES)
def latest_line(chart: Chart, line: Line) -> Value:
    """Whether no later line has begun."""
    last = line.number == len(chart.timeline.lines)
    return Flag(last, "the latest line" if last else "a later line followed")


@feature("line.has", ("agent",), gives="flag", says="the line holds {0}", reads=Reads.EXPOSURES)
def has(chart: Chart, line: Line, agent: str) -> Value:
    """Whether a drug, or a drug of a class, is an agent of the line (adjuncts do not count)."""
    catalogue = chart.timeline.catalogue
    if any(catalogue.belongs(drug, agent) for drug in line.drugs):
        truth: bool | None = True
    else:
        truth = None if any(catalogue.belongs(drug, agent) for drug in line.doubtful) else False
    drugs = " and ".join(catalogue.drugs[drug].title for drug in line.drugs)
    return Flag(truth, f"line {line.number} is {drugs}", doubts(chart, line) if truth is None else ())


@feature("line.regimen", gives="choice:regimen", says="regimen of the line", reads=Reads.EXPOSURES)
def regimen(chart: Chart, line: Line) -> Value:
    """The catalogue's regimen with these agents, or `other`."""
    known = regimens_of(chart, line)
    titles = [
        chart.timeline.catalogue.regimens[name].title if name != "other" else "no listed regimen"
        for name in known
    ]
    missing = doubts(chart, line) if len(known) > 1 else ()
    return Choice(frozenset(known), " or ".join(titles), missing)


def regimens_of(chart: Chart, line: Line) -> list[str]:
    """What the line's regimen may be: more than one when a dose leaves it open."""
    catalogue = chart.timeline.catalogue
    found = [catalogue.regimen_of(frozenset({*line.drugs, *more})) for more in ((), line.doubtful)]
    return list(dict.fromkeys(regimen.id if regimen else "other" for regimen in found))


@feature("line.duration", gives="amount:time", says="time on the line", reads=Reads.EXPOSURES)
def duration(chart: Chart, line: Line) -> Value:
    """From the start of the line to its end or as-of.

    Where the dose of a drug does not tell whether it is an adjunct, its start or end may have begun a new
    line.
    """
    whole = chart.timeline.span(line.start, line.end)
    turns = [
        at
        for row in line.rows
        if row.drug in line.doubtful
        for at in (row.start, row.end)
        if at is not None and line.start.latest < at.latest < chart.timeline.end_of(line)
    ]
    if not turns:
        return _length(whole)
    last = max(turns, key=lambda at: at.latest)
    least = chart.timeline.span(last, line.end).least
    return _length(Span(least, whole.most), doubts(chart, line))


@feature("line.since_end", gives="amount:time", says="time since the line ended", reads=Reads.EXPOSURES)
def since_end(chart: Chart, line: Line) -> Value:
    """From the end of the line to as-of; nothing while it runs."""
    if line.end is None:
        return Amount(Fraction(-1), Fraction(-1), "time", "not ended")
    return _length(chart.timeline.span(line.end, None))


def _rows(chart: Chart, line: Line, agent: str) -> list[Exposure]:
    return [row for row in line.rows if chart.timeline.catalogue.belongs(row.drug, agent)]


def _within(chart: Chart, line: Line, row: Exposure) -> Span:
    """The part of an exposure that falls into the line."""
    start = row.start if row.start.latest >= line.start.latest else line.start
    end = row.end
    if line.end is not None and (end is None or end.latest > line.end.latest):
        end = line.end
    return chart.timeline.span(start, end)


@feature("line.dose", ("agent",), gives="amount:dose", says="dose of {0} on the line", reads=Reads.EXPOSURES)
def dose(chart: Chart, line: Line, agent: str) -> Value:
    """The last dose of a drug or class on the line."""
    title = chart.timeline.catalogue.title(agent)
    rows = _rows(chart, line, agent)
    if not rows or rows[-1].dose is None:
        slot = Slot(Entry.DOSE, rows[-1].drug, rows[-1].start) if rows else None
        return unknown_amount(
            "mass-rate", Missing(f"dose of {title}", f"the dose of {title} on line {line.number}", slot)
        )
    return counted_amount(chart, rows[-1], agent)


@feature(
    "line.time_at_dose",
    ("agent", "threshold:dose", "threshold:dose"),
    gives="amount:time",
    says="time on {0} at {1} (or at its maximum of {2})",
)
def time_at_dose(chart: Chart, line: Line, agent: str, per_day: Threshold, most: Threshold) -> Value:
    """Time on the line at or above a daily dose, or at the most that is given per day.

    The weight on record carries between mg/kg/d and mg/d. Time at a dose that is not known counts as
    possible, not as certain.
    """
    least, longest = Fraction(0), Fraction(0)
    missing: list[Missing] = []
    for row in _rows(chart, line, agent):
        span = _within(chart, line, row)
        reached = _at_dose(chart, row, agent, per_day, most, missing)
        if reached is not False:
            longest += span.most
        if reached:
            least += span.least
    return _length(Span(least, longest), gather(missing))


def _at_dose(
    chart: Chart, row: Exposure, agent: str, per_day: Threshold, most: Threshold, missing: list[Missing]
) -> bool | None:
    title = chart.timeline.catalogue.drugs[row.drug].title
    given = counted_dose(chart, row, agent)
    if given is None and row.dose is not None:
        missing.append(uncounted(chart, row, agent))
        return None
    if given is None or given.low is None or given.high is None:
        slot = Slot(Entry.DOSE, row.drug, row.start) if given is None else None
        missing.append(Missing(f"dose of {title}", f"the dose of {title} from {row.start}", slot))
        return None
    for limit in (per_day, most):
        form = limit.forms.get(given.dimension)
        if form is not None and form.exact is not None:
            if given.low >= form.exact:
                return True
            if limit is per_day and given.high < form.exact:
                return False
    per_kg = per_day.forms.get(PER_WEIGHT)
    if given.dimension == PER_DAY and per_kg is not None and per_kg.exact is not None:
        weight = weight_near(chart, row)
        if weight is not None:
            return weight <= weight_at(given.low, per_kg.exact)
        slot = Slot(Entry.OBSERVATION, WEIGHT, row.start)
        missing.append(Missing(WEIGHT, f"{title} {given.text} per kilogram", slot))
        return None
    missing.append(Missing(f"dose of {title}", f"the daily dose of {title}: {given.text} is not per day"))
    return None


def weight_near(chart: Chart, row: Exposure) -> Fraction | None:
    """The weight (g) at the start of an exposure: the last one up to then, else the first after it."""
    weights = [w for w in chart.timeline.observations.get(WEIGHT, ()) if w.value is not None]
    near = [w for w in weights if w.at.earliest <= row.start.latest] or weights[:1]
    return (near[-1].value.exact or None) if near and near[-1].value is not None else None


def weight_at(dose: Fraction, rate: Fraction) -> Fraction:
    """The weight (g) at which a dose per day (g/d) is this dose per weight (mg/kg/d)."""
    return dose * 1_000_000 / rate


def _level(chart: Chart, drug: str) -> str | None:
    return next((a.id for a in chart.timeline.catalogue.analytes.values() if a.level_of == drug), None)


@feature(
    "line.trough_measured",
    ("agent",),
    gives="flag",
    says="a trough of {0} was measured on the line",
)
def trough_measured(chart: Chart, line: Line, drug: str) -> Value:
    """Whether a trough was measured on the line."""
    level = _level(chart, drug)
    items = [i for i in chart.timeline.in_line(line, level) if i.value] if level else []
    if items:
        return Flag(True, f"trough {items[-1].text} ({items[-1].at})")
    return Flag(False, "no trough measured")


@feature(
    "line.time_at_trough",
    ("agent", "threshold:level"),
    gives="amount:time",
    says="time on {0} with the trough at or above {1}",
)
def time_at_trough(chart: Chart, line: Line, drug: str, low: Threshold) -> Value:
    """Time on the line with the trough at or above a level.

    Each measurement speaks for the time since the one before it, the last also for the time to the
    line's end; without any measurement nothing is certain.
    """
    whole = chart.timeline.span(line.start, line.end)
    level = _level(chart, drug)
    items = [i for i in chart.timeline.in_line(line, level) if i.value] if level else []
    if not items or level is None:
        why = f"the measured trough of {chart.timeline.catalogue.title(drug)} on line {line.number}"
        slot = Slot(Entry.OBSERVATION, level, line.end or chart.timeline.as_of) if level else None
        return _length(Span(Fraction(0), whole.most), (Missing(level or f"{drug}_trough", why, slot),))
    least, most = Fraction(0), Fraction(0)
    begin = line.start.latest
    for i, item in enumerate(items):
        end = chart.timeline.end_of(line) if i == len(items) - 1 else item.at.latest
        amount = chart.amount(item)
        compared = low.form_for(amount)
        if compared is not None and compared[0].low is not None:
            limit, value = compared[0].low, compared[1]
            if value.low is not None and value.low >= limit:
                least += end - begin
            if value.high is None or value.high >= limit:
                most += end - begin
        begin = end
    return _length(Span(least, most))


@feature(
    "line.trough_target",
    ("agent",),
    gives="amount:mass-concentration",
    says="target trough of {0}",
    reads=Reads.EXPOSURES,
)
def trough_target(chart: Chart, line: Line, drug: str) -> Value:
    """The target trough written on the exposure."""
    rows = [row for row in _rows(chart, line, drug) if row.trough_target is not None]
    title = chart.timeline.catalogue.title(drug)
    if not rows or rows[-1].trough_target is None:
        mine = _rows(chart, line, drug)
        slot = Slot(Entry.TROUGH_TARGET, mine[-1].drug, mine[-1].start) if mine else None
        missing = Missing(f"target trough of {title}", f"the target trough of {title}", slot)
        return unknown_amount("mass-concentration", missing)
    quantity = rows[-1].trough_target
    level = _level(chart, drug)
    analyte = chart.timeline.catalogue.analytes[level] if level else None
    return Amount(quantity.low, quantity.high, quantity.dimension, quantity.text, (), analyte)


@feature("line.exposure", gives="choice:exposure", says="exposure on the line")
def exposure(chart: Chart, line: Line) -> Value:
    """Adequate, presumed, inadequate or unknown, by the pathway's `exposure` section."""
    return chart.exposure(line)


@feature("line.response", gives="choice:response", says="response on the line")
def response(chart: Chart, line: Line) -> Value:
    """The response at the last assessment of the line, if within `current_window` of its end or as-of."""
    judged = chart.judged(line)
    oldest = chart.timeline.end_of(line) - chart.timeline.windows.current
    if not judged or judged[-1][0].at.latest < oldest:
        why = f"the response {'now' if line.current else 'at the end of line ' + str(line.number)}"
        return Choice(ALL_RESPONSES, "not assessed", (chart.unassessed(why, line),))
    assessment, choice = judged[-1]
    return Choice(
        choice.options,
        f"{choice.text} ({assessment.at})" if "(" not in choice.text else choice.text,
        choice.missing,
    )


@feature("line.best_response", gives="choice:response", says="best response on the line")
def best_response(chart: Chart, line: Line) -> Value:
    """The best response at any assessment of the line; no assessment is unknown."""
    return chart.best_response(line)


@feature("line.relapsed", gives="flag", says="a relapse on the line")
def relapsed(chart: Chart, line: Line) -> Value:
    """Whether a relapse certainly began on the line."""
    onsets = [a for a in chart.relapses if a.line == line.number]
    return Flag(bool(onsets), f"relapse at {onsets[-1].at}" if onsets else "no relapse on the line")


@feature("line.baseline", ("analyte",), gives="amount:analyte", says="{0} when the line began")
def baseline(chart: Chart, line: Line, analyte: str) -> Value:
    """The last value up to the start of the line."""
    return chart.baseline(line, analyte)


@feature("line.latest", ("analyte",), gives="amount:analyte", says="{0} on the line")
def latest(chart: Chart, line: Line, analyte: str) -> Value:
    """The last value on the line."""
    title = chart.timeline.catalogue.analytes[analyte].title
    return chart.last(
        chart.timeline.in_line(line, analyte),
        analyte,
        f"{title} on line {line.number}",
        _last_day(chart, line),
    )


@feature("line.change", ("analyte",), gives="amount:ratio", says="change in {0} on the line")
def change(chart: Chart, line: Line, analyte: str) -> Value:
    """Relative change from the line's baseline to its last value: (last − baseline) / baseline."""
    return chart.change(_amount(baseline(chart, line, analyte)), _amount(latest(chart, line, analyte)))


@feature("line.peak_change", ("analyte",), gives="amount:ratio", says="greatest rise of {0} on the line")
def peak_change(chart: Chart, line: Line, analyte: str) -> Value:
    """The greatest relative rise above the line's baseline at any time on the line."""
    base = _amount(baseline(chart, line, analyte))
    items = [item for item in chart.timeline.in_line(line, analyte) if item.value is not None]
    if not items:
        return change(chart, line, analyte)
    rises = [chart.change(base, chart.amount(item)) for item in items]
    known = [rise for rise in rises if rise.low is not None]
    return max(known, key=lambda rise: rise.low or Fraction(0)) if known else rises[-1]


@feature(
    "line.rise",
    ("analyte", "threshold:ratio"),
    gives="flag",
    says="{0} risen by more than {1} on the line",
)
def rise(chart: Chart, line: Line, analyte: str, limit: Threshold) -> Value:
    """Whether any value on the line exceeds the line's baseline by more than a limit.

    Without a number on the line, a report in the analyte's steady words (normal, stable) counts as no rise.
    """
    peak = _amount(peak_change(chart, line, analyte))
    words = latest_word(chart, chart.timeline.in_line(line, analyte), analyte, _last_day(chart, line))
    return risen(chart, peak, words, analyte, limit)


@feature(
    "line.up",
    ("analyte", "threshold:ratio"),
    gives="flag",
    says="{0} up by more than {1} at the last value on the line",
)
def up(chart: Chart, line: Line, analyte: str, limit: Threshold) -> Value:
    """Whether the last value on the line exceeds the line's baseline by more than a limit.

    A report in the analyte's steady words (normal, stable), with no number after it, counts as not up.
    """
    words = latest_word(chart, chart.timeline.in_line(line, analyte), analyte, _last_day(chart, line))
    return risen(chart, _amount(change(chart, line, analyte)), words, analyte, limit)


@feature(
    "line.still_risen",
    ("analyte", "threshold:ratio", "agent", "threshold:time"),
    gives="flag",
    says="{0} still up by more than {1}, {3} after {2} was reduced",
)
def still_risen(
    chart: Chart, line: Line, analyte: str, limit: Threshold, agent: str, wait: Threshold
) -> Value:
    """Whether the last value, measured so long after the dose was reduced for it, still exceeds the baseline.

    A dose or a target trough that was lowered on the line counts as reduced: for it, if the value was up
    then.
    """
    title = chart.timeline.catalogue.title(agent)
    reduced = _reduced(chart, line, agent)
    if reduced is None:
        return Flag(False, f"{title} was not reduced on the line")
    until = [i for i in chart.timeline.in_line(line, analyte) if i.value and i.at.latest <= reduced.latest]
    if not until:
        return Flag(False, f"{title} was reduced while nothing was known to be up")
    change_then = chart.change(baseline_of(chart, line, analyte), chart.amount(until[-1]))
    numbers = Choice(frozenset({"not-in-words"}), "a number")
    if not (up_then := risen(chart, change_then, numbers, analyte, limit)).truth:
        return Flag(up_then.truth, f"when {title} was reduced: {up_then.text}", up_then.missing)
    from_then = reduced.latest + wait.days
    seen = [i for i in chart.timeline.in_line(line, analyte) if i.value and i.at.earliest >= from_then]
    name = chart.timeline.catalogue.analytes[analyte].title
    if not seen and chart.timeline.end_of(line) < from_then:
        return Flag(False, f"{title} was reduced less than {wait.first.text} ago")
    if not seen:
        slot = Slot(Entry.OBSERVATION, analyte, _last_day(chart, line))
        why = f"{name} {wait.first.text} or more after {title} was reduced"
        return Flag(None, f"{why} is not known", (Missing(analyte, why, slot),))
    change_now = chart.change(baseline_of(chart, line, analyte), chart.amount(seen[-1]))
    return risen(chart, change_now, numbers, analyte, limit)


def baseline_of(chart: Chart, line: Line, analyte: str) -> Amount:
    """The last value up to the start of the line, as an amount."""
    return _amount(baseline(chart, line, analyte))


def _reduced(chart: Chart, line: Line, agent: str) -> Moment | None:
    """When the dose, or else the target trough, was last lowered on the line."""
    found: Moment | None = None
    rows = sorted(_rows(chart, line, agent), key=lambda row: row.start.sort_key)
    for before, after in pairwise(rows):
        pairs = ((before.dose, after.dose), (before.trough_target, after.trough_target))
        for old, new in pairs:
            if old and new and old.dimension == new.dimension and old.low and new.high and new.high < old.low:
                found = after.start
    return found


@feature("line.word", ("word-analyte",), gives="choice:words", says="{0} in words on the line")
def word(chart: Chart, line: Line, analyte: str) -> Value:
    """The last report in words on the line."""
    return latest_word(chart, chart.timeline.in_line(line, analyte), analyte, _last_day(chart, line))


@feature("line.stopped_for", gives="choice:stop_reason", says="reason for stopping", reads=Reads.EXPOSURES)
def stopped_for(chart: Chart, line: Line) -> Value:
    """Why the line was stopped; `not-stopped` while it runs or its drugs go on into the next line."""
    if line.current or line.stopped_for == NOT_STOPPED:
        return Choice(frozenset({NOT_STOPPED}), "not stopped")
    if line.stopped_for is None:
        slot = Slot(Entry.STOP_REASON, str(line.number), line.end)
        missing = Missing(f"why line {line.number} was stopped", "the reason for stopping", slot)
        return Choice(frozenset(chart.timeline.catalogue.stop_reasons), "not recorded", (missing,))
    return Choice(frozenset({line.stopped_for}), line.stopped_for.replace("-", " "))


def _last_day(chart: Chart, line: Line) -> Moment:
    return line.end or chart.timeline.as_of


def _amount(value: Value) -> Amount:
    assert isinstance(value, Amount)  # noqa: S101
    return value
