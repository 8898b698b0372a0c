"""Generator of Countdown problems: reach a target from a few numbers by +, -, * and /.

A problem is drawn as a random path: an operation replaces two of the numbers by its value until one number is left,
which becomes the target. All values on the way are positive integers and divisions are exact, so every problem is
solvable by construction, without a solver.
"""

import random
from collections.abc import Sequence
from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from astro.config import Section, Seed
from astro.errors import ProblemsError
from astro.records.problem import Problem
from astro.records.split import Split
from astro.tasks.countdown.solver import Operation, count_solutions, legal_operations
from astro.tasks.draws import side_of
from astro.verify.forms.countdown import Use

SOURCE = "astro.problems.countdown"  # recorded in generated problems; the module's old name, kept for stored problems
# Expressions of n numbers by +, -, *, / up to order and grouping: OEIS A140606. Problems with more numbers are not
# graded, because counting their solutions takes seconds.
_EXPRESSIONS = {2: 6, 3: 68, 4: 1_170, 5: 27_142, 6: 793_002}
_MAX_MISSES = 20_000  # consecutive draws without a new problem before giving up (about 0.3 s)


class Difficulty(StrEnum):
    """Number of expressions of the numbers per solution: up to 100, up to 1,000, or more."""

    EASY = "easy"
    MEDIUM = "medium"
    HARD = "hard"


class CountdownConfig(Section):
    """What to generate. The defaults are the ranges that the embedded model was trained on.

    count: problems to make. A larger count with the same other settings starts with the same problems.
    sizes: numbers per problem, 2 to 8, used in turn; (3, 3, 4) makes two thirds of the problems with 3 numbers.
    numbers, target: lowest and highest number given, and target, both inclusive.
    operations: the allowed ones, out of "+-*/".
    max_intermediate: upper limit of intermediate values in the solution by which a problem is constructed.
    use: how a solution must use the numbers. The constructed solution of an "ordered" problem works from left to right.
    split: train and test problems never share a multiset of numbers, whatever the counts and seeds.
    """

    count: int = Field(ge=1)
    sizes: tuple[int, ...] = (3, 4)
    numbers: tuple[int, int] = (1, 15)
    target: tuple[int, int] = (1, 100)
    operations: str = "+-*/"
    max_intermediate: int = Field(default=100, ge=1)
    use: Use = Use.ALL
    split: Split = Split.TRAIN
    seed: Seed = 0

    @field_validator("sizes")
    @classmethod
    def _sizes_are_playable(cls, sizes: tuple[int, ...]) -> tuple[int, ...]:
        if not sizes or not all(2 <= size <= 8 for size in sizes):
            raise ValueError("sizes must hold at least one number, each from 2 to 8")
        return sizes

    @field_validator("numbers", "target")
    @classmethod
    def _range_is_positive(cls, limits: tuple[int, int]) -> tuple[int, int]:
        if not 1 <= limits[0] <= limits[1]:
            raise ValueError("a range is [lowest, highest] with 1 <= lowest <= highest")
        return limits

    @field_validator("operations")
    @classmethod
    def _operations_are_known(cls, operations: str) -> str:
        if not operations or set(operations) - set("+-*/") or len(set(operations)) < len(operations):
            raise ValueError('operations must be some of "+-*/", each once')
        return operations

    @model_validator(mode="after")
    def _target_is_within_reach(self) -> Self:
        if self.target[1] > self.max_intermediate:
            raise ValueError(
                f"target goes up to {self.target[1]}, but no value may exceed max_intermediate = "
                f"{self.max_intermediate}; raise max_intermediate or lower target"
            )
        return self


def generate(config: CountdownConfig) -> list[Problem]:
    """Make config.count different problems. Problems that differ only in the order of the numbers count as one.

    Raises ProblemsError if the settings allow fewer problems than config.count.
    """
    rng = random.Random(config.seed)  # noqa: S311 - reproducible problems, not secrets
    made: dict[tuple[tuple[int, ...], int], Problem] = {}
    misses = 0
    while len(made) < config.count:
        size = config.sizes[len(made) % len(config.sizes)]
        drawn = draw(config, size, rng)
        key = (_asked(drawn[0], config.use), drawn[1][-1].value) if drawn else None
        if drawn is None or key is None or key in made:
            misses += 1
            if misses == _MAX_MISSES:
                raise ProblemsError(
                    f"only {len(made)} of {config.count} Countdown problems could be made: no new one with {size} "
                    f"numbers in {_MAX_MISSES} draws from {config!r}; widen numbers or target, allow more operations, "
                    "or lower count"
                )
            continue
        misses = 0
        made[key] = to_problem(drawn[0], key[1], config.operations, config.use, config.max_intermediate)
    return list(made.values())


