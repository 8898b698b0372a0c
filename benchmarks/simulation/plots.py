"""The plots of docs/capacity.md, from the figures that simulate.py saved."""

import json
from pathlib import Path
from typing import Any

STYLE: Any = {
    "svg.hashsalt": "astro",
    "svg.fonttype": "path",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.alpha": 0.25,
    "legend.frameon": False,
}
BLUE, ORANGE = "#2f6ba8", "#d1661b"


def draw(folder: Path) -> list[str]:
    """Draw those of saturate.json, engines-N.json and cost.json that the folder has, as SVG beside them."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams.update(STYLE)
    runs = sorted(map(_read, folder.glob("engines-*.json")), key=lambda run: int(run["engines"]))
    if (path := folder / "saturate.json").is_file():
        _saturation(_read(path), folder / "saturate.svg")
    if runs:
        _engines(runs, folder / "engines.svg")
    if (path := folder / "cost.json").is_file():
        _cost(_read(path), folder / "cost.svg")
    return sorted(str(path) for path in folder.glob("*.svg"))


def _read(path: Path) -> dict[str, Any]:
    figures: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return figures


def _saturation(figures: dict[str, Any], path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 3.2))
    rows = figures["rows"]
    trees = [row["live_trees"] for row in rows]
    axes.plot(trees, [row["tokens_per_second"] for row in rows], "o-", color=BLUE)
    axes.set(xscale="log", xlabel="trees in flight at an engine", ylabel="tokens a second")
    axes.set_xticks(trees, [str(tree) for tree in trees])
    axes.set_ylim(bottom=0)
    _save(figure, path)


def _engines(runs: list[dict[str, Any]], path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, (rates, idle) = plt.subplots(1, 2, figsize=(9, 3.2))
    count = [run["engines"] for run in runs]
    one = runs[0]["tokens_per_second"] / runs[0]["engines"]
    rates.plot(count, [run["tokens_per_second"] for run in runs], "o-", color=BLUE, label="simulated")
    rates.plot(count, [one * number for number in count], "--", color="#9aa0a6", label="proportional")
    rates.set(xscale="log", yscale="log", xlabel="engines", ylabel="tokens a second")
    rates.legend()
    idle.plot(count, [100 * run["tail"] for run in runs], "o-", color=ORANGE, label="after 90 % of the trees")
    idle.plot(count, [100 * run["engines_idle"] for run in runs], "s-", color=BLUE, label="engines idle")
    idle.set(xscale="log", xlabel="engines", ylabel="% of the time")
    idle.set_ylim(bottom=0)
    idle.legend()
    _save(figure, path)


def _cost(figures: dict[str, Any], path: Path) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6, 2.6))
    modes = list(figures["modes"])[::-1]
    hours = [figures["modes"][mode]["gpu_hours"] for mode in modes]
    error = [figures["modes"][mode]["gpu_hours_plus_minus"] for mode in modes]
    axes.barh(modes, hours, xerr=error, color=BLUE)
    axes.set(xlabel=f"GPU-hours of {figures['for_trees']:,} trees")
    _save(figure, path)


def _save(figure: Any, path: Path) -> None:
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})
