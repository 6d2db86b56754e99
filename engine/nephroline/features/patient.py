"""Features of the patient as a whole, at as-of."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from nephroline.catalogue import Formula
from nephroline.exact import Fraction
from nephroline.features.chart import Chart, possibly_last, tail
from nephroline.features.doses import counted_amount
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
from nephroline.quantities import decimal_text
from nephroline.record import Line, Moment, Observation, span_text
from nephroline.terms import Entry, Reads

_YEAR = Fraction("365.25")


def _recent(chart: Chart, analyte: str) -> Sequence[Observation]:
    timeline = chart.timeline
    return tail(timeline.observations.get(analyte, ()), timeline.now - timeline.windows.current)


@feature("age", gives="amount:time", says="age", reads=Reads.PERSON)
def age(chart: Chart) -> Value:
    """Age at as-of."""
    zero = chart.timeline.record.age_zero
    if zero is None:
        return unknown_amount("time", Missing("age", "age", Slot(Entry.AGE)))
    now = zero + chart.timeline.now
    return Amount(now, now, "time", f"{int(now / _YEAR)} years")


@feature("sex", gives="choice:sex", says="sex", reads=Reads.PERSON)
def sex(chart: Chart) -> Value:
    """Sex as recorded: female or male."""
    known = chart.timeline.record.sex
    if known is None:
        return Choice(frozenset({"female", "male"}), "unknown", (Missing("sex", "sex", Slot(Entry.SEX)),))
    return Choice(frozenset({known}), known)


@feature("latest", ("analyte",), gives="amount:analyte", says="{0}")
def latest(chart: Chart, analyte: str) -> Value:
    """The latest value, no older than the pathway's `current_window`; a later word makes it unknown.

    An analyte with a formula (eGFR) is computed from the latest value of what it rests on, unless it was
    itself reported since.
    """
    formula = chart.timeline.catalogue.formula_of.get(analyte)
    if formula is not None:
        return computed(chart, formula)
    return chart.last(_recent(chart, analyte), analyte, f"{_title(chart, analyte)} now", chart.timeline.as_of)


def computed(chart: Chart, formula: Formula) -> Amount:
    """What a formula gives now: as reported, else computed; without age or sex, as far as it is known."""
    timeline = chart.timeline
    reported, source = _recent(chart, formula.gives), _recent(chart, formula.source_analyte)
    title = _title(chart, formula.gives)
    if reported and (not source or source[-1].at.latest <= reported[-1].at.latest):
        return chart.last(reported, formula.gives, f"{title} now", timeline.as_of)
    record, known = timeline.record, timeline.catalogue.analytes[formula.gives]
    age = None if record.age_zero is None or record.age_supposed else record.age_zero + timeline.now
    if age is None or age < (formula.least_age.low or 0):
        slot = Slot(Entry.OBSERVATION, formula.gives, timeline.as_of)
        own = Missing(formula.gives, f"{title} now, or the age to compute it", slot)
        return Amount(None, None, formula.result.dimension, "unknown", (own,), known)
    base = latest(chart, formula.source_analyte)
    assert isinstance(base, Amount)  # noqa: S101
    sexes = [record.sex] if record.sex else list(formula.sexes)
    missing = base.missing if record.sex else (*base.missing, Missing("sex", "sex", Slot(Entry.SEX)))
    least, most = (_carried(edge, base, formula) for edge in (base.low, base.high))
    # The more of the source, the less of the result.
    low = min((formula.value(most, age, s) for s in sexes), default=None) if most else None
    high = max((formula.value(least, age, s) for s in sexes), default=None) if least else None
    shown = " to ".join(dict.fromkeys(decimal_text(edge, 0) for edge in (low, high) if edge is not None))
    text = f"{shown} {known.units[0]} ({formula.title} from {base.text})" if shown else "unknown"
    return Amount(low, high, formula.result.dimension, text, missing, known)


def _carried(edge: Fraction | None, base: Amount, formula: Formula) -> Fraction | None:
    if edge is None or base.analyte is None:
        return None
    return base.analyte.convert(edge, base.dimension, formula.unit.dimension)


@feature("word", ("word-analyte",), gives="choice:words", says="{0} in words")
def word(chart: Chart, analyte: str) -> Value:
    """The latest report in words, no older than `current_window`; a later number makes it unknown."""
    return latest_word(chart, _recent(chart, analyte), analyte, chart.timeline.as_of)


def latest_word(chart: Chart, items: Sequence[Observation], analyte: str, at: Moment) -> Choice:
    """The last of *items* as a word; a number without a word at that moment is `not-in-words`."""
    known = chart.timeline.catalogue.analytes[analyte]
    missing = Missing(analyte, f"{known.title} in words", Slot(Entry.OBSERVATION, analyte, at))
    anything = frozenset({*known.words, "not-in-words"})
    peers = possibly_last(items)
    moments = {item.at.sort_key for item in peers}
    options = frozenset[str]()
    for moment in moments:
        here = [item for item in peers if item.at.sort_key == moment]
        spoken = frozenset(item.word for item in here if item.word is not None)
        measured = any(item.value is not None for item in here)
        options |= spoken or (frozenset({"not-in-words"}) if measured else anything)
    if not peers or options == anything:
        return Choice(anything, "not reported", (missing,))
    if options == frozenset({"not-in-words"}):
        return Choice(options, "a number, not words")
    said = next(item for item in reversed(peers) if item.word is not None)
    how = ", as reported" if said.reported else ""
    return Choice(options, f"{said.text} ({said.at}{how})", (missing,) if len(options) > 1 else ())


def risen(chart: Chart, change: Amount, words: Choice, analyte: str, limit: Threshold) -> Flag:
    """Whether a relative change exceeds a limit; without a number, a report of steadiness says no."""
    form = limit.forms["ratio"].exact
    assert form is not None  # noqa: S101
    title = chart.timeline.catalogue.analytes[analyte].title
    if change.low is not None and change.low > form:
        return Flag(True, f"{title} {change.text} (limit +{limit.first.text}, {limit.title})")
    if change.high is not None and change.high <= form:
        return Flag(False, f"{title} {change.text} (limit +{limit.first.text}, {limit.title})")
    if change.low is None and words.options <= set(chart.timeline.catalogue.analytes[analyte].steady_words):
        return Flag(False, f"{title} or renal function {words.text}")
    return Flag(None, f"whether {title} rose by more than {limit.first.text} is not known", change.missing)


@feature("pretreatment", ("analyte",), gives="amount:analyte", says="{0} before the first line")
def pretreatment(chart: Chart, analyte: str) -> Value:
    """The last value up to the start of the first line (up to as-of when untreated)."""
    timeline = chart.timeline
    at = timeline.lines[0].start if timeline.lines else timeline.as_of
    why = f"{_title(chart, analyte)} before the first line"
    return chart.last(timeline.before(at.latest, analyte), analyte, why, at)


@feature(
    "change_from_pretreatment",
    ("analyte",),
    gives="amount:ratio",
    says="change in {0} from before treatment",
)
def change_from_pretreatment(chart: Chart, analyte: str) -> Value:
    """Relative change from `pretreatment` to `latest`: (now − before) / before."""
    before, now = pretreatment(chart, analyte), latest(chart, analyte)
    assert isinstance(before, Amount)  # noqa: S101
    assert isinstance(now, Amount)  # noqa: S101
    return chart.change(before, now)


@feature(
    "rise",
    ("analyte", "threshold:ratio"),
    gives="flag",
    says="{0} risen by more than {1} from before treatment",
)
def rise(chart: Chart, analyte: str, limit: Threshold) -> Value:
    """Whether the latest value exceeds the pretreatment value by more than a limit.

    A report in the analyte's steady words (normal, stable), with no number after it, counts as no rise.
    """
    change = change_from_pretreatment(chart, analyte)
    assert isinstance(change, Amount)  # noqa: S101
    words = latest_word(chart, _recent(chart, analyte), analyte, chart.timeline.as_of)
    return risen(chart, change, words, analyte, limit)


@feature(
    "forms_apart",
    ("analyte", "threshold:forms"),
    gives="amount:ratio",
    says="difference between {0} in two forms, each against {1}",
)
def forms_apart(chart: Chart, analyte: str, limit: Threshold) -> Value:
    """How far apart the forms (24 hours, ratio to creatinine) of the last measured value are.

    Each is taken as a multiple of the threshold in its own form; the greater over the less, minus one. With
    one form only it is zero.
    """
    measured = [item for item in _recent(chart, analyte) if item.value is not None]
    forms = {
        item.value.dimension: (item, item.value.low / form, item.value.high / form)
        for item in chart.timeline.at(analyte, measured[-1].at if measured else chart.timeline.as_of)
        if item.value and item.value.low and item.value.high
        if (limit_form := limit.forms.get(item.value.dimension)) and (form := limit_form.exact)
    }
    if len(forms) < 2:
        return Amount(Fraction(0), Fraction(0), "ratio", "one form only")
    least = max(low for _, low, _ in forms.values()) / min(high for _, _, high in forms.values()) - 1
    most = max(high for _, _, high in forms.values()) / min(low for _, low, _ in forms.values()) - 1
    shown = " and ".join(item.text for item, _, _ in forms.values())
    least = max(least, Fraction(0))
    return Amount(least, most, "ratio", f"{decimal_text(least * 100, 0)} % ({shown}, {measured[-1].at})")


@feature("has", ("condition", "state"), optional=1, gives="flag", says="{0} {1}")
def has(chart: Chart, condition: str, state: str | None = None) -> Value:
    """Whether the condition is there (and in a state), by its latest entry. Not recorded: unknown."""
    title = chart.timeline.catalogue.conditions[condition].title
    entries = [c for c in chart.timeline.conditions if c.name == condition]
    excluded = chart.timeline.catalogue.conditions[condition].excluded_by
    if not entries and excluded is not None:
        exclusion = asserted(chart, excluded)
        if isinstance(exclusion, Flag) and exclusion.truth:
            return Flag(False, exclusion.text)
    if not entries or entries[-1].present is None:
        slot = Slot(Entry.CONDITION, condition, chart.timeline.as_of)
        missing = [Missing(condition, f"{title}: yes or no", slot)]
        if not entries and excluded is not None:
            missing = [*asserted(chart, excluded).missing, *missing]
        return Flag(None, f"{title}: not known", tuple(missing))
    last = entries[-1]
    if not last.present:
        return Flag(False, f"no {title} ({last.at})")
    if state is None or last.state == state:
        shown = f"{last.state} {title}" if last.state else title
        return Flag(True, f"{shown} ({last.at})")
    if last.state is None:
        slot = Slot(Entry.STATE, condition, chart.timeline.as_of)
        lacking = Missing(condition, f"{title}: {state} or not", slot)
        return Flag(None, f"{title}, state not recorded", (lacking,))
    return Flag(False, f"{last.state} {title} ({last.at})")


@feature("recorded", ("condition",), gives="flag", says="{0} is recorded")
def recorded(chart: Chart, condition: str) -> Value:
    """Whether the chart says of a condition that it is there or that it is not: whether it was looked for."""
    title = chart.timeline.catalogue.conditions[condition].title
    entries = [c for c in chart.timeline.conditions if c.name == condition]
    known = bool(entries) and entries[-1].present is not None
    return Flag(
        known, f"{title} looked for ({entries[-1].at})" if known else f"{title} not looked for so far"
    )


@feature("measured", ("analyte",), gives="flag", says="{0} was measured")
def measured(chart: Chart, analyte: str) -> Value:
    """Whether a value or a word about it is there, no older than `current_window`."""
    seen = [item for item in _recent(chart, analyte) if item.value is not None or item.word is not None]
    title = _title(chart, analyte)
    return Flag(bool(seen), f"{title} seen ({seen[-1].at})" if seen else f"{title} not measured of late")


@feature("asserted", ("assertion",), gives="flag", says="{0}")
def asserted(chart: Chart, assertion: str) -> Value:
    """What a clinician last asserted; not asserted is unknown (a volunteered judgement: false)."""
    known = chart.timeline.catalogue.assertions[assertion]
    title = known.title
    entries = [a for a in chart.timeline.assertions if a.name == assertion]
    if not entries and known.volunteered:
        return Flag(False, f"{title}: not stated")
    if not entries:
        slot = Slot(Entry.ASSERTION, assertion, chart.timeline.as_of)
        return Flag(None, f"{title}: not recorded", (Missing(assertion, f"{title}: yes or no", slot),))
    last = entries[-1]
    return Flag(last.value, f"{title}: {'yes' if last.value else 'no'} ({last.at})")


@feature("diagnosed", ("diagnosis",), gives="flag", says="biopsy shows {0}")
def diagnosed(chart: Chart, diagnosis: str) -> Value:
    """Whether any biopsy so far shows the diagnosis; unknown without a biopsy that shows anything."""
    title = chart.timeline.catalogue.diagnoses[diagnosis].title
    read = [b for b in chart.timeline.biopsies if b.diagnosis is not None]
    if not read:
        slot = Slot(Entry.BIOPSY, "", chart.timeline.as_of)
        return Flag(None, "no diagnostic biopsy", (Missing("biopsy", "a diagnostic kidney biopsy", slot),))
    shown = [b for b in read if b.diagnosis == diagnosis]
    if shown:
        return Flag(True, f"biopsy shows {title} ({shown[-1].at})")
    last = read[-1]
    other = chart.timeline.catalogue.diagnoses[str(last.diagnosis)].title
    return Flag(False, f"biopsy shows {other}, not {title} ({last.at})")


@feature("biopsied", gives="flag", says="a biopsy was done", reads=Reads.BIOPSIES)
def biopsied(chart: Chart) -> Value:
    """Whether a kidney biopsy is recorded up to as-of, readable or not."""
    done = chart.timeline.biopsies
    return Flag(bool(done), f"biopsy done ({done[-1].at})" if done else "no biopsy recorded")


@feature("biopsy_glomeruli", gives="amount:count", says="glomeruli in the last biopsy", reads=Reads.BIOPSIES)
def biopsy_glomeruli(chart: Chart) -> Value:
    """Glomeruli in the last biopsy."""
    done = chart.timeline.biopsies
    if not done or done[-1].glomeruli is None:
        slot = (
            Slot(Entry.GLOMERULI, "", done[-1].at) if done else Slot(Entry.BIOPSY, "", chart.timeline.as_of)
        )
        return unknown_amount("count", Missing("biopsy", "the number of glomeruli in the biopsy", slot))
    last = done[-1]
    count = Fraction(last.glomeruli or 0)
    return Amount(count, count, "count", f"{last.glomeruli} ({last.at})")


@feature("taking", ("agent",), gives="flag", says="taking {0}", reads=Reads.EXPOSURES)
def taking(chart: Chart, agent: str) -> Value:
    """Whether a drug, or one of a class, is in use just before as-of. Not listed: not taken."""
    catalogue = chart.timeline.catalogue
    rows = [row for drug, row in chart.timeline.running.items() if catalogue.belongs(drug, agent)]
    if not rows:
        return Flag(False, f"not taking {catalogue.title(agent)}")
    shown = " and ".join(
        catalogue.drugs[row.drug].title + (f" {row.dose.text}" if row.dose else "") + f" since {row.start}"
        for row in sorted(rows, key=lambda row: row.drug)
    )
    return Flag(True, f"taking {shown}, no stop recorded")


@feature("dose", ("agent",), gives="amount:dose", says="dose of {0}", reads=Reads.EXPOSURES)
def dose(chart: Chart, agent: str) -> Value:
    """The dose in use just before as-of."""
    catalogue = chart.timeline.catalogue
    rows = [row for drug, row in chart.timeline.running.items() if catalogue.belongs(drug, agent)]
    title = catalogue.title(agent)
    if len(rows) != 1 or rows[0].dose is None:
        slot = Slot(Entry.DOSE, rows[0].drug, rows[0].start) if len(rows) == 1 else None
        return unknown_amount("mass-rate", Missing(f"dose of {title}", f"the present dose of {title}", slot))
    found = counted_amount(chart, rows[0], agent)
    return msgspec.structs.replace(found, text=f"{found.text} since {rows[0].start}")


@feature("tried", ("regimen-or-agent",), gives="flag", says="{0} tried", reads=Reads.EXPOSURES)
def tried(chart: Chart, name: str) -> Value:
    """Whether any line so far, running or past, was this regimen, or had this drug or class as an agent."""
    catalogue = chart.timeline.catalogue
    title = _regimen_title(chart, name)
    open_doses: list[Missing] = []
    for line in chart.timeline.lines:
        sets = (frozenset(line.drugs), frozenset({*line.drugs, *line.doubtful}))
        if name in catalogue.regimens:
            given = [(r := catalogue.regimen_of(drugs)) is not None and r.id == name for drugs in sets]
        else:
            given = [any(catalogue.belongs(drug, name) for drug in drugs) for drugs in sets]
        if all(given):
            return Flag(True, f"{title} given as line {line.number}")
        if any(given):
            open_doses += doubts(chart, line)
    if open_doses:
        return Flag(None, f"whether {title} was given is not known", gather(open_doses))
    return Flag(False, f"{title} not given so far")


def doubts(chart: Chart, line: Line) -> tuple[Missing, ...]:
    """The doses that would tell whether a drug is an agent of the line or an adjunct."""
    found: list[Missing] = []
    for drug in line.doubtful:
        title = chart.timeline.catalogue.drugs[drug].title
        row = next((row for row in line.rows if row.drug == drug and row.dose is None), None)
        slot = Slot(Entry.DOSE, drug, row.start) if row else None
        found.append(Missing(f"dose of {title}", f"the dose of {title} on line {line.number}", slot))
    return tuple(found)


@feature("treated", gives="flag", says="immunosuppression was given", reads=Reads.EXPOSURES)
def treated(chart: Chart) -> Value:
    """Whether any line of therapy has begun."""
    count = len(chart.timeline.lines)
    return Flag(
        bool(count),
        f"{count} line{'s' if count > 1 else ''} of therapy so far" if count else "no line of therapy yet",
    )


@feature("on_line", gives="flag", says="a line of therapy is running", reads=Reads.EXPOSURES)
def on_line(chart: Chart) -> Value:
    """Whether a line of therapy is running just before as-of."""
    line = chart.timeline.line
    return Flag(
        line is not None,
        f"line {line.number} is running" if line else "no line of therapy is running",
    )


@feature("line_begun_since", gives="flag", says="a line was begun since the last assessment")
def line_begun_since(chart: Chart) -> Value:
    """Whether the running line was begun at or after the last assessment, and so in answer to it."""
    line, assessments = chart.timeline.line, chart.timeline.assessments
    if line is None or not assessments:
        return Flag(False, "no line was begun since the last assessment")
    last = assessments[-1].at
    if line.start.earliest >= last.earliest:
        return Flag(True, f"line {line.number} was begun after the last assessment ({last})")
    return Flag(False, f"the last assessment ({last}) is of after line {line.number} was begun")


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


@feature("proposed", ("agent",), gives="flag", says="the next line holds {0}", reads=Reads.EXPOSURES)
def proposed(chart: Chart, agent: str) -> Value:
    """Whether the next line holds a drug or class. Only alerts and supportive rules may ask."""
    catalogue = chart.timeline.catalogue
    held = any(catalogue.within(proposed, agent) for proposed in chart.proposed)
    title = catalogue.title(agent)
    return Flag(held, f"the next line {'holds' if held else 'does not hold'} {title}")


def _count(labels: list[str]) -> Amount:
    number = Fraction(len(labels))
    shown = f" ({', '.join(labels)})" if labels else ""
    return Amount(number, number, "count", f"{decimal_text(number)}{shown}")


def _title(chart: Chart, analyte: str) -> str:
    return chart.timeline.catalogue.analytes[analyte].title


def _regimen_title(chart: Chart, name: str) -> str:
    catalogue = chart.timeline.catalogue
    return catalogue.regimens[name].title if name in catalogue.regimens else catalogue.title(name)
