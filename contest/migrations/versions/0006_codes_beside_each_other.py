"""Codes beside each other, and addresses known by their domain as IDNA 2008 reads it"""

from __future__ import annotations

import logging
import unicodedata
import uuid
from collections.abc import Callable

import sqlalchemy as sa
from alembic import op
from email_validator import EmailNotValidError, validate_email

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_LIVE = sa.text("used_at IS NULL")
log = logging.getLogger(f"alembic.runtime.migration.{revision}")


def upgrade() -> None:
    op.drop_index("uq_code_live", "code", postgresql_where=_LIVE)
    _write_keys(_key)


def downgrade() -> None:
    op.execute(
        "UPDATE code SET used_at = clock_timestamp() WHERE used_at IS NULL AND EXISTS (SELECT FROM code newer"
        " WHERE newer.email_key = code.email_key AND newer.purpose = code.purpose AND newer.used_at IS NULL"
        " AND (newer.created_at, newer.id) > (code.created_at, code.id))"
    )
    op.create_index("uq_code_live", "code", ["email_key", "purpose"], unique=True, postgresql_where=_LIVE)
    _write_keys(_old_key)


def _write_keys(key_of: Callable[[str], str]) -> None:
    """Write the keys anew. An account that would get the key of another keeps its own, and is named in the log."""
    connection = op.get_bind()
    for account in connection.execute(_told_apart("account")).all():
        if (key := key_of(account.email)) == account.email_key:
            continue
        taken = connection.execute(sa.text("SELECT id FROM account WHERE email_key = :key"), {"key": key}).scalar()
        if taken is not None:
            log.warning("Accounts %s and %s have one address. Only %s can sign in.", taken, account.id, taken)
            continue
        connection.execute(
            sa.text("UPDATE account SET email_key = :key WHERE id = :id"), {"key": key, "id": account.id}
        )
    for invitation in connection.execute(_told_apart("invitation")).all():
        if (key := key_of(invitation.email)) == invitation.email_key:
            continue
        # Of two live invitations of one address to one part, the other does.
        connection.execute(
            sa.text(
                "UPDATE invitation SET revoked_at = clock_timestamp() WHERE id = :id AND revoked_at IS NULL"
                " AND accepted_at IS NULL AND EXISTS (SELECT FROM invitation other WHERE other.email_key = :key"
                " AND other.contest_id IS NOT DISTINCT FROM invitation.contest_id AND other.role = invitation.role"
                " AND other.revoked_at IS NULL AND other.accepted_at IS NULL)"
            ),
            {"key": key, "id": invitation.id},
        )
        connection.execute(
            sa.text("UPDATE invitation SET email_key = :key WHERE id = :id"), {"key": key, "id": invitation.id}
        )


def _told_apart(table: str) -> sa.Select[tuple[uuid.UUID, str, str]]:
    """Rows whose key may differ: one of ASCII has the key it had, unless its domain is written as IDNA encodes it."""
    rows = sa.table(table, sa.column("id", sa.UUID), sa.column("email", sa.Text), sa.column("email_key", sa.Text))
    other = sa.or_(sa.func.octet_length(rows.c.email) != sa.func.length(rows.c.email), rows.c.email.ilike("%xn--%"))
    return sa.select(rows.c.id, rows.c.email, rows.c.email_key).where(other).order_by(sa.literal_column("created_at"))


def _key(email: str) -> str:
    local, at, domain = unicodedata.normalize("NFKC", email.strip()).rpartition("@")
    try:
        domain = validate_email(f"a@{domain}", check_deliverability=False).domain
    except EmailNotValidError:
        domain = domain.lower()
    return f"{local.lower()}{at}{domain}"


def _old_key(email: str) -> str:
    return unicodedata.normalize("NFKC", email.strip()).casefold()
