"""The first schema"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = '0001'
down_revision = None
branch_labels = None
depends_on = None

#: Tables whose rows are written once.
SEALED = (
    "audit_event", "audit_seal", "revision", "revision_file", "receipt", "signing_key", "tally", "standing",
    "terms_acceptance",
)


def upgrade() -> None:
    op.create_table('account',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('email_key', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('latin_name', sa.Text(), server_default='', nullable=False),
    sa.Column('password_hash', sa.Text(), nullable=True),
    sa.Column('verified_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('locale', sa.Text(), server_default='en', nullable=False),
    sa.Column('zone', sa.Text(), server_default='UTC', nullable=False),
    sa.Column('country', sa.Text(), server_default='', nullable=False),
    sa.Column('is_admin', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('is_staff', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('suspended_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.CheckConstraint("name <> ''", name=op.f('ck_account_name_given')),
    sa.CheckConstraint("position(E'\\n' in email) = 0", name=op.f('ck_account_email_one_line')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_account')),
    sa.UniqueConstraint('email_key', name=op.f('uq_account_email_key'))
    )
    op.create_table('attempt',
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('window_start', sa.DateTime(timezone=True), nullable=False),
    sa.Column('count', sa.BigInteger(), nullable=False),
    sa.PrimaryKeyConstraint('key', 'window_start', name=op.f('pk_attempt'))
    )
    op.create_table('audit_seal',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('first_id', sa.BigInteger(), nullable=False),
    sa.Column('last_id', sa.BigInteger(), nullable=False),
    sa.Column('events', sa.BigInteger(), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('previous', sa.Text(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_seal')),
    sa.UniqueConstraint('last_id', name=op.f('uq_audit_seal_last_id'))
    )
    op.create_table('outbox',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('job', sa.Text(), nullable=False),
    sa.Column('queue', sa.Text(), nullable=False),
    sa.Column('args', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('key', sa.Text(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('not_before', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('handed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('attempts', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('fence', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('lease_until', sa.DateTime(timezone=True), nullable=True),
    sa.Column('done_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('failed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('error', sa.Text(), server_default='', nullable=False),
    sa.CheckConstraint('done_at IS NULL OR failed_at IS NULL', name=op.f('ck_outbox_one_end')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_outbox'))
    )
    op.create_index('ix_outbox_owed', 'outbox', ['queue', 'not_before'], unique=False, postgresql_where=sa.text('done_at IS NULL AND failed_at IS NULL'))
    op.create_index('uq_outbox_key_live', 'outbox', ['key'], unique=True, postgresql_where=sa.text('key IS NOT NULL AND done_at IS NULL AND failed_at IS NULL'))
    op.create_table('periodic',
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('last_run_at', sa.DateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_periodic'))
    )
    op.create_table('signing_key',
    sa.Column('id', sa.Text(), nullable=False),
    sa.Column('public_key', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_signing_key'))
    )
    op.create_table('code',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('email_key', sa.Text(), nullable=False),
    sa.Column('purpose', sa.Text(), nullable=False),
    sa.Column('account_id', sa.UUID(), nullable=False),
    sa.Column('code_hash', sa.LargeBinary(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('tries', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('used_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("purpose IN ('verify', 'sign_in', 'reset', 'confirm')", name=op.f('ck_code_purpose')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_code_account_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_code'))
    )
    op.create_index(op.f('ix_code_account_id'), 'code', ['account_id'], unique=False)
    op.create_index('uq_code_live', 'code', ['email_key', 'purpose'], unique=True, postgresql_where=sa.text('used_at IS NULL'))
    op.create_table('contest',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('slug', sa.Text(), nullable=False),
    sa.Column('title', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('summary', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('brief', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('host', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('contact', sa.Text(), server_default='', nullable=False),
    sa.Column('default_locale', sa.Text(), server_default='en', nullable=False),
    sa.Column('zone', sa.Text(), server_default='Asia/Tokyo', nullable=False),
    sa.Column('opens_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closes_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('grace_seconds', sa.BigInteger(), server_default='1800', nullable=False),
    sa.Column('announced_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_by', sa.UUID(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('version', sa.BigInteger(), server_default='1', nullable=False),
    sa.CheckConstraint("slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' AND length(slug) BETWEEN 3 AND 60", name=op.f('ck_contest_slug')),
    sa.CheckConstraint('announced_at IS NULL OR (opens_at IS NOT NULL AND closes_at IS NOT NULL)', name=op.f('ck_contest_announced_with_dates')),
    sa.CheckConstraint('closes_at > opens_at', name=op.f('ck_contest_dates_in_order')),
    sa.CheckConstraint('grace_seconds BETWEEN 0 AND 86400', name=op.f('ck_contest_grace')),
    sa.CheckConstraint('published_at IS NULL OR announced_at IS NOT NULL', name=op.f('ck_contest_published_after_announced')),
    sa.ForeignKeyConstraint(['created_by'], ['account.id'], name=op.f('fk_contest_created_by'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_contest')),
    sa.UniqueConstraint('slug', name=op.f('uq_contest_slug'))
    )
    op.create_index(op.f('ix_contest_created_by'), 'contest', ['created_by'], unique=False)
    op.create_table('login_session',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=False),
    sa.Column('account_id', sa.UUID(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('seen_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('idle_seconds', sa.BigInteger(), nullable=False),
    sa.Column('fresh_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('address', sa.Text(), server_default='', nullable=False),
    sa.Column('agent', sa.Text(), server_default='', nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_login_session_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_login_session')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_login_session_token_hash'))
    )
    op.create_index(op.f('ix_login_session_account_id'), 'login_session', ['account_id'], unique=False)
    op.create_table('mail_message',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('account_id', sa.UUID(), nullable=True),
    sa.Column('address', sa.Text(), nullable=False),
    sa.Column('locale', sa.Text(), nullable=False),
    sa.Column('subject', sa.Text(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('html', sa.Text(), server_default='', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('sent_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("position(E'\\n' in address || subject) = 0", name=op.f('ck_mail_message_one_line')),
    sa.CheckConstraint("position(E'\\r' in address || subject) = 0", name=op.f('ck_mail_message_one_line_cr')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_mail_message_account_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_mail_message')),
    sa.UniqueConstraint('key', name=op.f('uq_mail_message_key'))
    )
    op.create_index(op.f('ix_mail_message_account_id'), 'mail_message', ['account_id'], unique=False)
    op.create_table('audit_event',
    sa.Column('id', sa.BigInteger(), sa.Identity(always=True), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('act', sa.Text(), nullable=False),
    sa.Column('actor_id', sa.UUID(), nullable=True),
    sa.Column('contest_id', sa.UUID(), nullable=True),
    sa.Column('subject_type', sa.Text(), server_default='', nullable=False),
    sa.Column('subject_id', sa.Text(), server_default='', nullable=False),
    sa.Column('facts', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.ForeignKeyConstraint(['actor_id'], ['account.id'], name=op.f('fk_audit_event_actor_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['contest_id'], ['contest.id'], name=op.f('fk_audit_event_contest_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_audit_event'))
    )
    op.create_index(op.f('ix_audit_event_actor_id'), 'audit_event', ['actor_id'], unique=False)
    op.create_index('ix_audit_event_contest', 'audit_event', ['contest_id', 'id'], unique=False)
    op.create_table('category',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('contest_id', sa.UUID(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('name', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['contest_id'], ['contest.id'], name=op.f('fk_category_contest_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_category')),
    sa.UniqueConstraint('contest_id', 'key', name=op.f('uq_category_contest_id_key'))
    )
    op.create_index(op.f('ix_category_contest_id'), 'category', ['contest_id'], unique=False)
    op.create_table('invitation',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('contest_id', sa.UUID(), nullable=True),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('email', sa.Text(), nullable=False),
    sa.Column('email_key', sa.Text(), nullable=False),
    sa.Column('name', sa.Text(), server_default='', nullable=False),
    sa.Column('locale', sa.Text(), server_default='en', nullable=False),
    sa.Column('token_hash', sa.LargeBinary(), nullable=True),
    sa.Column('invited_by', sa.UUID(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('expires_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('revoked_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('account_id', sa.UUID(), nullable=True),
    sa.CheckConstraint("role IN ('organiser', 'chair', 'publisher', 'judge', 'staff')", name=op.f('ck_invitation_role')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_invitation_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['contest_id'], ['contest.id'], name=op.f('fk_invitation_contest_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['invited_by'], ['account.id'], name=op.f('fk_invitation_invited_by'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_invitation')),
    sa.UniqueConstraint('token_hash', name=op.f('uq_invitation_token_hash'))
    )
    op.create_index(op.f('ix_invitation_account_id'), 'invitation', ['account_id'], unique=False)
    op.create_index(op.f('ix_invitation_contest_id'), 'invitation', ['contest_id'], unique=False)
    op.create_index(op.f('ix_invitation_invited_by'), 'invitation', ['invited_by'], unique=False)
    op.create_index('uq_invitation_live', 'invitation', ['contest_id', 'email_key', 'role'], unique=True, postgresql_nulls_not_distinct=True, postgresql_where=sa.text('accepted_at IS NULL AND revoked_at IS NULL'))
    op.create_table('membership',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('contest_id', sa.UUID(), nullable=False),
    sa.Column('account_id', sa.UUID(), nullable=False),
    sa.Column('role', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("role IN ('organiser', 'chair', 'publisher', 'judge')", name=op.f('ck_membership_role')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_membership_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['contest_id'], ['contest.id'], name=op.f('fk_membership_contest_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_membership'))
    )
    op.create_index(op.f('ix_membership_account_id'), 'membership', ['account_id'], unique=False)
    op.create_index(op.f('ix_membership_contest_id'), 'membership', ['contest_id'], unique=False)
    op.create_index('uq_membership_live', 'membership', ['contest_id', 'account_id', 'role'], unique=True, postgresql_where=sa.text('removed_at IS NULL'))
    op.create_table('prize',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('contest_id', sa.UUID(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('name', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('amount', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('quantity', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('quantity BETWEEN 1 AND 100', name=op.f('ck_prize_quantity')),
    sa.ForeignKeyConstraint(['contest_id'], ['contest.id'], name=op.f('fk_prize_contest_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_prize')),
    sa.UniqueConstraint('contest_id', 'key', name=op.f('uq_prize_contest_id_key'))
    )
    op.create_index(op.f('ix_prize_contest_id'), 'prize', ['contest_id'], unique=False)
    op.create_table('round',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('contest_id', sa.UUID(), nullable=False),
    sa.Column('kind', sa.Text(), server_default='final', nullable=False),
    sa.Column('name', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('position', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('state', sa.Text(), server_default='planned', nullable=False),
    sa.Column('judges_per_entry', sa.BigInteger(), server_default='3', nullable=False),
    sa.Column('due_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('opened_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('closed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('rubric_version', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('rubric_frozen_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'planned') = (opened_at IS NULL)", name=op.f('ck_round_opened_when_open')),
    sa.CheckConstraint("(state IN ('planned', 'open')) = (closed_at IS NULL)", name=op.f('ck_round_closed_when_closed')),
    sa.CheckConstraint("kind IN ('screening', 'checkpoint', 'final')", name=op.f('ck_round_kind')),
    sa.CheckConstraint("state IN ('planned', 'open', 'closed', 'tallied', 'confirmed')", name=op.f('ck_round_state')),
    sa.CheckConstraint('judges_per_entry BETWEEN 1 AND 50', name=op.f('ck_round_judges_per_entry')),
    sa.ForeignKeyConstraint(['contest_id'], ['contest.id'], name=op.f('fk_round_contest_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_round')),
    sa.UniqueConstraint('contest_id', 'position', name=op.f('uq_round_contest_id_position'))
    )
    op.create_index(op.f('ix_round_contest_id'), 'round', ['contest_id'], unique=False)
    op.create_table('terms',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('contest_id', sa.UUID(), nullable=False),
    sa.Column('version', sa.BigInteger(), nullable=False),
    sa.Column('text', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.ForeignKeyConstraint(['contest_id'], ['contest.id'], name=op.f('fk_terms_contest_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_terms')),
    sa.UniqueConstraint('contest_id', 'version', name=op.f('uq_terms_contest_id_version'))
    )
    op.create_index(op.f('ix_terms_contest_id'), 'terms', ['contest_id'], unique=False)
    op.create_table('criterion',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('round_id', sa.UUID(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('name', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('question', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('weight', sa.BigInteger(), nullable=False),
    sa.Column('points', sa.BigInteger(), nullable=False),
    sa.Column('levels', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('jsonb_array_length(levels) = points', name=op.f('ck_criterion_levels')),
    sa.CheckConstraint('points BETWEEN 3 AND 10', name=op.f('ck_criterion_points')),
    sa.CheckConstraint('weight BETWEEN 1 AND 1000', name=op.f('ck_criterion_weight')),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_criterion_round_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_criterion')),
    sa.UniqueConstraint('round_id', 'key', name=op.f('uq_criterion_round_id_key'))
    )
    op.create_index(op.f('ix_criterion_round_id'), 'criterion', ['round_id'], unique=False)
    op.create_table('deliverable',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('round_id', sa.UUID(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('name', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('hint', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('required', sa.Boolean(), server_default=sa.text('true'), nullable=False),
    sa.Column('kinds', sa.ARRAY(sa.Text()), nullable=False),
    sa.Column('max_bytes', sa.BigInteger(), nullable=False),
    sa.Column('max_files', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('cardinality(kinds) > 0', name=op.f('ck_deliverable_kinds')),
    sa.CheckConstraint('max_bytes BETWEEN 1 AND 5368709120', name=op.f('ck_deliverable_max_bytes')),
    sa.CheckConstraint('max_files BETWEEN 1 AND 100', name=op.f('ck_deliverable_max_files')),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_deliverable_round_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_deliverable')),
    sa.UniqueConstraint('round_id', 'key', name=op.f('uq_deliverable_round_id_key'))
    )
    op.create_index(op.f('ix_deliverable_round_id'), 'deliverable', ['round_id'], unique=False)
    op.create_table('entry',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('contest_id', sa.UUID(), nullable=False),
    sa.Column('account_id', sa.UUID(), nullable=False),
    sa.Column('category_id', sa.UUID(), nullable=True),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), server_default='draft', nullable=False),
    sa.Column('title', sa.Text(), server_default='', nullable=False),
    sa.Column('statement', sa.Text(), server_default='', nullable=False),
    sa.Column('declaration', sa.Text(), server_default='', nullable=False),
    sa.Column('credit', sa.Text(), server_default='', nullable=False),
    sa.Column('version', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'withdrawn') = (withdrawn_at IS NOT NULL)", name=op.f('ck_entry_withdrawn')),
    sa.CheckConstraint("(state IN ('submitted', 'disqualified')) <= (submitted_at IS NOT NULL)", name=op.f('ck_entry_submitted')),
    sa.CheckConstraint("state IN ('draft', 'submitted', 'withdrawn', 'disqualified')", name=op.f('ck_entry_state')),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_entry_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['category_id'], ['category.id'], name=op.f('fk_entry_category_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['contest_id'], ['contest.id'], name=op.f('fk_entry_contest_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_entry')),
    sa.UniqueConstraint('contest_id', 'number', name=op.f('uq_entry_contest_id_number'))
    )
    op.create_index(op.f('ix_entry_account_id'), 'entry', ['account_id'], unique=False)
    op.create_index(op.f('ix_entry_category_id'), 'entry', ['category_id'], unique=False)
    op.create_index(op.f('ix_entry_contest_id'), 'entry', ['contest_id'], unique=False)
    op.create_index('uq_entry_one_per_entrant', 'entry', ['contest_id', 'account_id'], unique=True, postgresql_where=sa.text("state IN ('draft', 'submitted', 'disqualified')"))
    op.create_table('tally',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('round_id', sa.UUID(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('method', sa.Text(), nullable=False),
    sa.Column('params', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('engine_version', sa.Text(), nullable=False),
    sa.Column('input_digest', sa.Text(), nullable=False),
    sa.Column('result_digest', sa.Text(), nullable=False),
    sa.Column('n_entries', sa.BigInteger(), nullable=False),
    sa.Column('n_judges', sa.BigInteger(), nullable=False),
    sa.Column('n_scorecards', sa.BigInteger(), nullable=False),
    sa.Column('excluded', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('warnings', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'[]'"), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('created_by', sa.UUID(), nullable=True),
    sa.ForeignKeyConstraint(['created_by'], ['account.id'], name=op.f('fk_tally_created_by'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_tally_round_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_tally')),
    sa.UniqueConstraint('round_id', 'number', name=op.f('uq_tally_round_id_number'))
    )
    op.create_index(op.f('ix_tally_created_by'), 'tally', ['created_by'], unique=False)
    op.create_index(op.f('ix_tally_round_id'), 'tally', ['round_id'], unique=False)
    op.create_table('terms_acceptance',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('terms_id', sa.UUID(), nullable=False),
    sa.Column('account_id', sa.UUID(), nullable=False),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['account_id'], ['account.id'], name=op.f('fk_terms_acceptance_account_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['terms_id'], ['terms.id'], name=op.f('fk_terms_acceptance_terms_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_terms_acceptance')),
    sa.UniqueConstraint('terms_id', 'account_id', name=op.f('uq_terms_acceptance_terms_id_account_id'))
    )
    op.create_index(op.f('ix_terms_acceptance_account_id'), 'terms_acceptance', ['account_id'], unique=False)
    op.create_index(op.f('ix_terms_acceptance_terms_id'), 'terms_acceptance', ['terms_id'], unique=False)
    op.create_table('assignment',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('round_id', sa.UUID(), nullable=False),
    sa.Column('entry_id', sa.UUID(), nullable=False),
    sa.Column('judge_id', sa.UUID(), nullable=False),
    sa.Column('code', sa.Text(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], name=op.f('fk_assignment_entry_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['judge_id'], ['account.id'], name=op.f('fk_assignment_judge_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_assignment_round_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_assignment')),
    sa.UniqueConstraint('round_id', 'judge_id', 'code', name=op.f('uq_assignment_round_id_judge_id_code'))
    )
    op.create_index(op.f('ix_assignment_entry_id'), 'assignment', ['entry_id'], unique=False)
    op.create_index(op.f('ix_assignment_judge_id'), 'assignment', ['judge_id'], unique=False)
    op.create_index('uq_assignment_live', 'assignment', ['round_id', 'judge_id', 'entry_id'], unique=True, postgresql_where=sa.text('removed_at IS NULL'))
    op.create_table('award',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('contest_id', sa.UUID(), nullable=False),
    sa.Column('tally_id', sa.UUID(), nullable=False),
    sa.Column('prize_id', sa.UUID(), nullable=False),
    sa.Column('entry_id', sa.UUID(), nullable=False),
    sa.Column('state', sa.Text(), server_default='proposed', nullable=False),
    sa.Column('statement', postgresql.JSONB(astext_type=sa.Text()), server_default=sa.text("'{}'"), nullable=False),
    sa.Column('proposed_by', sa.UUID(), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('withdrawn_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("state IN ('proposed', 'confirmed', 'announced')", name=op.f('ck_award_state')),
    sa.ForeignKeyConstraint(['contest_id'], ['contest.id'], name=op.f('fk_award_contest_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], name=op.f('fk_award_entry_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['prize_id'], ['prize.id'], name=op.f('fk_award_prize_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['proposed_by'], ['account.id'], name=op.f('fk_award_proposed_by'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['tally_id'], ['tally.id'], name=op.f('fk_award_tally_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_award'))
    )
    op.create_index(op.f('ix_award_contest_id'), 'award', ['contest_id'], unique=False)
    op.create_index(op.f('ix_award_entry_id'), 'award', ['entry_id'], unique=False)
    op.create_index(op.f('ix_award_prize_id'), 'award', ['prize_id'], unique=False)
    op.create_index(op.f('ix_award_proposed_by'), 'award', ['proposed_by'], unique=False)
    op.create_index(op.f('ix_award_tally_id'), 'award', ['tally_id'], unique=False)
    op.create_index('uq_award_live', 'award', ['contest_id', 'entry_id'], unique=True, postgresql_where=sa.text('withdrawn_at IS NULL'))
    op.create_table('entry_file',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('entry_id', sa.UUID(), nullable=False),
    sa.Column('deliverable_id', sa.UUID(), nullable=False),
    sa.Column('state', sa.Text(), server_default='expected', nullable=False),
    sa.Column('reason', sa.Text(), nullable=True),
    sa.Column('name', sa.Text(), nullable=False),
    sa.Column('declared_size', sa.BigInteger(), nullable=False),
    sa.Column('declared_sha256', sa.LargeBinary(), nullable=True),
    sa.Column('staging_key', sa.Text(), nullable=False),
    sa.Column('key', sa.Text(), nullable=True),
    sa.Column('kind', sa.Text(), nullable=True),
    sa.Column('size', sa.BigInteger(), nullable=True),
    sa.Column('sha256', sa.LargeBinary(), nullable=True),
    sa.Column('alt', sa.Text(), server_default='', nullable=False),
    sa.Column('position', sa.BigInteger(), server_default='0', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('received_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('accepted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('removed_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('preview_state', sa.Text(), server_default='none', nullable=False),
    sa.Column('preview_reason', sa.Text(), nullable=True),
    sa.Column('preview_pages', sa.BigInteger(), server_default='0', nullable=False),
    sa.CheckConstraint("(state = 'accepted') <= (key IS NOT NULL AND size IS NOT NULL AND sha256 IS NOT NULL AND accepted_at IS NOT NULL)", name=op.f('ck_entry_file_accepted_is_whole')),
    sa.CheckConstraint("(state = 'rejected') = (reason IS NOT NULL)", name=op.f('ck_entry_file_rejected_with_reason')),
    sa.CheckConstraint("preview_state IN ('none', 'pending', 'ready', 'damaged', 'failed', 'refused')", name=op.f('ck_entry_file_preview_state')),
    sa.CheckConstraint("state IN ('expected', 'received', 'accepted', 'rejected')", name=op.f('ck_entry_file_state')),
    sa.CheckConstraint('declared_size >= 0', name=op.f('ck_entry_file_declared_size')),
    sa.CheckConstraint('sha256 IS NULL OR length(sha256) = 32', name=op.f('ck_entry_file_sha256')),
    sa.ForeignKeyConstraint(['deliverable_id'], ['deliverable.id'], name=op.f('fk_entry_file_deliverable_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], name=op.f('fk_entry_file_entry_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_entry_file')),
    sa.UniqueConstraint('key', name=op.f('uq_entry_file_key')),
    sa.UniqueConstraint('staging_key', name=op.f('uq_entry_file_staging_key'))
    )
    op.create_index(op.f('ix_entry_file_deliverable_id'), 'entry_file', ['deliverable_id'], unique=False)
    op.create_index(op.f('ix_entry_file_entry_id'), 'entry_file', ['entry_id'], unique=False)
    op.create_table('publication',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('contest_id', sa.UUID(), nullable=False),
    sa.Column('tally_id', sa.UUID(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('state', sa.Text(), server_default='draft', nullable=False),
    sa.Column('snapshot', postgresql.JSONB(astext_type=sa.Text()), nullable=False),
    sa.Column('digest', sa.Text(), nullable=False),
    sa.Column('proposed_by', sa.UUID(), nullable=False),
    sa.Column('proposed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('approved_by', sa.UUID(), nullable=True),
    sa.Column('approved_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('published_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('retracted_at', sa.DateTime(timezone=True), nullable=True),
    sa.Column('retracted_reason', sa.Text(), server_default='', nullable=False),
    sa.CheckConstraint("(state IN ('published', 'retracted')) <= (approved_at IS NOT NULL)", name=op.f('ck_publication_approved_first')),
    sa.CheckConstraint("state IN ('draft', 'published', 'retracted', 'superseded')", name=op.f('ck_publication_state')),
    sa.CheckConstraint('(approved_by IS NULL) = (approved_at IS NULL)', name=op.f('ck_publication_approved')),
    sa.CheckConstraint('approved_by IS NULL OR approved_by <> proposed_by', name=op.f('ck_publication_two_people')),
    sa.ForeignKeyConstraint(['approved_by'], ['account.id'], name=op.f('fk_publication_approved_by'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['contest_id'], ['contest.id'], name=op.f('fk_publication_contest_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['proposed_by'], ['account.id'], name=op.f('fk_publication_proposed_by'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['tally_id'], ['tally.id'], name=op.f('fk_publication_tally_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_publication')),
    sa.UniqueConstraint('contest_id', 'number', name=op.f('uq_publication_contest_id_number'))
    )
    op.create_index(op.f('ix_publication_approved_by'), 'publication', ['approved_by'], unique=False)
    op.create_index(op.f('ix_publication_contest_id'), 'publication', ['contest_id'], unique=False)
    op.create_index(op.f('ix_publication_proposed_by'), 'publication', ['proposed_by'], unique=False)
    op.create_index(op.f('ix_publication_tally_id'), 'publication', ['tally_id'], unique=False)
    op.create_index('uq_publication_draft', 'publication', ['contest_id'], unique=True, postgresql_where=sa.text("state = 'draft'"))
    op.create_index('uq_publication_published', 'publication', ['contest_id'], unique=True, postgresql_where=sa.text("state = 'published'"))
    op.create_table('revision',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('entry_id', sa.UUID(), nullable=False),
    sa.Column('number', sa.BigInteger(), nullable=False),
    sa.Column('sealed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('category_id', sa.UUID(), nullable=True),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('statement', sa.Text(), nullable=False),
    sa.Column('declaration', sa.Text(), nullable=False),
    sa.Column('credit', sa.Text(), nullable=False),
    sa.Column('grace_used', sa.BigInteger(), server_default='0', nullable=False),
    sa.CheckConstraint('number > 0', name=op.f('ck_revision_number')),
    sa.ForeignKeyConstraint(['category_id'], ['category.id'], name=op.f('fk_revision_category_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], name=op.f('fk_revision_entry_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_revision')),
    sa.UniqueConstraint('entry_id', 'number', name=op.f('uq_revision_entry_id_number'))
    )
    op.create_index(op.f('ix_revision_category_id'), 'revision', ['category_id'], unique=False)
    op.create_index(op.f('ix_revision_entry_id'), 'revision', ['entry_id'], unique=False)
    op.create_table('standing',
    sa.Column('tally_id', sa.UUID(), nullable=False),
    sa.Column('entry_id', sa.UUID(), nullable=False),
    sa.Column('rank', sa.BigInteger(), nullable=True),
    sa.Column('tied', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('numerator', sa.BigInteger(), nullable=True),
    sa.Column('denominator', sa.BigInteger(), nullable=True),
    sa.Column('scorecards', sa.BigInteger(), nullable=False),
    sa.CheckConstraint('(rank IS NULL) <= (scorecards = 0 OR numerator IS NOT NULL)', name=op.f('ck_standing_rank')),
    sa.CheckConstraint('denominator IS NULL OR denominator > 0', name=op.f('ck_standing_denominator')),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], name=op.f('fk_standing_entry_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['tally_id'], ['tally.id'], name=op.f('fk_standing_tally_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('tally_id', 'entry_id', name=op.f('pk_standing'))
    )
    op.create_index(op.f('ix_standing_entry_id'), 'standing', ['entry_id'], unique=False)
    op.create_table('preview',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('file_id', sa.UUID(), nullable=False),
    sa.Column('preset', sa.Text(), nullable=False),
    sa.Column('page', sa.BigInteger(), nullable=False),
    sa.Column('key', sa.Text(), nullable=False),
    sa.Column('width', sa.BigInteger(), nullable=False),
    sa.Column('height', sa.BigInteger(), nullable=False),
    sa.Column('size', sa.BigInteger(), nullable=False),
    sa.CheckConstraint("preset IN ('320', '1280', '2560')", name=op.f('ck_preview_preset')),
    sa.ForeignKeyConstraint(['file_id'], ['entry_file.id'], name=op.f('fk_preview_file_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_preview')),
    sa.UniqueConstraint('file_id', 'page', 'preset', name=op.f('uq_preview_file_id_page_preset')),
    sa.UniqueConstraint('key', name=op.f('uq_preview_key'))
    )
    op.create_table('receipt',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('revision_id', sa.UUID(), nullable=False),
    sa.Column('number', sa.Text(), nullable=False),
    sa.Column('payload', sa.Text(), nullable=False),
    sa.Column('signature', sa.LargeBinary(), nullable=False),
    sa.Column('key_id', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['key_id'], ['signing_key.id'], name=op.f('fk_receipt_key_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['revision_id'], ['revision.id'], name=op.f('fk_receipt_revision_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_receipt'))
    )
    op.create_index(op.f('ix_receipt_key_id'), 'receipt', ['key_id'], unique=False)
    op.create_index(op.f('ix_receipt_revision_id'), 'receipt', ['revision_id'], unique=True)
    op.create_table('recusal',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('assignment_id', sa.UUID(), nullable=False),
    sa.Column('kind', sa.Text(), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint("kind IN ('knows_work', 'personal', 'professional', 'financial', 'other')", name=op.f('ck_recusal_kind')),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_recusal_assignment_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_recusal'))
    )
    op.create_index(op.f('ix_recusal_assignment_id'), 'recusal', ['assignment_id'], unique=True)
    op.create_table('revision_file',
    sa.Column('revision_id', sa.UUID(), nullable=False),
    sa.Column('file_id', sa.UUID(), nullable=False),
    sa.Column('position', sa.BigInteger(), nullable=False),
    sa.Column('alt', sa.Text(), nullable=False),
    sa.ForeignKeyConstraint(['file_id'], ['entry_file.id'], name=op.f('fk_revision_file_file_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['revision_id'], ['revision.id'], name=op.f('fk_revision_file_revision_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('revision_id', 'file_id', name=op.f('pk_revision_file'))
    )
    op.create_index(op.f('ix_revision_file_file_id'), 'revision_file', ['file_id'], unique=False)
    op.create_table('scorecard',
    sa.Column('id', sa.UUID(), nullable=False),
    sa.Column('assignment_id', sa.UUID(), nullable=False),
    sa.Column('round_id', sa.UUID(), nullable=False),
    sa.Column('entry_id', sa.UUID(), nullable=False),
    sa.Column('judge_id', sa.UUID(), nullable=False),
    sa.Column('revision_id', sa.UUID(), nullable=False),
    sa.Column('state', sa.Text(), server_default='draft', nullable=False),
    sa.Column('version', sa.BigInteger(), server_default='1', nullable=False),
    sa.Column('total', sa.BigInteger(), nullable=True),
    sa.Column('note', sa.Text(), server_default='', nullable=False),
    sa.Column('comment', sa.Text(), server_default='', nullable=False),
    sa.Column('created_at', sa.DateTime(timezone=True), server_default=sa.text('clock_timestamp()'), nullable=False),
    sa.Column('updated_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('submitted_at', sa.DateTime(timezone=True), nullable=True),
    sa.CheckConstraint("(state = 'submitted') <= (total IS NOT NULL)", name=op.f('ck_scorecard_submitted_is_complete')),
    sa.CheckConstraint("(state = 'submitted') = (submitted_at IS NOT NULL)", name=op.f('ck_scorecard_submitted')),
    sa.CheckConstraint("state IN ('draft', 'submitted')", name=op.f('ck_scorecard_state')),
    sa.ForeignKeyConstraint(['assignment_id'], ['assignment.id'], name=op.f('fk_scorecard_assignment_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['entry_id'], ['entry.id'], name=op.f('fk_scorecard_entry_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['judge_id'], ['account.id'], name=op.f('fk_scorecard_judge_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['revision_id'], ['revision.id'], name=op.f('fk_scorecard_revision_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['round_id'], ['round.id'], name=op.f('fk_scorecard_round_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_scorecard'))
    )
    op.create_index(op.f('ix_scorecard_assignment_id'), 'scorecard', ['assignment_id'], unique=True)
    op.create_index(op.f('ix_scorecard_entry_id'), 'scorecard', ['entry_id'], unique=False)
    op.create_index(op.f('ix_scorecard_judge_id'), 'scorecard', ['judge_id'], unique=False)
    op.create_index('ix_scorecard_tally', 'scorecard', ['round_id', 'entry_id', 'state', 'total'], unique=False)
    op.create_table('score',
    sa.Column('scorecard_id', sa.UUID(), nullable=False),
    sa.Column('criterion_id', sa.UUID(), nullable=False),
    sa.Column('points', sa.SmallInteger(), nullable=False),
    sa.CheckConstraint('points BETWEEN 1 AND 10', name=op.f('ck_score_points')),
    sa.ForeignKeyConstraint(['criterion_id'], ['criterion.id'], name=op.f('fk_score_criterion_id'), ondelete='RESTRICT'),
    sa.ForeignKeyConstraint(['scorecard_id'], ['scorecard.id'], name=op.f('fk_score_scorecard_id'), ondelete='RESTRICT'),
    sa.PrimaryKeyConstraint('scorecard_id', 'criterion_id', name=op.f('pk_score'))
    )

    # What was sealed, counted or noted is never changed: the database itself refuses.
    op.execute(
        """
        CREATE FUNCTION contest_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
        END $$
        """
    )
    for table in SEALED:
        op.execute(
            f"CREATE TRIGGER {table}_sealed BEFORE UPDATE OR DELETE ON {table}"
            " FOR EACH ROW EXECUTE FUNCTION contest_refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION contest_refuse_change()"
        )


def downgrade() -> None:
    """The first schema is not taken back: that would be to delete every contest."""
    raise RuntimeError("restore a backup instead")
