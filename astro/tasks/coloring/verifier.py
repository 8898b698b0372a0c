r"""The answer to a coloring is the color of each node, in any order.

    17 gold, 4 blue        17: gold; 4: blue        17 = gold, 4 = blue        17 -> gold        {17: gold, 4: blue}

Anything else is malformed: other words, numbers that are no nodes, colors without their nodes.
"""

import re
from collections.abc import Mapping, Sequence

from astro.tasks.coloring.graph import COLORS, MAX_NODE, Coloring, read_coloring
from astro.verify import Extraction, Outcome, Subject, Verdict, VerifyConfig

MAX_LENGTH = 16_000  # characters of an answer: all nodes of the largest coloring
_SHOWN = 80  # characters of an unreadable answer in a verdict

_BETWEEN = re.compile(
    r"\\(?:text(?:bf|rm|tt)?|math(?:bf|rm)|to|rightarrow|quad)(?![a-z])|"
    r"\\(?=[,;:!>{} ])|->|=>|[>,;:!=\[\](){}\u2192$\s-]"
)

Pairs = tuple[tuple[int, str], ...]


def verify(problem: Subject, extraction: Extraction, config: VerifyConfig) -> Verdict:  # noqa: ARG001 - the convention
    """Grade a coloring; always decided here. The canonical form has the nodes in the order of their numbers."""
    answer = extraction.answer or ""
    if extraction.parts:
        return Verdict(Outcome.MALFORMED, answer[:_SHOWN], "several different answers")
    coloring = coloring_of(problem)
    if isinstance(coloring, str):
        return Verdict(Outcome.ERROR, answer[:_SHOWN], coloring)
    pairs = read_answer(answer)
    if isinstance(pairs, str):
        return Verdict(Outcome.MALFORMED, answer[:_SHOWN], pairs)
    canonical = ", ".join(f"{node} {color}" for node, color in sorted(pairs))
    if mistake := _mistake(pairs, coloring):
        return Verdict(Outcome.INCORRECT, answer, mistake, canonical)
    return Verdict(Outcome.CORRECT, answer, "is the coloring", canonical)


def check_gold(problem: Subject) -> str | None:
    """Why the problem's coloring or its gold answer cannot be used, or None."""
    coloring = coloring_of(problem)
    if isinstance(coloring, str):
        return coloring
    gold = read_answer(problem.answer)
    fault = gold if isinstance(gold, str) else _mistake(gold, coloring)
    return fault and f"the gold answer {problem.answer[:_SHOWN]!r} is not the coloring: {fault}"


def coloring_of(problem: Subject) -> Coloring | str:
    """The coloring of a problem, or why it has none."""
    text = problem.metadata.get("coloring")
    if not isinstance(text, str):
        return f"problem {problem.id}: metadata.coloring must be lines such as 17 before 4: gold., not {text!r:.80}"
    coloring = read_coloring(text)
    return f"problem {problem.id}: metadata.coloring: {coloring}" if isinstance(coloring, str) else coloring


def read_answer(answer: str) -> Pairs | str:
    """The nodes of an answer with their colors, or why they cannot be read. Time is linear in MAX_LENGTH."""
    if len(answer) > MAX_LENGTH:
        return f"the answer is longer than {MAX_LENGTH} characters"
    words = _BETWEEN.sub(" ", answer).lower().split()
    nodes, colors = words[::2], words[1::2]
    for node in nodes:
        if not (node.isascii() and node.isdecimal() and 1 <= int(node[:4]) <= MAX_NODE):
            return f"{node[:20]!r} is no node; nodes are numbers from 1 to {MAX_NODE}, each before its color"
    for color in colors:
        if color not in COLORS:
            return f"{color[:20]!r} is no color; colors are {', '.join(COLORS)}, each after its node"
    if len(nodes) != len(colors):
        return f"node {nodes[-1]} has no color"
    return tuple(zip(map(int, nodes), colors, strict=True)) or "no node is named"


def _mistake(pairs: Sequence[tuple[int, str]], coloring: Coloring) -> str | None:
    """What is wrong with these colors, or None."""
    colors = dict(pairs)
    if unknown := sorted(set(colors) - set(coloring.order)):
        return f"there is no node {unknown[0]}"
    if len(colors) != len(pairs):
        return "a node has two colors"
    if missing := [node for node in coloring.order if node not in colors]:
        return f"node {missing[0]} has no color"
    return next((fault for node in coloring.order if (fault := _fault(node, colors, coloring))), None)


def _fault(node: int, colors: Mapping[int, str], coloring: Coloring) -> str | None:
    if colors[node] not in coloring.lists[node]:
        return f"{colors[node]} is not in the list of node {node}"
    same = [other for other in coloring.unlike[node] if colors[other] == colors[node]]
    return f"nodes {same[0]} and {node} are both {colors[node]}" if same else None
