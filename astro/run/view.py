"""`astro view` and `astro inspect --html`: runs as a page."""

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from astro.viewer.opened import OpenedRun
from astro.viewer.page import write_page
from astro.viewer.server import distinct_names, runs_of, serve


def view(paths: Sequence[Path], port: int, console: Console) -> None:
    """Serve runs on loopback until Ctrl-C."""
    console.print("Reading ...", style="dim")
    serve(paths, port, lambda address: console.print(f"{address}  (Ctrl-C stops)", markup=False))


def write_html(file: Path, paths: Sequence[Path], most: int, console: Console) -> None:
    """Write the page of runs to a file. most: problems of each run whose trees it holds."""
    found = runs_of(paths)
    runs = [OpenedRun(path, name) for path, name in zip(found, distinct_names(found), strict=True)]
    size = write_page(file, runs, most)
    left_out = sum(max(0, len(run.searched) - most) for run in runs)
    console.print(f"{file}: {size / 1e6:.1f} MB", markup=False)
    if left_out:
        console.print(f"{left_out:,} trees are left out; --problems N takes more, astro view shows all", style="dim")
