"""`astro inspect`: show a run problem by problem, or one problem's tree with its traces."""

import difflib
from collections import Counter
from pathlib import Path

import pyarrow.compute as pc
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from astro.errors import StoreError
from astro.inspect.plain import plain, plain_lines
from astro.inspect.trace_view import rejects_view, rewrites_view, trace_view
from astro.inspect.tree_view import tree_view
from astro.records.rounds import ROUNDS
from astro.report.rounds import gather_rounds, sentences
from astro.run.summary import summarize, summary_table
from astro.store import RunDirectory
from astro.store.entries import tree_from
from astro.traces import Kind

_BESIDE = 150  # from this many columns on, the traces are next to the tree
_UNCUT = 1_000_000  # columns; no step is as long
_SHORTEST_PROMPT = 12  # columns; in a narrower terminal the prompts are left out
_HEADINGS = ["problem", "nodes", "stop", "solved", "value", "traces", "backtracks", "prompt"]


def show_run(path: Path, console: Console, rows: int) -> None:
    """The summary of a run and a line for each problem, most backtracks first; for rounds, a line for each."""
    if (path / ROUNDS).is_dir():
        for line in sentences(gather_rounds(path)):
            console.print(Text(plain(line)), soft_wrap=True)
        console.print(f"astro inspect {path / ROUNDS}/N shows a round", style="dim", markup=False)
        return
    with RunDirectory.read(path) as run:
        console.print(summary_table(summarize(run)))
        listed = _listing(run)
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
    shown = [_HEADINGS, *listed[:rows]]
    widths = [max(cell_len(line[column]) for line in shown) for column in range(len(_HEADINGS) - 1)]
    room = console.width - sum(widths) - len(widths)
    for heading, width in zip(_HEADINGS, widths, strict=False):
        right = heading in {"nodes", "value", "traces", "backtracks"}
        least = min(width, 16) if heading == "problem" else width  # long ids are folded, figures never
        table.add_column(heading, justify="right" if right else "left", min_width=least, overflow="fold")
    if room >= _SHORTEST_PROMPT:
        table.add_column(_HEADINGS[-1], width=room, no_wrap=True, overflow="ellipsis")
    for cells in listed[:rows]:
        table.add_row(*(Text(cell) for cell in cells[: len(table.columns)]))
    console.print()
    console.print(table, width=max(console.width, console.width - room), crop=False)  # a narrow terminal wraps lines
    if len(listed) > rows:
        console.print(f"... {len(listed) - rows} more; --rows {len(listed)} lists them all", style="dim")
    console.print(f"astro inspect {path} PROBLEM shows a tree with its traces", style="dim", markup=False)


def _listing(run: RunDirectory) -> list[list[str]]:
    trees = {row["problem_id"]: row for row in run.trees.table("trees").to_pylist()}
    traces = run.traces.table("traces", ["problem_id", "backtracks"])
    grouped = traces.group_by("problem_id").aggregate([("backtracks", "count"), ("backtracks", "sum")]).to_pylist()
    traced = {row["problem_id"]: (row["backtracks_count"], row["backtracks_sum"]) for row in grouped}
    problems = sorted(run.problems(), key=lambda problem: -traced.get(problem.id, (0, 0))[1])
    lines = []
    for problem in problems:
        tree, (count, backtracks) = trees.get(problem.id), traced.get(problem.id, (0, 0))
        facts = ["", "not searched", "", ""]
        if tree is not None:
            facts = [
                str(tree["nodes"]),
                tree["stop"] or "",
                "yes" if tree["solved"] else "no",
                f"{tree['root_value']:.2f}",
            ]
        lines.append([plain(problem.id), *facts, str(count), str(backtracks), plain(problem.prompt)])
    return lines


def show_problem(path: Path, problem_id: str, console: Console, max_nodes: int, *, controls: bool = False) -> None:
    """The tree of one problem, with its traces next to it or below; control traces only with controls."""
    with RunDirectory.read(path) as run:
        problems = {problem.id: problem for problem in run.problems()}
        if problem_id not in problems:
            near = difflib.get_close_matches(problem_id, problems, n=3, cutoff=0.3)
            raise StoreError(f"{path} has no problem {problem_id!r}; near it: {', '.join(near) or 'none'}")
        if problem_id not in run.trees.problem_ids:
            raise StoreError(f"problem {problem_id!r} was not searched yet")
        tree = tree_from(run.trees.read(problem_id))
        traced = run.traces.read(problem_id).tables if problem_id in run.traces.problem_ids else {}
    problem = problems[problem_id]
    head = Text(plain_lines(problem.prompt), style="bold")
    console.print(
        Panel(head + Text(f"\ngold answer: {plain(problem.answer)}", style="green"), title=Text(plain(problem_id)))
    )
    traces: list[RenderableType] = []
    rows = traced["traces"].to_pylist() if traced else []
    shown = [trace for trace in rows if controls or trace["kind"] != Kind.CONTROL]
    for trace in shown:
        traces += [trace_view(trace), Text("")]
    if hidden := len(rows) - len(shown):
        traces.append(Text(f"{hidden} control traces, of a correct path alone: --controls", style="dim"))
    if rejected := traced["rewrites"].num_rows if traced else 0:
        traces.append(Text(f"{rejected} rewrites that failed a check: --rewrites", style="dim"))
    traces.append(rejects_view(traced["rejects"].to_pylist()) if traced else Text("no traces yet", style="dim"))
    if console.width >= _BESIDE:
        beside = Table.grid(expand=True, padding=(0, 2))
        beside.add_column(ratio=1)
        beside.add_column(ratio=1)
        beside.add_row(tree_view(tree, max_nodes), Group(*traces))
        console.print(beside)
    else:
        # A file or a pipe has no width, so steps are not truncated.
        whole = console if console.is_terminal else Console(file=console.file, width=_UNCUT)
        whole.print(tree_view(tree, max_nodes))
        console.print(Text(""), *traces, sep="\n")


def show_rewrites(path: Path, problem_id: str | None, console: Console, rows: int) -> None:
    """The rewrites that failed a check, of one problem or of the whole run, with a count of the reasons."""
    with RunDirectory.read(path) as run:
        found = run.traces.table("rewrites")
    if problem_id is not None:
        found = found.filter(pc.equal(found.column("problem_id"), problem_id))
    reasons = Counter(found.column("reason").to_pylist())
    console.print(Text(", ".join(f"{count} {plain(reason)}" for reason, count in reasons.most_common()) or "none"))
    console.print(rewrites_view(found.slice(0, rows).to_pylist()), soft_wrap=True)
    if found.num_rows > rows:
        console.print(f"... {found.num_rows - rows} more; --rows {found.num_rows} lists them all", style="dim")
