"""False statements of a trace, such as 26 / 11 = 2: executed again, counted, and named in the doubt that follows."""

from collections.abc import Sequence

from astro.models.control_tokens import inert
from astro.records.problem import Problem
from astro.records.trace import Move, Visit, is_doubt
from astro.tasks import task_of

_NAMED = 3  # most denials in one doubt


def attempts_of(visits: Sequence[Visit], thoughts: Sequence[str]) -> list[list[str]]:
    """The steps of each attempt, as the trace gives them, after the way back that leads to it."""
    found: list[list[str]] = [[]]
    for visit, thought in zip(visits, thoughts, strict=True):
        if visit.move is Move.BACKTRACK:
            found.append([thought])
        elif visit.move is not Move.REFLECT:
            found[-1].append(thought)
    return found


def count_false(problem: Problem, visits: Sequence[Visit], thoughts: Sequence[str]) -> int:
    """Number of statements of the thoughts that are false when executed again."""
    task = task_of(problem)
    return sum(len(task.false_statements(problem, attempt)) for attempt in attempts_of(visits, thoughts))


def with_denials(problem: Problem, visits: Sequence[Visit], thoughts: Sequence[str]) -> list[str]:
    """The thoughts, where each doubt says which statements of its attempt are false: "26 / 11 is not 2."."""
    task, attempts = task_of(problem), attempts_of(visits, thoughts)
    number, said = 0, []
    for index, thought in enumerate(thoughts):
        number += visits[index].move is Move.BACKTRACK
        denials = task.false_statements(problem, attempts[number]) if is_doubt(visits, index) else []
        sentences = [f"{inert(denial)}." for denial in list(dict.fromkeys(denials))[:_NAMED]]
        said.append(" ".join([*([thought] if thought else []), *sentences]))
    return said
