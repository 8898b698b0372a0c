"""The records of a trace: visits to tree nodes, what was said at each, and where it all came from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from astro.models.completion import Sampled
from astro.records.tree import ROOT
from astro.verify import Verdict


class Move(StrEnum):
    """How a trace comes to a node."""

    ADVANCE = "advance"  # to a child: its step is written
    BACKTRACK = "backtrack"  # to an ancestor: the state to go on from is named
    REFLECT = "reflect"  # stays: the doubt is spoken, and a verdict (negative if a backtrack follows, else positive)
    CONCLUDE = "conclude"  # to the correct terminal: its step is written, with the final answer


class Kind(StrEnum):
    """What a trace is for."""

    DIRECT = "direct"  # one correct path (k = 0)
    SEARCH = "search"  # k wrong attempts, each abandoned, then a correct path
    CONTROL = "control"  # one correct path without reflections: the arm that searches are compared with


@dataclass(frozen=True, slots=True)
class Visit:
    """One stop of a trace: a node of the tree and how the trace comes to it. A trace starts at the root unvisited."""

    node: int
    move: Move


@dataclass(frozen=True, slots=True)
class TraceCost:
    """What was asked of the language model: requests, and tokens.

    cached_tokens depends on what the engine happened to hold, so it is reported but never written beside a trace.
    """

    calls: int = 0
    prompt_tokens: int = 0
    cached_tokens: int = 0
    generated_tokens: int = 0

    def __add__(self, other: "TraceCost") -> "TraceCost":
        return TraceCost(
            self.calls + other.calls,
            self.prompt_tokens + other.prompt_tokens,
            self.cached_tokens + other.cached_tokens,
            self.generated_tokens + other.generated_tokens,
        )

    @classmethod
    def of(cls, sampled: Sampled) -> "TraceCost":
        """The cost of one request."""
        generated = sum(len(completion.token_ids) for completion in sampled.completions)
        return cls(1, sampled.prompt_tokens, sampled.cached_tokens, generated)


@dataclass(frozen=True, slots=True)
class Origin:
    """What made a trace: the same for all traces of a run.

    model: name or path of the language model that searched and rewrote.
    config_hash: identity of the run's configuration.
    seed: the run's seed.
    code_version: version of this package, with the commit where known.
    """

    model: str
    config_hash: str
    seed: int
    code_version: str


@dataclass(frozen=True, slots=True)
class Trace:
    """A linearized path through a search tree, rewritten as prose.

    id: unique within a run; problem, kind and ordinal.
    problem_id, tree_id: the problem and the tree that the nodes belong to.
    visits, thoughts: where the trace goes and what it says there, one text a visit (empty where a step was empty).
    text: the thoughts as one completion; it verifies as correct.
    verdict: what the verifier said of text.
    checked, first_try, retries, fallbacks: visits that the language model was asked to rewrite; how many of these
        passed the fidelity checks at once; further tries; visits that fell back to the original step.
        first_try + fallbacks <= checked.
    prompt_tokens, completion_tokens: lengths of the solve prompt and of text in the searching model's tokens; None
        where its tokenizer cannot write the text as it stands.
    cost: of rewriting.
    prompts: the prompt set and the hash of its files, such as chat/v1@1a2b3c4d.
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
    cost: TraceCost
    prompts: str
    origin: Origin

    @property
    def backtracks(self) -> int:
        """How often the trace goes back."""
        return sum(visit.move is Move.BACKTRACK for visit in self.visits)

    @property
    def steps(self) -> int:
        """How many steps of the tree the trace has, repetitions included."""
        return sum(visit.move in {Move.ADVANCE, Move.CONCLUDE} for visit in self.visits)


def is_doubt(visits: Sequence[Visit], index: int) -> bool:
    """Whether the visit is a reflection that leads to a backtrack."""
    follows = visits[index + 1].move if index + 1 < len(visits) else None
    return visits[index].move is Move.REFLECT and follows is Move.BACKTRACK


def check_visits(visits: Sequence[Visit], parent: Sequence[int], is_correct: Callable[[int], bool]) -> None:
    """Assert what holds of every trace; parent[node] is the parent of each node, parent[ROOT] is not read.

    Every hop goes to a child or to an ancestor, or stays to reflect; exactly one visit concludes, at a correct
    terminal, and only reflections follow it; a node where an attempt was abandoned is never gone through again.
    Raises ValueError with the first visit that breaks a rule: that is a bug, never a property of the tree.
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
