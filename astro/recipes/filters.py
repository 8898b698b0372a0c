"""Filters for the solutions of a data set. Each returns the reason why it removes a solution."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from astro.config import Section
from astro.models.control_tokens import has_control
from astro.recipes.solutions import Delimiters, Solution
from astro.records.problem import Problem
from astro.records.tree import Tree
from astro.search.estimates import pass_rate
from astro.tasks import task_of
from astro.traces.filters import similarity
from astro.verify import Outcome


class Reason(StrEnum):
    """Why a filter removes a solution or a problem."""

    NOT_CORRECT = "not_correct"  # not correct according to the verifier
    BY_LUCK = "by_luck"  # right, but its steps are wrong as far as the task can check
    FALSE_STATEMENT = "false_statement"  # an equation that is false when executed again, such as 26 / 11 = 2
    CONTROL = "control"  # the text spells a control token
    EMPTY = "empty"  # no text
    TOO_LONG = "too_long"
    TOO_FEW_STEPS = "too_few_steps"
    TOO_MANY_STEPS = "too_many_steps"
    DUPLICATE = "duplicate"  # the same words as an earlier solution of the problem
    NEAR_DUPLICATE = "near_duplicate"  # nearly the same words as an earlier solution of the problem
    MENTIONS_HINT = "mentions_hint"  # a hinted solution that mentions the hint
    AMBIGUOUS = "ambiguous"  # a step looks like a line of the walk
    RATE = "pass_rate"  # a problem that is too hard or too easy for the model


Filter = Callable[[Solution], Reason | None]


class FilterConfig(Section):
    """Which solutions of which problems become rows.

    max_tokens: longest solution, in the solver's tokens; null for no limit.
    min_steps, max_steps: fewest and most steps of a solution; null for no limit.
    false_statements: whether right solutions with a false statement (26 / 11 = 2) stay; False removes them. A task that
        finds them in its right solutions removes those as by_luck in any case.
    max_similarity: two solutions of a problem whose sets of word 5-grams overlap more (Jaccard) are near duplicates; 1
        removes only exact duplicates.
    pass_rate: lowest and highest pass rate. A problem gets no rows if the 95 % interval of its pass rate is outside;
        problems without a graded rollout at the root always pass.
    """

    max_tokens: int | None = Field(default=None, ge=1)
    min_steps: int = Field(default=0, ge=0)
    max_steps: int | None = Field(default=None, ge=1)
    false_statements: bool = True
    max_similarity: float = Field(default=0.95, gt=0, le=1)  # as for traces
    pass_rate: tuple[float, float] = (0.0, 1.0)

    @model_validator(mode="after")
    def _limits_are_in_order(self) -> Self:
        low, high = self.pass_rate
        if not 0 <= low <= high <= 1:
            raise ValueError(f"pass_rate must be [lowest, highest] within [0, 1], not {[low, high]}")
        if self.max_steps is not None and self.max_steps < self.min_steps:
            raise ValueError(f"max_steps ({self.max_steps}) must be at least min_steps ({self.min_steps})")
        return self

    def of_form(self) -> list[Filter]:
        """The filters that check one solution by itself."""
        filters: list[Filter] = [written]
        if self.max_tokens is not None:
            filters.append(at_most_tokens(self.max_tokens))
        return [*filters, between_steps(self.min_steps, self.max_steps)]

    def fits(self, tree: Tree) -> bool:
        """Whether the interval of the problem's pass rate overlaps the limits."""
        found, (low, high) = pass_rate(tree), self.pass_rate
        return found is None or (found.low <= high and found.high >= low)

    def admit(self, tree: Tree, taken: Counter[str]) -> bool:
        """fits(), and counts a problem that does not fit."""
        fits = self.fits(tree)
        if not fits:
            taken[Reason.RATE.value] += 1
        return fits


def correct_only(solution: Solution) -> Reason | None:
    """Remove solutions that are not correct according to the verifier."""
    return None if solution.outcome is Outcome.CORRECT else Reason.NOT_CORRECT


def sound(problem: Problem, delimiters: Delimiters) -> Filter:
    """A filter that removes right solutions whose steps are wrong (Task.right_by_luck)."""
    task = task_of(problem)

    def check(solution: Solution) -> Reason | None:
        lucky = task.right_by_luck(problem, delimiters.split(solution.text))
        return Reason.BY_LUCK if lucky else None

    return check


def true_to_numbers(problem: Problem, delimiters: Delimiters) -> Filter:
    """A filter that removes solutions with a statement that is false when executed again (Task.false_statements)."""
    task = task_of(problem)

    def check(solution: Solution) -> Reason | None:
        false = task.false_statements(problem, delimiters.split(solution.text))
        return Reason.FALSE_STATEMENT if false else None

    return check


def written(solution: Solution) -> Reason | None:
    """Remove texts that are empty or spell a control token."""
    if not solution.text:
        return Reason.EMPTY
    return Reason.CONTROL if has_control(solution.text) else None


def at_most_tokens(limit: int) -> Filter:
    """A filter that removes longer solutions."""
    return lambda solution: Reason.TOO_LONG if solution.tokens > limit else None


def between_steps(fewest: int, most: int | None) -> Filter:
    """A filter that removes solutions with fewer or more steps."""

    def check(solution: Solution) -> Reason | None:
        if solution.steps < fewest:
            return Reason.TOO_FEW_STEPS
        return Reason.TOO_MANY_STEPS if most is not None and solution.steps > most else None

    return check


def distinct() -> Filter:
    """A new filter that removes solutions with the same words as one that it has already seen."""
    seen = set[str]()

    def check(solution: Solution) -> Reason | None:
        words = " ".join(solution.text.split())
        if words in seen:
            return Reason.DUPLICATE
        seen.add(words)
        return None

    return check


def unlike(max_similarity: float) -> Filter:
    """A new filter that removes solutions too similar to one that passed it. Must be the last of a chain."""
    passed = list[str]()

    def check(solution: Solution) -> Reason | None:
        if any(similarity(solution.text, other) > max_similarity for other in passed):
            return Reason.NEAR_DUPLICATE
        passed.append(solution.text)
        return None

    return check


def refusal(solution: Solution, filters: Sequence[Filter]) -> Reason | None:
    """The first reason to remove a solution, or None."""
    return next((reason for check in filters if (reason := check(solution)) is not None), None)


def passing(found: Iterable[Solution], filters: Sequence[Filter], taken: Counter[str]) -> Iterator[Solution]:
    """The solutions that pass all filters. Counts each removed one in taken, by reason."""
    for solution in found:
        reason = refusal(solution, filters)
        if reason is None:
            yield solution
        else:
            taken[reason.value] += 1
