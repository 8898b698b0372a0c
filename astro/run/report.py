"""`astro report`: the report of a run, and its tables of models on the screen."""

from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from astro.records.rounds import ROUNDS
from astro.report import write_report
from astro.report.gather import gather
from astro.report.rounds import gather_rounds, rounds_table, sets_of
from astro.report.tables import TextTable, model_table
from astro.store.seals import refuse_damaged

_LEFT_OUT = ("any right", "wrong to right", "right to wrong")  # for the page: a screen has no room for them


def show_report(run: Path, console: Console) -> None:
    """Write the report of a run or of its rounds, show its tables of models without some columns, and its path."""
    refuse_damaged(run, but="reports/")
    if (run / ROUNDS).is_dir():
        rounds = gather_rounds(run)
        folder = write_report(run)
        for dataset in sets_of(rounds):
            console.print(_screen_table(rounds_table(rounds, dataset)), "", width=120, crop=False)
    else:
        findings = gather(run)
        folder = write_report(run, findings)
        for dataset in findings.sets:
            console.print(_screen_table(model_table(findings, dataset)), "", width=100, crop=False)
    console.print(f"report: {folder / 'report.html'}", markup=False, soft_wrap=True)


def _screen_table(found: TextTable) -> Table:
    shown = [index for index, heading in enumerate(found.headings) if not heading.startswith(_LEFT_OUT)]
    table = Table(title=Text(found.title), title_justify="left", box=None, pad_edge=False, padding=(0, 1, 0, 0))
    for index in shown:
        heading = found.headings[index]
        width = len(max(heading.split(), key=len))
        table.add_column(Text(heading), justify="right" if index else "left", no_wrap=index < 2, min_width=width)
    for row in found.rows:
        table.add_row(*(Text(row[index]) for index in shown))
    return table
