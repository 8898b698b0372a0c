"""A return says what was tried where it goes, in tasks whose steps name one of two ways."""

from growing import add_solution, backed_up, new_tree

from astro.records.trace import Kind
from astro.tasks.maze import dialect
from astro.tasks.maze.generator import to_problem
from astro.tasks.maze.graph import read_maze
from astro.tasks.maze.player import MazePlayer
from astro.traces.config import Control, Rewriting

MAZE = read_maze("8: 5 or 22. 17: 4 or 93. 22: exit. 4: none. 93 > 8. 5: none.")
PROBLEM = to_problem(MAZE)


def returns(make, *attempts: tuple[int, ...]) -> list[str]:
    """The ways back of the search trace of a tree with these attempts and the right solution."""
    tree = new_tree(PROBLEM.id)
    for turns in (*attempts, MAZE.turns()):
        add_solution(tree, "\n".join(dialect.solution(MAZE, turns)), PROBLEM)
    plain = {"rewrite": Rewriting.NONE, "votes": 0, "control": Control.NONE, "searches": 1}
    outcome = make(backed_up(tree), MazePlayer(), PROBLEM, wrong_terminals=(len(attempts),), **plain)
    [search] = [trace for trace in outcome.traces if trace.kind is Kind.SEARCH]
    return [line for line in search.text.splitlines() if dialect.goes_back(line)]


def test_a_return_to_the_middle_names_the_way_that_failed(make):
    """At 8 the first way is a dead end."""
    other = "Left 8 by the first, so leave it by the second, the other way."
    assert returns(make, (93, 5)) == [f"{dialect.back(8)} {other}"]


def test_a_restart_names_the_way_that_failed_at_the_start(make):
    """At 17 the first way is a dead end."""
    other = "Left 17 by the first, so leave it by the second, the other way."
    assert returns(make, (4,)) == [f"{dialect.RESTART} {other}"]
