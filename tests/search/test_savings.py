"""The savings beyond the paper: rollouts reused, early decisions, goals, several leaves at once."""

import asyncio
import random
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from search_worlds import PROBLEM, PROMPT_IDS, ByAnswer, Recorder, WanderingModel, answer_of, grow, make_setup, texts

from astro.models.completion import Completion, FinishReason
from astro.models.engines.scripted import ScriptedSampler
from astro.records.tree import Rollout
from astro.search import NO_PARENT, ROOT, Stop, Terminal, Tree, check_tree, search
from astro.search.reuse import Path, graft
from astro.search.strategies import Puct
from astro.verify import Outcome


def lines_in_turn(*lines):
    """A model whose completion i is line i, whatever the prompt."""
    return lambda prompt, seed: lines[seed % (1 << 15) % len(lines)]


def recorded(model, **config):
    sampler = Recorder(ScriptedSampler(model))
    tree = asyncio.run(search(PROBLEM, PROMPT_IDS, make_setup(None, sampler=sampler, **config)))
    check_tree(tree)
    return tree, sampler.requests


def test_reused_rollouts_replace_the_expansion():
    """With M >= k the root's children are the first steps of its rollouts, and no step is sampled for them."""
    model = lines_in_turn("a\nx\n\\boxed{1}", "b\ny\n\\boxed{1}", "a\nz\n\\boxed{7}", "\\boxed{1}")
    tree, requests = recorded(model, simulations=1, reuse_rollouts=True)
    assert not [params for _, params, _ in requests if params.stop]
    first = [child for child in tree.children[ROOT] if tree.simulation[child] == 1 and tree.prior[child]]
    assert texts(tree, first) == ["a\n", "b\n", "\\boxed{1}"]
    assert [tree.samples[child] for child in first] == [2, 1, 1]


def test_the_rest_of_a_reused_rollout_counts_as_the_childs():
    """Two of four rollouts begin with a: they are two of a's four rollouts, with the verdicts they had."""
    model = lines_in_turn("a\nx\n\\boxed{1}", "b\ny\n\\boxed{1}", "a\nz\n\\boxed{7}", "c\n\\boxed{1}")
    tree, requests = recorded(model, simulations=1, reuse_rollouts=True)
    a = tree.text.index("a\n")
    assert [rollout.text for rollout in tree.rollouts[a][:2]] == ["x\n\\boxed{1}", "z\n\\boxed{7}"]
    assert [rollout.outcome for rollout in tree.rollouts[a][:2]] == [Outcome.INCORRECT, Outcome.CORRECT]
    assert len(tree.rollouts[a]) == 4
    assert [params.n for prompt_ids, params, _ in requests if prompt_ids == tree.prompt_ids_at(a)] == [2]


def test_reuse_tops_up_what_is_missing():
    """Two rollouts make two of four samples; the other two are asked for in one request."""
    tree, requests = recorded(WanderingModel(steps=9, p_end=0.1), simulations=1, rollouts=2, reuse_rollouts=True)
    assert [params.n for _, params, _ in requests if params.stop] == [2]
    assert sum(tree.samples[child] for child in tree.children[ROOT] if tree.prior[child]) == 4


def test_rollouts_beyond_k_only_lend_their_rests():
    """Of four rollouts k = 2 become children; the others count where they begin alike and nowhere else."""
    model = lines_in_turn("a\n\\boxed{1}", "b\n\\boxed{1}", "a\n\\boxed{7}", "c\n\\boxed{2}")
    tree, _ = recorded(model, simulations=1, k=2, max_depth=2, reuse_rollouts=True)
    drawn = [child for child in tree.children[ROOT] if tree.prior[child]]
    assert texts(tree, drawn) == ["a\n", "b\n"]
    assert [tree.samples[child] for child in drawn] == [1, 1]
    assert [rollout.answer for rollout in tree.rollouts[drawn[0]][:2]] == ["1", "7"]


def test_new_endings_become_paths_of_the_tree():
    """Each different answer that a rollout found is a terminal at the end, its steps nodes, its verdict its own."""
    model = lines_in_turn("a\nx\n\\boxed{1}", "a\ny\n\\boxed{7}", "b\n\\boxed{1}", "b\n\\boxed{2}")
    tree, requests = recorded(model, reuse_rollouts=True, goal_correct=1, goal_wrong=2)
    assert (tree.stop, len(requests)) == (Stop.GOAL, 1)
    ends = {tree.solution(node): tree.outcome[node] for node in tree.answered()}
    assert ends == {
        "a\nx\n\\boxed{1}": Outcome.INCORRECT,
        "a\ny\n\\boxed{7}": Outcome.CORRECT,
        "b\n\\boxed{2}": Outcome.INCORRECT,
    }
    grafted = [node for node in range(len(tree)) if tree.grafted[node]]
    assert grafted == list(range(1, len(tree)))
    assert {(tree.prior[node], tree.visits[node], tree.value[node]) for node in grafted} == {(0.0, 0, 0.0)}
    assert (tree.visits[ROOT], tree.value[ROOT], tree.reward[ROOT]) == (1, 0.25, 0.25)


