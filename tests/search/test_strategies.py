"""Each strategy on a scripted model whose best path is known, and the invariants of the trees of all of them."""

import asyncio
from dataclasses import replace
from math import log, sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from search_worlds import PROBLEM, PROMPT_IDS, ByAnswer, Recorder, WanderingModel, grow, make_setup

from astro.errors import ConfigError, EngineDeadError, SamplingError
from astro.models.engines.scripted import ScriptedSampler
from astro.models.scoring import Scores
from astro.records.cost import Cost
from astro.records.overview import overview
from astro.search import ROOT, Stop, Terminal, Tree, best_solution, check_tree, search
from astro.search.evaluators import Both, Scored
from astro.search.strategies import Beam, BestFirst, BestOfN, BreadthFirst, DepthFirst, Lookahead, Puct, Samples, Uct
from astro.verify import Outcome

DEPTH = 3
SAVINGS = {"k": 2, "rollouts": 8, "simulations": 50}


class Fork:
    """Takes a or b three times and then answers: 7 on the right paths, the path itself on all others.

    Completion i of a request goes where the bits of i say, the lowest first, 0 for a; so 8 rollouts from a node at
    depth d take each of its 2 ** (3 - d) paths equally often, and its reward is the exact share of them that is right.
    """

    def __init__(self, *right):
        self.right = right

    def __call__(self, prompt, seed):
        at = prompt.removeprefix("How much?\n").replace("\n", "")
        bits = seed % (1 << 15)
        added = ["ab"[bits >> step & 1] for step in range(DEPTH - len(at))]
        path = at + "".join(added)
        answer = 7 if path in self.right else path
        return "\n".join([*added, f"\\boxed{{{answer}}}"])


def grown(strategy, *right, **config) -> tuple[Tree, list]:
    sampler = Recorder(ScriptedSampler(Fork(*right)))
    setup = make_setup(None, sampler=sampler, strategy=strategy, **SAVINGS | config)
    tree = asyncio.run(search(PROBLEM, PROMPT_IDS, setup))
    check_tree(tree)
    return tree, sampler.requests


def names(tree):
    """Each node by the letters of its path; an answer is marked by a dot."""
    return [
        "".join(tree.text[step].strip() if len(tree.text[step]) < 3 else "." for step in tree.path(node))
        for node in range(len(tree))
    ]


def expanded(tree):
    """The nodes in the order of their expansions."""
    first = {tree.simulation[children[0]]: node for node, children in enumerate(tree.children) if children}
    return [names(tree)[first[simulation]] for simulation in sorted(first)]


@pytest.mark.parametrize("strategy", [Beam(width=1), BreadthFirst(breadth=1), DepthFirst()], ids=lambda each: each.kind)
def test_the_only_right_path_is_followed(strategy):
    """One right leaf of eight: the reward of the right step doubles at each depth, and 0 is never followed."""
    tree, requests = grown(strategy, "bab")
    assert names(tree) == ["", "a", "b", "ba", "bb", "baa", "bab", "bab."]
    assert tree.reward == [1 / 8, 0, 1 / 4, 1 / 2, 0, 0, 1, 1]
    # The answer counts for all five nodes of its path; each level adds one sibling that is left alone.
    assert tree.visits == [8, 1, 6, 4, 1, 1, 2, 1]
    assert tree.value[ROOT] == pytest.approx((1 / 8 + 1 / 4 + 1 / 2 + 1 + 1) / 8)
    # 8 rollouts of the root, then at three depths an expansion and the rollouts of two children; the answer is judged.
    assert len(requests) == 1 + 3 * (1 + 2) + 1
    assert tree.stop is Stop.DONE


def test_a_beam_keeps_the_best_of_a_level():
    """With two places, the second is the best of the rest: equal in value, so by the prior, and then by age."""
    tree, requests = grown(Beam(width=2), "bab")
    # b and a, then ba and, of three worthless ones, aa: the model gives a the higher prior. Last bab and baa, the older
    # one of two worthless ones with the same prior.
    assert expanded(tree) == ["", "b", "a", "ba", "aa", "bab", "baa"]
    assert [len(level) for level in by_depth(tree)] == [1, 2, 4, 4, 2]
    # 11 nodes are rolled out, in a request each, 7 expanded, and 2 answers judged.
    assert len(requests) == (1 + 2 + 4 + 4) + 7


