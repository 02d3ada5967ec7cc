"""Methods of scoring: what a round names, what a standing says of them, and how reliable a tally is"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_EMPTY = {"list": sa.text("'[]'"), "object": sa.text("'{}'")}


def upgrade() -> None:
    op.add_column("round", sa.Column("method", sa.Text(), server_default="mean", nullable=False))
    op.add_column(
        "round", sa.Column("method_options", postgresql.JSONB(), server_default=_EMPTY["object"], nullable=False)
    )
    op.add_column("tally", sa.Column("refused", postgresql.JSONB(), nullable=True))
    op.add_column("standing", sa.Column("score", sa.Double(), nullable=True))
    op.add_column("standing", sa.Column("se", sa.Double(), nullable=True))
    op.add_column("standing", sa.Column("tie_rule", sa.Text(), nullable=True))
    op.create_table(
        "analysis",
        sa.Column("tally_id", sa.UUID(), nullable=False),
        sa.Column("refused", postgresql.JSONB(), nullable=True),
        sa.Column("judges", postgresql.JSONB(), nullable=False),
        sa.Column("agreement", postgresql.JSONB(), nullable=False),
        sa.Column("notes", postgresql.JSONB(), server_default=_EMPTY["list"], nullable=False),
        sa.Column("model", postgresql.JSONB(), server_default=_EMPTY["object"], nullable=False),
        sa.Column("engine_version", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["tally_id"], ["tally.id"], name=op.f("fk_analysis_tally_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("tally_id", name=op.f("pk_analysis")),
    )
    op.create_table(
        "analysed_entry",
        sa.Column("tally_id", sa.UUID(), nullable=False),
        sa.Column("entry_id", sa.UUID(), nullable=False),
        *(sa.Column(name, sa.Double(), nullable=True) for name in ("raw_se", "adjusted", "se", "p_first", "p_top")),
        *(
            sa.Column(name, sa.BigInteger(), nullable=True)
            for name in ("adjusted_rank", "rank_low", "rank_high", "tied_low", "tied_high")
        ),
        sa.ForeignKeyConstraint(["tally_id"], ["tally.id"], name=op.f("fk_analysed_entry_tally_id"), ondelete="RESTRICT"),
        sa.ForeignKeyConstraint(["entry_id"], ["entry.id"], name=op.f("fk_analysed_entry_entry_id"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("tally_id", "entry_id", name=op.f("pk_analysed_entry")),
    )
    op.create_index(op.f("ix_analysed_entry_entry_id"), "analysed_entry", ["entry_id"])
    # Rounds that are tallied already get their analysis too.
    op.execute(
        """
        INSERT INTO outbox (job, queue, args, key)
        SELECT 'analyse_tally', 'default', jsonb_build_object('tally_id', id::text), 'analyse:' || id
        FROM (SELECT DISTINCT ON (round_id) id FROM tally ORDER BY round_id, number DESC) newest
        """
    )


def downgrade() -> None:
    op.drop_table("analysed_entry")
    op.drop_table("analysis")
    for table, columns in {
        "standing": ("tie_rule", "se", "score"),
        "tally": ("refused",),
        "round": ("method_options", "method"),
    }.items():
        for column in columns:
            op.drop_column(table, column)
