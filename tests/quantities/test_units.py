"""Units are exact, and agree with UCUM."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nephroline.catalogue import load_catalogue
from nephroline.quantities import MONTH, WEEK, YEAR, QuantityError, decimal_text, number, parse

CATALOGUE = load_catalogue()
UNITS = {u.code: u for u in CATALOGUE.units.values()}
BASES = {
    "time": "d",
    "mass-rate": "g/d",
    "dose-rate-per-mass": "mg/kg/d",
    "mass": "g",
    "dose-per-mass": "mg/kg",
    "dose-per-area": "mg/m2",
    "filtration": "mL/min",
    "number-concentration": "10*9/L",
    "mass-ratio": "g/g",
    "mass-per-substance": "g/mol",
    "mass-concentration": "g/L",
    "substance-concentration": "mol/L",
    "ratio": "1",
    "count": "1",
    "multiple-of-normal": "1",
    "pressure": "mm[Hg]",
    "length": "cm",
    "dose-rate-per-area": "mg/m2/d",
    "activity": "[IU]",
    "activity-rate": "[IU]/d",
    "catalytic-concentration": "U/L",
    "relative-concentration": "[arb'U]/mL",
}


@pytest.fixture(scope="module")
def ucum():  # type: ignore[no-untyped-def]
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from ucumvert import PintUcumRegistry

        return PintUcumRegistry()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("code", sorted(UNITS))
def test_factor_agrees_with_ucum(code: str, ucum) -> None:  # type: ignore[no-untyped-def]
    unit = UNITS[code]
    quantity = ucum.from_ucum(unit.ucum)
    base = ucum.from_ucum(BASES[unit.dimension])
    factor = (1 * quantity).to((1 * base).units) / (1 * base)
    assert float(factor) == pytest.approx(float(unit.factor), rel=1e-12)


@pytest.mark.parametrize(
    ("analyte", "text", "other"),
    [
        ("creatinine", "1 mg/dL", "88.4 µmol/L"),
        ("albumin", "1.1 g/dL", "11 g/L"),
        ("cyclosporine_trough", "125 ng/mL", "104 nmol/L"),
        ("cyclosporine_trough", "175 ng/mL", "146 nmol/L"),
        ("tacrolimus_trough", "5 ng/mL", "6.2 nmol/L"),
        ("total_cholesterol", "461 mg/dL", "11.92 mmol/L"),
        ("triglycerides", "217 mg/dL", "2.45 mmol/L"),
        ("glucose", "100 mg/dL", "5.55 mmol/L"),
        ("proteinuria", "884 mg/g", "100 mg/mmol"),
    ],
)
def test_molar_masses_carry_between_printed_pairs(analyte: str, text: str, other: str) -> None:
    known = CATALOGUE.analytes[analyte]
    a, b = CATALOGUE.quantity(known, text), CATALOGUE.quantity(known, other)
    assert a.exact is not None
    carried = known.convert(a.exact, a.dimension, b.dimension)
    assert carried is not None
    assert b.exact is not None
    assert float(carried) == pytest.approx(float(b.exact), rel=6e-3)


@given(st.decimals(min_value=0, max_value=10**6, places=4, allow_nan=False, allow_infinity=False))
def test_decimals_are_exact_in_either_notation(value: Decimal) -> None:
    text = f"{value:.4f}"
    assert number(text) == Fraction(text)
    assert number(text.replace(".", ",")) == Fraction(text)


def test_a_tie_stays_a_tie() -> None:
    assert number("0.1") + number("0.2") == number("0.3")
    assert (number("3.5") - number("7.0")) / number("7.0") == Fraction(-1, 2)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("< 1.0 mg/dL", 0, "0.01"),
        ("≥ 20 mg/dL", "0.2", None),
        ("125-175 ng/mL", "0.000125", "0.000175"),
        ("1,1 g/dL", "11", "11"),
        ("16.3 g/24h", "16.3", "16.3"),
    ],
)
def test_bounds_and_ranges_are_intervals(text: str, low: str, high: str | None) -> None:
    quantity = parse(text, CATALOGUE.units)
    assert quantity.low == Fraction(low)
    assert quantity.high == (None if high is None else Fraction(high))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "mg/dL",
        "NaN mg/dL",
        "inf mg/dL",
        "1e5 mg/dL",
        "1,100 mg/dL",
        "3-1 mg/dL",
        "< 1-2 mg/dL",
        "9" * 40 + " mg/dL",
        "١٢ foo",
        "1 mg/dl/x",
    ],
)
def test_what_is_no_quantity_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(QuantityError) as bad:
        parse(text, CATALOGUE.units)
    assert bad.value.help


@pytest.mark.parametrize(
    ("value", "places", "text"),
    [("1/3", 1, "0.3"), ("-1/2", 0, "-1"), ("2", 1, "2"), ("0", 2, "0"), ("-1/100", 1, "0")],
)
def test_decimal_text_rounds_half_away_from_zero(value: str, places: int, text: str) -> None:
    assert decimal_text(Fraction(value), places) == text


def test_weeks_months_and_years_are_said_as_they_are_read() -> None:
    units = load_catalogue().units
    assert (units["wk"].factor, units["mo"].factor, units["years"].factor) == (WEEK, MONTH, YEAR)
