"""Whether a rewrite and its step say the same, asked of a judge where the rules cannot tell."""

import asyncio
from enum import StrEnum

from astro.models.asking import Model
from astro.models.seeds import derive_seed
from astro.models.votes import Vote, read_vote
from astro.records.cost import Cost
from astro.traces.prompting import PromptSet


class Entailment(StrEnum):
    """What the judge said."""

    SAME = "same"  # each follows from the other
    LOSES = "loses"  # the step does not follow from the rewrite
    ADDS = "adds"  # the rewrite does not follow from the step
    UNREADABLE = "unreadable"  # a reply without a vote


async def entails_both_ways(
    judge: Model, prompts: PromptSet, step: str, rewrite: str, seed: int, *, max_tokens: int
) -> tuple[Entailment, Cost]:
    """Ask whether the rewrite follows from the step, and the step from the rewrite: two requests, greedy.

    Raises SamplingError as the judge does.
    """
    pairs = ((step, rewrite), (rewrite, step))
    asked = await asyncio.gather(
        *(
            judge.ask(
                prompts.entails(premise, claim),
                derive_seed(seed, "entails", number),
                temperature=0.0,
                max_tokens=max_tokens,
            )
            for number, (premise, claim) in enumerate(pairs)
        )
    )
    (forward, forward_cost), (backward, backward_cost) = asked
    votes = read_vote(forward[0]), read_vote(backward[0])
    cost = forward_cost + backward_cost
    if Vote.UNREADABLE in votes:
        return Entailment.UNREADABLE, cost
    if votes[0] is Vote.NO:
        return Entailment.ADDS, cost
    return (Entailment.SAME if votes[1] is Vote.YES else Entailment.LOSES), cost