def draw(config: CountdownConfig, size: int, rng: random.Random) -> tuple[list[int], list[Operation]] | None:
    """Draw size numbers on config's side of the split and a path whose last value is a target in range.

    Returns None if this draw failed. With use = any, a path may leave numbers unused, and no number equals the target.
    """
    numbers = [rng.randint(*config.numbers) for _ in range(size)]
    if split_of(numbers) is not config.split:
        return None
    if config.use is Use.ORDERED:
        path = ordered_path(numbers, config.operations, config.max_intermediate, rng)
    else:
        length = size - 1 if config.use is Use.ALL else rng.randint(1, size - 1)
        path = random_path(numbers, length, config.operations, config.max_intermediate, rng)
    if not path or not config.target[0] <= path[-1].value <= config.target[1]:
        return None
    if config.use is Use.ANY and path[-1].value in numbers:
        return None
    return numbers, path


def random_path(
    numbers: Sequence[int], length: int, operations: str, max_intermediate: int, rng: random.Random
) -> list[Operation]:
    """Play length random operations on length + 1 of the numbers; the last value uses all of these.

    length is 1 to len(numbers) - 1. Returns [] if no legal operation was left.
    """
    hand = rng.sample(list(numbers), length + 1)
    path: list[Operation] = []
    while len(hand) > 1:
        right, left = (hand.pop(rng.randrange(len(hand))) for _ in range(2))
        legal = list(legal_operations(left, right, operations, max_intermediate))
        if not legal:
            return []
        path.append(rng.choice(legal))
        hand.append(path[-1].value)
    return path


def ordered_path(numbers: Sequence[int], operations: str, max_intermediate: int, rng: random.Random) -> list[Operation]:
    """Play random operations from left to right. Returns [] if no legal operation was left."""
    path: list[Operation] = []
    value = numbers[0]
    for number in numbers[1:]:
        either_way = legal_operations(value, number, operations, max_intermediate)
        legal = [operation for operation in either_way if (operation.left, operation.right) == (value, number)]
        if not legal:
            return []
        path.append(rng.choice(legal))
        value = path[-1].value
    return path


def split_of(numbers: Sequence[int]) -> Split:
    """The side of the split of a multiset of numbers."""
    return side_of(",".join(str(number) for number in sorted(numbers)))


def problem_text(numbers: Sequence[int], target: int, operations: str = "+-*/", use: Use = Use.ALL) -> str:
    """The wording of the problem that the embedded model was trained on."""
    how = {Use.ALL: "exactly once", Use.ANY: "at most once", Use.ORDERED: "exactly once in this order"}[use]
    return f"Using each of the numbers {_listed(numbers)} {how}, with {_listed(operations)}, make {target}."


def to_problem(
    numbers: Sequence[int],
    target: int,
    operations: str = "+-*/",
    use: Use = Use.ALL,
    max_intermediate: int | None = None,
) -> Problem:
    """Build the record, with an id derived from the problem's content.

    With max_intermediate, problems of up to 6 numbers without a fixed order are graded: their metadata has solutions
    and difficulty.
    """
    parts = ["countdown", *map(str, _asked(numbers, use)), "to", str(target)]
    if use is not Use.ALL:
        parts.append(use.value)
    if set(operations) != set("+-*/"):
        parts.append("".join(name for symbol, name in zip("+-*/", "asmd", strict=True) if symbol in operations))
    metadata: dict[str, object] = {
        "numbers": list(numbers),
        "target": target,
        "operations": operations,
        "use": use.value,
    }
    if max_intermediate is not None and len(numbers) in _EXPRESSIONS and use is not Use.ORDERED:
        solutions = count_solutions(numbers, target, operations, max_intermediate, any_subset=use is Use.ANY)
        metadata |= {"solutions": solutions, "difficulty": difficulty(len(numbers), solutions).value}
    return Problem(
        id="-".join(parts),
        prompt=problem_text(numbers, target, operations, use),
        answer=str(target),
        task="countdown",
        source=SOURCE,
        metadata=metadata,
    )


def difficulty(size: int, solutions: int) -> Difficulty:
    """Grade a problem of 2 to 6 numbers by the probability that a random expression solves it."""
    if _EXPRESSIONS[size] <= 100 * solutions:
        return Difficulty.EASY
    return Difficulty.MEDIUM if _EXPRESSIONS[size] <= 1_000 * solutions else Difficulty.HARD


def _asked(numbers: Sequence[int], use: Use) -> tuple[int, ...]:
    """The numbers in canonical form: sorted, unless their order matters."""
    return tuple(numbers if use is Use.ORDERED else sorted(numbers))


def _listed(words: Sequence[object]) -> str:
    *front, last = (str(word) for word in words)
    return f"{', '.join(front)} and {last}" if front else last
