"""The summary on a screen: short, nothing critical cut, and what it leaves out counted."""

from __future__ import annotations

import re
from pathlib import Path
from zlib import crc32

import pytest

import nephroline
from nephroline.consultation import Consultation
from nephroline.faces.brief import show_brief
from nephroline.faces.screen import Screen
from nephroline.pathway import load_pathway
from nephroline.record import read_record
from nephroline.replaying import read_scenario
from nephroline.terms import Action, Severity

ROOT = Path(__file__).resolve().parent.parent.parent
CHARTS = sorted((ROOT / "scenarios").rglob("*.yaml"))
# Those that turn one clause each were made from others by chance, and are no charts that a clinician writes. Of the
# rest a third, by name: a chart that is added moves no other in or out.
FILES = [
    file
    for file in CHARTS
    if ROOT / "scenarios" / "clauses" not in file.parents and crc32(file.name.encode()) % 3 == 0
]


def shown(answer: Consultation, width: int, capsys: pytest.CaptureFixture[str]) -> str:
    show_brief(Screen(width, colour=False), answer, more="more: -v")
    return capsys.readouterr().out


@pytest.fixture(scope="module")
def answers() -> list[Consultation]:
    """The answer to each of many scenarios at its last fact."""
    scenarios = [read_scenario(file) for file in FILES]
    return [
        nephroline.consult(one.record, load_pathway(one.pathway) if one.pathway else None)
        for one in scenarios
    ]


@pytest.mark.parametrize("width", [60, 80, 120])
def test_it_fits_the_screen_and_is_short(
    answers: list[Consultation], width: int, capsys: pytest.CaptureFixture[str]
) -> None:
    lengths: list[int] = []
    for answer in answers:
        lines = shown(answer, width, capsys).splitlines()
        assert all(len(line) <= width for line in lines)
        if not any(alert.severity is Severity.CRITICAL for alert in answer.alerts):
            assert len(lines) <= 24
            lengths.append(len(lines))
    if width >= 80:
        # Of these few charts, without their outlook.
        assert sum(length <= 15 for length in lengths) >= 0.78 * len(lengths)


def test_no_critical_alert_is_cut(answers: list[Consultation], capsys: pytest.CaptureFixture[str]) -> None:
    for answer in answers:
        # Counts are shown as they are read.
        text = " ".join(shown(answer, 60, capsys).split()).replace(" × 10⁹/L", " 10^9/L")
        for alert in answer.alerts:
            if alert.severity is Severity.CRITICAL:
                assert alert.title in text
                assert " ".join(alert.detail.split()) in text
                # Its time is told unless it is the decision time.
                named = [one.partition(" (")[0] for one in alert.raised_by]
                assert all(one in text for one in named)


def test_what_is_to_be_begun_is_told_with_its_dose(
    answers: list[Consultation], capsys: pytest.CaptureFixture[str]
) -> None:
    for answer in answers:
        line = answer.next_line
        text = " ".join(shown(answer, 80, capsys).split())
        if line is None:
            assert "NEXT" in text
            continue
        assert all(dose.give in text for dose in line.doses if dose.least)
        assert ("not certain" in text) or line.certain


def test_what_is_left_out_is_counted(answers: list[Consultation], capsys: pytest.CaptureFixture[str]) -> None:
    """Each entry is there in its order: its first items, and how many more there are, sources left aside."""
    for answer in answers:
        text = shown(answer, 80, capsys)
        entries = answer.summary[1:]
        rows = re.findall(r"^[A-Z][A-Z ]{8}.*(?:\n {9}.*)*", text, re.MULTILINE)
        assert [row[:9].strip() for row in rows] == [entry.label.upper() for entry in entries]
        for row, entry in zip(rows, entries, strict=True):
            told = " ".join(row[9:].split())
            more = re.search(r" · (\d+) more$", told)
            left = int(more[1]) if more else 0
            items = [" ".join(item.split()) for item in entry.items]
            whole = told[: more.start()] if more else told
            cut = whole.removesuffix(" …")
            for aside in range(entry.basis + 1):
                kept = items[: len(items) - aside - left]
                if " · ".join(kept) == whole or (len(kept) == 1 and kept[0].startswith(cut)):
                    break
            else:
                raise AssertionError(told)


