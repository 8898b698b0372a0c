"""The problem sets that come with ASTRO: a folder each, with a card (README.md) and one JSON Lines file.

A source tree has them in data/problems, an installed package under share/astro-reasoner/problems.
"""

from importlib import metadata
from pathlib import Path

_SOURCE_TREE = Path(__file__).parents[2] / "data" / "problems"
_INSTALLED = "share/astro-reasoner/problems/"


def bundled_sets() -> dict[str, Path]:
    """The file of every bundled set by its name; empty if the package was installed without them."""
    if _SOURCE_TREE.is_dir():
        files = sorted(_SOURCE_TREE.glob("*/*.jsonl"))
    else:
        try:
            installed = metadata.files("astro-reasoner") or []
        except metadata.PackageNotFoundError:
            installed = []
        files = [Path(str(file.locate())) for file in installed if _INSTALLED in str(file) and file.suffix == ".jsonl"]
    return {file.parent.name: file for file in files}
