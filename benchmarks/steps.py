"""How do responses of chat models fall into steps: at every blank line, and by structure?

    python benchmarks/steps.py FILE.jsonl[.gz] [--field response] [--content 40] [--json]

FILE has a response in each line. The script cuts each one by both rules and prints, a step: the share that ends in a
colon, that is cut inside a code fence, display or environment, that has under 20 letters and digits; and, for
expansions, the requests a step and the tokens that a look after a list throws away. It needs no model.
"""

import argparse
import gzip
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from astro.models.steps import LOOK_TOKENS, Need, StepRule

_BLANK = ("\n\n",)
_SHORT = 20  # letters and digits


@dataclass(slots=True)
class Figures:
    """Counts over all steps. looks: lists after which a look shows that the step is complete."""

    responses: int = 0
    steps: int = 0
    colons: int = 0
    cut_inside: int = 0
    short: int = 0
    paragraphs: int = 0
    looks: int = 0

    def add(self, steps: list[str], rule: StepRule) -> None:
        """Count the steps of one response."""
        self.responses += 1
        self.steps += len(steps)
        for step in steps[:-1]:  # the last one ends as the response does
            self.colons += step.rstrip(" *_\n").endswith(":")
            self.cut_inside += _is_cut(step)
            self.short += sum(map(str.isalnum, step)) < _SHORT
            self.looks += rule.ends(_paragraphs(step), whole=False)[1] is Need.LOOK
        self.paragraphs += sum(len(_paragraphs(step)) for step in steps)


def main() -> int:
    """Read the file, cut, and print the figures of both rules."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--field", default="response")
    parser.add_argument("--content", type=int, default=40, help="prompt.min_step_content")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    rules = {"blank lines": StepRule(_BLANK), "structure": StepRule(_BLANK, arguments.content)}
    found = {name: Figures() for name in rules}
    for text in _responses(arguments.file, arguments.field):
        for name, rule in rules.items():
            found[name].add(rule.texts(text), rule)
    if arguments.json:
        sys.stdout.write(json.dumps({name: asdict(figures) for name, figures in found.items()}, indent=1) + "\n")
        return 0
    for name, figures in found.items():
        steps = max(figures.steps, 1)
        per_step = {
            "end in a colon": figures.colons,
            "are cut inside a structure": figures.cut_inside,
            "are short": figures.short,
        }
        shares = ", ".join(f"{count / steps:.2%} {what}" for what, count in per_step.items())
        costs = (
            f"{figures.paragraphs / steps:.2f} requests and {figures.looks * LOOK_TOKENS / steps:.2f} dropped tokens"
        )
        each = figures.steps / max(figures.responses, 1)
        sys.stdout.write(f"{name}: {each:.2f} steps a response; {shares}; {costs} a step\n")
    return 0


def _responses(path: Path, field: str) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)[field]


def _paragraphs(step: str) -> list[str]:
    return [piece for piece in re.split(r"(?<=\n\n)", step) if piece]


def _is_cut(step: str) -> bool:
    """Whether a structure begins or ends outside the step."""
    fences = len(re.findall(r"^[ \t]*```", step, re.MULTILINE))
    displays = len(re.findall(r"(?<!\\)\\\[", step)) - len(re.findall(r"(?<!\\)\\\]", step))
    return bool(fences % 2 or displays or step.count("\\begin{") != step.count("\\end{"))


if __name__ == "__main__":
    sys.exit(main())
