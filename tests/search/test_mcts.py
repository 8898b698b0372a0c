"""One tree: selection, expansion, evaluation, terminal rule, budgets, failures, determinism."""

import asyncio
import math
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_worlds import (
    PROBLEM,
    PROMPT_IDS,
    ByAnswer,
    Recorder,
    WanderingModel,
    answer_of,
    grow,
    make_setup,
    texts,
)

from astro.errors import EngineDeadError
from astro.models.completion import SampleParams
from astro.models.engines.scripted import Line, ScriptedSampler
from astro.records.cost import Cost
from astro.records.tree import UNGRADED
from astro.search import ROOT, Prior, Stop, Terminal, check_tree, search
from astro.search.strategies import Puct, Uct
from astro.verify import Outcome, VerifierError


def lines_in_turn(*lines):
    """A model whose completion i is line i, whatever the prompt."""
    return lambda prompt, seed: lines[seed % (1 << 15) % len(lines)]


def search_with(sampler, model=None, grader=None, **config):
    return asyncio.run(search(PROBLEM, PROMPT_IDS, make_setup(model, grader, sampler=sampler, **config)))


@settings(deadline=None, max_examples=60)
@given(
    model=st.builds(WanderingModel, steps=st.integers(1, 4), p_end=st.floats(0.05, 0.9)),
    seed=st.integers(0, 2**31),
    faults=st.tuples(st.sampled_from([0.0, 0.2, 1.0]), st.none() | st.integers(5, 60)),
    grader=st.builds(
        ByAnswer, outcomes=st.just({"1": Outcome.TIMED_OUT, "2": Outcome.MALFORMED}) | st.none(), late=st.booleans()
    ),
    options=st.fixed_dictionaries(
        {
            "k": st.integers(1, 5),
            "rollouts": st.integers(3, 6),
            "simulations": st.integers(1, 10),
            "max_depth": st.integers(1, 6),
            "prior": st.sampled_from(Prior),
            "strategy": st.builds(Puct, leaves=st.integers(1, 3)) | st.builds(Uct, leaves=st.integers(1, 3)),
            "early_rollouts": st.integers(0, 2),
            "reuse_rollouts": st.booleans(),
            "goal_correct": st.integers(0, 2),
            "goal_wrong": st.integers(0, 2),
        }
    ).filter(lambda options: options["goal_correct"] or not options["goal_wrong"]),
)
def test_every_tree_keeps_its_invariants(model, seed, faults, grader, options):
    """Whatever the model does and the engine loses, the tree is sound, its priors sum to 1 and its cost adds up."""
    spoil, refuse_beyond = faults
    sampler = Recorder(ScriptedSampler(model), spoil=spoil, refuse_beyond=refuse_beyond)
    tree = search_with(sampler, grader=grader, seed=seed, **options)
    check_tree(tree)
    for node, children in enumerate(tree.children):
        if any(tree.prior[child] for child in children):
            assert sum(tree.prior[child] for child in children) == pytest.approx(1)
        keys = [(tree.text[child].rstrip(), tree.terminal[child]) for child in children]
        assert len(set(keys)) == len(keys)
        assert tree.depth[node] <= options["max_depth"]
        assert len(tree.rollouts[node]) <= max(options["rollouts"], options["k"])
        tally, outcome = tree.tally(node), tree.outcome[node]
        rolled_out = outcome is None and tree.terminal[node] is not Terminal.TRUNCATED
        if tree.grafted[node]:
            assert (tree.visits[node], tree.reward[node], tree.value[node], tree.rollouts[node]) == (0, 0.0, 0.0, [])
        elif node != ROOT and (outcome in UNGRADED or (rolled_out and not tally.graded)):
            assert tree.reward[node] == tree.reward[tree.parent[node]]
        else:
            assert tree.reward[node] == (float(outcome is Outcome.CORRECT) if outcome else tally.reward)
    assert max(tree.simulation) <= options["simulations"]
    served = [request for request in sampler.requests if len(request[0]) <= (refuse_beyond or 1 << 20)]
    assert tree.cost.calls == len(served)
    assert tree.cost.prompt_tokens == sum(len(prompt_ids) for prompt_ids, _, _ in served)
    assert tree.cost.cached_tokens == sum(len(prompt_ids) // 2 for prompt_ids, _, _ in served)
    assert sum(tree.asked.values(), Cost()) == replace(tree.cost, seconds=0.0)


def test_the_root_is_evaluated_before_anything_else():
    """The first request is M rollouts of the root: its reward is the model's pass rate."""
    sampler = Recorder(ScriptedSampler(lines_in_turn("\\boxed{7}", "\\boxed{1}", "\\boxed{1}", "\\boxed{1}")))
    tree = search_with(sampler, simulations=1)
    prompt_ids, params, _ = sampler.requests[0]
    assert (prompt_ids, params.n, params.max_tokens, params.stop) == (PROMPT_IDS, 4, 2000, ())
    assert tree.reward[ROOT] == 0.25


def test_an_expansion_is_one_request_for_k_steps():
    """The k samples come from one request that stops at the delimiter, its prompt the path's own ids."""
    sampler = Recorder(ScriptedSampler(WanderingModel(steps=50, p_end=0.05)))
    tree = search_with(sampler, simulations=3)
    expansions = [(prompt_ids, params) for prompt_ids, params, _ in sampler.requests if params.stop]
    assert [params.n for _, params in expansions] == [4, 4, 4]
    parents = dict.fromkeys(tree.parent[1:])
    assert {prompt_ids for prompt_ids, _ in expansions} == {tree.prompt_ids_at(node) for node in parents}


def test_identical_siblings_merge_and_add_up():
    """Steps that differ only in space at the end are one child with their samples counted; an ended one is another."""
    model = lines_in_turn("a\nx", "a \nx", "b\nx", "a")
    tree = grow(model, simulations=1, prior=Prior.FREQUENCY)
    assert texts(tree, tree.children[ROOT]) == ["a\n", "b\n", "a"]
    assert [tree.samples[child] for child in tree.children[ROOT]] == [2, 1, 1]
    assert [tree.prior[child] for child in tree.children[ROOT]] == [0.5, 0.25, 0.25]
    assert tree.terminal[3] is Terminal.UNANSWERED


def test_priors_follow_the_models_log_probabilities():
    """A step four times as likely a token gets four times the prior."""
    likely, unlikely = Line("a\nx", (-1.0,) * 3), Line("b\nx", (-1.0 - 1.3862943611198906,) * 3)
    tree = grow(lines_in_turn(likely, unlikely), simulations=1, k=2)
    assert [tree.prior[child] for child in tree.children[ROOT]] == pytest.approx([0.8, 0.2])
    assert tree.logprob[1] == -2.0


def test_a_step_with_a_marked_answer_is_terminal_at_the_delimiter():
    """A complete answer ends the solution even if the model would go on; the verdict is on the text up to it."""
    grader = ByAnswer()
    tree = grow(lines_in_turn("so \\boxed{7}\nbut also \\boxed{1}"), grader, simulations=1)
    assert tree.text[1] == "so \\boxed{7}\n"
    assert (tree.terminal[1], tree.outcome[1], tree.answer[1], tree.reward[1]) == (
        Terminal.ANSWER,
        Outcome.CORRECT,
        "7",
        1.0,
    )
    assert tree.stop is Stop.EXHAUSTED


def test_an_answer_inside_an_open_thought_does_not_end_the_solution():
    """A box written while the thinking is still open is part of the thinking."""
    tree = grow(lines_in_turn("<think>\n\\boxed{7}?\nno\n</think>\n\\boxed{1}"), simulations=1, k=1)
    assert tree.terminal[1] is Terminal.NONE
    again = make_setup(None).kind_of("<think>\n", _step("\\boxed{7}?\n"))
    assert again is Terminal.NONE
    assert make_setup(None).kind_of("<think>\n</think>\n", _step("\\boxed{7}.\n")) is Terminal.ANSWER


def _step(text):
    sampler = ScriptedSampler(lambda prompt, seed: text)
    return asyncio.run(sampler.sample((65,), SampleParams(stop=("\n",)))).completions[0]


def test_the_verifier_reads_the_whole_solution():
    """A rollout is graded together with the steps before it."""
    grader = ByAnswer()
    tree = grow(WanderingModel(), grader, simulations=3)
    for node, rollouts in enumerate(tree.rollouts):
        assert all(tree.solution(node) + rollout.text in grader.graded for rollout in rollouts)


def test_a_step_without_a_delimiter_is_a_dead_end():
    """A step that reaches its token limit is worth 0 and never expanded."""
    tree = grow(lines_in_turn("x" * 50 + "\n\\boxed{7}"), simulations=5, max_step_tokens=10)
    assert (tree.terminal[1], tree.reward[1], tree.outcome[1]) == (Terminal.TRUNCATED, 0.0, None)
    assert (len(tree), tree.stop) == (2, Stop.EXHAUSTED)


def test_nodes_at_the_depth_limit_are_evaluated_and_not_expanded():
    """With max_depth 1 the children are the last: they have rollouts and no children."""
    tree = grow(lines_in_turn("a\n\\boxed{7}", "b\n\\boxed{1}"), k=2, max_depth=1)
    assert [tree.terminal[child] for child in tree.children[ROOT]] == [Terminal.DEPTH] * 2
    assert [len(tree.rollouts[child]) for child in tree.children[ROOT]] == [4, 4]
    assert tree.stop is Stop.EXHAUSTED


def test_an_exhausted_subtree_is_never_selected_again():
    """A branch that ends in terminals is left, however high its value, and the search goes on elsewhere."""

    def model(prompt, seed):
        if prompt.endswith("good\n"):
            return "\\boxed{7}"
        return "good\n\\boxed{7}" if seed % 2 and "on" not in prompt else f"on {seed % 5}\n\\boxed{{1}}"

    tree = grow(model, simulations=6)
    good = tree.text.index("good\n")
    assert tree.exhausted[good]
    assert tree.value[good] == 1.0
    assert len(tree.children[good]) == 1
    assert tree.stop is Stop.SIMULATIONS


@pytest.mark.parametrize(
    ("budget", "stop"),
    [
        ({"simulations": 2}, Stop.SIMULATIONS),
        ({"max_nodes": 6}, Stop.NODES),
        ({"max_tokens": 300}, Stop.TOKENS),
        ({"max_seconds": 1e-9}, Stop.SECONDS),
    ],
)
def test_each_budget_stops_the_tree(budget, stop):
    """The reason is recorded, and at most one simulation is done beyond the budget."""
    tree = grow(WanderingModel(steps=1000, p_end=0.02), **{"simulations": 50, "max_depth": 40} | budget)
    assert tree.stop is stop
    last = max(tree.simulation)
    before = [node for node in range(len(tree)) if tree.simulation[node] < last]
    assert stop is not Stop.NODES or len(before) < 6 <= len(tree)


def test_ungraded_rollouts_are_not_wrong():
    """Two correct, one wrong, one timed out: R = 2/3, and the reason is recorded."""
    model = lines_in_turn("\\boxed{7}", "\\boxed{1}", "\\boxed{2}", "\\boxed{7}")
    tree = grow(model, ByAnswer(outcomes={"2": Outcome.TIMED_OUT}), simulations=1)
    assert tree.reward[ROOT] == 2 / 3
    assert "timed_out" in tree.failure[ROOT]


def test_an_ungraded_terminal_leaves_the_values_as_they_are():
    """A root of 1/2 gets a correct step, a wrong one and one whose verdict timed out: V stays 1/2."""
    model = lines_in_turn("\\boxed{7}", "\\boxed{1}", "\\boxed{2}")
    tree = grow(model, ByAnswer(outcomes={"2": Outcome.TIMED_OUT}), simulations=1, rollouts=2, k=3)
    assert tree.reward == [0.5, 1.0, 0.0, 0.5]
    assert tree.value[ROOT] == 0.5
    assert "timed_out" in tree.failure[3]


def test_a_node_without_a_graded_rollout_is_worth_its_parent():
    """Half of the root's rollouts are right; of those from its only step none can be graded: R and V stay 1/2."""

    def model(prompt, seed):
        if prompt.endswith("a\n"):
            return "\\boxed{2}"
        return ("a\n\\boxed{7}", "a\n\\boxed{1}")[seed % 2]

    tree = grow(model, ByAnswer(outcomes={"2": Outcome.ERROR}), simulations=1, rollouts=2)
    assert tree.text == ["", "a\n"]
    assert tree.reward == tree.value == [0.5, 0.5]


def test_a_node_whose_rollouts_are_all_lost_is_worth_its_parent():
    """All of the root's rollouts are right; the engine refuses those from its only step: R and V stay 1."""
    sampler = Recorder(ScriptedSampler(lines_in_turn("a\n\\boxed{7}")), refuse_beyond=len(PROMPT_IDS))
    tree = search_with(sampler, simulations=1)
    assert tree.text == ["", "a\n"]
    assert tree.rollouts[1] == []
    assert tree.reward == tree.value == [1.0, 1.0]
    assert tree.failure[1] == "the prompt is too long"


@pytest.mark.parametrize("outcome", [Outcome.TIMED_OUT, Outcome.ERROR])
def test_a_problem_nobody_can_grade_stops_at_its_root(outcome):
    """No graded rollout at the root: nothing else is spent on the problem."""
    tree = grow(lines_in_turn("\\boxed{7}"), ByAnswer(outcomes={"7": outcome}))
    assert (len(tree), tree.stop, tree.cost.calls) == (1, Stop.FAILED, 1)
    assert str(outcome) in tree.failure[ROOT]


def test_a_verifier_that_cannot_be_built_fails_the_tree_not_the_run():
    """VerifierError is recorded as the reason."""

    class Refusing(ByAnswer):
        def verify_each_now(self, problem, responses):
            raise VerifierError("no verifier for task 'poetry'")

    tree = grow(WanderingModel(), Refusing())
    assert tree.stop is Stop.FAILED
    assert "poetry" in tree.failure[ROOT]


def test_a_refused_request_ends_its_node_only():
    """A path too long for the context window is a failed node; its siblings go on."""
    sampler = Recorder(ScriptedSampler(WanderingModel(steps=2, p_end=0.05)), refuse_beyond=len(PROMPT_IDS) + 14)
    tree = search_with(sampler, simulations=30)
    check_tree(tree)
    failed = [node for node in range(len(tree)) if tree.terminal[node] is Terminal.FAILED]
    assert failed
    assert all(tree.failure[node] == "the prompt is too long" for node in failed)
    assert tree.stop is Stop.EXHAUSTED


def test_a_prompt_that_never_fits_fails_the_tree():
    """The first refusal is at the root."""
    tree = search_with(Recorder(ScriptedSampler(WanderingModel()), refuse_beyond=0))
    assert (tree.stop, tree.failure[ROOT], tree.visits) == (Stop.FAILED, "the prompt is too long", [1])


def test_samples_whose_log_probability_is_not_a_number_are_lost():
    """What a broken model says has no prior to be selected by: such a step is left out, and the reason recorded."""

    def model(prompt, seed):
        text = "abc"[seed % 3] + "\nx\n\\boxed{7}"
        return Line(text, (math.nan if text[0] == "b" else -1.0,) * len(text))

    tree = grow(model, simulations=1)
    assert set(texts(tree, tree.children[ROOT])) == {"a\n", "c\n"}
    assert "NaN" in tree.failure[ROOT]
    assert grow(lambda prompt, seed: Line("b\nx", (math.nan,) * 3)).stop is Stop.FAILED


def test_a_dead_engine_is_not_swallowed():
    """EngineDeadError ends the search."""
    sampler = ScriptedSampler(WanderingModel())
    asyncio.run(sampler.close())
    with pytest.raises(EngineDeadError):
        search_with(sampler)


def test_an_error_in_one_request_is_raised_as_it_is():
    """A bug below the seam crosses the search unchanged, and no task is left behind."""

    def model(prompt, seed):
        if prompt.endswith("b\n"):
            raise ZeroDivisionError("a bug")
        return "abc"[seed % 3] + "\nx\n\\boxed{7}"

    with pytest.raises(ZeroDivisionError, match="a bug"):
        grow(model)


def test_late_verdicts_are_the_same_as_early_ones():
    """A verifier that needs a worker for some answers changes nothing but the time."""
    assert grow(WanderingModel(), ByAnswer(late=True)).rows() == grow(WanderingModel()).rows()


def test_the_same_seed_grows_the_same_tree():
    """Problem id and run seed decide the tree; another seed grows another."""
    first, again, other = (grow(WanderingModel(), seed=seed).rows() for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_requests_never_share_a_seed():
    """Every request's n seeds are its own."""
    sampler = Recorder(ScriptedSampler(WanderingModel()))
    search_with(sampler, simulations=8, early_rollouts=2)
    seeds = [params.seed + i for _, params, _ in sampler.requests for i in range(params.n)]
    assert len(set(seeds)) == len(seeds)


def test_uct_ignores_the_prior():
    """Under UCT the likelier of two worthless siblings has no advantage: visits stay even."""
    model = lines_in_turn(*["a\n\\boxed{1}"] * 3, "b\n\\boxed{1}")
    tree = grow(lambda prompt, seed: model(prompt, seed).replace("a", "a" + str(len(prompt))), strategy=Uct())
    low, high = sorted(tree.visits[child] for child in tree.children[ROOT])
    assert high - low <= 4


def test_answers_are_the_verifiers():
    """Terminals carry the answer and canonical form that the verifier read."""
    tree = grow(WanderingModel())
    for node in tree.answered():
        assert tree.answer[node] == answer_of(tree.solution(node)) == tree.canonical[node]
