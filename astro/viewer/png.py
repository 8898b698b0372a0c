"""A tree as a PNG picture, drawn by matplotlib like the SVG of astro.records.picture."""

from pathlib import Path

from astro.errors import MissingDependencyError
from astro.records.picture import LABEL, RAMP, STROKES, places_of, shortened
from astro.records.tree import Terminal, Tree
from astro.verify import Outcome

_COLUMN, _ROW = 3.0, 0.26  # inches
_CHARACTER = 0.019  # of a column, on average
_MARKERS = {Outcome.CORRECT: "D", Outcome.INCORRECT: "s"}
_DOTS = 160  # an inch
_LARGEST = 400  # inches, of 64,000 pixels


def write_png(tree: Tree, file: Path) -> None:
    """Draw a tree. Raises MissingDependencyError without matplotlib."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - optional
    except ImportError:
        raise MissingDependencyError("matplotlib", "train", "a tree as PNG") from None
    drawn = tree.drawn()
    places = places_of(drawn)
    depths, rows = (max(values) + 1 for values in zip(*places.values(), strict=True))
    figure = Figure(figsize=(_COLUMN * depths + 0.6, min(_LARGEST, _ROW * rows + 0.4)))
    axes = figure.add_axes((0.01, 0.01, 0.98, 0.98))
    axes.set_axis_off()
    axes.set_xlim(-0.1, depths)
    axes.set_ylim(rows, -1)
    most = max(1, tree.visits[0])
    for node, (depth, row) in places.items():
        parent = places.get(tree.parent[node])
        if parent is not None:
            width = 0.7 if drawn.grafted[node] else max(0.7, 5 * (tree.visits[node] / most) ** 0.5)
            style = "--" if drawn.grafted[node] else "-"
            label = shortened(drawn, tree.parent[node], LABEL)
            start = parent[0] + min(0.09 + _CHARACTER * len(label), 0.86)  # after the label
            axes.plot(
                [start, (start + depth) / 2, depth],
                [parent[1], row, row],
                style,
                color="#aab4c0",
                linewidth=width,
                zorder=1,
            )
        value, verdict = drawn.value[node], drawn.verdict[node]
        fill = "#ffffff" if drawn.grafted[node] or value is None else RAMP[round(value * (len(RAMP) - 1))]
        marker = _MARKERS.get(verdict, "^") if tree.terminal[node] is not Terminal.NONE and verdict else "o"
        stroke = STROKES.get(verdict, "#556170") if verdict else "#556170"
        axes.scatter([depth], [row], s=34, marker=marker, color=fill, edgecolors=stroke, linewidths=1.4, zorder=3)
        label = shortened(drawn, node, LABEL)
        axes.text(depth + 0.06, row, label, fontsize=6.5, va="center", zorder=2, parse_math=False)
    figure.savefig(file, dpi=_DOTS, format="png")
