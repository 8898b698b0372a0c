import json
from pathlib import Path

import networkx as nx
import pytest
from PIL import Image
from runs import config_in, quiet

from astro.errors import ConfigError, StoreError
from astro.run import Stages, carry_out
from astro.run.export_tree import export_traces, export_tree
from astro.store import RunDirectory


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("exported")
    carry_out(config_in(folder), Stages(), quiet())
    return folder / "r"


def test_a_tree_is_written_in_every_format(run: Path, tmp_path: Path) -> None:
    """SVG, PNG, DOT, GraphML and JSON have all nodes of the tree."""
    with RunDirectory.read(run) as opened:
        name = opened.problems()[0].id
        nodes = len(opened.trees.read(name).tables["nodes"])
    files = {
        form: export_tree(run, name, form, quiet(), tmp_path / f"t.{form}")
        for form in ("svg", "png", "dot", "graphml", "json")
    }
    assert files["svg"].read_text(encoding="utf-8").count("<text") == nodes
    assert len(json.loads(files["json"].read_text(encoding="utf-8"))["nodes"]) == nodes
    assert len(nx.read_graphml(files["graphml"])) == nodes
    assert files["dot"].read_text(encoding="utf-8").count(" [label=") == nodes
    with Image.open(files["png"]) as image:
        assert min(image.size) > 100


def test_an_unknown_format_or_problem_is_named(run: Path) -> None:
    """The error names the formats, or the run that has no such tree."""
    with pytest.raises(ConfigError, match="svg, png, dot, graphml, json"):
        export_tree(run, "x", "gif", quiet())
    with pytest.raises(StoreError, match="no tree of 'nobody'"):
        export_tree(run, "nobody", "svg", quiet())


def test_traces_are_exported(run: Path, tmp_path: Path) -> None:
    """The table says how many traces it has and how many are labelled."""
    console = quiet()
    export_traces(run, tmp_path / "t.csv", console)
    assert "0 labelled" in console.file.getvalue()
