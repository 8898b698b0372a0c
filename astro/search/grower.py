"""Grow the tree of one problem: expand, evaluate and back up the nodes that a strategy selects."""

from collections.abc import Sequence
from dataclasses import replace
from time import monotonic

from astro.models.completion import Completion
from astro.records.cost import Cost
from astro.records.problem import Problem
from astro.records.tree import NO_PARENT, ROOT, Stop, Terminal, Tree
from astro.search.asking import Requests, together
from astro.search.backup import backup, close
from astro.search.evidence import TreeEvidence
from astro.search.reuse import Draw, find_child, graft
from astro.search.selection import priors
from astro.search.setup import SearchSetup
from astro.search.solutions import add_solution, settle
from astro.search.stepping import StepRequests
from astro.search.waves import Replay

_EXPAND = 0  # number of the expansion among a node's calls, part of the seed; astro.search.evidence has the others


async def search(problem: Problem, prompt_ids: Sequence[int], setup: SearchSetup, *, priority: int = 0) -> Tree:
    """Grow a tree from the prompt of one problem until the strategy is done, a budget is spent or the goal is met.

    priority: of the tree's requests; lower values are served first.
    Raises EngineDeadError if the engine dies. If a request is rejected, its node records the reason and ends.
    """
    grower = Grower(problem, prompt_ids, setup, priority)
    await setup.config.strategy.grow(grower)
    return await grower.finish()


