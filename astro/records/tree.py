"""The search tree: flat parallel lists, one entry a node, integer parents, the root at 0.

A node is a state: the problem and the steps on the path from the root. A parent is always older than its children, so
a loop over the nodes in order is a walk from the top, and in reverse order from the bottom.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from astro.verify import Outcome

if TYPE_CHECKING:
    import networkx as nx

ROOT = 0
NO_PARENT = -1
UNGRADED = frozenset({Outcome.TIMED_OUT, Outcome.ERROR})
_CORRECT = Outcome.CORRECT  # asked of every rollout; looking a member up in its enum takes longer than comparing it


class Terminal(StrEnum):
    """Why a node has no next step, or that it may have one."""

    NONE = "none"  # open: it can be expanded
    ANSWER = "answer"  # ends with a final answer, graded or not
    UNANSWERED = "unanswered"  # the model ended its turn without a final answer
    TRUNCATED = "truncated"  # the step reached its token limit before the delimiter
    DEPTH = "depth"  # at the depth limit: evaluated, never expanded
    FAILED = "failed"  # the engine or the verifier refused it; the node's failure says why


class Stop(StrEnum):
    """Why a tree stopped growing."""

    SIMULATIONS = "simulations"  # the budget of simulations is spent
    NODES = "nodes"  # ... of nodes
    TOKENS = "tokens"  # ... of generated tokens
    SECONDS = "seconds"  # ... of wall time
    EXHAUSTED = "exhausted"  # nothing is left to expand
    GOAL = "goal"  # the tree has what its traces need
    FAILED = "failed"  # the root could not be evaluated; its failure says why


class Rollout(NamedTuple):
    """A completion sampled from a node to the end of the solution, and its verdict.

    text: what follows the node's path.
    tokens: length of text in tokens.
    """

    text: str
    tokens: int
    outcome: Outcome
    answer: str | None
    canonical: str | None


class Tally(NamedTuple):
    """Rollouts of a node: correct <= graded <= sampled; timed out and failed verdicts are not graded."""

    correct: int
    graded: int
    sampled: int

    @property
    def reward(self) -> float:
        """The share of graded rollouts that are correct, in [0, 1]; 0.0 where none was graded."""
        return self.correct / self.graded if self.graded else 0.0


@dataclass(slots=True)
class Cost:
    """What a tree has cost so far.

    calls: requests to the engine. prompt_tokens: tokens of their prompts, each request's prompt once.
    cached_tokens: how many of those the prefix cache held. generated_tokens: tokens sampled, in steps and rollouts.
    seconds: wall time from the first request to the end, waiting included.
    """

    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0
    seconds: float = 0.0


@dataclass(slots=True, repr=False)
class Tree:
    """One problem's search. Entry i of every list belongs to node i.

    parent: index of the parent, NO_PARENT for the root. children: indices, oldest first. depth: steps from the root.
    text, token_ids: the step; empty at the root. Delimiters are part of the text.
    logprob: nats, summed over the step's tokens. samples: how many identical samples merged into this node.
    prior: share of the siblings' prior mass, summing to 1 over siblings; 1.0 at the root. Grafted nodes have 0.0.
    visits: N >= 1. value: V in [0, 1]. reward: R in [0, 1], the node's own evaluation, or its parent's where
        nothing could be graded: no rollout came back, or none with a verdict. total: V * N.
    rollouts: completions sampled from the node. terminal: why it has no next step.
    outcome, answer, canonical: the verdict on a node that ends a solution, otherwise None.
    simulation: when it was added: 0 for the root, 1 for the first simulation's children.
    exhausted: nothing in its subtree can be expanded. failure: why samples of this node were lost, or None.
    """

    problem_id: str
    prompt_ids: tuple[int, ...]
    seed: int
    stop: Stop | None = None
    cost: Cost = field(default_factory=Cost)
    parent: list[int] = field(default_factory=list)
    children: list[list[int]] = field(default_factory=list)
    depth: list[int] = field(default_factory=list)
    text: list[str] = field(default_factory=list)
    token_ids: list[tuple[int, ...]] = field(default_factory=list)
    logprob: list[float] = field(default_factory=list)
    samples: list[int] = field(default_factory=list)
    prior: list[float] = field(default_factory=list)
    visits: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    reward: list[float] = field(default_factory=list)
    total: list[float] = field(default_factory=list)
    rollouts: list[list[Rollout]] = field(default_factory=list)
    terminal: list[Terminal] = field(default_factory=list)
    outcome: list[Outcome | None] = field(default_factory=list)
    answer: list[str | None] = field(default_factory=list)
    canonical: list[str | None] = field(default_factory=list)
    simulation: list[int] = field(default_factory=list)
    exhausted: list[bool] = field(default_factory=list)
    failure: list[str | None] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.parent)

    def __repr__(self) -> str:
        return f"<Tree of {self.problem_id!r}, {len(self)} nodes, stop={self.stop}>"

    def add(
        self,
        parent: int,
        text: str,
        token_ids: tuple[int, ...],
        *,
        logprob: float = 0.0,
        samples: int = 1,
        prior: float = 1.0,
        terminal: Terminal = Terminal.NONE,
        simulation: int = 0,
    ) -> int:
        """Append a node, not yet visited, and return its index."""
        node = len(self.parent)
        self.parent.append(parent)
        self.children.append([])
        self.text.append(text)
        self.token_ids.append(token_ids)
        self.logprob.append(logprob)
        self.samples.append(samples)
        self.prior.append(prior)
        self.visits.append(0)
        self.value.append(0.0)
        self.reward.append(0.0)
        self.total.append(0.0)
        self.rollouts.append([])
        self.terminal.append(terminal)
        self.outcome.append(None)
        self.answer.append(None)
        self.canonical.append(None)
        self.simulation.append(simulation)
        self.exhausted.append(terminal is not Terminal.NONE)
        self.failure.append(None)
        if parent == NO_PARENT:
            self.depth.append(0)
        else:
            self.depth.append(self.depth[parent] + 1)
            self.children[parent].append(node)
        return node

    def path(self, node: int) -> list[int]:
        """The nodes from the root to node, both included."""
        path = []
        while node != NO_PARENT:
            path.append(node)
            node = self.parent[node]
        path.reverse()
        return path

    def solution(self, node: int) -> str:
        """The text of the steps from the root to node."""
        return "".join([self.text[step] for step in self.path(node)])

    def prompt_ids_at(self, node: int) -> tuple[int, ...]:
        """The token ids that the model continues at node: the prompt's, then each step's own."""
        return self.prompt_ids + tuple([token for step in self.path(node) for token in self.token_ids[step]])

    def tally(self, node: int) -> Tally:
        """Count the node's rollouts."""
        rollouts = self.rollouts[node]
        correct = ungraded = 0
        for rollout in rollouts:
            if rollout.outcome is _CORRECT:
                correct += 1
            elif rollout.outcome in UNGRADED:
                ungraded += 1
        return Tally(correct, len(rollouts) - ungraded, len(rollouts))

    def answered(self) -> Iterator[int]:
        """The nodes that end with a final answer, oldest first."""
        return (node for node, terminal in enumerate(self.terminal) if terminal is Terminal.ANSWER)

    def to_networkx(self) -> "nx.DiGraph[int]":
        """The tree as a directed graph with the fields of every node; see astro.search.export."""
        from astro.search.export import to_networkx  # noqa: PLC0415 - export knows the tree, and networkx is heavy

        return to_networkx(self)

    def rows(self) -> list[dict[str, Any]]:
        """One JSON-able dictionary a node, for a table; from_rows() reads them back.

        The columns are the fields, beside problem_id, node, verdict (the outcome), the rollout counts sampled, graded
        and correct, and tree: facts about the whole tree, on the root's row only. Seconds and cached tokens depend on
        the machine's load and are left out, so that the same seed gives the same rows.
        """
        return [self._row(node) for node in range(len(self))]

    def _row(self, node: int) -> dict[str, Any]:
        correct, graded, sampled = self.tally(node)
        outcome = self.outcome[node]
        return {
            "problem_id": self.problem_id,
            "node": node,
            "parent": self.parent[node],
            "depth": self.depth[node],
            "text": self.text[node],
            "token_ids": list(self.token_ids[node]),
            "logprob": self.logprob[node],
            "samples": self.samples[node],
            "prior": self.prior[node],
            "visits": self.visits[node],
            "value": self.value[node],
            "reward": self.reward[node],
            "sampled": sampled,
            "graded": graded,
            "correct": correct,
            "rollouts": [rollout._asdict() | {"outcome": rollout.outcome.value} for rollout in self.rollouts[node]],
            "terminal": self.terminal[node].value,
            "answer": self.answer[node],
            "canonical": self.canonical[node],
            "verdict": None if outcome is None else outcome.value,
            "simulation": self.simulation[node],
            "exhausted": self.exhausted[node],
            "failure": self.failure[node],
            "tree": self._facts() if node == ROOT else None,
        }

    def _facts(self) -> dict[str, Any]:
        return {
            "seed": self.seed,
            "prompt_ids": list(self.prompt_ids),
            "stop": None if self.stop is None else self.stop.value,
            "calls": self.cost.calls,
            "prompt_tokens": self.cost.prompt_tokens,
            "generated_tokens": self.cost.generated_tokens,
        }

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> "Tree":
        """Rebuild a tree from the rows of rows(), in node order.

        Raises ValueError if the rows are not one whole tree in order, or break an invariant.
        """
        if [row["node"] for row in rows] != list(range(len(rows))) or not rows:
            raise ValueError(f"a tree is read from the rows of all its nodes in order, not from {len(rows)} rows")
        facts = rows[ROOT]["tree"]
        if facts is None:
            raise ValueError("the root's row has no facts about its tree (column 'tree')")
        tree = cls(
            problem_id=rows[ROOT]["problem_id"],
            prompt_ids=tuple(facts["prompt_ids"]),
            seed=facts["seed"],
            stop=None if facts["stop"] is None else Stop(facts["stop"]),
            cost=Cost(
                calls=facts["calls"], prompt_tokens=facts["prompt_tokens"], generated_tokens=facts["generated_tokens"]
            ),
        )
        for row in rows:
            tree._add_row(row)
        for node in range(len(tree) - 1, ROOT - 1, -1):
            tree.total[node] = tree.reward[node] + sum(tree.total[child] for child in tree.children[node])
        tree.check_invariants()
        return tree

    def _add_row(self, row: Mapping[str, Any]) -> None:
        if not NO_PARENT <= row["parent"] < row["node"] or (row["parent"] == NO_PARENT) != (row["node"] == ROOT):
            raise ValueError(f"node {row['node']} has the parent {row['parent']}; a parent is an older node")
        node = self.add(
            row["parent"],
            row["text"],
            tuple(row["token_ids"]),
            logprob=row["logprob"],
            samples=row["samples"],
            prior=row["prior"],
            terminal=Terminal(row["terminal"]),
            simulation=row["simulation"],
        )
        self.visits[node], self.value[node], self.reward[node] = row["visits"], row["value"], row["reward"]
        self.rollouts[node] = [
            Rollout(**{**rollout, "outcome": Outcome(rollout["outcome"])}) for rollout in row["rollouts"]
        ]
        self.outcome[node] = None if row["verdict"] is None else Outcome(row["verdict"])
        self.answer[node], self.canonical[node] = row["answer"], row["canonical"]
        self.exhausted[node], self.failure[node] = row["exhausted"], row["failure"]

    def check_invariants(self, tolerance: float = 1e-9) -> None:
        """Raise ValueError, naming the node, where one of these does not hold.

        N(S) = 1 + sum N(children); V(S) = (sum V(c) N(c) + R(S)) / (sum N(c) + 1); V, R and priors in [0, 1];
        a node with children is not terminal; a terminal is exhausted, as is a node whose children all are.
        """
        for node, children in enumerate(self.children):
            below = sum(self.visits[child] for child in children)
            mean = (sum(self.value[child] * self.visits[child] for child in children) + self.reward[node]) / (below + 1)
            closed = self.terminal[node] is not Terminal.NONE
            wrong = None
            if self.visits[node] != below + 1:
                wrong = f"N = {self.visits[node]}, but 1 + the visits of its children is {below + 1}"
            elif abs(self.value[node] - mean) > tolerance:
                wrong = f"V = {self.value[node]}, but the mean over its subtree is {mean}"
            elif not (0 <= self.value[node] <= 1 and 0 <= self.reward[node] <= 1 and 0 <= self.prior[node] <= 1):
                wrong = "a value, reward or prior outside [0, 1]"
            elif closed and children:
                wrong = f"terminal ({self.terminal[node]}) with {len(children)} children"
            elif closed and not self.exhausted[node]:
                wrong = f"terminal ({self.terminal[node]}) but not exhausted"
            elif children and self.exhausted[node] != all(self.exhausted[child] for child in children):
                wrong = f"exhausted = {self.exhausted[node]} does not follow from its children"
            if wrong:
                raise ValueError(f"tree {self.problem_id!r}, node {node}: {wrong}")
