"""What pages show of people and contests: theme, readings of names, pictures, the jury, planned dates"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def _texts(name: str) -> sa.Column[dict[str, str]]:
    return sa.Column(name, postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False)


def upgrade() -> None:
    for column in (_text("furigana"), _text("sort_name"), _text("theme")):
        op.add_column("account", column)
    op.create_check_constraint(op.f("ck_account_theme"), "account", "theme IN ('', 'light', 'dark')")
    op.add_column("contest", sa.Column("winners_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_contest_winners_after_close"), "contest", "winners_at > closes_at")
    for texts in (_texts("jury_statement"), _texts("jury")):
        op.add_column("contest", texts)
    op.add_column("publication", _text("card_key"))
    op.create_table(
        "contest_picture",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("contest_id", sa.UUID(), nullable=False),
        sa.Column("state", sa.Text(), server_default="pending", nullable=False),
        _text("reason"),
        sa.Column("original_key", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("alt", postgresql.JSONB(), nullable=False),
        _texts("caption"),
        sa.Column("sizes", postgresql.JSONB(), server_default=sa.text("'[]'"), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("state IN ('pending', 'ready', 'failed')", name=op.f("ck_contest_picture_state")),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_contest_picture_contest_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contest_picture")),
        sa.UniqueConstraint("contest_id", name=op.f("uq_contest_picture_contest_id")),
    )


def downgrade() -> None:
    op.drop_table("contest_picture")
    op.drop_column("publication", "card_key")
    for name in ("jury_statement", "jury", "winners_at"):
        op.drop_column("contest", name)
    for name in ("furigana", "sort_name", "theme"):
        op.drop_column("account", name)
