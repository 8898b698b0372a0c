"""Where a trace goes back to, and the attempts that follow, chosen without knowing how the trace ends.

The paper's traces are planned: their right end is known, and each way back goes to where the next path leaves. At a way
back of the last attempt the state is then always one that leads to the answer, which a model cannot know. Here the
choice rests on what the search knew (Returns.SEARCH) or on what it estimated (Returns.VALUES).
"""

import random
from collections import defaultdict
from collections.abc import Mapping, Sequence

from astro.records.tree import ROOT, Tree
from astro.traces.pauses import ends_whole
from astro.verify import Outcome


def in_search_order(by_answer: Mapping[str, Sequence[int]], correct: int, k: int) -> list[int]:
    """The last k wrong ends with different answers that the search came to before this right one, in its order.

    by_answer: wrong terminals by their answer. Fewer if the search had come to fewer.
    """
    latest = (max((end for end in ends if end < correct), default=None) for ends in by_answer.values())
    return sorted(end for end in latest if end is not None)[-k:] if k else []


def by_values(
    tree: Tree, by_answer: Mapping[str, Sequence[int]], kept: Sequence[int], most: int, rng: random.Random
) -> list[int] | None:
    """Attempts from a wrong one to the first right one, each return to the state of highest value.

    After each wrong end the trace goes back to the state of its path with the highest value among those from which
    another end can be reached, the deepest of equals. The next end is drawn from all that are reached from there, right
    or wrong. Wrong ends have different answers. None if most of them do not lead to a right one.
    """
    left = {end: answer for answer, ends in by_answer.items() for end in ends}
    attempts: list[int] = []
    current = rng.choice(sorted(left)) if left else None
    while current is not None and len(attempts) < most:
        attempts.append(current)
        left = {end: answer for end, answer in left.items() if answer != left[current]}
        places: dict[int, list[int]] = defaultdict(list)
        for end in [*kept, *sorted(left)]:
            places[landing(tree, current, end)].append(end)
        if not places:
            return None
        back = max(places, key=lambda node: (worth(tree, node) or 0.0, tree.depth[node]))
        current = rng.choice(places[back])
        if current in kept:
            return [*attempts, current]
    return None


def worth(tree: Tree, node: int) -> float | None:
    """V of a node, which the search gave it; of a grafted node its verdict, and None if it has none."""
    if not tree.grafted[node]:
        return tree.value[node]
    outcome = tree.outcome[node]
    return float(outcome is Outcome.CORRECT) if outcome in {Outcome.CORRECT, Outcome.INCORRECT} else None


def landing(tree: Tree, one: int, two: int) -> int:
    """The node to go back to between two attempts: their lowest common ancestor that has a value and a whole step."""
    node = ROOT
    for left, right in zip(tree.path(one), tree.path(two), strict=False):
        if left != right:
            break
        if left != ROOT and not tree.grafted[left] and ends_whole(tree.text[left]):
            node = left
    return node
