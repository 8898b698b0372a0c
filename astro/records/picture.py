"""A tree as an SVG picture: a column for each depth, a row for each leaf; colour is value, width is visits.

The ends differ in shape as well as in colour. Text is escaped: it is the model's.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from math import sqrt
from unicodedata import category

from astro.verify import Outcome

LABEL = 26  # characters of a step
MOST_NODES = 2_000  # of a picture
_COLUMN, _ROW, _MARGIN = 270, 22, 16  # pixels
_CHARACTER = 6.0  # pixels of a label, on average
_VIRIDIS = "440154 482475 414487 355f8d 2a788e 21918c 22a884 44bf70 7ad151 bddf26 fde725"
RAMP = [f"#{shade}" for shade in re.findall(r"\w+", _VIRIDIS)]
STROKES = {Outcome.CORRECT: "#0b7a4b", Outcome.INCORRECT: "#c0362c"}
_STYLE = (
    "text{font:11px system-ui,sans-serif;fill:#1b2430;paint-order:stroke;stroke:#fff;stroke-width:3px}"
    ".edge{fill:none;stroke:#aab4c0}.grafted{stroke-dasharray:4 3}"
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """The columns of a tree that its picture shows, one entry a node; parents precede their children.

    grafted: added because of their outcome, without visits. verdict: of an end, else None. title: of the root.
    """

    title: str
    parent: Sequence[int]
    text: Sequence[str]
    value: Sequence[float | None]
    visits: Sequence[int]
    grafted: Sequence[bool]
    ended: Sequence[bool]
    verdict: Sequence[Outcome | None]


def svg(tree: Drawn, most: int = MOST_NODES) -> str:
    """The picture of a tree as SVG text. most: nodes shown, those with the most visits and their ancestors."""
    places = places_of(tree, most)
    width = _MARGIN * 2 + _COLUMN * (max(depth for depth, _ in places.values()) + 1)
    height = _MARGIN * 2 + _ROW * (max(row for _, row in places.values()) + 1)
    left_out = len(tree.parent) - len(places)
    about = f"Search tree of {tree.title}, {len(tree.parent)} nodes" + (f", {left_out} not shown" if left_out else "")
    box = f'width="{width}" height="{height:.0f}" viewBox="0 0 {width} {height:.0f}"'
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {box} role="img" aria-label="{_safe(about)}">',
        f"<style>{_STYLE}</style>",
        f'<rect width="{width}" height="{height:.0f}" fill="#fff"/>',
        *_edges(tree, places),
        *_nodes(tree, places),
        "</svg>",
    ]
    return "\n".join(lines)


def _shown(tree: Drawn, most: int) -> list[int]:
    ranked = sorted(range(len(tree.parent)), key=lambda node: (-tree.visits[node], node))
    chosen = {0}
    for node in ranked:
        if len(chosen) >= most:
            break
        at = node
        while at >= 0 and at not in chosen:
            chosen.add(at)
            at = tree.parent[at]
    return sorted(chosen)


def places_of(tree: Drawn, most: int = MOST_NODES) -> dict[int, tuple[int, float]]:
    """Depth and row of each node shown: leaves in the order of a walk, a parent in the middle of its children."""
    shown = _shown(tree, most)
    children: dict[int, list[int]] = {node: [] for node in shown}
    depth: dict[int, int] = {}
    for node in shown:
        parent = tree.parent[node]
        depth[node] = depth[parent] + 1 if parent in children else 0
        if parent in children:
            children[parent].append(node)
    rows: dict[int, float] = {}
    stack, free = [shown[0]], 0
    walked = []
    while stack:
        node = stack.pop()
        walked.append(node)
        stack.extend(reversed(children[node]))
        if not children[node]:
            rows[node], free = float(free), free + 1
    for node in reversed(walked):
        if children[node]:
            rows[node] = (rows[children[node][0]] + rows[children[node][-1]]) / 2
    return {node: (depth[node], rows[node]) for node in shown}


def _at(place: tuple[int, float]) -> tuple[float, float]:
    depth, row = place
    return _MARGIN + depth * _COLUMN, _MARGIN + (row + 0.5) * _ROW


def _edges(tree: Drawn, places: dict[int, tuple[int, float]]) -> Iterator[str]:
    most = max(1, tree.visits[0])
    for node, place in places.items():
        if tree.parent[node] not in places:
            continue
        (x, y), (end, to) = _at(places[tree.parent[node]]), _at(place)
        start = min(x + 14 + _CHARACTER * len(shortened(tree, tree.parent[node], LABEL)), end - 24)  # after its label
        width = 1.0 if tree.grafted[node] else max(1.0, 7 * sqrt(tree.visits[node] / most))
        kind = "edge grafted" if tree.grafted[node] else "edge"
        bend = (start + end) / 2
        yield (
            f'<path class="{kind}" stroke-width="{width:.1f}" '
            f'd="M{start:.0f} {y:.1f}C{bend:.0f} {y:.1f} {bend:.0f} {to:.1f} {end:.0f} {to:.1f}"/>'
        )


def _nodes(tree: Drawn, places: dict[int, tuple[int, float]]) -> Iterator[str]:
    for node, place in places.items():
        x, y = _at(place)
        value, verdict = tree.value[node], tree.verdict[node]
        fill = "#fff" if tree.grafted[node] or value is None else RAMP[round(value * (len(RAMP) - 1))]
        stroke = STROKES.get(verdict, "#556170") if verdict is not None else "#556170"
        yield _shape(x, y, verdict, ended=tree.ended[node], fill=fill, stroke=stroke)
        full = " ".join(_step(tree, node).split())[:2000]
        label = _safe(shortened(tree, node, LABEL))
        yield f'<text x="{x + 10:.0f}" y="{y + 4:.1f}">{label}<title>{_safe(full)}</title></text>'


def shortened(tree: Drawn, node: int, most: int) -> str:
    """Value, visits and the beginning of a step, without characters that hide or turn other text."""
    value = tree.value[node]
    facts = "" if tree.grafted[node] or value is None else f"{value:.2f} · {tree.visits[node]} "
    step = " ".join(_step(tree, node)[: 4 * most].split())
    return facts + _visible(step if len(step) <= most else step[: most - 1] + "…")


def _step(tree: Drawn, node: int) -> str:
    return tree.title if node == 0 else tree.text[node]


def _shape(x: float, y: float, verdict: Outcome | None, *, ended: bool, fill: str, stroke: str) -> str:
    paint = f'fill="{fill}" stroke="{stroke}"'
    if not ended:
        return f'<circle cx="{x:.0f}" cy="{y:.1f}" r="5" {paint}/>'
    if verdict is Outcome.CORRECT:
        path = f"M{x:.0f} {y - 7:.1f}l7 7-7 7-7-7z"
    elif verdict is Outcome.INCORRECT:
        path = f"M{x - 5:.0f} {y - 5:.1f}h10v10h-10z"
    else:
        path = f"M{x:.0f} {y - 6:.1f}l6 11h-12z"
    return f'<path d="{path}" {paint} stroke-width="2"/>'


def _safe(text: str) -> str:
    """Text for XML: escaped, without characters that it cannot hold."""
    return escape(_visible(text))


def _visible(text: str) -> str:
    return "".join("\ufffd" if category(each) in _HIDDEN else each for each in text)


_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
