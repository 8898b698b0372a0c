"""Linearization: golden plans on a hand-drawn tree, and properties over random trees."""

import random

from growing import backed_up, new_tree, random_tree
from hypothesis import given, settings
from hypothesis import strategies as st

from astro.records.trace import Kind, Move, Visit
from astro.records.tree import Terminal
from astro.traces.config import FinalReflection, Leave, Returns, TracesConfig
from astro.traces.linearize import (
    Unused,
    control_plans,
    correct_terminals,
    linearize,
    wrong_answer,
    wrong_terminals,
)
from astro.verify import Outcome

PLAIN = TracesConfig(high_value_reflections=0, final_reflection=FinalReflection.NONE)


def drawn_tree():
    """0 -> 1 -> (2 wrong a, 3 -> (4 wrong b, 5 right)), 0 -> 6 -> 7 wrong c."""
    tree = new_tree()
    for parent in (0, 1, 1, 3, 3, 0, 6):
        tree.add(parent, f"step {len(tree)}\n", (len(tree),))
    for node, answer in ((2, "a"), (4, "b"), (5, "right"), (7, "c")):
        tree.terminal[node] = Terminal.ANSWER
        tree.outcome[node] = Outcome.CORRECT if answer == "right" else Outcome.INCORRECT
        tree.answer[node] = tree.canonical[node] = answer
    return backed_up(tree)


def plans_of(tree, config, seed=0):
    return linearize(tree, correct_terminals(tree), wrong_terminals(tree), config, random.Random(seed))


def short(visits):
    return " ".join(f"{visit.move[0]}{visit.node}" for visit in visits)


def test_three_wrong_terminals_merge_depth_first_with_the_correct_path_last():
    """Each attempt adds only what is new, and goes back to the lowest common ancestor with the next."""
    config = PLAIN.model_copy(update={"wrong_terminals": (3,), "searches": 1})
    direct, search = plans_of(drawn_tree(), config)[0]
    assert short(direct.visits) == "a1 a3 c5"
    # 7 leaves the correct path at the root, 2 after node 1, 4 after node 3: only this order walks depth first.
    assert short(search.visits) == "a6 a7 r7 b0 a1 a2 r2 b1 a3 a4 r4 b3 c5"
    assert search.wrong == (7, 2, 4)
    assert search.correct == 5


def test_restarts_go_back_to_the_beginning_and_walk_shared_steps_again():
    """With restart every attempt is a whole path."""
    config = PLAIN.model_copy(update={"wrong_terminals": (1,), "searches": 8, "restart": True})
    plans, _ = plans_of(drawn_tree(), config)
    assert {short(plan.visits) for plan in plans[1:]} == {
        "a6 a7 r7 b0 a1 a3 c5",
        "a1 a2 r2 b0 a1 a3 c5",
        "a1 a3 a4 r4 b0 a1 a3 c5",
    }


def test_an_attempt_can_be_left_where_the_value_fell():
    """With leave=fall the branch 6 -> 7 is given up at 6, which lost value, and its end is left out."""
    config = PLAIN.model_copy(update={"wrong_terminals": (1,), "searches": 8, "leave": Leave.FALL})
    plans, _ = plans_of(drawn_tree(), config)
    assert "a6 r6 b0 a1 a3 c5" in {short(plan.visits) for plan in plans}


def test_an_attempt_whose_values_are_unknown_is_left_at_its_end():
    """The branch 6 -> 7 is grafted: no step of it has a value, and its end is known to be wrong."""
    tree = drawn_tree()
    for node in (6, 7):
        tree.grafted[node], tree.value[node], tree.visits[node] = True, 0.0, 0
    config = PLAIN.model_copy(update={"wrong_terminals": (1,), "searches": 8, "leave": Leave.FALL})
    assert "a6 a7 r7 b0 a1 a3 c5" in {short(plan.visits) for plan in plans_of(tree, config)[0]}


def test_an_attempt_that_is_not_worse_is_left_out_and_counted():
    """Where the state gone back to is worth nothing, a doubt would not be honest."""
    tree = drawn_tree()
    tree.value = [0.0] * len(tree)
    plans, unused = plans_of(tree, PLAIN.model_copy(update={"searches": 1}))
    assert [plan.kind for plan in plans] == [Kind.DIRECT]
    assert unused[Unused.NOT_WORSE] > 0
    assert unused[Unused.NO_WRONG_TERMINAL] == 1


