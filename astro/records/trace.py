"""The records of a trace: visits to tree nodes, the text at each visit, and what made the trace."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from html import escape
from typing import Any

from astro.records.columns import Column, ListOf, Struct, Table
from astro.records.cost import Cost
from astro.records.tree import ROOT
from astro.verify import Outcome, Verdict


class Move(StrEnum):
    """How a trace reaches a node."""

    ADVANCE = "advance"  # to a child: its step follows
    BACKTRACK = "backtrack"  # to an ancestor: the text names the state to continue from
    REFLECT = "reflect"  # stays: the text judges the step (negative before a backtrack, otherwise positive)
    CONCLUDE = "conclude"  # to the correct terminal: its step follows, with the final answer


_MARKS = {Move.BACKTRACK: "background:#fdeee8;color:#1b2430", Move.CONCLUDE: "background:#e8f6ee;color:#1b2430"}


class Kind(StrEnum):
    """What a trace is for."""

    DIRECT = "direct"  # one correct path (k = 0)
    SEARCH = "search"  # k wrong attempts, each abandoned, then a correct path
    CONTROL = "control"  # one correct path without reflections: what search traces are compared with


@dataclass(frozen=True, slots=True)
class Visit:
    """One stop of a trace: a node and how the trace reaches it. A trace starts at the root, without a visit to it."""

    node: int
    move: Move


@dataclass(frozen=True, slots=True)
class Origin:
    """What made a trace; the same for all traces of a run.

    model: name or path of the solver, the language model that searched.
    config_hash: hash of the run's configuration.
    seed: the run's seed.
    code_version: version of this package, with the commit if known.
    rewriter, judge: the models that rewrote and voted, if they are not the solver.
    tokens: where the solver's tokens come from, if they are not those that it sampled: of_text.
    """

    model: str
    config_hash: str
    seed: int
    code_version: str
    rewriter: str | None = None
    judge: str | None = None
    tokens: str | None = None

    def as_dict(self) -> dict[str, Any]:
        """The fields as JSON values, without roles that the solver fills."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class Trace:
    """A linearized path through a search tree, written as prose.

    id: unique within a run; problem, kind and ordinal.
    problem_id, tree_id: the problem and the tree that the nodes belong to.
    visits, thoughts: the nodes visited, and one text per visit (empty where a step was empty).
    text: the thoughts as one completion; it verifies as correct.
    verdict: the verifier's, on text.
    checked: visits that the language model rewrote. first_try: those that passed the fidelity checks at once.
    retries: further tries. fallbacks: visits that kept the original step. first_try + fallbacks <= checked.
    prompt_tokens, completion_tokens: lengths of the solve prompt and of text in the solver's tokens; None if its
        tokenizer cannot encode the text unchanged.
    cost: of the rewrite; the table of traces omits its cached tokens and seconds.
    prompts: the prompt set and the hash of its files, such as chat/v1@1a2b3c4d.
    false_statements: statements of the thoughts that are false when executed again (Task.false_statements).
    """

    id: str
    problem_id: str
    tree_id: str
    kind: Kind
    visits: tuple[Visit, ...]
    thoughts: tuple[str, ...]
    text: str
    verdict: Verdict
    checked: int
    first_try: int
    retries: int
    fallbacks: int
    prompt_tokens: int
    completion_tokens: int | None
    cost: Cost
    prompts: str
    origin: Origin
    false_statements: int = 0

    @property
    def backtracks(self) -> int:
        """Number of moves back to an ancestor."""
        return sum(visit.move is Move.BACKTRACK for visit in self.visits)

    @property
    def steps(self) -> int:
        """Number of tree steps that the trace takes, repetitions included."""
        return sum(visit.move in {Move.ADVANCE, Move.CONCLUDE} for visit in self.visits)

    def _repr_html_(self) -> str:
        """The trace visit by visit, for notebooks; doubts and ways back are marked."""
        rows = [
            f"<tr style='{_MARKS.get(visit.move, '')}'><td>{number}</td><td>{visit.move}</td><td>#{visit.node}</td>"
            f"<td style='text-align:left;white-space:pre-wrap'>{escape(thought)}</td></tr>"
            for number, (visit, thought) in enumerate(zip(self.visits, self.thoughts, strict=True), 1)
        ]
        facts = f"{self.backtracks} backtracks, {self.steps} steps, {self.verdict.outcome}"
        return f"<table><caption>{escape(self.id)}: {facts}</caption>{''.join(rows)}</table>"

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> "Trace":
        """The trace of a row of TRACES. The table has no cached tokens or seconds, so these are 0."""
        return cls(
            **TRACES.fields(row),
            thoughts=tuple(visit["thought"] for visit in row["visits"]),
            verdict=Verdict(Outcome(row["verdict"]), row["answer"], row["reason"], row["canonical"]),
            cost=Cost(row["rewrite_calls"], row["rewrite_prompt_tokens"], 0, row["rewrite_generated_tokens"]),
        )


def _visit_cells(trace: Trace) -> list[tuple[int, str, str]]:
    return [(visit.node, visit.move, thought) for visit, thought in zip(trace.visits, trace.thoughts, strict=True)]


_VISIT = Struct(
    (
        Column("node", "int32", "the node of the tree"),
        Column("move", "string", "how the trace reaches it", values=Move),
        Column("thought", "string", "the text of the trace there; may be empty"),
    )
)

