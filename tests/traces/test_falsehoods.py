"""False statements of traces: counted, named in the doubt, or a reason to reject."""

import pytest
from growing import PROBLEM, add_solution, backed_up, new_tree

from astro.records.trace import Kind
from astro.tasks.countdown.player import CountdownPlayer
from astro.traces.config import Control, FalseStatements, Rewriting
from astro.traces.pauses import begins_whole, ends_whole

RIGHT = (
    "I take 5 + 3 = 8, which leaves 8, 2 and 4.\n"
    "I take 8 - 2 = 6, which leaves 6 and 4.\n"
    "I take 6 * 4 = 24, which leaves 24.\n"
    "That is 24 and the target is 24, so the solution is correct. The answer is \\boxed{((5 + 3) - 2) * 4}."
)
WRONG = (
    "I take 5 + 3 = 8, which leaves 8, 2 and 4.\n"
    "I take 8 / 4 = 3, which leaves 3 and 2.\n"
    "I take 3 + 2 = 5, which leaves 5.\n"
    "That is 5 and the target is 24, so the solution is not correct. The answer is \\boxed{(5 + 3) / 4 + 2}."
)
PLAIN = {"rewrite": Rewriting.NONE, "votes": 0, "control": Control.NONE, "searches": 1, "wrong_terminals": (1,)}


def tree_with_a_false_step():
    tree = new_tree()
    for solution in (RIGHT, WRONG):
        add_solution(tree, solution)
    return backed_up(tree)


def made(make, how):
    return make(tree_with_a_false_step(), CountdownPlayer(), PROBLEM, false_statements=how, **PLAIN)


def test_a_false_statement_is_named_in_the_doubt(make):
    """8 / 4 is not 3; the trace has the column, and the card the counts."""
    outcome = made(make, FalseStatements.NAME)
    direct, search = outcome.traces
    assert (direct.false_statements, search.false_statements) == (0, 1)
    doubt = next(line for line in search.text.splitlines() if line.startswith("But wait"))
    assert doubt.endswith("8 / 4 is not 3.")
    assert (outcome.counts["false.traces"], outcome.counts["false.statements"]) == (1, 1)
    assert (outcome.counts["back.middle"], outcome.counts["back.beginning"]) == (1, 0)
    assert outcome.counts["ends.repeated"] == 1


def test_a_false_statement_may_be_kept(make):
    """The same trace, and nothing says that it is false."""
    search = made(make, FalseStatements.KEEP).traces[1]
    assert search.false_statements == 1
    assert "is not 3" not in search.text


def test_a_false_statement_may_cost_the_trace(make):
    """The direct trace stays, and the search trace is rejected with the denial."""
    outcome = made(make, FalseStatements.DROP)
    assert [trace.kind for trace in outcome.traces] == [Kind.DIRECT]
    assert [(reject.reason, reject.detail) for reject in outcome.rejects] == [("false_statement", "8 / 4 is not 3")]


def test_states_that_are_reached_twice_are_counted(make):
    """5 + 3 and 3 + 5 leave the same numbers."""
    tree = new_tree()
    for solution in (RIGHT, RIGHT.replace("5 + 3 = 8", "3 + 5 = 8").replace("8, 2 and 4", "4, 8 and 2")):
        add_solution(tree, solution)
    outcome = make(backed_up(tree), CountdownPlayer(), PROBLEM, **PLAIN)
    assert outcome.counts["tree.transpositions"] == 3  # after one, two and three steps


@pytest.mark.parametrize(
    "step", ["To find x, we get:", "Therefore, the value is", "3 + 4 =", "\\[ x = 3", "```python", "so that", "x = 3,"]
)
def test_open_steps(step):
    """A step that announces something, or ends within a sentence, a display or a fence."""
    assert not ends_whole(step + "\n")


@pytest.mark.parametrize("step", ["So x = 3.", "x = 3", "\\[ x = 3 \\]", "The area is 5 cm", "**Done.**", "It is (a)."])
def test_whole_steps(step):
    """A sentence, a formula, a display."""
    assert ends_whole(step + "\n")
    assert begins_whole(step)


@pytest.mark.parametrize("step", ["which is 3.", ", so x = 3.", "and 4."])
def test_steps_that_go_on(step):
    """They begin in lower case or with a mark."""
    assert not begins_whole(step)
