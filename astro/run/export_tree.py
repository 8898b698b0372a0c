"""`astro export RUN PROBLEM --tree` and `--traces`: one tree as a file for a paper, the labelled traces as a table."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from rich.console import Console

from astro.errors import ConfigError
from astro.records.tree import Tree
from astro.search.export import to_dot, write_graphml
from astro.store.atomic import write_text, writing
from astro.viewer.loaded import LoadedRun, labelled_traces, write_table
from astro.viewer.png import write_png


def export_tree(run: Path, problem_id: str, form: str, console: Console, out: Path | None = None) -> Path:
    """Write the tree of a problem and return the file. out: the file; the default is PROBLEM.FORM in this folder.

    Raises ConfigError for an unknown format, StoreError without such a tree, MissingDependencyError (PNG) without
    matplotlib.
    """
    if form not in _WRITERS:
        raise ConfigError(f"--tree {form}: a format is one of {', '.join(_WRITERS)}")
    tree = LoadedRun(run).tree(problem_id)
    safe = "".join(character if character.isalnum() or character in "-_." else "_" for character in problem_id)[:120]
    file = out or Path(f"{safe}.{form}")
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        _WRITERS[form](tree, file)
    console.print(f"{file}: {len(tree)} nodes", markup=False)
    return file


def export_traces(run: Path, file: Path, console: Console) -> Path:
    """Write the table of traces with their labels, and return the file. Raises StoreError for an unknown suffix."""
    table = labelled_traces(run)
    with writing(file):
        file.parent.mkdir(parents=True, exist_ok=True)
        write_table(table, file)
    labelled = table.num_rows - table["label"].null_count
    console.print(f"{file}: {table.num_rows} traces, {labelled} labelled", markup=False)
    return file


def _write_json(tree: Tree, file: Path) -> None:
    write_text(
        file, json.dumps({"problem_id": tree.problem_id, "stop": tree.stop, "nodes": tree.rows()}, indent=1) + "\n"
    )


_WRITERS: Mapping[str, Callable[[Tree, Path], None]] = {
    "svg": lambda tree, file: write_text(file, tree.to_svg() + "\n"),
    "png": write_png,
    "dot": lambda tree, file: write_text(file, to_dot(tree)),
    "graphml": write_graphml,
    "json": _write_json,
}
