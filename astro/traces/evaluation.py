"""Self-evaluation: a judge votes on each correct solution, so that right answers by luck are left out."""

import asyncio
import random
import re
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from astro.errors import EngineDeadError, SamplingError
from astro.models.seeds import derive_seed
from astro.models.stops import before_stop
from astro.records.cost import Cost
from astro.records.problem import Problem
from astro.records.tree import Tree
from astro.traces.asking import Model, Reply
from astro.traces.config import TracesConfig
from astro.traces.prompting import PromptSet

_WORDS = re.compile(r"[^\W\d_]+")


class Vote(StrEnum):
    """One reply to the question whether a solution is good."""

    YES = "yes"
    NO = "no"
    UNREADABLE = "unreadable"  # neither, both, or cut off before it was said


def read_vote(reply: Reply) -> Vote:
    """Yes or no if that is the reply's first word and the other word is nowhere in it."""
    words = _WORDS.findall(reply.text.lower())
    if not words or {"yes", "no"} <= set(words):
        return Vote.UNREADABLE
    return {"yes": Vote.YES, "no": Vote.NO}.get(words[0], Vote.UNREADABLE)


class Evaluator:
    """Asks for votes on solutions of one tree and counts them.

    counts: votes by kind. cost: of all requests.
    """

    def __init__(self, model: Model, prompts: PromptSet, config: TracesConfig, seed: int) -> None:
        self.counts: Counter[Vote] = Counter()
        self.cost = Cost()
        self._model, self._prompts, self._config, self._seed = model, prompts, config, seed

    async def agreed(
        self, tree: Tree, problem: Problem, terminals: Sequence[int], wanted: int, rng: random.Random
    ) -> tuple[list[int], int]:
        """Draw up to wanted terminals that the judge accepts; returns them and how many it refused.

        Terminals are drawn in random order and asked about only as long as they are needed, so those returned are a
        random sample of all that the judge would accept.
        """
        order = rng.sample(list(terminals), k=len(terminals))
        kept: list[int] = []
        asked = 0
        while len(kept) < wanted and asked < len(order):
            batch = order[asked : asked + wanted - len(kept)]
            asked += len(batch)
            good = await asyncio.gather(*(self._is_good(tree, problem, terminal) for terminal in batch))
            kept += [terminal for terminal, is_good in zip(batch, good, strict=True) if is_good]
        return kept, asked - len(kept)

    async def _is_good(self, tree: Tree, problem: Problem, terminal: int) -> bool:
        config = self._config
        if config.votes == 0:
            return True
        solution = tree.solution(terminal)
        for stop in self._model.prompt_format.end_stop:
            solution = before_stop(solution, stop)
        try:
            replies, cost = await self._model.ask(
                self._prompts.evaluate(problem.prompt, solution.strip()),
                derive_seed(self._seed, problem.id, "evaluate", terminal),
                temperature=config.evaluation_temperature,
                max_tokens=config.evaluation_max_tokens,
                n=config.votes,
            )
        except EngineDeadError:
            raise
        except SamplingError:  # too long for the model to look at
            self.counts[Vote.UNREADABLE] += config.votes
            return False
        votes = Counter(read_vote(reply) for reply in replies)
        self.counts += votes
        self.cost += cost
        return votes[Vote.YES] / config.votes >= config.agreement
