"""What strategies and evaluators see of a search: the two interfaces that a new one is written against."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from astro.records.tree import Tree


class Effort(NamedTuple):
    """The most that a strategy does for one tree, for an estimate before a run.

    expansions: of nodes. solutions: sampled whole from the root. ahead: steps that each new node is continued by.
    """

    expansions: int
    solutions: int = 0
    ahead: int = 0


class Growth(Protocol):
    """A growing tree, as the strategy that directs it sees it; astro.search.grower.Grower is one."""

    @property
    def tree(self) -> Tree:
        """The tree so far; a strategy reads it and never writes to it."""
        ...

    @property
    def expansions_left(self) -> int:
        """How many more expansions the budget allows."""
        ...

    def goes_on(self) -> bool:
        """Whether to go on: False once a budget is spent, the goal is met, or nothing is left to expand."""
        ...

    async def plant(self) -> None:
        """Evaluate the root and back it up."""
        ...

    async def expand(self, leaves: Sequence[int]) -> list[int]:
        """Sample k next steps at each leaf, at the same time, and add the different ones as children.

        Returns the children, those of the first leaf first. A leaf from which nothing could be sampled becomes a
        terminal.
        """
        ...

    async def evaluate(self, nodes: Sequence[int], *, ahead: int = 0) -> None:
        """Set the reward of each node by the evaluator, all at the same time.

        ahead: how many steps to continue an open node by before it is evaluated; the reward is that of where they lead.
        """
        ...

    def backup(self, nodes: Sequence[int]) -> None:
        """Add the rewards of new nodes to the values above them; parents come before children, siblings together."""
        ...

    async def solve(self, count: int) -> None:
        """Sample count whole solutions from the root, add them as paths, evaluate their ends, and set all values."""
        ...


class Evidence(Protocol):
    """Ways to learn what a node is worth, as an evaluator sees them; astro.search.evidence.TreeEvidence is one.

    What they learn is recorded in the tree: rollouts, verdicts, and the reason where something was lost.
    """

    @property
    def tree(self) -> Tree:
        """The tree so far."""
        ...

    async def judge(self, node: int) -> float | None:
        """Verify the solution that ends at node: 1.0 or 0.0, or None where there is no verdict."""
        ...

    async def roll_out(self, node: int) -> float | None:
        """The share of rollouts from node that are correct, or None where none could be graded."""
        ...

    async def score(self, node: int) -> float | None:
        """The scorer's value of the solution up to node, in [0, 1], or None where it gave none."""
        ...
