"""Speed of the page in headless Chromium: a tree of 50,000 nodes, and a served run of 20,000 problems.

    python benchmarks/page.py [--json] [--nodes 50000] [--problems 20000]

first_paint: seconds from opening the address of the tree to its first frame.
pan, zoom: frames a second while the tree is dragged and zoomed.
frame_cpu: milliseconds of processor time of a frame on the page's main thread.
starts: seconds from the command to its address, both runs read.
opens: seconds from opening the address of the run to its table.
filters: seconds from typing into the search to the rows that answer it, the median of several searches.
page_cpu, server_cpu: seconds of processor time of the page's main thread and of the server until then. Unlike the
others, figures of processor time do not depend on what else the machine does.

Needs the extra dev and /usr/bin/chromium.
"""

import argparse
import json
import os
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
            starts = {"starts_seconds": round(time.perf_counter() - began, 2), "starts_cpu": _server_cpu(server.pid)}
            return {**measure_page(line.split()[0], server.pid), **starts}
        finally:
            server.terminate()


def measure_page(address: str, server: int) -> dict[str, Any]:
    """The figures of the page at an address: run 0 is the tree, run 1 the many problems. server: the process."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=_FLAGS)
        opened = Watched(browser, server)
        opens = opened.until(f"{address}#/run?run=1", "table.problems tbody tr")
        filters = [_filter_seconds(opened.page, f"{word} problem-{index}") for index, word in enumerate(_WORDS[:9], 1)]
        painted = Watched(browser, server)
        paint = painted.until(f"{address}#/tree?run=0&id=large", "canvas[data-painted]")
        before = painted.busy()
        found = {kind: painted.page.evaluate(_MEASURE, {"kind": kind}) for kind in ("pan", "zoom")}
        frames = sum(each["frames"] for each in found.values())
        frame = (painted.busy() - before) / frames
        browser.close()
    return {
        **{f"first_paint_{name}": value for name, value in paint.items()},
        "pan_frames_a_second": round(found["pan"]["rate"], 1),
        "zoom_frames_a_second": round(found["zoom"]["rate"], 1),
        "frame_cpu_ms": round(1000 * frame, 1),
        **{f"opens_{name}": value for name, value in opens.items()},
        "filters_seconds": round(statistics.median(filters), 3),
    }


class Watched:
    """A new page of a browser, and the processor time that its main thread and the server take. server: its process."""

    def __init__(self, browser: Any, server: int) -> None:
        self.page = browser.new_page(viewport=_SIZE)
        self.page.set_default_timeout(120_000)
        self._server = server
        self._session = self.page.context.new_cdp_session(self.page)
        self._session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def until(self, address: str, there: str) -> dict[str, float]:
        """Figures from opening an address to the first element of a kind."""
        began, served = time.perf_counter(), _server_cpu(self._server)
        self.page.goto(address)
        self.page.locator(there).first.wait_for(state="attached")
        return {
            "seconds": round(time.perf_counter() - began, 2),
            "page_cpu": round(self.busy(), 2),
            "server_cpu": round(_server_cpu(self._server) - served, 2),
        }

    def busy(self) -> float:
        """Seconds of processor time that the main thread of the page has taken."""
        metrics = {each["name"]: each["value"] for each in self._session.send("Performance.getMetrics")["metrics"]}
        return float(metrics["TaskDuration"])


def _server_cpu(process: int) -> float:
    """Seconds of processor time that a process has taken (Linux)."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return round((int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), 2)


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