def by_depth(tree):
    return [[node for node in range(len(tree)) if tree.depth[node] == depth] for depth in range(max(tree.depth) + 1)]


def early_or_late(prompt, seed):
    """The first step answers, rightly, or goes on to a place from which one of two answers is right."""
    if prompt.endswith("on\n"):
        return ("\\boxed{7}", "\\boxed{1}")[seed % 2]
    return ("\\boxed{7}", "on\n\\boxed{1}")[seed % 2]


def test_a_finished_solution_keeps_its_place_in_a_beam():
    """An answer worth 1 and a step worth 1/2: a beam of one is finished, breadth first goes on beside the answer."""
    beam = grow(early_or_late, strategy=Beam(width=1), k=2)
    assert (len(beam), beam.stop) == (3, Stop.DONE)
    breadth = grow(early_or_late, strategy=BreadthFirst(breadth=1), k=2)
    assert (len(breadth), breadth.stop) == (5, Stop.EXHAUSTED)


def test_depth_first_backs_up():
    """Two right leaves: the first is followed to its end, then the other, from where its path left the first."""
    tree, _ = grown(DepthFirst(), "aab", "bab")
    assert expanded(tree) == ["", "a", "aa", "aab", "b", "ba", "bab"]
    assert tree.outcome.count(Outcome.CORRECT) == 2


def test_depth_first_prunes_at_the_threshold():
    """Both first steps are worth 1/4: neither is more than a threshold of 1/4, both are more than 0.2."""
    assert len(grown(DepthFirst(threshold=0.25), "aab", "bab")[0]) == 3
    assert len(grown(DepthFirst(threshold=0.2), "aab", "bab")[0]) > 3


def test_best_first_goes_wherever_the_highest_reward_is():
    """Right leaves aaa, baa and bab: b (1/2) comes before a (1/4), then ba (1), then, once it is done, a and aa."""
    tree, _ = grown(BestFirst(), "aaa", "baa", "bab", simulations=7)
    # b: ba is worth 1 and both its leaves are right; each has only its answer below. Of a's 1/4, aa has 1/2.
    assert expanded(tree) == ["", "b", "ba", "baa", "bab", "a", "aa"]
    visits = dict(zip(names(tree), tree.visits, strict=True))
    assert visits == {
        "": 1 + 7 + 5, "b": 1 + 5 + 1, "ba": 1 + 2 + 2, "baa": 1 + 1, "baa.": 1, "bab": 1 + 1, "bab.": 1, "bb": 1,
        "a": 1 + 3 + 1, "aa": 1 + 1 + 1, "aaa": 1, "aab": 1, "ab": 1,
    }  # fmt: skip


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**31), k=st.integers(1, 4), simulations=st.integers(1, 30))
def test_best_first_leaves_no_better_node_open(seed, k, simulations):
    """When a node is expanded, no node that is already there and still open has a higher reward."""
    tree = grow(WanderingModel(p_end=0.2), seed=seed, strategy=BestFirst(), k=k, simulations=simulations, max_depth=5)
    when = {node: tree.simulation[children[0]] for node, children in enumerate(tree.children) if children}
    for node, simulation in when.items():
        waiting = [
            other
            for other in range(len(tree))
            if tree.terminal[other] is Terminal.NONE
            and tree.simulation[other] < simulation <= when.get(other, simulations + 1)
        ]
        assert tree.reward[node] == max(tree.reward[other] for other in waiting)


def test_lookahead_values_a_step_by_where_it_leads():
    """One step ahead goes to a: b is worth what ba is, ba what baa is, and bab what its answer is."""
    tree, requests = grown(Lookahead(width=1, steps=1), "bab")
    rewards = dict(zip(names(tree), tree.reward, strict=True))
    assert rewards == {"": 1 / 8, "a": 0, "b": 1 / 2, "ba": 0, "bb": 0, "baa": 0, "bab": 1, "bab.": 1}
    assert all(rollout.text.startswith("a\n") for rollout in tree.rollouts[names(tree).index("b")])
    # Where the step ahead is the answer, it is the only rollout, and nothing more is sampled.
    assert [rollout.text for rollout in tree.rollouts[names(tree).index("bab")]] == ["\\boxed{7}"]
    # The root's rollouts; twice an expansion, two steps ahead and two rollouts; the same without rollouts; the answer.
    assert len(requests) == 1 + 2 * (1 + 2 + 2) + (1 + 2) + 1
    assert [params.temperature for _, params, _ in requests].count(0.0) == 6


