"""The tables. Columns, constraints and relationships; no queries and no rules of the contest."""

from contest.models.accounts import Account, Attempt, Code, Invitation, LoginSession, Membership
from contest.models.base import Base, Texts, new_id
from contest.models.contests import (
    Category,
    Contest,
    ContestPicture,
    Criterion,
    Deliverable,
    Prize,
    Round,
    Terms,
    TermsAcceptance,
)
from contest.models.entries import (
    Entry,
    EntryFile,
    Preview,
    PreviewPage,
    Receipt,
    Revision,
    RevisionFile,
    SigningKey,
    Similarity,
)
from contest.models.judging import Assignment, Recusal, Score, Scorecard
from contest.models.results import AnalysedEntry, Analysis, Award, Publication, Standing, Tally
from contest.models.system import AuditEvent, AuditSeal, MailMessage, OutboxItem, Periodic

__all__ = [
    "Account",
    "AnalysedEntry",
    "Analysis",
    "Assignment",
    "Attempt",
    "AuditEvent",
    "AuditSeal",
    "Award",
    "Base",
    "Category",
    "Code",
    "Contest",
    "ContestPicture",
    "Criterion",
    "Deliverable",
    "Entry",
    "EntryFile",
    "Invitation",
    "LoginSession",
    "MailMessage",
    "Membership",
    "OutboxItem",
    "Periodic",
    "Preview",
    "PreviewPage",
    "Prize",
    "Publication",
    "Receipt",
    "Recusal",
    "Revision",
    "RevisionFile",
    "Round",
    "Score",
    "Scorecard",
    "SigningKey",
    "Similarity",
    "Standing",
    "Tally",
    "Terms",
    "TermsAcceptance",
    "Texts",
    "new_id",
]
