"""Search over reasoning steps: many trees at once, each grown by a strategy and valued by an evaluator."""

from astro.records.cost import Cost
from astro.records.tree import NO_PARENT, ROOT, Rollout, Stop, Terminal, Tree
from astro.search.grower import search
from astro.search.runner import search_many
from astro.search.selection import Prior
from astro.search.settings import SearchConfig
from astro.search.setup import Scorer, SearchSetup
from astro.search.solutions import best_solution
from astro.search.strategies import check_tree

__all__ = [
    "NO_PARENT",
    "ROOT",
    "Cost",
    "Prior",
    "Rollout",
    "Scorer",
    "SearchConfig",
    "SearchSetup",
    "Stop",
    "Terminal",
    "Tree",
    "best_solution",
    "check_tree",
    "search",
    "search_many",
]
