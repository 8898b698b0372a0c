"""Both arms of a world trained on synthetic traces at equal tokens, and evaluated with controls."""

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import cycle
from pathlib import Path
from statistics import fmean
from typing import Any

import pyarrow.parquet as pq
from transformers import AutoTokenizer, LlamaForCausalLM

from astro.evaluation import EvaluationConfig, evaluate_model
from astro.evaluation.evaluate import Arrangement
from astro.evaluation.settings import NUDGE, Continuation
from astro.models.engines import VllmConfig
from astro.models.prompt_settings import PromptConfig, StepDelimiter
from astro.records.problem import Problem
from astro.tasks import task_of
from tools.tiny_model.corpus import Example
from tools.tiny_model.pretrain import CONTEXT, LOG, Corpus, Phase, Recipe, train_phase

MODES = ("", *(f"+{each}" for each in Continuation))
DOUBT = NUDGE.strip()
"""The doubt of synthetic traces: the words that the control puts after an attempt."""

TEMPERATURE = 0.7
"""Of all responses, as in configs/worlds; at 1.0 models this small name rooms and nodes that are not there."""

Rows = Callable[[int, int], Sequence[Example]]
"""The rows of an arm, from their number and a seed; row i of every arm is about the same problem."""


@dataclass(frozen=True, slots=True)
class World:
    """One kind of problem.

    name: in folders and tables. recipe: of the bases.
    arms: the rows of each, "astro" among them. sets: test problems, from their number; no training has seen one of them
    under other names. max_tokens: the longest response, with its continuations.
    """

    name: str
    recipe: Recipe
    arms: Mapping[str, Rows]
    sets: Callable[[int], dict[str, list[Problem]]]
    max_tokens: int = 1024


def world(
    side: Any,
    recipe: Recipe,
    arms: Mapping[str, Rows],
    problems: Callable[[int, int], list[Problem]],
    tested: Sequence[int],
) -> World:
    """A world of problems with a depth. problems: test problems, from their number and their depth."""

    def sets(count: int) -> dict[str, list[Problem]]:
        return {f"depth-{depth}": problems(count, depth) for depth in tested}

    return World(f"side-{side}", recipe, arms, sets)


@dataclass(frozen=True, slots=True)
class Study:
    """The sizes of a comparison.

    rows: problems and rows of each arm; tokens: of its training; problems, samples: of each evaluation.
    """

    rows: int = 3000
    tokens: int = 2_000_000
    problems: int = 100
    samples: int = 1
    seed: int = 1

    def trained(self, base: Path, world: World, arm: str, folder: Path, say: Callable[[str], None]) -> Path:
        """The checkpoint of an arm, trained from the base unless it is there."""
        out = folder / f"{world.name}-{arm}"
        if (out / LOG).exists():
            return out
        corpus = again_and_again(world.arms[arm](self.rows, self.seed))
        phase = Phase(self.tokens, corpus, 0.005, 1e-3, row=CONTEXT, batch=1)  # the longest traces, too
        tokenizer = AutoTokenizer.from_pretrained(base)
        model = LlamaForCausalLM.from_pretrained(base, attn_implementation="sdpa")
        lines = []
        for row in train_phase(model, replace(world.recipe, phases=(phase,), seed=self.seed), 0, tokenizer):
            lines.append(json.dumps(row))
            say(f"{out.name} {lines[-1]}")
        model.eval().save_pretrained(out)
        tokenizer.save_pretrained(out)
        (out / LOG).write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")  # last: it marks the end
        return out

    def evaluated(self, name: str, model: Path, world: World, folder: Path) -> list[dict[str, Any]]:
        """Rows of the table: by set and mode, with the share solved, its interval, tokens, and what is true.

        folder: of one base, whose name the rows have. shares: the share of right responses by problem.
        """
        how = Arrangement(
            VllmConfig(model=str(model), dtype="float32", max_num_seqs=256, kv_cache_gib=0.5),
            EvaluationConfig(
                samples=self.samples,
                max_tokens=world.max_tokens,
                temperature=TEMPERATURE,
                continuations=tuple(Continuation),
            ),
            PromptConfig(template="tiny", step=StepDelimiter.NEWLINE),
            seed=self.seed,
        )
        sets = world.sets(self.problems)
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


def again_and_again(rows: Sequence[Example]) -> Corpus:
    """A corpus of these rows, in another order in each pass."""

    def corpus(order: random.Random) -> Iterator[Example]:
        for _ in cycle([None]):
            yield from order.sample(rows, len(rows))

    return corpus


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
        task = task_of(problem)
        true += not task.false_statements(problem, [row["text"]])
        judged += task.says_solved(row["text"].rpartition("\n")[2]) == bool(row["correct"])
    shares = {problem: fmean(right) for problem, right in sorted(solved.items())}
    return {"true": round(true / len(table), 4), "verdict_true": round(judged / len(table), 4), "shares": shares}
