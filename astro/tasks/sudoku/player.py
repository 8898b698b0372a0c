"""A scripted model that solves Sudoku in its dialect, with given rates of right and wrong choices.

It reads the prompt and answers the pipeline's four requests: solve, rewrite a step, go back to a step, judge a
solution. So searches and traces can be tested end to end, with every right answer known.
"""

import random
import re
from dataclasses import dataclass, replace

from astro.errors import SamplingError
from astro.tasks.playing import Asked, Request, check_rates, continuation
from astro.tasks.sudoku import dialect
from astro.tasks.sudoku.dialect import Step
from astro.tasks.sudoku.grid import Grid, read_grid
from astro.tasks.sudoku.solver import TooHardError, solutions

_PROBLEM = re.compile(r"Solve the (?:4x4|6x6) Sudoku (?P<grid>[0-6 /]{30,90})\.[^\n]*? has the digits 1 to [46]\.")


@dataclass(frozen=True, slots=True)
class SudokuPlayer:
    """Continues a Sudoku prompt as a model with these habits would; a ScriptedModel for ScriptedSampler.

    All rates are probabilities in [0, 1].

    skill: that a step takes the digit of the solution; otherwise it takes any option.
    honesty: that a solution that reaches a cell without options says so; otherwise it fills up the grid and claims
        success.
    fidelity: that a rewritten step keeps its digits; otherwise the one that it takes is changed.
    judgement: that a self-evaluation is right.
    """

    skill: float = 0.5
    honesty: float = 1.0
    fidelity: float = 1.0
    judgement: float = 1.0

    def __post_init__(self) -> None:
        check_rates(self)

    def __call__(self, prompt: str, seed: int) -> str:
        """The continuation under this seed; raises SamplingError where the prompt holds no Sudoku with a solution."""
        request = Request.read(prompt, _PROBLEM)
        puzzle = None if request is None else read_grid(request.problem["grid"])
        solution = None if puzzle is None else _solution(puzzle)
        if request is None or puzzle is None or solution is None:
            raise SamplingError(f"the scripted Sudoku player found no Sudoku with a solution in {prompt[-300:]!r}")
        rng = random.Random(f"{seed} {prompt}")  # noqa: S311 - reproducible play, not secrets
        match request.asked:
            case Asked.REWRITE:
                return self._rewrite(request, puzzle.size, rng)
            case Asked.GO_BACK:
                return _go_back(request.step, puzzle)
            case Asked.JUDGE:
                right = (dialect.read_end(request.solution) == (True, solution)) == (rng.random() < self.judgement)
                return "Yes." if right else "No."
            case Asked.SOLVE:
                return self._solve(puzzle, solution, request.solution, rng)

    def _solve(self, puzzle: Grid, solution: Grid, partial: str, rng: random.Random) -> str:
        if dialect.read_end(partial) is not None:
            return ""
        steps = [dialect.read_step(line, puzzle.size) for line in partial.splitlines()]
        grid, lines = next((said.after for said in reversed(steps) if said and said.after), puzzle), []
        while (cell := grid.first_blank) is not None and (options := grid.options(cell)):
            right = solution.cells[cell]
            digit = right if right in options and rng.random() < self.skill else rng.choice(options)
            lines.append(dialect.step(Step.at(grid, digit), grid.size))
            grid = grid.filled(cell, digit)
        if grid.blanks == 0 or rng.random() >= self.honesty:
            lines.append(dialect.conclusion(_filled_up(grid)))
        else:
            lines.append(dialect.dead_end(grid))
        return continuation(partial, dialect.STEP_DELIMITER.join(lines), dialect.STEP_DELIMITER)

    def _rewrite(self, request: Request, size: int, rng: random.Random) -> str:
        ended, said = dialect.read_end(request.step), dialect.read_step(request.step, size)
        if ended is not None and ended[0]:
            return f"Each cell is filled, so the grid is correct. So the answer is \\boxed{{{ended[1]}}}."
        if said is None:
            return request.step
        if said.digit is None or said.after is None:
            return dialect.step(said, size)
        opening = "Next is" if request.thoughts else "Let's start with"
        if request.went_back:
            opening = "Instead, let's try another digit at"
        if rng.random() >= self.fidelity:
            digit = said.digit % size + 1
            said = replace(said, digit=digit, after=said.after.filled(said.cell, digit))
        return dialect.thought(said, size, opening)


def _go_back(step: str, puzzle: Grid) -> str:
    said = dialect.read_step(step, puzzle.size)
    if said is None or said.after is None:
        return f"Let's restart our solution from the beginning with {puzzle}."
    return f"Let's go back to where we had {said.after}."


def _filled_up(grid: Grid) -> Grid:
    """The grid with the first digit in every blank: what a dishonest player calls a solution."""
    return Grid(grid.size, tuple(digit or 1 for digit in grid.cells))


def _solution(puzzle: Grid) -> Grid | None:
    try:
        found = solutions(puzzle, limit=1)
    except TooHardError:
        return None
    return found[0] if found else None
