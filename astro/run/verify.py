"""`astro verify`: read a file of responses, write a file of verdicts, and print a table of the outcomes."""

import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from astro.config import validate
from astro.inspect.plain import plain
from astro.tasks import make_verifier
from astro.verify import Outcome, Verifier, VerifierError, VerifyConfig
from astro.verify.files import ClassSummary, FileSummary, verify_file

_REJECTED_SHOWN = 5


def verify_lines(source: Path, out: Path | None, settings: Sequence[str], console: Console) -> None:
    """Verify source line by line into out, or to standard output, and print the summary on console.

    The prefix verify of a setting is optional. Raises VerifierError if source cannot be read, out cannot be written, or
    a task cannot be verified on this machine.
    """
    settings = [setting.removeprefix("verify.") for setting in settings]
    config = validate(VerifyConfig, {"workers": len(os.sched_getaffinity(0))}, "the settings", settings)
    with closing(make_verifier(config)) as verifier:
        if out is None:
            summary = verify_file(source, verifier, sys.stdout.write)
        else:
            summary = _verify_into(source, out, verifier)
    console.print(_summary_table(summary))
    for number, reason in summary.rejected[:_REJECTED_SHOWN]:
        console.print(Text(f"line {number} could not be read: {plain(reason)}", style="red"))
    if len(summary.rejected) > _REJECTED_SHOWN:
        console.print(f"... and {len(summary.rejected) - _REJECTED_SHOWN} more lines that could not be read")


def _verify_into(source: Path, out: Path, verifier: Verifier) -> FileSummary:
    """Write to a temporary file first, so that out is either complete or unchanged."""
    partial = out.with_name(out.name + ".partial")
    try:
        with partial.open("w", encoding="utf-8") as stream:
            summary = verify_file(source, verifier, stream.write)
        partial.replace(out)
    except OSError as error:
        raise VerifierError(f"cannot write {out}: {error}") from error
    finally:
        partial.unlink(missing_ok=True)
    return summary


def _summary_table(summary: FileSummary) -> Table:
    """One row per class; agreement and errors only if the file has expected values."""
    total = summary.total
    outcomes = [outcome for outcome in Outcome if total.outcomes[outcome]]
    table = Table(box=None, pad_edge=False)
    table.add_column("class", overflow="fold", min_width=min(40, max(map(len, summary.classes))))
    for heading in ("lines", *outcomes):
        table.add_column(str(heading), justify="right")
    if total.compared:
        for heading in ("agree", "false +", "false -"):
            table.add_column(heading, justify="right")
    for name, part in [*summary.classes.items(), ("all", total)]:
        table.add_row(*_cells(name, part, outcomes, compared=total.compared > 0))
    return table


def _cells(name: str, part: ClassSummary, outcomes: Sequence[Outcome], *, compared: bool) -> list[Text | str]:
    counts = [str(part.lines), *(str(part.outcomes[outcome]) for outcome in outcomes)]
    if compared:
        agreed = f"{part.agreed / part.compared:.1%}" if part.compared else "-"
        counts += [agreed, str(part.false_positives), str(part.false_negatives)]
    return [Text(plain(name)), *counts]
