"""Write the tables of docs/run-directory.md from the declarations of their columns.

python -m tools.tables            rewrite the page
python -m tools.tables --check    exit with status 1 if the page is not current
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from astro.evaluation.judging import JUDGED
from astro.evaluation.responses import RESPONSES
from astro.records.columns import Column, Kind, ListOf, Struct, Table
from astro.records.cost import TREE_COSTS
from astro.records.overview import TREES
from astro.records.problem import PROBLEMS
from astro.records.rejection import REJECTED
from astro.records.trace import COUNTS, REJECTS, REWRITES, TRACES
from astro.records.tree import NODES

PAGE = Path(__file__).parents[1] / "docs" / "run-directory.md"
TABLES = (PROBLEMS, REJECTED, TREES, NODES, TRACES, REJECTS, REWRITES, COUNTS, TREE_COSTS, RESPONSES, JUDGED)
BEGIN = "<!-- Made by `python -m tools.tables` from the declarations of the columns; do not edit by hand. -->"
END = "<!-- End of the tables. -->"


def page_with(tables: Sequence[Table], page: str) -> str:
    """The page with these tables between its two marks. Raises ValueError if a mark is missing."""
    head, begin, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page has no line {(BEGIN if not begin else END)!r}")
    return "\n\n".join([f"{head}{begin}", *(describe(table) for table in tables), f"{end}{tail}"])


def describe(table: Table) -> str:
    """One table in Markdown: a row for each column, the fields of a struct below it."""
    lines = [f"### `{table.name}`", "", table.meaning, "", "| column | type | unit | meaning |", "|---|---|---|---|"]
    return "\n".join([*lines, *_lines(table.columns, "")])


def _lines(columns: Sequence[Column], above: str) -> Iterator[str]:
    for column in columns:
        kind = _spelled(column.kind) + (" or null" if column.nullable else "")
        values = f": {', '.join(column.values)}" if column.values else ""
        yield f"| {above}{column.name} | {kind} | {column.unit} | {column.meaning}{values} |"
        inner = column.kind.item if isinstance(column.kind, ListOf) else column.kind
        if isinstance(inner, Struct):
            yield from _lines(inner.columns, f"{above}{column.name}.")


def _spelled(kind: Kind) -> str:
    if isinstance(kind, ListOf):
        return f"list of {_spelled(kind.item)}"
    return "struct" if isinstance(kind, Struct) else kind


def main(arguments: Sequence[str]) -> int:
    """Run the command; the exit status."""
    before = PAGE.read_text(encoding="utf-8")
    after = page_with(TABLES, before)
    if "--check" in arguments:
        print("current" if after == before else f"{PAGE} is not current; run python -m tools.tables")
        return int(after != before)
    PAGE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