def test_what_a_rollout_says_after_its_answer_makes_no_other_solution():
    """Two rollouts that differ behind the answer alone are one terminal, and count once for the goal."""
    model = lines_in_turn(*[f"a\n\\boxed{{7}}\nThat was {word}." for word in ("fun", "easy", "long", "short")])
    tree, _ = recorded(model, simulations=2, reuse_rollouts=True, goal_correct=2)
    assert len(list(tree.answered())) == 1
    assert tree.stop is not Stop.GOAL


def test_a_rollout_is_cut_where_its_step_would_have_been():
    """A step of six tokens is none where five are allowed, neither as a child nor on the way to an answer."""
    model = lines_in_turn("a\nlonger\n\\boxed{1}", "longer\n\\boxed{7}", "a\nb\nc", "a\nb\nc")
    tree, _ = recorded(model, simulations=3, max_step_tokens=5, reuse_rollouts=True)
    complete = [text for text, terminal in zip(tree.text, tree.terminal, strict=True) if terminal is Terminal.NONE]
    assert "a\n" in complete
    assert all(len(text) <= 5 for text in tree.text)
    assert not list(tree.answered())


def test_a_rollout_that_ran_out_of_tokens_after_a_delimiter_begins_no_further_step():
    """It counts as a rollout of its last step, which has one of its own beside it; that one and a sample are grown."""
    model = lines_in_turn("a\nb\nc\n\\boxed{1}", "a\nd\nc\n\\boxed{7}")
    tree, requests = recorded(model, k=2, rollouts=2, simulations=4, max_rollout_tokens=4, reuse_rollouts=True)
    b = tree.text.index("b\n")
    assert [rollout.text for rollout in tree.rollouts[b]] == ["", "a\nb\n"]
    assert [params.n for ids, params, _ in requests if params.stop and ids == tree.prompt_ids_at(b)] == [1]
    assert tree.children[b]


def test_a_rollout_never_walks_into_a_dead_end_that_reads_like_its_step():
    """Beside a step that was cut before its delimiter, the whole step is a child of its own."""
    tree = Tree("p", (), 0)
    tree.add(NO_PARENT, "", ())
    cut = tree.add(ROOT, "a ", (), terminal=Terminal.TRUNCATED)
    steps = tuple(Completion(text, tuple(text.encode()), -1.0, FinishReason.STOP) for text in ("a\n", "\\boxed{7}"))
    path = Path(steps, Terminal.ANSWER, Rollout("a\n\\boxed{7}", 11, Outcome.CORRECT, "7", "7"))
    assert graft(tree, [(ROOT, path)], 1) == [2, 3]
    assert tree.children == [[cut, 2], [], [3], []]


@given(seed=st.integers(0, 2**31), p_end=st.floats(0.1, 0.6), simulations=st.integers(1, 6))
def test_grafted_paths_spell_their_rollouts(seed, p_end, simulations):
    """Text and token ids of every path agree, and each answered node is the text that was verified."""
    tree = grow(WanderingModel(p_end=p_end), seed=seed, simulations=simulations, reuse_rollouts=True)
    for node in range(len(tree)):
        ids = tree.prompt_ids_at(node)[len(PROMPT_IDS) :]
        assert bytes(token for token in ids if token < 256).decode() == tree.solution(node)
    for node in tree.answered():
        assert tree.answer[node] == answer_of(tree.solution(node))


def test_reuse_loses_no_answer():
    """The goal counts only what the finished tree holds as terminals."""
    for seed in range(20):
        tree = grow(WanderingModel(), seed=seed, reuse_rollouts=True, goal_correct=2, goal_wrong=2)
        if tree.stop is Stop.GOAL:
            ends = list(tree.answered())
            assert sum(tree.outcome[node] is Outcome.CORRECT for node in ends) >= 2
            assert len({tree.canonical[node] for node in ends if tree.outcome[node] is Outcome.INCORRECT}) >= 2


def test_agreeing_early_rollouts_decide():
    """Two wrong ones of four: the other two are not sampled, and the reward is 0. The root takes all four."""
    tree, requests = recorded(lambda prompt, seed: "a\n\\boxed{1}", simulations=1, early_rollouts=2)
    assert [len(rollouts) for rollouts in tree.rollouts] == [4, 2]
    assert [params.n for _, params, _ in requests if not params.stop] == [4, 2]
    assert tree.value[ROOT] == 0.0


def test_disagreeing_early_rollouts_do_not_decide():
    """One right and one wrong: the rest is sampled, in one request."""
    model = lines_in_turn("a\n\\boxed{1}", "a\n\\boxed{7}")
    tree, requests = recorded(model, simulations=1, rollouts=5, early_rollouts=2)
    assert [params.n for _, params, _ in requests if not params.stop] == [5, 2, 3]
    assert tree.tally(1).sampled == 5


def test_ungraded_early_rollouts_do_not_decide():
    """A verdict that timed out is no agreement."""
    grader = ByAnswer(outcomes={"2": Outcome.TIMED_OUT})
    tree = grow(lines_in_turn("a\n\\boxed{2}", "a\n\\boxed{7}"), grader, simulations=1, early_rollouts=2)
    assert len(tree.rollouts[1]) == tree.first_look[1] == 4


