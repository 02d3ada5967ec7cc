"""Previews of everything: pages, extras, members of packages, similar entries, and how often a worker was lost"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STATES = "preview_state IN ('none', {}'pending', 'ready', 'damaged', 'failed', 'refused')"
_NOW = sa.text("clock_timestamp()")


def upgrade() -> None:
    for column in (
        sa.Column("preview_done", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("preview_facts", postgresql.JSONB(), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("preview_tree", postgresql.JSONB(), nullable=True),
    ):
        op.add_column("entry_file", column)
    op.drop_constraint(op.f("ck_entry_file_preview_state"), "entry_file", type_="check")
    op.create_check_constraint(op.f("ck_entry_file_preview_state"), "entry_file", _STATES.format("'icon', "))
    op.execute(
        "UPDATE entry_file SET preview_state = 'icon', preview_reason = 'kind'"
        " WHERE state = 'accepted' AND preview_state = 'none'"
    )
    op.drop_constraint(op.f("ck_preview_preset"), "preview", type_="check")
    op.create_check_constraint(
        op.f("ck_preview_preset"),
        "preview",
        "preset IN ('320', '1280', '2560', 'tiles', 'moving', 'mp4', 'webm', 'site')",
    )
    op.create_table(
        "preview_page",
        sa.Column("file_id", sa.UUID(), nullable=False),
        sa.Column("page", sa.BigInteger(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("number", "width", "height")),
        sa.Column("placeholder", sa.LargeBinary(), server_default=sa.text("''"), nullable=False),
        *(
            sa.Column(name, postgresql.ARRAY(sa.BigInteger()), server_default=sa.text("'{}'"), nullable=False)
            for name in ("turned", "tiles")
        ),
        sa.ForeignKeyConstraint(
            ["file_id"], ["entry_file.id"], name=op.f("fk_preview_page_file_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("file_id", "page", name=op.f("pk_preview_page")),
    )
    op.create_table(
        "similarity",
        sa.Column("id", sa.UUID(), nullable=False),
        *(sa.Column(name, sa.UUID(), nullable=False) for name in ("contest_id", "file_id", "other_id")),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in ("page", "other_page", "distance")),
        sa.Column("way", sa.Text(), nullable=False),
        sa.Column("found_at", sa.DateTime(timezone=True), server_default=_NOW, nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("seen_by", sa.UUID(), nullable=True),
        sa.CheckConstraint("way IN ('whole', 'turned', 'part')", name=op.f("ck_similarity_way")),
        sa.CheckConstraint("file_id <> other_id", name=op.f("ck_similarity_two_files")),
        sa.CheckConstraint("distance BETWEEN 0 AND 64", name=op.f("ck_similarity_distance")),
        sa.CheckConstraint("(seen_at IS NULL) = (seen_by IS NULL)", name=op.f("ck_similarity_seen")),
        sa.ForeignKeyConstraint(
            ["contest_id"], ["contest.id"], name=op.f("fk_similarity_contest_id"), ondelete="RESTRICT"
        ),
        sa.ForeignKeyConstraint(["file_id"], ["entry_file.id"], name=op.f("fk_similarity_file_id"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["other_id"], ["entry_file.id"], name=op.f("fk_similarity_other_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["seen_by"], ["account.id"], name=op.f("fk_similarity_seen_by"), ondelete="RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_similarity")),
        sa.UniqueConstraint(
            "file_id", "page", "other_id", "other_page", name=op.f("uq_similarity_file_id_page_other_id_other_page")
        ),
    )
    for column in ("contest_id", "other_id"):
        op.create_index(op.f(f"ix_similarity_{column}"), "similarity", [column])
    op.add_column("outbox", sa.Column("returned", sa.BigInteger(), server_default="0", nullable=False))


def downgrade() -> None:
    op.drop_column("outbox", "returned")
    op.drop_table("similarity")
    op.drop_table("preview_page")
    op.execute("DELETE FROM preview WHERE preset NOT IN ('320', '1280', '2560')")
    op.drop_constraint(op.f("ck_preview_preset"), "preview", type_="check")
    op.create_check_constraint(op.f("ck_preview_preset"), "preview", "preset IN ('320', '1280', '2560')")
    op.execute("UPDATE entry_file SET preview_state = 'none', preview_reason = NULL WHERE preview_state = 'icon'")
    op.drop_constraint(op.f("ck_entry_file_preview_state"), "entry_file", type_="check")
    op.create_check_constraint(op.f("ck_entry_file_preview_state"), "entry_file", _STATES.format(""))
    for name in ("preview_tree", "preview_facts", "preview_done"):
        op.drop_column("entry_file", name)
