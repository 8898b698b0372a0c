"""The interfaces of a search: Growth for strategies, Evidence for evaluators."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from astro.records.tree import Tree


class Effort(NamedTuple):
    """Upper limits of a strategy's work for one tree, for an estimate before a run.

    expansions: of nodes. solutions: sampled whole from the root. ahead: steps that continue each new node.
    """

    expansions: int
    solutions: int = 0
    ahead: int = 0


class Growth(Protocol):
    """A growing tree, as its strategy sees it; astro.search.grower.Grower implements it."""

    @property
    def tree(self) -> Tree:
        """The tree so far. A strategy only reads it."""
        ...

    @property
    def expansions_left(self) -> int:
        """Number of expansions left in the budget."""
        ...

    def can_continue(self) -> bool:
        """Whether the search may continue: False once a budget is spent, the goal is met or no node can be expanded."""
        ...

    async def plant(self) -> None:
        """Evaluate the root and back it up."""
        ...

    async def expand(self, leaves: Sequence[int]) -> list[int]:
        """Sample k next steps at each leaf, concurrently, and add the different ones as children.

        Returns the children, those of the first leaf first. A leaf where every sample is lost becomes a terminal.
        """
        ...

    async def evaluate(self, nodes: Sequence[int], *, ahead: int = 0) -> None:
        """Set the reward of each node by the evaluator, concurrently.

        ahead: number of steps to continue an open node before its evaluation; the reward is the value reached.
        """
        ...

    def backup(self, nodes: Sequence[int]) -> None:
        """Add the rewards of new nodes to the values of their ancestors. Parents precede children; siblings adjoin."""
        ...

    async def solve(self, count: int) -> None:
        """Sample count whole solutions from the root, add them as paths, evaluate their ends, and set all values."""
        ...


class Evidence(Protocol):
    """The sources of a node's value, as an evaluator sees them; astro.search.evidence.TreeEvidence implements it.

    The tree records the evidence: rollouts, verdicts, and the reason if something was lost.
    """

    @property
    def tree(self) -> Tree:
        """The tree so far."""
        ...

    async def judge(self, node: int) -> float | None:
        """Verify the solution that ends at node: 1.0 or 0.0; None without a verdict."""
        ...

    async def roll_out(self, node: int) -> float | None:
        """The share of rollouts from node that are correct; None if none could be graded."""
        ...

    async def score(self, node: int) -> float | None:
        """The scorer's value of the solution up to node, in [0, 1]; None if it gave none."""
        ...