@pytest.mark.parametrize("p", [0.1, 0.5, 0.8, 0.95])
def test_the_documented_bias_of_early_decisions(p):
    """Enumerating all outcomes of M = 8 rollouts with m = 3 gives the bias in SearchConfig's docstring."""
    m, rollouts = 3, 8
    expected = 0.0
    for outcomes in product((0, 1), repeat=rollouts):
        probability = p ** sum(outcomes) * (1 - p) ** (rollouts - sum(outcomes))
        decided = sum(outcomes[:m]) in (0, m)
        expected += probability * (outcomes[0] if decided else sum(outcomes) / rollouts)
    documented = (1 - m / rollouts) * p * (1 - p) * (p ** (m - 1) - (1 - p) ** (m - 1))
    assert expected - p == pytest.approx(documented)


def test_the_documented_bound_of_the_bias():
    """For m = 4 and M = 16 it is at most 0.061."""
    rates = [step / 1000 for step in range(1001)]
    assert max(0.75 * p * (1 - p) * (p**3 - (1 - p) ** 3) for p in rates) == pytest.approx(0.061, abs=5e-4)


def test_the_goal_counts_different_answers():
    """Two wrong terminals with one answer are one; the tree stops once there are two answers and a right one."""
    model = lines_in_turn("\\boxed{1}", "\\boxed{1} ", "\\boxed{7}", "on\n\\boxed{2}")
    tree = grow(model, simulations=30, goal_correct=1, goal_wrong=2)
    assert tree.stop is Stop.SIMULATIONS
    assert grow(model, simulations=30, goal_correct=1, goal_wrong=1).stop is Stop.GOAL


def test_without_a_goal_a_tree_goes_on():
    """0 and 0 is no goal, not one that is met at once."""
    assert grow(WanderingModel(steps=99), simulations=3).stop is Stop.SIMULATIONS


def test_several_leaves_grow_together():
    """With three leaves a wave expands different leaves at once, within the budget of simulations."""
    sampler = Recorder(ScriptedSampler(WanderingModel(steps=50, p_end=0.05), ticks=True))
    setup = make_setup(None, sampler=sampler, simulations=8, strategy=Puct(leaves=3))
    tree = asyncio.run(search(PROBLEM, PROMPT_IDS, setup))
    check_tree(tree)
    assert max(tree.simulation) == 8
    expanded = [node for node in range(len(tree)) if tree.children[node]]
    assert len(expanded) == 8
    # Root rollouts, root expansion and evaluation, then waves of 3, 3 and 1, two ticks each.
    assert len(sampler.inner.in_flight) == 1 + 2 + 3 * 2


def test_wave_order_does_not_depend_on_completion_order():
    """Several leaves with verdicts that come late give the same tree as with verdicts at once."""
    options = {"strategy": Puct(leaves=4), "simulations": 12}
    assert grow(WanderingModel(), ByAnswer(late=True), **options).rows() == grow(WanderingModel(), **options).rows()


def test_savings_cost_less():
    """On a model that is right half of the time, all savings together use under a fifth of the tokens."""
    model = WanderingModel(steps=4, p_end=0.2, answers=("7", "1", "2"))
    full = grow(model, simulations=16, rollouts=8)
    lean = grow(model, simulations=16, rollouts=8, reuse_rollouts=True, early_rollouts=2, goal_correct=1, goal_wrong=2)
    assert lean.stop is Stop.GOAL
    assert lean.cost.generated_tokens * 5 < full.cost.generated_tokens
    assert Terminal.ANSWER in lean.terminal


class Unhurried(Recorder):
    """Answers when it likes: the order in which requests are done is drawn."""

    def __init__(self, sampler, rng):
        super().__init__(sampler)
        self._rng = rng

    async def sample(self, prompt_ids, params, *, priority=0):
        sampled = await super().sample(prompt_ids, params, priority=priority)
        for _ in range(self._rng.randrange(12)):
            await asyncio.sleep(0)
        return sampled


@given(seed=st.integers(0, 2**31), p_end=st.floats(0.1, 0.6), early=st.sampled_from([0, 2]))
def test_a_tree_does_not_depend_on_who_is_done_first(seed, p_end, early):
    """An engine serves requests in an order that hangs on what else it serves; the tree is the same."""

    def grown(order: int) -> Tree:
        sampler = Unhurried(ScriptedSampler(WanderingModel(p_end=p_end)), random.Random(order))
        savings = {"reuse_rollouts": True, "early_rollouts": early, "goal_correct": 2, "goal_wrong": 3}
        setup = make_setup(None, sampler=sampler, seed=seed, simulations=6, **savings)
        return asyncio.run(search(PROBLEM, PROMPT_IDS, setup))

    first, second = grown(1), grown(2)
    assert (first.text, first.parent, first.rollouts) == (second.text, second.parent, second.rollouts)
    assert (first.visits, first.value, first.stop) == (second.visits, second.value, second.stop)
