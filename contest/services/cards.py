"""The card of a publication: the picture that readers of links show, drawn once the winners are out.

The first winner's picture on the mat with the slip of a prize. Drawn by the confined renderer from our own
preview, stored under a key that follows from the publication, public while the publication is in force.
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
from contest.storage import Storage
from contest.vocabulary import PublicationState

_PRESET = "award"
#: The size of preview that is enough for a card.
_ENOUGH = 1000


def draw(unit_of_work: UnitOfWork, finishing: UnitOfWork, storage: Storage, publication_id: uuid.UUID) -> None:
    """The job: draw the card of a publication in force. Running it twice is dull.

    Raises RendererGone and StorageDown; the job then comes again. A publication without pictures gets none.
    """
    with unit_of_work() as session:
        source = _source(session, publication_id)
    if source is None:
        with finishing():
            return
    with tempfile.TemporaryFile() as file, renderer() as address:
        fetch(storage, source, file)
        result = client.render(file, Kind.WEBP, address=address, presets=(_PRESET,))
    key = f"cards/{uuid.uuid5(publication_id, _PRESET)}"
    if result.outputs:
        storage.put(key, result.outputs[0].data, content_type="image/jpeg")
    with finishing() as session:
        row = session.get(Publication, publication_id, with_for_update=True, populate_existing=True)
        if row is not None and result.outputs and row.state == PublicationState.PUBLISHED:
            row.card_key = key


def _source(session: Session, publication_id: uuid.UUID) -> str | None:
    """The preview from which the card is drawn; None if no card is wanted or none can be."""
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
        return None
    slug, number, given = row
    award = next((each for each in given if each["pictures"]), None)
    if award is None:
        return None
    picture = award["pictures"][0]
    size = next((size for size in picture["sizes"] if size[1] >= _ENOUGH), picture["sizes"][-1])
    try:
        return publications.picture_key(session, slug, number, award["number"], picture["page"], size[0])
    except NotFound:
        return None
