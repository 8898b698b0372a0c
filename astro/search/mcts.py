"""Monte-Carlo tree search over reasoning steps, as in the ASTRO paper (arXiv 2507.00417): one problem, one tree.

A simulation selects a leaf by PUCT, expands it by k sampled steps, evaluates each new node by M verified rollouts, and
backs the rewards up. The requests of one simulation are in flight together.
"""

import asyncio
from collections.abc import Coroutine, Sequence
from math import isnan
from time import monotonic
from typing import Any, TypeVar

from astro.errors import EngineDeadError, SamplingError
from astro.models.completion import Completion, FinishReason, SampleParams
from astro.models.seeds import derive_seed
from astro.models.stats import cost_of
from astro.records.cost import Cost
from astro.records.problem import Problem
from astro.records.tree import NO_PARENT, ROOT, UNGRADED, Rollout, Stop, Terminal, Tree
from astro.search.backup import backup, close
from astro.search.reuse import Draw, Ending, Endings, Path, find_child, graft
from astro.search.selection import priors, puct, uct
from astro.search.settings import Rule
from astro.search.setup import SearchSetup
from astro.verify import Outcome, Verdict, VerifierError

# A node's requests, by the number that enters their seeds.
_EXPAND, _FIRST_ROLLOUTS = 0, 1

_LOST = frozenset({FinishReason.ABORT, FinishReason.ERROR})

T = TypeVar("T")


async def search(problem: Problem, prompt_ids: Sequence[int], setup: SearchSetup, *, priority: int = 0) -> Tree:
    """Grow a tree from the prompt of one problem until a budget is spent, nothing is left, or the goal is met.

    priority: of the tree's requests; lower is served first.
    Raises EngineDeadError if the engine dies. A request that is refused ends its node, with the reason recorded.
    """
    return await _Search(problem, prompt_ids, setup, priority).run()


