"""The cards of a publication: the pictures that readers of links show, drawn once the winners are out.

A winner's first picture on the mat with the slip of a prize, for each winner's own page; the winners' page shows the
first of them. Drawn by the confined renderer from our own previews, stored under keys
that follow from the publication, public while the publication is in force.
"""

from __future__ import annotations

import tempfile
import uuid

from sqlalchemy import select
from sqlalchemy.orm import Session

from contest.errors import NotFound
from contest.models import Contest, Publication
from contest.previews import client
from contest.previews.kinds import Kind
from contest.services import publications
from contest.services.previews import UnitOfWork, fetch, renderer
from contest.storage import ObjectMissing, Storage
from contest.vocabulary import PublicationState

_PRESET = "award"
#: The size of preview that is enough for a card.
_ENOUGH = 1000


def draw(unit_of_work: UnitOfWork, finishing: UnitOfWork, storage: Storage, publication_id: uuid.UUID) -> None:
    """The job: draw the cards of a publication in force. Running it twice is dull.

    Raises RendererGone and StorageDown; the job then comes again. A publication without pictures gets none.
    """
    with unit_of_work() as session:
        sources = _sources(session, publication_id)
    first = ""
    if sources:
        with renderer() as address:
            for number, source in sources:
                drawn = _drawn(storage, source, address)
                if drawn is None:
                    continue
                key = publications.winner_card_key(publication_id, number)
                storage.put(key, drawn, content_type="image/jpeg")
                first = first or key
    with finishing() as session:
        row = session.get(Publication, publication_id, with_for_update=True, populate_existing=True)
        # The row is written last: where it names the first card, all are there.
        if row is not None and first and row.state == PublicationState.PUBLISHED:
            row.card_key = first


def _drawn(storage: Storage, source: str, address: str) -> bytes | None:
    """The card made of a preview, as JPEG; None if the preview is gone or the renderer makes none of it."""
    with tempfile.TemporaryFile() as file:
        try:
            fetch(storage, source, file)
        except ObjectMissing:
            # The others have their cards nevertheless.
            return None
        result = client.render(file, Kind.WEBP, address=address, presets=(_PRESET,))
    return result.outputs[0].data if result.outputs else None


def _sources(session: Session, publication_id: uuid.UUID) -> list[tuple[int, str]]:
    """Each award's number and the preview from which its card is drawn; none if no cards are wanted."""
    row = session.execute(
        select(Contest.slug, Publication.number, Publication.snapshot["awards"])
        .join(Contest, Contest.id == Publication.contest_id)
        .where(
            Publication.id == publication_id,
            Publication.state == PublicationState.PUBLISHED,
            Publication.card_key == "",
        )
    ).first()
    if row is None:
        return []
    slug, number, given = row
    found = []
    for award in given:
        if not award["pictures"]:
            continue
        picture = award["pictures"][0]
        size = next((size for size in picture["sizes"] if size[1] >= _ENOUGH), picture["sizes"][-1])
        try:
            key = publications.picture_key(session, slug, number, award["number"], picture["page"], size[0])
        except NotFound:
            continue
        found.append((award["number"], key))
    return found
