"""Two controls that separate learned backtracking from permission to continue.

Both start from the free responses, which are not sampled again. A response gives up if it ended on its own and says
itself that it missed, or states no answer. Neither control reads the gold answer:

    nudge      If a response gives up, one fixed sentence is appended, and the model continues it, once, within the same
               max_tokens.
    ask_again  If a response gives up, the problem is asked again from the start, until a response does not give up or
               all of them together have used max_tokens.

A model that learned to backtrack must beat both at equal tokens: nudge gives nothing but a sentence, ask_again nothing
but another attempt.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from astro.errors import EngineDeadError, SamplingError
from astro.evaluation.budget import Answered, Budget
from astro.evaluation.settings import Continuation
from astro.models.completion import FinishReason
from astro.models.engine import Engine
from astro.models.prompting import PromptFormat
from astro.models.seeds import derive_seed
from astro.models.stats import cost_of
from astro.models.stops import before_stop
from astro.records.cost import Cost


@dataclass(slots=True)
class Continuer:
    """Continues the responses of one problem.

    prompt: token ids of the problem's prompt. gives_up: whether a finished response says that it missed, or states no
    answer.
    sentence: what the nudge appends, white space included. cost: what the continuations cost so far.
    """

    sampler: Engine
    prompt_format: PromptFormat
    prompt: Sequence[int]
    budget: Budget
    gives_up: Callable[[str], bool]
    sentence: str
    cost: Cost = field(default_factory=Cost)

    async def apply(self, continuation: Continuation, response: Answered, seed: int) -> Answered:
        """The continued response; tokens counts everything generated, including the free response.

        Raises EngineDeadError. If the context window is full, the response stays as it is.
        """
        if continuation is Continuation.NUDGE:
            return await self._nudge(response, seed)
        return await self._ask_again(response, seed)

    async def _nudge(self, response: Answered, seed: int) -> Answered:
        if not self._gives_up(response):
            return response
        begun = response.text + self.sentence
        prompt = [*self.prompt, *self.prompt_format.continuation_ids(self.prompt, begun)]
        said = await self._sample(prompt, self.budget.max_tokens - response.tokens, seed)
        if said is None:
            return response
        return replace(said, text=begun + said.text, tokens=response.tokens + said.tokens)

    async def _ask_again(self, response: Answered, seed: int) -> Answered:
        asked = 0
        while self._gives_up(response):
            again = await self._sample(
                self.prompt, self.budget.max_tokens - response.tokens, derive_seed(seed, "again", asked)
            )
            if again is None:
                break
            response = replace(again, tokens=response.tokens + again.tokens)
            asked += 1
        return response

    def _gives_up(self, response: Answered) -> bool:
        """Whether the response ended on its own, gives up, and leaves tokens to spend."""
        ended = response.failure is None and response.finish_reason is FinishReason.STOP
        return ended and response.tokens < self.budget.max_tokens and self.gives_up(response.text)

    async def _sample(self, prompt: Sequence[int], max_tokens: int, seed: int) -> Answered | None:
        stop = self.prompt_format.end_stop
        try:
            sampled = await self.sampler.sample(prompt, self.budget.params(1, max_tokens, seed, stop))
        except EngineDeadError:
            raise
        except SamplingError:  # the context window is full
            return None
        self.cost += cost_of(sampled)
        completion = sampled.completions[0]
        text, tokens = before_stop(completion.text, completion.stop), len(completion.token_ids)
        return Answered(text, len(self.prompt), tokens, completion.finish_reason)
