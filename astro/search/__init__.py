"""Tree search over reasoning steps: many trees in flight, each grown by PUCT and verified rollouts."""

from astro.records.cost import Cost
from astro.records.tree import NO_PARENT, ROOT, Rollout, Stop, Terminal, Tree
from astro.search.mcts import search
from astro.search.runner import search_many
from astro.search.settings import Prior, Rule, SearchConfig
from astro.search.setup import SearchSetup

__all__ = [
    "NO_PARENT",
    "ROOT",
    "Cost",
    "Prior",
    "Rollout",
    "Rule",
    "SearchConfig",
    "SearchSetup",
    "Stop",
    "Terminal",
    "Tree",
    "search",
    "search_many",
]
