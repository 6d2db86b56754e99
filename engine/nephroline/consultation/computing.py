"""What is computed from what was measured, such as eGFR, with the way it goes."""

from __future__ import annotations

from nephroline.catalogue import Formula
from nephroline.consultation.parts import DerivedOut
from nephroline.consultation.run import Run
from nephroline.consultation.weighing import known
from nephroline.consultation.wording import when
from nephroline.exact import Fraction
from nephroline.features import Amount, computed_from
from nephroline.pathway import TREND
from nephroline.quantities import decimal_text
from nephroline.record import Observation


def derived(run: Run) -> list[DerivedOut]:
    """Each analyte that is computed, as it is by the last value, and against one of a while before it."""
    found = (_derived(run, formula) for formula in run.pathway.catalogue.formulas.values())
    return [one for one in found if one is not None]


def _derived(run: Run, formula: Formula) -> DerivedOut | None:
    items = known(run, formula.source_analyte)
    now = _value(run, formula, items[-1]) if items else None
    if now is None:
        return None
    last = items[-1]
    apart = run.chart.timeline.windows.current
    earlier = [item for item in items if last.at.earliest - item.at.latest >= apart] or list(items[:1])
    before = earlier[-1] if earlier[-1] is not last else None
    then = _value(run, formula, before) if before is not None else None
    return DerivedOut(
        analyte=formula.gives,
        title=run.pathway.catalogue.analytes[formula.gives].title,
        value=_text(run, formula, now),
        at=when(last.at),
        formula=formula.title,
        before=_text(run, formula, then) if then is not None else "",
        before_at=when(before.at) if before is not None and then is not None else None,
        trend=_trend(run, then, now) if then is not None else "",
        then=_told_since(run, formula, last),
    )


def _told_since(run: Run, formula: Formula, last: Observation) -> str:
    """The last report of the source after a value, if it is no number: ``serum creatinine < 1.0 mg/dL``."""
    items = run.chart.timeline.observations.get(formula.source_analyte, ())
    told = [item for item in items if item.at.latest > last.at.latest and (item.value or item.word)]
    return f"{run.pathway.catalogue.analytes[formula.source_analyte].title} {told[-1].text}" if told else ""


def _value(run: Run, formula: Formula, item: Observation) -> Fraction | None:
    amount: Amount = computed_from(run.chart, formula, run.chart.amount(item), item.at)
    return amount.low if amount.low is not None and amount.low == amount.high else None


def _text(run: Run, formula: Formula, value: Fraction) -> str:
    return f"{decimal_text(value, 0)} {run.pathway.catalogue.analytes[formula.gives].units[0]}"


def _trend(run: Run, then: Fraction, now: Fraction) -> str:
    limit = run.pathway.thresholds.get(TREND)
    share = limit.forms["ratio"].exact if limit is not None and "ratio" in limit.forms else None
    if share is None or not then:
        return ""
    change = (now - then) / then
    return "falling" if change < -share else "rising" if change > share else "stable"
