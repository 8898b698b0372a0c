"""Sample single steps: paragraph by paragraph, until the rule of the prompt says that the step is complete."""

from dataclasses import replace

from astro.models.completion import Completion, FinishReason
from astro.models.steps import LOOK_TOKENS, Need, StepEnd, step_end
from astro.search.asking import Requests, together
from astro.search.setup import SearchSetup

# Numbers of the calls that continue incomplete steps, which enter the seeds: beyond all calls that begin a step.
_CONTINUED, _ROUNDS = 1 << 22, 1 << 10


class StepRequests:
    """Samples the next steps at the nodes of one tree.

    A step of several paragraphs takes one request for each, after the first. After a list, a request of a few tokens
    shows whether the list continues; if it does not, these tokens are dropped.
    """

    def __init__(self, requests: Requests, setup: SearchSetup) -> None:
        self._requests, self._setup = requests, setup

    async def sample(
        self, node: int, call: int, count: int, *, after: tuple[int, ...] = (), greedy: bool = False
    ) -> list[Completion]:
        """Sample count next steps after node's path; see Requests.sample."""
        setup = self._setup
        begun = await self._requests.sample(
            node,
            call,
            count,
            max_tokens=setup.config.max_step_tokens,
            stop=setup.step_stop + setup.end_stop,
            after=after,
            greedy=greedy,
        )
        if setup.splitter.rule.least is None:
            return begun
        calls = [_CONTINUED + (call * count + number) * _ROUNDS for number in range(len(begun))]
        steps = await together(
            [
                self._completed(node, first, step, after=after, greedy=greedy)
                for first, step in zip(calls, begun, strict=True)
            ]
        )
        return [step for step in steps if step is not None]

    async def _completed(
        self, node: int, call: int, step: Completion, *, after: tuple[int, ...], greedy: bool
    ) -> Completion | None:
        """The step with the paragraphs that it needs; None if the engine lost one of them."""
        setup, asked = self._setup, 0
        limit = setup.config.max_step_tokens
        while True:
            end = step_end(step, setup.end_stop)
            step, need = setup.splitter.first(step)
            # A look that is cut off is as long as it was asked to be, unless the context window is full.
            may_grow = end is StepEnd.DELIMITER or (end is StepEnd.CUT and asked == LOOK_TOKENS)
            if need is Need.NOTHING or not may_grow:
                return step
            asked = min(LOOK_TOKENS if need is Need.LOOK else limit, limit - len(step.token_ids))
            if asked <= 0:
                return replace(step, finish_reason=FinishReason.LENGTH, stop=None)
            more = await self._requests.sample(
                node,
                call,
                1,
                max_tokens=asked,
                stop=setup.step_stop + setup.end_stop,
                after=after + step.token_ids,
                greedy=greedy,
            )
            if not more:
                return None
            if need is Need.PARAGRAPH or len(more[0].token_ids) < asked:
                asked = 0
            step, call = setup.splitter.with_more(step, more[0]), call + 1
