"""Export of trees for other tools: GraphML, and DOT for drawings."""

import re
from pathlib import Path
from typing import Any

from astro.records.tree import ROOT, Terminal, Tree
from astro.verify import Outcome

# Characters that XML 1.0 cannot hold, even escaped.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_LABEL_LENGTH = 60
_COLORS: dict[Outcome | None, str] = {Outcome.CORRECT: "palegreen", Outcome.INCORRECT: "lightpink"}


def write_graphml(tree: Tree, path: Path) -> None:
    """Write Tree.to_networkx() as GraphML. Characters that XML cannot hold become U+FFFD."""
    import networkx as nx  # noqa: PLC0415 - only this function needs it

    graph = tree.to_networkx()
    graph.graph = {key: _for_xml(value) for key, value in graph.graph.items()}
    for attributes in graph.nodes.values():
        attributes.update({key: _for_xml(value) for key, value in attributes.items()})
    nx.write_graphml_xml(graph, path)


def to_dot(tree: Tree) -> str:
    """Graphviz source: a box per node with its step (60 characters at most), V, N, prior; right is green, wrong red."""
    lines = ["digraph tree {", "  node [shape=box, style=filled, fillcolor=white];"]
    for node in range(len(tree)):
        facts = f"V={tree.value[node]:.2f} N={tree.visits[node]} P={tree.prior[node]:.2f}"
        facts = "grafted" if tree.grafted[node] else facts
        title = tree.problem_id if node == ROOT else tree.text[node]
        label = f"{_quoted(_short(title))}\\n{facts}"
        color = "white" if tree.terminal[node] is Terminal.NONE else _COLORS.get(tree.outcome[node], "lightgray")
        lines.append(f'  {node} [label="{label}", fillcolor={color}];')
        if node != ROOT:
            lines.append(f"  {tree.parent[node]} -> {node};")
    return "\n".join([*lines, "}", ""])


def _for_xml(value: Any) -> Any:
    return _NOT_XML.sub(_REPLACEMENT, value) if isinstance(value, str) else value


def _short(text: str) -> str:
    """The text shortened to one printable line."""
    line = "".join(char if char.isprintable() else _REPLACEMENT for char in " ".join(text[: 4 * _LABEL_LENGTH].split()))
    return line if len(line) <= _LABEL_LENGTH else line[: _LABEL_LENGTH - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _quoted(text: str) -> str:
    """The text escaped for a DOT string, where backslashes and quotes have a meaning."""
    return text.replace("\\", "\\\\").replace('"', '\\"')
