"""ASTRO: search a problem with a language model, turn the tree into a trace that backtracks, train on the trace."""

from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from astro.viewer.loaded import LoadedRun

try:
    __version__ = version("astro-reasoner")
except PackageNotFoundError:  # a source tree on PYTHONPATH that was never installed
    __version__ = "0.0.0"


def load(run: Path | str) -> "LoadedRun":
    """A run in a notebook: tables for pandas, trees and traces that show themselves. Raises StoreError."""
    from astro.viewer.loaded import LoadedRun  # noqa: PLC0415 - heavy

    return LoadedRun(run)
