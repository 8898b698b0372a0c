"""Strategies decide which node grows next and what is kept. Each has one file; the union below lists them.

A strategy is a section of the configuration, named by `kind`. It has `grow`, the algorithm, written against
astro.search.views.Growth; `effort`, the most work that it does for a tree; `check`, which raises ValueError if a tree
violates an invariant of the strategy; and `reuses_rollouts`, whether it supports search.reuse_rollouts.
"""

from typing import Annotated, get_args

from pydantic import Field

from astro.records.tree import Tree
from astro.search.strategies.beam import Beam
from astro.search.strategies.best_first import BestFirst
from astro.search.strategies.best_of_n import BestOfN
from astro.search.strategies.bfs import BreadthFirst
from astro.search.strategies.dfs import DepthFirst
from astro.search.strategies.lookahead import Lookahead
from astro.search.strategies.puct import Puct
from astro.search.strategies.samples import Samples
from astro.search.strategies.uct import Uct

Strategies = Puct | Uct | BestOfN | Beam | Lookahead | BreadthFirst | DepthFirst | Samples | BestFirst
AnyStrategy = Annotated[Strategies, Field(discriminator="kind")]

_CHECKS = {strategy.model_fields["kind"].default: strategy.check for strategy in get_args(Strategies)}


def check_tree(tree: Tree) -> None:
    """Check the invariants of every tree, and those of the strategy that made this one.

    Raises ValueError, naming the node, if one is violated, or if the strategy is unknown.
    """
    tree.check_invariants()
    if tree.strategy not in _CHECKS:
        raise ValueError(
            f"tree {tree.problem_id!r} was made by the strategy {tree.strategy!r}; known here: {', '.join(_CHECKS)}"
        )
    _CHECKS[tree.strategy](tree)


__all__ = [
    "AnyStrategy",
    "Beam",
    "BestFirst",
    "BestOfN",
    "BreadthFirst",
    "DepthFirst",
    "Lookahead",
    "Puct",
    "Samples",
    "Uct",
    "check_tree",
]
