"""The train-test split of problems."""

import hashlib

from astro.records.problem import Problem
from astro.records.split import Split
from astro.tasks import task_of


def split_of(problem: Problem, test_share: float) -> Split:
    """The side of the train-test split, from a hash of the problem's words: the same in every run on every machine.

    Problems of one family (Task.likeness) are on the same side, whatever their words.
    """
    likeness = task_of(problem).likeness(problem)
    family = " ".join(problem.prompt.lower().split()) if likeness is None else likeness.family
    digest = hashlib.sha256(family.encode("utf-8", errors="surrogatepass")).digest()
    return Split.TEST if int.from_bytes(digest[:8], "big") < test_share * 2**64 else Split.TRAIN