TRACES = Table(
    "traces",
    "One row per trace.",
    (
        Column("id", "string", "unique within a run: problem, kind and ordinal"),
        Column("problem_id", "string", "the problem"),
        Column("tree_id", "string", "the tree: problem and seed"),
        Column("kind", "string", "what the trace is for", values=Kind),
        Column(
            "visits",
            ListOf(_VISIT),
            "the stops of the trace, in order",
            read=_visit_cells,
            restore=lambda cells: tuple(Visit(cell["node"], Move(cell["move"])) for cell in cells),
        ),
        Column("text", "string", "the thoughts as one completion"),
        Column("verdict", "string", "the verifier on text", values=Outcome, read="verdict.outcome"),
        Column("answer", "string", "as extracted from text", nullable=True, read="verdict.answer"),
        Column("canonical", "string", "normal form of answer", nullable=True, read="verdict.canonical"),
        Column("reason", "string", "the rule that decided the verdict", read="verdict.reason"),
        Column("backtracks", "int32", "moves back to an ancestor", read="backtracks"),
        Column("steps", "int32", "steps of the tree, repetitions included", read="steps"),
        Column("false_statements", "int32", "statements that are false when executed again, such as 26 / 11 = 2"),
        Column("checked", "int32", "visits that the language model rewrote"),
        Column("first_try", "int32", "rewritten visits that passed the fidelity checks at once"),
        Column("retries", "int32", "further tries"),
        Column("fallbacks", "int32", "visits that kept the original step"),
        Column("prompt_tokens", "int32", "length of the solve prompt", "tokens"),
        Column("completion_tokens", "int32", "length of text", "tokens"),
        Column("rewrite_calls", "int32", "requests of the rewrite", read="cost.calls"),
        Column("rewrite_prompt_tokens", "int64", "of their prompts", "tokens", read="cost.prompt_tokens"),
        Column("rewrite_generated_tokens", "int64", "sampled in them", "tokens", read="cost.generated_tokens"),
        Column("prompts", "string", "the prompt set and the hash of its files"),
        Column(
            "origin",
            "string",
            "JSON: model, configuration, seed and version of the code",
            read=lambda trace: json.dumps(trace.origin.as_dict()),
            restore=lambda cell: Origin(**json.loads(cell)),
        ),
    ),
)

REJECTS = Table(
    "rejects",
    "One row per trace that a filter rejected.",
    (
        Column("id", "string", "as in traces"),
        Column("problem_id", "string", "the problem"),
        Column("kind", "string", "what the trace was for", values=Kind),
        Column("reason", "string", "the filter that rejected it"),
        Column("detail", "string", "what the filter found"),
        Column("text", "string", "the rejected text"),
    ),
)

REWRITES = Table(
    "rewrites",
    "One row per reply of the rewriter that failed a check.",
    (
        Column("trace_id", "string", "the trace that the reply was for"),
        Column("problem_id", "string", "the problem"),
        Column("visit", "int32", "index of the visit in the trace"),
        Column("node", "int32", "the node of the tree"),
        Column("role", "string", "what the reply should be: step, wrong_end, right_end or backtrack"),
        Column("attempt", "int32", "which try it was, from 0"),
        Column("reason", "string", "the check that failed"),
        Column("detail", "string", "what the check found"),
        Column("step", "string", "the text to rewrite, or the step to go back to; empty for the beginning"),
        Column("text", "string", "the reply"),
    ),
)

COUNTS = Table(
    "counts",
    "One row per count of a problem: terminals, votes, rewrites and rejections.",
    (
        Column("problem_id", "string", "the problem"),
        Column("name", "string", "what is counted, such as terminals.correct or unused.by_luck"),
        Column("count", "int64", "how many"),
    ),
)


def is_doubt(visits: Sequence[Visit], index: int) -> bool:
    """Whether the visit is a reflection that leads to a backtrack."""
    follows = visits[index + 1].move if index + 1 < len(visits) else None
    return visits[index].move is Move.REFLECT and follows is Move.BACKTRACK


def check_visits(visits: Sequence[Visit], parent: Sequence[int], is_correct: Callable[[int], bool]) -> None:
    """Check the invariants of every trace. parent[node] is the parent of each node; parent[ROOT] is not read.

    Every hop goes to a child or to an ancestor, or stays to reflect. Exactly one visit concludes, at a correct
    terminal, and only reflections follow it. The trace never passes again through a node where it abandoned an attempt.
    Raises ValueError naming the first visit that breaks a rule; that is a bug, never a property of the tree.
    """
    current, concluded = ROOT, False
    abandoned: set[int] = set()
    for index, visit in enumerate(visits):
        wrong = _hop_fault(visit, current, parent)
        if concluded and visit.move is not Move.REFLECT:
            wrong = "comes after the conclusion"
        elif visit.move is not Move.REFLECT and visit.node in abandoned:
            wrong = "repeats an abandoned attempt"
        elif visit.move is Move.CONCLUDE and not is_correct(visit.node):
            wrong = "concludes at a node that is not correct"
        if wrong:
            at = f"visit {index} of {len(visits)} ({visit.move} to node {visit.node} from {current})"
            raise ValueError(f"{at} {wrong}")
        concluded = concluded or visit.move is Move.CONCLUDE
        if visit.move is Move.BACKTRACK:
            abandoned.add(current)
        current = visit.node
    if not concluded:
        raise ValueError(f"the trace of {len(visits)} visits has no conclusion")


def _hop_fault(visit: Visit, current: int, parent: Sequence[int]) -> str | None:
    match visit.move:
        case Move.ADVANCE | Move.CONCLUDE:
            legal = visit.node != ROOT and parent[visit.node] == current
            return None if legal else "does not go to a child"
        case Move.BACKTRACK:
            return None if _is_ancestor(visit.node, current, parent) else "does not go to an ancestor"
        case Move.REFLECT:
            return None if visit.node == current else "reflects elsewhere"


def _is_ancestor(ancestor: int, node: int, parent: Sequence[int]) -> bool:
    while node != ROOT:
        node = parent[node]
        if node == ancestor:
            return True
    return False
