"""The pictures of docs/page.md: the page of a run in headless Chromium.

python -m tools.screenshots runs/demo docs/images
"""

import argparse
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory

from astro.viewer.opened import OpenedRun
from astro.viewer.page import write_page

_SIZE = {"width": 1360, "height": 820}
_SHOTS = {"page-tree": ("tree", "light"), "page-trace": ("trace", "light"), "page-run": ("run", "dark")}


def main() -> None:
    """Take the pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="a run directory with search traces")
    parser.add_argument("folder", type=Path, help="where the pictures go")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        write_page(file, [OpenedRun(arguments.run)], 300)
        take(file.as_uri(), arguments.folder, addresses(OpenedRun(arguments.run)))


def addresses(run: OpenedRun) -> dict[str, str]:
    """What each view shows: a problem that is solved after many ways back, in a tree of moderate size."""
    rows = [row for row in run.listing.table.to_pylist() if row["traces"] and 25 <= (row["nodes"] or 0) <= 90]
    best = max(rows, key=lambda row: (row["simulations"] > 1, row["backtracks"], -row["nodes"]))["id"]
    nodes = run.nodes(best)
    visits, parents = nodes["visits"].to_pylist(), nodes["parent"].to_pylist()
    chosen = max((node for node, parent in enumerate(parents) if parent == 0), key=lambda node: visits[node])
    return {"tree": f"id={best}&node={chosen}", "trace": f"id={best}&visit=3", "run": "sort=backtracks&descending=1"}


def take(page_address: str, folder: Path, views: dict[str, str]) -> None:
    """Open each view and write its picture."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - of the extra dev

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox", "--disable-gpu"])
        for name, (view, scheme) in _SHOTS.items():
            page = browser.new_page(viewport=_SIZE, color_scheme=scheme)  # type: ignore[arg-type]
            page.goto(f"{page_address}#/{view}?{views[view]}")
            page.locator("main section, canvas").first.wait_for()
            page.wait_for_timeout(1_500)
            page.screenshot(path=folder / f"{name}.png")
            print(folder / f"{name}.png")
        browser.close()


if __name__ == "__main__":
    main()
