"""Click-through prototypes: who may open one, and the sealed word under which it is served on its own host.

The host that serves them knows no session and no database. What it may show stands in the address itself:
the key of one `site` object and until when, sealed with a key derived from SECRET_KEY. The word names nothing
to its reader, so that a judge learns nothing of the entrant and the prototype nothing of its readers.
"""

from __future__ import annotations

import base64
import binascii
import secrets
import struct
import uuid

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy.orm import Session

from contest.errors import NotFound
from contest.models import Preview
from contest.permissions import Actor
from contest.services import judging, pictures, previews, publications

#: How long an opened prototype can be clicked through.
LIFETIME_S = 12 * 3600
_PURPOSE = b"contest prototype v1"
_NONCE = 12


def seal(secret_key: str, key: str, now: float) -> str:
    """The word for the object `key`, good for LIFETIME_S from `now` (seconds): letters, digits, "-" and "_"."""
    nonce = secrets.token_bytes(_NONCE)
    plain = struct.pack(">Q", int(now) + LIFETIME_S) + key.encode()
    sealed = AESGCM(_derived(secret_key)).encrypt(nonce, plain, _PURPOSE)
    return base64.urlsafe_b64encode(nonce + sealed).rstrip(b"=").decode()


def unseal(secret_key: str, word: str, now: float) -> str:
    """The key of the object that a word stands for. Raises NotFound for a word that is not ours or too old."""
    try:
        # Strictly: what a lenient reader leaves out would come back in addresses that are made of the word.
        raw = base64.b64decode(word.encode("ascii") + b"=" * (-len(word) % 4), altchars=b"-_", validate=True)
        plain = AESGCM(_derived(secret_key)).decrypt(raw[:_NONCE], raw[_NONCE:], _PURPOSE)
    except (InvalidTag, binascii.Error, UnicodeEncodeError, ValueError) as error:
        raise NotFound from error
    (until,) = struct.unpack(">Q", plain[:8])
    if until < now:
        raise NotFound
    return plain[8:].decode()


def _derived(secret_key: str) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret_key.encode())


def get_visible(session: Session, actor: Actor, preview_id: uuid.UUID) -> Preview:
    """A prototype for the file's entrant or the contest's app team. Raises NotFound."""
    return previews.get_visible(session, actor, preview_id, (pictures.SITE,))


def key_for_judge(session: Session, actor: Actor, slug: str, code: str, number: int) -> str:
    """The `site` object behind a prototype of a sheet. Raises NotFound wherever the sheet is not shown."""
    return _nth(session, judging.revision_for_judge(session, actor, slug, code), number)


def key_of_winner(session: Session, slug: str, publication: int, award: int, number: int) -> str:
    """The same for a winner. Raises NotFound unless the publication is in force."""
    return _nth(session, publications.revision_with_prototype(session, slug, publication, award, number), number)


def _nth(session: Session, revision_id: uuid.UUID, number: int) -> str:
    found = list(pictures.sites(session, revision_id).values())
    if not 1 <= number <= len(found):
        raise NotFound
    return found[number - 1]
