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

_WRONG_JUDGED = 2  # wrong ends of one tree on which the judge is measured


class Evaluator:
    """Requests votes on the solutions of one tree and counts them.

    counts: by name: votes.* on right ends, by kind; judge.right.* and judge.wrong.*, which measure the judge: ends,
        accepted (with enough yes votes), votes, and yes. These hold only ends that were drawn whatever the judge said.
    cost: of all requests.
    """

    def __init__(
        self, judge: Model, prompts: PromptSet, config: TracesConfig, seed: int, *, end_stop: Sequence[str] = ()
    ) -> None:
        """end_stop: strings that end a solution of the solver; the judge does not see them."""
        self.counts: Counter[str] = Counter()
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
            # Later batches depend on the votes on earlier ones, so they say less about the judge.
            measured = "right" if asked == 0 else None
            asked += len(batch)
            good = await asyncio.gather(*(self._is_good(tree, problem, terminal, measured) for terminal in batch))
            kept += [terminal for terminal, is_good in zip(batch, good, strict=True) if is_good]
        return kept, asked - len(kept)

    async def measure_on_wrong(self, tree: Tree, problem: Problem, terminals: Sequence[int]) -> None:
        """Ask about some wrong terminals, to learn whether the judge can tell them from right ones."""
        rng = random.Random(derive_seed(self._seed, problem.id, "measure"))  # noqa: S311 - not secrets
        drawn = rng.sample(list(terminals), k=min(_WRONG_JUDGED, len(terminals)))
        await asyncio.gather(*(self._is_good(tree, problem, terminal, "wrong") for terminal in drawn))

    async def _is_good(self, tree: Tree, problem: Problem, terminal: int, measured: str | None) -> bool:
        """Whether enough votes are yes. measured: count them under this name."""
        config = self._config
        if config.votes == 0:
            return True
        votes = await self._votes(tree, problem, terminal)
        accepted = votes[Vote.YES] / config.votes >= config.agreement
        if measured != "wrong":
            self.counts.update({f"votes.{vote}": count for vote, count in votes.items()})
        if measured is not None:
            figures = {"ends": 1, "accepted": accepted, "votes": config.votes, "yes": votes[Vote.YES]}
            self.counts.update({f"judge.{measured}.{name}": count for name, count in figures.items()})
        return accepted

    async def _votes(self, tree: Tree, problem: Problem, terminal: int) -> Counter[Vote]:
        config = self._config
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
            return Counter({Vote.UNREADABLE: config.votes})
        self.cost += cost
        return Counter(map(read_vote, replies))