def test_what_is_left_of_the_lines_goes_to_what_is_cut(
    answers: list[Consultation], capsys: pytest.CaptureFixture[str]
) -> None:
    """Where lines are left, what is open is told in full."""
    uncut = 0
    for answer in answers:
        lines = shown(answer, 80, capsys).splitlines()
        if len(lines) >= 15 or any(one.label == "critical" for one in answer.summary):
            continue
        entry = next((one for one in answer.summary if one.label == "open"), None)
        if entry is not None:
            uncut += 1
            assert " · ".join(entry.items).split() == told(lines, "OPEN")
    assert uncut > 20


def told(lines: list[str], label: str) -> list[str]:
    """The words of an entry of a screen."""
    begin = next(n for n, line in enumerate(lines) if line.startswith(f"{label} "))
    rows = [lines[begin][9:]]
    for line in lines[begin + 1 :]:
        if not line.startswith(" " * 9):
            break
        rows.append(line[9:])
    return " ".join(rows).split()


def test_what_is_looked_at_before_a_first_dose_follows_what_is_begun(answers: list[Consultation]) -> None:
    both = 0
    for answer in answers:
        labels = [entry.label for entry in answer.summary]
        begins = answer.next_line is not None and answer.next_line.action is Action.START
        if begins and "first" in labels:
            both += 1
            assert set(labels[labels.index("next") + 1 : labels.index("first")]) <= {"not"}
    assert both > 20


def test_an_edition_that_a_later_one_has_replaced_is_told_as_such() -> None:
    record = read_record(ROOT / "scenarios/pjnh-2015-case-1.yaml")
    heads = [
        nephroline.consult(record, load_pathway(name), "10 mo").summary[0].items[-1]
        for name in ("kdigo-2012/fsgs", "kdigo-2021/fsgs")
    ]
    assert heads[0].startswith("KDIGO 2012, superseded by KDIGO 2021")
    assert "superseded" not in heads[1]


def test_the_summary_holds_each_item_once(answers: list[Consultation]) -> None:
    for answer in answers:
        labels = [entry.label for entry in answer.summary]
        assert labels[0] == "patient"
        assert labels.count("next") == 1
        for entry in answer.summary:
            assert entry.items
            assert all(item.strip() for item in entry.items)
            # One drug can have been tried twice.
            assert entry.label == "course" or len(set(entry.items)) == len(entry.items)


def test_a_dose_of_which_no_less_can_be_dispensed_only_ends(capsys: pytest.CaptureFixture[str]) -> None:
    """Two milligrams of cyclosporine are less than the smallest capsule, so its taper has no steps."""
    observations = [
        {"at": at, "proteinuria": f"{protein} g/d", "albumin": f"{albumin} g/L", "creatinine": "84 µmol/L"}
        for at, protein, albumin in (
            ("0 d", 8.5, 19),
            ("150 d", 8.2, 20),
            ("200 d", 0.1, 39),
            ("640 d", 0.1, 40),
        )
    ]
    chart = {
        "id": "tiny",
        "sex": "male",
        "age": "44 years",
        "weight": "68 kg",
        "biopsies": [{"at": "0 d", "glomeruli": 22, "diagnosis": "fsgs"}],
        "findings": {"secondary_cause_excluded": {"value": True, "at": "0 d"}},
        "observations": observations,
        "exposures": [{"drug": "cyclosporine", "dose": "2 mg bid", "from": "152 d"}],
    }
    answer = nephroline.consult(read_record(chart), load_pathway("kdigo-2021/fsgs"), "640 d")
    assert answer.next_line is not None
    assert answer.next_line.taper is not None
    assert answer.next_line.taper.rows == []
    assert "off in 25 wk" in shown(answer, 80, capsys)
