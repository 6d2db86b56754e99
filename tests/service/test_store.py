"""Decision records: one chain, whatever breaks, whoever forgets; on SQLite and PostgreSQL."""

from __future__ import annotations

import sqlite3
import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
import yaml

from nephroline.pathway import load_rules
from nephroline.record import read_record
from nephroline.selecting import consult
from nephroline.service.rulekeeping import packed, unpacked
from nephroline.service.store import Made, Store
from nephroline.service.tables import METADATA
from nephroline.service.verifying import Verification, verified

ROOT = Path(__file__).resolve().parents[2]
CHART: dict[str, Any] = yaml.safe_load((ROOT / "scenarios/pjnh-2015-case-1.yaml").read_text())["record"]
RULES = packed()


def made(at: str = "10 mo", patient: str = "anna") -> Made:
    chart = CHART | {"id": patient, "source": "Anna lives at 7 Elm Road"}
    answer = consult(read_record(chart), load_rules(), at)
    return Made(
        patient=patient,
        record=chart,
        answer=msgspec.to_builtins(answer),
        as_of=answer.as_of.label,
        pathway=answer.pathway.id,
        digest=answer.pathway.digest,
        engine=answer.engine.version,
        asked_by="patient-view",
    )


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/store.sqlite3"
        return
    server = request.getfixturevalue("postgresql")
    name = f"test_{tmp_path.name.replace('-', '_').lower()}"[:60]
    engine = sa.create_engine(f"{server}/postgres", isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    yield f"{server}/{name}"
    with engine.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    engine.dispose()


@pytest.fixture
def store(url: str, tmp_path: Path) -> Iterator[Store]:
    one = Store(url, tmp_path / "key")
    one.migrate()
    yield one
    one.close()


pytestmark = pytest.mark.postgresql


def test_what_is_kept_is_the_same_answer_years_later(store: Store) -> None:
    for at in ("0 mo", "10 mo", "24 mo"):
        store.keep(made(at), RULES)
    found = list(verified(store))
    assert [one.number for one in found] == [1, 2, 3]
    assert {one.shows for one in found} == {Verification.SAME}


def test_nobody_is_named_in_what_is_kept(store: Store) -> None:
    store.keep(made(), RULES)
    (kept,) = store.every()
    assert kept.payload is not None
    content = zlib.decompress(kept.payload).decode()
    assert "anna" not in content
    assert "Elm Road" not in content
    assert store.patient("anna") in content


def test_what_is_forgotten_is_gone_and_the_chain_holds(store: Store) -> None:
    store.keep(made(), RULES)
    store.keep(made(patient="bert"), RULES)
    assert store.forget("anna") == 1
    assert store.forget("anna") == 0
    assert [one.shows for one in verified(store)] == [Verification.ERASED, Verification.SAME]
    assert store.expire(1) == 0
    assert store.expire(-1) == 1
    assert {one.shows for one in verified(store)} == {Verification.ERASED}


def test_feedback_goes_with_the_decision_that_the_card_told(store: Store) -> None:
    decision = store.keep(msgspec.structs.replace(made(), cards=["c1"]), RULES)
    assert store.feedback("s", "c1", "accepted", "{}") == decision
    assert store.feedback("s", "c2", "accepted", "{}") is None
    store.forget("anna")


def test_feedback_on_no_decision_ends_with_the_decisions(store: Store, url: str) -> None:
    store.feedback("s", "c2", "overridden", '{"comment": "for Anna"}')
    store.expire(1)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM feedback")).scalar() == 1
    store.expire(-1)
    with engine.begin() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM feedback")).scalar() == 0
    engine.dispose()


def test_what_was_changed_or_taken_out_is_seen(url: str, tmp_path: Path) -> None:
    store = Store(url, tmp_path / "key")
    store.migrate()
    for at in ("0 mo", "10 mo", "24 mo"):
        store.keep(made(at), RULES)
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE decisions SET as_of = '11 mo' WHERE number = 2"))
    assert [one.shows for one in verified(store)][1] is Verification.BROKEN
    with engine.begin() as connection:
        connection.execute(
            sa.text("DELETE FROM payloads WHERE decision IN (SELECT id FROM decisions WHERE number = 2)")
        )
        connection.execute(sa.text("DELETE FROM decisions WHERE number = 2"))
    assert [one.shows for one in verified(store)] == [Verification.SAME, Verification.BROKEN]
    engine.dispose()
    store.close()


def test_another_answer_differs_and_another_engine_is_told(store: Store) -> None:
    right = made()
    store.keep(msgspec.structs.replace(right, answer=right.answer | {"notes": ["something else"]}), RULES)
    store.keep(msgspec.structs.replace(right, engine="0.0.1"), RULES)
    first, second = verified(store)
    assert (first.shows, first.what) == (Verification.DIFFERS, ["notes"])
    assert second.shows is Verification.OTHER_ENGINE


def test_many_write_and_the_chain_is_one(url: str, tmp_path: Path) -> None:
    one = made()
    first = Store(url, tmp_path / "key")
    first.migrate()
    first.close()

    def writing() -> None:
        own = Store(url, tmp_path / "key")
        for _ in range(10):
            own.keep(one, RULES)
        own.close()

    threads = [threading.Thread(target=writing) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    store = Store(url, tmp_path / "key")
    assert [kept.number for kept in store.every()] == list(range(1, 41))
    chain = ["0" * 64, *(kept.chain for kept in store.every())]
    assert [kept.before for kept in store.every()] == chain[:-1]
    assert all(kept.intact for kept in store.every())
    store.close()


def test_the_migrations_make_the_tables_of_the_code(url: str, tmp_path: Path) -> None:
    store = Store(url, tmp_path / "key")
    store.migrate()
    store.migrate()
    engine = sa.create_engine(url)
    found = sa.inspect(engine)
    for table in METADATA.sorted_tables:
        assert {one["name"] for one in found.get_columns(table.name)} == set(table.columns.keys())
    engine.dispose()
    store.close()


def test_the_rules_that_are_kept_are_the_rules() -> None:
    base = load_rules()
    with unpacked(RULES) as again:
        assert again.pathway_ids == base.pathway_ids
        for name in base.pathway_ids:
            assert again.pathway(name).digest == base.pathway(name).digest


def test_sqlite_writes_through(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/one.sqlite3", tmp_path / "key")
    store.migrate()
    with sqlite3.connect(tmp_path / "one.sqlite3") as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert (tmp_path / "key").stat().st_mode & 0o077 == 0
    store.close()
