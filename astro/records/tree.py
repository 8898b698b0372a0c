"""The search tree: flat parallel lists, one entry a node, integer parents, the root at 0.

A node is a state: the problem and the steps on the path from the root. A parent precedes its children, so a loop over
the nodes in order walks the tree from the top; in reverse order, from the bottom.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from astro.records.columns import Column, ListOf, Row, Struct, Table
from astro.records.cost import SEEDED_COST, Cost
from astro.verify import Outcome

if TYPE_CHECKING:
    import networkx as nx

    from astro.records.picture import Drawn

ROOT = 0
NO_PARENT = -1
UNGRADED = frozenset({Outcome.TIMED_OUT, Outcome.ERROR})
_CORRECT = Outcome.CORRECT  # read for every rollout; an enum lookup takes longer than the comparison


class Terminal(StrEnum):
    """Whether a node can have a next step, and if not, why."""

    NONE = "none"  # open: it can be expanded
    ANSWER = "answer"  # ends with a final answer, graded or not
    UNANSWERED = "unanswered"  # the model ended its turn without a final answer
    TRUNCATED = "truncated"  # the step reached its token limit before the delimiter
    DEPTH = "depth"  # at the depth limit: evaluated, never expanded
    FAILED = "failed"  # the engine or the verifier failed; the node's failure says why


class Stop(StrEnum):
    """Why a tree stopped growing."""

    SIMULATIONS = "simulations"  # the budget of simulations is spent
    NODES = "nodes"  # ... of nodes
    TOKENS = "tokens"  # ... of generated tokens
    SECONDS = "seconds"  # ... of wall time
    EXHAUSTED = "exhausted"  # nothing is left to expand
    GOAL = "goal"  # the tree has what its traces need
    DONE = "done"  # the strategy has no node left to grow
    FAILED = "failed"  # the root could not be evaluated; its failure says why


class Rollout(NamedTuple):
    """A completion sampled from a node to the end of the solution, and its verdict.

    text: what follows the node's path.
    tokens: length of text in tokens.
    reason: the rule that decided the verdict.
    """

    text: str
    tokens: int
    outcome: Outcome
    answer: str | None
    canonical: str | None
    reason: str = ""


class Tally(NamedTuple):
    """Counts of a node's rollouts: correct <= graded <= sampled. Timeouts and failed verdicts are not graded."""

    correct: int
    graded: int
    sampled: int

    @property
    def reward(self) -> float:
        """The share of graded rollouts that are correct, in [0, 1]; 0.0 if none was graded."""
        return self.correct / self.graded if self.graded else 0.0


