"""Tapers as dated rows: from the dose that is taken now, in doses that can be dispensed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import ceil, floor
from typing import NamedTuple

from nephroline.catalogue import Supply
from nephroline.consultation.acts import Act
from nephroline.consultation.answer import TaperOut, TaperRow
from nephroline.consultation.dispensing import nearest
from nephroline.consultation.run import Run
from nephroline.consultation.wording import weakest, when
from nephroline.exact import Fraction
from nephroline.features import Threshold
from nephroline.pathway import TaperStage
from nephroline.quantities import decimal_text
from nephroline.record import PER_DAY, PER_WEIGHT, Exposure, given_at_once, weight_dose, weight_near

_MG = 1000
_MOST_ROWS = 60
_WEEK = 7


class _Taken(NamedTuple):
    """What is tapered: the exposure, its dose as the doses of its class are counted (g/d), and since when.

    `factor`: how much of what is counted one part of the drug is. `times`: in so many doses a day.
    """

    row: Exposure
    dose: Fraction
    factor: Fraction
    begun: Fraction
    times: int

    def each(self, counted: Fraction) -> Fraction:
        """One of the equal doses of a day, in the drug that is taken."""
        return counted / self.factor / self.times

    def counted(self, each: Fraction) -> Fraction:
        """The dose a day, as counted, of which one of the equal doses is this."""
        return each * self.factor * self.times


def taper(run: Run, act: Act) -> TaperOut | None:
    """The rows of a taper; none where no source or policy gives steps, or the dose is not known."""
    stages = act.recommend.taper
    taken = _taken(run, act) if stages else None
    if taken is None:
        return None
    timeline = run.chart.timeline
    supply = run.pathway.catalogue.formulary.get(taken.row.drug)
    rows: list[TaperRow] = []
    before = taken.each(taken.dose)
    ends = None
    for after, dose in _steps(run, stages, taken, supply):
        moment = when(timeline.record.clock.about(timeline.now + after, timeline.as_of.label))
        if dose <= 0:
            ends = moment
            break
        each, pieces = nearest(taken.each(dose), supply)
        if each < before and len(rows) < _MOST_ROWS:
            told = f"{decimal_text(each * taken.times * _MG)} mg/d"
            rows.append(TaperRow(since=moment, dose=told, of=[piece.text for piece in pieces]))
            before = each
    limits = [run.pathway.thresholds[name] for stage in stages for name in stage.names]
    return TaperOut(drug=taken.row.drug, rows=rows, ends=ends, confidence=weakest(limits))


def _taken(run: Run, act: Act) -> _Taken | None:
    """The one exposure that is tapered, if its dose a day is known."""
    treatment, catalogue = run.chart.timeline.treatment, run.pathway.catalogue
    rows = [row for drug, row in treatment.running.items() if drug in act.agents and not given_at_once(row)]
    if len(rows) != 1 or rows[0].dose is None or rows[0].every != 1:
        return None
    (row,) = rows
    kind = catalogue.class_of_lines(row.drug).id
    factor = catalogue.counted(row.drug, kind) or Fraction(1)
    dose = _a_day(run, row)
    if dose is None:
        return None
    courses = (*treatment.followed, *treatment.immunosuppression)
    begun = min((c.start.earliest for c in courses if row in c.rows), default=row.start.earliest)
    regimens = catalogue.regimens.values()
    times = max((d.times for one in regimens for d in one.doses if d.drug == row.drug), default=1)
    return _Taken(row, dose * factor, factor, begun, times)


def _a_day(run: Run, row: Exposure) -> Fraction | None:
    """The dose in g a day."""
    timeline = run.chart.timeline
    exact = row.dose.exact if row.dose is not None else None
    if row.dose is None or exact is None:
        return None
    if row.dose.dimension == PER_DAY:
        return exact
    weight = weight_near(row, timeline.treatment.weights, timeline.windows.current)
    return weight_dose(weight, exact) if row.dose.dimension == PER_WEIGHT and weight is not None else None


def _steps(
    run: Run, stages: Sequence[TaperStage], taken: _Taken, supply: Supply | None
) -> Iterator[tuple[Fraction, Fraction]]:
    """After how many days which dose is taken (g/d, as counted), the first at once."""
    thresholds = run.pathway.thresholds
    after, dose = Fraction(0), taken.dose
    for stage in stages:
        exact = _floor(run, stage, taken)
        if exact is None:
            return
        least = taken.counted(nearest(taken.each(exact), supply)[0])
        left = dose - least
        if left <= 0:
            continue
        often = [thresholds[name].days for name in stage.every]
        if stage.over is not None:
            number = max(1, round(thresholds[stage.over].days / often[0]))
            step, every = left / number, often[0]
        else:
            step = _step(thresholds[stage.by or ""], taken.dose)
            number = ceil(left / step)
            every = _interval(run, stage, often, (number, after), taken)
        for _ in range(number):
            dose = max(least, dose - step)
            yield after, dose
            after += every


def _step(by: Threshold, first: Fraction) -> Fraction:
    amount = by.forms.get("mass-rate")
    if amount is not None and amount.exact:
        return amount.exact
    return (by.forms["ratio"].exact or Fraction(1)) * first


def _floor(run: Run, stage: TaperStage, taken: _Taken) -> Fraction | None:
    """The dose at which a stage ends (g/d, as counted); None if it goes by a weight that is not known."""
    if stage.down_to is None:
        return Fraction(0)
    timeline, thresholds = run.chart.timeline, run.pathway.thresholds
    forms = thresholds[stage.down_to].forms
    by_weight = forms.get("dose-rate-per-mass")
    if by_weight is None or by_weight.exact is None:
        return forms["mass-rate"].exact
    weight = weight_near(taken.row, timeline.treatment.weights, timeline.windows.current)
    most = thresholds[stage.most].forms["mass-rate"].exact if stage.most else None
    if weight is None:
        return most
    dose = weight_dose(weight, by_weight.exact)
    return dose if most is None else min(dose, most)


def _interval(
    run: Run, stage: TaperStage, often: list[Fraction], steps: tuple[int, Fraction], taken: _Taken
) -> Fraction:
    """The days between two steps: as many as end in time, between how often and how seldom."""
    number, after = steps
    now, thresholds = run.chart.timeline.now, run.pathway.thresholds
    if stage.in_all is not None:
        left = taken.begun + thresholds[stage.in_all].days - now - after
    elif stage.within is not None:
        left = thresholds[stage.within].days - after
    else:
        return often[-1]
    whole = _WEEK if often[0] >= _WEEK else 1
    return min(max(Fraction(floor(left / number / whole) * whole), often[0]), often[-1])
