"""Doses are read as they are prescribed, exactly, and keep what was written."""

from __future__ import annotations

from fractions import Fraction

import pytest

from nephroline.catalogue import load_catalogue
from nephroline.quantities import QuantityError
from nephroline.record import Dosing, read_dose

CATALOGUE = load_catalogue()


def dose(text: str) -> Dosing:
    return read_dose(text, CATALOGUE.units, CATALOGUE.dose_units)


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("100 mg bid", "200 mg/d"),
        ("100 mg b.i.d.", "200 mg/d"),
        ("100 mg BD", "200 mg/d"),
        ("100mg twice a day", "200 mg/d"),
        ("100 mg twice daily", "200 mg/d"),
        ("100 mg q12h", "200 mg/d"),
        ("100 mg/12h", "200 mg/d"),
        ("100 mg every 12 hours", "200 mg/d"),
        ("100 mg 2x daily", "200 mg/d"),
        ("100 mg 2 times a day", "200 mg/d"),
        ("500 mg tid", "1500 mg/d"),
        ("500 mg tds", "1500 mg/d"),
        ("500 mg three times a day", "1500 mg/d"),
        ("500 mg q8h", "1500 mg/d"),
        ("0.5 g qid", "2 g/d"),
        ("40 mg od", "40 mg/d"),
        ("40 mg qd", "40 mg/d"),
        ("40 mg daily", "40 mg/d"),
        ("0.5 mg/kg bid", "1 mg/kg/d"),
        ("1 mg/kg/12h", "2 mg/kg/d"),
        ("1,5 mg/kg daily", "1.5 mg/kg/d"),
        ("30 mg/m2 bid", "60 mg/m2/d"),
        ("50-100 mg bid", "100-200 mg/d"),
        ("1500 µg bid", "3 mg/d"),
        ("5000 IU bid", "10000 IU/d"),
        ("7 mg weekly", "1 mg/d"),
        ("7 mg/wk", "1 mg/d"),
        ("960 mg three times a week", "2880 mg/wk"),
    ],
)
def test_a_frequency_makes_a_dose_per_day(text: str, same: str) -> None:
    found, expected = dose(text), dose(same)
    assert (found.quantity.low, found.quantity.high) == (expected.quantity.low, expected.quantity.high)
    assert found.quantity.dimension == expected.quantity.dimension
    assert (found.count, found.every) == (1, 1)


@pytest.mark.parametrize(
    "text",
    [
        "60 mg qod",
        "60 mg every other day",
        "60 mg on alternate days",
        "60 mg alternate days",
        "60 mg/2d",
        "60 mg q48h",
    ],
)
def test_alternate_days_are_told_from_half_the_dose_every_day(text: str) -> None:
    found = dose(text)
    assert found.quantity.exact == Fraction("0.03")
    assert found.quantity.dimension == "mass-rate"
    assert found.every == 2
    assert dose("30 mg/d").every == 1


OFTEN = {
    "84": "qd, od, daily, die, mane, nocte, qam, qhs, a day, per day, once daily, once a day, every day, each day,"
    " every morning, in the morning, at night, q24h, every 24 hours, 1x daily, 1 x/day",
    "168": "bid, bd, bds, twice daily, twice a day, twice per day, q12h, q 12 hrs, /12 h, 2 times a day, x2/d",
    "252": "tid, tds, three times daily, three times a day, thrice daily, q8h, 3 times per day",
    "336": "qid, qds, four times daily, four times a day, q6h, every 6 hours",
    "42": "qod, eod, every other day, every second day, alternate days, alternate day, on alternate days,"
    " alternate-day, per 2 days, every 2 days, q48h, every 48 hours",
    "12": "weekly, once weekly, once a week, every week, a week, per week, qw, qwk",
    "24": "twice weekly, twice a week, biw, 2x weekly",
    "36": "three times weekly, three times a week, thrice weekly, tiw, 3x weekly",
    "2016": "24 times a day, q1h",
}
"""By what 84 mg make in a day."""


@pytest.mark.parametrize(
    ("daily", "often"), [(daily, often) for daily, texts in OFTEN.items() for often in texts.split(", ")]
)
def test_every_way_to_say_how_often(daily: str, often: str) -> None:
    found = dose(f"84 mg {often}")
    assert found.quantity.exact == Fraction(daily) / 1000
    assert (found.quantity.dimension, found.count) == ("mass-rate", 1)
    assert found.every == (2 if daily == "42" else 1)


@pytest.mark.parametrize(
    "text",
    ["84 mg 25 times a day", "84 mg 0 times a day", "84 mg q49h", "84 mg q0h", "101 x 84 mg", "0 x 84 mg"],
)
def test_how_often_a_dose_cannot_be_given(text: str) -> None:
    with pytest.raises(QuantityError):
        dose(text)


@pytest.mark.parametrize(
    ("text", "amount", "count"),
    [
        ("100 x 84 mg", "0.084", 100),
        ("1 x 84 mg", "0.084", 1),
        ("84 mg as a single dose", "0.084", 1),
        ("84 mg single dose", "0.084", 1),
        ("84 mg one dose", "0.084", 1),
        ("84 mg once only", "0.084", 1),
        ("1 g x2", "1", 2),
        ("1 g x 2", "1", 2),
        ("2 x 1 g", "1", 2),
        ("2x1g", "1", 2),
        ("3 × 500 mg", "0.5", 3),
        ("375 mg/m2 x 4 doses", "375", 4),
        ("40 mg", "0.04", 1),
        ("500 mg once", "0.5", 1),
        ("250 mg stat", "0.25", 1),
    ],
)
def test_single_doses_are_an_amount_and_a_number(text: str, amount: str, count: int) -> None:
    found = dose(text)
    assert found.quantity.exact == Fraction(amount)
    assert found.quantity.dimension in ("mass", "dose-per-area")
    assert (found.count, found.every) == (count, None)


@pytest.mark.parametrize("text", ["100 mg bid", "2 x 1 g", "500 mg  three times a day", "1 mg/kg/12h"])
def test_what_was_written_is_kept(text: str) -> None:
    assert str(dose(text).quantity) == " ".join(text.split())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "bid",
        "100 bid",
        "100 mg sometimes",
        "20 mg/d bid",
        "2 x 100 mg/d",
        "1,000 mg bid",
        "0 x 1 g",
        "q0h 5 mg",
    ],
)
def test_what_is_no_dose_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(QuantityError) as bad:
        dose(text)
    assert "100 mg bid" in bad.value.help
