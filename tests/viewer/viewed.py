"""Runs to look at: a scripted one with evaluations, and one whose every text is hostile."""

import json
import random
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rich.console import Console

from astro.config import validate
from astro.models.completion import FinishReason
from astro.records.cost import Cost
from astro.records.problem import PROBLEMS, Problem
from astro.records.trace import COUNTS, REJECTS, REWRITES, TRACES, Kind, Move, Origin, Trace, Visit
from astro.records.tree import NO_PARENT, ROOT, Rollout, Stop, Terminal, Tree
from astro.run import RunConfig, Stages, carry_out
from astro.store import RunDirectory
from astro.store.atomic import write_sealed
from astro.store.entries import TRACE_TABLES, costs_table, tree_entry
from astro.store.journal import Entry
from astro.verify import Outcome, Verdict

SETTINGS: dict[str, Any] = {
    "name": "looked-at",
    "seed": 3,
    "problems": {"countdown": {"count": 6, "sizes": [3, 4]}},
    "engine": {"kind": "scripted", "model": "CountdownPlayer", "options": {"skill": 0.6}},
    "prompt": {"template": "tiny", "step": "newline"},
    "search": {"k": 4, "rollouts": 4, "simulations": 8, "max_step_tokens": 200, "max_rollout_tokens": 600},
    "traces": {"prompts": "tiny/v1", "votes": 2, "test_share": 0.3},
}
SCRIPT = "<script>window.pwned = 1</script><img src=x onerror='window.pwned=1'></script><!--"
TURNED = "right \u202eto left\u202c, \u2066isolated\u2069, zero\u200bwidth\ufeff, \x1b[31mred"
LONG = "x" * 1_000_000
LATEX = r"\href{javascript:alert(1)}{click} $\htmlClass{a}{b}$ $$\def\a{\a\a}\a$$ $\frac{1}{2}$ \(\sqrt{x}\) \boxed{7}"
PROBLEM = f"hostile {SCRIPT} {TURNED}"


def scripted_run(folder: Path, *overrides: str) -> Path:
    """A small finished run with the scripted engine, made in a thread: a browser test has an event loop in its own."""
    config = validate(RunConfig, {**SETTINGS, "output": {"folder": str(folder)}}, "test", overrides)
    with ThreadPoolExecutor(1) as threads:
        threads.submit(carry_out, config, Stages(), Console(quiet=True)).result()
    return folder / config.name


def add_evaluations(run: Path, models: Sequence[str] = ("base", "direct-sft", "astro-sft")) -> None:
    """Evaluations of models on a set of three problems; only astro goes back."""
    problems = [Problem(f"held-out-{index}", f"Make {index} + 1.", str(index + 1), "math") for index in range(3)]
    for arm in ("direct", "astro"):
        (run / "checkpoints" / arm / "sft").mkdir(parents=True)
    for model in models:
        rng = random.Random(model)
        folder = run / "evaluations" / model / "held-out"
        folder.mkdir(parents=True)
        pq.write_table(PROBLEMS.write(problems), folder / "problems.parquet")
        rows = [_response(problem, sample, model, rng) for problem in problems for sample in range(2)]
        pq.write_table(pa.Table.from_pylist(rows), folder / "responses.parquet")
        right = sum(row["correct"] for row in rows) / len(rows)
        figures = {
            "pass_at_1": {"value": right, "low": max(0.0, right - 0.2), "high": min(1.0, right + 0.2)},
            "tokens": {"value": 60.0, "low": 50.0, "high": 70.0},
            **{
                f"right_within_{64 << power}": {"value": right * (power + 1) / 4, "low": None, "high": None}
                for power in range(4)
            },
        }
        content = {
            "model": model, "set": "held-out", "problems": 3, "samples": 2, "settings": {}, "inputs": {},
            "seconds": 1.0, "generated_tokens": 360, "figures": figures, "outcomes": {}, "contamination": None,
            "groups": {},
        }  # fmt: skip
        write_sealed(folder / "figures.json", content)


def _response(problem: Problem, sample: int, model: str, rng: random.Random) -> dict[str, Any]:
    correct = rng.random() < (0.9 if model.startswith("astro") else 0.4)
    again = "But wait, this is not correct. Let's go back to the beginning.\n" if model.startswith("astro") else ""
    text = f"First try: 3.\n{again}{SCRIPT if sample else ''}So the answer is \\boxed{{{problem.answer}}}."
    return {
        "problem_id": problem.id, "group": "all", "sample": sample, "text": text, "prompt_tokens": 9, "tokens": 60,
        "finish_reason": FinishReason.STOP, "outcome": "correct" if correct else "incorrect", "correct": correct,
        "answer": problem.answer, "canonical": None, "backtracks": int(bool(again)), "first_correct": not again,
    }  # fmt: skip


def hostile_run(folder: Path, rollouts: int = 10_000) -> Path:
    """A finished run of one problem whose texts try to run, to hide, to turn round and to fill the page."""
    problem = Problem(PROBLEM, f"{SCRIPT} {TURNED} {LATEX}", SCRIPT, "math", source=SCRIPT)
    tree = hostile_tree(rollouts)
    with RunDirectory.create(folder, {"name": "hostile", "seed": 1, "engine": {"model": SCRIPT}}) as run:
        run.write_problems([problem], [])
        run.trees.append([tree_entry(tree)])
        run.trees.finish([PROBLEM])
        run.traces.append([_traces(tree)])
        run.traces.finish([PROBLEM])
    return folder


