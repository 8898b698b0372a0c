"""A trace in the terminal, visit by visit, with the numbers of the tree's nodes."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from astro.inspect.plain import plain, plain_lines

_STYLES = {"advance": "", "reflect": "yellow", "backtrack": "magenta", "conclude": "green"}


def trace_view(trace: Mapping[str, Any]) -> RenderableType:
    """One row of the traces table: each visit with its move, its node and the text of the trace there."""
    head = Text(f"{plain(trace['id'])} ({plain(trace['kind'])}): ", style="bold")
    head.append(f"{trace['backtracks']} backtracks, {trace['steps']} steps, {trace['completion_tokens']} tokens", "dim")
    visits = Table.grid(padding=(0, 1))
    visits.add_column(justify="right", style="dim", no_wrap=True)
    visits.add_column(style="dim", no_wrap=True)
    visits.add_column()
    for visit in trace["visits"]:
        thought = Text(plain_lines(visit["thought"]), style=_STYLES.get(visit["move"], ""))
        visits.add_row(visit["move"], f"#{visit['node']}", thought)
    return Group(head, visits)


def rejects_view(rejects: Sequence[Mapping[str, Any]]) -> RenderableType:
    """The candidates that did not become traces, one line each with the reason."""
    lines = [
        f"not used: {plain(row['reason'])}" + (f" ({plain(row['detail'])})" if row["detail"] else "") for row in rejects
    ]
    return Text("\n".join(lines), style="dim")


def rewrites_view(rewrites: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Rejected rewrites: for each, its place and the reason, the text to rewrite, and the reply."""
    lines = Text()
    for row in rewrites:
        visit = f"visit {row['visit']} (#{row['node']}, {row['role']}), try {row['attempt'] + 1}"
        lines.append(f"{plain(row['trace_id'])}, {visit}: ", "bold").append(plain(row["reason"]), "red")
        lines.append(f" ({plain(row['detail'])})\n" if row["detail"] else "\n")
        lines.append(f"  step:  {plain(row['step'])}\n", "dim").append(f"  reply: {plain(row['text'])}\n")
    return lines
