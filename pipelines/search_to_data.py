"""From problems to training data in one page: search trees, make traces, write Parquet, without the command line.

    python pipelines/search_to_data.py --out /tmp/astro-data --problems 20

With the embedded model: 2 CPU cores, under 6 GB of memory, about a minute. `astro run` does the same and adds what a
long run needs: durable progress, resuming, a data card, a summary. Read this file to see how the parts fit together.
"""

import argparse
import asyncio
from collections import Counter
from pathlib import Path
from typing import TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from astro import __version__
from astro.models.engine import Engine, open_sampler
from astro.models.engines import ENGINES
from astro.models.prompt_settings import PromptConfig, StepDelimiter
from astro.models.prompting import PromptFormat
from astro.problems import Problem, ProblemsConfig, load_problems
from astro.recipes import Material, Recipe
from astro.recipes.astro import AstroRecipe, Layout
from astro.recipes.direct import DirectRecipe
from astro.records.columns import Row
from astro.search import SearchConfig, SearchSetup, search_many
from astro.tasks import check_gold, make_verifier
from astro.traces import Control, FinalReflection, Origin, TracesConfig, make_traces

Config = TypeVar("Config", SearchConfig, TracesConfig)
SEED = 0
# The settings of configs/tiny.yaml, which gives the reason for each.
PROMPT = PromptConfig(template="tiny", step=StepDelimiter.NEWLINE)
SEARCH = SearchConfig(
    k=12,
    rollouts=8,
    simulations=12,
    max_depth=6,
    temperature=0.7,
    max_step_tokens=48,
    max_rollout_tokens=160,
    reuse_rollouts=True,
    early_rollouts=4,
    goal_correct=5,
    goal_wrong=8,
)
TRACES = TracesConfig(
    prompts="tiny/v1",
    separator="\n",
    final_reflection=FinalReflection.NONE,
    mend_claims=False,
    votes=4,
    agreement=0.75,
    control=Control.ORIGINAL,
    max_fallbacks=0,
    rewrite_temperature=0.3,
    evaluation_temperature=0.5,
    rewrite_max_tokens=64,
    evaluation_max_tokens=8,
    max_tokens=1024,
)
RECIPES: dict[str, Recipe] = {
    "sft": AstroRecipe(),
    "messages": AstroRecipe(layout=Layout.MESSAGES),
    "direct": DirectRecipe(),
}


async def make_rows(
    problems: list[Problem], engine: Engine, model: str, search: SearchConfig, traces: TracesConfig
) -> dict[str, list[Row]]:
    """Search every problem and make traces as trees finish; the rows of sft, messages and direct."""
    prompt_format = PromptFormat(PROMPT, engine.tokenizer)
    verifier = make_verifier()
    setup = SearchSetup.of(prompt_format, engine, verifier, search, seed=SEED)
    origin = Origin(model=model, config_hash="pipelines/search_to_data", seed=SEED, code_version=__version__)
    by_id = {problem.id: problem for problem in problems}
    prompts = ((problem, prompt_format.solve_ids(problem.prompt)) for problem in problems)
    rows: dict[str, list[Row]] = {name: [] for name in RECIPES}
    try:
        async for tree in search_many(prompts, setup):
            problem = by_id[tree.problem_id]
            outcome = await make_traces(tree, problem, engine, prompt_format, verifier, config=traces, origin=origin)
            turns = prompt_format.training_messages(problem.prompt)
            material = Material(problem, turns, origin, outcome.traces)
            for name, recipe in RECIPES.items():
                rows[name] += recipe.rows(material, Counter())
            backtracks = sum(trace.backtracks for trace in outcome.traces)
            print(f"{problem.id}: {len(tree)} nodes, value {tree.value[0]:.2f}, {backtracks} backtracks", flush=True)
    finally:
        verifier.close()
        await engine.close()
    return rows


def in_bytes(section: Config) -> Config:
    """The section for the scripted engine, whose tokens are bytes."""
    limits = {name: 4 * value for name, value in section if name.endswith("_tokens") and value}
    return section.model_copy(update=limits)


def main() -> None:
    """Read the arguments, generate problems, make the rows and write a file for each data set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for the Parquet files")
    parser.add_argument("--problems", type=int, default=20, help="problems to generate (default %(default)s)")
    parser.add_argument("--model", default="data/models/tiny-countdown", help="its folder (default %(default)s)")
    parser.add_argument("--engine", choices=list(ENGINES), default="vllm")
    arguments = parser.parse_args()
    loaded = load_problems(ProblemsConfig.model_validate({"countdown": {"count": arguments.problems}}), check_gold)
    engine = open_sampler(ENGINES[arguments.engine](kind=arguments.engine, model=arguments.model))
    search, traces = SEARCH, TRACES
    if not ENGINES[arguments.engine].has_checkpoint:
        search, traces = in_bytes(SEARCH), in_bytes(TRACES)
    rows = asyncio.run(make_rows(loaded.problems, engine, arguments.model, search, traces))
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, found in rows.items():
        path = arguments.out / f"{name}.parquet"
        pq.write_table(pa.Table.from_pylist(found, schema=RECIPES[name].table.schema), path)
        print(f"{len(found)} rows in {path}")


if __name__ == "__main__":
    main()
