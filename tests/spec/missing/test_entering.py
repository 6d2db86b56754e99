"""A missing datum that is entered: it stands where it belongs, and all else stays as it was."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from nephroline.exact import Fraction
from nephroline.features import Slot
from nephroline.missing.datum import Datum
from nephroline.missing.entering import entered
from nephroline.missing.regions import Region, Scale
from nephroline.pathway import load_pathway
from nephroline.quantities import Quantity
from nephroline.record import Record, Timeline, read_record
from nephroline.terms import Entry

PATHWAY = load_pathway("kdigo-2021/fsgs")
CHART: dict[str, Any] = {
    "id": "neighbours",
    "sex": "male",
    "age": "40 years",
    "weight": "70 kg",
    "observations": [
        {"at": "0 wk", "proteinuria": "9 g/d", "albumin": "18 g/L", "potassium": "4.2 mmol/L"},
        {"at": "20 wk", "proteinuria": "8 g/d", "potassium": "4.6 mmol/L"},
        {"at": "30 wk", "proteinuria": "7 g/d"},
    ],
    "conditions": [
        {"name": "diabetes", "present": False, "at": "0 wk"},
        {"name": "diabetes", "at": "20 wk"},
        {"name": "hypertension", "at": "20 wk"},
        {"name": "osteoporosis", "at": "30 wk"},
    ],
    "findings": {
        "secondary_cause_excluded": [{"value": True, "at": "0 wk"}, {"value": False, "at": "20 wk"}],
        "diffuse_effacement": {"value": True, "at": "20 wk"},
    },
    "biopsies": [{"at": "0 wk", "diagnosis": "fsgs"}, {"at": "20 wk", "diagnosis": "mcd"}],
    "exposures": [
        {"drug": "prednisolone", "from": "0 wk", "to": "17 wk"},
        {"drug": "cyclosporine", "from": "17 wk", "to": "26 wk"},
        {"drug": "azathioprine", "from": "17 wk", "to": "26 wk"},
        {"drug": "tacrolimus", "from": "26 wk", "to": "29 wk"},
        {"drug": "cyclosporine", "from": "29 wk"},
    ],
}
MILLIMOLES = Scale("mmol/L", Fraction(1))


def chart() -> tuple[Record, Timeline]:
    record = read_record(CHART)
    return record, Timeline(record, PATHWAY.catalogue, record.clock.read("30 wk"), PATHWAY.windows)


def changed(slot: Slot, value: Any, scale: Scale | None = None, dimension: str = "") -> dict[str, list[Any]]:
    """What stands in the record with a datum that did not before, and what is gone, by its section."""
    record, timeline = chart()
    datum = Datum(slot, "a datum", (), scale, dimension)
    new = entered(record, datum, Region(value), timeline)
    told: dict[str, list[Any]] = {}
    for name in record.__struct_fields__:
        was, now = getattr(record, name), getattr(new, name)
        if was == now:
            continue
        if not isinstance(was, tuple):
            told[name] = [was, now]
            continue
        assert name == "exposures" or list(now) == sorted(now, key=_when)
        told[name] = [[one for one in was if one not in now], [one for one in now if one not in was]]
    return told


def _when(item: Any) -> Any:
    return item.at.sort_key


def at(text: str) -> Any:
    return chart()[0].clock.read(text)


@pytest.mark.parametrize(("week", "gone"), [("0 wk", 1), ("10 wk", 0), ("20 wk", 1), ("30 wk", 0)])
def test_a_value_takes_the_place_of_that_of_its_analyte_at_its_moment(week: str, gone: int) -> None:
    told = changed(
        Slot(Entry.OBSERVATION, "potassium", at(week)), Fraction(5), MILLIMOLES, "amount-concentration"
    )
    assert list(told) == ["observations"]
    out, new = told["observations"]
    assert [(one.analyte, one.at) for one in out] == [("potassium", at(week))] * gone
    assert [(one.analyte, one.at, one.value.text, one.word) for one in new] == [
        ("potassium", at(week), "5 mmol/L", None)
    ]


def test_a_report_in_words_is_one() -> None:
    (out, new) = changed(Slot(Entry.OBSERVATION, "creatinine", at("20 wk")), "normal")["observations"]
    assert not out
    assert [(one.analyte, one.word, one.value, one.reported) for one in new] == [
        ("creatinine", "normal", None, True)
    ]


def test_without_a_time_it_is_now() -> None:
    (_, new) = changed(Slot(Entry.OBSERVATION, "creatinine"), "normal")["observations"]
    assert new[0].at == at("30 wk")


@pytest.mark.parametrize("entry", [Entry.CONDITION, Entry.STATE])
@pytest.mark.parametrize(
    ("name", "week", "value", "gone", "stands"),
    [
        ("diabetes", "20 wk", False, 1, (False, None)),
        ("diabetes", "0 wk", None, 1, (True, None)),
        ("diabetes", "30 wk", "severe", 0, (True, "severe")),
        ("hypertension", "0 wk", "uncontrolled", 0, (True, "uncontrolled")),
        ("pregnancy", "20 wk", False, 0, (False, None)),
    ],
)
def test_a_condition_takes_the_place_of_its_own_entry_at_its_moment(
    entry: Entry, name: str, week: str, value: Any, gone: int, stands: tuple[bool, str | None]
) -> None:
    told = changed(Slot(entry, name, at(week)), value)
    assert list(told) == ["conditions"]
    out, new = told["conditions"]
    assert [(one.name, one.at) for one in out] == [(name, at(week))] * gone
    assert [(one.name, one.at, one.present, one.state) for one in new] == [(name, at(week), *stands)]


@pytest.mark.parametrize(
    ("name", "week", "value", "gone"),
    [
        ("secondary_cause_excluded", "20 wk", True, 1),
        ("secondary_cause_excluded", "30 wk", True, 0),
        ("diffuse_effacement", "0 wk", False, 0),
        ("fertility_to_be_preserved", "20 wk", True, 0),
    ],
)
def test_a_judgement_takes_the_place_of_its_own_at_its_moment(
    name: str, week: str, value: bool, gone: int
) -> None:
    told = changed(Slot(Entry.ASSERTION, name, at(week)), value)
    assert list(told) == ["assertions"]
    out, new = told["assertions"]
    assert [(one.name, one.at) for one in out] == [(name, at(week))] * gone
    assert [(one.name, one.at, one.value) for one in new] == [(name, at(week), value)]


def test_a_biopsy_is_one_more() -> None:
    (out, new) = changed(Slot(Entry.BIOPSY, at=at("10 wk")), "fsgs")["biopsies"]
    assert not out
    assert [(one.at, one.glomeruli, one.diagnosis) for one in new] == [(at("10 wk"), None, "fsgs")]


@pytest.mark.parametrize(("week", "diagnosis"), [("0 wk", "fsgs"), ("20 wk", "mcd")])
def test_glomeruli_are_counted_in_their_own_biopsy(week: str, diagnosis: str) -> None:
    (_, new) = changed(Slot(Entry.GLOMERULI, at=at(week)), Fraction(12))["biopsies"]
    assert [(one.at, one.glomeruli, one.diagnosis) for one in new] == [(at(week), 12, diagnosis)]


def test_sex_and_age() -> None:
    assert changed(Slot(Entry.SEX), "female") == {"sex": ["male", "female"]}
    year = Fraction(365 * 60)
    told = changed(Slot(Entry.AGE), year)
    assert told["age_zero"][1] == year - at("30 wk").latest, "the age is that of today"
    assert told["age_supposed"] == [False, True]


@pytest.mark.parametrize(
    ("drug", "week"), [("prednisolone", "0 wk"), ("cyclosporine", "17 wk"), ("azathioprine", "17 wk")]
)
@pytest.mark.parametrize("scale", [None, Scale("mg/d", Fraction(1))])
def test_a_dose_is_that_of_one_drug_from_one_day(drug: str, week: str, scale: Scale | None) -> None:
    told = changed(Slot(Entry.DOSE, drug, at(week)), Fraction(60), scale, "mass-rate")
    assert list(told) == ["exposures"]
    out, new = told["exposures"]
    (was,) = out
    text = "60 mg/d" if scale else "60"
    dose = Quantity(Fraction(60), Fraction(60), "mass-rate", text)
    assert (was.drug, was.start) == (drug, at(week))
    assert new == [msgspec.structs.replace(was, dose=dose)]


def test_a_target_level_is_no_dose() -> None:
    slot = Slot(Entry.TROUGH_TARGET, "cyclosporine", at("29 wk"))
    ((was,), new) = changed(slot, Fraction(1, 10), Scale("mg/L", Fraction(1)), "mass-concentration")[
        "exposures"
    ]
    target = Quantity(Fraction(1, 10), Fraction(1, 10), "mass-concentration", "0.1 mg/L")
    assert new == [msgspec.structs.replace(was, trough_target=target)]


def test_why_a_line_was_stopped_is_told_of_each_drug_that_ended_with_it() -> None:
    record, timeline = chart()
    line = timeline.lines[1]
    assert set(line.drugs) == {"cyclosporine", "azathioprine"}
    told = changed(Slot(Entry.STOP_REASON, "2", line.end), "toxicity")
    (out, new) = told["exposures"]
    assert {one.drug for one in out} == {"cyclosporine", "azathioprine"}
    assert new == [msgspec.structs.replace(one, stopped_for="toxicity") for one in out]
    assert record.exposures[-1] not in new
