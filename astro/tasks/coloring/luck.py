"""Whether a right coloring is right by luck: every statement of a solution can be checked."""

from collections.abc import Iterator, Sequence

from astro.records.problem import Problem
from astro.tasks.coloring import claims, dialect
from astro.tasks.coloring.claims import Progress


def right_by_luck(problem: Problem, steps: Sequence[str]) -> bool:
    """Whether a right solution states something false: of a node, of a color, or of itself at the end."""
    return bool(false_statements(problem, steps)) or claims.says_missed("\n".join(steps))


def false_statements(problem: Problem, steps: Sequence[str]) -> list[str]:
    """What is true where a step does not hold under the colors so far, is at another node than the next, or misjudges.

    A wrong choice is no false statement.
    """
    coloring = claims.coloring_of(problem)
    if coloring is None:
        return []
    progress = Progress(coloring)
    return [false for line in claims.lines_of(steps) for false in _false(line, progress)]


def _false(line: str, progress: Progress) -> Iterator[str]:
    """Denials of what is false in a line; reads it."""
    said = dialect.read_step(line)
    mistake = None if said is None else progress.mistake(said)
    if mistake is not None:
        yield mistake
    progress.read([line])
    end = dialect.read_end(line)
    if end is None or not progress.colors or progress.returned:
        return
    right, answer = end
    if right and progress.next is not None:
        yield f"{progress.next} has no color"
    elif not right and said is not None and mistake is None and said.left:
        yield f"{said.node} can be {said.left[0]}"
    for node, color in answer.items():
        if (given := progress.colors.get(node, color)) != color:
            yield f"{node} is {given}, not {color}"
