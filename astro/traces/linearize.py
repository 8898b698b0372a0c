"""Compute the order in which a trace visits the nodes of a search tree: pure, seeded, without a language model.

ASTRO (arXiv 2507.00417), algorithm 1: draw some wrong terminals with pairwise different answers and one correct
terminal, and merge their paths, the correct one last. Each path adds only the nodes not yet visited. If the next node
is not a child of the last one, the trace goes back to their lowest common ancestor whose step is whole and has a value.
With TracesConfig.returns the attempts are chosen without knowing the end instead (astro.traces.returns).
"""

import random
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from operator import itemgetter

from astro.records.trace import Kind, Move, Visit, check_visits
from astro.records.tree import ROOT, Tree
from astro.traces.affirmations import affirmed
from astro.traces.config import Leave, Returns, TracesConfig
from astro.traces.pauses import ends_whole
from astro.traces.returns import by_values, in_search_order, landing, worth
from astro.verify import Outcome

_DRAWS = 8  # draws of one search trace before giving up because all repeat earlier ones
_PREFERRED = 4  # of these draws, those that look for the least used end and for attempts that leave late


class Unused(StrEnum):
    """Why a part of a tree was not used in a trace. The reasons are counted."""

    BY_LUCK = "by_luck"  # a correct terminal whose figures are wrong
    NOT_AGREED = "not_agreed"  # a correct terminal that self-evaluation rejected
    CLAIMS_SUCCESS = "claims_success"  # a wrong terminal whose text claims to be right
    MISQUOTED = "misquoted"  # a wrong terminal that misstates what the problem asks for
    NOT_WORSE = "not_worse"  # a wrong attempt with at least the value of the state that the trace would go back to
    NO_WRONG_TERMINAL = "no_wrong_terminal"  # a search trace not made: no wrong attempt to start with
    TRUNCATED = "truncated"  # in a tree without a correct terminal: an end at max_step_tokens, without the delimiter
    DEPTH = "depth"  # in a tree without a correct terminal: an end at max_depth
    UNANSWERED = "unanswered"  # in a tree without a correct terminal: an end without a final answer
    REPEATED = "repeated"  # a search trace not made: the tree has no new combination


@dataclass(frozen=True, slots=True)
class Plan:
    """The visits of one trace, which abandons the wrong terminals in order and concludes at the correct one."""

    kind: Kind
    visits: tuple[Visit, ...]
    correct: int
    wrong: tuple[int, ...] = ()


def correct_terminals(tree: Tree) -> list[int]:
    """Nodes that end with the right answer, oldest first."""
    return [node for node in tree.answered() if tree.outcome[node] is Outcome.CORRECT]


def wrong_terminals(tree: Tree) -> list[int]:
    """Nodes that end with a readable, wrong answer, oldest first."""
    return [node for node in tree.answered() if tree.outcome[node] is Outcome.INCORRECT and wrong_answer(tree, node)]


def wrong_answer(tree: Tree, node: int) -> str:
    """The answer of a terminal in a form that is equal for equal answers; empty without an answer."""
    return tree.canonical[node] or " ".join((tree.answer[node] or "").split())


def linearize(
    tree: Tree, kept: Sequence[int], wrong: Sequence[int], config: TracesConfig, rng: random.Random
) -> tuple[list[Plan], Counter[Unused]]:
    """Draw one direct plan and up to config.searches search plans.

    kept: correct terminals to end at, for example those that passed self-evaluation; without any, no plan is made.
    wrong: wrong terminals that may be attempted.
    Search plans of one tree differ pairwise in their visits. The plans that could not be made are counted.
    """
    if not kept:
        return [], Counter()
    draw = _Draw(tree, kept, _by_answer(tree, wrong), config, rng, Counter(), Counter())
    plans = [draw.direct()]
    for _ in range(config.searches):
        plan = draw.search({_route(known.visits) for known in plans})
        if plan is not None:
            plans.append(plan)
    for plan in plans:
        check_visits(plan.visits, tree.parent, lambda node: tree.outcome[node] is Outcome.CORRECT)
    return plans, draw.unused


