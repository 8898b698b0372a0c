"""The train-test split of problems."""

import hashlib
import json
from collections.abc import Sequence

from astro.records.problem import Problem
from astro.records.split import Split


def split_of(problem: Problem, test_share: float) -> Split:
    """The side of the train-test split, by a hash of the problem's words: the same in every run and on every machine.

    Countdown problems of the same numbers go together, whatever the order and the target.
    """
    numbers = problem.metadata.get("numbers")
    family = " ".join(problem.prompt.lower().split())
    if problem.task == "countdown" and isinstance(numbers, Sequence):
        family = json.dumps(sorted(numbers))
    digest = hashlib.sha256(family.encode("utf-8", errors="surrogatepass")).digest()
    return Split.TEST if int.from_bytes(digest[:8], "big") < test_share * 2**64 else Split.TRAIN
