"""A program that replaces the language model, to try the task without one."""

import random
import re
from dataclasses import dataclass
from itertools import pairwise

from swap_sort.problems import inversions

_PROBLEM = re.compile(r"Sort the list ([\d, ]+) with at most (\d+) swaps? of neighbours\.")
_STEP = re.compile(r"[Ss]wap (\d+) and (\d+), which leaves ([\d, ]+)\.")
_BOX = re.compile(r"\\boxed\{([^}]*)\}")


@dataclass(frozen=True)
class SwapPlayer:
    """Answers the four kinds of requests. skill: probability that a swap brings the list closer to sorted order."""

    skill: float = 0.6

    def __call__(self, prompt: str, seed: int) -> str:
        """Continue a prompt: solve, rewrite a step, go back to one, or judge a solution."""
        problem = list(_PROBLEM.finditer(prompt))[-1]
        numbers = [int(number) for number in problem[1].split(",")]
        request = prompt[problem.end() :]
        step = request.partition("\nStep: ")[2]
        if "\nRewrite the step." in request:
            return _rewritten(step.partition("\nRewrite the step.")[0], first="Thoughts:\nnone" in request)
        if "\nGo back to the step." in request:
            found = _STEP.search(step)
            return f"Let's go back to where we had {found[3]}." if found else "Let's start over from the beginning."
        if "\nIs the solution right?" in request:
            return "Yes." if "The list is sorted." in request else "No."
        return self._solve(numbers, int(problem[2]), request, random.Random(f"{seed} {prompt}"))

    def _solve(self, numbers: list[int], limit: int, solution: str, rng: random.Random) -> str:
        taken = [(int(left), int(right)) for left, right, _ in _STEP.findall(solution)]
        for left, right in taken:
            at = numbers.index(left)
            numbers[at : at + 2] = right, left
        lines = []
        while len(taken) < limit and inversions(numbers):
            pairs = list(pairwise(numbers))
            good = [pair for pair in pairs if pair[0] > pair[1]]
            left, right = rng.choice(good if rng.random() < self.skill else pairs)
            at = numbers.index(left)
            numbers[at : at + 2] = right, left
            taken.append((left, right))
            lines.append(f"Swap {left} and {right}, which leaves {', '.join(map(str, numbers))}.")
        if not _BOX.search(solution):
            verdict = "not sorted" if inversions(numbers) else "sorted"
            swaps = ", ".join(f"{left}-{right}" for left, right in taken)
            lines.append(f"The list is {verdict}. The answer is \\boxed{{{swaps}}}.")
        gap = "\n" if solution and taken and not solution.endswith("\n") and lines else ""
        return gap + "\n".join(lines)


def _rewritten(step: str, *, first: bool) -> str:
    if found := _STEP.search(step):
        return f"{'First' if first else 'Now'} swap {found[1]} and {found[2]}, which leaves {found[3]}."
    found = _BOX.search(step)
    if found is None or "not sorted" in step:
        return "The list is not sorted."
    return f"Now the list is sorted, so the answer is \\boxed{{{found[1]}}}."
