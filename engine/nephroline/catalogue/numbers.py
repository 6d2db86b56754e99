"""What can be wrong with what is computed or counted: formulas, weights, strengths, schedules."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from math import isfinite

from nephroline.catalogue.formulary import Supply
from nephroline.catalogue.formulas import Formula, IdealWeight, Surface
from nephroline.catalogue.placed import Placed, Tables
from nephroline.catalogue.schedules import Schedule
from nephroline.errors import Problem, quoted
from nephroline.quantities import Quantity


def surface_faults(placed: Placed, surface: Surface, tables: Tables) -> Iterator[Problem]:
    """The divisor of a surface."""
    if not surface.divisor > 0:
        yield placed.problem("a divisor is greater than zero", "", ("divisor",))


def ideal_weight_faults(placed: Placed, ideal: IdealWeight, tables: Tables) -> Iterator[Problem]:
    """The kinds of number of an ideal weight."""
    wanted = [("least_height", ideal.least_height, "length"), ("per_cm", ideal.per_cm, "mass")]
    wanted += [("share", ideal.share, "ratio")]
    for field, quantity, dimension in wanted:
        if quantity.dimension != dimension or quantity.exact is None:
            yield placed.problem(f"expected one {dimension.replace('-', ' ')}", "", (field,))
    for i, terms in enumerate(ideal.terms):
        if terms.weight.dimension != "mass" or terms.weight.exact is None:
            yield placed.problem("expected one weight", "such as 50 kg", ("sexes", i, "weight"))


def supply_faults(placed: Placed, supply: Supply, tables: Tables) -> Iterator[Problem]:
    """Strengths, and ranges of doses."""
    for i, one in enumerate(supply.strengths):
        if one.dimension != "mass" or not one.exact:
            yield placed.problem("a strength is a mass greater than zero", "such as 25 mg", ("strengths", i))
    for i, limits in enumerate(supply.plausible):
        if limits.low is None or limits.high is None or limits.low >= limits.high:
            wrong = "a plausible dose goes from less to more"
            yield placed.problem(wrong, "such as 25-600 mg/d", ("plausible", i))


def formula_faults(placed: Placed, formula: Formula, tables: Tables) -> Iterator[Problem]:
    """The units and constants of a formula."""
    for field, name, unit in (
        ("from", formula.source_analyte, formula.unit),
        ("gives", formula.gives, formula.result),
    ):
        analyte = tables["analytes"].get(name)
        if analyte is not None and unit.dimension not in analyte.entry.dimensions:
            yield placed.problem(
                f"{quoted(unit.code)} is no unit of {quoted(name)}", "use one of it", (field,)
            )
    if formula.gives == formula.source_analyte:
        yield placed.problem("gives what it is computed from", "name two analytes", ("gives",))
    if sorted(terms.sex for terms in formula.terms) != ["female", "male"]:
        yield placed.problem("has its constants for female and for male, each once", "", ("sexes",))
    positive = {"scale": formula.scale, "per_year": formula.per_year}
    exponents = {"above": formula.above}
    for terms in formula.terms:
        positive |= {f"kappa of {terms.sex}": terms.kappa, f"factor of {terms.sex}": terms.factor}
        exponents[f"below of {terms.sex}"] = terms.below
    for name, number in positive.items():
        if not (number > 0 and isfinite(number)):
            yield placed.problem(f"{name} is greater than zero", "write the constant as printed")
    for name, number in exponents.items():
        if not (number < 0 and isfinite(number)):
            yield placed.problem(f"{name} is less than zero: the result falls", "write it as printed")
    if formula.age_in.dimension != "time":
        yield placed.problem("an age is a time", "such as years", ("age_in",))
    if not is_length(formula.least_age):
        yield placed.problem(
            f"{quoted(formula.least_age.text)} is no age", "such as 18 years", ("least_age",)
        )


def schedule_faults(placed: Placed, schedule: Schedule, tables: Tables) -> Iterator[Problem]:
    """The steps of a schedule."""
    if not schedule.measure:
        yield placed.problem("measures nothing", "name an analyte", ("measure",))
    if not schedule.steps:
        yield placed.problem("has no step", "say how often", ("steps",))
    elif schedule.steps[-1].until is not None:
        yield placed.problem(
            "the last step goes on", "leave out its `until`", ("steps", len(schedule.steps) - 1)
        )
    for i, step in enumerate(schedule.steps):
        for field, span in (("every", step.every), ("until", step.until)):
            if span is not None and not is_length(span):
                yield placed.problem(
                    f"{quoted(span.text)} is no length of time", "such as 2 wk", ("steps", i, field)
                )
        if step.until and (step.every.low or 0) > (step.until.low or 0):
            yield placed.problem("is over before it is due once", "put `until` later", ("steps", i))
        if step.until is None and i + 1 < len(schedule.steps):
            yield placed.problem("a step without `until` is the last", "put the steps in order", ("steps", i))
    ends = [step.until.low for step in schedule.steps if step.until and step.until.low is not None]
    for i, (one, other) in enumerate(pairwise(ends), start=1):
        if one >= other:
            yield placed.problem("ends before the step ahead of it", "put the steps in order", ("steps", i))
    if schedule.after_change is not None and not is_length(schedule.after_change):
        yield placed.problem(
            f"{quoted(schedule.after_change.text)} is no length of time", "", ("after_change",)
        )


def is_length(span: Quantity) -> bool:
    """Whether it is one span of time."""
    return span.dimension == "time" and span.exact is not None and span.exact > 0
