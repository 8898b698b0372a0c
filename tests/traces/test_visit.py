"""The invariants of visits."""

import pytest

from astro.records.trace import Move, Visit, check_visits, is_doubt

#        0
#      1   4
#     2 3  5      5 is correct
PARENT = [-1, 0, 1, 1, 0, 4]


def visits(*hops):
    return [Visit(node, Move(move)) for node, move in hops]


def check(*hops):
    check_visits(visits(*hops), PARENT, lambda node: node == 5)


def test_a_whole_search_is_accepted():
    """Two wrong attempts, a doubt before each return, a positive reflection and a conclusion keep every rule."""
    check(
        (1, "advance"), (2, "advance"), (2, "reflect"), (1, "backtrack"), (3, "advance"), (3, "reflect"),
        (0, "backtrack"), (4, "advance"), (4, "reflect"), (5, "conclude"), (5, "reflect"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("hops", "complaint"),
    [
        ([(2, "advance"), (5, "conclude")], "does not go to a child"),
        ([(0, "advance"), (5, "conclude")], "does not go to a child"),
        ([(1, "advance"), (4, "backtrack")], "does not go to an ancestor"),
        ([(1, "advance"), (1, "backtrack")], "does not go to an ancestor"),
        ([(4, "advance"), (1, "reflect")], "reflects elsewhere"),
        ([(4, "advance")], "has no conclusion"),
        ([], "has no conclusion"),
        ([(1, "advance"), (2, "conclude")], "not correct"),
        ([(4, "advance"), (5, "conclude"), (4, "backtrack")], "comes after the conclusion"),
        ([(1, "advance"), (2, "advance"), (0, "backtrack"), (1, "advance"), (2, "advance")], "repeats an abandoned"),
    ],
)
def test_a_broken_rule_is_named(hops, complaint):
    """Each rule of a trace fails on its own, with the visit and the rule in the message."""
    with pytest.raises(ValueError, match=complaint):
        check(*hops)


def test_a_reflection_is_a_doubt_only_before_a_backtrack():
    """The verdict of a reflection follows from the next visit."""
    hops = visits((1, "advance"), (1, "reflect"), (0, "backtrack"), (4, "advance"), (4, "reflect"), (5, "conclude"))
    assert [is_doubt(hops, index) for index in range(len(hops))] == [False, True, False, False, False, False]
