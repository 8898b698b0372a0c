"""Problems drawn at random, none twice, each on one side of the split."""

import hashlib
from collections.abc import Callable
from typing import TypeVar

from astro.records.split import Split

TEST_SHARE = 0.2  # of all problems of a task; a constant, so that all runs agree on the split
MAX_MISSES = 1_000  # consecutive draws without a new problem before giving up

_Drawn = TypeVar("_Drawn")


def side_of(key: str) -> Split:
    """The side of the split of what has this key, from a hash that no setting or version changes."""
    digest = hashlib.blake2b(key.encode(), digest_size=8).digest()
    return Split.TEST if int.from_bytes(digest, "big") / 2**64 < TEST_SHARE else Split.TRAIN


def distinct(count: int, split: Split, draw: Callable[[int], _Drawn], key: Callable[[_Drawn], str]) -> list[_Drawn]:
    """Draw until there are count with different keys on one side of the split; fewer after MAX_MISSES misses in a row.

    draw: makes one, given how many there are. A larger count begins with the same ones if draw depends on nothing else.
    """
    made: dict[str, _Drawn] = {}
    misses = 0
    while len(made) < count and misses < MAX_MISSES:
        drawn = draw(len(made))
        name = key(drawn)
        if name in made or side_of(name) is not split:
            misses += 1
        else:
            misses = 0
            made[name] = drawn
    return list(made.values())
