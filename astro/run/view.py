"""`astro view` and `astro inspect --html`: runs as a page."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console

from astro.errors import StoreError
from astro.records.rounds import ROUNDS
from astro.viewer.opened import OpenedRun
from astro.viewer.page import write_page
from astro.viewer.server import distinct_names, serve


def view(paths: Sequence[Path], port: int, console: Console) -> None:
    """Serve runs on loopback until Ctrl-C."""
    console.print("Reading ...", style="dim")
    serve(list(_runs(paths)), port, lambda address: console.print(f"{address}  (Ctrl-C stops)", markup=False))


def write_html(file: Path, paths: Sequence[Path], most: int, console: Console) -> None:
    """Write the page of runs to a file. most: problems of each run whose trees it holds."""
    found = list(_runs(paths))
    runs = [OpenedRun(path, name) for path, name in zip(found, distinct_names(found), strict=True)]
    size = write_page(file, runs, most)
    left_out = sum(max(0, len(run.searched) - most) for run in runs)
    console.print(f"{file}: {size / 1e6:.1f} MB", markup=False)
    if left_out:
        console.print(f"{left_out:,} trees are left out; --problems N takes more, astro view shows all", style="dim")


def _runs(paths: Sequence[Path]) -> Iterator[Path]:
    """The run directories of some paths; a run of rounds stands for its rounds."""
    for path in paths:
        if (path / ROUNDS).is_dir():
            rounds = [each for each in (path / ROUNDS).iterdir() if (each / "config.yaml").exists()]
            if not rounds:
                raise StoreError(f"{path} has no round yet")
            yield from sorted(rounds, key=lambda each: (len(each.name), each.name))
        else:
            yield path
