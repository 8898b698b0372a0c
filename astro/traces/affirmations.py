"""Positive reflections of a trace: after steps of high value, by the same rule in every attempt, right or wrong.

What decides is the estimate of the step alone, from rollouts of its own that know nothing of the attempt. So an
affirmation says no more about the end of its attempt than the value of its step does (docs/decisions/0008).
"""

import random
from collections.abc import Sequence

from astro.records.trace import Move, Visit
from astro.records.tree import Tree
from astro.search.estimates import estimate
from astro.traces.config import FinalReflection, TracesConfig
from astro.traces.pauses import may_pause

_SURE = 3  # fewest rollouts behind a value that is affirmed, sampled whatever their outcomes
_APART = 2  # steps: affirmations are further apart


def affirmed(tree: Tree, visits: Sequence[Visit], config: TracesConfig, rng: random.Random) -> list[Visit]:
    """The visits with positive reflections.

    No attempt is affirmed at its first step, so that two affirmations are never within two steps of each other, whether
    a way back is between them or not. The paper's reflection after the conclusion (FinalReflection.AFTER) follows right
    answers only, and no other one is near it.
    """
    attempts = _attempts(visits)
    chosen: set[int] = set()
    for attempt in attempts:
        ends = attempt is attempts[-1] and config.final_reflection is FinalReflection.AFTER
        places = [len(attempt) - 1] if ends else []
        good = [
            place for place in _places(attempt, config) if _is_good(tree, visits, attempt[place], config.high_value)
        ]
        most = config.high_value_reflections + len(places)
        for place in rng.sample(good, k=len(good)):
            if len(places) < most and all(abs(place - other) > _APART for other in places):
                places.append(place)
        chosen.update(attempt[place] for place in places)
    reflected: list[Visit] = []
    for index, visit in enumerate(visits):
        reflected.append(visit)
        if index in chosen:
            reflected.append(Visit(visit.node, Move.REFLECT))
    return reflected


def _attempts(visits: Sequence[Visit]) -> list[list[int]]:
    """The indices of the steps of each attempt."""
    attempts: list[list[int]] = [[]]
    for index, visit in enumerate(visits):
        if visit.move is Move.BACKTRACK:
            attempts.append([])
        elif visit.move is not Move.REFLECT:
            attempts[-1].append(index)
    return attempts


def _places(attempt: Sequence[int], config: TracesConfig) -> range:
    """The steps of an attempt that may be affirmed: neither the first nor the last."""
    last = len(attempt) - 2 if config.final_reflection is FinalReflection.NONE else len(attempt) - 1
    return range(1, last)


def _is_good(tree: Tree, visits: Sequence[Visit], index: int, least: float) -> bool:
    """Whether the value of a step is high, and no sentence goes on after it."""
    node, following = visits[index].node, visits[index + 1].node
    known = estimate(tree, node)
    sure = known is not None and known.fixed >= _SURE and known.value >= least
    return sure and may_pause(tree.text[node], tree.text[following])
