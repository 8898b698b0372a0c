"""The evidence about the nodes of one tree: verdicts, rollouts and scores, and the solutions found."""

from collections.abc import Coroutine, Sequence
from typing import Any

from astro.errors import EngineDeadError, SamplingError
from astro.models.completion import Completion
from astro.models.steps import joined
from astro.records.problem import Problem
from astro.records.tree import ROOT, UNGRADED, Rollout, Terminal, Tree
from astro.search.asking import Requests, together
from astro.search.reuse import Ending, Endings, Path
from astro.search.setup import SearchSetup
from astro.search.stepping import StepRequests
from astro.verify import Outcome

# Call numbers at a node, which enter the seeds. An expansion is call 0; the solutions sampled from the root are its
# rollouts. Steps ahead come last, because their number is not bounded.
_FIRST_ROLLOUTS, _AHEAD = 1, 1 << 20


class TreeEvidence:
    """Evidence about the nodes of one tree.

    Attributes:
        tree: records the evidence.
        paths: with reuse_rollouts, the rollouts of each node, split into steps.
        endings: the different solutions so far.
        unknown: nodes that the evaluator could not value.
    """

    def __init__(
        self, tree: Tree, problem: Problem, setup: SearchSetup, requests: Requests, steps: StepRequests
    ) -> None:
        self.tree = tree
        self.paths: dict[int, list[Path]] = {}
        self.endings = Endings(setup.config)
        self.unknown: set[int] = set()
        self._problem, self._setup, self._requests, self._config = problem, setup, requests, setup.config
        self._steps = steps
        self._ended: dict[int, list[Ending]] = {}
        self._ahead: dict[int, Completion] = {}

    async def evaluate(self, nodes: Sequence[int]) -> None:
        """Set the reward of each node. Without evidence, a node takes its parent's reward and a root fails."""
        tree = self.tree
        work: list[Coroutine[Any, Any, None]] = [
            self._evaluate(node) for node in nodes if tree.terminal[node] is not Terminal.TRUNCATED
        ]
        await together(work)
        # In the order of the nodes, not in the order in which the engine finished.
        for node in nodes:
            self.endings.note(node, self._ended.pop(node, ()))

    async def _evaluate(self, node: int) -> None:
        tree = self.tree
        value = await self._config.evaluator.value(node, self)
        if value is not None:
            tree.reward[node] = value
            return
        self.unknown.add(node)
        if node != ROOT:
            tree.reward[node] = tree.reward[tree.parent[node]]
        else:
            tree.terminal[node], tree.exhausted[node] = Terminal.FAILED, True

    async def judge(self, node: int) -> float | None:
        """Verify the solution that ends at node: 1.0 or 0.0; None without a verdict."""
        tree, solution = self.tree, self._requests.state(node)[1]
        (verdict,) = await self._requests.grade(node, [solution])
        if verdict.outcome is Outcome.UNANSWERED:
            tree.terminal[node] = Terminal.UNANSWERED
        tree.outcome[node], tree.answer[node] = verdict.outcome, verdict.answer
        tree.canonical[node] = verdict.canonical
        self._ended[node] = [Ending(solution.rstrip(), verdict.outcome, verdict.canonical or verdict.answer)]
        return None if verdict.outcome in UNGRADED else float(verdict.correct)

    async def score(self, node: int) -> float | None:
        """The scorer's value of the solution up to node, in [0, 1]; None if it gave none."""
        scorer, tree = self._setup.scorer, self.tree
        assert scorer is not None  # SearchSetup requires one for an evaluator that needs it
        solution = self._requests.state(node)[1]
        if node in self._ahead:
            solution += self._ahead[node].text
        try:
            scores = await scorer.score(self._problem, [self._setup.without_end(solution)])
        except EngineDeadError:
            raise
        except SamplingError as error:
            tree.failure[node] = str(error)
            return None
        tree.cost += scores.cost
        (value,) = scores.values
        if value is None or not 0 <= value <= 1:
            tree.failure[node] = f"the scorer gave {value}, which is not a value in [0, 1]"
            return None
        return value

    # Rollouts

    async def roll_out(self, node: int) -> float | None:
        """The share of correct rollouts; None if none could be graded.

        If early rollouts agree, the rest is skipped. The root always takes all, so that its share is unbiased.
        """
        tree, config = self.tree, self._config
        early = config.early_rollouts if node != ROOT else 0
        rounds = (early, config.rollouts) if early else (config.rollouts,)
        ahead = self._ahead.get(node)
        after: tuple[int, ...] = ()
        if ahead is not None:
            after = ahead.token_ids
            if self._kind_after(node, ahead) is not Terminal.NONE:
                await self._grade(node, [ahead])  # the steps ahead ended the solution: they are the only rollout
                rounds = (1,)
        looked = False
        for call, wanted in enumerate(rounds, _FIRST_ROLLOUTS):
            missing = wanted - len(tree.rollouts[node])
            if missing > 0:
                completions = await self._requests.sample(
                    node,
                    call,
                    missing,
                    max_tokens=config.max_rollout_tokens,
                    stop=self._setup.end_stop,
                    after=after,
                )
                if ahead is not None:
                    completions = [joined(ahead, completion) for completion in completions]
                completions = self._setup.answers_only(self._requests.state(node)[1], completions)
                rollouts = await self._grade(node, completions)
                if config.reuse_rollouts:
                    self._keep(node, completions, rollouts)
            tally = tree.tally(node)
            if not looked:
                tree.first_look[node] = len(tree.rollouts[node])
            looked = tally.graded >= wanted  # with a verdict missing, sampling goes on whatever the others are
            if looked and tally.correct in (0, tally.graded):
                break
        if ahead is not None:
            tree.borrowed[node] = len(tree.rollouts[node])
        return tally.reward if tally.graded else None

    async def solutions(self, node: int, call: int, count: int) -> list[Completion]:
        """Sample and grade count more rollouts from node. They are not kept for reuse."""
        completions = await self._requests.sample(
            node, call, count, max_tokens=self._config.max_rollout_tokens, stop=self._setup.end_stop
        )
        completions = self._setup.answers_only(self._requests.state(node)[1], completions)
        await self._grade(node, completions)
        return completions

    async def _grade(self, node: int, completions: Sequence[Completion]) -> list[Rollout]:
        solution = self._requests.state(node)[1]
        verdicts = await self._requests.grade(node, [solution + completion.text for completion in completions])
        rollouts = [
            Rollout(
                completion.text,
                len(completion.token_ids),
                verdict.outcome,
                verdict.answer,
                verdict.canonical,
                verdict.reason,
            )
            for completion, verdict in zip(completions, verdicts, strict=True)
        ]
        self.tree.rollouts[node] += rollouts
        return rollouts

    def _keep(self, node: int, completions: Sequence[Completion], rollouts: Sequence[Rollout]) -> None:
        """Keep rollouts for reuse, split into steps up to the first one that ends the solution."""
        solution, depth = self._requests.state(node)[1], self.tree.depth[node]
        for completion, rollout in zip(completions, rollouts, strict=True):
            steps, kind, text = self._setup.cut(completion, solution, self._config.max_step_tokens)
            path = Path(tuple(steps), kind, rollout)
            self.paths.setdefault(node, []).append(path)
            if kind is Terminal.ANSWER and depth + len(steps) <= self._config.max_depth:
                answer = rollout.canonical or rollout.answer
                self._ended.setdefault(node, []).append(Ending(text.rstrip(), rollout.outcome, answer, path))

    # Steps ahead

    async def look_ahead(self, nodes: Sequence[int], steps: int) -> None:
        """Continue each open node by up to this many most likely steps. Its evaluation then starts from there."""
        await together([self._step_ahead(node, steps) for node in nodes if self.tree.terminal[node] is Terminal.NONE])

    async def _step_ahead(self, node: int, steps: int) -> None:
        ahead: Completion | None = None
        for number in range(steps):
            after = () if ahead is None else ahead.token_ids
            sampled = await self._steps.sample(node, _AHEAD + number, 1, after=after, greedy=True)
            if not sampled:
                break
            ahead = sampled[0] if ahead is None else joined(ahead, sampled[0])
            if self._kind_after(node, ahead) is not Terminal.NONE:
                break
        if ahead is not None:
            self._ahead[node] = ahead

    def forget_steps_ahead(self) -> None:
        """Drop the steps ahead; they are not needed once their nodes are evaluated."""
        self._ahead.clear()

    def _kind_after(self, node: int, ahead: Completion) -> Terminal:
        return self._setup.kind_of(self._requests.state(node)[1], ahead)