@dataclass(slots=True, repr=False)
class Tree:
    """One problem's search. Entry i of every list belongs to node i.

    strategy: the strategy that made it (astro.search.strategies); it defines visits and value. Under PUCT, the default,
        N counts the nodes of the subtree and V is their mean reward.
    parent: index of the parent, NO_PARENT for the root. children: indices, oldest first. depth: steps from the root.
    text, token_ids: the step; empty at the root. Delimiters are part of the text.
    logprob: nats, summed over the step's tokens. samples: how many identical samples merged into this node.
    prior: share of the siblings' prior mass, summing to 1 over siblings; 1.0 at the root.
    visits: N >= 1. value: V in [0, 1]. reward: R in [0, 1], the node's own evaluation, or its parent's if no rollout
        of the node was graded. total: V * N.
    grafted: part of a rollout, added after the search because the rollout reached a new answer. Since its outcome
        selected it, it has no weight: N, V, R and prior are 0, and it has no rollouts. It serves as a path to an end.
    rollouts: completions that continue the node. The first borrowed of them were not sampled from it: they are the rest
        of its parent's rollouts, or begin with steps ahead. Those after the first first_look exist only because of the
        outcomes of those before (astro.search.estimates). terminal: why it has no next step.
    outcome, answer, canonical: the verdict on a node that ends a solution, otherwise None.
    simulation: the simulation that added it: 0 for the root, 1 for the first simulation's children.
    exhausted: no node of its subtree can be expanded. failure: why samples of this node were lost, or None.
    asked: the cost of the requests that continued a node, by node; rows() omits it.
    """

    problem_id: str
    prompt_ids: tuple[int, ...]
    seed: int
    stop: Stop | None = None
    cost: Cost = field(default_factory=Cost)
    strategy: str = "puct"
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
    grafted: list[bool] = field(default_factory=list)
    rollouts: list[list[Rollout]] = field(default_factory=list)
    borrowed: list[int] = field(default_factory=list)
    first_look: list[int] = field(default_factory=list)
    terminal: list[Terminal] = field(default_factory=list)
    outcome: list[Outcome | None] = field(default_factory=list)
    answer: list[str | None] = field(default_factory=list)
    canonical: list[str | None] = field(default_factory=list)
    simulation: list[int] = field(default_factory=list)
    exhausted: list[bool] = field(default_factory=list)
    failure: list[str | None] = field(default_factory=list)
    asked: dict[int, Cost] = field(default_factory=dict, compare=False)

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
        """Append an unvisited node and return its index."""
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
        self.grafted.append(False)
        self.rollouts.append([])
        self.borrowed.append(0)
        self.first_look.append(0)
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
        """The token ids that the model continues at node: the prompt's, then those of each step on the path."""
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

    @property
    def solved(self) -> bool:
        """Whether a node or a rollout is a correct solution."""
        return _CORRECT in self.outcome or any(
            rollout.outcome is _CORRECT for rollouts in self.rollouts for rollout in rollouts
        )

    def to_networkx(self) -> "nx.DiGraph[int]":
        """A directed graph from parents to children, with the scalar columns of NODES as attributes of every node.

        A null text becomes "", and a null number is left out. The graph's own attributes are problem_id, seed and stop.
        """
        import networkx as nx  # noqa: PLC0415 - heavy, and only this method needs it

        graph = nx.DiGraph(problem_id=self.problem_id, seed=self.seed, stop=_text(self.stop))
        columns = {column.name: column.reader(self) for column in _ATTRIBUTES}
        for node in range(len(self)):
            graph.add_node(node, **dict(_attributes(columns, node)))
            if node != ROOT:
                graph.add_edge(self.parent[node], node)
        return graph

    def _repr_html_(self) -> str:
        """The tree as a picture, for notebooks."""
        return self.to_svg()

    def to_svg(self) -> str:
        """The tree as an SVG picture; of a large tree, the nodes with the most visits."""
        from astro.records.picture import svg  # noqa: PLC0415 - only pictures need it

        return svg(self.drawn())

    def drawn(self) -> "Drawn":
        """The columns that a picture shows."""
        from astro.records.picture import Drawn  # noqa: PLC0415 - only pictures need it

        ended = [terminal is not Terminal.NONE for terminal in self.terminal]
        return Drawn(
            self.problem_id, self.parent, self.text, self.value, self.visits, self.grafted, ended, self.outcome
        )

    def rows(self) -> list[Row]:
        """One JSON-serializable dictionary per node, with the columns of NODES; from_rows() reads them back.

        The rows omit seconds and cached tokens, which depend on the machine's load: the same seed gives the same rows.
        """
        columns = NODES.cells(self)
        columns["token_ids"] = [list(token_ids) for token_ids in self.token_ids]
        columns["rollouts"] = [[rollout._asdict() for rollout in rollouts] for rollouts in self.rollouts]
        return [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]

    @classmethod
    def from_rows(cls, rows: Sequence[Mapping[str, Any]]) -> "Tree":
        """The tree of rows made by rows(), in node order; see from_columns()."""
        return cls.from_columns({name: [row[name] for row in rows] for name in NODES.names})

    @classmethod
    def from_columns(cls, columns: Mapping[str, Sequence[Any]]) -> "Tree":
        """The tree of the columns of NODES.

        Raises ValueError if they are not one whole tree in node order, or violate an invariant; see check_invariants().
        """
        nodes = columns["node"]
        if list(nodes) != list(range(len(nodes))) or not nodes:
            raise ValueError(f"these {len(nodes)} rows are not all nodes of one tree in order")
        facts = columns["tree"][ROOT]
        if facts is None:
            raise ValueError("the root's row has no value in the column 'tree'")
        tree = cls(
            problem_id=columns["problem_id"][ROOT],
            prompt_ids=tuple(facts["prompt_ids"]),
            seed=facts["seed"],
            stop=None if facts["stop"] is None else Stop(facts["stop"]),
            cost=Cost(**{column.name: facts[column.name] for column in SEEDED_COST}),
            strategy=facts["strategy"],
            outcome=[None if verdict is None else Outcome(verdict) for verdict in columns["verdict"]],
            children=_children_of(columns["parent"]),
            **NODES.fields(columns),
        )
        tree.total = [value * visits for value, visits in zip(tree.value, tree.visits, strict=True)]
        tree.check_invariants()
        return tree

    def check_invariants(self) -> None:
        """Raise ValueError, naming the node, if the tree violates an invariant that holds for every strategy.

        V, R and priors are in [0, 1]. A node with children is not terminal. A terminal is exhausted, and so are all
        children of an exhausted node. A grafted node has no visits, and so are its children grafted.
        astro.search.check_tree also checks the invariants of the strategy.
        """
        for node, children in enumerate(self.children):
            closed = self.terminal[node] is not Terminal.NONE
            wrong = None
            if not (0 <= self.value[node] <= 1 and 0 <= self.reward[node] <= 1 and 0 <= self.prior[node] <= 1):
                wrong = "a value, reward or prior outside [0, 1]"
            elif closed and children:
                wrong = f"terminal ({self.terminal[node]}) with {len(children)} children"
            elif closed and not self.exhausted[node]:
                wrong = f"terminal ({self.terminal[node]}) but not exhausted"
            elif self.exhausted[node] and not all(self.exhausted[child] for child in children):
                wrong = "exhausted, but not all of its children are"
            elif self.grafted[node] and (self.visits[node] or not all(self.grafted[child] for child in children)):
                wrong = "grafted, but with visits or a child that is not grafted"
            if wrong:
                raise ValueError(f"tree {self.problem_id!r}, node {node}: {wrong}")