def test_best_of_n_is_one_request_for_whole_solutions():
    """Eight solutions take the eight paths: N counts them, V is the share that is right, the best is the right one."""
    tree, requests = grown(BestOfN(n=8), "bab", "bbb")
    assert [params.n for _, params, _ in requests] == [8]
    assert len(tree) == 1 + 2 + 4 + 8 + 8
    worth = {name: (tree.visits[node], tree.value[node]) for node, name in enumerate(names(tree))}
    assert (worth[""], worth["b"], worth["ba"], worth["bab"]) == ((8, 1 / 4), (4, 1 / 2), (2, 1 / 2), (1, 1))
    assert (worth["a"], worth["baa."]) == ((4, 0), (1, 0))
    assert names(tree)[best_solution(tree)] == "bab."
    assert (tree.stop, tree.tally(ROOT), tree.reward[ROOT]) == (Stop.DONE, (2, 8, 8), 1 / 4)


def test_samples_come_in_rounds():
    """Two rounds of eight find every path twice; identical solutions are one path that counts two."""
    tree, requests = grown(Samples(n=16, batch=8), "bab")
    assert [params.n for _, params, _ in requests] == [8, 8]
    assert (len(tree), tree.visits[ROOT], tree.value[ROOT]) == (23, 16, 1 / 8)
    assert {tree.samples[node] for node in tree.answered()} == {2}
    assert requests[0][1].seed != requests[1][1].seed


def test_a_sampled_solution_is_one_verdict():
    """The row of the tree counts the verdicts of 16 solutions, though each is a rollout of the root and a path, too."""
    tree, _ = grown(Samples(n=16, batch=8), "bab")
    row = overview(tree)
    assert (row["correct"], row["incorrect"]) == (2, 14)


def test_the_last_round_asks_for_what_is_missing():
    """11 solutions in rounds of 8 are 8 and 3."""
    _, requests = grown(Samples(n=11, batch=8), "bab")
    assert [params.n for _, params, _ in requests] == [8, 3]


@pytest.mark.parametrize(
    ("budget", "stop", "rounds"),
    [
        ({"goal_correct": 1}, Stop.GOAL, 1),
        ({"simulations": 3}, Stop.SIMULATIONS, 3),
        ({"max_nodes": 20}, Stop.NODES, 1),
        ({"max_tokens": 100}, Stop.TOKENS, 1),
        ({"max_seconds": 1e-9}, Stop.SECONDS, 0),
    ],
)
def test_samples_stop_at_each_budget(budget, stop, rounds):
    """A round that finds the eight paths has the goal, 23 nodes, and over 100 tokens."""
    tree, requests = grown(Samples(n=400, batch=8), "bab", **budget)
    assert (tree.stop, len(requests)) == (stop, rounds)


def test_solutions_that_nobody_can_grade_have_their_parents_value():
    """Of the paths through ba, one is right and one has no verdict: V(ba) is 1, and so is that of the other."""
    grader = ByAnswer(outcomes={"baa": Outcome.TIMED_OUT})
    setup = make_setup(Fork("bab"), grader, strategy=BestOfN(n=8), **SAVINGS)
    tree = asyncio.run(search(PROBLEM, PROMPT_IDS, setup))
    check_tree(tree)
    worth = dict(zip(names(tree), tree.value, strict=True))
    assert (worth["ba"], worth["baa."], worth["bab."]) == (1, 1, 1)
    assert worth["b"] == pytest.approx(1 / 3)
    assert worth[""] == pytest.approx(1 / 7)


