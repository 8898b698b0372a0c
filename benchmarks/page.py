"""Speed of the page in headless Chromium: a tree of 50,000 nodes, and a served run of 20,000 problems.

    python benchmarks/page.py [--json] [--nodes 50000] [--problems 20000]

first_paint: seconds from opening the address of the tree to its first frame.
pan, zoom: frames a second while the tree is dragged and zoomed.
frame_cpu: milliseconds of processor time of a frame on the page's main thread, whatever else the machine does.
starts: seconds from the command to its address, both runs read.
opens: seconds from opening the address of the run to its table.
filters: seconds from typing into the search to the rows that answer it, the median of several searches.

Needs the extra dev and /usr/bin/chromium.
"""

import argparse
import json
import random
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from astro.records.cost import Cost
from astro.records.problem import Problem
from astro.records.tree import NO_PARENT, ROOT, Stop, Terminal, Tree
from astro.store import RunDirectory
from astro.store.entries import tree_entry
from astro.verify import Outcome

_WORDS = ["apples", "pears", "trains", "boxes", "coins", "cards", "marbles", "stairs", "candles", "ladders"]
_BRANCHES = 12
_SIZE = {"width": 1440, "height": 900}
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]

# Moves something at every frame for two seconds, and returns the frames, and how many there were a second.
_MEASURE = """async ({kind}) => {
  const canvas = document.querySelector('canvas'), box = canvas.getBoundingClientRect();
  const at = (x, y) => ({clientX: box.left + x, clientY: box.top + y, pointerId: 1, bubbles: true, cancelable: true});
  canvas.setPointerCapture = () => {};
  if (kind === 'pan') canvas.dispatchEvent(new PointerEvent('pointerdown', at(400, 300)));
  const frame = () => new Promise(requestAnimationFrame);
  await frame();
  const start = performance.now();
  let frames = 0;
  while (performance.now() - start < 2000) {
    const turn = Math.sin(frames / 9);
    if (kind === 'pan') canvas.dispatchEvent(new PointerEvent('pointermove', at(400 + 60 * turn, 300 + 220 * turn)));
    else canvas.dispatchEvent(new WheelEvent('wheel', {...at(400, 300), deltaY: 90 * turn}));
    await frame();
    frames += 1;
  }
  if (kind === 'pan') canvas.dispatchEvent(new PointerEvent('pointercancel', at(400, 300)));
  return {frames, rate: frames / ((performance.now() - start) / 1000)};
}"""


