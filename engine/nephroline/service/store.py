"""Where decision records are kept: SQLite, or PostgreSQL by its address.

What is acknowledged is written to the disk first. Workers append to one chain: each holds the end of it while
it appends.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import zlib
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from sqlalchemy import event
from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from nephroline.consultation import Consultation
from nephroline.errors import UsageError
from nephroline.service.settings import Settings, key_file
from nephroline.service.tables import CARDS, DECISIONS, FEEDBACK, PAYLOADS, RULES, SEEN

_CHAIN = 7_205_759
"""The number of the lock by which PostgreSQL lets one worker append at a time."""
FIRST = "0" * 64
"""What the first decision of a chain names as the one before it."""
_LOCK_SECONDS = 20


class Manner(msgspec.Struct, frozen=True):
    """How it was asked: of which pathways (auto: all), and how deep."""

    auto: bool = True
    thorough: bool = False
    margins: bool = False
    stops_seen: bool = True


class Payload(msgspec.Struct, frozen=True):
    """What was decided of whom: the record as it was read, and the answer; the patient as a keyed hash."""

    patient: str
    record: dict[str, Any]
    answer: dict[str, Any]
    manner: Manner
    orders: list[dict[str, Any]] = []


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """A decision to be kept. `asked_by`: the hook, or ``api``."""

    patient: str
    record: dict[str, Any]
    answer: dict[str, Any]
    as_of: str
    pathway: str
    digest: str
    engine: str
    asked_by: str
    manner: Manner = Manner()
    cards: Sequence[str] = ()
    orders: Sequence[dict[str, Any]] = ()

    @classmethod
    def of(
        cls,
        answer: Consultation,
        record: dict[str, Any],
        asked_by: str,
        *,
        patient: str = "",
        manner: Manner = Manner(),  # noqa: B008
        cards: Sequence[str] = (),
        orders: Sequence[dict[str, Any]] = (),
    ) -> Made:
        """An answer to be kept, about the *patient* whom it names, if no other is given."""
        return cls(
            patient=patient or answer.record,
            record=record,
            answer=msgspec.to_builtins(answer),
            as_of=answer.as_of.label,
            pathway=answer.pathway.id,
            digest=answer.pathway.digest,
            engine=answer.engine.version,
            asked_by=asked_by,
            manner=manner,
            cards=cards,
            orders=orders,
        )


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """A decision as it was kept; without a payload once that was erased."""

    number: int
    id: str
    made_at: str
    asked_by: str
    as_of: str
    pathway: str
    digest: str
    engine: str
    payload_digest: str
    before: str
    chain: str
    payload: bytes | None

    @property
    def content(self) -> Payload | None:
        """What was decided of whom, unless it was erased."""
        return (
            None if self.payload is None else msgspec.json.decode(zlib.decompress(self.payload), type=Payload)
        )

    @property
    def intact(self) -> bool:
        """Whether payload and chain are those that were written."""
        told = {name: getattr(self, name) for name in _CHAINED}
        same = self.payload is None or _digest(zlib.decompress(self.payload)) == self.payload_digest
        return same and self.chain == chained(told)


_NARRATIVE = ("notes", "source")
"""What a record holds for people, and no answer reads."""


def _of_nobody(answer: dict[str, Any], patient: str) -> dict[str, Any]:
    """An answer that names its patient by a hash."""
    summary = [
        {**entry, "items": [patient, *entry["items"][1:]]} if entry["label"] == "patient" else entry
        for entry in answer["summary"]
    ]
    return {**answer, "record": patient, "summary": summary}


_CHAINED = (
    *("number", "id", "made_at", "asked_by", "as_of", "pathway", "digest", "engine"),
    *("payload_digest", "before"),
)


def chained(told: dict[str, Any]) -> str:
    """The digest by which the next decision names this one."""
    return _digest(msgspec.json.encode([told[name] for name in _CHAINED]))


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


class Store:
    """The decision records at an address. Its methods block; they may be called by any thread.

    Raises: UsageError if it cannot be opened.
    """

    def __init__(self, url: str, key_file: Path) -> None:
        try:
            self._engine = sa.create_engine(url, pool_pre_ping=True, hide_parameters=True)
        except (SQLAlchemyError, ImportError) as bad:
            remedy = (
                "sqlite:///FILE or postgresql+psycopg://USER@HOST/NAME; PostgreSQL needs nephroline[postgres]"
            )
            raise UsageError.of(f"store.url: {bad}", remedy) from None
        self._sqlite = self._engine.dialect.name == "sqlite"
        if self._sqlite:
            event.listen(self._engine, "connect", _durably)
            event.listen(self._engine, "begin", _begun)
        self._key = _key(key_file)

    def migrate(self) -> None:
        """Make or renew the tables. Raises: UsageError if the database cannot be reached."""
        config = Config()
        config.set_main_option("script_location", str(Path(__file__).with_name("migrations")))
        try:
            with self._appending() as connection:
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
        except SQLAlchemyError as bad:
            told = str(bad).partition("\n")[0]
            raise UsageError.of(
                f"store.url: the database cannot be used: {told}", "check that it runs"
            ) from None

    def ready(self) -> bool:
        """Whether it can be written to now."""
        try:
            with self._engine.begin() as connection:
                connection.execute(SEEN.delete().where(SEEN.c.until < 0))
        except SQLAlchemyError:
            return False
        return True

    def patient(self, id_: str) -> str:
        """A patient as a keyed hash: the same patient, and nobody can tell who."""
        return hmac.new(self._key, id_.encode(), hashlib.sha256).hexdigest()

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    # -- writing ---------------------------------------------------------------------------------------

    def keep(self, made: Made, rules: bytes) -> str:
        """Append a decision to the chain; its id. It is on the disk when this returns."""
        patient = self.patient(made.patient)
        record = {key: value for key, value in made.record.items() if key not in _NARRATIVE} | {"id": patient}
        answer = _of_nobody(made.answer, patient)
        orders = [one | {"record": patient} for one in made.orders]
        decided = Payload(patient, record, answer, made.manner, orders)
        payload = msgspec.json.encode(decided, order="deterministic")
        told: dict[str, Any] = {
            "id": str(uuid4()),
            "made_at": _now(),
            "asked_by": made.asked_by,
            "as_of": made.as_of,
            "pathway": made.pathway,
            "digest": made.digest,
            "engine": made.engine,
            "payload_digest": _digest(payload),
        }
        content = zlib.compress(payload)
        with self._appending() as connection:
            last = connection.execute(
                sa.select(DECISIONS.c.number, DECISIONS.c.chain).order_by(DECISIONS.c.number.desc()).limit(1)
            ).first()
            told |= {"number": 1 if last is None else last.number + 1}
            told |= {"before": FIRST if last is None else last.chain}
            known = connection.execute(sa.select(RULES.c.digest).where(RULES.c.digest == made.digest)).first()
            if known is None:
                connection.execute(RULES.insert().values(digest=made.digest, content=rules))
            connection.execute(DECISIONS.insert().values(**told, chain=chained(told)))
            connection.execute(
                PAYLOADS.insert().values(decision=told["id"], patient=patient, content=content)
            )
            for card in made.cards:
                known_card = connection.execute(sa.select(CARDS.c.card).where(CARDS.c.card == card)).first()
                if known_card is None:
                    connection.execute(CARDS.insert().values(card=card, decision=told["id"]))
        return str(told["id"])

    def feedback(self, service: str, card: str, outcome: str, content: str) -> str | None:
        """Keep what became of a card; the decision that it told, if that is known."""
        with self._engine.begin() as connection:
            found = connection.execute(sa.select(CARDS.c.decision).where(CARDS.c.card == card)).first()
            decision = None if found is None else str(found.decision)
            there = sa.select(PAYLOADS.c.decision).where(PAYLOADS.c.decision == decision)
            if decision is not None and connection.execute(there).first() is None:
                # What was decided is erased: nothing more is kept of it.
                content = ""
            connection.execute(
                FEEDBACK.insert().values(
                    received_at=_now(),
                    service=service,
                    card=card[:80],
                    decision=decision,
                    outcome=outcome,
                    content=content,
                )
            )
        return decision

    def first_use(self, issuer: str, token: str, until: int) -> bool:
        """Whether a token was not used before, by any worker; from now on it was."""
        named = _digest(msgspec.json.encode([issuer, token]))
        now = int(datetime.now(UTC).timestamp())
        try:
            with self._engine.begin() as connection:
                connection.execute(SEEN.delete().where(SEEN.c.until < now))
                connection.execute(SEEN.insert().values(token=named, until=until))
        except IntegrityError:
            return False
        return True

    def forget(self, patient: str) -> int:
        """Erase what was decided of a patient; of how many decisions. The chain stays."""
        return self._erase(PAYLOADS.c.patient == self.patient(patient))

    def expire(self, days: int) -> int:
        """Erase what was decided longer ago, and feedback on no decision; of how many decisions."""
        before = (datetime.now(UTC) - timedelta(days=days)).isoformat(timespec="seconds")
        old = sa.select(DECISIONS.c.id).where(DECISIONS.c.made_at < before)
        alone = sa.and_(FEEDBACK.c.decision.is_(None), FEEDBACK.c.received_at < before)
        with self._engine.begin() as connection:
            connection.execute(FEEDBACK.delete().where(alone))
        return self._erase(PAYLOADS.c.decision.in_(old))

    def _erase(self, which: sa.ColumnElement[bool]) -> int:
        with self._engine.begin() as connection:
            gone = [row.decision for row in connection.execute(sa.select(PAYLOADS.c.decision).where(which))]
            if gone:
                connection.execute(PAYLOADS.delete().where(which))
                connection.execute(FEEDBACK.update().where(FEEDBACK.c.decision.in_(gone)).values(content=""))
        return len(gone)

    # -- reading ---------------------------------------------------------------------------------------

    def every(self) -> Iterator[Kept]:
        """Every decision, in the order of the chain."""
        joined = DECISIONS.outerjoin(PAYLOADS, PAYLOADS.c.decision == DECISIONS.c.id)
        asked = sa.select(DECISIONS, PAYLOADS.c.content.label("payload")).select_from(joined)
        with self._reading() as connection:
            for row in connection.execute(asked.order_by(DECISIONS.c.number)).mappings():
                yield Kept(**row)

    def rules(self, digest: str) -> bytes | None:
        """The files of the rule base that gave an answer."""
        with self._reading() as connection:
            found = connection.execute(sa.select(RULES.c.content).where(RULES.c.digest == digest)).first()
        return None if found is None else bytes(found.content)

    @contextmanager
    def _appending(self) -> Generator[sa.Connection]:
        """A transaction that holds the end of the chain: no other worker appends meanwhile."""
        with self._engine.begin() as connection:
            if not self._sqlite:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_CHAIN)))
            yield connection

    def _reading(self) -> sa.Connection:
        """A connection that only reads, and holds up nobody who writes."""
        return self._engine.connect().execution_options(stream_results=True, **{_READS: True})


_READS = "nephroline_reads"


def _begun(connection: sa.Connection) -> None:
    """Begin a transaction of SQLite: one that writes waits for its turn at once, not at its first write."""
    reads = connection.get_execution_options().get(_READS)
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def opened(settings: Settings) -> Store:
    """The store of some settings, with its tables as they are now. Raises: UsageError."""
    store = Store(settings.store.url, key_file(settings))
    store.migrate()
    return store


def _durably(connection: Any, _: object) -> None:
    """Make SQLite write through to the disk, and wait for others that write."""
    connection.isolation_level = None
    cursor = connection.cursor()
    # First how long to wait: the other settings may have to.
    wait = f"busy_timeout={_LOCK_SECONDS}000"
    for setting in (wait, "journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


_KEY_BYTES = 32


def _key(file: Path) -> bytes:
    """The key by which patients are hashed; made, for its owner alone, where there is none."""
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
            stream.write(secrets.token_bytes(_KEY_BYTES))
    except FileExistsError:
        pass
    except OSError as bad:
        raise UsageError.of(f"store.key_file: {file}: {bad.strerror}", "choose another place") from None
    content = file.read_bytes()
    if len(content) < _KEY_BYTES:
        raise UsageError.of(f"store.key_file: {file} holds no key", f"give {_KEY_BYTES} random bytes or more")
    return content