@pytest.mark.parametrize("strategy", [BestOfN(n=8), Samples(n=24, batch=8)], ids=lambda each: each.kind)
def test_solutions_without_any_verdict_fail_the_tree(strategy):
    """The root is all there is, with the reason."""
    grader = ByAnswer(outcomes={"7": Outcome.ERROR})
    setup = make_setup(lambda prompt, seed: "\\boxed{7}", grader, strategy=strategy)
    tree = asyncio.run(search(PROBLEM, PROMPT_IDS, setup))
    check_tree(tree)
    assert tree.terminal[ROOT] is Terminal.FAILED
    assert "error" in tree.failure[ROOT]


def test_steps_beyond_the_depth_limit_are_one():
    """With max_depth 2 a solution of four steps is two nodes, the second with three steps in it."""
    tree, _ = grown(BestOfN(n=8), "bab", max_depth=2)
    assert max(tree.depth) == 2
    assert min(tree.solution(node) for node in tree.answered()) == "a\na\na\n\\boxed{aaa}"


def test_uct_turns_to_the_step_with_fewer_visits():
    """Three simulations worked out by hand, c = 1: the second goes to b, the third to a."""
    tree, _ = grown(Uct(c=1.0), "bab", simulations=3)
    # 1: a gets R 0 and b 1/4. 2: b scores 1/4 more; it gets ba, R 1/2, and bb, R 0: V(b) = 3/4 / 3, N(b) = 3.
    # 3: a scores sqrt(ln 5) = 1.27 and b 1/4 + sqrt(ln 5 / 3) = 0.98.
    assert sqrt(log(5)) > 1 / 4 + sqrt(log(5) / 3)
    assert expanded(tree) == ["", "b", "a"]
    assert dict(zip(names(tree), tree.visits, strict=True)) == {
        "": 7, "a": 3, "b": 3, "ba": 1, "bb": 1, "aa": 1, "ab": 1,
    }  # fmt: skip


def test_puct_stays_with_the_better_step():
    """The same world with c_puct = 0: the value alone leads to the right answer in four simulations."""
    tree, requests = grown(Puct(c_puct=0.0), "bab", simulations=4)
    assert expanded(tree) == ["", "b", "ba", "bab"]
    assert tree.visits == [8, 1, 6, 4, 1, 1, 2, 1]
    assert len(requests) == 11


# Evaluators


class Teacher:
    """Scores the right path by its length, an answer 7 by 0.9; refuses what `refused` says."""

    def __init__(self, refused="", value=None):
        self.refused, self.value, self.asked = refused, value, []

    async def score(self, problem, solutions):
        self.asked += solutions
        text = solutions[0].replace("\n", "")
        if self.refused and text.startswith(self.refused):
            raise SamplingError("the scorer is busy")
        if self.value is not None:
            return Scores([self.value])
        return Scores([0.9 if "7" in text else 0.2 * len(text) if "bab".startswith(text) else 0.0])


def test_a_scorer_alone_needs_no_rollouts():
    """A beam by a scorer: no rollout is sampled, ends are worth their score, and their verdicts are recorded."""
    tree, requests = grown(Beam(width=1), "bab", evaluator=Scored(), scorer=Teacher())
    assert names(tree) == ["", "a", "b", "ba", "bb", "baa", "bab", "bab."]
    assert tree.reward == pytest.approx([0, 0, 0.2, 0.4, 0, 0, 0.6, 0.9])
    assert tree.outcome[-1] is Outcome.CORRECT
    assert len(requests) == 4
    assert not any(tree.rollouts)


def test_what_a_scorer_costs_is_part_of_the_trees_cost():
    """Each node is scored once, at three calls and five tokens read."""

    class Dear(Teacher):
        async def score(self, problem, solutions):
            return replace(await super().score(problem, solutions), cost=Cost(calls=3, prompt_tokens=5))

    teacher = Dear()
    free, _ = grown(Beam(width=1), "bab", evaluator=Scored(), scorer=Teacher())
    tree, _ = grown(Beam(width=1), "bab", evaluator=Scored(), scorer=teacher)
    assert tree.cost.calls - free.cost.calls == 3 * len(teacher.asked)
    assert tree.cost.prompt_tokens - free.cost.prompt_tokens == 5 * len(teacher.asked)