class Grower:
    """The state of one search. Only the tree outlives it.

    Attributes:
        tree: the tree so far.
    """

    def __init__(self, problem: Problem, prompt_ids: Sequence[int], setup: SearchSetup, priority: int) -> None:
        self.tree = Tree(problem.id, tuple(prompt_ids), setup.seed, strategy=setup.config.strategy.kind)
        self.tree.add(NO_PARENT, "", ())
        self._replay: Replay | None = None
        if setup.waves is not None:
            self._replay = Replay(setup.waves, problem, setup.sampler, setup.scorer)
            setup = replace(setup, sampler=self._replay, scorer=self._replay if setup.scorer is not None else None)
        self._setup, self._config = setup, setup.config
        self._requests = Requests(self.tree, problem, setup, priority)
        self._steps = StepRequests(self._requests, setup)
        self._evidence = TreeEvidence(self.tree, problem, setup, self._requests, self._steps)
        self._simulations = 0
        self._started = monotonic()

    async def finish(self) -> Tree:
        """Add the solutions of reused rollouts as paths, and record why the search ended and how long it took."""
        tree = self.tree
        grafted = graft(tree, self._evidence.endings.paths, self._simulations)
        await together([self._evidence.judge(node) for node in grafted if tree.terminal[node] is Terminal.ANSWER])
        tree.stop = tree.stop or Stop.DONE
        tree.cost += Cost(seconds=monotonic() - self._started)
        return tree

    # When to stop

    @property
    def expansions_left(self) -> int:
        """Number of expansions left in the budget."""
        return self._config.simulations - self._simulations

    def can_continue(self) -> bool:
        """Whether the search may continue; if not, tree.stop says why."""
        self.tree.stop = self._reason_to_stop()
        return self.tree.stop is None

    def _reason_to_stop(self) -> Stop | None:
        tree, config = self.tree, self._config
        tokens, seconds = tree.cost.generated_tokens, monotonic() - self._started
        reasons = (
            (Stop.FAILED, tree.terminal[ROOT] is Terminal.FAILED),
            (Stop.GOAL, self._evidence.endings.suffice),
            (Stop.EXHAUSTED, tree.exhausted[ROOT]),
            (Stop.SIMULATIONS, self._simulations >= config.simulations),
            (Stop.NODES, config.max_nodes is not None and len(tree) >= config.max_nodes),
            (Stop.TOKENS, config.max_tokens is not None and tokens >= config.max_tokens),
            (Stop.SECONDS, config.max_seconds is not None and seconds >= config.max_seconds),
        )
        return next((stop for stop, holds in reasons if holds), None)

    # Expand

    async def expand(self, leaves: Sequence[int]) -> list[int]:
        """Sample k next steps at each leaf, concurrently, and add the different ones as children."""
        drawn = await together([self._draw(leaf) for leaf in leaves])
        children = []
        for leaf, draws in zip(leaves, drawn, strict=True):
            self._simulations += 1
            children += self._grow(leaf, draws)
        return children

    async def _draw(self, leaf: int) -> list[Draw]:
        """At least k next steps: the first steps of the leaf's rollouts, and samples for those still missing."""
        config, setup = self._config, self._setup
        # If a rollout was cut in its first step, nothing is known about how that step would have ended.
        paths = [path for path in self._evidence.paths.pop(leaf, ()) if path.kind is not Terminal.TRUNCATED]
        draws = [Draw(path.steps[0], path.kind, path) for path in paths]
        missing = config.k - len(draws)
        if missing > 0:
            steps = await self._steps.sample(leaf, _EXPAND, missing)
            solution = self._requests.state(leaf)[1]
            draws += [Draw(step, setup.kind_of(solution, step)) for step in steps]
        return draws

    def _grow(self, leaf: int, draws: Sequence[Draw]) -> list[int]:
        """Add the different steps among the first k draws as children, with the rollouts that start with them."""
        tree, config = self.tree, self._config
        if not draws:
            tree.terminal[leaf] = Terminal.FAILED
            close(tree, leaf)
            return []
        groups: dict[tuple[str, Terminal], list[Draw]] = {}
        for draw in draws[: config.k]:
            groups.setdefault((draw.step.text.rstrip(), draw.kind), []).append(draw)
        samples = [(draw.step, number) for number, group in enumerate(groups.values()) for draw in group]
        shares = priors(
            config.prior,
            [step.logprob for step, _ in samples],
            [len(step.token_ids) for step, _ in samples],
            [number for _, number in samples],
        )
        at_limit = tree.depth[leaf] + 1 >= config.max_depth
        children = []
        for (_, kind), group, share in zip(groups, groups.values(), shares, strict=True):
            step = group[0].step
            child = tree.add(
                leaf,
                step.text,
                step.token_ids,
                logprob=step.logprob,
                samples=len(group),
                prior=share,
                terminal=Terminal.DEPTH if at_limit and kind is Terminal.NONE else kind,
                simulation=self._simulations,
            )
            children.append(child)
        if config.reuse_rollouts:
            self._pass_on_rollouts(leaf, draws)
        return children

    def _pass_on_rollouts(self, leaf: int, draws: Sequence[Draw]) -> None:
        """Give each child the rest of every rollout that starts with it."""
        tree = self.tree
        for draw in draws:
            if draw.path is None or draw.kind is not Terminal.NONE:
                continue
            child = find_child(tree, leaf, draw.step.text, draw.kind)
            if child is not None:
                rest = draw.path.rest()
                tree.rollouts[child].append(rest.rollout)
                tree.borrowed[child] += 1
                if rest.steps:  # empty if the rollout ran out of tokens just after a delimiter
                    self._evidence.paths.setdefault(child, []).append(rest)

    # Evaluate

    async def plant(self) -> None:
        """Evaluate the root and back it up."""
        await self.evaluate([ROOT])
        self.backup([ROOT])

    async def evaluate(self, nodes: Sequence[int], *, ahead: int = 0) -> None:
        """Set the reward of each node by the evaluator, after looking ahead by this many steps."""
        if ahead:
            await self._evidence.look_ahead(nodes, ahead)
        await self._evidence.evaluate(nodes)
        self._evidence.forget_steps_ahead()

    def backup(self, nodes: Sequence[int]) -> None:
        """Add the rewards of new nodes to the values of their ancestors."""
        tree = self.tree
        backup(tree, nodes)
        for leaf in dict.fromkeys([tree.parent[node] for node in nodes]):
            close(tree, leaf)
        self._end_wave()

    # Whole solutions

    async def solve(self, count: int) -> None:
        """Sample count whole solutions from the root, add them as paths, evaluate their ends, and set all values."""
        tree = self.tree
        self._simulations += 1
        completions = await self._evidence.solutions(ROOT, self._simulations, count)
        if self._simulations == 1 or not self._config.may_stop_early:
            tree.first_look[ROOT] = len(tree.rollouts[ROOT])
        if not tree.tally(ROOT).graded:
            tree.terminal[ROOT], tree.exhausted[ROOT] = Terminal.FAILED, True
        else:
            ends = dict.fromkeys([end for each in completions if (end := self._add(each)) != ROOT])
            judged = [end for end in ends if tree.terminal[end] is Terminal.ANSWER and tree.outcome[end] is None]
            await self._evidence.evaluate(judged)
        settle(tree, self._evidence.unknown)
        self._end_wave()

    def _end_wave(self) -> None:
        self._requests.forget_states()
        if self._replay is not None:
            self._started -= self._replay.end_wave(monotonic() - self._started)

    def _add(self, completion: Completion) -> int:
        steps, end, _ = self._setup.cut(completion, "")
        return add_solution(self.tree, steps, end, max_depth=self._config.max_depth, simulation=self._simulations)
