"""How much work one verification may do in the process that asked for it; what costs more goes to a killable worker.

Each step is charged before it is done, by the size of its numbers, so that the bound holds for every answer and is the
same on every machine. A worker has no allowance: there the clock of the pool is the bound.
"""

import math
import threading
from collections.abc import Iterator
from contextlib import contextmanager

ALLOWANCE = 8_000.0  # units; about a microsecond each on a machine of 2023


class TooCostlyError(Exception):
    """The allowance is spent; a worker has to do the work."""


_local = threading.local()


@contextmanager
def allowance(units: float) -> Iterator[None]:
    """Let the code inside spend so much, in this thread. Raises TooCostlyError where it needs more."""
    before = getattr(_local, "left", math.inf)
    _local.left = units
    try:
        yield
    finally:
        _local.left = before


def unbounded() -> bool:
    """Whether no allowance holds: the code runs in a worker, or where nobody waits."""
    return getattr(_local, "left", math.inf) == math.inf


def spend(units: float) -> None:
    """Charge a step. Raises TooCostlyError when nothing is left of the allowance."""
    left = getattr(_local, "left", math.inf) - units
    if left < 0:
        raise TooCostlyError
    _local.left = left


def fraction_cost(numerator_bits: int, denominator_bits: int) -> float:
    """Of one operation on fractions: a greatest common divisor, quadratic in the size."""
    return 3 + numerator_bits * denominator_bits / 700_000


def digits_cost(digits: int) -> float:
    """Of one elementary function or power to so many digits."""
    return 15 + digits * digits / 800


def gamma_cost(digits: int) -> float:
    """Of one factorial or binomial of a number that is not whole."""
    return 120 + digits * digits / 60 + digits**3 / 50_000