def test_the_best_of_n_is_the_scorers_choice():
    """The evaluator decides what is best, not the verdict: a scorer that likes aaa keeps aaa."""

    class Misled(Teacher):
        async def score(self, problem, solutions):
            return Scores([1.0 if "aaa" in solution else 0.5 for solution in solutions])

    tree, _ = grown(BestOfN(n=8), "bab", evaluator=Scored(), scorer=Misled())
    assert names(tree)[best_solution(tree)] == "aaa."
    assert tree.reward[ROOT] == 1 / 8


def test_both_mixes_with_a_fixed_weight():
    """weight 0.25: a quarter of the rollouts' share and three quarters of the score."""
    tree, _ = grown(Beam(width=1), "bab", evaluator=Both(weight=0.25), scorer=Teacher())
    rewards = dict(zip(names(tree), tree.reward, strict=True))
    assert rewards["ba"] == pytest.approx(0.75 * 0.4 + 0.25 * 0.5)
    assert rewards["bab."] == pytest.approx(0.75 * 0.9 + 0.25 * 1)


@pytest.mark.parametrize("evaluator", [Scored(), Both()], ids=lambda each: each.kind)
def test_a_lost_score_is_not_replaced_by_other_evidence(evaluator):
    """Where the scorer fails, the node has its parent's reward, with the reason, though its rollouts are there."""
    tree, _ = grown(Puct(), "bab", evaluator=evaluator, scorer=Teacher(refused="bb"), simulations=3)
    lost = names(tree).index("bb")
    assert tree.reward[lost] == tree.reward[tree.parent[lost]]
    assert tree.failure[lost] == "the scorer is busy"


@pytest.mark.parametrize("value", [1.5, -0.1, float("nan")])
def test_a_score_outside_its_range_is_lost(value):
    """It is no value of a node: the root fails, with what was given."""
    tree, _ = grown(Puct(), "bab", evaluator=Scored(), scorer=Teacher(value=value))
    assert tree.stop is Stop.FAILED
    assert str(value) in tree.failure[ROOT]


def test_an_evaluator_without_its_scorer_is_refused():
    """One clear error before anything is sampled."""
    with pytest.raises(ConfigError, match="needs a scorer"):
        make_setup(Fork("bab"), evaluator=Scored())


# All strategies

ANY = st.one_of(
    st.builds(Puct, leaves=st.integers(1, 3)),
    st.builds(Uct, leaves=st.integers(1, 3)),
    st.builds(BestOfN, n=st.integers(1, 12)),
    st.builds(Beam, width=st.integers(1, 4)),
    st.builds(Lookahead, width=st.integers(1, 3), steps=st.integers(1, 3)),
    st.builds(BreadthFirst, breadth=st.integers(1, 4)),
    st.builds(DepthFirst, threshold=st.floats(0, 1)),
    st.builds(Samples, n=st.integers(1, 20), batch=st.integers(1, 8)),
    st.just(BestFirst()),
)


@settings(deadline=None, max_examples=80)
@given(
    strategy=ANY,
    seed=st.integers(0, 2**31),
    faults=st.tuples(st.sampled_from([0.0, 0.3, 1.0]), st.none() | st.integers(5, 60)),
    late=st.booleans(),
    options=st.fixed_dictionaries(
        {
            "k": st.integers(1, 4),
            "rollouts": st.integers(3, 5),
            "simulations": st.integers(1, 12),
            "max_depth": st.integers(1, 5),
            "max_tokens": st.none() | st.integers(1, 2000),
            "early_rollouts": st.integers(0, 2),
            "reuse_rollouts": st.booleans(),
            "goal_correct": st.integers(0, 2),
        }
    ),
)
def test_trees_of_all_strategies_keep_their_invariants(strategy, seed, faults, late, options):
    """Whatever the model does and the engine loses, the tree is sound, read back the same, and its cost adds up."""
    spoil, refuse_beyond = faults
    options["reuse_rollouts"] &= strategy.reuses_rollouts
    sampler = Recorder(ScriptedSampler(WanderingModel()), spoil=spoil, refuse_beyond=refuse_beyond)
    grader = ByAnswer(outcomes={"1": Outcome.TIMED_OUT}, late=late)
    setup = make_setup(None, grader, sampler=sampler, seed=seed, strategy=strategy, **options)
    tree = asyncio.run(search(PROBLEM, PROMPT_IDS, setup))
    check_tree(tree)
    assert tree.strategy == strategy.kind
    assert tree.stop is not None
    assert max(tree.depth) <= options["max_depth"]
    assert max(tree.simulation) <= options["simulations"]
    served = [prompt_ids for prompt_ids, _, _ in sampler.requests if len(prompt_ids) <= (refuse_beyond or 1 << 20)]
    assert tree.cost.calls == len(served)
    assert tree.cost.prompt_tokens == sum(map(len, served))
    seeds = [params.seed + i for _, params, _ in sampler.requests for i in range(params.n)]
    assert len(set(seeds)) == len(seeds)
    again = Tree.from_rows(tree.rows())
    check_tree(again)
    assert again.rows() == tree.rows()