def control_plans(tree: Tree, kept: Sequence[int], count: int, rng: random.Random) -> list[Plan]:
    """Plan count correct paths without reflections: each kept terminal once, then repeatedly if count is larger."""
    if not kept:
        return []
    order = rng.sample(list(kept), k=len(kept))
    ends = [order[index % len(order)] for index in range(count)]
    return [Plan(Kind.CONTROL, tuple(_walk(tree, [end], restart=False)), end) for end in ends]


@dataclass(frozen=True, slots=True)
class _Draw:
    """Draws search plans from the terminals of a tree."""

    tree: Tree
    kept: Sequence[int]
    by_answer: Mapping[str, Sequence[int]]
    config: TracesConfig
    rng: random.Random
    unused: Counter[Unused]
    ends: Counter[int]  # how many plans end at each correct terminal

    def direct(self) -> Plan:
        """A direct plan."""
        return self._used(_plan(self.tree, [], self._end(least_used=True), self.config, self.rng))

    def search(self, known: Collection[tuple[int, ...]]) -> Plan | None:
        """A search plan with a new route, or None, which is counted. It is shorter than drawn only if all new ones are.

        The first draws prefer an end that few plans have, and attempts that leave its path late. If 0 wrong attempts
        are drawn, it is another direct plan.
        """
        asked = self.rng.choice(self.config.wrong_terminals)
        why = Unused.NO_WRONG_TERMINAL if asked else Unused.REPEATED
        k = min(asked, len(self.by_answer))
        shorter: Plan | None = None
        for number in range(_DRAWS if k or not asked else 0):
            plan = self._plan(k, preferring=number < _PREFERRED)
            if plan is None:
                continue
            new = (bool(plan.wrong) or not asked) and _route(plan.visits) not in known
            if new and (len(plan.wrong) == k or self.config.returns is Returns.VALUES):
                return self._used(plan)
            if new:
                shorter = shorter or plan
            elif plan.wrong:
                why = Unused.REPEATED
        if shorter is not None:
            return self._used(shorter)
        self.unused[why] += 1
        return None

    def _plan(self, k: int, *, preferring: bool) -> Plan | None:
        """A plan with k wrong attempts, or fewer; None if the attempts drawn by values end at no right terminal."""
        if self.config.returns is Returns.VALUES and k:
            attempts = by_values(self.tree, self.by_answer, self.kept, max(self.config.wrong_terminals), self.rng)
            return None if attempts is None else _merged(self.tree, attempts, self.config, self.rng)
        correct = self._end(least_used=preferring)
        if self.config.returns is Returns.SEARCH:
            attempts = [*in_search_order(self.by_answer, correct, k), correct]
            return _merged(self.tree, attempts, self.config, self.rng)
        wrong = self._wrong(k, correct, late=preferring and not self.config.restart)
        plan = _plan(self.tree, wrong, correct, self.config, self.rng)
        self.unused[Unused.NOT_WORSE] += k - len(plan.wrong)
        return plan

    def _end(self, *, least_used: bool) -> int:
        """A correct terminal."""
        fewest = min(self.ends[node] for node in self.kept)
        return self.rng.choice([node for node in self.kept if not least_used or self.ends[node] == fewest])

    def _wrong(self, k: int, correct: int, *, late: bool) -> list[int]:
        """Wrong terminals with k different answers. late: prefer those that share steps with the path to correct."""
        drawn = []
        for answer in self.rng.sample(list(self.by_answer), k=len(self.by_answer)):
            ends = self.by_answer[answer]
            near = [end for end in ends if self._leaves_late(end, correct)] if late else []
            drawn.append((not near, self.rng.choice(near or ends)))
        return [end for _, end in sorted(drawn, key=itemgetter(0))[:k]]

    def _leaves_late(self, end: int, correct: int) -> bool:
        back = landing(self.tree, end, correct)
        return back != ROOT and _is_worse(self.tree, end, back)

    def _used(self, plan: Plan) -> Plan:
        self.ends[plan.correct] += 1
        return plan


