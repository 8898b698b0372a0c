"""The two sides of a train-test split."""

from enum import StrEnum


class Split(StrEnum):
    """The side that a problem belongs to."""

    TRAIN = "train"
    TEST = "test"
