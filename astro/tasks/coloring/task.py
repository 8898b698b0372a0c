"""Colorings as a task: what the rest of ASTRO asks about them."""

from collections.abc import Sequence

from astro.records.problem import Problem
from astro.tasks.coloring import claims, dialect, luck, rows
from astro.tasks.coloring.generator import SOURCE, ColoringConfig, generate
from astro.tasks.coloring.graph import Coloring, canonical
from astro.tasks.row import Row
from astro.tasks.task import Generator, Likeness, Task


class _Coloring(Task):
    """place() stays unknown: the state is all colors so far, and a step says those of its own neighbors alone."""

    def recognizes(self, row: Row) -> bool:
        return isinstance(rows.given(row), Coloring)

    def read(self, row: Row, source: str) -> Problem:
        return rows.read_row(row, source)

    def likeness(self, problem: Problem) -> Likeness | None:
        """By the text of the coloring, whatever its nodes and colors are called."""
        coloring = claims.coloring_of(problem)
        if coloring is None:
            return None
        same = canonical(coloring)
        return Likeness(question=f"coloring {same}", givens=("coloring", *same.split()), family=same)

    def group(self, problem: Problem) -> str:
        coloring = claims.coloring_of(problem)
        if coloring is None:
            return super().group(problem)
        return f"depth {coloring.choices()}, {len(coloring.order)} nodes"

    def says_solved(self, sentence: str) -> bool:
        return claims.says_solved(sentence)

    def admits_miss(self, text: str) -> bool:
        return claims.says_missed(text)

    def shows_success(self, problem: Problem, steps: Sequence[str]) -> bool:
        return claims.comes_to_solution(problem, [claims.lines_of(steps)])[0]

    def right_by_luck(self, problem: Problem, steps: Sequence[str]) -> bool:
        return luck.right_by_luck(problem, steps)

    def false_statements(self, problem: Problem, steps: Sequence[str]) -> list[str]:
        return luck.false_statements(problem, steps)

    def state(self, problem: Problem, step: str | None) -> str:
        node = claims.next_node(problem, step)
        return "" if node is None else dialect.state(node)

    def bridged(self, problem: Problem, tried: str, then: str) -> str:
        del problem
        before, after = dialect.read_step(tried), dialect.read_step(then)
        if before is None or after is None or after.color is None or dialect.step(after) != then.strip():
            return ""
        return dialect.bridged(before, after)

    def shown_right(self, problem: Problem, attempts: Sequence[str]) -> list[bool]:
        """An attempt after a way back builds on the colors that those before it gave."""
        return claims.comes_to_solution(problem, [attempt.splitlines() for attempt in attempts])


COLORING = _Coloring(
    "coloring",
    "astro.tasks.coloring.verifier",
    columns=rows.COLUMNS,
    generator=Generator(ColoringConfig, generate, SOURCE),
)