def _children_of(parents: Sequence[int]) -> list[list[int]]:
    """The children of each node, oldest first. Raises ValueError if a parent does not precede its child."""
    children: list[list[int]] = [[] for _ in parents]
    for node, parent in enumerate(parents):
        if not NO_PARENT <= parent < node or (parent == NO_PARENT) != (node == ROOT):
            raise ValueError(f"node {node} has parent {parent}; a parent must precede its children")
        if parent != NO_PARENT:
            children[parent].append(node)
    return children


def _rollouts_of(cells: Sequence[Sequence[Mapping[str, Any]]]) -> list[list[Rollout]]:
    return [[Rollout(**{**cell, "outcome": Outcome(cell["outcome"])}) for cell in each] for each in cells]


def _graded(tree: Tree) -> list[int]:
    return [sum(rollout.outcome not in UNGRADED for rollout in each) for each in tree.rollouts]


def _correct(tree: Tree) -> list[int]:
    return [sum(rollout.outcome is _CORRECT for rollout in each) for each in tree.rollouts]


def _without_grafts(tree: Tree, column: Sequence[float]) -> list[float | None]:
    return [None if grafted else cell for cell, grafted in zip(column, tree.grafted, strict=True)]


def _zero_for_null(cells: Sequence[float | None]) -> list[float]:
    return [cell or 0.0 for cell in cells]


def _terminals(cells: Sequence[str]) -> list[Terminal]:
    return [Terminal(cell) for cell in cells]


def _facts(tree: Tree) -> list[Row | None]:
    """The cells of the column `tree`: facts on the root's row, null on the others."""
    facts = {
        "seed": tree.seed,
        "prompt_ids": list(tree.prompt_ids),
        "stop": tree.stop,
        **{column.name: getattr(tree.cost, column.name) for column in SEEDED_COST},
        "strategy": tree.strategy,
    }
    return [facts, *[None] * (len(tree) - 1)]


def _text(value: str | None) -> str:
    return "" if value is None else str(value)


def _attributes(columns: Mapping[str, Sequence[Any]], node: int) -> Iterator[tuple[str, Any]]:
    """The cells of a node as graph attributes: GraphML has neither null nor enumerations."""
    for name, cells in columns.items():
        cell = cells[node]
        if name in _TEXTS:
            yield name, _text(cell)
        elif cell is not None:
            yield name, cell


