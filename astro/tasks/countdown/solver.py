"""An exact solver for Countdown. It counts every expression that reaches a target once, up to order and grouping."""

from collections.abc import Iterator, Sequence
from itertools import combinations, product
from typing import Any, NamedTuple


class Operation(NamedTuple):
    """One step of a path: left symbol right = value."""

    left: int
    symbol: str
    right: int
    value: int


def legal_operations(left: int, right: int, operations: str, max_intermediate: int) -> Iterator[Operation]:
    """Yield the operations on left and right, in either order, whose value is in 1..max_intermediate."""
    high, low = max(left, right), min(left, right)
    if "+" in operations and left + right <= max_intermediate:
        yield Operation(left, "+", right, left + right)
    if "-" in operations and high - low >= 1 and high - low <= max_intermediate:
        yield Operation(high, "-", low, high - low)
    if "*" in operations and left * right <= max_intermediate:
        yield Operation(left, "*", right, left * right)
    if "/" in operations and high % low == 0 and high // low <= max_intermediate:
        yield Operation(high, "/", low, high // low)


# An expression up to order and grouping: a number is ("n", (value,), ()), a sum ("+", added terms, subtracted terms),
# a product ("*", factors, divisors). Terms are sorted and no term of a sum is a sum, so (a + b) - c is c's only form.
_Form = tuple[str, tuple[Any, ...], tuple[Any, ...]]
_Forms = dict[int, set[_Form]]  # the expressions of one multiset of numbers, by value


def count_solutions(
    numbers: Sequence[int],
    target: int,
    operations: str = "+-*/",
    max_intermediate: int = 100,
    *,
    any_subset: bool = False,
) -> int:
    """Count the different expressions that reach the target; intermediate values are in 1..max_intermediate.

    An expression uses all the numbers, or with any_subset at least one of them, each as often as it is given.
    Expressions that differ only in the order or grouping of sums or of products count once. Exact and exhaustive: about
    0.5 ms for 4 numbers, 5 ms for 5, 50 ms for 6.
    """
    known: dict[tuple[int, ...], _Forms] = {}
    ordered = tuple(sorted(numbers))
    sizes = range(1, len(ordered) + 1) if any_subset else [len(ordered)]
    chosen = {subset for size in sizes for subset in combinations(ordered, size)}
    return sum(
        len(_expressions(subset, operations, max_intermediate, known, target).get(target, ())) for subset in chosen
    )


def find_solution(
    numbers: Sequence[int],
    target: int,
    operations: str = "+-*/",
    max_intermediate: int = 100,
    *,
    any_subset: bool = False,
) -> str | None:
    """One of the expressions that count_solutions() counts, always the same one; None if it counts none."""
    known: dict[tuple[int, ...], _Forms] = {}
    ordered = tuple(sorted(numbers))
    sizes = range(1, len(ordered) + 1) if any_subset else [len(ordered)]
    for subset in sorted({subset for size in sizes for subset in combinations(ordered, size)}):
        if found := _expressions(subset, operations, max_intermediate, known, target).get(target):
            return min(_spelled(form) for form in found)
    return None


def _spelled(form: _Form) -> str:
    """The expression in ordinary notation, with parentheses around a sum within a product."""
    symbol, ahead, behind = form
    if symbol == "n":
        return str(ahead[0])
    inverse = {"+": "-", "*": "/"}[symbol]
    parts = [[f"({_spelled(part)})" if part[0] == "+" else _spelled(part) for part in side] for side in (ahead, behind)]
    return f" {symbol} ".join(parts[0]) + "".join(f" {inverse} {part}" for part in parts[1])


def _expressions(
    numbers: tuple[int, ...],
    operations: str,
    max_intermediate: int,
    known: dict[tuple[int, ...], _Forms],
    target: int | None = None,
) -> _Forms:
    """All expressions of sorted numbers. With target, only those with that value, which saves building the others."""
    if target is None and numbers in known:
        return known[numbers]
    forms: _Forms = {numbers[0]: {("n", numbers, ())}} if len(numbers) == 1 else {}
    for one, other in _halves(numbers):
        ones = _expressions(one, operations, max_intermediate, known)
        others = _expressions(other, operations, max_intermediate, known)
        for left, right in product(ones, others):
            for operation in legal_operations(left, right, operations, max_intermediate):
                if target not in (None, operation.value):
                    continue
                found = forms.setdefault(operation.value, set())
                if operation.left == left:
                    found.update(_joined(*pair, operation.symbol) for pair in product(ones[left], others[right]))
                if operation.left == right:
                    found.update(_joined(*pair, operation.symbol) for pair in product(others[right], ones[left]))
    if target is None:
        known[numbers] = forms
    return forms


def _halves(numbers: tuple[int, ...]) -> set[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The ways to split sorted numbers into two non-empty groups, each once."""
    halves = set()
    for size in range(1, len(numbers) // 2 + 1):
        for chosen in combinations(range(len(numbers)), size):
            one = tuple(numbers[index] for index in chosen)
            other = tuple(number for index, number in enumerate(numbers) if index not in chosen)
            halves.add((min(one, other), max(one, other)))
    return halves


def _joined(first: _Form, second: _Form, symbol: str) -> _Form:
    kind = "+" if symbol in "+-" else "*"
    over, under = (first[1], first[2]) if first[0] == kind else ((first,), ())
    more_over, more_under = (second[1], second[2]) if second[0] == kind else ((second,), ())
    if symbol in "-/":
        more_over, more_under = more_under, more_over
    return kind, tuple(sorted((*over, *more_over))), tuple(sorted((*under, *more_under)))
