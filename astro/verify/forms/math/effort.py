"""Limits the work of one verification in the calling process; anything more expensive goes to a killable worker.

Each step is charged before it runs, by the size of its numbers, so the limit holds for every answer and is the same on
every machine. A worker has no allowance: the pool limits its time.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ALLOWANCE = 8_000.0  # units; about a microsecond each on a machine of 2023


class TooCostlyError(Exception):
    """The allowance is used up; a worker has to do the work."""


_local = threading.local()


@contextmanager
def allowance(units: float) -> Iterator[None]:
    """Give the code inside an allowance, in this thread. It raises TooCostlyError where it needs more."""
    before = getattr(_local, "left", math.inf)
    _local.left = units
    try:
        yield
    finally:
        _local.left = before


def unbounded() -> bool:
    """Whether there is no allowance: the code runs in a worker, or where no caller waits."""
    return getattr(_local, "left", math.inf) == math.inf


def spend(units: float) -> None:
    """Charge a step. Raises TooCostlyError when the allowance is used up."""
    left = getattr(_local, "left", math.inf) - units
    if left < 0:
        raise TooCostlyError
    _local.left = left


def fraction_cost(numerator_bits: int, denominator_bits: int) -> float:
    """The cost of one operation on fractions: a greatest common divisor, quadratic in the size."""
    return 3 + numerator_bits * denominator_bits / 700_000


def digits_cost(digits: int) -> float:
    """The cost of one elementary function or power, by the number of digits."""
    return 15 + digits * digits / 800


def gamma_cost(digits: int) -> float:
    """The cost of one factorial or binomial of a number that is not an integer."""
    return 120 + digits * digits / 60 + digits**3 / 50_000
