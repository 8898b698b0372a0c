"""A step after a return says what was tried there, in tasks that have words for it."""

from growing import add_solution, backed_up, new_tree

from astro.records.trace import Kind
from astro.tasks.maze import dialect
from astro.tasks.maze.generator import to_problem
from astro.tasks.maze.graph import read_maze
from astro.tasks.maze.player import MazePlayer
from astro.traces.config import Control, Rewriting

MAZE = read_maze("8: 5 or 22. 17: 4 or 93. 22: exit. 4: none. 93 > 8. 5: none.")
PROBLEM = to_problem(MAZE)


def after_the_return(make, wrong: tuple[int, ...]) -> list[str]:
    """The way back of the search trace of a tree with this attempt and the right solution, and the line after it."""
    tree = new_tree(PROBLEM.id)
    for turns in (wrong, MAZE.turns()):
        add_solution(tree, "\n".join(dialect.solution(MAZE, turns)), PROBLEM)
    plain = {"rewrite": Rewriting.NONE, "votes": 0, "control": Control.NONE, "searches": 1, "wrong_terminals": (1,)}
    outcome = make(backed_up(tree), MazePlayer(), PROBLEM, **plain)
    [search] = [trace for trace in outcome.traces if trace.kind is Kind.SEARCH]
    lines = search.text.splitlines()
    [back] = [place for place, line in enumerate(lines) if dialect.goes_back(line)]
    return lines[back : back + 2]


def test_a_return_to_the_middle_names_the_way_that_failed(make):
    """At 8 the first way is a dead end."""
    step = "At 8: 5 or 22. Left 8 by the first, so leave it by the second, 8 > 22."
    assert after_the_return(make, (93, 5)) == [dialect.back(8), step]


def test_a_restart_names_the_way_that_failed_at_the_start(make):
    """At 17 the first way is a dead end."""
    step = "At 17: 4 or 93. Left 17 by the first, so leave it by the second, 17 > 93 > 8."
    assert after_the_return(make, (4,)) == [dialect.back(17), step]