_ROLLOUT = Struct(
    (
        Column("text", "string", "what follows the node's path"),
        Column("tokens", "int32", "length of text", "tokens"),
        Column("outcome", "string", "its verdict", values=Outcome),
        Column("answer", "string", "as extracted", nullable=True),
        Column("canonical", "string", "normal form of answer", nullable=True),
        Column("reason", "string", "the rule that decided the verdict"),
    )
)

_TREE = Struct(
    (
        Column("seed", "int64", "of this problem's search"),
        Column("prompt_ids", ListOf("int32"), "the prompt's token ids"),
        Column("stop", "string", "why the tree stopped growing; null while it grows", nullable=True, values=Stop),
        *SEEDED_COST,
        Column("strategy", "string", "the search strategy that made it"),
    )
)

# The record of this table is a whole Tree: its fields are the columns, one entry a node.
NODES = Table(
    "nodes",
    "One row per node; a tree's nodes are in the order in which they were added.",
    (
        Column("problem_id", "string", "the problem", read=lambda tree: [tree.problem_id] * len(tree)),
        Column("node", "int32", "index in the tree, 0 at the root", read=lambda tree: range(len(tree))),
        Column("parent", "int32", "index of the parent, -1 at the root"),
        Column("depth", "int32", "steps from the root"),
        Column("text", "string", "the step; empty at the root"),
        Column("token_ids", ListOf("int32"), "its token ids", restore=lambda cells: [tuple(cell) for cell in cells]),
        Column("logprob", "float64", "summed over the step's tokens", "nats"),
        Column("samples", "int32", "identical samples that merged into the node"),
        Column("prior", "float64", "share of the siblings' prior mass, in [0, 1]; 0 for a grafted node"),
        Column("visits", "int64", "N, at least 1; 0 for a grafted node"),
        Column(
            "value",
            "float64",
            "V, in [0, 1]; null for a grafted node",
            nullable=True,
            read=lambda tree: _without_grafts(tree, tree.value),
            restore=_zero_for_null,
        ),
        Column(
            "reward",
            "float64",
            "R, in [0, 1]: the node's own evaluation, or its parent's if none was graded; null for a grafted node",
            nullable=True,
            read=lambda tree: _without_grafts(tree, tree.reward),
            restore=_zero_for_null,
        ),
        Column("grafted", "bool", "added after the search because its outcome was new: a path without weight"),
        Column("sampled", "int32", "rollouts of the node", read=lambda tree: [len(each) for each in tree.rollouts]),
        Column("graded", "int32", "rollouts with a verdict", read=_graded),
        Column("correct", "int32", "rollouts that are correct", read=_correct),
        Column("rollouts", ListOf(_ROLLOUT), "completions that continue the node", restore=_rollouts_of),
        Column(
            "borrowed",
            "int32",
            "the first of the rollouts, not sampled from the node: rests of its parent's, or begun with steps ahead",
        ),
        Column(
            "first_look",
            "int32",
            "the first of the rollouts, borrowed ones included; the others exist because of the outcomes of these",
        ),
        Column("terminal", "string", "why it has no next step", values=Terminal, restore=_terminals),
        Column("answer", "string", "the answer of a node that ends a solution", nullable=True),
        Column("canonical", "string", "normal form of answer", nullable=True),
        Column("verdict", "string", "the verdict on it", nullable=True, values=Outcome, read=lambda tree: tree.outcome),
        Column("simulation", "int32", "the simulation that added it; 0 for the root"),
        Column("exhausted", "bool", "no node of its subtree can be expanded"),
        Column("failure", "string", "why samples of the node were lost", nullable=True),
        Column("tree", _TREE, "facts about the whole tree, on the root's row", nullable=True, read=_facts),
    ),
)
_ATTRIBUTES = tuple(
    column
    for column in NODES.columns
    if isinstance(column.kind, str) and column.name not in {"problem_id", "node", "parent"}
)
_TEXTS = frozenset(column.name for column in _ATTRIBUTES if column.kind == "string")
