"""Make the bundled Countdown problems: data/problems/countdown/train.jsonl, 300 problems graded easy to hard.

    python pipelines/make_problems.py

It takes about a second on one core and writes the same bytes every time. Sizes alternate, so that any first part of the
file is a fair sample. All problems belong to the train split: their multisets of numbers never appear in problems
generated with split: test. The format is JSON Lines, because so small a set is easy to read in a diff.
"""

from collections import Counter
from pathlib import Path

from astro.problems.write import write_problems
from astro.tasks.countdown.generator import CountdownConfig, generate

DESTINATION = Path(__file__).parents[1] / "data" / "problems" / "countdown" / "train.jsonl"
CONFIG = CountdownConfig(count=300, sizes=(3, 4, 3, 4, 4, 5), seed=2025)


def main() -> None:
    """Write the file and print how its problems are graded."""
    problems = generate(CONFIG)
    write_problems(DESTINATION, problems)
    grades = Counter((len(problem.metadata["numbers"]), problem.metadata["difficulty"]) for problem in problems)
    for (size, difficulty), count in sorted(grades.items()):
        print(f"{size} numbers, {difficulty}: {count}")


if __name__ == "__main__":
    main()
