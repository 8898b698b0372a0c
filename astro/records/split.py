"""The two sides of a train-test split."""

from enum import StrEnum


class Split(StrEnum):
    """The side that a problem is on; whoever splits a set decides by what."""

    TRAIN = "train"
    TEST = "test"
