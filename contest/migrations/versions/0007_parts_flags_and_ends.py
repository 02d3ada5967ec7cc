"""Uploads in parts, judges' flags, contests that are called off, and a new address for an account"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_PURPOSES = "purpose IN ('verify', 'sign_in', 'reset', 'confirm')"
_PURPOSES_NOW = "purpose IN ('verify', 'sign_in', 'reset', 'confirm', 'address')"
_OWED = sa.text("done_at IS NULL AND failed_at IS NULL")
_LIVE = sa.text("withdrawn_at IS NULL AND answered_at IS NULL")


def upgrade() -> None:
    op.add_column("entry_file", sa.Column("part_digests", sa.LargeBinary(), nullable=True))
    op.add_column("entry_file", sa.Column("parts_id", sa.Text(), nullable=True))
    op.add_column("entry_file", sa.Column("parts_at", sa.DateTime(timezone=True), nullable=True))
    op.create_check_constraint(op.f("ck_entry_file_part_digests"), "entry_file", "length(part_digests) % 32 = 0")
    op.create_check_constraint(op.f("ck_entry_file_parts_at"), "entry_file", "(parts_id IS NULL) = (parts_at IS NULL)")
    op.create_check_constraint(op.f("ck_entry_file_parts_id"), "entry_file", "parts_id IS NULL OR part_digests IS NOT NULL")

    op.add_column("contest", sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("contest", sa.Column("cancelled_reason", JSONB(), server_default=sa.text("'{}'"), nullable=False))
    op.create_check_constraint(
        op.f("ck_contest_cancelled_in_time"), "contest", "cancelled_at IS NULL OR (announced_at IS NOT NULL AND published_at IS NULL)"
    )
    op.create_check_constraint(
        op.f("ck_contest_cancelled_with_reason"), "contest", "(cancelled_at IS NOT NULL) = (cancelled_reason <> '{}')"
    )

    op.add_column("code", sa.Column("new_email", sa.Text(), server_default="", nullable=False))
    op.drop_constraint(op.f("ck_code_purpose"), "code", type_="check")
    op.create_check_constraint(op.f("ck_code_purpose"), "code", _PURPOSES_NOW)
    op.create_check_constraint(op.f("ck_code_new_email"), "code", "(purpose = 'address') = (new_email <> '')")

    op.create_table(
        "flag",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("assignment_id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("words", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer", sa.Text(), server_default="", nullable=False),
        sa.Column("answered_by", sa.UUID(), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "kind IN ('discuss', 'identity', 'rules', 'copied', 'broken', 'other')", name=op.f("ck_flag_kind")
        ),
        sa.CheckConstraint("(answered_by IS NULL) = (answered_at IS NULL)", name=op.f("ck_flag_answered")),
        sa.ForeignKeyConstraint(
            ["answered_by"], ["account.id"], name=op.f("fk_flag_answered_by"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(
            ["assignment_id"], ["assignment.id"], name=op.f("fk_flag_assignment_id"), ondelete="RESTRICT"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_flag")),
    )
    op.create_index(op.f("ix_flag_answered_by"), "flag", ["answered_by"])
    op.create_index(op.f("ix_flag_assignment_id"), "flag", ["assignment_id"])
    op.create_index("uq_flag_live", "flag", ["assignment_id", "kind"], unique=True, postgresql_where=_LIVE)

    op.drop_index("ix_outbox_owed", "outbox", postgresql_where=_OWED)
    op.create_index("ix_outbox_owed", "outbox", ["queue", "turn", "id", "not_before"], postgresql_where=_OWED)
    op.execute("UPDATE outbox SET queue = 'clips' WHERE job = 'make_clip' AND done_at IS NULL AND failed_at IS NULL")


def downgrade() -> None:
    op.execute("UPDATE outbox SET queue = 'previews' WHERE job = 'make_clip'")
    op.drop_index("ix_outbox_owed", "outbox", postgresql_where=_OWED)
    op.create_index("ix_outbox_owed", "outbox", ["queue", "turn", "id"], postgresql_where=_OWED)
    op.drop_table("flag")
    op.execute("DELETE FROM code WHERE purpose = 'address'")
    op.drop_constraint(op.f("ck_code_new_email"), "code", type_="check")
    op.drop_constraint(op.f("ck_code_purpose"), "code", type_="check")
    op.create_check_constraint(op.f("ck_code_purpose"), "code", _PURPOSES)
    op.drop_column("code", "new_email")
    op.drop_constraint(op.f("ck_contest_cancelled_with_reason"), "contest", type_="check")
    op.drop_constraint(op.f("ck_contest_cancelled_in_time"), "contest", type_="check")
    op.drop_column("contest", "cancelled_reason")
    op.drop_column("contest", "cancelled_at")
    op.drop_constraint(op.f("ck_entry_file_parts_id"), "entry_file", type_="check")
    op.drop_constraint(op.f("ck_entry_file_parts_at"), "entry_file", type_="check")
    op.drop_constraint(op.f("ck_entry_file_part_digests"), "entry_file", type_="check")
    op.drop_column("entry_file", "parts_at")
    op.drop_column("entry_file", "parts_id")
    op.drop_column("entry_file", "part_digests")
