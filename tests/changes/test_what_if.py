"""What if: changes as people write them, and answers beside the one that is."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nephroline.changes import WhatIf, setting, several, what_if
from nephroline.errors import RecordError, UsageError
from nephroline.pathway import Pathway
from nephroline.record import read_record

CASE_1 = "pjnh-2015-case-1"


@pytest.fixture
def ask(extended: Pathway, root: Path) -> Callable[..., WhatIf]:
    def asked(*changes: str, at: str = "10 mo") -> WhatIf:
        return what_if(root / f"scenarios/{CASE_1}.yaml", extended, [several(text) for text in changes], at)

    return asked


def headings(found: WhatIf, number: int = 0) -> dict[str, tuple[list[str], list[str]]]:
    return {d.about: (d.gone, d.new) for d in found.alternatives[number].differences}


def test_alternatives_stand_side_by_side(ask: Callable[..., WhatIf]) -> None:
    found = ask("pregnancy=yes", "creatinine@4 mo=2.0 mg/dL; creatinine=2.0 mg/dL")
    assert headings(found, 0)["next line"][1] == ["none: the next line is held back"]
    assert "Cyclosporine" not in headings(found, 0)
    assert headings(found, 1)["next line"][1][0].startswith("Start cyclosporine with mycophenolate")


def test_what_changes_nothing_says_so(ask: Callable[..., WhatIf]) -> None:
    assert ask("thrombosis=no").alternatives[0].differences == ()


def test_waiting_does_not_look_at_what_really_came(ask: Callable[..., WhatIf]) -> None:
    """After 10 months the patient took mycophenolate; two months of waiting do not know of it."""
    found = ask("wait 2 mo")
    answer = found.alternatives[0].consultation
    assert answer.as_of.label == "12 mo"
    assert all("mycophenolate" not in line.drugs[0] for line in answer.lines)


def test_what_is_set_counts_at_the_end_of_a_wait(ask: Callable[..., WhatIf]) -> None:
    answer = ask("response=no-response; wait 2 mo", at="8 mo").alternatives[0].consultation
    assert "cni-resistant" in {finding.id for finding in answer.findings}


@pytest.mark.parametrize(
    ("change", "at", "expected"),
    [
        ("remove simvastatin", "8 mo", ("alerts", "critical: Simvastatin with cyclosporine")),
        ("remove hypertension", "10 mo", ("alerts", "warning: Uncontrolled hypertension")),
        ("hypertension=controlled", "10 mo", ("alerts", "warning: Uncontrolled hypertension")),
        ("remove biopsy", "10 mo", ("pathway", "applies: FSGS on biopsy and secondary causes excluded")),
    ],
)
def test_each_kind_of_datum_can_be_changed(
    ask: Callable[..., WhatIf], change: str, at: str, expected: tuple[str, str]
) -> None:
    about, gone = expected
    assert gone in headings(ask(change, at=at))[about][0]


def test_a_drug_that_ended_today_has_ended(ask: Callable[..., WhatIf]) -> None:
    """Cyclosporine ended at 10 mo: what is taken beside it no longer matters then."""
    assert "alerts" not in headings(ask("remove simvastatin"))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("creatinin=2 mg/dL", "creatinine"),
        ("creatinine", "sets nothing"),
        ("pregnancy=perhaps", "perhaps"),
        ("secondary_cause_excluded=maybe", "neither yes nor no"),
        ("biopsy.colour=red", "biopsy has no"),
        ("wait yesterday", "wait"),
        ("dose.aspirin=1 mg/d", "aspirin"),
        ("dose.tacrolimus=1 mg/d", "not given"),
        ("creatinine@someday=1 mg/dL", "someday"),
        ("remove luck", "luck"),
        (" ; ", "without changes"),
        ("age=5 d", "younger"),
    ],
)
def test_a_change_that_cannot_be_made_says_why(ask: Callable[..., WhatIf], change: str, message: str) -> None:
    with pytest.raises((UsageError, Exception), match=message) as caught:
        ask(change)
    assert type(caught.value).__name__ in ("UsageError", "RecordError")


def test_a_changed_record_is_a_record(ask: Callable[..., WhatIf]) -> None:
    data: dict[str, Any] = dict(ask("age=50 years; weight=70 kg; wait 3 wk").alternatives[0].data)
    record = read_record(data)
    assert record.age_zero is not None
    assert record.id == CASE_1


def test_a_change_reads_as_it_is_typed() -> None:
    assert setting("creatinine=2.5mg/dL").argument == "--set creatinine=2.5mg/dL"
    assert setting("dose.prednisolone=10 mg/d").argument == "--set 'dose.prednisolone=10 mg/d'"
    assert [edit.verb for edit in several("wait 8 wk; remove hiv; sex=male")] == ["wait", "remove", "set"]


def test_a_record_that_was_read_is_refused_with_a_remedy(extended: Pathway, root: Path) -> None:
    record: Any = read_record(root / f"scenarios/{CASE_1}.yaml")
    with pytest.raises(RecordError) as refused:
        what_if(record, extended, [[setting("sex=male")]])
    assert "pass its file" in str(refused.value)
