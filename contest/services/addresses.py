"""Addresses of mail: which are well formed, and which two spellings are the same."""

from __future__ import annotations

import unicodedata

from email_validator import EmailNotValidError, validate_email

from contest.errors import Invalid


def email_key(email: str) -> str:
    """What makes two spellings the same address: NFKC, small letters, and the domain as IDNA 2008 reads it.

    Small letters, not case folding: strauß@ and strauss@ may be two people, and straße.de is not strasse.de.
    """
    local, at, domain = unicodedata.normalize("NFKC", email.strip()).rpartition("@")
    try:
        domain = validate_email(f"a@{domain}", check_deliverability=False).domain
    except EmailNotValidError:
        # No account has it: `check_email` refuses it too.
        domain = domain.lower()
    return f"{local.lower()}{at}{domain}"


def check_email(email: str) -> str:
    """The address as typed, checked without asking DNS. Raises Invalid("email")."""
    try:
        return validate_email(email.strip(), check_deliverability=False, allow_smtputf8=True).original
    except EmailNotValidError:
        raise Invalid("email", "email_invalid") from None
