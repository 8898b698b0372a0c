"""Trees as graphs."""

import re

import networkx as nx
import pytest
from search_worlds import WanderingModel, grow

from astro.search import NO_PARENT, Terminal, Tree
from astro.search.export import to_dot, write_graphml
from astro.verify import Outcome

HOSTILE = 'a "quote" \\ back\\\\slash <b>&amp;</b> {x|y} \x00\x07\x1b[31m \ud7ff\ufffe\u202e \\n; ]}\nnext\\'


@pytest.fixture
def hostile():
    """A tree whose texts try to break every format."""
    tree = Tree(HOSTILE, (), 0)
    tree.add(NO_PARENT, "", ())
    node = tree.add(0, HOSTILE * 50, (), terminal=Terminal.ANSWER)
    tree.answer[node], tree.outcome[node] = "\x0b]]>", Outcome.CORRECT
    tree.add(0, HOSTILE, ())
    return tree


def test_the_graph_is_the_tree():
    """Nodes, edges and figures are the tree's."""
    tree = grow(WanderingModel())
    graph = tree.to_networkx()
    assert nx.is_arborescence(graph)
    assert {(tree.parent[node], node) for node in range(1, len(tree))} == set(graph.edges)
    for node, facts in graph.nodes.items():
        assert (facts["value"], facts["visits"], facts["text"]) == (
            tree.value[node],
            tree.visits[node],
            tree.text[node],
        )
    assert graph.graph["stop"] == tree.stop.value


def test_graphml_loads_back(tmp_path):
    """networkx reads what was written, with the types of the attributes."""
    tree = grow(WanderingModel())
    write_graphml(tree, tmp_path / "tree.graphml")
    again = nx.read_graphml(tmp_path / "tree.graphml", node_type=int)
    assert dict(again.nodes.items()) == dict(tree.to_networkx().nodes.items())
    assert set(again.edges) == set(tree.to_networkx().edges)


def test_graphml_survives_hostile_text(hostile, tmp_path):
    """Characters that XML cannot hold become U+FFFD; all others come back."""
    write_graphml(hostile, tmp_path / "tree.graphml")
    again = nx.read_graphml(tmp_path / "tree.graphml", node_type=int)
    expected = re.sub("[\x00\x07\x1b\ufffe]", "\ufffd", HOSTILE)
    assert again.nodes[2]["text"] == expected
    assert again.nodes[1]["answer"] == "\ufffd]]>"


def test_dot_survives_hostile_text(hostile):
    """Every line of the DOT source is one statement with a closed, bounded label of printable text."""
    statement = re.compile(
        r'  \d+ \[label="(?:[^"\\]|\\["\\])*\\nV=\d\.\d\d N=\d+ P=\d\.\d\d", fillcolor=\w+\];|  \d+ -> \d+;'
    )
    first, style, *lines, last, end = to_dot(hostile).split("\n")
    assert (first, last, end) == ("digraph tree {", "}", "")
    assert style.startswith("  node [")
    assert all(statement.fullmatch(line) for line in lines)
    assert all(len(line) < 250 and line.isprintable() for line in lines)
    assert "palegreen" in lines[1]
