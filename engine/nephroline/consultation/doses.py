"""Doses of a recommendation: what the pathway's thresholds say, and what that is for this patient."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from nephroline.catalogue import RegimenDose
from nephroline.consultation.answer import DoseOut
from nephroline.consultation.choosing import Act
from nephroline.consultation.run import Run
from nephroline.exact import Fraction
from nephroline.features import Missing, Threshold
from nephroline.pathway import NAMED
from nephroline.quantities import Quantity, decimal_text
from nephroline.record import Observation
from nephroline.terms import Action

_NO_WEIGHT = "needs weight"
_NO_SURFACE = "needs height and weight"


class _Given(NamedTuple):
    """A dose for this patient: how it is told, and its amounts in the unit; none if they are not known."""

    text: str
    amounts: Sequence[Fraction] = ()
    unit: str = ""

    def plain(self, *, least: bool) -> str:
        """The least or greatest amount as plain text."""
        if not self.amounts:
            return ""
        return f"{_milligrams(min(self.amounts) if least else max(self.amounts))} {self.unit}"


def doses(run: Run, act: Act) -> tuple[list[DoseOut], list[Missing]]:
    """The doses of a line that starts or changes, and the data they need."""
    thresholds = run.pathway.thresholds
    found: list[DoseOut] = []
    missing: list[Missing] = []
    for dose in _planned(act):
        amounts = [thresholds[name] for name in dose.amount]
        most = thresholds[dose.most] if dose.most else None
        less = _less(run, dose)
        here = _for_patient(run, amounts, most, dose.times, less)
        if here.text == _NO_WEIGHT:
            missing.append(Missing("weight", f"the dose of {_title(run, dose.drug)} in mg"))
        if here.text == _NO_SURFACE:
            missing.append(Missing("height and weight", f"the dose of {_title(run, dose.drug)} in mg"))
        found.append(
            DoseOut(
                drug=dose.drug,
                amount=_range(amounts) if amounts else "by target trough",
                per=dose.per,
                most=most.first.text if most else "",
                for_this_patient=here.text,
                confidence=_weakest([*amounts, *([most] if most else []), *(less.limits if less else ())]),
                least=here.plain(least=True),
                greatest=here.plain(least=False),
            )
        )
    return found, missing


def _planned(act: Act) -> Iterable[RegimenDose]:
    """The regimen's doses, if it starts, with what the recommendation says instead or besides."""
    recommend, regimen = act.recommend, act.regimen
    own = regimen.doses if recommend.action is Action.START and regimen is not None else ()
    return ({dose.drug: dose for dose in own} | dict(recommend.dose)).values()


def numbers(act: Act) -> Iterator[str]:
    """The thresholds that say how to give a line: doses, target, times, and those that its text names."""
    recommend, regimen = act.recommend, act.regimen
    for dose in _planned(act):
        yield from dose.amount
        yield dose.most or ""
    if recommend.action is Action.START and regimen is not None:
        if regimen.target is not None:
            yield from (regimen.target.low, regimen.target.high)
        yield regimen.minimum_trial or ""
    yield recommend.reassess or ""
    yield from NAMED.findall(recommend.detail)


def target(run: Run, act: Act) -> str:
    """The target level of a regimen, with its other printed form."""
    wanted = act.regimen.target if act.regimen else None
    if wanted is None or act.recommend.action is Action.STOP:
        return ""
    low, high = run.pathway.thresholds.get(wanted.low), run.pathway.thresholds.get(wanted.high)
    if low is None or high is None:
        return ""
    forms = [_join(low.forms[form].text, high.forms[form].text) for form in low.forms if form in high.forms]
    title = run.pathway.catalogue.analytes[wanted.analyte].title
    others = f" ({', '.join(forms[1:])})" if forms[1:] else ""
    return f"{title} {forms[0]}{others} [{_weakest([low, high])}]"


class _Less(NamedTuple):
    """What is left of a dose at an age, how that is told, and the thresholds that say so."""

    left: Fraction
    text: str
    limits: tuple[Threshold, ...]


def _less(run: Run, dose: RegimenDose) -> _Less | None:
    """What is taken off a dose for the age; nothing where that is not known to be reached."""
    record, thresholds = run.chart.timeline.record, run.pathway.thresholds
    zero = record.age_zero if record.age_between is None else record.age_between[0]
    if zero is None:
        return None
    found: _Less | None = None
    for step in dose.less:
        age, by = thresholds[step.from_age], thresholds[step.by]
        least, share = age.forms["time"].exact, by.forms["ratio"].exact
        if least is not None and share is not None and zero + run.chart.timeline.now >= least:
            text = f"{by.first.text} less from {age.first.text} on"
            found = _Less(1 - share, text, (age, by))
    return found


