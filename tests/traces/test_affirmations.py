"""Affirmations follow the value of a step, never what its attempt came to."""

import random

from growing import new_tree

from astro.records.trace import Move
from astro.records.tree import ROOT, Rollout, Terminal
from astro.traces.config import FinalReflection, TracesConfig
from astro.traces.linearize import correct_terminals, linearize, wrong_terminals
from astro.verify import Outcome

CONFIG = TracesConfig(high_value=0.75, final_reflection=FinalReflection.BEFORE, searches=3)


def valued_tree(rng, depth=6, width=2):
    """Steps with four rollouts each, whose true rate is drawn; an end is right at the rate of its last step."""
    tree = new_tree(str(rng.random()))
    rates = {ROOT: 0.5}
    for node in _grown(tree, rates, rng, depth, width):
        outcomes = [Outcome.CORRECT if rng.random() < rates[node] else Outcome.INCORRECT for _ in range(4)]
        tree.rollouts[node] = [Rollout("", 1, outcome, None, None) for outcome in outcomes]
        tree.first_look[node] = 4
    for node in range(1, len(tree)):
        tree.visits[node], tree.value[node] = 1, rates[node]
        if tree.terminal[node] is Terminal.ANSWER:
            right = rng.random() < rates[node]
            tree.outcome[node] = Outcome.CORRECT if right else Outcome.INCORRECT
            tree.answer[node] = tree.canonical[node] = "right" if right else f"wrong {node}"
            tree.value[node] = float(right)
    tree.value[ROOT] = 0.5
    return tree


def _grown(tree, rates, rng, depth, width):
    """Add the nodes; yields those that are open."""
    for node in range(1_000):
        if node >= len(tree):
            return
        if tree.terminal[node] is not Terminal.NONE:
            continue
        yield node
        for _ in range(width if tree.depth[node] < depth else 1):
            ends = tree.depth[node] >= depth
            child = tree.add(node, f"Step {len(tree)}.\n", (1,), terminal=Terminal.ANSWER if ends else Terminal.NONE)
            rates[child] = min(0.95, max(0.05, rates[node] + rng.uniform(-0.3, 0.3))) if not ends else rates[node]


def attempts_of(plan):
    """The attempts of a plan: its steps, the affirmed ones, and whether it concludes."""
    found = [([], [])]
    for before, visit in zip([None, *plan.visits], plan.visits, strict=False):
        if visit.move is Move.BACKTRACK:
            found.append(([], []))
        elif visit.move is not Move.REFLECT:
            found[-1][0].append(visit)
        elif before.node == visit.node:
            found[-1][1].append(visit.node)
    if len(found) > 1:  # the last reflection of an abandoned attempt is its doubt
        found[:-1] = [(steps, affirmed[:-1]) for steps, affirmed in found[:-1]]
    return [(steps, affirmed, steps[-1].move is Move.CONCLUDE) for steps, affirmed in found]


def plans_of_many(count=150, config=CONFIG):
    for seed in range(count):
        rng = random.Random(seed)
        tree = valued_tree(rng)
        for plan in linearize(tree, correct_terminals(tree), wrong_terminals(tree), config, rng)[0]:
            yield tree, plan


def test_an_affirmation_says_no_more_than_the_value_of_its_step():
    """In every attempt, right or wrong: one affirmation if a step that may have it has a high value, else none."""
    seen = {True: [0, 0], False: [0, 0]}
    for tree, plan in plans_of_many():
        for steps, affirmed, concludes in attempts_of(plan):
            high = [visit.node for visit in steps[1:-1] if tree.tally(visit.node).correct >= 3]
            assert len(affirmed) == (1 if high else 0)
            assert set(affirmed) <= set(high)
            seen[concludes][0] += bool(affirmed)
            seen[concludes][1] += 1
    for affirmed, attempts in seen.values():  # so that both kinds of attempts are in the sample, with and without
        assert 50 < affirmed < attempts


def test_affirmed_steps_come_to_what_their_value_says():
    """Among steps of the same value, those that were affirmed lead to success no more often, within sampling error."""
    config = CONFIG.model_copy(update={"high_value_reflections": 1})
    success = {True: [], False: []}
    for tree, plan in plans_of_many(300, config):
        for steps, affirmed, concludes in attempts_of(plan):
            for visit in steps[1:-1]:
                if tree.tally(visit.node).correct == 4:
                    success[visit.node in affirmed].append(concludes)
    shares = [sum(found) / len(found) for found in success.values()]
    fewest = min(map(len, success.values()))
    assert fewest > 100
    assert abs(shares[0] - shares[1]) < 3 * (2 * 0.25 / fewest) ** 0.5


def test_no_two_affirmations_are_within_two_steps():
    """Also across a way back, with as many of them as there is room for."""
    config = CONFIG.model_copy(update={"high_value": 0.0, "high_value_reflections": 9})
    for _, plan in plans_of_many(60, config):
        steps, last = 0, -9
        for index, visit in enumerate(plan.visits):
            following = plan.visits[index + 1] if index + 1 < len(plan.visits) else None
            if visit.move in {Move.ADVANCE, Move.CONCLUDE}:
                steps += 1
            elif visit.move is Move.REFLECT and (following is None or following.move is not Move.BACKTRACK):
                assert steps - last > 2
                last = steps


def test_no_affirmation_interrupts_a_sentence():
    """A step that ends with a colon, or before one that goes on in lower case, is not affirmed."""
    config = CONFIG.model_copy(update={"high_value": 0.0, "high_value_reflections": 9})
    for seed in range(20):
        rng = random.Random(seed)
        tree = valued_tree(rng)
        for node in range(1, len(tree)):
            tree.text[node] = rng.choice(["We get:\n", "which is 3.\n", "So it is 3.\n", "x = 3\n"])
        for plan in linearize(tree, correct_terminals(tree), [], config, rng)[0]:
            for visit, after in zip(plan.visits, plan.visits[1:], strict=False):
                if visit.move is Move.REFLECT:
                    assert tree.text[visit.node] != "We get:\n"
                    assert tree.text[after.node] != "which is 3.\n"


def test_few_rollouts_affirm_nothing():
    """Two of two right is too little."""
    rng = random.Random(0)
    tree = valued_tree(rng)
    for node in range(len(tree)):
        tree.rollouts[node] = tree.rollouts[node][:2]
        tree.first_look[node] = len(tree.rollouts[node])
    plans = linearize(tree, correct_terminals(tree), [], CONFIG, rng)[0]
    assert all(visit.move is not Move.REFLECT for plan in plans for visit in plan.visits)


def test_the_papers_reflection_follows_the_conclusion():
    """With `after` it is the last visit, whatever the values are."""
    config = CONFIG.model_copy(update={"final_reflection": FinalReflection.AFTER})
    for _, plan in plans_of_many(10, config):
        assert [visit.move for visit in plan.visits[-2:]] == [Move.CONCLUDE, Move.REFLECT]
