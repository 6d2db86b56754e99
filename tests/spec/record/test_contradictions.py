"""What contradicts itself is refused with the row that came second; what can be so is not."""

from __future__ import annotations

from typing import Any

import pytest

from nephroline.errors import RecordError
from nephroline.record import read_record


def refusals(**fields: Any) -> list[str]:
    try:
        read_record({"id": "x", **fields})
    except RecordError as bad:
        return [str(problem) for problem in bad.problems]
    return []


def observed(*rows: tuple[str, str, str]) -> dict[str, Any]:
    return {"observations": [{"at": at, name: text} for at, name, text in rows]}


def given(*rows: tuple[Any, Any]) -> dict[str, Any]:
    """Rows of tacrolimus from one time to another; without an end it runs."""
    return {
        "exposures": [
            {"drug": "tacrolimus", "dose": "4 mg/d", "from": start} | ({} if end is None else {"to": end})
            for start, end in rows
        ]
    }


def noted(*rows: tuple[str, str, bool]) -> dict[str, Any]:
    return {"conditions": [{"name": name, "at": at, "present": there} for at, name, there in rows]}


SOME_DAY = {"between": ["0 mo", "2 mo"]}
CAN_BE = {
    "one number twice": observed(("1 mo", "potassium", "4 mmol/L"), ("1 mo", "potassium", "4.0 mmol/L")),
    "one word twice": observed(("1 mo", "proteinuria", "3+"), ("1 mo", "proteinuria", "+++")),
    "a word beside a number": observed(("1 mo", "proteinuria", "3+"), ("1 mo", "proteinuria", "4 g/d")),
    "two times": observed(("1 mo", "potassium", "4 mmol/L"), ("2 mo", "potassium", "5 mmol/L")),
    "two analytes": observed(("1 mo", "potassium", "4 mmol/L"), ("1 mo", "magnesium", "0.8 mmol/L")),
    "two units, by rounding": observed(
        ("1 mo", "creatinine", "1 mg/dL"), ("1 mo", "creatinine", "92 µmol/L")
    ),
    "one unit, then rounded": observed(
        ("1 mo", "creatinine", "92 µmol/L"), ("1 mo", "creatinine", "1 mg/dL")
    ),
    "two forms that no factor joins": observed(
        ("1 mo", "proteinuria", "4 g/d"), ("1 mo", "proteinuria", "900 mg/g")
    ),
    "a bound of one unit that the other meets": observed(
        ("1 mo", "creatinine", "<1 mg/dL"), ("1 mo", "creatinine", "80 µmol/L")
    ),
    "a dose after the other": given(("0 mo", "1 mo"), ("1 mo", None)),
    "a dose before the other, written after it": given(("1 mo", None), ("0 mo", "1 mo")),
    "a dose that may have ended in time": given(("0 mo", SOME_DAY), ("1 mo", None)),
    "a dose that may have begun late": given(("0 mo", "1 mo"), (SOME_DAY, None)),
    "yes, and no on another day": noted(("1 mo", "diabetes", True), ("2 mo", "diabetes", False)),
    "yes of one, no of another": noted(("1 mo", "diabetes", True), ("1 mo", "hypertension", False)),
    "yes twice": noted(("1 mo", "diabetes", True), ("1 mo", "diabetes", True)),
    "a pregnancy of a woman": {"sex": "F"} | noted(("1 mo", "pregnancy", True)),
    "no pregnancy of a man": {"sex": "M"} | noted(("1 mo", "pregnancy", False)),
    "a pregnancy, and the sex not told": noted(("1 mo", "pregnancy", True)),
    "two biopsies": {
        "biopsies": [
            {"at": at, "glomeruli": 9, "diagnosis": name} for at, name in (("0 mo", "mcd"), ("9 mo", "fsgs"))
        ]
    },
    "a biopsy without a diagnosis beside one": {
        "biopsies": [{"at": "0 mo", "glomeruli": 9, "diagnosis": "mcd"}, {"at": "0 mo", "glomeruli": 4}]
    },
}


@pytest.mark.parametrize("name", CAN_BE)
def test_what_can_be_so_is_read(name: str) -> None:
    assert refusals(**CAN_BE[name]) == []


CANNOT_BE = {
    "two numbers": (
        observed(("1 mo", "potassium", "4 mmol/L"), ("1 mo", "potassium", "5 mmol/L")),
        "observations[1].potassium: serum potassium at 1 mo is given as both 5 mmol/L and 4 mmol/L",
    ),
    "two words": (
        observed(("1 mo", "proteinuria", "negative"), ("1 mo", "proteinuria", "3+")),
        "observations[1].proteinuria: proteinuria at 1 mo is given as both dipstick 3 and negative",
    ),
    "two words, the greater first": (
        observed(("1 mo", "proteinuria", "3+"), ("1 mo", "proteinuria", "negative")),
        "observations[1].proteinuria: proteinuria at 1 mo is given as both dipstick 3 and negative",
    ),
    "the third of three": (
        observed(*(("1 mo", "potassium", f"{text} mmol/L") for text in ("4", "4.0", "6"))),
        "observations[2].potassium: serum potassium at 1 mo is given as both 4 mmol/L and 6 mmol/L",
    ),
    "a bound and a number": (
        observed(("1 mo", "potassium", "<4 mmol/L"), ("1 mo", "potassium", "4 mmol/L")),
        "observations[1].potassium: serum potassium at 1 mo is given as both <4 mmol/L and 4 mmol/L",
    ),
    "two units, beyond rounding": (
        observed(("1 mo", "creatinine", "1 mg/dL"), ("1 mo", "creatinine", "93 µmol/L")),
        "observations[1].creatinine: serum creatinine at 1 mo is given as both 1 mg/dL and 93 µmol/L",
    ),
    "two units, below rounding": (
        observed(("1 mo", "creatinine", "1 mg/dL"), ("1 mo", "creatinine", "83 µmol/L")),
        "observations[1].creatinine: serum creatinine at 1 mo is given as both 1 mg/dL and 83 µmol/L",
    ),
    "a bound of one unit that the other passes": (
        observed(("1 mo", "creatinine", "<1 mg/dL"), ("1 mo", "creatinine", "120 µmol/L")),
        "observations[1].creatinine: serum creatinine at 1 mo is given as both <1 mg/dL and 120 µmol/L",
    ),
    "two doses at once": (
        given(("0 mo", None), ("1 mo", None)),
        "exposures: two rows of tacrolimus overlap (0 mo to no end, and from 1 mo)",
    ),
    "a dose inside the other": (
        given(("0 mo", "6 mo"), ("1 mo", "2 mo")),
        "exposures: two rows of tacrolimus overlap (0 mo to 6 mo, and from 1 mo)",
    ),
    "a dose that must have begun before the other ended": (
        given(("0 mo", "3 mo"), (SOME_DAY, None)),
        "exposures: two rows of tacrolimus overlap (0 mo to 3 mo, and from",
    ),
}


@pytest.mark.parametrize("name", CANNOT_BE)
def test_what_cannot_be_so_is_refused_at_its_second_row(name: str) -> None:
    fields, told = CANNOT_BE[name]
    found = refusals(**fields)
    assert len(found) == 1
    assert told in found[0]
