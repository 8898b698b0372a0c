"""How many rewrites pass their checks at the first try, for each mode and prompt set, on the trees of a run.

    python benchmarks/rewriting.py runs/chat-cpu --prompts chat/v1 chat-small/v1 --texts 36 [--json] [KEY=VALUE ...]

The rewriter of the run (its engine, or roles.rewriter) makes the traces of its trees, without votes and without second
tries, until that many texts were checked in each mode. KEY=VALUE overrides settings of the run, such as engine.model.
"""

import argparse
import asyncio
import json
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

from astro.config import validate
from astro.models.engine import open_sampler
from astro.models.prompting import PromptFormat
from astro.models.roles import OpenModels
from astro.run import RunConfig
from astro.run.plan import making_of
from astro.run.workshop import origin_of
from astro.store import RunDirectory
from astro.store.entries import tree_from
from astro.tasks import make_verifier
from astro.traces import Control, Rewriting, make_traces

_FAULTS = "faults."


async def measure(run: RunDirectory, config: RunConfig, mode: Rewriting, prompts: str, texts: int) -> dict[str, Any]:
    """The first-try rate of one mode with one prompt set, with the faults of the rest and the tokens a text."""
    making = making_of(config)
    settings = {"rewrite": mode, "prompts": prompts, "votes": 0, "retries": 0, "control": Control.NONE, "searches": 1}
    traces = making.traces.model_copy(update=settings)
    models, counts, generated = OpenModels(config.engine, config.prompt, open_sampler), Counter[str](), 0
    with closing(make_verifier(config.verify)) as verifier:
        try:
            solver, rewriter = models.solver, models.role(config.roles.rewriter)
            prompt_format = PromptFormat(config.prompt, solver.tokenizer)
            for problem in run.problems():
                if counts["rewrite.checked"] >= texts:
                    break
                if problem.id in run.trees.problem_ids:
                    tree, origin = tree_from(run.trees.read(problem.id)), origin_of(making.seams)
                    parts = (tree, problem, solver, prompt_format, verifier)
                    outcome = await make_traces(*parts, config=traces, origin=origin, rewriter=rewriter)
                    counts.update(outcome.counts)
                    generated += outcome.cost.generated_tokens
        finally:
            await models.close()
    checked = counts["rewrite.checked"]
    return {
        "mode": mode.value,
        "prompts": prompts,
        "texts": checked,
        "first_try": counts["rewrite.first_try"] / checked if checked else None,
        "tokens_a_text": round(generated / checked, 1) if checked else None,
        "faults": {name.removeprefix(_FAULTS): count for name, count in counts.items() if name.startswith(_FAULTS)},
    }


def main() -> None:
    """Measure every mode that rewrites with every prompt set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("settings", nargs="*", metavar="KEY=VALUE")
    parser.add_argument("--prompts", nargs="+", default=["chat/v1", "chat-small/v1"])
    parser.add_argument("--texts", type=int, default=36, help="checked texts a mode and prompt set, at least")
    parser.add_argument("--json", action="store_true", help="print one JSON object a line")
    given = parser.parse_intermixed_args()
    with RunDirectory.read(given.run) as run:
        config = validate(RunConfig, run.settings, str(given.run), given.settings)
        for prompts in given.prompts:
            for mode in (Rewriting.ALL, Rewriting.BRIDGES):
                found = asyncio.run(measure(run, config, mode, prompts, given.texts))
                print(
                    json.dumps(found) if given.json else "  ".join(f"{name}: {value}" for name, value in found.items())
                )


if __name__ == "__main__":
    main()
