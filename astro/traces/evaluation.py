"""Self-evaluation: a judge votes on each correct solution, to exclude answers that are right by luck."""

import asyncio
import random
from collections import Counter
from collections.abc import Sequence

from astro.errors import EngineDeadError, SamplingError
from astro.models.asking import Model
from astro.models.seeds import derive_seed
from astro.models.stops import before_stop
from astro.models.votes import Vote, read_vote
from astro.records.cost import Cost
from astro.records.problem import Problem
from astro.records.tree import Tree
from astro.traces.config import TracesConfig
from astro.traces.prompting import PromptSet


class Evaluator:
    """Requests votes on the solutions of one tree and counts them.

    counts: votes by kind. cost: of all requests.
    """

    def __init__(
        self, judge: Model, prompts: PromptSet, config: TracesConfig, seed: int, *, end_stop: Sequence[str] = ()
    ) -> None:
        """end_stop: strings that end a solution of the solver; the judge does not see them."""
        self.counts: Counter[Vote] = Counter()
        self.cost = Cost()
        self._judge, self._prompts, self._config, self._seed = judge, prompts, config, seed
        self._end_stop = end_stop

    async def agreed(
        self, tree: Tree, problem: Problem, terminals: Sequence[int], wanted: int, rng: random.Random
    ) -> tuple[list[int], int]:
        """Draw up to wanted terminals that the judge accepts. Returns them, and the number of rejected ones.

        Terminals are judged in random order until enough are accepted, so the result is a random sample of all that the
        judge would accept.
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
        for stop in self._end_stop:
            solution = before_stop(solution, stop)
        try:
            replies, cost = await self._judge.ask(
                self._prompts.evaluate(problem.prompt, solution.strip()),
                derive_seed(self._seed, problem.id, "evaluate", terminal),
                temperature=config.evaluation_temperature,
                max_tokens=config.evaluation_max_tokens,
                n=config.votes,
            )
        except EngineDeadError:
            raise
        except SamplingError:  # too long for the model's context window
            self.counts[Vote.UNREADABLE] += config.votes
            return False
        votes = Counter(read_vote(reply) for reply in replies)
        self.counts += votes
        self.cost += cost
        return votes[Vote.YES] / config.votes >= config.agreement
