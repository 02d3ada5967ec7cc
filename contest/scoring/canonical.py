"""The digest of what a result was computed from: the same values have it, however and in whatever order written.

It is the SHA-256 of these lines, UTF-8, in the order of their bytes, each ended by a line feed, with a tab between
the fields:

    score   ENTRY   JUDGE   CRITERION   SCORE       one for each score; CRITERION is empty where there are none
    weight  CRITERION   WEIGHT  POINTS              one for each criterion, if weights are given; POINTS may be empty
    rank    JUDGE   ENTRY   RANK    COUNT           one for each line of a ranking; RANK is empty for "not ranked"
    pair    WINNER  LOSER   JUDGE   COUNT           one for each winner, loser and judge, with the sum of the counts

Names are trimmed and in Unicode's form NFC, counts are 1 where the file has none, and numbers are decimals without
needless zeros, signs and points: 4, not 4.0 or +4; 0.5, not .50. So anyone can compute it from a plain file, without
quotation marks and with such numbers, whose columns stand in this order:

    (tail -n +2 SCORES.csv | awk -F, -v OFS='\\t' '{print "score", $1, $2, $3, $4}'
     tail -n +2 W.csv | awk -F, -v OFS='\\t' '{print "weight", $1, $2, $3}') | LC_ALL=C sort | sha256sum
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import chain, islice

#: Lines that are hashed at once.
_BATCH = 10_000


def sha256(*kinds: Iterable[str]) -> str:
    """The digest of lines that come sorted, kinds in the order of their names.

    Names hold no control character, so that a tab is before whatever stands in one: lines sorted field by field
    are sorted by their bytes.
    """
    digest = hashlib.sha256()
    lines = chain(*kinds)
    while batch := list(islice(lines, _BATCH)):
        digest.update("".join(batch).encode())
    return digest.hexdigest()
