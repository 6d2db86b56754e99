"""The tables of the first version."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "a0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "rules",
        sa.Column("digest", sa.String(80), primary_key=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "decisions",
        sa.Column(
            "number",
            sa.BigInteger().with_variant(sa.Integer, "sqlite"),
            primary_key=True,
            autoincrement=False,
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
    )
    op.create_table(
        "payloads",
        sa.Column("decision", sa.String(36), sa.ForeignKey("decisions.id"), primary_key=True),
        sa.Column("patient", sa.String(64), nullable=False, index=True),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "cards",
        sa.Column("card", sa.String(36), primary_key=True),
        sa.Column("decision", sa.String(36), sa.ForeignKey("decisions.id"), nullable=False),
    )
    op.create_table(
        "feedback",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("received_at", sa.String(32), nullable=False),
        sa.Column("service", sa.String(60), nullable=False),
        sa.Column("card", sa.String(80), nullable=False),
        sa.Column("decision", sa.String(36), sa.ForeignKey("decisions.id"), nullable=True),
        sa.Column("outcome", sa.String(12), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
    )
    op.create_table(
        "seen_tokens",
        sa.Column("token", sa.String(64), primary_key=True),
        sa.Column("until", sa.BigInteger, nullable=False, index=True),
    )


def downgrade() -> None:
    """Take the tables away."""
    for name in ("seen_tokens", "feedback", "cards", "payloads", "decisions", "rules"):
        op.drop_table(name)
