"""Which solutions fit a data set: separate filters, each answering with the reason why it takes one out."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from astro.config import Section
from astro.models.control_tokens import has_control
from astro.recipes.evidence import Delimiters, Solution
from astro.records.problem import Problem
from astro.records.tree import ROOT, Tree
from astro.tasks import task_of
from astro.traces.filters import similarity
from astro.verify import Outcome


class Reason(StrEnum):
    """Why a filter takes something out."""

    NOT_CORRECT = "not_correct"  # the verifier does not find it correct
    BY_LUCK = "by_luck"  # right, and its own work is wrong, as far as the task can tell
    CONTROL = "control"  # the text spells a control token
    EMPTY = "empty"  # no text at all
    TOO_LONG = "too_long"
    TOO_FEW_STEPS = "too_few_steps"
    TOO_MANY_STEPS = "too_many_steps"
    DUPLICATE = "duplicate"  # the words of an earlier one of the problem
    NEAR_DUPLICATE = "near_duplicate"  # nearly the words of an earlier one of the problem
    MENTIONS_HINT = "mentions_hint"  # a hinted solution that speaks of the hint
    AMBIGUOUS = "ambiguous"  # a step reads like a line of the walk itself
    RATE = "pass_rate"  # a problem that is too hard or too easy for the model


Filter = Callable[[Solution], Reason | None]


class FilterConfig(Section):
    """Which solutions, and of which problems, become rows.

    max_tokens: longest solution, in tokens of the searching model; null for any.
    min_steps, max_steps: fewest and most steps of a solution; null for any number.
    max_similarity: two solutions of a problem whose sets of word 5-grams overlap more (Jaccard) are near duplicates; 1
        takes out exact duplicates alone.
    pass_rate: lowest and highest share of the root's graded rollouts that are correct; problems beyond have no rows.
        A problem without a graded rollout at its root has rows whatever the limits are.
    """

    max_tokens: int | None = Field(default=None, ge=1)
    min_steps: int = Field(default=0, ge=0)
    max_steps: int | None = Field(default=None, ge=1)
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
        """The filters that look at one solution by itself."""
        filters: list[Filter] = [written]
        if self.max_tokens is not None:
            filters.append(at_most_tokens(self.max_tokens))
        return [*filters, between_steps(self.min_steps, self.max_steps)]

    def fits(self, tree: Tree) -> bool:
        """Whether the problem's pass rate is within its limits."""
        tally, (low, high) = tree.tally(ROOT), self.pass_rate
        return not tally.graded or low <= tally.reward <= high


def correct_only(solution: Solution) -> Reason | None:
    """Take out what the verifier does not find correct."""
    return None if solution.outcome is Outcome.CORRECT else Reason.NOT_CORRECT


def sound(problem: Problem, delimiters: Delimiters) -> Filter:
    """A filter that takes out right solutions whose work is wrong (Task.right_by_luck)."""
    task = task_of(problem)

    def check(solution: Solution) -> Reason | None:
        lucky = task.right_by_luck(problem, delimiters.split(solution.text))
        return Reason.BY_LUCK if lucky else None

    return check


def written(solution: Solution) -> Reason | None:
    """Take out texts that are empty or spell a control token."""
    if not solution.text:
        return Reason.EMPTY
    return Reason.CONTROL if has_control(solution.text) else None


def at_most_tokens(limit: int) -> Filter:
    """A filter that takes out longer solutions."""
    return lambda solution: Reason.TOO_LONG if solution.tokens > limit else None


def between_steps(fewest: int, most: int | None) -> Filter:
    """A filter that takes out solutions of fewer or more steps."""

    def check(solution: Solution) -> Reason | None:
        if solution.steps < fewest:
            return Reason.TOO_FEW_STEPS
        return Reason.TOO_MANY_STEPS if most is not None and solution.steps > most else None

    return check


def distinct() -> Filter:
    """A new filter that takes out solutions with the words of one that it has seen."""
    seen = set[str]()

    def check(solution: Solution) -> Reason | None:
        words = " ".join(solution.text.split())
        if words in seen:
            return Reason.DUPLICATE
        seen.add(words)
        return None

    return check


def unlike(max_similarity: float) -> Filter:
    """A new filter that takes out solutions too similar to one that passed it; the last of a chain."""
    passed = list[str]()

    def check(solution: Solution) -> Reason | None:
        if any(similarity(solution.text, other) > max_similarity for other in passed):
            return Reason.NEAR_DUPLICATE
        passed.append(solution.text)
        return None

    return check


def refusal(solution: Solution, filters: Sequence[Filter]) -> Reason | None:
    """The first reason to take a solution out, or None."""
    return next((reason for check in filters if (reason := check(solution)) is not None), None)


def passing(found: Iterable[Solution], filters: Sequence[Filter], taken: Counter[str]) -> Iterator[Solution]:
    """The solutions that pass all filters; each of the others is counted in taken, by its reason."""
    for solution in found:
        reason = refusal(solution, filters)
        if reason is None:
            yield solution
        else:
            taken[reason.value] += 1
