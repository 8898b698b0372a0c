"""What a text says about a Sudoku: the grids in it, claims and misses."""

import re
from collections.abc import Sequence

from astro.records.problem import Problem
from astro.tasks.sentences import SENTENCE, admits_miss
from astro.tasks.sudoku.grid import BOXES, Grid, read_grid

_SOLVED = re.compile(
    r"\b(?:grid|sudoku|puzzle) is (?:now )?(?:solved|complete|completed|filled|full|valid)\b|"
    r"\b(?:each|every|all) (?:the |of the )?cells? (?:is|are) (?:now )?filled\b",
    re.IGNORECASE,
)
_STUCK = re.compile(
    r"\bcan be nothing\b|"
    r"\bno (?:digit|number|option|candidate|value)s? (?:is |are )?(?:left|fits?|remains?|possible)\b|"
    r"\b(?:dead end|contradiction)\b|\bcannot be (?:filled|solved|completed)\b",
    re.IGNORECASE,
)
_LAST = 2  # final sentences, in which a response judges itself
_GRIDS = {
    size: re.compile(
        rf"(?<![0-9/]){row}(?:(?: {{0,2}}[/;|] {{0,2}}| {{0,2}}\n {{0,4}}| ){row}){{{size - 1}}}(?![0-9])\.?"
    )
    for size in BOXES
    for row in [rf"[0-{size}](?: ?[0-{size}]){{{size - 1}}}"]
}


def puzzle_of(problem: Problem) -> Grid | None:
    """The grid that a problem gives; None if its metadata has none."""
    grid = problem.metadata.get("grid")
    return read_grid(grid) if isinstance(grid, str) else None


def solution_of(problem: Problem) -> Grid | None:
    """The gold answer; None if it is not in the notation of grids."""
    return read_grid(problem.answer)


def grids(text: str, size: int) -> list[Grid]:
    """The grids in a text, in order: digits by rows, 0 for a blank. Time is linear in the length of the text."""
    found = [re.sub(r"[^0-6]", "", match[0]) for match in _GRIDS[size].finditer(text)]
    return [Grid(size, tuple(map(int, digits))) for digits in found]


def state(problem: Problem, step: str | None) -> str:
    """The last grid of a step, as the step writes it, or of the problem; "" if there is none."""
    puzzle = puzzle_of(problem)
    if puzzle is None or step is None:
        return "" if puzzle is None else str(puzzle)
    found = [match[0] for match in _GRIDS[puzzle.size].finditer(step)]
    return found[-1] if found else ""


def says_solved(sentence: str) -> bool:
    """Whether a sentence says that the grid is solved, unless it denies something."""
    return _SOLVED.search(sentence) is not None


def says_missed(text: str) -> bool:
    """Whether one of the last two sentences says that the grid is wrong or cannot be filled."""
    return admits_miss(text) or any(_STUCK.search(sentence) for sentence in SENTENCE.findall(text)[-_LAST:])


def misquotes(problem: Problem, text: str) -> bool:
    """Whether a grid of the text lacks a digit that the problem gives, or changes one."""
    puzzle = puzzle_of(problem)
    return puzzle is not None and not all(grid.extends(puzzle) for grid in grids(text, puzzle.size))


def comes_to_solution(problem: Problem, texts: Sequence[str]) -> bool:
    """Whether the last grid in the texts is the solution."""
    solution = solution_of(problem)
    if solution is None:
        return False
    last = next((found[-1] for text in reversed(texts) if (found := grids(text, solution.size))), None)
    return last == solution