class _Search:
    """The state of one search; the tree is what remains of it."""

    def __init__(self, problem: Problem, prompt_ids: Sequence[int], setup: SearchSetup, priority: int) -> None:
        self._problem, self._setup, self._config, self._priority = problem, setup, setup.config, priority
        self._tree = Tree(problem.id, tuple(prompt_ids), setup.seed)
        self._tree.add(NO_PARENT, "", ())
        self._states: dict[int, tuple[tuple[int, ...], str]] = {}
        self._paths: dict[int, list[Path]] = {}
        self._endings = Endings(setup.config)
        self._ended: dict[int, list[Ending]] = {}
        self._simulations = 0
        self._started = monotonic()

    async def run(self) -> Tree:
        await self._evaluate([ROOT])
        self._backup([ROOT])
        while (stop := self._reason_to_stop()) is None:
            leaves = self._select()
            children = await self._expand(leaves)
            await self._evaluate(children)
            self._backup(children)
        await self._graft()
        self._tree.stop = stop
        self._tree.cost += Cost(seconds=monotonic() - self._started)
        return self._tree

    def _reason_to_stop(self) -> Stop | None:
        tree, config = self._tree, self._config
        tokens, seconds = tree.cost.generated_tokens, monotonic() - self._started
        reasons = (
            (Stop.FAILED, tree.terminal[ROOT] is Terminal.FAILED),
            (Stop.GOAL, self._endings.suffice),
            (Stop.EXHAUSTED, tree.exhausted[ROOT]),
            (Stop.SIMULATIONS, self._simulations >= config.simulations),
            (Stop.NODES, config.max_nodes is not None and len(tree) >= config.max_nodes),
            (Stop.TOKENS, config.max_tokens is not None and tokens >= config.max_tokens),
            (Stop.SECONDS, config.max_seconds is not None and seconds >= config.max_seconds),
        )
        return next((stop for stop, holds in reasons if holds), None)

    # Select

    def _select(self) -> list[int]:
        """The leaves of the next simulations, in order; each counts as a visit without reward for those after it."""
        leaves: list[int] = []
        while len(leaves) < min(self._config.leaves, self._config.simulations - self._simulations):
            leaf = self._best_leaf()
            if leaf in leaves:
                break
            leaves.append(leaf)
            self._add_virtual_visits(leaf, 1)
        for leaf in leaves:
            self._add_virtual_visits(leaf, -1)
        return leaves

    def _best_leaf(self) -> int:
        tree, c, by_puct = self._tree, self._config.c_puct, self._config.rule is Rule.PUCT
        visits, value, prior, exhausted = tree.visits, tree.value, tree.prior, tree.exhausted
        node = ROOT
        while children := tree.children[node]:
            parent_visits, best_score = visits[node], -1.0
            for child in children:
                if exhausted[child]:
                    continue
                if by_puct:
                    score = puct(value[child], prior[child], visits[child], parent_visits, c)
                else:
                    score = uct(value[child], visits[child], parent_visits, c)
                if score > best_score:
                    node, best_score = child, score
        return node

    def _add_virtual_visits(self, leaf: int, count: int) -> None:
        tree, node = self._tree, leaf
        while node != NO_PARENT:
            tree.visits[node] += count
            tree.value[node] = tree.total[node] / tree.visits[node]
            node = tree.parent[node]

    # Expand

    async def _expand(self, leaves: Sequence[int]) -> list[int]:
        drawn = await _together([self._draw(leaf) for leaf in leaves])
        children = []
        for leaf, draws in zip(leaves, drawn, strict=True):
            self._simulations += 1
            children += self._grow(leaf, draws)
        return children

    async def _draw(self, leaf: int) -> list[Draw]:
        """The next steps, k of them: those that the leaf's rollouts begin with, and as many samples as are missing."""
        config, setup = self._config, self._setup
        # A rollout that was cut in its first step says nothing of how that step would have ended.
        paths = [path for path in self._paths.pop(leaf, ()) if path.kind is not Terminal.TRUNCATED]
        draws = [Draw(path.steps[0], path.kind, path) for path in paths]
        missing = config.k - len(draws)
        if missing > 0:
            stop = setup.step_stop + setup.end_stop
            steps = await self._sample(leaf, _EXPAND, missing, config.max_step_tokens, stop)
            solution = self._state(leaf)[1]
            draws += [Draw(step, setup.kind_of(solution, step)) for step in steps]
        return draws

    def _grow(self, leaf: int, draws: Sequence[Draw]) -> list[int]:
        """Add the different steps among the first k draws as children, and give them the rollouts they begin."""
        tree, config = self._tree, self._config
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
            self._hand_down(leaf, draws)
        return children

    def _hand_down(self, leaf: int, draws: Sequence[Draw]) -> None:
        """Give each child the rest of every rollout that begins with it."""
        tree = self._tree
        for draw in draws:
            if draw.path is None or draw.kind is not Terminal.NONE:
                continue
            child = find_child(tree, leaf, draw.step.text, draw.kind)
            if child is not None:
                rest = draw.path.rest()
                tree.rollouts[child].append(rest.rollout)
                if rest.steps:  # none where its tokens ran out just after a delimiter
                    self._paths.setdefault(child, []).append(rest)

    # Evaluate

    async def _evaluate(self, nodes: Sequence[int]) -> None:
        work: list[Coroutine[Any, Any, None]] = []
        for node in nodes:
            kind = self._tree.terminal[node]
            if kind is Terminal.ANSWER:
                work.append(self._judge(node))
            elif kind is not Terminal.TRUNCATED:
                work.append(self._roll_out(node))
        await _together(work)
        # In the order of the nodes, not in that in which the engine was done with them.
        for node in nodes:
            self._endings.note(node, self._ended.pop(node, ()))

    async def _judge(self, node: int) -> None:
        """A node that ends the solution is worth its own verdict; without one, what its parent is, which it leaves."""
        tree, solution = self._tree, self._state(node)[1]
        (verdict,) = await self._grade(node, [solution])
        if verdict.outcome is Outcome.UNANSWERED:
            tree.terminal[node] = Terminal.UNANSWERED
        tree.outcome[node], tree.answer[node] = verdict.outcome, verdict.answer
        tree.canonical[node] = verdict.canonical
        ungraded = verdict.outcome in UNGRADED
        tree.reward[node] = tree.reward[tree.parent[node]] if ungraded else float(verdict.correct)
        self._ended[node] = [Ending(solution.rstrip(), verdict.outcome, verdict.canonical or verdict.answer)]

    async def _roll_out(self, node: int) -> None:
        """A node is worth the share of its rollouts that are correct; early ones that agree decide it.

        Where none could be graded, or the engine lost them all, it is worth what its parent is, which it leaves.
        """
        tree, config = self._tree, self._config
        rounds = (config.early_rollouts, config.rollouts) if config.early_rollouts else (config.rollouts,)
        for call, wanted in enumerate(rounds, _FIRST_ROLLOUTS):
            missing = wanted - len(tree.rollouts[node])
            if missing > 0:
                await self._sample_rollouts(node, call, missing)
            tally = tree.tally(node)
            if tally.graded >= wanted and tally.correct in (0, tally.graded):
                break
        tree.reward[node] = tally.reward
        if node == ROOT and not tally.graded:
            tree.terminal[node], tree.exhausted[node] = Terminal.FAILED, True
        elif not tally.graded:
            tree.reward[node] = tree.reward[tree.parent[node]]

    async def _sample_rollouts(self, node: int, call: int, count: int) -> None:
        tree, setup = self._tree, self._setup
        completions = await self._sample(node, call, count, self._config.max_rollout_tokens, setup.end_stop)
        solution = self._state(node)[1]
        verdicts = await self._grade(node, [solution + completion.text for completion in completions])
        rollouts = [
            Rollout(completion.text, len(completion.token_ids), verdict.outcome, verdict.answer, verdict.canonical)
            for completion, verdict in zip(completions, verdicts, strict=True)
        ]
        tree.rollouts[node] += rollouts
        if self._config.reuse_rollouts:
            for completion, rollout in zip(completions, rollouts, strict=True):
                self._keep(node, solution, completion, rollout)

    def _keep(self, node: int, solution: str, completion: Completion, rollout: Rollout) -> None:
        """Cut a rollout into steps for later, up to the first that ends the solution."""
        steps, kind, text = [], Terminal.NONE, solution
        for step in self._setup.split(completion):
            steps.append(step)
            # Sampled by itself, a longer step would have been cut.
            too_long = len(step.token_ids) > self._config.max_step_tokens
            kind = Terminal.TRUNCATED if too_long else self._setup.kind_of(text, step)
            text += step.text
            if kind is not Terminal.NONE:
                break
        path = Path(tuple(steps), kind, rollout)
        self._paths.setdefault(node, []).append(path)
        if kind is Terminal.ANSWER and self._tree.depth[node] + len(steps) <= self._config.max_depth:
            answer = rollout.canonical or rollout.answer
            self._ended.setdefault(node, []).append(Ending(text.rstrip(), rollout.outcome, answer, path))

    # Backup

    def _backup(self, nodes: Sequence[int]) -> None:
        tree = self._tree
        backup(tree, nodes)
        for leaf in dict.fromkeys([tree.parent[node] for node in nodes]):
            close(tree, leaf)
        self._states.clear()

    async def _graft(self) -> None:
        """Make terminals of the rollouts that came to solutions of their own."""
        tree = self._tree
        fresh = graft(tree, self._endings.paths, self._simulations)
        await _together([self._judge(node) for node in fresh if tree.terminal[node] is Terminal.ANSWER])
        self._backup(fresh)

    # The seams

    async def _sample(
        self, node: int, call: int, count: int, max_tokens: int, stop: tuple[str, ...]
    ) -> list[Completion]:
        """Sample from a node; what the engine refuses or loses is missing, and recorded as the node's failure."""
        tree, config = self._tree, self._config
        params = SampleParams(
            n=count,
            max_tokens=max_tokens,
            temperature=config.temperature,
            top_p=config.top_p,
            stop=stop,
            seed=derive_seed(tree.seed, tree.problem_id, node, call),
        )
        try:
            sampled = await self._setup.sampler.sample(self._state(node)[0], params, priority=self._priority)
        except EngineDeadError:
            raise
        except SamplingError as error:
            tree.failure[node] = str(error)
            return []
        tree.cost += cost_of(sampled)
        # A model that overflows (float16) gives no number; as a prior it would compare with nothing.
        whole = [
            completion
            for completion in sampled.completions
            if completion.finish_reason not in _LOST and not isnan(completion.logprob)
        ]
        if len(whole) < count:
            lost = count - len(whole)
            tree.failure[node] = f"{lost} of {count} samples were lost by the engine or have no log-probability (NaN)"
        return whole

    async def _grade(self, node: int, solutions: Sequence[str]) -> list[Verdict]:
        problem, verifier = self._problem, self._setup.verifier
        solutions = [self._setup.without_end(solution) for solution in solutions]
        try:
            ready = verifier.verify_each_now(problem, solutions)
            verdicts = [verdict for verdict in ready if verdict is not None]
            if len(verdicts) < len(ready):
                slow = [solution for solution, verdict in zip(solutions, ready, strict=True) if verdict is None]
                late = iter(await _together([verifier.averify(problem, solution) for solution in slow]))
                verdicts = [verdict or next(late) for verdict in ready]
        except VerifierError as error:
            verdicts = [Verdict(Outcome.ERROR, reason=str(error))] * len(solutions)
        for verdict in verdicts:
            if verdict.outcome in UNGRADED:
                self._tree.failure[node] = f"a verdict is {verdict.outcome}: {verdict.reason}"
        return verdicts

    def _state(self, node: int) -> tuple[tuple[int, ...], str]:
        """The token ids that the model continues at node, and the solution so far."""
        state = self._states.get(node)
        if state is None:
            tree = self._tree
            above = self._states.get(tree.parent[node])
            if above is None:
                state = tree.prompt_ids_at(node), tree.solution(node)
            else:
                state = above[0] + tree.token_ids[node], above[1] + tree.text[node]
            self._states[node] = state
        return state


async def _together(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Run coroutines at the same time; if one fails, cancel the others and raise its error as it is."""
    if not work:
        return []
    # The first runs in the caller's own task: it waits anyway.
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(coroutine) for coroutine in work[1:]]
    try:
        return [await work[0], *[await task for task in tasks]]
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