def main() -> None:
    """Make the runs, serve them, and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    parser.add_argument("--nodes", type=int, default=50_000)
    parser.add_argument("--problems", type=int, default=20_000)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        tree, run = Path(folder) / "tree", Path(folder) / "run"
        write_run(tree, [large_tree("large", arguments.nodes)])
        write_run(run, [small_tree(f"problem-{index}", index) for index in range(arguments.problems)])
        figures = measure(tree, run)
    figures |= {"nodes": arguments.nodes, "problems": arguments.problems}
    print(json.dumps(figures) if arguments.json else "\n".join(f"{name}: {value}" for name, value in figures.items()))


def large_tree(name: str, nodes: int) -> Tree:
    """A tree with that many nodes: each new batch of siblings hangs below a random open node."""
    rng = random.Random(name)
    tree = Tree(problem_id=name, prompt_ids=(1,), seed=0, stop=Stop.NODES)
    tree.add(NO_PARENT, "", ())
    simulation = 0
    while len(tree) < nodes:
        simulation += 1
        parent = min(rng.randrange(len(tree)) for _ in range(2)) if rng.random() < 0.5 else rng.randrange(len(tree))
        if tree.terminal[parent] is not Terminal.NONE:
            continue
        for _ in range(min(_BRANCHES, nodes - len(tree))):
            ended = rng.random() < 0.3
            step = f"I take {rng.randrange(99)} + {rng.randrange(99)}, which leaves {rng.randrange(99)}."
            terminal = Terminal.ANSWER if ended else Terminal.NONE
            node = tree.add(parent, step, (2,), prior=1 / _BRANCHES, terminal=terminal, simulation=simulation)
            tree.reward[node] = round(rng.random(), 2)
            if ended:
                tree.outcome[node] = Outcome.CORRECT if rng.random() < 0.2 else Outcome.INCORRECT
                tree.answer[node] = str(rng.randrange(99))
    _back_up(tree)
    return tree


def small_tree(name: str, seed: int) -> Tree:
    """A root with two ends."""
    tree = Tree(
        problem_id=name, prompt_ids=(1,), seed=seed, stop=Stop.SIMULATIONS, cost=Cost(3, 30, 0, 100 + seed % 900, 1.0)
    )
    tree.add(NO_PARENT, "", ())
    for outcome in (Outcome.CORRECT if seed % 3 else Outcome.INCORRECT, Outcome.INCORRECT):
        node = tree.add(ROOT, "A step.", (2,), prior=0.5, terminal=Terminal.ANSWER, simulation=1)
        tree.outcome[node], tree.reward[node] = outcome, float(outcome is Outcome.CORRECT)
    tree.reward[ROOT] = (seed % 10) / 10
    _back_up(tree)
    return tree


def _back_up(tree: Tree) -> None:
    """Visits and values as means over subtrees."""
    tree.visits, tree.total = [1] * len(tree), list(tree.reward)
    for node in range(len(tree) - 1, ROOT, -1):
        tree.visits[tree.parent[node]] += tree.visits[node]
        tree.total[tree.parent[node]] += tree.total[node]
    tree.value = [total / visits for total, visits in zip(tree.total, tree.visits, strict=True)]


def write_run(folder: Path, trees: list[Tree]) -> None:
    """A run whose search is finished."""
    rng = random.Random(len(trees))
    problems = [
        Problem(tree.problem_id, " ".join(rng.choices(_WORDS, k=24)), str(index), "math")
        for index, tree in enumerate(trees)
    ]
    with RunDirectory.create(folder, {"name": folder.name, "engine": {"model": "scripted"}}) as run:
        run.write_problems(problems, [])
        run.trees.append([tree_entry(tree) for tree in trees])
        run.trees.finish([problem.id for problem in problems])
        run.traces.finish([])


def measure(tree: Path, run: Path) -> dict[str, Any]:
    """Serve both runs and measure the page."""
    command = [sys.executable, "-m", "astro", "view", str(tree), str(run), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        began, line = time.perf_counter(), ""
        try:
            while not line.startswith("http"):
                line = server.stdout.readline()
                assert line or server.poll() is None, "the server stopped"
            starts = time.perf_counter() - began
            return {**measure_page(line.split()[0]), "starts_seconds": round(starts, 2)}
        finally:
            server.terminate()


def measure_page(address: str) -> dict[str, Any]:
    """The figures of the page at an address, whose run 0 is the tree and run 1 the many problems."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS)
        page = browser.new_page(viewport=_SIZE)  # type: ignore[arg-type]
        page.set_default_timeout(120_000)
        opens = _seconds_until(page, f"{address}#/run?run=1", "table.problems tbody tr")
        filters = [_filter_seconds(page, f"{word} problem-{index}") for index, word in enumerate(_WORDS[:9], 1)]
        page.goto("about:blank")
        paint = _seconds_until(page, f"{address}#/tree?run=0&id=large", "canvas[data-painted]")
        watch = page.context.new_cdp_session(page)
        watch.send("Performance.enable", {"timeDomain": "threadTicks"})
        before = _busy(watch)
        found = {kind: page.evaluate(_MEASURE, {"kind": kind}) for kind in ("pan", "zoom")}
        busy = _busy(watch) - before
        browser.close()
    return {
        "first_paint_seconds": round(paint, 2),
        "pan_frames_a_second": round(found["pan"]["rate"], 1),
        "zoom_frames_a_second": round(found["zoom"]["rate"], 1),
        "frame_cpu_ms": round(1000 * busy / sum(each["frames"] for each in found.values()), 1),
        "opens_seconds": round(opens, 2),
        "filters_seconds": round(statistics.median(filters), 3),
    }


def _busy(watch: Any) -> float:
    """Seconds of processor time that the main thread of a page has taken."""
    metrics = {each["name"]: each["value"] for each in watch.send("Performance.getMetrics")["metrics"]}
    return float(metrics["TaskDuration"])


def _seconds_until(page: Any, address: str, there: str) -> float:
    """Seconds from opening an address to the first element of a kind."""
    began = time.perf_counter()
    page.goto(address)
    page.locator(there).first.wait_for(state="attached")
    return time.perf_counter() - began


def _filter_seconds(page: Any, words: str) -> float:
    """Seconds from typing a search to the rows that answer it, as the page measures them."""
    script = """words => new Promise((done) => {
      const box = document.getElementById('search'), began = performance.now();
      box.value = words;
      box.dispatchEvent(new Event('input', {bubbles: true}));
      const look = () => document.querySelector('[data-asked]').dataset.asked === words
        ? done((performance.now() - began) / 1000) : requestAnimationFrame(look);
      look();
    })"""
    return float(page.evaluate(script, words))


if __name__ == "__main__":
    main()