def test_attempts_in_the_order_of_the_search_end_at_the_right_one():
    """The search came to 2, 4, 7, 8 and then 9: the last of these are attempted in this order, whatever follows."""
    tree = drawn_tree()
    for parent, answer in ((1, "d"), (6, "right")):
        node = tree.add(parent, f"step {len(tree)}\n", (len(tree),), terminal=Terminal.ANSWER)
        tree.outcome[node] = Outcome.CORRECT if answer == "right" else Outcome.INCORRECT
        tree.answer[node] = tree.canonical[node] = answer
    config = PLAIN.model_copy(update={"searches": 1, "returns": Returns.SEARCH, "wrong_terminals": (3,)})
    ends = {5: "a1 a2 r2 b1 a3 a4 r4 b3 c5", 9: "a1 a3 a4 r4 b0 a6 a7 r7 b0 a1 a8 r8 b0 a6 c9"}
    for end, visits in ends.items():
        plans, unused = linearize(backed_up(tree), [end], wrong_terminals(tree), config, random.Random(0))
        assert short(plans[1].visits) == visits
        assert not unused[Unused.NOT_WORSE]


def test_a_search_that_was_right_at_once_has_nothing_to_go_back_from():
    """Both wrong ends came after the right one: there is no trace that went back, and it is counted."""
    tree = new_tree()
    for answer in ("right", "a", "b"):
        node = tree.add(0, f"{answer}\n", (len(tree),), terminal=Terminal.ANSWER)
        tree.outcome[node] = Outcome.CORRECT if answer == "right" else Outcome.INCORRECT
        tree.answer[node] = tree.canonical[node] = answer
    plans, unused = plans_of(backed_up(tree), PLAIN.model_copy(update={"searches": 1, "returns": Returns.SEARCH}))
    assert [plan.kind for plan in plans] == [Kind.DIRECT]
    assert unused[Unused.NO_WRONG_TERMINAL] == 1


def test_returns_by_values_go_to_the_best_state_and_may_miss_again():
    """From 4 to 3 (0.5), from 2 to 1 (0.35, above the root's 0.23), from 7 to the root; what follows is any new end."""
    config = PLAIN.model_copy(update={"wrong_terminals": (3,), "searches": 1, "returns": Returns.VALUES})
    found = {short(plan.visits) for seed in range(200) for plan in plans_of(drawn_tree(), config, seed)[0][1:]}
    after_2 = ["a3 c5", "a3 a4 r4 b3 c5"]
    after_7 = ["a1 a3 c5", "a1 a3 a4 r4 b3 c5", *(f"a1 a2 r2 b1 {rest}" for rest in after_2)]
    assert found == {
        "a1 a3 a4 r4 b3 c5",
        *(f"a1 a2 r2 b1 {rest}" for rest in after_2),
        *(f"a6 a7 r7 b0 {rest}" for rest in after_7),
    }


def test_attempts_that_leave_in_the_middle_are_preferred():
    """The wrong ends 2 and 4 share steps with the way to 5, and 7 does not: no trace of one attempt restarts."""
    config = PLAIN.model_copy(update={"wrong_terminals": (1,), "searches": 1})
    for seed in range(20):
        assert short(plans_of(drawn_tree(), config, seed)[0][1].visits) in {"a1 a2 r2 b1 a3 c5", "a1 a3 a4 r4 b3 c5"}


def test_new_ends_come_before_used_ones():
    """Four plans over two correct ends: two each."""
    tree = drawn_tree()
    other = tree.add(1, "right at once\n", (9,), terminal=Terminal.ANSWER)
    tree.outcome[other], tree.answer[other] = Outcome.CORRECT, "right"
    plans, _ = plans_of(backed_up(tree), PLAIN.model_copy(update={"wrong_terminals": (1,), "searches": 3}))
    assert sorted(plan.correct for plan in plans) == [5, 5, other, other]


def test_nothing_goes_back_to_a_grafted_node():
    """Node 3, where 4 and 5 part, is a graft without a value: the way back goes to node 1, and takes 3 again."""
    tree = drawn_tree()
    for node in (3, 4, 5):
        tree.grafted[node], tree.value[node], tree.visits[node] = True, 0.0, 0
    wrong_ends = PLAIN.model_copy(update={"wrong_terminals": (1,), "searches": 8})
    plans = {short(plan.visits) for plan in plans_of(tree, wrong_ends)[0]}
    assert "a1 a3 a4 r4 b1 a3 c5" in plans
    assert not any("b3" in plan for plan in plans)


def test_nothing_goes_back_into_a_sentence():
    """Node 1 ends with a colon: the way back from 2 goes to the beginning."""
    tree = drawn_tree()
    tree.text[1] = "Therefore the value is:\n"
    config = PLAIN.model_copy(update={"wrong_terminals": (1,), "searches": 8})
    assert "a1 a2 r2 b0 a1 a3 c5" in {short(plan.visits) for plan in plans_of(tree, config)[0]}


def test_a_tree_without_a_kept_terminal_gives_no_plans():
    """Nothing can be concluded, so there is no trace."""
    tree = drawn_tree()
    assert linearize(tree, [], wrong_terminals(tree), PLAIN, random.Random(0)) == ([], {})