def hostile_tree(rollouts: int) -> Tree:
    """Root, a wrong end of a million characters, and a step with many rollouts that leads to a correct end."""
    tree = Tree(problem_id=PROBLEM, prompt_ids=(1,), seed=1, stop=Stop.SIMULATIONS)
    tree.add(NO_PARENT, "", ())
    tree.add(ROOT, LONG, (2,), prior=0.25, terminal=Terminal.ANSWER, simulation=1)
    tree.add(ROOT, f"{SCRIPT} {TURNED}", (3,), prior=0.75, simulation=1)
    tree.add(2, LATEX, (4,), prior=1.0, terminal=Terminal.ANSWER, simulation=2)
    tree.rollouts[2] = [
        Rollout(f"{SCRIPT} {index}", 3, Outcome.CORRECT, SCRIPT, str(index % 50), TURNED) for index in range(rollouts)
    ]
    tree.visits, tree.value, tree.reward = [4, 1, 2, 1], [0.5, 0.0, 1.0, 1.0], [0.0, 0.0, 1.0, 1.0]
    tree.outcome = [None, Outcome.INCORRECT, None, Outcome.CORRECT]
    tree.answer = [None, SCRIPT, None, "7"]
    return tree


def wide_tree(name: str, nodes: int) -> Tree:
    """A tree in which every node has three children, as far as the nodes go."""
    tree = Tree(problem_id=name, prompt_ids=(1,), seed=0, stop=Stop.NODES)
    tree.add(NO_PARENT, "", ())
    for node in range(1, nodes):
        tree.add((node - 1) // 3, f"Step {node}.", (2,), prior=1 / 3, simulation=(node + 2) // 3)
    tree.visits, tree.value, tree.reward = [1] * nodes, [0.5] * nodes, [0.5] * nodes
    for node in range(nodes - 1, ROOT, -1):
        tree.visits[tree.parent[node]] += tree.visits[node]
    return tree


def _traces(tree: Tree) -> Entry:
    visits = (
        Visit(1, Move.ADVANCE),
        Visit(1, Move.REFLECT),
        Visit(0, Move.BACKTRACK),
        Visit(2, Move.ADVANCE),
        Visit(3, Move.CONCLUDE),
    )
    thoughts = (SCRIPT, "Wait, is this right?", TURNED, LONG, f"{LATEX} so 7")
    trace = Trace(
        id=f"{PROBLEM}/search-0",
        problem_id=PROBLEM,
        tree_id=PROBLEM,
        kind=Kind.SEARCH,
        visits=visits,
        thoughts=thoughts,
        text="".join(thoughts),
        verdict=Verdict(Outcome.CORRECT, SCRIPT, SCRIPT, "7"),
        checked=3,
        first_try=1,
        retries=1,
        fallbacks=1,
        prompt_tokens=1,
        completion_tokens=9,
        cost=Cost(),
        prompts=SCRIPT,
        origin=Origin(SCRIPT, "", 1, ""),
    )
    reject = {"id": "r", "problem_id": PROBLEM, "kind": "search", "reason": SCRIPT, "detail": TURNED, "text": LONG}
    rewrite = {"trace_id": f"{PROBLEM}/search-0", "problem_id": PROBLEM, "visit": 0, "node": 1, "role": "step"}
    rewrite |= {"attempt": 0, "reason": SCRIPT, "detail": TURNED, "step": LONG, "text": SCRIPT}
    tables = {
        "traces": TRACES.write([trace]),
        "rejects": REJECTS.from_rows([reject]),
        "rewrites": REWRITES.from_rows([rewrite]),
        "counts": COUNTS.from_rows([{"problem_id": PROBLEM, "name": f"unused.{SCRIPT}", "count": 1}]),
        "rl": TRACE_TABLES["rl"].empty_table(),
        "costs": costs_table(PROBLEM, Cost(calls=1)),
    }
    assert len(tree) == 4
    return Entry(PROBLEM, tables)


def unpacked(content: bytes) -> tuple[dict[str, Any], bytes]:
    """The JSON of a packed document (astro.viewer.packing), and its parts."""
    start = 8 + int.from_bytes(content[:8], "little")
    return json.loads(content[8:start]), content[start:]


def part_of(part: Mapping[str, int], parts: bytes) -> bytes:
    """The bytes that a reference in the JSON of a packed document stands for."""
    return parts[part["at"] : part["at"] + part["size"]]


def texts_of(column: Mapping[str, Any], parts: bytes) -> list[str | None]:
    """A column of texts of a packed document."""
    ends = memoryview(part_of(column["ends"], parts)).cast("i").tolist()
    content = part_of(column["bytes"], parts)
    missing = part_of(column["missing"], parts) if column["missing"] else bytes(len(ends))
    starts = [0, *ends[:-1]]
    return [
        None if absent else content[start:end].decode()
        for start, end, absent in zip(starts, ends, missing, strict=False)
    ]
