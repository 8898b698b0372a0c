"""Measure the embedded model on held-out problems, and write its card.

    python -m tools.measure_tiny data/models/tiny-countdown --write-card

2 CPU cores, under 6 GB of memory, a few minutes. Run it from the root of the repository. The engine, the prompts and
the temperatures are those of configs/tiny.yaml. The problems belong to the test split, whose numbers never occur in the
corpus. With --json it prints one object with all figures instead of the table.
"""

import argparse
import asyncio
import json
from pathlib import Path
from typing import Any

from astro.config import load_config
from astro.models.engine import open_sampler
from astro.models.prompting import PromptFormat
from astro.records.split import Split
from astro.run import RunConfig
from astro.tasks import make_verifier
from astro.tasks.countdown.generator import CountdownConfig, generate
from astro.verify.forms.countdown import Use
from tools.tiny_model.card import write_card
from tools.tiny_model.measure import Shares, Subject, backtracks, boasting, judge, judging, solve, solving
from tools.tiny_model.rewriting import Task, rewrite_shares, rewrite_solutions

CONFIG = Path("configs/tiny.yaml")
SIZES = (3, 4, 5)
TRAINED_SIZES = (3, 4)  # five numbers are beyond its corpus
PROBLEM_SEED = 7
PAIRS = 2  # solutions to rewrite for each problem
VOTES = 8


async def measure(subject: Subject, problems: int, samples: int) -> dict[str, Any]:
    """Solve, rewrite and judge; all figures."""
    groups = {}
    for size in SIZES:
        config = CountdownConfig(count=problems, sizes=(size,), split=Split.TEST, seed=PROBLEM_SEED)
        groups[str(size)] = await solve(subject, generate(config), samples)
    config = CountdownConfig(count=problems, sizes=(4,), use=Use.ORDERED, split=Split.TEST, seed=PROBLEM_SEED)
    groups["4 in order"] = await solve(subject, generate(config), samples)
    known = [group for size in TRAINED_SIZES for group in groups[str(size)]]
    attempts = [attempt for group in known for attempt in group]
    faults = await rewrite_solutions(subject, known, PAIRS)
    wrong = [attempt for attempt in attempts if not attempt.correct]
    approved = await judge(subject, [attempt for attempt in attempts if attempt.correct], VOTES)
    wrong_judged = await judge(subject, wrong, VOTES)
    claiming = [judged for judged in wrong_judged if judged.attempt.claims]
    boasted = await judge(subject, boasting(wrong), VOTES)
    agreement = subject.traces.agreement
    return {
        "solve": {name: solving(group) for name, group in groups.items()},
        "backtracks": {"samples": len(attempts), "backtracks": backtracks(attempts)},
        "rewrite": {str(task): rewrite_shares(faults, task) for task in Task},
        "judge": {
            "own": judging(approved, wrong_judged, agreement),
            "claiming": judging(approved, claiming, agreement),
            "boasting": judging(approved, boasted, agreement),
        },
    }


def print_table(figures: dict[str, Any]) -> None:
    """One line for each figure; a dash if there was nothing to take a share of."""
    sections: dict[str, Shares] = {"backtracks": figures["backtracks"]}
    for part in ("solve", "rewrite", "judge"):
        sections |= {f"{part} {name}": shares for name, shares in figures[part].items()}
    for section, shares in sections.items():
        for name, figure in shares.items():
            shown = "-" if figure is None else f"{figure:.3f}" if isinstance(figure, float) else f"{figure:,}"
            print(f"{section:<16} {name:<20} {shown:>9}")


def main() -> None:
    """Read the arguments, measure the model, print the figures, and write the card with --write-card."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="folder of the model")
    parser.add_argument("--problems", type=int, default=300, help="problems of each size (default %(default)s)")
    parser.add_argument("--samples", type=int, default=8, help="solutions of each problem (default %(default)s)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument(
        "--write-card", action="store_true", help="write README.md and loss.svg into the model's folder"
    )
    arguments = parser.parse_args()
    config = load_config(RunConfig, CONFIG, [f"engine.model={arguments.model}"])
    engine = open_sampler(config.engine)
    verifier = make_verifier(config.verify)
    prompt_format = PromptFormat(config.prompt, engine.tokenizer)
    subject = Subject(engine, prompt_format, verifier, config.search, config.traces, config.seed)

    async def measure_and_close() -> dict[str, Any]:
        try:
            return await measure(subject, arguments.problems, arguments.samples)
        finally:
            await engine.close()
            verifier.close()

    figures = asyncio.run(measure_and_close())
    if arguments.json:
        print(json.dumps(figures))
    else:
        print_table(figures)
    if arguments.write_card:
        write_card(arguments.model, figures, config)


if __name__ == "__main__":
    main()
