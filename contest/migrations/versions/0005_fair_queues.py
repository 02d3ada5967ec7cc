"""Fair queues: whose work a job is, its turn among what waits, and how often a service was away"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_LIVE = sa.text("done_at IS NULL AND failed_at IS NULL")


def upgrade() -> None:
    op.add_column("outbox", sa.Column("share", sa.UUID(), nullable=True))
    op.add_column("outbox", sa.Column("turn", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("outbox", sa.Column("outages", sa.BigInteger(), server_default="0", nullable=False))
    op.drop_column("outbox", "handed_at")
    op.drop_column("outbox", "attempts")
    op.drop_index("ix_outbox_owed", "outbox", postgresql_where=_LIVE)
    op.create_index("ix_outbox_owed", "outbox", ["queue", "turn", "id"], postgresql_where=_LIVE)
    op.create_index("ix_outbox_share", "outbox", ["queue", "share", "turn"], postgresql_where=_LIVE)


def downgrade() -> None:
    op.drop_index("ix_outbox_share", "outbox", postgresql_where=_LIVE)
    op.drop_index("ix_outbox_owed", "outbox", postgresql_where=_LIVE)
    op.create_index("ix_outbox_owed", "outbox", ["queue", "not_before"], postgresql_where=_LIVE)
    op.add_column("outbox", sa.Column("attempts", sa.BigInteger(), server_default="0", nullable=False))
    op.add_column("outbox", sa.Column("handed_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_column("outbox", "outages")
    op.drop_column("outbox", "turn")
    op.drop_column("outbox", "share")