def test_controls_use_different_correct_paths_before_any_again():
    """Three controls over two correct terminals use both, then one again; none reflects."""
    tree = drawn_tree()
    other = tree.add(0, "right at once\n", (9,), terminal=Terminal.ANSWER)
    tree.outcome[other], tree.answer[other] = Outcome.CORRECT, "right"
    plans = control_plans(tree, [5, other], 3, random.Random(1))
    assert {plan.correct for plan in plans[:2]} == {5, other}
    assert plans[2].correct == plans[0].correct
    assert {plan.kind for plan in plans} == {Kind.CONTROL}
    assert all(visit.move in {Move.ADVANCE, Move.CONCLUDE} for plan in plans for visit in plan.visits)


def test_no_wrong_terminal_draws_direct_plans_to_other_ends():
    """With k = 0 a search trace is one more direct trace, as long as there is another correct terminal."""
    tree = drawn_tree()
    other = tree.add(0, "right at once\n", (9,), terminal=Terminal.ANSWER)
    tree.outcome[other], tree.answer[other] = Outcome.CORRECT, "right"
    plans, unused = plans_of(tree, PLAIN.model_copy(update={"wrong_terminals": (0,), "searches": 2}))
    assert [plan.kind for plan in plans] == [Kind.DIRECT] * 2
    assert {plan.correct for plan in plans} == {5, other}
    assert unused[Unused.REPEATED] == 1


@st.composite
def cases(draw):
    tree = random_tree(random.Random(draw(st.integers(0, 10**6))), draw(st.integers(2, 40)))
    config = TracesConfig(
        searches=draw(st.integers(0, 4)),
        wrong_terminals=tuple(draw(st.lists(st.integers(1, 4), min_size=1, max_size=3))),
        leave=draw(st.sampled_from(Leave)),
        returns=draw(st.sampled_from(Returns)),
        restart=draw(st.booleans()),
        high_value=draw(st.floats(0, 1)),
        high_value_reflections=draw(st.integers(0, 3)),
        final_reflection=draw(st.sampled_from(FinalReflection)),
    )
    return tree, config, draw(st.integers(0, 10**6))


@settings(max_examples=300, deadline=None)
@given(cases())
def test_every_plan_keeps_the_rules_of_traces(case):
    """Hops, ends, answers and returns of every plan of a random tree are as the paper says."""
    tree, config, seed = case
    plans, _ = plans_of(tree, config, seed)
    assert bool(plans) == bool(correct_terminals(tree))
    assert [plan.kind for plan in plans] == [Kind.DIRECT][: len(plans)] + [Kind.SEARCH] * (len(plans) - 1)
    for plan in plans:
        check_plan(tree, plan, config)
    routes = [tuple(visit for visit in plan.visits if visit.move is not Move.REFLECT) for plan in plans]
    assert len(set(routes)) == len(routes)


def check_plan(tree, plan, config):
    """Check one plan by rules written apart from the code under test."""
    walk = [Visit(0, Move.ADVANCE), *(visit for visit in plan.visits if visit.move is not Move.REFLECT)]
    assert tree.outcome[walk[-1].node] is Outcome.CORRECT
    assert [visit.move for visit in walk].count(Move.CONCLUDE) == 1
    answers = [wrong_answer(tree, node) for node in plan.wrong]
    assert len(set(answers)) == len(answers) <= max(config.wrong_terminals)
    walked = [visit.node for visit in walk if visit.move is not Move.BACKTRACK]
    left = []
    for before, visit, after in zip(walk[:-1], walk[1:], [*walk[2:], None], strict=True):
        if visit.move is not Move.BACKTRACK:
            assert tree.parent[visit.node] == before.node
            continue
        left.append(before.node)
        assert visit.node in tree.path(before.node)[:-1]
        if config.returns is Returns.PLANNED:
            assert tree.value[before.node] < tree.value[visit.node]
        if config.restart:
            assert visit.node == 0
        else:  # the lowest: what comes next is a child of it, and not on the path that was left
            assert tree.parent[after.node] == visit.node
            assert after.node not in tree.path(before.node)
    assert len(left) == len(plan.wrong)
    walks_once = config.returns is Returns.PLANNED and not config.restart
    assert all(walked.count(node) == 1 for node in (walked if walks_once else left))
    if config.returns is Returns.SEARCH:
        assert [*plan.wrong, plan.correct] == sorted([*plan.wrong, plan.correct])
    if config.leave is Leave.TERMINAL:
        assert tuple(left) == plan.wrong


@given(cases())
@settings(max_examples=30, deadline=None)
def test_the_same_seed_gives_the_same_plans(case):
    """Linearization is a function of the tree, the settings and the seed."""
    tree, config, seed = case
    assert plans_of(tree, config, seed) == plans_of(tree, config, seed)
