"""Which mazes reward going back: both arms trained on synthetic traces at equal tokens, and evaluated with controls."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import pyarrow.parquet as pq
from transformers import AutoTokenizer, LlamaForCausalLM

from astro.evaluation import EvaluationConfig, evaluate_model
from astro.evaluation.evaluate import Arrangement
from astro.evaluation.settings import Continuation
from astro.models.engines import VllmConfig
from astro.models.prompting import PromptConfig, StepDelimiter
from astro.records.problem import Problem
from astro.records.split import Split
from astro.tasks import task_of
from astro.tasks.maze.generator import MazeConfig, SideWay, generate
from tools.maze_model.corpus import RECIPE, ROOMS
from tools.maze_model.traces import Row, astro, direct, rows
from tools.tiny_model.pretrain import LOG, Phase, train_phase

ARMS: dict[str, Row] = {"direct": direct, "astro": astro}
MODES = ("", *(f"+{each}" for each in Continuation))


@dataclass(frozen=True, slots=True)
class World:
    """One kind of maze: what the arms are trained on, and the depths at which they are evaluated."""

    side: SideWay
    depths: tuple[int, ...]
    tested: tuple[int, ...]

    @property
    def name(self) -> str:
        """The name in folders and tables."""
        return f"side-{self.side}"


WORLDS = (
    World(3, (2, 3, 4, 5, 6), (6, 8)),
    World(5, (2, 3, 4, 5, 6), (6, 8)),
    World(1, (2, 3, 4, 5, 6), (6, 8)),
    World("end", (2, 3, 4), (4, 5)),
)


@dataclass(frozen=True, slots=True)
class Study:
    """The sizes of a comparison.

    rows: problems and rows of each arm; tokens: of its training; problems, samples: of each evaluation.
    max_tokens: the longest response, with its continuations.
    """

    rows: int = 3000
    tokens: int = 1_500_000
    problems: int = 100
    samples: int = 1
    max_tokens: int = 1024
    seed: int = 1

    def trained(self, base: Path, world: World, arm: str, folder: Path, say: Callable[[str], None]) -> Path:
        """The checkpoint of an arm, trained from the base unless it is there."""
        out = folder / f"{world.name}-{arm}"
        if (out / LOG).exists():
            return out
        corpus = rows(ARMS[arm], world.side, world.depths, self.rows, self.seed)
        recipe = replace(RECIPE, phases=(Phase(self.tokens, corpus, 0.005, 1e-3, row=1024, batch=2),), seed=self.seed)
        tokenizer = AutoTokenizer.from_pretrained(base)
        model = LlamaForCausalLM.from_pretrained(base, attn_implementation="sdpa")
        lines = []
        for row in train_phase(model, recipe, 0, tokenizer):
            lines.append(json.dumps(row))
            say(f"{out.name} {lines[-1]}")
        model.eval().save_pretrained(out)
        tokenizer.save_pretrained(out)
        (out / LOG).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")  # last: it marks the end
        return out

    def sets(self, world: World) -> dict[str, list[Problem]]:
        """Test mazes by depth, none of which any training has seen under other names."""
        return {
            f"depth-{depth}": generate(
                MazeConfig(count=self.problems, depth=depth, side=world.side, rooms=ROOMS, split=Split.TEST, seed=depth)
            )
            for depth in world.tested
        }

    def evaluated(self, name: str, model: Path, world: World, folder: Path) -> list[dict[str, Any]]:
        """Rows of the table: by depth and mode, with the share solved, its interval, tokens, and what is true.

        folder: of one base, whose name the rows have. shares: the share of right responses by problem.
        """
        how = Arrangement(
            VllmConfig(model=str(model), max_num_seqs=256, kv_cache_gib=0.5),
            EvaluationConfig(
                samples=self.samples,
                max_tokens=self.max_tokens,
                continuations=tuple(Continuation),
            ),
            PromptConfig(template="tiny", step=StepDelimiter.NEWLINE),
            seed=self.seed,
        )
        sets = self.sets(world)
        out = folder / "evaluations" / f"{world.name}-{name}"
        evaluate_model(name, str(model), sets, how, out)
        return [
            {
                "world": world.name,
                "base": folder.name,
                "model": name,
                "mode": mode.removeprefix("+") or "free",
                "set": each,
            }
            | _shown(out.with_name(out.name + mode) / each, problems)
            for each, problems in sets.items()
            for mode in MODES
        ]


def _shown(folder: Path, problems: Sequence[Problem]) -> dict[str, Any]:
    figures = json.loads((folder / "figures.json").read_text(encoding="utf-8"))["figures"]
    shown = {
        name: round(figures[name]["value"], 4) if figures[name]["value"] is not None else None
        for name in ("pass_at_1", "tokens", "first_attempt", "backtracks", "restarts", "finished", "back_when_missed")
    }
    solved = {"low": round(figures["pass_at_1"]["low"], 4), "high": round(figures["pass_at_1"]["high"], 4)}
    return {**shown, **solved, **_honesty(folder, {problem.id: problem for problem in problems})}


def _honesty(folder: Path, problems: dict[str, Problem]) -> dict[str, Any]:
    """Shares of responses whose statements are all true, and whose last verdict is; shares of right ones by problem."""
    files = sorted(folder.glob("responses*.parquet"))
    table = [
        row for file in files for row in pq.read_table(file, columns=["problem_id", "text", "correct"]).to_pylist()
    ]
    true = judged = 0
    solved: dict[str, list[bool]] = {}
    for row in table:
        solved.setdefault(row["problem_id"], []).append(bool(row["correct"]))
        problem = problems[row["problem_id"]]
        true += not task_of(problem).false_statements(problem, [row["text"]])
        judged += ("so the way is correct" in row["text"].rpartition("\n")[2]) == bool(row["correct"])
    shares = {problem: fmean(right) for problem, right in sorted(solved.items())}
    return {"true": round(true / len(table), 4), "verdict_true": round(judged / len(table), 4), "shares": shares}