def _for_patient(
    run: Run, amounts: list[Threshold], most: Threshold | None, times: int, less: _Less | None
) -> _Given:
    """The dose in mg, with the arithmetic; capped, and split into the doses of a day."""
    by_surface = [form for a in amounts if (form := a.forms.get("dose-per-area")) is not None]
    if by_surface:
        return _by_surface(run, by_surface)
    for by_weight, whole, unit in _BY_WEIGHT:
        forms = [form.exact for a in amounts if (form := a.forms.get(by_weight)) and form.exact]
        if forms:
            limit = most.forms[whole].exact if most and whole in most.forms else None
            return _weighed(run, amounts, forms, limit, unit, times, less)
    for whole, unit in _FIXED:
        fixed = [form.exact * _MG for a in amounts if (form := a.forms.get(whole)) and form.exact]
        if fixed:
            return _Given(_each(fixed, times), fixed, unit)
    return _Given("")


_MG = 1000
"""Milligrams in a gram, the base unit of mass; also grams in a kilogram."""
_BY_WEIGHT = (("dose-rate-per-mass", "mass-rate", "mg/d"), ("dose-per-mass", "mass", "mg"))
"""Doses by weight: their dimension, that of the dose itself, and its unit."""
_FIXED = (("mass-rate", "mg/d"), ("mass", "mg"))
"""Doses that are the same for every patient: their dimension, and the unit in which they are told."""


def _weighed(
    run: Run,
    amounts: list[Threshold],
    per_kg: list[Fraction],
    limit: Fraction | None,
    unit: str,
    times: int,
    less: _Less | None,
) -> _Given:
    weight = _last(run, "weight")
    if weight is None or weight.value is None or weight.value.exact is None:
        return _Given(_NO_WEIGHT)
    kilograms = weight.value.exact / _MG
    most = None if limit is None else limit * _MG
    full = [dose * kilograms * (less.left if less else 1) for dose in per_kg]
    given = [mg if most is None else min(mg, most) for mg in full]
    sum_told = f"{_range(amounts)} × {decimal_text(kilograms)} kg of {weight.at}" + (
        f", {less.text}" if less else ""
    )
    shown = f"{_told(given, unit)} ({sum_told})"
    if given != full:
        shown = f"{_told(given, unit)}: {_told(full, unit)} ({sum_told}) is above the most"
    each = _each(given, times)
    return _Given(f"{shown}, {each}" if each else shown, given, unit)


def _milligrams(amount: Fraction) -> str:
    """An amount without decimals that no scale shows; of a small one they matter."""
    return decimal_text(amount, 0 if amount >= _SMALL else 2)


_SMALL = 10


def _told(amounts: list[Fraction], unit: str) -> str:
    return _join(*dict.fromkeys(f"{_milligrams(mg)} {unit}" for mg in amounts))


def _each(per_day: list[Fraction], times: int) -> str:
    """What one of several equal doses of a day is: ``105-175 mg twice a day``."""
    if times == 1 or not per_day:
        return ""
    often = {2: "twice", 3: "three times"}.get(times, f"{times} times")
    return f"{_join(*(f'{_milligrams(mg / times)} mg' for mg in per_day))} {often} a day"


def _by_surface(run: Run, forms: list[Quantity]) -> _Given:
    height, weight = _last(run, "height"), _last(run, "weight")
    numbers = [item.value.exact for item in (height, weight) if item is not None and item.value is not None]
    surface_of = next(iter(run.pathway.catalogue.surfaces.values()), None)
    if len(numbers) < 2 or numbers[0] is None or numbers[1] is None or surface_of is None:
        return _Given(_NO_SURFACE)
    surface = surface_of.value(numbers[0], numbers[1])
    given = [form.exact * surface for form in forms if form.exact is not None]
    mg = _join(*(f"{decimal_text(each, 0)} mg" for each in given))
    amount = _join(*(form.text for form in forms))
    sum_told = f"{amount} × {decimal_text(surface, 2)} m², {surface_of.title} [{surface_of.confidence}]"
    return _Given(f"{mg} ({sum_told})", given, "mg")


def _last(run: Run, analyte: str) -> Observation | None:
    items = [item for item in run.chart.timeline.observations.get(analyte, ()) if item.value is not None]
    return items[-1] if items else None


def _range(amounts: list[Threshold]) -> str:
    return _join(*(a.first.text for a in amounts))


def _join(first: str, *rest: str) -> str:
    """Write ``3 mg/kg/d`` and ``5 mg/kg/d`` as ``3-5 mg/kg/d``."""
    if not rest or rest[0] == first:
        return first
    number, unit = first.split(" ", 1)
    return f"{number}-{rest[0]}" if rest[0].endswith(f" {unit}") else f"{first} to {rest[0]}"


def _weakest(limits: list[Threshold]) -> str:
    """The confidence of the least sure number."""
    order = ("policy", "recalled", "derived", "verified-2", "verified")
    found = sorted((str(limit.confidence) for limit in limits), key=order.index)
    return found[0] if found else ""


def _title(run: Run, drug: str) -> str:
    return run.pathway.catalogue.drugs[drug].title
