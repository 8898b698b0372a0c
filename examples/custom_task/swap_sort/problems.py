"""Lists to sort, and the fewest swaps that do it."""

import random
from collections.abc import Iterator, Sequence

from pydantic import Field

from astro.config import Section, Seed
from astro.records.problem import Problem


class SwapsConfig(Section):
    """What to generate; in a configuration this is problems.swaps.

    count: problems to make. size: numbers in a list.
    """

    count: int = Field(ge=1)
    size: int = Field(default=4, ge=3, le=9)
    seed: Seed = 0


def generate(config: SwapsConfig) -> Iterator[Problem]:
    """Yield count problems; the loader drops duplicates."""
    rng = random.Random(config.seed)
    for _ in range(config.count):
        numbers = rng.sample(range(1, 10), config.size)
        while not inversions(numbers):
            rng.shuffle(numbers)
        yield to_problem(numbers)


def to_problem(numbers: Sequence[int]) -> Problem:
    """Build a problem; its answer is the sorted list, and its metadata is for the verifier."""
    swaps = inversions(numbers)
    word = "swap" if swaps == 1 else "swaps"
    listed = ", ".join(map(str, numbers))
    return Problem(
        id="swaps-" + "-".join(map(str, numbers)),
        prompt=f"Sort the list {listed} with at most {swaps} {word} of neighbours.",
        answer=", ".join(map(str, sorted(numbers))),
        task="swaps",
        source="swap_sort",
        metadata={"list": list(numbers), "swaps": swaps},
    )


def inversions(numbers: Sequence[int]) -> int:
    """The number of pairs in the wrong order, which is the number of swaps needed."""
    return sum(left > right for at, left in enumerate(numbers) for right in numbers[at + 1 :])
