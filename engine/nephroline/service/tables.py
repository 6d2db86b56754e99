"""The tables of decision records, as the migrations make them.

The chain runs over digests, so that what was decided can be erased and the chain still holds.
"""

from __future__ import annotations

import sqlalchemy as sa

METADATA = sa.MetaData()

RULES = sa.Table(
    "rules",
    METADATA,
    sa.Column("digest", sa.String(80), primary_key=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    comment="The files of a rule base, compressed, once for each digest of a pathway of it.",
)
DECISIONS = sa.Table(
    "decisions",
    METADATA,
    sa.Column(
        "number", sa.BigInteger().with_variant(sa.Integer, "sqlite"), primary_key=True, autoincrement=False
    ),
    sa.Column("id", sa.String(36), nullable=False, unique=True),
    sa.Column("made_at", sa.String(32), nullable=False),
    sa.Column("asked_by", sa.String(40), nullable=False),
    sa.Column("as_of", sa.String(40), nullable=False),
    sa.Column("pathway", sa.String(200), nullable=False),
    sa.Column("digest", sa.String(80), sa.ForeignKey("rules.digest"), nullable=False),
    sa.Column("engine", sa.String(40), nullable=False),
    sa.Column("payload_digest", sa.String(64), nullable=False),
    sa.Column("before", sa.String(64), nullable=False),
    sa.Column("chain", sa.String(64), nullable=False),
    comment="What was answered when, each with the digest of the one before it.",
)
PAYLOADS = sa.Table(
    "payloads",
    METADATA,
    sa.Column("decision", sa.String(36), sa.ForeignKey("decisions.id"), primary_key=True),
    sa.Column("patient", sa.String(64), nullable=False, index=True),
    sa.Column("content", sa.LargeBinary, nullable=False),
    comment="The record and the answer of a decision, compressed; they can be erased.",
)
CARDS = sa.Table(
    "cards",
    METADATA,
    sa.Column("card", sa.String(36), primary_key=True),
    sa.Column("decision", sa.String(36), sa.ForeignKey("decisions.id"), nullable=False),
    comment="Which decision a card told.",
)
FEEDBACK = sa.Table(
    "feedback",
    METADATA,
    sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
    sa.Column("received_at", sa.String(32), nullable=False),
    sa.Column("service", sa.String(60), nullable=False),
    sa.Column("card", sa.String(80), nullable=False),
    sa.Column("decision", sa.String(36), sa.ForeignKey("decisions.id"), nullable=True),
    sa.Column("outcome", sa.String(12), nullable=False),
    sa.Column("content", sa.Text, nullable=False),
    comment="What became of cards.",
)
SEEN = sa.Table(
    "seen_tokens",
    METADATA,
    sa.Column("token", sa.String(64), primary_key=True),
    sa.Column("until", sa.BigInteger, nullable=False, index=True),
    comment="Ids of tokens that were used, until they expire.",
)
