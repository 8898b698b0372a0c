"""Sort a list by swapping neighbours: a task that lives outside ASTRO."""

from astro.records.problem import Problem
from astro.tasks.task import Generator, Task
from swap_sort.problems import SwapsConfig, generate


class _Swaps(Task):
    """The two methods may be left out; with them the traces are better."""

    def state(self, problem: Problem, step: str | None) -> str:
        """The list after a step; a sentence that goes back to it has to name it."""
        if step is None:
            return ", ".join(map(str, problem.metadata["list"]))
        return step.partition("which leaves ")[2]

    def says_solved(self, sentence: str) -> bool:
        """A claim in words of this task; "checks out", "is correct" and their like are known."""
        return "is sorted" in sentence


TASK = _Swaps("swaps", "swap_sort.verifier", generator=Generator(SwapsConfig, generate, "swap_sort"))
