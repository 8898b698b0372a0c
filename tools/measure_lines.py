"""Measure how far into a response a model states what is true, beside the lengths of the traces that it learned from.

    python -m tools.measure_lines runs/maze-1 astro-sft astro-rl

By tokens since the response began: the lines that begin there, and the share of them that are the first with a false
statement (Task.false_statements), over all responses of a model to an evaluation set. Lines after that are not counted.
Above the table: the longest tenth of the completions of the run's data set sft.
"""

import argparse
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from statistics import quantiles

import pyarrow.parquet as pq

from astro.config import load_config
from astro.models.tokenizer import hf_tokenizer
from astro.records.problem import Problem
from astro.run import RunConfig
from astro.tasks import task_of

Tokens = Callable[[str], int]
"""The number of tokens of a text."""


def first_false(problem: Problem, text: str) -> int | None:
    """The number of the first line with a false statement, from 0; None if there is none."""
    lines, task = text.splitlines(), task_of(problem)
    if not task.false_statements(problem, lines):
        return None
    return next(end for end in range(len(lines)) if task.false_statements(problem, lines[: end + 1]))


def lines_by_tokens(folder: Path, tokens: Tokens, every: int) -> dict[int, tuple[int, int]]:
    """Of the responses in a folder of one set: by the token where a line begins, lines and first false lines."""
    stored = map(Problem.from_row, pq.read_table(folder / "problems.parquet").to_pylist())
    problems = {problem.id: problem for problem in stored}
    seen, false = Counter[int](), Counter[int]()
    for row in pq.read_table(folder / "responses.parquet", columns=["problem_id", "text"]).to_pylist():
        lines = row["text"].splitlines()
        wrong = first_false(problems[row["problem_id"]], row["text"])
        for number in range(len(lines) if wrong is None else wrong + 1):
            place = tokens("\n".join(lines[:number])) // every * every
            seen[place] += 1
            false[place] += number == wrong
    return {place: (seen[place], false[place]) for place in sorted(seen)}


def main() -> None:
    """Print a table for each model and set."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("models", nargs="+", help="names of folders in the run's evaluations")
    parser.add_argument("--every", type=int, default=100, help="tokens of a range (default %(default)s)")
    arguments = parser.parse_args()
    encode = hf_tokenizer(load_config(RunConfig, arguments.run / "config.yaml").engine.model).encode

    def tokens(text: str) -> int:
        return len(encode(text, add_special_tokens=False))

    train = pq.read_table(arguments.run / "datasets" / "sft", columns=["completion"])["completion"].to_pylist()
    longest = quantiles((tokens(turns[-1]["content"]) for turns in train), n=10)[-1]
    print(f"{len(train)} completions of the data set sft; the longest tenth has {longest:.0f} tokens or more\n")
    for model in arguments.models:
        for folder in sorted((arguments.run / "evaluations" / model).iterdir()):
            found = lines_by_tokens(folder, tokens, arguments.every)
            print(f"| {model}, {folder.name} | lines | first false | of them, % |\n|---|---:|---:|---:|")
            for place, (lines, false) in found.items():
                print(f"| from {place} tokens | {lines} | {false} | {100 * false / lines:.1f} |")
            print()


if __name__ == "__main__":
    main()
