"""The requests of one tree to the language model and the verifier, with their cost and their failures."""

import asyncio
from collections.abc import Coroutine, Sequence
from math import isnan
from typing import Any, TypeVar

from astro.errors import EngineDeadError, SamplingError
from astro.models.completion import Completion, FinishReason, SampleParams
from astro.models.seeds import derive_seed
from astro.models.stats import cost_of
from astro.records.problem import Problem
from astro.records.tree import UNGRADED, Tree
from astro.search.setup import SearchSetup
from astro.verify import Outcome, Verdict, VerifierError

_LOST = frozenset({FinishReason.ABORT, FinishReason.ERROR})

T = TypeVar("T")


class Requests:
    """Sends the requests of one tree, adds up their cost, and records lost samples in the failure of their node.

    Each seed is derived from the run's seed, the problem, the node and the number of the call at that node.
    """

    def __init__(self, tree: Tree, problem: Problem, setup: SearchSetup, priority: int) -> None:
        self._tree, self._problem, self._setup, self._priority = tree, problem, setup, priority
        self._states: dict[int, tuple[tuple[int, ...], str]] = {}

    async def sample(
        self,
        node: int,
        call: int,
        count: int,
        *,
        max_tokens: int,
        stop: tuple[str, ...],
        after: tuple[int, ...] = (),
        greedy: bool = False,
    ) -> list[Completion]:
        """Continue node's path count times. Completions that the engine rejects or loses are missing from the list.

        after: token ids between the node's path and the completions. greedy: at temperature 0.
        """
        tree, config = self._tree, self._setup.config
        params = SampleParams(
            n=count,
            max_tokens=max_tokens,
            temperature=0.0 if greedy else config.temperature,
            top_p=config.top_p,
            stop=stop,
            seed=derive_seed(tree.seed, tree.problem_id, node, call),
        )
        try:
            sampled = await self._setup.sampler.sample(self.state(node)[0] + after, params, priority=self._priority)
        except EngineDeadError:
            raise
        except SamplingError as error:
            tree.failure[node] = str(error)
            return []
        cost = cost_of(sampled)
        tree.cost += cost
        tree.asked[node] = tree.asked[node] + cost if node in tree.asked else cost
        # A model that overflows (float16) gives NaN, which as a prior would break every comparison.
        whole = [
            completion
            for completion in sampled.completions
            if completion.finish_reason not in _LOST and not isnan(completion.logprob)
        ]
        if len(whole) < count:
            lost = count - len(whole)
            tree.failure[node] = f"{lost} of {count} samples were lost by the engine or have no log-probability (NaN)"
        return whole

    async def grade(self, node: int, solutions: Sequence[str]) -> list[Verdict]:
        """The verdicts, in order. A solution that the verifier cannot grade gets an ungraded outcome."""
        problem, verifier = self._problem, self._setup.verifier
        solutions = [self._setup.without_end(solution) for solution in solutions]
        try:
            ready = verifier.verify_each_now(problem, solutions)
            verdicts = [verdict for verdict in ready if verdict is not None]
            if len(verdicts) < len(ready):
                slow = [solution for solution, verdict in zip(solutions, ready, strict=True) if verdict is None]
                late = iter(await together([verifier.averify(problem, solution) for solution in slow]))
                verdicts = [verdict or next(late) for verdict in ready]
        except VerifierError as error:
            verdicts = [Verdict(Outcome.ERROR, reason=str(error))] * len(solutions)
        for verdict in verdicts:
            if verdict.outcome in UNGRADED:
                self._tree.failure[node] = f"a verdict is {verdict.outcome}: {verdict.reason}"
        return verdicts

    def state(self, node: int) -> tuple[tuple[int, ...], str]:
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

    def forget_states(self) -> None:
        """Free the cached states. They are computed again when needed."""
        self._states.clear()


async def together(work: Sequence[Coroutine[Any, Any, T]]) -> list[T]:
    """Run coroutines concurrently. If one fails, cancel the others and raise its error unchanged."""
    if not work:
        return []
    # The first runs in the caller's task, which waits anyway.
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(coroutine) for coroutine in work[1:]]
    try:
        return [await work[0], *[await task for task in tasks]]
    except BaseException:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        raise
