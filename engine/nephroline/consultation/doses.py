"""Doses of a recommendation: what the pathway's thresholds say, and what that is for this patient.

Every dose goes one way: amount by weight or surface, less by age, never above the most, rounded to what can
be dispensed, and held against a plausible range that no rule knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from nephroline.catalogue import RegimenDose
from nephroline.consultation.acts import Act
from nephroline.consultation.answer import DispenseOut, DoseOut
from nephroline.consultation.choosing import blocks_of
from nephroline.consultation.dispensing import Dispensed, dispense, pieces_told
from nephroline.consultation.run import Run
from nephroline.consultation.weighing import GRAMS, known, weigh
from nephroline.consultation.wording import weakest
from nephroline.exact import Fraction
from nephroline.features import Missing, Threshold
from nephroline.pathway import NAMED, Recommend
from nephroline.quantities import Quantity, decimal_text
from nephroline.terms import Action, Direction


class _Given(NamedTuple):
    """A dose for this patient before it is rounded, in g, and how it was worked out.

    `amounts`: one, or from and to; none if they are not known, and then `working` says what is needed.
    Without a working the printed amount says it all. `by`: the weight it goes by, if not that of the scales.
    """

    amounts: tuple[Fraction, ...] = ()
    dimension: str = ""
    working: str = ""
    missing: tuple[Missing, ...] = ()
    by: str = ""

    @property
    def unit(self) -> str:
        """The unit in which it is told."""
        return DAILY if self.dimension == "mass-rate" else "mg"


def doses(run: Run, act: Act) -> tuple[list[DoseOut], list[Missing]]:
    """The doses of a line that starts or changes, and the data they need."""
    told = [_dose(run, dose) for dose in planned(run, act)]
    return [dose for dose, _ in told], [item for _, items in told for item in items]


def _dose(run: Run, dose: RegimenDose) -> tuple[DoseOut, tuple[Missing, ...]]:
    """One dose, and the data that it needs."""
    thresholds = run.pathway.thresholds
    amounts = [thresholds[name] for name in dose.amount]
    most = thresholds[dose.most] if dose.most else None
    less = _less(run, dose)
    given = _for_patient(run, dose, amounts, most, less)
    limits = [*amounts, *([most] if most else []), *(less.limits if less else ())]
    amount = _range(amounts) if amounts else "by target trough"
    return _out(run, dose, given, most, limits, amount), given.missing


def _out(
    run: Run,
    dose: RegimenDose,
    given: _Given,
    most: Threshold | None,
    limits: list[Threshold],
    amount: str,
) -> DoseOut:
    supply = run.pathway.catalogue.formulary.get(dose.drug)
    rounding = run.pathway.thresholds["dose_rounding"].forms["ratio"].exact or Fraction(0)
    cap = _whole(most, given.dimension)
    by_mouth = None if supply is not None and supply.infused(given.dimension, given.amounts) else supply
    spread = dispense(given.amounts, cap, dose.times, by_mouth, rounding)
    wrong = supply.implausible(given.dimension, spread.daily) if supply is not None else None
    small = bool(given.amounts) and not spread.each
    if wrong is not None:
        text, spread = f"not shown: what is worked out lies outside the plausible {wrong}", Dispensed()
    elif small:
        text = f"not shown: what is worked out ({given.working}) is {spread.note}"
    else:
        text = _told(given, spread, dose.times) if given.amounts else given.working
    return DoseOut(
        drug=dose.drug,
        amount=amount,
        per=dose.per,
        most=most.first.text if most else "",
        for_this_patient=text,
        give=_given_as(given, spread, dose.times) if wrong is None and not small else "",
        confidence=weakest(limits),
        least=_plain(spread.daily, given.unit, least=True),
        greatest=_plain(spread.daily, given.unit, least=False),
        dispense=DispenseOut(
            each=f"{_milligrams(spread.each[0])} mg",
            times_a_day=dose.times,
            of=[piece.text for piece in spread.pieces],
        )
        if spread.pieces
        else None,
        outside=wrong or "",
    )


def _told(given: _Given, spread: Dispensed, times: int) -> str:
    """A dose for this patient with its pieces and its working: ``75 mg/d (50 + 25 mg; …)``."""
    if not spread.pieces and not given.working:
        return _each(spread, times) if times > 1 else ""
    notes = [_pieces(spread), given.working, spread.note]
    shown = _amount(given, spread, times)
    return f"{shown} ({'; '.join(note for note in notes if note)})" if any(notes) else shown


def _given_as(given: _Given, spread: Dispensed, times: int) -> str:
    """A dose for this patient as it is prescribed, with its weight alone; or what it needs.

    ``75 mg once a day (50 + 25 mg)``, ``125 mg twice a day (100 + 25 mg each time; range 125-175 mg)``.
    """
    if not given.amounts:
        return given.working
    if not spread.pieces:
        return _amount(given, spread, times) + (f" by {given.by}" if given.by else "")
    daily = given.unit == DAILY
    often = f" {_often(times)} a day" if daily else ""
    each_time = " each time" if times > 1 else ""
    notes = [f"{pieces_told(spread.pieces)}{each_time}"] if len(spread.pieces) > 1 else []
    notes += [f"range {_join_amounts(spread.each, 'mg')}"] if len(spread.each) > 1 else []
    notes += [f"by {given.by}"] if given.by else []
    told = f" ({'; '.join(notes)})" if notes else ""
    return f"{_milligrams(min(spread.each))} mg{often}{told}"


def _amount(given: _Given, spread: Dispensed, times: int) -> str:
    return _each(spread, times) if times > 1 else _join_amounts(spread.daily, given.unit)


def _pieces(spread: Dispensed) -> str:
    pieces = pieces_told(spread.pieces)
    return f"begin with {pieces}" if pieces and len(spread.each) > 1 else pieces


def _each(spread: Dispensed, times: int) -> str:
    """What one of several equal doses of a day is: ``105-175 mg twice a day``."""
    return f"{_join_amounts(spread.each, 'mg')} {_often(times)} a day"


def _often(times: int) -> str:
    return {1: "once", 2: "twice", 3: "three times"}.get(times, f"{times} times")


def _join_amounts(amounts: Sequence[Fraction], unit: str) -> str:
    return _join(*dict.fromkeys(f"{_milligrams(amount)} {unit}" for amount in amounts))


def _plain(amounts: Sequence[Fraction], unit: str, *, least: bool) -> str:
    """The least or greatest amount as plain text."""
    if not amounts:
        return ""
    return f"{_milligrams(min(amounts) if least else max(amounts))} {unit}"


def _milligrams(amount: Fraction) -> str:
    """An amount (g) in mg, without decimals that no scale shows; of a small one they matter."""
    mg = amount * GRAMS
    return decimal_text(mg, 2 if mg < _SMALL else 0 if mg >= _LARGE else 1)


_SMALL, _LARGE = 10, 100

DAILY = "mg/d"
"""The unit of what is given each day."""


def doses_of(run: Run, drug: str) -> list[DoseOut]:
    """Every dose of a drug that a rule of the pathway may give this patient, each once."""
    catalogue = run.pathway.catalogue
    found: dict[tuple[str, str], DoseOut] = {}
    for rule in run.pathway.rules.values():
        recommend = rule.conclusion
        if isinstance(recommend, Recommend):
            regimen = catalogue.regimens.get(recommend.regimen or "")
            act = Act(rule, recommend, 0, regimen, frozenset(), ())
            for dose in _planned(act):
                if dose.drug == drug:
                    told = _dose(run, dose)[0]
                    found.setdefault((told.least, told.greatest), told)
    return list(found.values())


def planned(run: Run, act: Act) -> list[RegimenDose]:
    """What is given: the doses of the act, without an adjunct that is out."""
    agents = act.regimen.agents if act.regimen is not None else ()
    within = run.pathway.catalogue.within
    out = adjuncts_out(run)
    return [
        dose
        for dose in _planned(act)
        if any(within(dose.drug, agent) for agent in agents)
        or not any(within(dose.drug, agent) for agent in out)
    ]


def adjuncts_out(run: Run) -> list[str]:
    """The agents that are out as adjuncts of what begins."""
    return [str(block.agent) for _, block, _ in blocks_of(run) if block.adjunct]


def _planned(act: Act) -> Iterable[RegimenDose]:
    """The regimen's doses, if it starts, with what the recommendation says instead or besides.

    Where it says them all, they stand in its order.
    """
    recommend, regimen = act.recommend, act.regimen
    own = regimen.doses if recommend.action is Action.START and regimen is not None else ()
    told, said = {dose.drug: dose for dose in own}, dict(recommend.dose)
    return said.values() if told.keys() <= said.keys() else (told | said).values()


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
    """The target level of a regimen that is not about to end, with its other printed form.

    What is lowered or held for harm or danger has none: its usual target could ask for more.
    """
    wanted = act.regimen.target if act.regimen else None
    less = act.recommend.direction in (Direction.REDUCE, Direction.HOLD)
    if wanted is None or less or act.recommend.action in (Action.STOP, Action.TAPER):
        return ""
    low, high = run.pathway.thresholds.get(wanted.low), run.pathway.thresholds.get(wanted.high)
    if low is None or high is None:
        return ""
    forms = [_join(low.forms[form].text, high.forms[form].text) for form in low.forms if form in high.forms]
    title = run.pathway.catalogue.analytes[wanted.analyte].title
    others = f" ({', '.join(forms[1:])})" if forms[1:] else ""
    return f"{title} {forms[0]}{others} [{weakest([low, high])}]"


class _Less(NamedTuple):
    """What is left of a dose at an age, how that is told, and the thresholds that say so."""

    left: Fraction
    text: str
    limits: tuple[Threshold, ...]


def _less(run: Run, dose: RegimenDose) -> _Less | None:
    """What is taken off a dose for the age; nothing where that is not known to be reached."""
    ages, thresholds = run.chart.timeline.record.ages_zero, run.pathway.thresholds
    if not ages:
        return None
    found: _Less | None = None
    for step in dose.less:
        age, by = thresholds[step.from_age], thresholds[step.by]
        least, share = age.forms["time"].exact, by.forms["ratio"].exact
        if least is not None and share is not None and min(ages) + run.chart.timeline.now >= least:
            text = f"{by.first.text} less from {age.first.text} on"
            found = _Less(1 - share, text, (age, by))
    return found


_BY_WEIGHT = (("dose-rate-per-mass", "mass-rate"), ("dose-per-mass", "mass"))
"""Doses by weight: their dimension, and that of the dose itself."""
_FIXED = ("mass-rate", "mass")
"""Doses that are the same for every patient."""
_MILLION = 1_000_000


def _for_patient(
    run: Run, dose: RegimenDose, amounts: list[Threshold], most: Threshold | None, less: _Less | None
) -> _Given:
    """The dose in g, with the arithmetic; never above the most."""
    by_surface = [form for a in amounts if (form := a.forms.get("dose-per-area")) is not None]
    if by_surface:
        return _by_surface(run, dose, by_surface)
    for by_weight, whole in _BY_WEIGHT:
        rates = [form.exact for a in amounts if (form := a.forms.get(by_weight)) and form.exact]
        if rates:
            return _weighed(run, dose, amounts, (rates, whole, _whole(most, whole)), less)
    for whole in _FIXED:
        fixed = tuple(form.exact for a in amounts if (form := a.forms.get(whole)) and form.exact)
        if fixed:
            return _Given(fixed, whole)
    return _Given()


def _whole(most: Threshold | None, dimension: str) -> Fraction | None:
    form = most.forms.get(dimension) if most is not None else None
    return form.exact if form is not None else None


def _weighed(
    run: Run,
    dose: RegimenDose,
    amounts: list[Threshold],
    by: tuple[list[Fraction], str, Fraction | None],
    less: _Less | None,
) -> _Given:
    rates, whole, most = by
    weighed = weigh(run, dose.drug, adjusted=dose.weight == "adjusted")
    if weighed.grams is None:
        return _Given((), whole, weighed.told, weighed.missing)
    full = [rate * weighed.grams / _MILLION * (less.left if less else 1) for rate in rates]
    given = tuple(amount if most is None else min(amount, most) for amount in full)
    sum_told = f"{_range(amounts)} × {weighed.told}" + (f", {less.text}" if less else "")
    if given != tuple(full):
        what = "the upper end" if given[:-1] == tuple(full[:-1]) and len(full) > 1 else "which"
        sum_told += f", {what} comes to more than the most"
    return _Given(tuple(dict.fromkeys(given)), whole, sum_told, weighed.missing, by=weighed.instead)


def _by_surface(run: Run, dose: RegimenDose, forms: list[Quantity]) -> _Given:
    surface_of = next(iter(run.pathway.catalogue.surfaces.values()), None)
    weighed = weigh(run, dose.drug, adjusted=False)
    heights = known(run, "height")
    height = heights[-1].value if heights else None
    if weighed.grams is None or height is None or height.exact is None or surface_of is None:
        why = f"the dose of {run.pathway.catalogue.drugs[dose.drug].title} in mg"
        return _Given((), "mass", "needs height and weight", (Missing("height and weight", why),))
    surface = surface_of.value(height.exact, weighed.grams)
    given = tuple(form.exact * surface / GRAMS for form in forms if form.exact is not None)
    amount = _join(*(form.text for form in forms))
    sum_told = f"{amount} × {decimal_text(surface, 2)} m², {surface_of.title} [{surface_of.confidence}]"
    return _Given(given, "mass", sum_told, weighed.missing)


def _range(amounts: list[Threshold]) -> str:
    return _join(*(a.first.text for a in amounts))


def _join(first: str, *rest: str) -> str:
    """Write ``3 mg/kg/d`` and ``5 mg/kg/d`` as ``3-5 mg/kg/d``."""
    if not rest or rest[0] == first:
        return first
    number, unit = first.split(" ", 1)
    return f"{number}-{rest[0]}" if rest[0].endswith(f" {unit}") else f"{first} to {rest[0]}"