def _route(visits: Iterable[Visit]) -> tuple[int, ...]:
    return tuple(visit.node for visit in visits if visit.move is not Move.REFLECT)


def _by_answer(tree: Tree, wrong: Iterable[int]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for node in wrong:
        groups[wrong_answer(tree, node)].append(node)
    return dict(groups)


def _plan(tree: Tree, wrong: Sequence[int], correct: int, config: TracesConfig, rng: random.Random) -> Plan:
    """Merge the paths, without wrong attempts that are not worse than the state that the trace would return to."""
    ordered = _depth_first(tree, wrong, correct, rng)
    stops = _stops(tree, ordered, config)
    while (fair := _first_not_worse(tree, stops, restart=config.restart)) is not None:
        del ordered[fair]
        stops = _stops(tree, ordered, config)
    return _merged(tree, ordered, config, rng)


def _merged(tree: Tree, attempts: Sequence[int], config: TracesConfig, rng: random.Random) -> Plan:
    """The plan that makes these attempts in order; the last is right."""
    visits = _walk(tree, _stops(tree, attempts, config), restart=config.restart)
    kind = Kind.SEARCH if len(attempts) > 1 else Kind.DIRECT
    return Plan(kind, tuple(affirmed(tree, visits, config, rng)), attempts[-1], tuple(attempts[:-1]))


def _depth_first(tree: Tree, wrong: Sequence[int], correct: int, rng: random.Random) -> list[int]:
    """Order the terminals as in a random depth-first walk that reaches the correct one last.

    In any other order, a later path may continue at a node that is neither a child nor an ancestor of the current one.
    """
    rank = dict.fromkeys(tree.path(correct), 1.0)
    for terminal in wrong:
        for node in tree.path(terminal):
            if node not in rank:
                rank[node] = rng.random()
    return sorted([*wrong, correct], key=lambda terminal: [rank[node] for node in tree.path(terminal)])


def _stops(tree: Tree, ordered: Sequence[int], config: TracesConfig) -> list[int]:
    """Where each attempt ends: at its terminal, or at the unshared step that lost the most value, if one is known."""
    if config.leave is Leave.TERMINAL:
        return list(ordered)
    stops = []
    for terminal in ordered[:-1]:
        others = {node for other in ordered if other != terminal for node in tree.path(other)}
        own = [node for node in tree.path(terminal) if node not in others]  # never empty: it holds the terminal
        stop = max(own, key=lambda node: _lost(tree, node))
        stops.append(stop if _lost(tree, stop) >= 0 else terminal)
    return [*stops, ordered[-1]]


def _lost(tree: Tree, node: int) -> float:
    """The value that a step lost; -1 where it is unknown, or where no doubt could stand after the step."""
    before, after = worth(tree, tree.parent[node]), worth(tree, node)
    whole = tree.outcome[node] is not None or ends_whole(tree.text[node])
    return -1.0 if before is None or after is None or not whole else before - after


def _first_not_worse(tree: Tree, stops: Sequence[int], *, restart: bool) -> int | None:
    """Index of the first attempt abandoned at a node with at least the value of the node that the trace returns to."""
    for index, (stop, following) in enumerate(pairwise(stops)):
        if not _is_worse(tree, stop, ROOT if restart else landing(tree, stop, following)):
            return index
    return None


def _is_worse(tree: Tree, node: int, back: int) -> bool:
    left, there = worth(tree, node), worth(tree, back)
    return left is not None and there is not None and left < there


def _walk(tree: Tree, stops: Sequence[int], *, restart: bool) -> list[Visit]:
    """Visit the path to every stop in turn. Between two stops, doubt and go back to their landing."""
    visits: list[Visit] = []
    current = ROOT
    for stop in stops:
        back = ROOT
        if visits:
            back = ROOT if restart else landing(tree, current, stop)
            visits += [Visit(current, Move.REFLECT), Visit(back, Move.BACKTRACK)]
        visits += [Visit(node, Move.ADVANCE) for node in tree.path(stop)[tree.depth[back] + 1 :]]
        current = stop
    visits[-1] = Visit(current, Move.CONCLUDE)
    return visits