@settings(deadline=None, max_examples=40)
@given(width=st.integers(1, 4), seed=st.integers(0, 2**31), breadth_first=st.booleans())
def test_no_more_than_the_best_of_a_level_are_expanded(width, seed, breadth_first):
    """At most b parents a depth, and none of them is worth less than a sibling level's open node that is left out."""
    strategy = BreadthFirst(breadth=width) if breadth_first else Beam(width=width)
    tree = grow(WanderingModel(p_end=0.2), seed=seed, strategy=strategy, simulations=40, max_depth=5)
    for level in by_depth(tree):
        parents = [node for node in level if tree.children[node]]
        assert len(parents) <= width
        left = [node for node in level if tree.terminal[node] is Terminal.NONE and node not in parents]
        if parents and left and tree.stop is not Stop.SIMULATIONS:
            assert min(tree.reward[node] for node in parents) >= max(tree.reward[node] for node in left)


@pytest.mark.parametrize(
    "strategy",
    [Uct(), BestFirst(), BestOfN(), Beam(), Lookahead(), BreadthFirst(), DepthFirst(), Samples()],
    ids=lambda each: each.kind,
)
def test_a_dead_engine_ends_every_strategy(strategy):
    """EngineDeadError is raised as it is."""
    sampler = ScriptedSampler(WanderingModel())
    asyncio.run(sampler.close())
    with pytest.raises(EngineDeadError):
        asyncio.run(search(PROBLEM, PROMPT_IDS, make_setup(None, sampler=sampler, strategy=strategy)))


def swap_expansions(tree, one, two):
    """Let two nodes have been expanded in each other's place."""
    when = {node: tree.simulation[tree.children[node][0]] for node in (one, two)}
    for node, other in ((one, two), (two, one)):
        for child in tree.children[node]:
            tree.simulation[child] = when[other]


@pytest.mark.parametrize(
    ("strategy", "spoil", "complaint"),
    [
        (Beam(width=2), lambda tree: tree.simulation.__setitem__(slice(3, 5), [9, 9]), "after a node at depth"),
        (DepthFirst(), lambda tree: swap_expansions(tree, 3, 2), "to whose path"),
        (BestFirst(), lambda tree: swap_expansions(tree, 3, 4), "before an open node with a higher"),
        (BestOfN(n=8), lambda tree: tree.simulation.__setitem__(4, 2), "not sampled with the first"),
        (Samples(n=8), lambda tree: tree.visits.__setitem__(1, 9), "node 1: N = 9"),
        (Samples(n=8), lambda tree: tree.value.__setitem__(0, 0.9), "node 0: V = 0.9"),
        (Uct(), lambda tree: tree.value.__setitem__(0, 0.9), "node 0: V = 0.9"),
    ],
    ids=["beam", "dfs", "best_first", "best_of_n", "samples visits", "samples value", "uct"],
)
def test_reading_a_tree_checks_what_its_strategy_promises(strategy, spoil, complaint):
    """A tree that breaks an invariant of its own strategy is refused, by the node."""
    tree, _ = grown(strategy, "aab", "bab")
    spoil(tree)
    with pytest.raises(ValueError, match=complaint):
        check_tree(tree)
